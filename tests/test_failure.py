"""A verb that fails says so in JSON where JSON was asked for: one document, as published, and the same exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from typer.main import get_command

from providers.kernel import errors
from tests.conftest import ROOT
from tests.test_xtel_cli import ended
from xtel import cli, failure
from xtel.authoring import validate
from xtel.review import comment as posting
from xtel.review.report import comment

SCHEMA = ROOT / "xtel/failure.schema.json"


def _verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every verb, with its names from the first to the last."""
    for name, found in getattr(command, "commands", {}).items():
        yield from _verbs(found, (*path, name))
        if not getattr(found, "commands", {}) or found.invoke_without_command:
            yield (*path, name), found


VERBS = dict(_verbs(get_command(cli.app)))
every_verb = pytest.mark.parametrize("verb", VERBS, ids=" ".join)


def _needed(verb: tuple[str, ...]) -> list[str]:
    """Something for each argument and option that a verb cannot do without."""
    known = {
        "carrier": "twilio",
        "number": "+14155550100",
        "folder": "Pulumi.yaml/no",
        "stack": "nosuch",
        "files": "no.json",
        "call": "00000000-0000-0000-0000-000000000000",
        "target": "+14155550188",
        "agent": "sales",
        "say": "Hello",
    }
    given: list[str] = []
    for each in VERBS[verb].params:
        if each.required:
            given += [*(each.opts[:1] if each.param_type_name == "option" else ()), known.get(each.name, "nosuch")]
    return given


def _options(verb: tuple[str, ...]) -> Iterator[str]:
    """The options of a verb that take a value."""
    for each in VERBS[verb].params:
        if each.param_type_name == "option" and not each.is_flag:
            yield each.opts[-1]


def told(out: str) -> dict[str, Any]:
    """What stdout holds: one document, as published."""
    found = json.loads(out)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    return found


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_text() == failure.schema(), "write it anew: python -m xtel.failure > xtel/failure.schema.json"


# -- wrong usage, of every verb ----------------------------------------------------------------------------------------


