"""The README is true: its stack file, its Python and every command in it run as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.conftest import ROOT, Sandbox
from tests.engine.conftest import Project

pytestmark = [pytest.mark.engine, pytest.mark.plain]
README = (ROOT / "README.md").read_text()
TRY, OWN = README.split("## Your own network")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    """Every command of the shell blocks."""
    return [line for block in blocks(text, "sh") for line in block.splitlines() if line.strip()]


def run(project: Project, command: str) -> None:
    """One command, in the project, with the sandbox's credentials; what sets up the shell is done already."""
    if command.startswith("make "):
        done = subprocess.run(["make", "-n", command.split()[1]], cwd=ROOT, capture_output=True, text=True, check=False)
    elif command in {". .venv/bin/activate", 'eval "$(xtel sandbox env)"'}:
        return
    else:
        done = subprocess.run(
            command, shell=True, cwd=project.folder, env=project.env, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def timed(work: Callable[[], object]) -> float:
    """How many seconds it took."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_try_it_on_your_own_machine(project: Project) -> None:
    for file in ("stacks/sandbox.yaml", "Pulumi.sandbox.yaml"):
        shutil.copy(ROOT / file, project.folder / file)
    project.env["PULUMI_CONFIG_PASSPHRASE"] = "sandbox"
    project.run("stack", "select", "--create", "sandbox")
    took = {"up": timed(lambda: project.run("up", "--yes", "--stack", "sandbox"))}
    found = commands(TRY)
    assert "make demo" in found
    assert len(found) >= 6
    for command in found:
        took[command] = timed(lambda command=command: run(project, command))
    # What `make demo` does; of its time the calls are a quarter at most.
    demo = ("up", "xtel routes sandbox", "xtel call sandbox --all")
    assert took[demo[-1]] <= sum(took[step] for step in demo) / 4


def test_your_own_network(project: Project, sandbox: Sandbox) -> None:
    [stack, *_] = blocks(OWN, "yaml")
    (project.folder / "stacks/prod.yaml").write_text(stack)
    found = commands(OWN)
    assert "pulumi up --yes" in found
    for command in found:
        run(project, command)
    assert sandbox.numbers("twilio")["+14155550100"]["trunk_sid"]


def test_the_same_in_python(project: Project, sandbox: Sandbox) -> None:
    [program] = blocks(OWN, "python")
    (project.folder / "__main__.py").write_text(program)
    project.up()
    assert project.secret("support") == sandbox.secrets()["signing_secrets"]["+14155550100"]
