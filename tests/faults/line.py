"""The line to a vendor that really breaks: at one request of an operation, in one of the ways of :data:`FAULTS`."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from providers.kernel import deadline, http
from tests.conformance.wire import asks_for_a_token
from tests.conftest import Sandbox

#: Seconds: a client that waits so long gives up; a vendor that takes so long is slow, or too slow.
_PATIENCE, _SLOW, _TOO_SLOW = 0.15, 0.2, 0.4


@dataclass(frozen=True)
class Fault:
    """One way in which one request goes wrong. ``kills`` ends the process that made it."""

    name: str
    breaks: Callable[[Line, httpx.Request], httpx.Response]
    kills: bool = False
    #: Seconds after which the vendor has surely done what it was late with.
    settles: float = 0.0


#: The transport of the product itself, which ends a request in time; a case then puts its line in its place.
_NETWORK = http.network


class Line(httpx.BaseTransport):
    """Real HTTP to the sandbox; the first request of a kind (read or write) gets the fault."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._on = ""
        self._skip = 0
        self.inner = _NETWORK()
        self.broken = ""
        self.writes = 0
        self._always: Callable[[Line, httpx.Request], None] | None = None

    def arm(self, fault: Fault, on: str, after: int = 0) -> None:
        """Break the next request that reads (or writes), or one ``after`` so many of them."""
        self._fault, self._on, self._skip, self.broken = fault, on, after, ""

    def arm_reads(self, stages: Callable[[Line, httpx.Request], None]) -> None:
        """Before every read of an operation, until it is disarmed."""
        self._always = stages

    def disarm(self) -> None:
        self._fault = self._always = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if asks_for_a_token(request):
            return self.send(request)
        kind = "read" if request.method in {"GET", "HEAD"} else "write"
        with self._lock:
            self.writes += kind == "write"
            fault = self._fault if self._on == kind else None
            if fault and self._skip:
                fault, self._skip = None, self._skip - 1
            stages = self._always if kind == "read" else None
            if fault:
                self._fault, self.broken = None, f"{request.method} {request.url.path}"
        if stages:
            stages(self, request)
        return fault.breaks(self, request) if fault else self.send(request)

    def send(self, request: httpx.Request) -> httpx.Response:
        return self.inner.handle_request(request)

    def stage(self, request: httpx.Request, action: str, **more: Any) -> httpx.Response:
        """The sandbox itself does it."""
        self.sandbox.fault(f"{request.method} {request.url.path}", action, **more)
        return self.send(request)


def _elsewhere(request: httpx.Request, port: int) -> httpx.Request:
    request.url = request.url.copy_with(host="127.0.0.1", port=port)
    return request


def _refused(line: Line, request: httpx.Request) -> httpx.Response:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return line.send(_elsewhere(request, port))


def _impatient(request: httpx.Request) -> httpx.Request:
    request.extensions = {**request.extensions, "timeout": {**request.extensions["timeout"], "read": _PATIENCE}}
    return request


