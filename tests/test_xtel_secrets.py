"""`xtel secrets` before it asks Pulumi, and how secrets are written down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.kernel.errors import InputError
from tests.conftest import ROOT
from xai_resources.webhook import Webhook
from xtel import cli
from xtel.operations import secrets
from xtel.operations.secrets import Held
from xtel.verbs import secrets as verb

ONE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TWO = "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NUMBERS = [
    Held("london", "+442079460011", "urn:2", "https://voice.example.com/calls", ONE),
    Held("support", "+14155550100", "urn:1", "https://voice.example.com/calls", TWO, ONE),
    Held("taken", "+14155550101", "urn:3", "https://voice.example.com/calls"),
]


def test_the_receiver_reads_what_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name, _, value = secrets.as_variable(NUMBERS).strip().partition("=")
    assert value == f"{ONE},{TWO}"
    monkeypatch.setenv(name, value)
    assert len(Webhook()._keys) == 2
    secrets.write(NUMBERS, tmp_path / "made", force=False)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["london", "support"]
    assert len(Webhook((tmp_path / "made/support").read_text())._keys) == 2


def test_a_secret_nobody_knows_is_said() -> None:
    [line] = secrets.lacking(NUMBERS)
    assert line.startswith("taken (+14155550101): its signing secret is not known here")


def test_nothing_is_written_where_one_file_differs(tmp_path: Path) -> None:
    (tmp_path / "support").write_text("other")
    with pytest.raises(InputError, match="holds something else"):
        secrets.write(NUMBERS, tmp_path, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["support"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "support").symlink_to(tmp_path / "elsewhere")
    secrets.write(NUMBERS[1:2], tmp_path, force=True)
    assert not (tmp_path / "support").is_symlink()
    assert (tmp_path / "elsewhere").read_text() == ""


def test_a_file_that_others_can_read_is_not_left_so(tmp_path: Path) -> None:
    (tmp_path / "london").write_text(f"{ONE}\n")
    (tmp_path / "london").chmod(0o644)
    secrets.write(NUMBERS[:1], tmp_path, force=False)
    assert (tmp_path / "london").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        secrets.write(NUMBERS[:1], tmp_path / "made", force=False)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("")
    with pytest.raises(InputError, match="cannot be written: (File exists|Not a directory); next: name another"):
        secrets.write(NUMBERS[:1], tmp_path / "made", force=False)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_is_told_that_it_keeps_them(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb.sys.stdout, "isatty", lambda: terminal)
    verb._show("prod", NUMBERS, verb.Format.env, "", json=False)
    out, err = capsys.readouterr()
    assert out == f"XAI_SIGNING_SECRETS={ONE},{TWO}\n"
    assert ("stay in the terminal's scrollback" in err) is terminal


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "files"], "--format files needs it"),
        (["--out", "x"], "goes with --format files alone"),
        (["--force"], "goes with --format files alone"),
        (["--format", "kubernetes", "--name", "A B"], "a Secret's name has small letters"),
        (["--format", "vault"], "'vault' is not one of"),
    ],
)
def test_a_wrong_command_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        cli.main(["secrets", "sandbox", *arguments])
    assert ended.value.code == 64
    assert says in capsys.readouterr().err
