"""`xtel ranges`: what is published; and names that move without another character of the file changing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer

from providers.kernel import ranges
from tests.conftest import Sandbox
from tests.engine.conftest import Project
from tests.reconciling import Hand
from tests.test_xtel_cli import ended
from xtel.engine import cli
from xtel.operations import ranges as moving
from xtel.review import ranges as published

NEW = ranges.newest("twilio")
TODAY = NEW.dated
OLD = replace(NEW, read=date(2026, 5, 1), cidrs=(*NEW.cidrs[:-1], "203.0.113.0/30"))
SAME = replace(NEW, read=date(2026, 6, 1))
HEAD = "version: 1\ndefaults: {webhook: {url: https://voice.example.com/calls}, route: {carrier: twilio}}\nnumbers:\n"
ONE = '  one: {number: "+14155550100", auth: {allow: [%s]}}\n'
CONSENT = "  consent: `replace: accept` on the number, or XTEL_ALLOW_REPLACE=+14155550100\n"
NOBODY = "compared with what the names mean today, because what is registered is not known: no backend\n"

Declare = Callable[[str], Path]


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declare:
    """A project whose backend is unknown, with one stack file; and three tables of Twilio."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    others = tuple(table for table in ranges.tables() if table.name != "twilio")
    monkeypatch.setattr(ranges, "tables", lambda: (*others, OLD, SAME, NEW))
    state(monkeypatch, None)

    def write(text: str) -> Path:
        (tmp_path / "stacks/dev.yaml").write_bytes(text.encode())
        return tmp_path / "stacks/dev.yaml"

    return write


def state(monkeypatch: pytest.MonkeyPatch, auth: dict[str, Any] | None) -> None:
    """What Pulumi says is registered for the number; None: it cannot be asked."""

    def run(arguments: list[str], root: Path, environment: dict[str, str]) -> str:
        if auth is None:
            raise cli.PulumiUnavailable("no backend")
        assert arguments == ["stack", "export", "--stack", "dev"]
        outputs = {"phone_number": "+14155550100", "sip_auth": auth}
        urn = "urn:pulumi:dev::test::{0}::+14155550100"
        stack = {"type": "pulumi:pulumi:Stack", "urn": urn.format("pulumi:pulumi:Stack")}
        number = {"urn": urn.format("pulumi-python:dynamic/xai:PhoneNumber"), "outputs": outputs}
        trunk = {"urn": urn.format("pulumi-python:dynamic/twilio:Trunk"), "outputs": {"marker": "a"}}
        return json.dumps({"deployment": {"resources": [stack, trunk, number]}})

    monkeypatch.setattr(cli, "run", run)


def auth(*names: str) -> dict[str, Any]:
    return {"allow": list(names), "allowed_addresses": list(ranges.resolve(names))}


# --- the list ---


def test_every_table_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("ranges") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    for table in ranges.tables():
        assert table.label in out
        assert all(cidr in out for cidr in table.cidrs)
    assert ended("ranges", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {entry["dated"]: entry["networks"] for entry in listed} == {
        table.dated: list(table.cidrs) for table in ranges.tables()
    }
    assert set(listed[0]) == {"name", "dated", "read", "source", "networks"}


@pytest.mark.parametrize("verb", ["ranges", "ranges update"])
def test_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*verb.split(), "--help") == 0
    out = capsys.readouterr().out
    assert f"xtel {verb}" in out.partition("Example")[2]
    assert "Exit codes: 0" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [("bogus",), ("update",), ("update", "a", "b"), ("--nosuch",), ("update", "-x")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert ended("ranges", *arguments) == 64


# --- update ---


def test_an_undated_name_gets_the_newest_date(declare: Declare, capsys: pytest.CaptureFixture[str]) -> None:
    file = declare(HEAD + ONE % "twilio")
    assert ended("ranges", "update", "dev") == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"stacks/dev.yaml:4: numbers.one.auth.allow: twilio -> {TODAY}\n+1 415-555-0100 (one)\n")
    assert "\n  the same 8 networks\n" in out
    assert out.endswith("\nnothing was written; next: xtel ranges update dev --yes\n")
    assert err == NOBODY
    assert file.read_text() == HEAD + ONE % "twilio"

    assert ended("ranges", "update", "dev", "--yes") == 0
    assert capsys.readouterr().out.endswith("\nstacks/dev.yaml: written; next: xtel validate dev, pulumi preview\n")
    assert file.read_text() == HEAD + ONE % TODAY
    for more in ((), ("--yes",)):
        assert ended("ranges", "update", "dev", *more) == 0
        assert capsys.readouterr().out == "ok: stacks/dev.yaml names the newest tables already\n"


