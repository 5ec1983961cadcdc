"""Plans: recorded previews give the expected reports, byte for byte; what is unsafe is never called safe."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.kernel import registry, secrecy
from providers.kernel.errors import InputError
from stacks import document
from tests import record
from tests.conformance.madeup import acme
from tests.conftest import ROOT
from xtel.engine.previews import Preview
from xtel.engine.step import UNKNOWN, Diagnostic, Step
from xtel.project import sources
from xtel.project.layout import Project
from xtel.review import plan, report, rules
from xtel.review.plan import declared, price, schema
from xtel.review.plan.checksum import checksum
from xtel.review.report import view

CASES = sorted(path.parent for path in record.CASES.glob("*/stack.yaml"))
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
SCHEMA = ROOT / "xtel/review/plan/plan.schema.json"
#: What each case is for.
VERDICTS = {
    "accepted": "dangerous",
    "agents": "needs a look",
    "bought": "needs a look",
    "consented": "blocked",
    "create": "safe",
    "delete": "blocked",
    "dropped": "blocked",
    "drift": "needs a look",
    "failed": "incomplete",
    "hostile": "needs a look",
    "policy": "blocked",
    "protected": "blocked",
    "refused": "blocked",
    "shared": "needs a look",
    "twiml": "safe",
    "unchanged": "none",
    "update": "blocked",
}


def test_every_case_is_here() -> None:
    assert {case.name for case in CASES} == VERDICTS.keys()


@every_case
def test_expected_reports(case: Path) -> None:
    for file, text in record.reports(case):
        assert file.read_text() == text, f"look at it, then: python -m tests.record reports ({file.name})"
        assert text == dict(record.reports(case))[file], "the same plan, other bytes"


@every_case
def test_verdict_and_exit(case: Path) -> None:
    review = record.reviewed(case)
    assert review.verdict == VERDICTS[case.name]
    assert review.exit == {"none": 0, "incomplete": 1, "blocked": 3}.get(review.verdict, 2)


@every_case
def test_both_forms_of_a_preview_agree(case: Path) -> None:
    """The JSON document knows less of what stays the same, and nothing of policies; it never says something else."""
    log, document = record.reviewed(case).plan, record.reviewed(case, "preview.json").plan
    assert document.checksum == log.checksum
    assert document.ops == log.ops
    assert document.complete == (log.complete and case.name != "policy"), "what policies say is in the log alone"
    assert [item.urn for item in document.objects if item.op != "same"] == [item.urn for item in log.objects]
    assert [(item.name, item.kind) for item in document.numbers if item.kind in {"loses inbound", "rerouted"}] == [
        (item.name, item.kind) for item in log.numbers if item.kind in {"loses inbound", "rerouted"}
    ]


@every_case
def test_json_follows_the_published_schema(case: Path) -> None:
    jsonschema.validate(json.loads(report.as_json(record.reviewed(case))), json.loads(SCHEMA.read_text()))


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_text() == schema.schema(), (
        "write it anew: python -m xtel.review.plan.schema > xtel/review/plan/plan.schema.json"
    )


# -- what a plan says --------------------------------------------------------------------------------------------------


def number(case: str, name: str) -> plan.Number:
    found = record.reviewed(record.CASES / case).plan
    return next(item for item in found.numbers if item.name == name)


def rules_of(review: plan.Review) -> set[tuple[str, str]]:
    return {(finding.rule, finding.number) for finding in review.findings if finding.rule}


def test_a_created_number_of_every_carrier_has_a_row() -> None:
    found = {item.name: item for item in record.reviewed(record.CASES / "create").plan.numbers}
    assert {item.kind for item in found.values()} == {"gains inbound"}
    after = {name: item.after for name, item in found.items() if item.after}
    assert {name: side.carriers for name, side in after.items()} == {
        "+14155550100": ("twilio",),
        "+442079460011": ("telnyx",),
        "+12125550177": ("plivo",),
        "+498912345670": ("sip",),
        "+16505550123": (),
    }
    assert after["+442079460011"].targets == (
        "sip:+442079460011@sip.voice.x.ai:5061;transport=tls",
        "sip:+442079460011@pbx.example.com:5061;transport=tls",
    )
    assert {name: side.srtp for name, side in after.items()} == {
        "+14155550100": True, "+442079460011": True, "+12125550177": False, "+498912345670": True, "+16505550123": None,
    }  # fmt: skip
    assert (after["+12125550177"].auth, after["+16505550123"].auth) == ("digest", "xai")
    assert found["+12125550177"].password == "made"
    assert (found["+14155550100"].signing_secret, found["+16505550123"].signing_secret) == ("made", "none")


def test_a_number_that_leaves_says_so_and_how_to_accept_it() -> None:
    review = record.reviewed(record.CASES / "delete")
    assert ("number-keeps-inbound", "+14155550100") in rules_of(review)
    [finding] = [item for item in review.findings if item.stops]
    entry = '- rule: number-keeps-inbound\n  number: "+14155550100"\n  until: 2026-12-05\n  why: WRITE WHY'
    assert (finding.step, finding.accept) == ("put it back into the stack file", entry)
    assert number("delete", "+14155550100").signing_secret == "dropped"
    assert [item.type for item in review.plan.objects if item.permanent] == ["xai:PhoneNumber"]


def test_a_renamed_label_is_no_change_but_a_name() -> None:
    renamed = number("delete", "+498912345670")
    assert (renamed.kind, renamed.key) == ("changed", "head")


def test_a_refusal_blocks_and_the_plan_is_not_complete() -> None:
    review = record.reviewed(record.CASES / "refused")
    found = {item.number for item in review.plan.objects if item.blocked}
    assert found == {"+14155550100", "+12125550177"}
    assert not review.plan.complete and "stops at what is refused" in review.plan.why_incomplete
    assert review.headline.endswith("; not known: what else would change or be deleted")
    assert ("auth-required", "+12125550177") in rules_of(review)
    replaced = number("refused", "+14155550100").replacement
    assert replaced and replaced.consent == "missing" and "sip_auth.allow" in replaced.because


def test_consent_is_said_and_what_it_costs() -> None:
    changed = number("consented", "+14155550100")
    assert changed.replacement and changed.replacement.consent == "given"
    assert changed.widened and (changed.widened.networks, changed.widened.addresses4) == (("10.0.0.0/8",), 2**24)
    assert (changed.signing_secret, changed.kind) == ("renewed", "changed")
    assert "calls fail meanwhile" in changed.outage


def test_drift_is_what_was_changed_outside_and_the_number_rings_again() -> None:
    review = record.reviewed(record.CASES / "drift")
    assert {(item.type, item.path) for item in review.plan.drift} == {
        ("twilio:Trunk", "transfer_mode"),
        ("twilio:Attachment", "trunk_sid"),
    }
    assert number("drift", "+14155550100").kind == "gains inbound"


def test_a_move_to_a_shared_trunk_rings_as_before() -> None:
    moved = number("shared", "+14155550100")
    assert moved.before and moved.after
    assert (moved.kind, moved.after.targets) == ("changed", moved.before.targets)
    assert moved.lost == ("srtp",)


def test_twiml_goes_its_way_once_somebody_has_put_it_there() -> None:
    review = record.reviewed(record.CASES / "twiml")
    [found] = review.plan.numbers
    assert found.after and (found.kind, found.after.carriers, found.after.auth) == (
        "gains inbound", ("twilio",), "digest",
    )  # fmt: skip
    assert found.after.targets == ("sip:+14155550101@sip.voice.x.ai;transport=tls",)
    assert (found.password, found.signing_secret) == ("made", "made")
    [bundle] = review.plan.bundles
    assert (bundle.number, bundle.files) == ("+14155550101", ("xai-14155550101.xml",))


def test_agents_are_called_by_the_names_of_the_stack_file() -> None:
    found = {item.name: item for item in record.reviewed(record.CASES / "agents").plan.numbers}
    ways = {name: (item.before and item.before.agent, item.after and item.after.agent) for name, item in found.items()}
    assert ways == {
        "+442079460011": ("sales", "day"), "+12125550177": ("night", "sales"),
        "+16505550123": (None, "agent_frontdesk0001"),
    }  # fmt: skip
    assert {item.kind for item in found.values()} == {"rerouted", "gains inbound"}
    assert not [item for item in found.values() if item.replacement]


def test_a_bought_number_shows_its_price_and_rings_at_its_carrier() -> None:
    review = record.reviewed(record.CASES / "bought")
    found = {item.name: item for item in review.plan.numbers}
    assert {(name, item.kind, item.e164) for name, item in found.items()} == {
        ("helpline", "gains inbound", ""), ("hotline", "gains inbound", ""),
    }  # fmt: skip
    assert [item.after and item.after.carriers for item in found.values()] == [("twilio",), ("telnyx",)]
    assert found["helpline"].bought.endswith("a local number in US with area code 415, 1.15 USD a month")
    assert review.headline == "2 numbers are bought, 2 numbers start ringing"
    assert {item.number for item in review.findings if item.what.startswith("would buy")} == found.keys()
    rows = (price.Price("twilio", "", price.Decimal("1.15"), "twilio.com/pricing", "2026-11-21"),)
    preview = plan.read((record.CASES / "bought/events.jsonl").read_text())
    priced = {item.name: item.cost for item in plan.build(preview, plan.Context("test", prices=rows)).numbers}
    assert priced["hotline"] is None and priced["helpline"] and priced["helpline"].monthly == "1.15"


def test_a_bought_number_that_leaves_stays_and_costs_unless_it_is_released() -> None:
    review = record.reviewed(record.CASES / "dropped")
    found = {item.name: item for item in review.plan.numbers}
    assert {name: (item.kind, item.left) for name, item in found.items()} == {
        "helpline": ("loses inbound", "the number stays in the account, and is billed"), "hotline": ("released", ""),
    }  # fmt: skip
    assert all(item.e164 and item.before and item.e164 in item.before.targets[0] for item in found.values())
    assert rules_of(review) == {
        ("number-keeps-inbound", "helpline"), ("number-keeps-inbound", "hotline"), ("no-release", "hotline"),
    }  # fmt: skip
    for name in ("helpline", found["helpline"].e164):
        line = {"rule": "number-keeps-inbound", "number": name, "until": "2999-01-01", "why": "moved"}
        policy = rules.RuleSettings(record.TODAY, (rules.Accept.model_validate(line),))
        accepted = rules.judge(review.plan, policy).findings
        assert {item.number for item in accepted if item.rule == "number-keeps-inbound" and item.accepted} == {
            "helpline"
        }


def test_a_preview_that_only_a_policy_pack_stopped_is_complete() -> None:
    review = record.reviewed(record.CASES / "policy")
    assert review.plan.complete and len(review.plan.policy or ()) == 3
    assert rules_of(review) == rules_of(record.reviewed(record.CASES / "dropped"))
    assert "policy packs: 3 findings" in (record.CASES / "policy/report.md").read_text()


def test_an_unchanged_stack_is_one_line() -> None:
    text = (record.CASES / "unchanged/report.md").read_text()
    assert "### ☎️ test: **no changes** · 5 numbers ring as before" in text


def test_what_failed_is_said_and_nothing_is_called_safe() -> None:
    review = record.reviewed(record.CASES / "failed")
    assert "the config secret nobodySetIt is not set; next: pulumi config set --secret nobodySetIt" in report.render(
        review, "text", record.LINKS
    )
    cut = (record.CASES / "create/events.jsonl").read_text().splitlines()[:-1]
    preview = plan.read("\n".join(cut))
    assert (
        rules.judge(plan.build(preview, plan.Context("test")), rules.RuleSettings(record.TODAY)).verdict == "incomplete"
    )


def test_what_is_accepted_is_dangerous_not_blocked_until_it_expires() -> None:
    case = record.CASES / "accepted"
    review = record.reviewed(case)
    [finding] = [item for item in review.findings if item.level == "danger"]
    assert finding.accepted == "until 2999-01-01: it @moves | <b>away</b>"
    policy = rules.RuleSettings(
        record.TODAY.replace(year=3000), record.document.read(case / "stack.yaml").network.accept
    )
    late = rules.judge(review.plan, policy)
    assert late.verdict == "blocked"
    assert any("expired on 2999-01-01" in item.what for item in late.findings)


# -- made up: what no recording shows ----------------------------------------------------------------------------------


def urn(type: str, name: str) -> str:
    return f"urn:pulumi:test::p::xtel:network:Number$pulumi-python:dynamic/{type}::{name}"


def registered(e164: str, op: str = "same", old: dict[str, Any] | None = None, **new: Any) -> Step:
    base = {"origin": "byo_trunk", "name": "a", "phone_number": e164, "webhook": {"url": "https://a.example/"}}
    allowed = {"sip_auth": {"allowed_addresses": ["54.172.60.0/30"]}}
    return Step(op, urn("xai:PhoneNumber", e164), {**base, **allowed, **(old or {})}, {**base, **allowed, **new})


def linked(e164: str, vendor: str = "acme", op: str = "same", target: str = "") -> list[Step]:
    goes = target or f"sip:{e164}@sip.voice.x.ai;transport=tls"
    line, link = {"target": goes}, {"phone_number": e164, "line": UNKNOWN}
    old_line, old_link = ({}, {}) if op == "create" else ({"target": f"sip:{e164}@sip.voice.x.ai;transport=tls"}, link)
    new_line, new_link = ({}, {}) if op == "delete" else (line, link)
    return [
        Step("update" if target and op == "same" else op, urn(f"{vendor}:Line", f"{e164}/line"), old_line, new_line),
        Step(op, urn(f"{vendor}:Link", f"{e164}/link"), old_link, new_link),
    ]


def judged(*steps: Step, stack: str = "test", **policy: Any) -> plan.Review:
    found = plan.build(Preview(steps, whole=True), plan.Context(stack))
    return rules.judge(found, rules.RuleSettings(record.TODAY, **policy))


E164 = "+14155550100"


@pytest.mark.parametrize("installed", [True, False])
def test_a_carrier_of_another_distribution_has_usable_rows(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if installed:
        monkeypatch.setattr(registry, "carriers", lambda: {"acme": acme.CARRIER})
        known = dict(registry.vendors())
        monkeypatch.setattr(registry, "vendors", lambda: {**known, "acme": acme.CARRIER})
    review = judged(registered(E164), *linked(E164, op="delete"))
    [found] = review.plan.numbers
    assert found.before and found.before.targets == (f"sip:{E164}@sip.voice.x.ai;transport=tls",)
    assert (found.before.carriers, found.kind) == (("acme",), "loses inbound")
    assert "acme" in report.render(review, "text", record.LINKS).lower()


def test_two_routes_are_named() -> None:
    review = judged(registered(E164), *linked(E164), *linked(E164, vendor="other", op="create"))
    assert review.plan.numbers[0].two_routes
    assert ("single-owner", E164) in rules_of(review)


def test_another_host_and_no_tls_are_refused() -> None:
    review = judged(registered(E164), *linked(E164, target=f"sip:{E164}@pbx.example.com;transport=udp"))
    assert {("tls-only", E164), ("target-host-pinned", E164)} <= rules_of(review)
    assert review.plan.numbers[0].lost == ("tls",)


@pytest.mark.parametrize(
    ("old", "new", "rule", "networks", "addresses"),
    [
        (["54.172.60.0/30"], None, "no-open-allowlist", ("0.0.0.0/0", "::/0"), 2**32 - 4),
        (["54.172.60.0/30"], ["54.172.60.0/29"], "allowlist-widened", ("54.172.60.4/30",), 4),
        (["54.172.60.0/29"], ["54.172.60.0/30"], "", (), 0),
        (["54.172.60.0/30"], ["0.0.0.0/1"], "allowlist-widened", None, 2**31 - 4),
    ],
)
def test_an_allowlist_is_measured(
    old: list[str], new: list[str] | None, rule: str, networks: tuple[str, ...] | None, addresses: int
) -> None:
    auth = {"sip_auth": {"allowed_addresses": new} if new else None}
    before = {"sip_auth": {"allowed_addresses": old}}
    review = judged(registered(E164, "replace", before, **auth), *linked(E164))
    widened = review.plan.numbers[0].widened
    assert (widened.addresses4 if widened else 0) == addresses
    if networks is not None:
        assert (widened.networks if widened else ()) == networks
    assert {name for name, _ in rules_of(review)} == ({rule} if rule else set())


@pytest.mark.parametrize(
    ("new", "rules"),
    [
        (["54.172.60.0/29", "203.0.113.0/24"], set()),
        (["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"], {"no-open-allowlist"}),
        (["10.0.0.0/9", "10.128.0.0/9"], {"allowlist-widened"}),
        (["2001::/16"], {"allowlist-widened"}),
        (["8000::/1", "::/1"], {"no-open-allowlist"}),
    ],
)
def test_a_new_number_is_judged_by_all_that_it_lets_in(new: list[str], rules: set[str]) -> None:
    review = judged(registered(E164, "create", {}, sip_auth={"allowed_addresses": new}), *linked(E164, op="create"))
    assert {name for name, _ in rules_of(review)} == rules


def test_a_digest_that_goes_is_said() -> None:
    digest = {"sip_auth": {"auth_username": "a", "auth_password": secrecy.MASK}}
    opened = judged(registered(E164, "replace", digest, sip_auth=None), *linked(E164))
    assert ("auth-required", E164) in rules_of(opened)
    listed = judged(registered(E164, "replace", digest), *linked(E164))
    assert ("digest-kept", E164) in rules_of(listed) and listed.verdict == "needs a look"


def test_a_released_number_needs_more_than_one_word_and_its_price_is_known_only_from_the_table() -> None:
    gone = Step("delete", urn("acme:Owned", f"{E164}/owned"), {"phone_number": E164, "on_delete": "release"})
    steps = (Step("delete", urn("xai:PhoneNumber", E164), registered(E164).old), gone, *linked(E164, op="delete"))
    review = judged(*steps)
    assert {("no-release", E164), ("number-keeps-inbound", E164)} <= rules_of(review)
    assert review.plan.numbers[0].cost is None
    row = price.Price("acme", "+1", price.Decimal("0.80"), "acme.example/prices", "2026-11-21")
    known = plan.build(Preview(steps, whole=True), plan.Context("test", prices=(row,)))
    assert known.numbers[0].cost and known.numbers[0].cost.monthly == "-0.80"
    assert price.table() == ()


def many(count: int, change: int, to: str = ";transport=tcp") -> Iterator[Step]:
    for index in range(count):
        e164 = f"+1415555{index:04}"
        yield registered(e164)
        yield from linked(e164, target=f"sip:{e164}@sip.voice.x.ai{to}" if index < change else "")


def test_shares_are_counted_from_ten_numbers() -> None:
    again = ":5061;transport=tls"
    assert "max-reroute" not in {rule for rule, _ in rules_of(judged(*many(9, 9, again)))}
    review = judged(*many(20, 7, again))
    texts = [finding.what for finding in review.findings if finding.rule == "max-reroute"]
    assert texts == [
        "7 of 20 numbers (35 %, at most 30 %) at acme would be rerouted",
        "7 of 20 numbers (35 %, at most 30 %) of the stack would be rerouted",
    ]
    raised = rules.Limits.model_validate({"reroute": 40, "carriers": {"acme": {"reroute": 50}}})
    assert "max-reroute" not in {rule for rule, _ in rules_of(judged(*many(20, 7, again), limits=raised))}


def test_a_limit_lets_some_numbers_go() -> None:
    gone = (registered(E164), *linked(E164, op="delete"))
    assert judged(*gone).verdict == "blocked"
    assert judged(*gone, limits=rules.Limits.model_validate({"lose": 1})).verdict == "needs a look"


def test_a_secret_in_plain_configuration_stops() -> None:
    review = judged(registered(E164), *linked(E164), plain=("xai:apiKey",))
    assert ("secret-not-in-plain-config", "") in rules_of(review)


def test_production_numbers_should_be_protected() -> None:
    step = Step("create", urn("xai:PhoneNumber", E164), {}, registered(E164).new)
    assert ("protect-production-numbers", E164) in rules_of(judged(step, stack="prod"))
    assert ("protect-production-numbers", E164) not in rules_of(judged(step, stack="dev"))


def test_policy_packs_are_in_the_event_log_alone() -> None:
    event = {
        "sequence": 1,
        "policyEvent": {
            "policyPackName": "house", "policyName": "no-udp", "enforcementLevel": "mandatory",
            "message": "no UDP here", "resourceUrn": urn("acme:Line", f"{E164}/line"),
        },
    }  # fmt: skip
    lines = (record.CASES / "unchanged/events.jsonl").read_text() + json.dumps(event) + "\n"
    review = rules.judge(plan.build(plan.read(lines), plan.Context("test")), rules.RuleSettings(record.TODAY))
    assert review.plan.policy and ("house/no-udp", E164) in rules_of(review)
    assert review.verdict == "blocked"
    assert "policy packs: not run" in (record.CASES / "unchanged/report.md").read_text()


@pytest.mark.parametrize("text", ["", "hello", "[]", "{}", '{"sequence": 1}', '{"steps": 1', "1\n2"])
def test_something_else_is_refused_with_the_next_step(text: str) -> None:
    with pytest.raises(InputError, match="pulumi preview --json"):
        plan.read(text)


def test_the_checksum_binds_state_operations_and_files() -> None:
    preview = plan.read((record.CASES / "update/events.jsonl").read_text())
    known = checksum("test", preview, {"a": b"1"})
    assert known == checksum("test", Preview(tuple(reversed(preview.steps))), {"a": b"1"})
    assert len({known, checksum("other", preview, {"a": b"1"}), checksum("test", preview, {"a": b"2"})}) == 3
    step = next(item for item in preview.steps if item.op == "update")
    for change in ({"old": {"x": 1}}, {"new": {"x": 1}}, {"old_outputs": {"x": 1}}, {"id": "other"}, {"op": "delete"}):
        other = tuple(replace(item, **change) if item is step else item for item in preview.steps)
        assert checksum("test", Preview(other), {"a": b"1"}) != known, change


# -- size, secrets, hostile names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [0, 3, 500])
def test_five_hundred_numbers_fit_a_comment_and_a_terminal(change: int) -> None:
    review = judged(*many(500, change))
    shown = report.render(review, "text", record.LINKS)
    assert len(shown) < 60_000 and shown.startswith(f"test: {view.worded(review)}")
    text = report.render(review, "md", record.LINKS)
    assert len(text) < 60_000
    assert f"**{view.worded(review)}**" in text.split("\n")[1]
    if change:
        assert f"- ⛔ **{change} numbers:** TLS turned off: sip&#58;NUMBER@" in text


def test_ten_times_the_numbers_take_about_ten_times_as_long() -> None:
    lines = (record.CASES / "delete/events.jsonl").read_text().splitlines()
    [*mine] = [line for line in lines if "+14155550100" in line]

    def seconds(numbers: int) -> float:
        copies = [line.replace("4155550100", f"415555{n:04}") for n in range(numbers) for line in mine]
        started = time.process_time()
        text = report.render(judged(*plan.read("\n".join([*copies, lines[-1]])).steps), "md", record.LINKS)
        assert len(text) < 60_000
        return time.process_time() - started

    seconds(1)  # what is loaded and compiled at the first use
    assert seconds(500) < 40 * seconds(50), "quadratic work would be a hundred times"


SECRET = "hunter2-Kx8vQ"


@every_case
def test_no_secret_of_the_run_is_in_any_report(case: Path) -> None:
    """Whatever the engine leaves unmasked in a preview is masked by its shape, or was registered by whoever made it."""
    secrecy.register(SECRET)
    for source in ("events.jsonl", "preview.json"):
        text = (case / source).read_text()
        assert "whsec_" not in text, "a recording holds a signing secret"
        for name in ("support", "sip.voice.x.ai", "not set", "twilio", "https://voice.example.com/calls"):
            for secret in (SECRET, "whsec_0123456789abcdef"):
                found = record.judged(plan.read(text.replace(name, f"{name} {secret}")), case / "stack.yaml")
                for format in report.FORMATS:
                    assert secret not in report.render(found, format, record.LINKS), (format, name)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts stand in an event: values, and the names of properties."""
    if isinstance(value, str):
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _leaves(item, (*path, key))