@every_verb
def test_wrong_usage_is_told_with_exit_64(verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [[*verb, *_needed(verb), "--nosuch", "--json"], [*verb, "--json", *["one"] * 9]]
    endless = any(each.nargs == -1 for each in VERBS[verb].params)
    for arguments in wrong[:1] if endless else wrong:
        assert ended(*arguments) == 64, arguments
        out, err = capsys.readouterr()
        found = told(out)
        assert (found["exit"], found["kind"]) == (64, "usage")
        assert found["next"] == f"xtel {' '.join(verb)} --help"
        assert f"error: {found['error']}\n" in err


@every_verb
def test_an_option_with_nothing_in_it_is_wrong_usage(verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    for option in _options(verb):
        assert ended(*verb, *_needed(verb), option, "", "--json") == 64, option
        assert told(capsys.readouterr().out)["kind"] == "usage"


@every_verb
@pytest.mark.parametrize("name", ["a b", "../prod", "a/b/c/d", "prod;ls", "p" * 101])
def test_what_can_be_no_stack_is_wrong_usage(
    verb: tuple[str, ...], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in VERBS[verb].params:
        if each.name == "stack":
            given = [*each.opts[-1:], name] if each.param_type_name == "option" else [name]
            rest = ["+14155550100"] if verb == ("rotate",) else ["made"] if verb == ("new",) else []
            needed = ["--carrier", "twilio"] if verb == ("import",) else []
            assert ended(*verb, *given, *rest, *needed, "--json") == 64
            assert "letters, digits, dots, dashes and underscores" in told(capsys.readouterr().out)["error"]


@pytest.mark.parametrize("arguments", [("--json",), ("nosuch", "--json"), ("plan", "prod", "--format", "json", "--x")])
def test_a_command_line_that_nobody_understands_is_told_too(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*arguments) == 64
    assert told(capsys.readouterr().out)["kind"] == "usage"


# -- errors ------------------------------------------------------------------------------------------------------------

JSON = [verb for verb, command in VERBS.items() if any("--json" in each.opts for each in command.params)]
#: These succeed in an empty folder, or print a report of their own with their exit code.
REPORTING = {("ranges",), ("doctor",), ("inventory",), ("sandbox", "status")}


@pytest.mark.parametrize("verb", [verb for verb in JSON if verb not in REPORTING], ids=" ".join)
def test_every_verb_with_json_prints_its_error(
    verb: tuple[str, ...],
    tmp_path: Path,
    clean_env: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: empty\n")
    more = {("validate",): ["nosuch"], ("plan",): ["nosuch"], ("apply",): ["nosuch"], ("comment",): ["no.json"]}
    more[("call",)] = ["--all"]
    assert ended(*verb, *_needed(verb), *more.get(verb, ()), "--json") == 1
    out, err = capsys.readouterr()
    found = told(out)
    assert found["exit"] == 1
    assert found["kind"] in {"input", "failed", "credentials"}
    tail = f"; next: {found['next']}" if found["next"] else ""
    assert err.endswith(f"error: {found['error']}{tail}\n")


FAILURES = {
    "input": errors.InputError("that cannot be", step="try this"),
    "credentials": errors.CredentialError("no key", step="export KEY=…", missing="KEY"),
    "account": errors.AccountError("another account", step="use its key"),
    "vendor": errors.RateLimited("slow down", status=429, code="20429", request_id="RQ1"),
    "failed": errors.XtelError("that did not work"),
    "unexpected": KeyError("whsec_AAAAAAAAAAAA"),
    "interrupted": KeyboardInterrupt(),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_each_kind_of_error_is_told_apart(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object) -> None:
        raise FAILURES[kind]

    monkeypatch.setattr(validate, "validate", failing)
    code = 130 if kind == "interrupted" else 1
    assert ended("validate", "sandbox", "--json") == code
    out = capsys.readouterr().out
    found = told(out)
    assert (found["exit"], found["kind"]) == (code, kind)
    assert "whsec_" not in out
    vendor = {"status": 429, "code": "20429", "request_id": "RQ1", "temporary": True}
    assert found["vendor"] == (vendor if kind == "vendor" else None)


def test_a_stack_file_that_is_refused_is_told_with_its_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/prod.yaml").write_text("version: 1\nnumbers:\n  a: {number: 14155550100}\n  b: {nosuch: 1}\n")
    assert ended("plan", "prod", "--json") == 1
    found = told(capsys.readouterr().out)
    assert found["kind"] == "input"
    assert {item["line"] for item in found["findings"]} == {3, 4}


def test_a_verb_that_printed_its_report_prints_nothing_after_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reporting(*_: object) -> None:
        from xtel import terminal

        terminal.document({"report": 1})
        raise errors.XtelError("and then it failed")

    monkeypatch.setattr(validate, "validate", reporting)
    assert ended("validate", "sandbox", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"report": 1}


@pytest.mark.parametrize("read", [posting.plans, posting.drifts])
def test_a_comment_reads_a_failure_as_a_plan_that_failed(read: Any, tmp_path: Path) -> None:
    file = tmp_path / "prod.json"
    file.write_text(json.dumps(failure.of(errors.InputError("no such stack", step="name another")).as_json()))
    assert read([file]) == [comment.Missing("prod", "no such stack; next: name another")]


def test_no_json_where_nobody_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("plan", "--nosuch"), ("plan", "--", "--json", "--json")):
        assert ended(*arguments) == 64
        assert capsys.readouterr().out == ""


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_shows_a_failure_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/scripts.md").read_text()
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/prod.yaml").write_text("version: 1\nnumbers: {}\n")
    assert ended("plan", "nosuch", "--json") == 1
    assert capsys.readouterr().out == shown
    assert re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", page, re.MULTILINE) == [
        (kind, {"usage": "64", "interrupted": "130"}.get(kind, "1")) for kind in get_args(failure.Kind)
    ]
    for schema in re.findall(r"\(\.\./(\S+\.json)\)", page):
        assert (ROOT / schema).is_file()
    for command in re.findall(r"^xtel (.* --json)$", page, re.MULTILINE):
        assert ended(*command.split()) in {0, 1}
        assert json.loads(capsys.readouterr().out)
