"""Where the state lives: a new project says it once, a passphrase is made, and who lacks either is told what helps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.test_xtel_cli import ended, run
from tests.test_xtel_new import pulumi
from xtel.authoring import backend
from xtel.engine import cli

LOGIN = ("pulumi login URL", "export PULUMI_BACKEND_URL=URL", "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE")
PASSPHRASE = ("export PULUMI_CONFIG_PASSPHRASE_FILE=FILE", "PULUMI_CONFIG_PASSPHRASE=…")


@pytest.fixture
def fresh(tmp_path: Path, clean_env: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of somebody who never logged in, with our programs first on PATH."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "1")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert ended("new", "demo", *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.engine
def test_a_folder_without_anything_set(fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = made(capsys, "--backend", f"file://{fresh.parent}/state")
    demo = fresh / "demo"
    assert told["selected"] is True
    assert told["backend"] == f"file://{fresh.parent}/state"
    assert "keep a copy" in str(told["note"])
    assert YAML(typ="safe").load(demo / "Pulumi.yaml")["backend"] == {"url": told["backend"]}
    passphrase = demo / ".passphrase"
    assert passphrase.stat().st_mode & 0o777 == 0o600
    secret = passphrase.read_text().strip()
    assert len(secret) >= 40
    assert secret not in json.dumps(told)
    assert "/.passphrase" in (demo / ".gitignore").read_text().splitlines()
    assert all(secret not in path.read_text() for path in demo.rglob("*") if path.is_file() and path != passphrase)
    steps = told["next"]
    assert isinstance(steps, list)
    export = next(step for step in steps if "PASSPHRASE" in step)
    script = f"{export} && pulumi config set --secret x:y canary && pulumi config get x:y && pulumi whoami --verbose"
    done = subprocess.run(["bash", "-c", script], cwd=demo, capture_output=True, text=True, check=False)
    assert "canary" in done.stdout, done.stderr
    assert "canary" not in (demo / "Pulumi.dev.yaml").read_text()
    assert f"file://{fresh.parent}/state" in done.stdout


@pytest.mark.engine
def test_a_passphrase_that_is_set_is_taken(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///somewhere/else")
    told = made(capsys, "--backend", f"file://{fresh.parent}/state")
    assert told["selected"] is True
    assert ".passphrase" not in str(told["files"])
    assert "unset PULUMI_BACKEND_URL" in str(told["next"])
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    pulumi("config", "set", "--secret", "x:y", "z", cwd=fresh / "demo")


def test_a_key_of_a_cloud_needs_no_passphrase(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "found", lambda: False)
    told = made(capsys, "--backend", "s3://acme-phones?region=us-east-1", "--secrets-provider", "awskms://alias/phones")
    command = "pulumi stack select --create dev --secrets-provider awskms://alias/phones"
    assert command in str(told["next"])
    assert ".passphrase" not in str(told["files"])
    assert "region=us-east-1" in (fresh / "demo/Pulumi.yaml").read_text()
    assert command in (fresh / "demo/README.md").read_text()


def test_pulumi_cloud_encrypts_by_itself() -> None:
    assert not backend.Keeping("https://api.pulumi.com").makes_passphrase
    assert not backend.Keeping().makes_passphrase


@pytest.mark.parametrize(
    "url", ["acme-phones", "ftp://acme", "s3://", "s3:acme", "file://state", "file://./state", "http://127.0.0.1"]
)
def test_what_keeps_no_state_is_wrong_usage(fresh: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("new", "demo", "--backend", url) == 64
    assert "Invalid value for '--backend': it is" in capsys.readouterr().err
    assert os.listdir(fresh) == []


@pytest.mark.parametrize(
    "url", ["", "file:///srv/state", "file://~", "s3://a", "gs://a", "azblob://a", "https://api.pulumi.com"]
)
def test_what_keeps_a_state(url: str) -> None:
    assert backend.checked_url(url) == url


#: Verbs that need the state, and where they write why they have none.
NEEDING = [
    ("plan", "dev"), ("apply", "dev"), ("drift", "dev"), ("recover", "dev", "--yes"), ("rotate", "dev", "support", "--yes"),
    ("import", "dev", "--carrier", "twilio"), ("routes", "dev"), ("ranges", "update", "dev"), ("doctor", "dev", "--offline"),
]  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize("arguments", NEEDING, ids=lambda arguments: arguments[0])
def test_who_is_not_logged_in_is_told_what_helps(
    fresh: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "found", lambda: False)
    assert ended("new", "demo") == 0
    done = run(*arguments, cwd=fresh / "demo")
    for line in LOGIN:
        assert line in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.engine
def test_who_gives_no_passphrase_is_told_what_helps(fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, "--backend", f"file://{fresh.parent}/state")
    for arguments in [each for each in NEEDING if each[0] in {"plan", "apply", "drift", "recover", "doctor"}]:
        done = run(*arguments, cwd=fresh / "demo")
        assert done.returncode == 1, arguments
        for line in PASSPHRASE:
            assert line in done.stdout + done.stderr, f"{arguments}\n{done.stdout}{done.stderr}"
    other = fresh.parent / "other"
    other.write_text("another one")
    done = run("plan", "dev", cwd=fresh / "demo", PULUMI_CONFIG_PASSPHRASE_FILE=str(other))
    assert "incorrect passphrase" in done.stderr
    assert PASSPHRASE[0] in done.stderr


def test_the_page_says_what_the_errors_say() -> None:
    page = (ROOT / "docs/state.md").read_text()
    told = re.findall(r"^\| `([^`]+)` \|", page.partition("## When a verb")[2], re.MULTILINE)
    assert len(told) == 3
    assert all(cli.advice(text) for text in told)
    assert {url.partition("://")[0] for url in re.findall(r"^\| [^|]+ \| `(\S+)` \|", page, re.MULTILINE)} == set(
        backend.backends.SCHEMES
    )
    for url in re.findall(r"(?:--backend|url:) (\S+)", page):
        assert backend.checked_url(url) == url


@pytest.mark.engine
def test_the_command_of_the_page(fresh: Path) -> None:
    [command] = re.findall(r"```sh\n(.*)\n```", (ROOT / "docs/state.md").read_text())
    done = run(*command.replace("/srv", str(fresh.parent)).split()[1:], cwd=fresh)
    assert done.returncode == 0, done.stderr
    assert (fresh.parent / "phones-state/.pulumi").is_dir()
    assert (fresh / "phones/stacks/prod.yaml").is_file()


@pytest.mark.parametrize("command", ["up", "preview", "refresh", "destroy"])
def test_a_virtual_environment_that_is_not_there_is_said(tmp_path: Path, command: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    with pytest.raises(cli.PulumiUnavailable, match=r"names the virtual environment \.venv, and it is not there"):
        cli.ask([command], tmp_path, {})