def _put(value: Any, path: tuple[Any, ...], secret: str, *, name: bool) -> None:
    """The secret after a text of an event, or after the name of its property."""
    for key in path[:-1]:
        value = value[key]
    if name and isinstance(value, dict):
        value[f"{path[-1]} {secret}"] = value[path[-1]]
    else:
        value[path[-1]] = f"{value[path[-1]]} {secret}"


@settings(max_examples=120)
@given(data=st.data())
def test_a_secret_anywhere_in_a_preview_is_in_no_report(data: st.DataObject) -> None:
    secrecy.register(SECRET)
    case = data.draw(st.sampled_from(CASES))
    events = [json.loads(line) for line in (case / "events.jsonl").read_text().splitlines()]
    event = data.draw(st.sampled_from(events))
    path = data.draw(st.sampled_from([*_leaves(event)] or [("none",)]))
    secret = data.draw(st.sampled_from([SECRET, "whsec_0123456789abcdef", "xai-0123456789abcdef"]))
    if path != ("none",):
        _put(event, path, secret, name=data.draw(st.booleans()))
    try:
        found = record.judged(plan.read("\n".join(map(json.dumps, events))), case / "stack.yaml")
    except InputError as error:
        assert secret not in str(error)
        return
    for format in report.FORMATS:
        assert secret not in report.render(found, format, record.LINKS), (format, path)


