"""The real server as a process of its own, reached over HTTP only: the tests import nothing of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A running sandbox and a client for each of its faces."""

    def __init__(self, folder: Path, db: Path | None = None) -> None:
        self.ready = folder / "ready.json"
        self.ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "sandbox", "--ready", str(self.ready)]
        if db:
            command += ["--db", str(db)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
        self.url = str(self._wait()["url"])
        self.http = httpx.Client(base_url=self.url, timeout=5, verify=False)  # plain HTTP: no certificates to load
        self.env: dict[str, str] = self.http.get("/_sandbox/env").json()
        self.other: dict[str, str] = self.http.get("/_sandbox/env", params={"account": "other"}).json()

    def _wait(self) -> dict[str, Any]:
        end = time.monotonic() + 10
        while time.monotonic() < end and self.process.poll() is None:
            if self.ready.exists():
                return json.loads(self.ready.read_text())
            time.sleep(0.01)
        raise AssertionError(f"the sandbox did not start: {self.process.communicate()}")

    def stop(self) -> tuple[int, str]:
        self.http.close()
        self.process.terminate()
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out + err

    def control(self, method: str, path: str, document: object = None) -> Any:
        answer = self.http.request(method, f"/_sandbox/{path}", json=document)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def switch(self, **values: object) -> None:
        """`xai_casing="camel"` sets xai.casing."""
        self.control("POST", "switches", {name.replace("_", ".", 1): value for name, value in values.items()})

    def fault(self, match: str, action: str, **more: object) -> None:
        self.control("POST", "faults", {"match": match, "action": action, **more})

    def state(self) -> dict[str, Any]:
        return self.control("GET", "state")

    def log(self) -> list[dict[str, Any]]:
        return self.control("GET", "log")

    def xai(self, method: str, path: str, document: object = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.env['XAI_API_KEY']}", **options.pop("headers", {})}
        if document is not None:
            options["json"] = document
        return self.http.request(method, path, headers=headers, **options)

    def twilio(self, method: str, path: str, form: Any = None, **options: Any) -> httpx.Response:
        """`path` may begin with `~` for this account of the 2010 API."""
        env = options.pop("env", self.env)
        path = path.replace("~", f"/2010-04-01/Accounts/{env['TWILIO_ACCOUNT_SID']}", 1)
        auth = options.pop("auth", (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"]))
        return self.http.request(method, path, data=form, auth=auth, **options)

    def telnyx(self, method: str, path: str, document: object = None, **options: Any) -> httpx.Response:
        """`path` is below /v2."""
        env = options.pop("env", self.env)
        headers = {"Authorization": f"Bearer {env['TELNYX_API_KEY']}", **options.pop("headers", {})}
        if document is not None:
            options["json"] = document
        return self.http.request(method, f"/v2{path}", headers=headers, **options)

    def plivo(self, method: str, path: str, document: object = None, **options: Any) -> httpx.Response:
        """`path` is below the account."""
        env = options.pop("env", self.env)
        auth = options.pop("auth", (env["PLIVO_AUTH_ID"], env["PLIVO_AUTH_TOKEN"]))
        if document is not None:
            options["json"] = document
        return self.http.request(method, f"/v1/Account/{env['PLIVO_AUTH_ID']}{path}", auth=auth, **options)

    def owned(self, e164: str) -> dict[str, Any]:
        return next(each for each in self.state()["twilio"]["numbers"] if each["phone_number"] == e164)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("sandbox"))
    yield running
    assert running.stop() == (0, "")


@pytest.fixture
def sandbox(server: Server) -> Server:
    server.control("POST", "reset")
    return server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of the test's own."""
    started: list[Server] = []

    def run(db: Path | None = None) -> Server:
        started.append(Server(tmp_path, db))
        return started[-1]

    yield run
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()
