"""The phone network on this machine, as a process in the background: its life, its environment, its Pulumi backend.

Everything is below ``.sandbox/`` in the project's root. What the sandbox holds outlives down and up. The sandbox is
only ever started and asked over HTTP, never imported: it must be able to disagree with us.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from providers.kernel import errors, http, limits, operation, registry
from providers.kernel.errors import XtelError
from xtel import terminal
from xtel.project import programs
from xtel.project.layout import SANDBOX, Project, shown

PORT = 8470
STACK = SANDBOX
ACCOUNTS = ("main", "other")
#: Where a shell that evaluated `xtel sandbox env` is pointed at.
VARIABLE = "XTEL_SANDBOX_URL"
_START_SECONDS, _STOP_SECONDS = 20, 5
#: What the demo's stack is encrypted with: no secret, it protects nothing but made-up credentials.
_PASSPHRASE = "sandbox"  # noqa: S105


@dataclass(frozen=True)
class Running:
    """A sandbox process of this project; ``healthy`` says whether it answers."""

    pid: int
    port: int
    url: str
    healthy: bool


class LocalSandbox:
    """The sandbox of one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.root.resolve() / ".sandbox"
        self.ready = self.folder / "ready.json"
        self.db = self.folder / "sandbox.db"
        self.log = self.folder / "sandbox.log"
        self.backend = self.folder / "pulumi"

    def running(self) -> Running | None:
        """The process that ready.json names, if it still is our sandbox: after a reboot the pid may be anybody's."""
        try:
            told: dict[str, Any] = json.loads(self.ready.read_text())
            pid, port, url = int(told["pid"]), int(told["port"]), str(told["url"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Running(pid, port, url, self._healthy(url)) if self._ours(pid) else None

    def up(self, port: int | None) -> tuple[Running, bool]:
        """The running sandbox, and whether this call started it."""
        with self.alone():
            found = self.running()
            if found and not found.healthy:
                raise XtelError(
                    f"the sandbox (process {found.pid}) does not answer at {found.url}",
                    step="xtel sandbox down, then xtel sandbox up",
                )
            return (found, False) if found else (self._start(_port(port)), True)

    def down(self) -> Running | None:
        """Stop the sandbox; says which one was running. Signals its process alone, and only while it is ours."""
        if not self.folder.is_dir():
            return None
        with self.alone():
            found = self.running()
            if found:
                self._stop(found.pid)
            self.ready.unlink(missing_ok=True)
            return found

    def reset(self) -> Running | None:
        """Back to the first day: the default seed, and nothing applied. Says what is running."""
        if not self.folder.is_dir():
            return None
        with self.alone():
            found = self.running()
            if found:
                self._ask(found, "POST", "reset")
            else:
                for file in self.folder.glob(f"{self.db.name}*"):  # SQLite keeps up to three files
                    file.unlink(missing_ok=True)
            shutil.rmtree(self.backend, ignore_errors=True)
            return found

    def environment(self, account: str = "main") -> dict[str, str]:
        """Every variable that makes Pulumi and the vendors' clients talk to the sandbox; an error when it is down."""
        found = self.running()
        if found is None:
            raise XtelError("the sandbox is not up", step="xtel sandbox up")
        vendors = self._ask(found, "GET", "env", account=account)
        return {**self.engine_environment(), **{name: str(value) for name, value in vendors.items()}}

    def shell_environment(self, account: str) -> dict[str, str]:
        """The environment for a shell: with PATH, unless that begins with our programs already.

        A credential that the shell holds and the sandbox does not give is emptied: a real Twilio API key would win over
        the sandbox's token, be refused by the sandbox, and should not travel to begin with.
        """
        variables, path = self.environment(account), programs.search_path()
        known = {credential.env for vendor in registry.vendors().values() for credential in vendor.credentials}
        emptied = {name: "" for name in sorted(known - variables.keys()) if os.environ.get(name)}
        first = {} if path == os.environ.get("PATH") else {"PATH": path}
        return {**first, **variables, **emptied}

    def as_json(self, found: Running | None) -> dict[str, Any]:
        """For ``--json``."""
        told = {"pid": found.pid, "port": found.port, "url": found.url} if found else {}
        return {"up": bool(found and found.healthy), **told, "folder": str(self.folder)}

    def engine_environment(self) -> dict[str, str]:
        """What Pulumi itself needs to find the sandbox's stack."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_PARALLEL": "32",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }

    def _start(self, port: int) -> Running:
        self.ready.unlink(missing_ok=True)
        # -P: a file of the project that is named like a module must not be imported in its place.
        command = [sys.executable, "-P", "-m", "sandbox", "--port", str(port)]
        command += ["--db", str(self.db), "--ready", str(self.ready)]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        try:
            while process.poll() is None and time.monotonic() < deadline:
                found = self.running()
                if found and found.healthy:
                    return found
                time.sleep(0.05)
        except BaseException:  # Ctrl-C while waiting must not leave half a sandbox behind
            process.kill()
            raise
        if process.poll() is None:
            process.kill()
        raise XtelError(f"the sandbox did not start: {self._last_words()}", step=f"read {shown(self.log)}")

    def _stop(self, pid: int) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + _STOP_SECONDS
            while time.monotonic() < deadline:
                if not self._ours(pid):
                    return
                time.sleep(0.05)
        raise XtelError(f"the sandbox (process {pid}) does not end", step=f"kill -9 {pid}")

    def _last_words(self) -> str:
        """Why it did not start, from the end of its log; a traceback is shown above the error, its last line in it."""
        lines = self.log.read_text(errors="replace").strip().splitlines()[-15:]
        for line in lines[:-1]:
            terminal.note(line)
        return lines[-1].removeprefix("sandbox: ") if lines else f"no answer in {_START_SECONDS} s"

    def _ours(self, pid: int) -> bool:
        """Whether a process was started with the path of our ready.json: no other process has that argument."""
        try:
            return str(self.ready) in Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
        except OSError:
            if Path("/proc/self").exists():
                return False
        told = subprocess.run(
            ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
        )
        return str(self.ready) in told.stdout

    def _healthy(self, url: str) -> bool:
        with suppress(XtelError):
            ask(url, "GET", "health")
            return True
        return False

    def _ask(self, found: Running, method: str, name: str, **query: str) -> dict[str, Any]:
        try:
            return cast(dict[str, Any], ask(found.url, method, name, **query))
        except XtelError as error:
            raise XtelError(f"the sandbox at {found.url}: {error.summary}", step="xtel sandbox down, then up") from None

    @contextmanager
    def alone(self) -> Generator[None]:
        """Two terminals may say `up` at once; the second one waits and finds it up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def place(project: Project) -> str:
    """URL of the sandbox that this shell is pointed at, else of this project's own. Raises XtelError when that is down."""
    if told := os.environ.get(VARIABLE):
        return told
    found = LocalSandbox(project).running()
    if found is None:
        raise XtelError("the sandbox is not up", step="xtel sandbox up")
    return found.url


def ask(origin: str, method: str, name: str, body: object = None, **query: str) -> Any:
    """One request to a sandbox, sent once: whether it answers now is the question."""
    with (
        operation.operating(operation.Operation(budget=0)),
        http.client("sandbox", limits.Limit(4), base_url=origin, timeout=10) as client,
    ):
        try:
            answer = client.request(method, f"/_sandbox/{name}", params=query, json=body)
        except errors.Unavailable as error:
            raise error.reworded(step='`xtel sandbox up`, and `eval "$(xtel sandbox env)"` in this shell') from None
        return answer.json() if answer.content else None


def _port(wanted: int | None) -> int:
    """The port asked for, or the usual one, or any when that is busy."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT if wanted is None else wanted))
        except OSError as error:
            if wanted is None:
                return 0
            raise XtelError(
                f"port {wanted} cannot be used: {error.strerror}", step="leave --port out, any free one is taken"
            ) from None
    return PORT if wanted is None else wanted


def quoted(value: str) -> str:
    """A value in single quotes, for any shell of the Bourne family."""
    inner = value.replace("'", "'\"'\"'")
    return f"'{inner}'"


def plain(value: str) -> bool:
    """Whether a shell takes a value as it is, without quotes."""
    return re.fullmatch(r"[\w./:=,@+-]+", value) is not None


def reading(project: Project, stack: str) -> dict[str, str]:
    """Where Pulumi finds a stack: as the shell says; the sandbox's stack also in a shell that was told nothing."""
    it = LocalSandbox(project)
    if stack == STACK and "PULUMI_BACKEND_URL" not in os.environ and it.backend.is_dir():
        return it.engine_environment()
    return {}