evil = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40) | st.sampled_from(
    [
        "| a | b", "`x`", "``` \n# head", "<script>alert(1)</script>", "</code></pre><img src=x onerror=y>", "@everyone",
        "#1", "https://evil.example/x", "www.evil.example", "[a](javascript:1)", "\x1b[31mred\x07", "a\r\n::error::b",
        '"] --> evil["', "-->", "\u202eevil", "\\|x|", "%0A::error::x", "<!-- xtel:plan", "</details>", "{{ 7*7 }}",
    ]
)  # fmt: skip


@settings(max_examples=150)
@given(name=evil, url=evil)
def test_hostile_names_stay_text_in_every_format(name: str, url: str) -> None:
    steps = (
        registered(E164, "update", name=name, webhook={"url": url}, agent_id=None),
        *linked(E164, vendor="acme", op="delete"),
        Step("create", urn("acme:Line", f"+12125550199/{name}"), {}, {"note": name}),
    )
    said = Diagnostic("warning", f"held by {name}", steps[0].urn)
    found = plan.build(Preview(steps, (said,), whole=True), plan.Context("test"))
    review = rules.judge(found, rules.RuleSettings(record.TODAY))
    for format in report.FORMATS:
        text = report.render(review, format, record.LINKS)
        assert not [char for char in text if not char.isprintable() and char not in "\n\u200b"], format
    _check_markdown(report.render(review, "md", record.LINKS))
    _check_html(report.render(review, "html", record.LINKS))
    log = report.render(review, "github", record.LINKS)
    assert all(line.startswith(("::notice ", "::warning ", "::error ")) for line in log.splitlines())