def test_an_older_date_moves_and_says_which_networks_that_changes(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(HEAD + ONE % f"{OLD.dated}, 203.0.113.64/28")
    changes = f"  + {NEW.cidrs[-1]}\n  - {OLD.cidrs[-1]}\n"
    anew = "  pulumi up re-registers it: an outage, and a new signing secret\n"
    assert ended("ranges", "update", "dev") == 2
    assert f"+1 415-555-0100 (one)\n{changes}{anew}{CONSENT}" in capsys.readouterr().out
    state(monkeypatch, auth(OLD.dated, "203.0.113.64/28"))
    assert ended("ranges", "update", "dev", "--json") == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "file": "stacks/dev.yaml",
        "written": False,
        "changes": [{"line": 4, "path": "numbers.one.auth.allow", "from": OLD.dated, "to": TODAY}],
        "numbers": [
            {
                "key": "one",
                "number": "+14155550100",
                "carrier": "twilio",
                "declared": True,
                "added": [NEW.cidrs[-1]],
                "removed": [OLD.cidrs[-1]],
                "kept": 8,
                "registered": True,
                "replaced": True,
            }
        ],
    }


def test_what_is_registered_counts_not_what_the_name_means_now(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state(monkeypatch, {"allow": ["twilio"], "allowed_addresses": list(OLD.cidrs)})
    declare(HEAD + ONE % "twilio")
    assert ended("ranges", "update", "dev") == 2
    assert f"  + {NEW.cidrs[-1]}\n  - {OLD.cidrs[-1]}\n  pulumi up re-registers it" in capsys.readouterr().out
    declare(HEAD + ONE.replace("+14155550100", "+14155550101") % "twilio")
    assert ended("ranges", "update", "dev") == 2
    assert "  not registered yet: nothing is replaced\n" in capsys.readouterr().out


@pytest.mark.parametrize("old", ["twilio", SAME.dated, OLD.dated])
def test_it_says_replaced_exactly_when_an_apply_would_replace(
    declare: Declare, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], old: str
) -> None:
    hand = Hand("xai:PhoneNumber", sandbox.env(), monkeypatch)
    fixed = {"marker": "xtel/p/s/+14155550100", "origin": "byo_trunk", "name": "one", "phone_number": "+14155550100"}
    fixed["webhook"] = {"url": "https://voice.example.com/calls"}
    hand.up(**fixed, sip_auth={"allow": [old]})
    new = hand.reconciler.check(hand.inputs, {**fixed, "sip_auth": {"allow": [TODAY]}}).inputs
    would = "sip_auth" in hand.reconciler.diff(hand.state, new).replaces

    state(monkeypatch, hand.state["sip_auth"])
    declare(HEAD + ONE % old)
    assert ended("ranges", "update", "dev", "--json") == 2
    (number,) = json.loads(capsys.readouterr().out)["numbers"]
    assert number["replaced"] is would
    assert bool(number["added"]) is (old == OLD.dated)


