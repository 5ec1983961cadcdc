"""`xtel routes`: declared and applied as one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stacks import document, graph
from stacks.resource import NUMBER
from tests.test_xtel_cli import run
from xtel.engine import state
from xtel.engine.state import State
from xtel.review import routes
from xtel.review.routes import Row

FILE = """version: 1
defaults: {webhook: {url: https://voice.example.com/calls}, route: {carrier: twilio}}
numbers:
  support: {number: "+14155550100"}
  desk: {origin: xai_provisioned, number: "+16505550123", agent: agent_1}
"""
TABLE = """\
NUMBER           TARGET                                         CARRIER
KEY              ANSWERED BY                                    STATE
+1 415-555-0100  sip:+14155550100@sip.voice.x.ai;transport=tls  twilio
support          https://voice.example.com/calls                not known

+1 650-555-0123  sip:+16505550123@sip.voice.x.ai;transport=tls  none
desk             agent agent_1                                  not known
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose backend does not exist."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "stacks/dev.yaml").write_text(FILE)
    return tmp_path


def _row(number: str | None, key: str = "a", state: str | None = None, carrier: str = "twilio") -> Row:
    answers = None if state == routes.LEFT else "agent a"
    return Row(key, number, carrier, f"sip:{number or ''}@x;transport=tls", answers, state)


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_without_a_backend_only_the_declared_are_shown(project: Path, columns: str) -> None:
    missing = f"file://{project}/nosuch"
    done = run("routes", "dev", cwd=project, COLUMNS=columns, PULUMI_BACKEND_URL=missing, NO_COLOR="1")
    note, *more = done.stderr.splitlines()
    assert note.startswith("only the declared routes are shown: ")
    assert (done.returncode, more) == (0, [])
    assert "sip:+14155550100@sip.voice.x.ai;transport=tls  " in done.stdout
    if columns != "40":
        assert done.stdout == TABLE


def test_json(project: Path) -> None:
    done = run("routes", "dev", "--json", cwd=project, PULUMI_BACKEND_URL=f"file://{project}/nosuch")
    found = json.loads(done.stdout)
    assert (found["stack"], found["applied_known"]) == ("dev", False)
    assert found["numbers"][0] == {
        "key": "support",
        "number": "+14155550100",
        "carrier": "twilio",
        "target": "sip:+14155550100@sip.voice.x.ai;transport=tls",
        "answers": "https://voice.example.com/calls",
        "state": None,
    }


def test_an_agent_is_shown_by_its_key_and_name(project: Path) -> None:
    agents = "agents: {sales: {name: Sales team}, night: {numbers: [support]}}\nnumbers:\n"
    (project / "stacks/dev.yaml").write_text(FILE.replace("numbers:\n", agents).replace("agent_1", "sales"))
    rows = routes.declared(document.read(project / "stacks/dev.yaml"))
    assert [row.answers for row in rows] == ["agent night", "agent sales (Sales team)"]


def test_a_file_with_errors_is_refused_with_the_next_step(project: Path) -> None:
    (project / "stacks/dev.yaml").write_text("version: 1\nnumbers: {a: {number: 1}}\n")
    done = run("routes", "dev", cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: stacks/dev.yaml:2: numbers.a.number: must be text in quotes: ")
    assert done.stderr.endswith("; next: `xtel validate` shows it too\n")


def held(**changes: Any) -> State:
    """The state of the project's two numbers, as the graph has it, with made-up ids; ``changes`` replaces or drops parts."""
    path = Path("stacks/dev.yaml")
    found = [graph.plain(item) for item in graph.of_document(document.read(path), "test", "dev")]
    ids = {item.name: f"id of {item.name}" for item in found}
    entries: list[dict[str, Any]] = []
    for item in found:
        part = item.part or item.kind
        if changes.get(part, {}) is None:
            continue
        parent = f"urn:pulumi:dev::test::{NUMBER}::{item.parent}" if item.parent else ""
        chain = f"{NUMBER}$pulumi-python:dynamic/{item.type}" if item.parent else item.type
        inputs = {**item.inputs, **({"trunk_sid": ids["+14155550100/trunk"]} if "trunk_sid" in item.inputs else {})}
        entries.append({
            "urn": f"urn:pulumi:dev::test::{chain}::{item.name}", "type": item.type, "parent": parent,
            "id": ids[item.name], "inputs": {**inputs, **changes.get(part, {})}, "outputs": {},
        })  # fmt: skip
    pending = [{"resource": {"urn": entries[-1]["urn"]}, "type": "creating"}] if changes.get("pending") else []
    return state.read(json.dumps({"deployment": {"resources": entries, "pending_operations": pending}}))


@pytest.mark.parametrize(
    ("changes", "states"),
    [
        ({}, ["applied", "applied"]),
        ({"attachment": None}, ["applied in part: attachment missing", "applied"]),
        ({"origination-url": None}, ["applied in part: sip missing", "applied"]),
        ({"origination-url": {"enabled": False}}, ["applied in part: sip missing", "applied"]),
        ({"trunk": None}, ["applied in part: attachment stopped", "applied"]),
        ({"pending": True}, ["applied", "applied in part: xai PhoneNumber left creating"]),
    ],
)
def test_what_is_applied_is_what_the_state_holds(
    project: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], states: list[str]
) -> None:
    monkeypatch.chdir(project)
    found = document.read(Path("stacks/dev.yaml"))
    rows = list(routes.joined(routes.declared(found), routes.applied(found, held(**changes))))
    assert [(row.key, row.state) for row in rows] == list(zip(["support", "desk"], states, strict=True))


def test_a_stack_that_was_never_applied_is_known_to_be_empty(project: Path) -> None:
    found = document.read(project / "stacks/dev.yaml")
    rows = routes.joined(routes.declared(found), routes.applied(found, state.read("{}")))
    assert [row.state for row in rows] == [routes.DECLARED, routes.DECLARED]


def test_a_renamed_key_is_the_same_number() -> None:
    assert list(routes.joined([_row("+1", key="new")], [_row("+1", key="old", state=routes.APPLIED)])) == [
        _row("+1", key="new", state=routes.APPLIED)
    ]


def test_what_is_left_and_what_rings_elsewhere() -> None:
    wanted = [_row("+1"), _row("+2", carrier="telnyx")]
    found = [_row("+2", carrier="twilio"), _row("+3", key="c")]
    assert [(row.number, row.carrier, row.state) for row in routes.joined(wanted, found)] == [
        ("+1", "twilio", routes.DECLARED),
        ("+2", "telnyx", routes.DECLARED),
        ("+2", "twilio", routes.LEFT),
        ("+3", "twilio", routes.LEFT),
    ]


def test_a_number_that_xai_picked_is_found_by_its_key() -> None:
    (row,) = routes.joined([_row(None, key="desk")], [_row("+16505550123", key="desk", state=routes.APPLIED)])
    assert (row.number, row.state) == ("+16505550123", routes.APPLIED)


def test_a_long_state_wraps_between_words(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    target = "sip:+14155550100@sip.voice.x.ai;transport=tls"
    routes.show([Row("support", "+14155550100", "twilio", target, None, routes.LEFT)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line[64:] for line in lines[2:]] == ["twilio", "applied, no", "longer declared"]
