"""The line between our HTTP policy and the vendor: writes down every request, and breaks on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx

from tests.conftest import ASKS

Fault = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


class Wire(httpx.BaseTransport):
    """Real HTTP with a log; the next write (or read) may be given a fault. Access tokens (RFC 6749) are none of it."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport(verify=False)  # plain HTTP: no certificates to load
        self._lock = threading.Lock()
        self.log: list[tuple[str, str, int]] = []
        self.fault: Fault | None = None
        self.on: str = "write"
        #: The fault stays until it is taken away.
        self.lasts = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if asks_for_a_token(request):
            return self._send(request)
        line = (request.method, request.url.path)
        write = _writes(*line)
        with self._lock:
            fault = self.fault if (self.on == "write") == write else None
            if fault and not self.lasts:
                self.fault = None
        try:
            response = fault(request, lambda: self._send(request)) if fault else self._send(request)
        except httpx.TransportError:
            self.log.append((*line, 0))
            raise
        self.log.append((*line, response.status_code))
        return response

    def _send(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(request)

    def writes(self) -> list[tuple[str, str, int]]:
        return [entry for entry in self.log if _writes(*entry[:2])]


def _writes(method: str, path: str) -> bool:
    return method not in {"GET", "HEAD"} and (method, path) not in ASKS


def asks_for_a_token(request: httpx.Request) -> bool:
    """Whether it is one of OAuth's, which no operation of an object is about."""
    form = request.headers.get("content-type") == "application/x-www-form-urlencoded"
    return form and b"grant_type=" in request.read()


def lost_after(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    """The change is made, the answer never arrives."""
    send().read()
    raise httpx.ReadError("connection reset by peer")


def not_done(ignore: Callable[[str, str], None]) -> Fault:
    """The vendor accepts it, and does nothing."""

    def fault(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        ignore(request.method, request.url.path)
        return send()

    return fault


def status(code: int, **headers: str) -> Fault:
    """The vendor answers this, and does nothing."""

    def fault(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        return httpx.Response(code, headers=headers, json={"code": code, "message": "by the suite"}, request=request)

    return fault