def _check_markdown(text: str) -> None:
    inside = ""
    for line in text.splitlines()[1:]:
        if line.startswith("```"):
            inside = "" if inside else line
            assert line in {"```", "```diff", "```mermaid", "```yaml"}
        elif inside == "```mermaid" and '"' in line:
            label = line.split('"', 1)[1].rsplit('"', 1)[0]
            assert not set(label) & set('"<>[]`|@\\'), line
        elif not inside:
            _check_prose(line)
    assert not inside


def _check_prose(line: str) -> None:
    """Outside of code no foreign markup is left; a row has as many cells as its head."""
    prose = "".join(part for index, part in enumerate(line.split("`")) if index % 2 == 0)
    assert line.count("`") % 2 == 0, line
    for word in ("@everyone", "<script", "<img", "https://evil", "www.evil", "](javascript"):
        assert word not in prose, line
    if line.startswith("| "):
        assert line.count("|") in {5, 6}, line


def _check_html(text: str) -> None:
    from html.parser import HTMLParser

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag in _TAGS, tag
            assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "style"}]
            assert all(name != "href" or (value or "").startswith(record.LINKS.base) for name, value in attrs)

    Tags().feed(text)


_TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "h3", "p", "code", "ul", "ol", "li", "table", "tr",
    "th", "td", "b", "span", "small", "svg", "path", "pre", "a", "wbr", "details", "summary",
}  # fmt: skip


