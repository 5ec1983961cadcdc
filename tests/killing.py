"""Runs of the engine that are killed at a request boundary, and what must be true after `xtel recover`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, Project

VICTIMS = ("engine", "provider", "both")
#: Where an object keeps its own id, the first of them that it has; the rest are ids of others.
_OWN = (
    *("sid", "phone_number_id", "agent_id", "id", "uri_uuid", "credential_uuid", "ipacl_uuid"),
    *("trunk_id", "app_id"),
)
_NATURAL = ("phone_number", "number", "friendly_name", "connection_name", "fqdn", "name", "sip_url", "uri", "username")
_ID = re.compile(
    r"\b(?:[A-Z]{2}[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\d{17,20}|[a-z]+_[0-9a-f]{24}|user[0-9a-f]{12})\b"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][0-9:.]+(?:Z|[+-]\d\d:?\d\d)?|\w{3}, \d\d \w{3} \d{4} [0-9:]{8} \+0000")


def xtel(project: Project, *arguments: str, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """The command line, in the project's folder."""
    command = [project.python, "-m", "xtel.cli", *arguments]
    done = subprocess.run(
        command, cwd=project.folder, env=project.env | env, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=300, check=False,
    )  # fmt: skip
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


def providers(engine: int) -> list[int]:
    """The processes below an engine's that run our providers."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    below, found = {engine}, []
    for _ in range(4):  # engine, a script, Python
        below |= {int(pid) for pid, parent, *_ in rows if int(parent) in below}
    for pid, _, *args in rows:
        if int(pid) in below and "pulumi.dynamic" in " ".join(args):
            found.append(int(pid))
    return found


def kill(running: subprocess.Popen[str], victim: str) -> None:
    """SIGKILL to the engine, its provider process, or both; a surviving engine is waited for."""
    pids = providers(running.pid) if victim != "engine" else []
    for pid in [*pids, *([] if victim == "provider" else [running.pid])]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.communicate(timeout=300)


def killed(project: Project, match: str, victim: str, *arguments: str, **env: str) -> None:
    """`pulumi up`, killed while the first request that matches waits for its answer at the vendor."""
    sandbox = project.sandbox
    sandbox.fault(match, "delay", seconds=3)  # so long that the kill comes before the answer, also on a busy machine
    running = project.start("up", "--yes", "--skip-preview", "--stack", STACK, *arguments, **env)
    deadline = time.monotonic() + 120
    while sandbox.faults_left():
        assert running.poll() is None and time.monotonic() < deadline, f"{match} was never called"
        time.sleep(0.02)
    kill(running, victim)


def verifies(secret: str, headers: dict[str, str], body: str) -> bool:
    """Whether a delivery is signed with a secret, as Standard Webhooks says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{right}" in headers["webhook-signature"].split()


def delivered(sandbox: Sandbox, number: str) -> dict[str, Any]:
    """What the number's webhook would get for a call right now."""
    return sandbox.http.post("/_sandbox/sign", json={"phone_number": number}).raise_for_status().json()


def kept(project: Project, key: str, stack: str = STACK) -> str:
    """The signing secret that the stack's outputs hold."""
    shown = project.run("stack", "output", "signing_secrets", "--show-secrets", "--json", "--stack", stack)
    return json.loads(shown)[key]


def network(sandbox: Sandbox) -> str:
    """All that the vendors hold, as text in which every id is replaced by what it names: equal for equal networks."""
    state = sandbox.state()
    names: dict[str, str] = {}
    for vendor, collections in state.items():
        for collection, objects in collections.items() if vendor != "counters" else ():
            for item in objects:
                natural = [str(item[name]) for name in _NATURAL if not str(item.get(name) or "/").startswith("/")]
                own = next((item[name] for name in _OWN if name in item), "")
                names.setdefault(str(own), f"<{vendor} {collection} {' '.join(natural)}>")
    text = _TIME.sub("<time>", _named(json.dumps(state), names))
    return json.dumps(_sorted(json.loads(text)), sort_keys=True, indent=1)


def _named(text: str, names: dict[str, str]) -> str:
    return _ID.sub(lambda match: json.dumps(names.get(match[0], "<id>"))[1:-1], text)


def _sorted(value: Any) -> Any:
    """Lists in an order of their own: vendors list by age, and ages differ."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value
