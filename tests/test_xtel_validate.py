"""`xtel validate`: which file a name means, and exactly what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.test_xtel_cli import ended, run

GOOD = "version: 1\ndefaults: {webhook: {url: https://voice.example.com/calls}}\nnumbers:\n"
ONE = '  one: {number: "+14155550100", route: {carrier: twilio}}\n'
TWO = '  two: {number: "+12125550110", route: {carrier: twilio}}\n'
OPEN = '  lobby:\n    number: "+12125550111"\n    auth: open\n'
LONG = "x" * 120
BAD = f"version: 1\nnumbers:\n  a:\n    number: +14155550100\n    {LONG}: 1\n"
BAD_LINES = (
    '{file}:4: numbers.a.number: quote it, or YAML reads a number and drops the +: "+14155550100"\n'
    f"{{file}}:5: numbers.a.{LONG}: is not a known key; see `xtel schema` for the keys\n"
    "failed: 2 errors in {file}\n"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's root, which is the working directory."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "stacks/dev.yaml").write_text(GOOD + ONE + TWO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_good_file_by_stack_by_path_and_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ((), ("dev",), ("stacks/dev.yaml",), ("organisation/project/dev",)):
        assert ended("validate", *arguments) == 0
        assert capsys.readouterr() == ("ok: 2 numbers in stacks/dev.yaml\n", "")


def test_from_a_subfolder_paths_can_still_be_opened(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as context:
        (project / "docs").mkdir()
        context.chdir(project / "docs")
        assert ended("validate", "dev") == 0
    assert capsys.readouterr().out == "ok: 2 numbers in ../stacks/dev.yaml\n"


def test_errors_are_one_line_each_however_narrow_it_is(project: Path) -> None:
    (project / "stacks/bad.yaml").write_text(BAD)
    done = run("validate", "bad", cwd=project, COLUMNS="40")
    assert (done.returncode, done.stdout, done.stderr) == (1, BAD_LINES.format(file="stacks/bad.yaml"), "")


def test_warnings_say_so_and_are_no_failure(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/dev.yaml").write_text(GOOD + OPEN)
    assert ended("validate", "dev") == 0
    assert capsys.readouterr().out == (
        "stacks/dev.yaml:6: warning: numbers.lobby.auth: open: anyone on the internet can call this number in\n"
        "ok: 1 number in stacks/dev.yaml, 1 warning\n"
    )


def test_json_is_one_document(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/bad.yaml").write_text(BAD)
    assert ended("validate", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["files"] == [
        {"file": "stacks/bad.yaml", "numbers": None},
        {"file": "stacks/dev.yaml", "numbers": 2},
    ]
    assert [(finding["file"], finding["line"], finding["severity"]) for finding in found["findings"]] == [
        ("stacks/bad.yaml", 4, "error"),
        ("stacks/bad.yaml", 5, "error"),
    ]
    assert ended("validate", "dev", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "files": [{"file": "stacks/dev.yaml", "numbers": 2}],
        "findings": [],
    }


def test_the_same_number_in_two_files_names_both_places(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/prod.yaml").write_text(GOOD + TWO)
    assert ended("validate") == 1
    assert capsys.readouterr().out == (
        "stacks/prod.yaml:4: numbers.two: +12125550110 is declared twice: also at stacks/dev.yaml:5 as two;"
        " remove one of the two\n"
        "failed: 1 error in 2 stack files\n"
    )


@pytest.mark.parametrize("named", ["prod", "stacks/prod.yaml", "prod.yaml"])
def test_a_missing_file_lists_the_stacks_that_exist(
    project: Path, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "stacks/test.yaml").write_text(GOOD + ONE)
    assert ended("validate", named) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: there is no stack file ")
    assert err.endswith("; next: name one of the stacks that exist: dev, test\n")


def test_without_any_stack_file_it_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ended("validate") == 1
    assert capsys.readouterr().err.startswith("error: there is no stack file in stacks; next: ")


@pytest.mark.parametrize("value", ["numbers/us.yaml", "{value: numbers/us.yaml}"])
@pytest.mark.parametrize("file", ["Pulumi.us.yaml", "Pulumi.yaml"])
def test_the_config_key_names_the_file(
    project: Path, file: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "numbers").mkdir()
    (project / "numbers/us.yaml").write_text(GOOD + ONE)
    (project / file).write_text(f"name: test\nruntime: python\nconfig:\n  xtel:file: {value}\n")
    assert ended("validate", "us") == 0
    assert capsys.readouterr().out == "ok: 1 number in numbers/us.yaml\n"