#: What a number's calls go by before and after, and how a plan calls both.
EQUIPMENT = {
    "webex-location": (
        "carrier: webex, location: Headquarters", "carrier: webex, location: Branch",
        "the trunk of location Branch instead of the trunk of location Headquarters",
    ),
    "webex-trunk": (
        "carrier: webex, trunk: HQ gateway", "carrier: webex, trunk: Branch gateway",
        "trunk Branch gateway instead of trunk HQ gateway",
    ),
    "webex-group": (
        "carrier: webex, route_group: HQ", "carrier: webex, route_group: Branches",
        "route group Branches instead of route group HQ",
    ),
    "webex-trunks": (
        "carrier: webex, route_group: {trunks: [HQ gateway]}", "carrier: webex, route_group: {trunks: [A, B]}",
        "route group A > B instead of route group HQ gateway",
    ),
    "webex-trunks-of-a-name": (
        "carrier: webex, route_group: {name: main, trunks: [HQ gateway]}",
        "carrier: webex, route_group: {name: main, trunks: [A, B]}",
        "route group A > B instead of route group HQ gateway",
    ),
    "zoom": (
        "carrier: zoom, sip_group: SBC East, sbc: {platform: ribbon}",
        "carrier: zoom, sip_group: SBC West, sbc: {platform: ribbon}",
        "SIP group SBC West instead of SIP group SBC East",
    ),
    "genesys": (
        "carrier: genesys, site: Cloud site", "carrier: genesys, site: Other site",
        "site Other site instead of site Cloud site",
    ),
}  # fmt: skip


