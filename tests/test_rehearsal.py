"""What a rehearsal says: its verdicts, its reports and its schema; and what it makes up. The engine: tests/engine."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from providers.kernel.errors import InputError
from stacks import document, graph, secret_values
from stacks.document import Document
from tests import record
from tests.conftest import ROOT
from xtel import failure
from xtel.project.layout import Project
from xtel.proof.calling import Line, Result
from xtel.proof.rehearsal import judged, made, stage
from xtel.proof.rehearsal.judged import Applied
from xtel.review import comment as posting
from xtel.review import planning, rehearsal, rules
from xtel.review.plan import Review
from xtel.review.rehearsal import Rehearsal, RehearsedNumber
from xtel.review.report import FORMATS, Links, comment, render
from xtel.review.report import rehearsal as report

SCHEMA = ROOT / "xtel/review/rehearsal.schema.json"
WEBHOOK = "https://voice.example.com/calls"
STACK = f"""version: 1
defaults:
  webhook: {{url: {WEBHOOK}}}
agents:
  sales: {{name: Sales, instructions: Greet.}}
numbers:
  support:
    number: "+14155550100"
    route: {{carrier: twilio}}
  london:
    number: "+442079460011"
    route: {{carrier: telnyx}}
    agent: sales
"""
TARGET = "sip:+14155550100@sip.voice.x.ai;transport=tls"


def checked(text: str) -> dict[str, Any]:
    """A document of `xtel rehearse --json`, as published."""
    found = json.loads(text)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    return found


def read(folder: Path, text: str) -> Document:
    file = folder / "stack.yaml"
    file.write_text(text)
    return document.read(file)


def called(number: str, by: str = f"webhook:{WEBHOOK}", **more: Any) -> Result:
    """A call that was answered; with a ``hop``, one that ended there."""
    failed = "hop" in more
    outcome: dict[str, Any] = {
        "hop": None, "code": None if failed else 200, "reason": None, "answered_by": None if failed else by,
        "answer_ms": 40, "codec": "PCMU", "encrypted": False, "digits": "", **more,
    }  # fmt: skip
    step = {"at": 1.0, "source": "a", "destination": "b", "kind": "sip", "line": f"INVITE {TARGET} SIP/2.0"}
    return Result(
        Line(number, number, TARGET),
        {"state": "failed" if failed else "ended", "outcome": outcome, "ladder": [step]},
    )


def applied(declared: Document, *calls: Result, **more: Any) -> Applied:
    keys = {number.number: key for key, number in declared.numbers.items()}
    here = tuple(
        Line(call.line.number, keys[call.line.number], TARGET) for call in calls if call.line.number in keys
    )  # fmt: skip
    return Applied(declared, here, {call.line.number: call for call in calls}, {"sales": "agent_1"}, **more)


SUPPORT, LONDON = called("+14155550100"), called("+442079460011", "agent:agent_1")
LOST = called("+14155550100", hop="media", code=488, reason="no common codec")


@pytest.mark.parametrize(
    ("changed", "after", "more", "again", "verdict", "why"),
    [
        ("", SUPPORT, {}, [], "as before", ""),
        ("transfer: true", SUPPORT, {}, [], "as declared", ""),
        ("", LOST, {}, [], "does not answer", "media 488: no common codec"),
        ("", called("+14155550100", "agent:agent_9"), {}, [], "answered by another",
         f"agent agent_9 answers, not webhook {WEBHOOK}"),
        ("", called("+14155550100", codec="PCMA"), {}, [], "rings otherwise",
         "nothing about it changes, yet PCMU became PCMA"),
        ("", called("+14155550100", encrypted=True), {}, [], "rings otherwise",
         "nothing about it changes, yet SRTP was off before"),
        ("", SUPPORT, {"problems": (("+14155550100", "twilio Trunk: no"),)}, [], "not applied", "twilio Trunk: no"),
        ("", SUPPORT, {}, [("+14155550100", "twilio Trunk: another update is planned")], "changes again",
         "twilio Trunk: another update is planned"),
    ],
    ids=["before", "declared", "silent", "another", "codec", "srtp", "refused", "unstable"],
)  # fmt: skip
def test_verdicts(
    changed: str, after: Result, more: dict[str, Any], again: list[tuple[str, str]], verdict: str, why: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    before = read(tmp_path, STACK)
    now = read(tmp_path, STACK.replace("{carrier: twilio}", f"{{carrier: twilio, {changed}}}") if changed else STACK)
    later = applied(now, after, LONDON, **more)
    found = judged.judged(
        Rehearsal(stack="prod", numbers=(), stable=True), applied(before, SUPPORT, LONDON), later, again
    )
    first, second = found.numbers
    assert (first.verdict, first.why, second.verdict) == (verdict, why, "as before")
    assert (found.exit, found.stable, found.problems) == (0 if first.good else 2, not again, ())
    assert found.said == ("2 of 2 answer as declared" if first.good else "1 of 2 answer as declared; not support")


def test_numbers_that_go_and_what_is_of_no_number(tmp_path: Path) -> None:
    before = read(tmp_path, STACK)
    now = read(tmp_path, STACK[: STACK.index("  london:")])
    start = Rehearsal(stack="prod", numbers=(), stable=True)
    gone = called("+442079460011", hop="attachment", reason="the number is on no connection")
    earlier = applied(before, SUPPORT, LONDON)
    found = judged.judged(start, earlier, applied(now, SUPPORT, gone), [])
    assert [item.verdict for item in found.numbers] == ["as before", "gone as declared"] and found.exit == 0
    found = judged.judged(start, earlier, applied(now, SUPPORT, LONDON), [("twilio", "twilio Trunk: no")])
    assert [item.verdict for item in found.numbers] == ["as before", "still answers"]
    assert (found.problems, found.exit) == (("twilio: twilio Trunk: no",), 2)
    assert found.said == "1 of 2 answer as declared; not london; 1 other problem"
    new = judged.judged(start, None, applied(before, SUPPORT, LONDON), [])
    assert [(item.before, item.verdict) for item in new.numbers] == [(None, "as declared")] * 2


def _rehearsed(folder: Path) -> Rehearsal:
    declared = read(folder, STACK)
    start = Rehearsal(stack="prod", file="stacks/prod.yaml", base="main", numbers=(), stable=True)
    return judged.judged(start, applied(declared, SUPPORT, LONDON), applied(declared, LOST, LONDON), [])


def test_the_report_in_markdown(tmp_path: Path) -> None:
    text = report.report(_rehearsed(tmp_path))
    assert text.splitlines()[0] == "### ☎️ ⛔ prod rehearsed over main: 1 of 2 answer as declared; not support"
    cell = f"`webhook {WEBHOOK}`"
    row = f"| `support · +14155550100` | {cell} | `media 488` | ⛔ **does not answer**: media 488: no common codec |"
    assert row in text
    assert f"0.000 a -> b INVITE {TARGET} SIP/2.0" in text


def test_json_is_as_published_and_is_read_again(tmp_path: Path) -> None:
    assert SCHEMA.read_text() == rehearsal.schema(), (
        "write it anew: python -m xtel.review.rehearsal > xtel/review/rehearsal.schema.json"
    )
    found, file = _rehearsed(tmp_path), tmp_path / "rehearsal.json"
    file.write_text(json.dumps(found.as_json()))
    checked(file.read_text())
    assert rehearsal.read(file) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{}", "is no rehearsal"),
        (json.dumps(failure.of(InputError("no stack"), 1).as_json()), "the rehearsal failed: no stack"),
    ],
    ids=["missing", "other", "failed"],
)
def test_what_is_no_rehearsal(text: str | None, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.json"
    if text:
        file.write_text(text)
    with pytest.raises(InputError, match=reason):
        rehearsal.read(file)


SECRETS = """version: 1
defaults: {webhook: {url: https://voice.example.com/calls, auth_token: {secret: token}}}
agents:
  sales: {instructions: Greet., tools: [{type: mcp, server_url: "https://mcp.example.com", server_label: crm,
          authorization: {secret: "tools:crm"}}]}
numbers:
  nyc: {number: "+12125550177", route: {carrier: plivo}, auth: {digest: {username: nyc, password: {secret: pw}}}}
  hq: {number: "+498912345670", route: {carrier: sip}, auth: {digest: {username: hq, password: {secret: hq}}}}
  known: {number: "+14155550100", route: {carrier: twilio}, signing_secret: {secret: known}, agent: agent_0123}
  console: {number: "+16505550123", origin: xai_provisioned}
"""


def test_secrets_have_the_shape_that_is_asked_of_them(tmp_path: Path) -> None:
    declared = read(tmp_path, SECRETS)
    written = {
        "xai:apiKey": {"secure": "v1:real"}, "demo:pw": {"secure": "v1:real"}, "demo:own": {"secure": "v1:real"},
        "xtel:file": "stacks/prod.yaml", "demo:more": {"deep": [{"secure": "v1:real"}, 5]},
    }  # fmt: skip
    known: dict[str, str] = {}
    config = made.configuration("demo", declared, written, known)
    assert set(known) == {"token", "tools:crm", "pw", "hq", "known"}
    assert secret_values.unusable(graph.of_document(declared), known) == []
    assert config == {
        "xtel:file": "stacks/prod.yaml", "demo:own": "rehearsal", "demo:more": {"deep": ["rehearsal", 5]},
        "tools:crm": known["tools:crm"], **{f"demo:{name}": known[name] for name in ("token", "pw", "hq", "known")},
    }  # fmt: skip
    assert made.configuration("demo", declared, {}, known)["demo:pw"] == config["demo:pw"]


def test_what_the_file_names_is_there(tmp_path: Path) -> None:
    found = made.seed([read(tmp_path, SECRETS)], {"xai", "twilio", "plivo"})
    assert {vendor: [number["phone_number"] for number in part["numbers"]] for vendor, part in found.items()} == {
        "xai": ["+16505550123"], "twilio": ["+14155550100"], "plivo": ["+12125550177"],
    }  # fmt: skip
    assert [agent["agent_id"] for agent in found["xai"]["agents"]] == ["agent_console", "agent_0123"]


PARTS = """
version: 1
numbers:
  one: {number: "+14155550186", route: {carrier: connect}, agent: agent_1}
  two:
    number: "+14155550187"
    route: {carrier: connect, region: us-west-2, instance: 5fbd9c4e-4f7e-4c1a-9f0e-2b1f6c3d8a10}
    agent: agent_1
"""


def test_a_number_is_there_in_its_part_of_the_account(tmp_path: Path) -> None:
    assert made.seed([read(tmp_path, PARTS)], {"xai", "connect"})["connect"]["numbers"] == [
        {"phone_number": "+14155550186", "region": "us-east-1"},
        {
            "phone_number": "+14155550187",
            "region": "us-west-2",
            "instance": "5fbd9c4e-4f7e-4c1a-9f0e-2b1f6c3d8a10",
        },
    ]


# -- beside a plan ------------------------------------------------------------------------------------------------------


def reviewed() -> Review:
    """A plan that was recorded, of a stack with one number."""
    return Review.model_validate_json((record.CASES / "create/report.json").read_text())


def of(review: Review, **verdict: Any) -> Rehearsal:
    number = review.plan.numbers[0]
    item = RehearsedNumber(number=number.name, key=number.key, **verdict)
    return Rehearsal(stack=review.plan.stack, base="main", numbers=(item,), stable=True)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_every_report_shows_it(format: str) -> None:
    plain = reviewed()
    good = rules.rehearsed(plain, of(plain, verdict="as declared"))
    assert (good.verdict, good.findings) == (plain.verdict, plain.findings)
    assert "rehearsed over main: 1 of 1 answers as declared" in _shown(good, format)
    assert "rehears" not in _shown(plain, format)
    bad = rules.rehearsed(good, of(plain, verdict="does not answer", why="media 488: no common codec"))
    assert bad.verdict == "needs a look"
    text = _shown(bad, format)
    assert "0 of 1 answers as declared; not " in text
    assert "rehearsed: does not answer" in text and "media 488: no common codec" in text
    assert _shown(rules.rehearsed(bad, of(plain, verdict="as declared")), format) == _shown(good, format)


def _shown(review: Review, format: str) -> str:
    text = render(review, format, Links())
    if format == "json":
        told = json.loads(text)
        jsonschema.validate(told, json.loads((ROOT / "xtel/review/plan/plan.schema.json").read_text()))
        return (
            f"{review.rehearsal.base and 'rehearsed over main'}: {review.rehearsal.said} {text}"
            if review.rehearsal
            else text
        )
    return re.sub(r"<wbr>|&#\d+;", "", text)


def test_a_plan_with_the_rehearsal_of_another_stack_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(Rehearsal(stack="other", numbers=(), stable=True).model_dump_json())
    with pytest.raises(InputError, match="is a rehearsal of the stack other"):
        planning.rehearsed(reviewed(), file)


@pytest.mark.parametrize(
    ("text", "log", "says"),
    [
        (None, "error: no Pulumi; next: make setup\n", "the rehearsal failed: no Pulumi; next: make setup"),
        ("[]", "", "the rehearsal failed: prod.rehearsal.json is not what xtel rehearse --json prints"),
    ],
    ids=["failed", "other"],
)
def test_a_comment_says_that_a_rehearsal_failed(text: str | None, log: str, says: str, tmp_path: Path) -> None:
    file, plan = tmp_path / "prod.rehearsal.json", tmp_path / "prod.json"
    told = reviewed().as_json()
    told["plan"]["stack"] = "prod"
    plan.write_text(json.dumps(told))
    if text:
        file.write_text(text)
    file.with_suffix(".log").write_text(log)
    [entry] = posting.plans([plan], [file])
    assert isinstance(entry, Review) and entry.verdict == "needs a look"
    assert f"rehearsed: {says}" in comment.comment([entry], {})
    file.write_text(of(reviewed(), verdict="as before").model_copy(update={"stack": "prod"}).model_dump_json())
    [entry, other] = posting.plans([plan, tmp_path / "eu.json"], [file])
    assert "rehearsed over main: 1 of 1 answers as declared" in comment.comment([entry, other], {})


def test_the_base_is_taken_without_links_that_leave_it(tmp_path: Path) -> None:
    root, to = tmp_path / "project", tmp_path / "copy"
    (root / "stacks").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (root / "stacks" / "dev.yaml").write_text("version: 1\n")
    links = {"inside": "stacks/dev.yaml", "stacks/up": "../Pulumi.yaml", "absolute": "/etc/hostname", "out": "../out"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    stage.checked_out(Project(root), "HEAD", to)
    assert (to / "inside").read_text() == "version: 1\n"
    assert (to / "stacks" / "up").read_text().startswith("name: p")
    assert not (to / "absolute").is_symlink()
    assert not (to / "out").is_symlink()
