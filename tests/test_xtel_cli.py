"""The boundary of the command line: exit codes, one red line per error, help, no colours in a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from providers.kernel.errors import InputError
from xtel import cli, terminal
from xtel.authoring import validate

VERBS = ["validate", "plan", "apply", "routes", "drift", "rotate", "recover"]
VERBS += ["sandbox up", "sandbox down", "sandbox status", "sandbox reset", "sandbox env"]


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, as a user's shell starts it, with its output in pipes."""
    env = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "XTEL_DEBUG"}} | environment
    command = [str(Path(sys.executable).parent / "xtel"), *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def ended(*arguments: str) -> int:
    """The exit code of a verb run in this process."""
    with pytest.raises(SystemExit) as ending:
        cli.main(arguments)
    return int(ending.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nosuch",), "No such command 'nosuch'."),
        (("--nosuch",), "No such option: --nosuch"),
        (("sandbox", "nosuch"), "No such command 'nosuch'."),
        (("routes",), "Missing argument 'STACK'."),
        (("apply",), "name a stack, or say --all"),
        (("plan", "prod", "--all"), "--all is every stack: name none"),
        (("plan", "--all", "--base", "main"), "it goes with --refresh and --json only"),
        (("apply", "--all", "--checksum", "9f3c71ab00c4d512"), "apply that stack by itself"),
        (("apply", "prod", "--checksum", "", "--yes"), "Invalid value for '--checksum': it is empty"),
        (("apply", "prod", "--checksum", "null", "--yes"), "it is not the 16 hex digits that `xtel plan` printed"),
        (("apply", "prod", "--checksum", "9F3C71AB00C4D512"), "it is not the 16 hex digits that `xtel plan` printed"),
        (("apply", "prod", "--allow-replace", ""), "Invalid value for '--allow-replace': it is empty"),
        (("apply", "prod", "--allow-release", "+1"), "Invalid value for '--allow-release': it is not an E.164 number"),
        (("plan", "prod", "--base", ""), "Invalid value for '--base': it is empty"),
        (("plan", "prod", "--from", ""), "Invalid value for '--from': it is empty"),
        (("import", "prod", "--carrier", ""), "Invalid value for '--carrier': it is empty"),
        (("render", "prod", "--number", ""), "Invalid value for '--number': it is empty"),
        (("plan", ""), "Invalid value for 'STACK': it is empty"),
        (("rotate", "prod"), "Missing argument 'NUMBER'."),
        (("rotate", "prod", "support", "--what", "key"), "Invalid value for '--what'"),
        (("validate", "a", "b"), "unexpected extra argument"),
        (("sandbox", "up", "--port", "0"), "Invalid value for '--port'"),
        (("sandbox", "up", "--port", "many"), "Invalid value for '--port'"),
        (("sandbox", "env", "--account", "third"), "expected one of main, other"),
        *(((*verb.split(), "--nosuch"), "No such option: --nosuch") for verb in VERBS),
    ],
)
def test_usage_errors_exit_64_and_say_where_the_help_is(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*arguments) == 64
    out, err = capsys.readouterr()
    usage, hint, error = err.splitlines()
    assert out == ""
    assert usage.startswith("Usage: xtel")
    assert hint.endswith("--help` shows more")
    assert error.startswith("error: ")
    assert message in error


@pytest.mark.parametrize("arguments", [(), ("sandbox",)])
def test_without_a_verb_the_help_is_shown_and_the_exit_code_is_64(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*arguments) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert "Commands:" in err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example_and_its_exit_codes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*verb.split(), "--help") == 0
    out = capsys.readouterr().out
    assert f"xtel {verb}" in out.partition("Example")[2]
    assert "Exit codes: 0" in out
    assert max(map(len, out.splitlines())) <= 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out.startswith("xtel 0.")


def _fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(validate, "validate", failing)


def test_an_error_of_ours_is_one_line_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail(monkeypatch, InputError("that cannot be " * 8, step="try this"))
    assert ended("validate", "sandbox") == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("error: that cannot be that")
    assert err.endswith("; next: try this\n")


def test_an_error_nobody_expected_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail(monkeypatch, KeyError("whsec_AAAAAAAAAAAA"))
    assert ended("validate", "sandbox") == 1
    assert capsys.readouterr().err == (
        "error: something unexpected happened: '[secret]'; next: run it again with XTEL_DEBUG=1 and report it\n"
    )


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XTEL_DEBUG", "1")
    _fail(monkeypatch, InputError("no"))
    with pytest.raises(InputError):
        cli.main(["validate", "sandbox"])


def test_ctrl_c_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, KeyboardInterrupt())
    assert ended("validate", "sandbox") == 130


def test_no_colours_in_a_pipe_whatever_the_environment_wants(tmp_path: Path) -> None:
    forced = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "GITHUB_ACTIONS": "true", "TERM": "xterm-256color"}
    for arguments in (("--help",), ("validate",), ("nosuch",), ("sandbox", "status")):
        done = run(*arguments, cwd=tmp_path, **forced)
        assert "\x1b" not in done.stdout + done.stderr


def test_colours_on_a_terminal_unless_no_color_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLORTERM", "")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal.line("text", "red")
    assert capsys.readouterr().out == "\x1b[31mtext\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.line("text", "red")
    assert capsys.readouterr().out == "text\n"


def test_a_closed_pipe_ends_it_quietly(tmp_path: Path) -> None:
    xtel = Path(sys.executable).parent / "xtel"
    (tmp_path / "stacks").mkdir()
    bad = "\n".join(f'  {"n" * 50}{index}: {{number: "{index}"}}' for index in range(1000))
    (tmp_path / "stacks/bad.yaml").write_text(f"version: 1\nnumbers:\n{bad}\n")
    done = subprocess.run(
        ["bash", "-c", f'"{xtel}" validate | head -1; exit "${{PIPESTATUS[0]}}"'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