def declared_as(folder: Path, route: str) -> document.Document:
    file = folder / "stack.yaml"
    number = f'support: {{number: "{E164}", route: {{{route}}}, auth: {{allow: [203.0.113.10]}}}}'
    file.write_text(f"version: 1\ndefaults: {{webhook: {{url: https://a.example/}}}}\nnumbers:\n  {number}\n")
    return document.read(file)


@pytest.mark.parametrize("name", EQUIPMENT)
def test_calls_by_other_equipment_need_a_look(name: str, tmp_path: Path) -> None:
    before, after, told = EQUIPMENT[name]
    old, new = declared_as(tmp_path, before), declared_as(tmp_path, after)
    review = judged(*declared.preview("test", old, new).steps)
    assert (review.verdict, review.plan.numbers[0].kind) == ("needs a look", "rerouted")
    assert [item.what for item in review.findings if item.number == E164 and "instead of" in item.what] == [
        f"calls go by {told}"
    ]
    assert "1 number rerouted" in review.headline
    for same in (declared.preview("test", old, old), declared.preview("test", None, new)):
        assert not [item for item in judged(*same.steps).findings if "instead of" in item.what]


def test_a_trunk_that_is_still_to_be_made_is_other_equipment() -> None:
    """As the engine tells it: the id of the new dial plan is not known; a number on a plan that stays is left alone."""
    other = "+14155550111"

    def plans(name: str, location: str, op: str, id: str = "") -> Step:
        inputs = {"location": location}
        old, new = ({}, inputs) if op == "create" else (inputs, {} if op == "delete" else inputs)
        kept = {"dial_plan_id": id} if id else {}
        shared = f"urn:pulumi:test::p::pulumi-python:dynamic/webex:DialPlan::webex/{name}"
        return Step(op, shared, old, new, kept, {}, id)

    def objects(e164: str, op: str, old: str, new: str) -> list[Step]:
        files = {"phone_number": e164, "target": f"sip:{e164}@sip.voice.x.ai;transport=tls"}
        link = {"phone_number": e164}
        return [
            Step(op, urn(f"webex:{kind}", f"{e164}/{kind.lower()}"), {**rest, "dial_plan_id": old},
                 {**rest, "dial_plan_id": new}, id=e164)
            for kind, rest in (("Gateway", files), ("Attachment", link))
        ]  # fmt: skip

    review = judged(
        plans("hq", "Headquarters", "delete", "D1"), plans("branch", "Branch", "create"), plans("lab", "Lab", "same", "D2"),
        registered(E164), *objects(E164, "update", "D1", UNKNOWN), registered(other), *objects(other, "same", "D2", "D2"),
    )  # fmt: skip
    assert [(item.number, item.what) for item in review.findings if "instead of" in item.what] == [
        (E164, "calls go by the trunk of location Branch instead of the trunk of location Headquarters")
    ]
    assert review.verdict == "needs a look"


