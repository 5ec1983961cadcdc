"""Answers that get lost, and engines that are killed: nothing is doubled, no secret is lost."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, Project
from tests.engine.test_lifecycle import NUMBER, wired
from tests.killing import xtel

pytestmark = pytest.mark.engine


def test_lost_answer_is_looked_for_and_not_doubled(project: Project, sandbox: Sandbox) -> None:
    """The one that holds a secret; all others are in ``tests/test_lost_answers.py``."""
    project.declare()
    sandbox.fault("POST /v2/phone-numbers", "drop_after")
    project.up()
    assert sandbox.faults_left() == []
    assert "6 unchanged" in project.up()
    wired(sandbox, NUMBER)
    assert project.secret("support") == sandbox.secrets()["signing_secrets"][NUMBER]


@pytest.mark.plain  # at once is as fast as a person's: a run that looks while the request is under way cannot see its object
@pytest.mark.parametrize("match", ["POST /v2/phone-numbers", "POST /v1/Trunks"])
def test_killed_engine_then_up_at_once(project: Project, sandbox: Sandbox, match: str) -> None:
    project.declare()
    path = match.split()[1]
    sandbox.fault(match, "delay", seconds=1)
    sandbox.forget_log()
    running = project.start("up", "--yes", "--skip-preview")
    faults = time.monotonic() + 60
    while sandbox.faults_left():
        assert time.monotonic() < faults, f"{path} was never called"
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    project.run("cancel", "--yes")
    if "phone-numbers" in path:  # its secret reached no state: this run cannot know whether another's has it
        assert f"after a killed run `xtel recover`; else XTEL_ALLOW_REPLACE={NUMBER}" in project.up(code=1)
        xtel(project, "recover", STACK)
    project.up()
    wired(sandbox, NUMBER)
    assert project.secret("support") == sandbox.secrets()["signing_secrets"][NUMBER]


@pytest.mark.plain
def test_killed_engine_leaves_no_provider_creating(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    sandbox.fault("POST /v1/Trunks", "status", status=429, times=100, headers={"Retry-After": "1"})
    running = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while not any(entry["status"] == 429 for entry in sandbox.log()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    time.sleep(4)
    sandbox.forget_log()
    time.sleep(3)
    assert sandbox.log() == []


def test_waits_as_long_as_the_vendor_asks(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    sandbox.fault("POST /v1/Trunks", "status", status=429, times=1, headers={"Retry-After": "2"})
    shown = project.up()
    assert "twilio: at its limit, waiting 2 s more" in shown
    wired(sandbox, NUMBER)
