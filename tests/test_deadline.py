"""A request's time is that of all its bytes: whoever sends one now and then is not waited for by the byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from providers.kernel import deadline, errors, http, limits, operation
from providers.kernel.operation import Operation
from tests.conftest import Sandbox

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n"


@contextmanager
def dripping(at_once: bytes, drop: bytes = b" ") -> Generator[str]:
    """A server that never ends its answers, each byte of which comes in good time."""
    stopped = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(at_once)
                while not stopped.wait(0.02):
                    connection.sendall(drop)
            except OSError:
                return

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)


#: What comes at once, and what then drips: nothing but a head without end, or a body without end.
DRIPS = [
    (HEAD, b"x"),
    (HEAD + b"\r\n", b" "),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    (b"", b"H"),
]


@pytest.mark.parametrize(("at_once", "drop"), DRIPS)
def test_an_answer_without_end_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch, at_once: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(http, "DEADLINE", 0.3)
    with dripping(at_once, drop) as url, http.client("vendor", limits.Limit(4), base_url=url) as client:
        started = time.monotonic()
        with pytest.raises(errors.Unavailable, match="no answer to POST /things in time"):
            client.post("/things")
        assert 0.2 < time.monotonic() - started < 1


def test_an_operation_is_not_outlasted_by_its_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LEAST", 0.2)
    with dripping(HEAD + b"\r\n") as url, http.client("vendor", limits.Limit(4), base_url=url) as client:
        started = time.monotonic()
        with operation.operating(Operation(budget=0.5)), pytest.raises(errors.Unavailable, match="in time"):
            client.get("/things")
        assert time.monotonic() - started < 2


def test_what_comes_in_time_is_taken(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "DEADLINE", 0.5)
    with http.client("sandbox", limits.Limit(4), base_url=sandbox.url) as client:
        sandbox.fault("GET /nowhere", "status", status=200, body={"ok": True})
        assert client.get("/nowhere").json() == {"ok": True}
        sandbox.fault("GET /v2/phone-numbers", "drip", seconds=1)
        sandbox.fault("GET /v2/phone-numbers", "status", status=200, body=[])
        assert client.get("/v2/phone-numbers").json() == []


def test_outside_of_a_block_nothing_ends() -> None:
    assert not deadline.passed()
    with deadline.within(0):
        assert deadline.passed()
    assert not deadline.passed()


def test_a_connection_is_not_made_after_the_time() -> None:
    with deadline.within(0), pytest.raises(httpx.ConnectTimeout):
        http.network().handle_request(httpx.Request("GET", "http://127.0.0.1:9/", extensions={"timeout": {}}))
