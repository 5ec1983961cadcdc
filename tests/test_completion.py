"""Completion in a shell: verbs, options and stacks, as bash, zsh and fish ask for them; and no slower than a key may be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_xtel_cli import run

BIN = Path(sys.executable).parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two stacks with files, and one that only Pulumi has configured."""
    (tmp_path / "Pulumi.yaml").write_text("name: phones\n")
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {'xtel:file': stacks/prod.yaml}\n")
    (tmp_path / "stacks").mkdir()
    for name in ("prod", "eu", "prod.example"):
        (tmp_path / f"stacks/{name}.yaml").write_text("version: 1\nnumbers: {}\n")
    return tmp_path


def completed(shell: str, typed: str, folder: Path) -> set[str]:
    """What a shell is offered for a line that is typed so far."""
    asked = {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    if shell == "bash":
        asked = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    done = run(cwd=folder, _XTEL_COMPLETE=f"complete_{shell}", **asked)
    assert (done.returncode, done.stderr) == (0, "")
    if shell == "zsh":
        return set(re.findall(r'"([^"]*)"(?::"[^"]*")?', done.stdout))
    return {line.partition("\t")[0] for line in done.stdout.splitlines() if line}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("xtel pl", {"plan"}),
        ("xtel sandbox st", {"status"}),
        ("xtel plan --ref", {"--refresh"}),
        ("xtel plan p", {"prod"}),
        ("xtel apply ", {"eu", "prod", "staging"}),
        ("xtel validate e", {"eu"}),
        ("xtel ranges update s", {"staging"}),
        ("xtel comment --checksum e", {"eu"}),
    ],
)
def test_verbs_options_and_stacks(shell: str, typed: str, offered: set[str], project: Path) -> None:
    assert completed(shell, typed, project) == offered


def test_a_folder_without_a_project_has_no_stacks_and_no_error(tmp_path: Path) -> None:
    assert completed("bash", "xtel plan ", tmp_path) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_xtel(shell: str, tmp_path: Path) -> None:
    done = run("--show-completion", shell, cwd=tmp_path, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0
    assert f"_XTEL_COMPLETE=complete_{shell}" in done.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash on this machine")
def test_bash_completes_once_it_is_installed(project: Path) -> None:
    env = {**os.environ, "HOME": str(project), "PATH": f"{BIN}:{os.environ['PATH']}"}
    install = ["bash", "-c", "xtel --install-completion; true"]  # the last command of a -c would replace the shell
    told = subprocess.run(install, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "bash completion installed" in told.stdout
    ask = 'source ~/.bashrc; COMP_WORDS=(xtel plan p); COMP_CWORD=2; _xtel_completion xtel; echo "${COMPREPLY[*]}"'
    done = subprocess.run(["bash", "-c", ask], cwd=project, env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("prod\n", "")


def test_nothing_heavy_is_loaded_for_it(project: Path) -> None:
    """What takes long to load makes a key slow: looked at instead of timed, since a busy machine is slow by itself."""
    shown = "atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    program = f"import sys, atexit; {shown}; from xtel import cli; cli.main()"
    env = {**os.environ, "_XTEL_COMPLETE": "complete_bash", "COMP_WORDS": "xtel plan p", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, env=env, capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    heavy = {"phonenumbers", "pulumi", "twilio", "telnyx", "plivo", "httpx", "rich", "jinja2", "stacks"}
    assert done.stdout == "prod\n"
    assert not loaded & heavy


def test_the_page_names_what_is_there() -> None:
    page = (ROOT / "docs/scripts.md").read_text()
    assert "xtel --install-completion" in page
    assert "xtel --show-completion" in page
