"""Vendors that cannot be reached, with the real engine: found out within seconds, said, and nobody else is kept waiting."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project
from tests.killing import providers, xtel
from tests.wording import assert_ours

pytestmark = pytest.mark.engine
NUMBERS = [f"+1415557{index:04d}" for index in range(39)]
#: Of a whole command: the engine's own start and end on a busy machine included.
SECONDS = 60


def network(sandbox: Sandbox) -> list[str]:
    """39 numbers, as they stand in a stack file, owned at Twilio."""
    sandbox.seed({"twilio": {"numbers": [{"phone_number": number} for number in NUMBERS]}})
    route = "route: {carrier: twilio, trunk: shared}, auth: {allow: [twilio]}"
    return [f'\n  n{index}: {{number: "{number}", {route}}}' for index, number in enumerate(NUMBERS)]


@contextmanager
def nobody(kind: str) -> Iterator[str]:
    """The URL of a port that is closed, or of one whose connections nobody ever answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if kind == "closed":
            listener.close()
        else:
            listener.listen(128)
        yield url


def test_39_numbers_at_vendors_that_cannot_be_reached(project: Project, sandbox: Sandbox) -> None:
    project.declare(*network(sandbox))
    project.up()
    cases = (
        ("closed", "XAI_BASE_URL", "cannot reach {}: connection refused"),
        ("silent", "TWILIO_BASE_URL", "{} does not answer (GET"),
    )
    for kind, variable, said in cases:
        with nobody(kind) as url:
            started = time.monotonic()
            failed = xtel(project, "drift", STACK, code=1, **{variable: url})
        assert time.monotonic() - started < SECONDS
        line = failed.stderr.splitlines()[-1]
        assert said.format(url.removeprefix("http://")) in line, line
        assert f"{variable.partition('_')[0].lower()} " in line and line.count("next: ") == 1, line
        assert_ours(line)
        assert "next: check the network" in line, line

    with nobody("silent") as url:
        started = time.monotonic()
        shown = project.run("refresh", "--yes", "--skip-preview", "--stack", STACK, code=1, TWILIO_BASE_URL=url)
    assert time.monotonic() - started < SECONDS
    errors = [text for text in shown.splitlines() if "does not answer (GET" in text]
    assert len({text.partition(" does not answer")[2] for text in errors}) == 1
    assert {group for text in errors for group in re.findall(r"\+\d+", text)} <= {*NUMBERS}
    [unchanged] = re.findall(r"(\d+) unchanged", shown)
    assert int(unchanged) >= len(NUMBERS), "another vendor was kept waiting"

    for match in ("* /v1/Trunks/**", "* /2010-04-01/**"):
        sandbox.fault(match, "status", status=503, times=-1)
    started = time.monotonic()
    failed = xtel(project, "drift", STACK, code=1)
    assert time.monotonic() - started < SECONDS
    assert "twilio" in failed.stderr.splitlines()[-1] and "HTTP 503" in failed.stderr.splitlines()[-1]


@pytest.mark.plain
def test_who_ends_a_run_does_not_sit_through_what_a_vendor_asked_it_to_wait(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    sandbox.fault("POST /v1/Trunks", "status", status=429, times=-1, headers={"Retry-After": "100"})
    running = project.start("up", "--yes", "--skip-preview", "--stack", STACK)
    deadline = time.monotonic() + 60
    while not any(entry["path"] == "/v1/Trunks" and entry["status"] == 429 for entry in sandbox.log()):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    [provider] = providers(running.pid)
    started = time.monotonic()
    running.send_signal(signal.SIGINT)
    shown, _ = running.communicate(timeout=90)
    assert time.monotonic() - started < 15, shown
    assert running.returncode != 0
    assert "the run was ended while it waited" in shown, shown
    assert provider not in providers(running.pid)
    sandbox.http.delete("/_sandbox/faults").raise_for_status()
    project.up()
