"""Shared by all tests: the sandbox as a process, talked to over HTTP only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from tests import times

ROOT = Path(__file__).resolve().parent.parent
#: Variables that would make a test depend on who runs it.
_FOREIGN = (
    *("XAI_", "TWILIO_", "TELNYX_", "PLIVO_", "VONAGE_", "AWS_", "CHIME_", "WEBEX_", "ZOOM_", "GENESYSCLOUD_"),
    *("PULUMI_", "XTEL_"),
)

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Whoever runs the tests in the background of a script lets them ignore Ctrl-C, and with them every child: Pulumi, which
# ends its plugins that way, then waits five seconds for each.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """In `.ci/run`: which contracts were checked, and what each step took, right above the runner's own last line."""
    yield
    if given := os.environ.get(times.GIVEN):
        from tests import contract

        for line in (*contract.held(), *times.table(given, time.time())):
            terminalreporter.write_line(line)


#: Requests that only ask, whatever their verb: STS, at AWS, knows no other one; a token is renewed.
ASKS = frozenset({("POST", "/"), ("POST", "/v1/access_token"), ("POST", "/genesys/oauth/token")})


class Sandbox:
    """A running sandbox: control API, and what it holds."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30, verify=False)  # plain HTTP: no certificates to load

    def env(self, **query: str) -> dict[str, str]:
        return self.http.get("/_sandbox/env", params=query).raise_for_status().json()

    def reset(self) -> None:
        self.http.post("/_sandbox/reset").raise_for_status()

    def fault(self, match: str, action: str, **more: Any) -> None:
        self.http.post("/_sandbox/faults", json={"match": match, "action": action, **more}).raise_for_status()

    def faults_left(self) -> list[Any]:
        return self.http.get("/_sandbox/faults").raise_for_status().json()

    def switch(self, **switches: Any) -> None:
        body = {name.replace("__", "."): value for name, value in switches.items()}
        self.http.post("/_sandbox/switches", json=body).raise_for_status()

    def seed(self, body: dict[str, Any]) -> None:
        self.http.post("/_sandbox/seed", json=body).raise_for_status()

    def state(self) -> dict[str, Any]:
        return self.http.get("/_sandbox/state").raise_for_status().json()

    def secrets(self) -> dict[str, Any]:
        return self.http.get("/_sandbox/secrets").raise_for_status().json()

    def log(self) -> list[dict[str, Any]]:
        return self.http.get("/_sandbox/log").raise_for_status().json()

    def forget_log(self) -> None:
        self.http.delete("/_sandbox/log").raise_for_status()

    def writes(self) -> list[str]:
        """Every request since the log was emptied that changes something, as ``METHOD path``; a renewed token does not."""
        asked = [(entry["method"], entry["path"]) for entry in self.log()]
        return [f"{method} {path}" for method, path in asked if method != "GET" and (method, path) not in ASKS]

    def numbers(self, vendor: str) -> dict[str, dict[str, Any]]:
        return {number["phone_number"]: number for number in self.state()[vendor]["numbers"]}


@contextmanager
def serving(folder: Path) -> Generator[str, None, None]:
    """A sandbox process on a free port; answers its URL."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--db", str(folder / "db"), "--ready", str(ready)]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            deadline = time.monotonic() + 20
            while not ready.exists():
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield json.loads(ready.read_text())["url"]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


@pytest.fixture
def sandbox(sandbox_process: str) -> Sandbox:
    """The sandbox as seeded, without faults."""
    found = Sandbox(sandbox_process)
    found.reset()
    return found


@pytest.fixture
def clean_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential or setting of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)


@pytest.fixture
def face(tmp_path: Path, sandbox: Sandbox, clean_env: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stack behind the provider's own gRPC face (``tests/face.py``)."""
    from tests.face import Face  # what only these tests need to load

    return Face(tmp_path, sandbox, monkeypatch)