def test_every_rule_can_be_accepted_and_every_accepted_rule_exists() -> None:
    from stacks import model

    assert set(rules.RULES) == set(model.RULES)
    text = (ROOT / "docs/plan.md").read_text()
    assert [name for name in model.RULES if f"`{name}`" not in text] == []


def test_plain_webhooks_and_numbers_that_cannot_be() -> None:
    plain = judged(registered(E164, "replace", webhook={"url": "http://a.example/"}), *linked(E164))
    assert ("webhook-https", E164) in rules_of(plain)
    odd = "+9990000000"
    assert ("e164", odd) in rules_of(judged(Step("create", urn("xai:PhoneNumber", odd), {}, registered(odd).new)))


def test_one_digest_secret_at_two_carriers_is_said() -> None:
    steps = [
        step for e164, vendor in ((E164, "acme"), ("+14155550101", "other")) for step in linked(e164, vendor, "create")
    ]
    numbers = [
        Step("create", urn("xai:PhoneNumber", e164), {}, registered(e164).new) for e164 in (E164, "+14155550101")
    ]
    declared = {e164: plan.DeclaredNumber("a", 1, "pbxPassword") for e164 in (E164, "+14155550101")}
    found = plan.build(Preview((*numbers, *steps), whole=True), plan.Context("test", declared=declared))
    review = rules.judge(found, rules.RuleSettings(record.TODAY))
    assert {number for rule, number in rules_of(review) if rule == "no-shared-credential"} == declared.keys()


