"""What is said of many numbers alike is said once, in every format, and what differs is never merged away."""

from __future__ import annotations

import json

import pytest

from tests import record
from tests.test_plan import linked, registered, urn
from xtel.engine.previews import Preview
from xtel.engine.step import Diagnostic, Step
from xtel.review import plan, report, rules
from xtel.review.report import view

MANY = [f"+141555501{index:02}" for index in range(31)]
DECLARED = {e164: plan.DeclaredNumber(f"tw-{index:02}", index + 3) for index, e164 in enumerate(MANY)}


def judged(*steps: Step, said: tuple[Diagnostic, ...] = (), failed: bool = False) -> plan.Review:
    found = plan.build(Preview(steps, said, failed=failed, whole=True), plan.Context("prod", declared=DECLARED))
    return rules.judge(found, rules.RuleSettings(record.TODAY))


def of_each(text: str, severity: str = "warning") -> tuple[Diagnostic, ...]:
    """The same said of every number, each time with its own digits."""
    return tuple(
        Diagnostic(severity, text.format(e164=e164, index=index), urn("xai:PhoneNumber", e164))
        for index, e164 in enumerate(MANY)
    )


def created() -> list[Step]:
    return [Step("create", urn("xai:PhoneNumber", e164), {}, registered(e164).new) for e164 in MANY]


def moved() -> list[Step]:
    """31 numbers whose webhook changes."""
    hook = {"webhook": {"url": "https://b.example/"}}
    return [step for e164 in MANY for step in (registered(e164, "update", **hook), *linked(e164))]


CASES = {
    "a warning": (judged(*created()), "is not protected"),
    "a webhook": (judged(*moved()), "https://b.example/"),
    "a take-over": (judged(*created(), said=of_each("will be taken over: {e164}, called 'line {index}'")), "taken over"),
    "a credential error": (
        judged(said=of_each("xai: {e164}: HTTP 401 (request r{index:04}x)", "error"), failed=True), "HTTP 401",
    ),
    "a refusal": (
        judged(
            *(
                Step("replace", urn("xai:PhoneNumber", e164), registered(e164).old, {
                    **registered(e164).new, "name": "b", "blocked": f"no; XTEL_ALLOW_REPLACE={e164}"})
                for e164 in MANY
            )
        ),
        "XTEL_ALLOW_REPLACE=",
    ),
}  # fmt: skip


@pytest.mark.parametrize("format", ["text", "md", "html", "github"])
@pytest.mark.parametrize("case", CASES)
def test_said_once_with_every_number(case: str, format: str) -> None:
    review, words = CASES[case]
    told = report.render(review, format, record.LINKS)
    plain = told.replace("<wbr>", "").replace("&#58;", ":").replace("&#95;", "_")
    assert "31 numbers" in plain
    if format != "github" or case != "a webhook":  # annotations are about findings
        assert 1 <= plain.count(words) <= 4, plain.count(words)
    if format in {"md", "html"}:
        assert "<summary>which</summary>" in told
    if format != "github" or case not in {"a webhook", "a credential error"}:
        assert f"tw-30 · {MANY[30]}" in plain


def test_json_keeps_all() -> None:
    review, _ = CASES["a warning"]
    told = json.loads(report.as_json(review))
    assert {item["number"] for item in told["findings"] if item["rule"]} == set(MANY)
    assert told["plan"]["labels"][MANY[9]] == f"tw-09 · {MANY[9]}"


def test_what_differs_stands_beside_its_number() -> None:
    review, _ = CASES["a take-over"]
    [told] = [item for item in view.told(review) if "taken over" in item.what]
    assert told.what == "will be taken over: NUMBER, called …"
    assert view.listed(told)[7] == f"tw-07 · {MANY[7]}: 'line 7'"


def test_other_texts_and_other_levels_are_not_merged() -> None:
    first, second = MANY[:2]
    hooks = [{"webhook": {"url": f"https://{name}.example/"}} for name in ("b", "c")]
    review = judged(
        registered(first, "update", **hooks[0]),
        *linked(first),
        registered(second, "update", **hooks[1]),
        *linked(second),
    )
    assert [row.numbers.where for row in view.routes(review.plan)] == [f"tw-00 · {first}", f"tw-01 · {second}"]


def test_a_reason_alone_is_accepted_and_it_looks_accepted() -> None:
    gone = (registered(MANY[0]), *linked(MANY[0], op="delete"))
    review = judged(*gone)
    assert view.acceptance(review)[0] == "accept:"
    entry = {"rule": "number-keeps-inbound", "number": MANY[0], "until": "2999-01-01", "why": "it moves"}
    settings = rules.RuleSettings(record.TODAY, (rules.Accept.model_validate(entry),))
    accepted = rules.judge(review.plan, settings)
    assert view.worded(accepted) == "dangerous, accepted" and not view.acceptance(accepted)
    assert "✗" not in report.render(accepted, "text", record.LINKS)
    assert "⛔" not in report.render(accepted, "md", record.LINKS)
    assert "::error" not in report.render(accepted, "github", record.LINKS)
    assert 'class="bad"' not in report.render(accepted, "html", record.LINKS)


def test_what_is_gone_and_whose_it_is() -> None:
    agent = "urn:pulumi:test::p::pulumi-python:dynamic/xai:Agent::sales"
    trunk = urn("acme:Line", f"{MANY[0]}/line")
    steps = [
        Step("refresh", agent, {"name": "a"}, {"name": "b"}), Step("update", agent, {"name": "b"}, {"name": "a"}),
        Step("refresh", trunk, {"target": "x"}, {}), Step("create", trunk, {}, {"target": "x"}),
    ]  # fmt: skip
    review = judged(registered(MANY[0]), *steps)
    where = {item.where: item.what for item in view.told(review)}
    assert where["agent sales"] == "1 property changed outside"
    assert where[f"tw-00 · {MANY[0]}"] == "acme:Line deleted outside"
    for format in ("text", "md", "html"):
        told = report.render(review, format, record.LINKS)
        assert "deleted outside; an apply makes it again" in told and "gone:  →" not in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sip:+14155550100@sip.voice.x.ai;transport=tls",
         'sip:<span class="number">+14155550100</span>@<wbr>sip<wbr>.voice<wbr>.x<wbr>.ai;<wbr>transport=<wbr>tls'),
        ("would buy +1 415-555-0112, now", 'would buy <span class="number">+1 415-555-0112</span>, now'),
        ("allowlist + 10.0.0.0/8 until 2999-01-01",
         'allowlist + 10.0.0.0/8 until <span class="number">2999-01-01</span>'),
        ("<b>&", "&lt;b&gt;&amp;"),
    ],
)  # fmt: skip
def test_a_narrow_screen_breaks_no_number(text: str, shown: str) -> None:
    from xtel.review.report import html

    assert html.soft(text) == shown


def test_twenty_thousand_findings_take_seconds() -> None:
    """Once every finding was compared with every other: a minute."""
    import time

    found = tuple(
        plan.RuleFinding(level="danger", rule="tls-only", number=f"+1415{index:07}", what=f"no {index}", why="x")
        for index in range(20_000)
    )
    review = CASES["a warning"][0].model_copy(update={"findings": found})
    started = time.process_time()
    report.render(review, "github", record.LINKS)
    assert time.process_time() - started < 20