def test_a_number_that_names_no_range_is_told_how(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state(monkeypatch, {"allow": ["twilio"], "allowed_addresses": list(OLD.cidrs)})
    declare(HEAD + '  one: {number: "+14155550100"}\n')
    assert ended("ranges", "update", "dev") == 0
    out, err = capsys.readouterr()
    assert out == "ok: stacks/dev.yaml names the newest tables already\n"
    assert err.startswith("one: twilio publishes other networks than it is registered with (+ ")
    assert "write `auth: {allow: [twilio]}`" in err
    state(monkeypatch, auth("twilio"))
    assert ended("ranges", "update", "dev") == 0
    assert capsys.readouterr().err == ""


FORMATS = [
    "version: 1\r\n# é 😀\r\ndefaults:\r\n  auth: {allow: ['TWILIO',   # all\r\n    203.0.113.0/28]}\r\nnumbers: {}\r\n",
    "\ufeffversion: 1\nnumbers:\n  a:   {number: '+14155550100', auth:   {allow: [ \"twilio\"  ,203.0.113.0/28 ]}}   # x\n",
    "version: 1\nnumbers:\n  a:\n    number: '+14155550100'\n    auth:\n        allow:\n            - twilio # why\n\n\n",
    "version: 1\nnumbers:\n  a: {number: '+14155550100', auth: {allow: &r [twilio]}}\n"
    "  b: {number: '+14155550101', auth: {allow: *r}}\n",
    "version: 1\ndefaults: &d {auth: {allow: [!!str twilio]}}\nnumbers:\n  a: {<<: *d, number: '+14155550100'}\n"
    "  twilio: {number: '+14155550101', name: twilio, auth: {allow: [203.0.113.0/28]}} # twilio",
]


@pytest.mark.parametrize("text", FORMATS)
def test_not_one_other_character_changes(text: str) -> None:
    moves = tuple(published._moves(text))
    assert len(moves) == 1
    new = moving.rewritten(published.Update(Path("a.yaml"), text, moves, ()))
    old = moves[0].old
    assert new.count(TODAY) == 1
    assert new.replace(TODAY, old, 1) == text
    assert tuple(published._moves(new)) == ()


def test_a_name_in_escapes_is_left_alone(declare: Declare, capsys: pytest.CaptureFixture[str]) -> None:
    text = HEAD + ONE % '"twil\\x69o"'
    file = declare(text)
    assert ended("ranges", "update", "dev", "--yes") == 1
    assert f"cannot be replaced; next: write {TODAY} by hand" in capsys.readouterr().err
    assert file.read_text() == text
    assert [path.name for path in file.parent.iterdir()] == ["dev.yaml"]


def test_the_file_stays_the_same_file(declare: Declare) -> None:
    file = declare(HEAD + ONE % "twilio")
    file.chmod(0o640)
    real = file.rename(file.parent / "real.yaml")
    file.symlink_to(real.name)
    assert ended("ranges", "update", "dev", "--yes") == 0
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert TODAY in real.read_text()


def test_a_file_that_changed_meanwhile_is_not_written(declare: Declare) -> None:
    file = declare(HEAD + ONE % "twilio")
    update = published.compare(Path("stacks/dev.yaml"), None)
    file.write_text(file.read_text() + "# mine\n")
    with pytest.raises(Exception, match="was changed meanwhile; nothing was written"):
        moving.write(update)


def test_a_bad_or_missing_stack_is_an_error(declare: Declare, capsys: pytest.CaptureFixture[str]) -> None:
    declare("version: 1\n")
    assert ended("ranges", "update", "dev") == 1
    assert capsys.readouterr().err.endswith("next: `xtel validate` shows it too\n")
    assert ended("ranges", "update", "nosuch") == 1


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 2)])
def test_on_a_terminal_it_asks(declare: Declare, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int) -> None:
    asked: list[str] = []
    file = declare(HEAD + ONE % "twilio")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda question: asked.append(question) or answer)
    assert ended("ranges", "update", "dev") == code
    assert asked == ["write stacks/dev.yaml?"]
    assert (TODAY in file.read_text()) is answer
    declare(HEAD + ONE % TODAY)
    assert ended("ranges", "update", "dev") == 0
    assert len(asked) == 1


@pytest.mark.engine
def test_with_the_real_pulumi(tmp_path: Path, sandbox: Sandbox) -> None:
    project = Project(tmp_path, sandbox)
    project.declare()
    project.run("up", "--yes", "--skip-preview")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "xtel"), "ranges", "update", "test", "--json"],
        cwd=tmp_path, env=os.environ | project.env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "")
    (number,) = json.loads(done.stdout)["numbers"]
    assert (number["registered"], number["added"], number["kept"]) == (True, [], 8)