def _timeout_before(line: Line, request: httpx.Request) -> httpx.Response:
    """Somebody takes the connection and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        return line.send(_impatient(_elsewhere(request, silent.getsockname()[1])))


def _timeout_after(line: Line, request: httpx.Request) -> httpx.Response:
    """The vendor does it, after the client has gone."""
    return line.stage(_impatient(request), "delay", seconds=_TOO_SLOW)


def _dripping(line: Line, request: httpx.Request) -> httpx.Response:
    """The vendor does it, and tells so byte by byte, each in good time, for longer than anybody waits."""
    with deadline.within(_PATIENCE):
        answer = line.stage(request, "drip", seconds=_PATIENCE / 5)
        answer.read()
    return httpx.Response(answer.status_code, content=answer.content, headers={"content-type": _type(answer)})


def _answered(change: Callable[[httpx.Response], tuple[bytes, dict[str, str]]]) -> Callable[..., httpx.Response]:
    """The vendor does it; what arrives of its answer is something else."""

    def breaks(line: Line, request: httpx.Request) -> httpx.Response:
        answer = line.send(request)
        answer.read()
        body, headers = change(answer)
        return httpx.Response(answer.status_code, content=body, headers=headers)

    return breaks


def _type(answer: httpx.Response) -> str:
    return answer.headers.get("content-type", "")


def _staged(status: int, **more: Any) -> Callable[..., httpx.Response]:
    return lambda line, request: line.stage(request, "status", status=status, **more)


def _action(action: str, **more: Any) -> Callable[..., httpx.Response]:
    return lambda line, request: line.stage(request, action, **more)


def _killed(*, after: bool) -> Callable[..., httpx.Response]:
    def breaks(line: Line, request: httpx.Request) -> httpx.Response:
        if after:
            line.send(request).read()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")

    return breaks


_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"

FAULTS = (
    Fault("connection refused", _refused),
    Fault("reset before", _action("drop_before")),
    Fault("reset after", _action("drop_after")),
    Fault("timeout before", _timeout_before),
    Fault("timeout after", _timeout_after, settles=_TOO_SLOW),
    Fault("429", _staged(429)),
    Fault("429 Retry-After", _staged(429, headers={"Retry-After": "3"})),
    Fault("500", _staged(500)),
    Fault("502 HTML", _staged(502, body=_HTML, headers={"content-type": "text/html"})),
    Fault("503", _staged(503)),
    Fault("truncated JSON", _answered(lambda answer: (answer.content[: len(answer.content) // 2], {}))),
    Fault("wrong content type", _answered(lambda answer: (answer.content, {"content-type": "text/html"}))),
    Fault("empty body", _answered(lambda answer: (b"", {"content-type": _type(answer)}))),
    Fault("404 once", _staged(404)),
    Fault("drip", _dripping),
    Fault("bomb", _action("bomb")),
    Fault("slow answer", _action("delay", seconds=_SLOW)),
    Fault("401 once", _staged(401)),
    Fault("SIGKILL before", _killed(after=False), kills=True),
    Fault("SIGKILL after", _killed(after=True), kills=True),
)

#: Writes that are accepted: nothing is done, and the answer shows what there is, or what was asked for; or it is done, and
#: the answer names another object.
LIES = (
    Fault("not done", _action("ignore")),
    Fault("not done and told otherwise", _action("ignore", echo="asked")),
    Fault("another object's id", _action("swap_id")),
)


def _every(action: str, **more: Any) -> Callable[[Line, httpx.Request], None]:
    """Every list of the operation, for as long as it lasts."""
    staged: set[str] = set()

    def stages(line: Line, request: httpx.Request) -> None:
        match = f"GET {request.url.path}"
        if match not in staged:
            staged.add(match)
            line.sandbox.fault(match, action, times=-1, **more)

    return stages


def _gone_while_listed(ids: tuple[str, ...]) -> Callable[[Line, httpx.Request], None]:
    """404 for each object by itself, whatever asks for it; every list shows it."""
    staged: set[str] = set()

    def stages(line: Line, request: httpx.Request) -> None:
        match = f"GET {request.url.path}"
        *_, before, named = request.url.path.rstrip("/").removesuffix(".json").split("/")
        if match not in staged and (named in ids or (before in ids and named == "Recording")):
            staged.add(match)
            line.sandbox.fault(match, "gone", seconds=600)

    return stages


@dataclass(frozen=True)
class Misleading:
    """Answers to reads that are not to be believed: given the object's ids and a host of a stranger, what to stage."""

    name: str
    stages: Callable[[tuple[str, ...], str], Callable[[Line, httpx.Request], None]]


#: Columns of every operation: all its reads mislead, from its beginning to its end.
MISLEADING = (
    Misleading("endless pages", lambda ids, host: _every("endless")),
    Misleading("next page elsewhere", lambda ids, host: _every("elsewhere", host=host)),
    Misleading("404 while listed", lambda ids, host: _gone_while_listed(ids)),
)


class Stranger:
    """A host on this machine that nobody of ours has any business with; it takes down who comes all the same."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = "127.0.0.1:" + str(self._listener.getsockname()[1])

    def visited(self) -> bool:
        """Whether anybody came."""
        self._listener.setblocking(False)
        try:
            self._listener.accept()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._listener.close()


def in_a_process_of_its_own(line: Line, work: Callable[[], Any]) -> bool:
    """Run ``work`` in a child that a fault may kill; answers whether it was."""
    child = os.fork()
    if child == 0:
        line.inner = _NETWORK()  # connections of the parent stay the parent's
        line.sandbox = Sandbox(line.sandbox.url)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def settle(fault: Fault) -> None:
    """Wait until the vendor is done with what it was late with."""
    if fault.settles:
        time.sleep(fault.settles)
