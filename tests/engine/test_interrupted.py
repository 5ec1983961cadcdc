"""Ctrl-C while an engine works: a real signal to a real process, while a vendor lets it wait."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project
from tests.engine.test_apply import SALES
from tests.engine.test_lifecycle import NUMBER, wired
from tests.killing import xtel

pytestmark = [pytest.mark.engine, pytest.mark.plain]


def waiting(project: Project, match: str, *arguments: str, seconds: int = 4) -> subprocess.Popen[str]:
    """A verb whose engine waits for an answer of a vendor, for so many seconds."""
    project.sandbox.fault(match, "delay", seconds=seconds)
    running = subprocess.Popen(
        [project.python, "-m", "xtel.cli", *arguments], cwd=project.folder, env=project.env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while project.sandbox.faults_left():
        assert running.poll() is None and time.monotonic() < deadline, f"{match} was never called"
        time.sleep(0.02)
    return running


def below(pid: int) -> set[int]:
    """All processes below one."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    rows = [(int(child), int(parent)) for child, parent in map(str.split, listed.splitlines())]
    found = {pid}
    while more := {child for child, parent in rows if parent in found} - found:
        found |= more
    return found - {pid}


def gone(pids: set[int], seconds: float = 10) -> bool:
    """Whether all of them end within the time; one that ended and is not waited for yet counts."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        told = subprocess.run(
            ["ps", "-o", "stat=", "-p", ",".join(map(str, pids))], capture_output=True, text=True, check=False
        )
        if all(line.startswith("Z") for line in told.stdout.split()):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("whom", ["process", "terminal"])
def test_an_apply_ends_in_order_and_says_how_each_number_stands(project: Project, sandbox: Sandbox, whom: str) -> None:
    project.declare()
    running = waiting(project, "POST /v1/Trunks/*/OriginationUrls", "apply", STACK, "--yes")
    children = below(running.pid)
    assert children
    (os.kill if whom == "process" else os.killpg)(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, out + err
    assert gone(children)
    assert "ending: what is under way is waited for" in err
    assert f"error: interrupted by Ctrl-C; next: xtel recover {STACK}, or xtel apply again" in err
    [line] = [line for line in out.splitlines() if line.startswith(NUMBER) and "not done" in line]
    assert "twilio Trunk made" in line and line.endswith(": it does not ring")
    [now] = [line for line in out.splitlines() if f"{NUMBER} now: " in line]
    assert "twilio OriginationUrl" in now.split("; missing")[0] and "twilio Attachment" in now.split("; missing")[1]
    xtel(project, "recover", STACK)
    wired(sandbox, NUMBER)
    assert "pending_operations" not in json.loads(project.state())["checkpoint"]["latest"]


def test_a_second_ctrl_c_kills_the_engine(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    running = waiting(project, "POST /v2/phone-numbers", "apply", STACK, "--yes", "--json", seconds=20)
    children = below(running.pid)
    os.kill(running.pid, signal.SIGINT)
    time.sleep(1)
    began = time.monotonic()
    os.kill(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, time.monotonic() - began < 15) == (130, True), err
    told = json.loads(out)
    assert (told["outcome"], told["exit"]) == ("interrupted", 130) and gone(children)
    assert "xai PhoneNumber" in told["standing"][0]["missing"]
    xtel(project, "recover", STACK)
    wired(sandbox, NUMBER)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("plan", STACK), "GET /v2/phone-numbers"),
        (("drift", STACK), "GET /v2/phone-numbers/*"),
        (("recover", STACK, "--yes"), "GET /v2/phone-numbers/*"),
        (("rotate", STACK, "support", "--yes"), "DELETE /v2/phone-numbers/*"),
        (("apply", "--all", "--yes"), "POST /v2/phone-numbers"),
    ],
    ids=("plan", "drift", "recover", "rotate", "apply --all"),
)
def test_every_verb_that_runs_an_engine_ends_it(
    project: Project, sandbox: Sandbox, arguments: tuple[str, ...], match: str
) -> None:
    project.declare()
    project.up()
    project.declare(SUPPORT, SALES) if arguments[0] in {"apply", "plan"} else None
    running = waiting(project, match, *arguments)
    children = below(running.pid)
    assert children
    os.kill(running.pid, signal.SIGTERM if arguments[0] == "drift" else signal.SIGINT)
    out, err = running.communicate(timeout=90)
    assert running.returncode == 130, out + err
    assert gone(children) and "interrupted" in out + err