def test_secrets_in_the_clear_are_found_by_their_keys(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  xai:apiKey: abc\n  twilio:authToken: {secure: v1:x}\n  p:pbxPassword: def\n  xtel:file: a.yaml\n"
    )
    assert sources.plain_secrets(Project(tmp_path), "org/p/dev", {"pbxPassword"}) == ("p:pbxPassword", "xai:apiKey")


def test_what_a_log_says_besides_is_skipped_and_never_a_resource() -> None:
    """Two thirds of an event log are nothing a plan reads; a resource may hold the same words."""
    step = registered(E164, "create")
    head = '{"sequence":1,"timestamp":1,'
    inputs = {**step.new, "name": '"resOutputsEvent": {"severity":"debug"}', "more": {"severity": "debug"}}
    metadata = json.dumps({"op": "create", "urn": step.urn, "new": {"inputs": inputs}}, separators=(",", ":"))
    lines = [
        head + '"diagnosticEvent":{"message":"no {json here","severity":"debug"}}',
        head + '"diagnosticEvent":{"message":"not even JSON","severity":"debug"',
        head + '"resOutputsEvent":{"metadata":',
        head + f'"resourcePreEvent":{{"metadata":{metadata}}}}}',
        head + '"diagnosticEvent":{"message":"\\"severity\\":\\"debug\\"","severity":"warning"}}',
        head + '"summaryEvent":{"result":"succeeded"}}',
    ]
    found = plan.read("\n".join(lines))
    assert [item.urn for item in found.steps] == [step.urn]
    assert [item.severity for item in found.diagnostics] == ["warning"]
    assert not found.failed
