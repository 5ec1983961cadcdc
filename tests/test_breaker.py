"""A vendor that cannot be reached is found out once, within seconds; one that stumbles is not given up."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from providers.kernel import breaker, errors, http, limits, operation
from providers.kernel.operation import Operation
from tests.test_http import Line, refused


class Clock:
    """Time that passes when somebody waits, or when a request takes some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        for module in (breaker, limits):
            monkeypatch.setattr(module, "clock", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Host(Line):
    """The same with what each answer takes."""

    def __init__(self, clock: Clock, *answers: httpx.Response | Exception, takes: float = 0.0) -> None:
        super().__init__(*answers)
        self._clock, self._takes = clock, takes
        self.looks: list[float] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        look = request.extensions["timeout"]["read"]
        self.looks.append(look)
        self._clock.wait(min(self._takes, look))
        return super().handle_request(request)


def on(line: Line, clock: Clock) -> httpx.Client:
    policy = http.Policy("acme", limits.Limit(4), line)
    policy._sleep = clock.wait
    return httpx.Client(transport=policy, base_url="https://api.example.com", timeout=http.TIMEOUT)


DOWN: dict[str, Callable[[], httpx.Response | Exception]] = {
    "connect": lambda: httpx.ConnectError("refused"),
    "slow connect": lambda: httpx.ConnectTimeout("slow"),
    "silent": lambda: httpx.ReadTimeout("slow"),
    "cut": lambda: httpx.RemoteProtocolError("cut"),
    "5xx": lambda: refused(503),
    "maintenance": lambda: httpx.Response(200, content=b"<html>", headers={"content-type": "text/html"}),
}


@pytest.mark.parametrize("down", DOWN)
def test_who_is_down_is_found_out_once(clock: Clock, down: str) -> None:
    line = Host(
        clock, *(DOWN[down]() for _ in range(1000)), takes=5.0 if "slow" in down else 60 if down == "silent" else 0
    )
    client, begun, said = on(line, clock), clock.now, list[str]()
    for index in range(39):
        doing = Operation(vendor="acme", object="Trunk", number=f"+1415555{index:04d}", started=time.monotonic())
        with operation.operating(doing), pytest.raises(errors.Temporary) as caught:
            client.request("POST" if index % 3 == 2 else "GET", f"/things/{index}")
        said.append(str(caught.value).removeprefix(doing.subject))
    assert clock.now - begun < 25
    assert line.calls <= 11
    assert len(set(said[2:])) == 1
    assert said[2].startswith(": ") and "api.example.com" in said[2] and "; next: check the network" in said[2]


STUMBLES: dict[str, list[Callable[[], httpx.Response | Exception]]] = {
    "one 503": [DOWN["5xx"]],
    "one dropped connection": [DOWN["cut"]],
    "refused three times": [DOWN["connect"]] * 3,
    "a slow answer": [DOWN["silent"]],
    "four of five attempts": [DOWN["5xx"]] * 4,
}


@pytest.mark.parametrize("stumble", STUMBLES)
def test_who_stumbles_is_not_given_up(clock: Clock, stumble: str) -> None:
    good = [httpx.Response(200, json={}) for _ in range(3)]
    line = Line(*(answer for _ in range(20) for answer in (*(make() for make in STUMBLES[stumble]), *good)))
    client = on(line, clock)
    for _ in range(40):
        assert client.get("/things").status_code == 200


def test_one_path_that_is_broken_ends_nothing_else(clock: Clock) -> None:
    line = Line(*(refused(500) for _ in range(5)), httpx.Response(200, json={}), *(refused(500) for _ in range(5)))
    client = on(line, clock)
    for _ in range(2):
        with pytest.raises(errors.Unavailable, match="HTTP 500"):
            client.get("/broken")
        assert client.get("/things").status_code == 200


def test_other_hosts_go_on(clock: Clock) -> None:
    class Half(Line):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "api.example.com":
                raise httpx.ConnectError("refused")
            return super().handle_request(request)

    client = on(Half(), clock)
    for _ in range(3):
        with pytest.raises(errors.Unreachable, match="cannot reach api.example.com"):
            client.get("/things")
        assert client.get("https://other.example.com/things").status_code == 200


def test_a_write_whose_answer_is_lost_says_so(clock: Clock) -> None:
    client = on(Line(*(httpx.ReadTimeout("slow") for _ in range(9))), clock)
    for _ in range(4):
        with pytest.raises(errors.Unavailable, match="no answer to POST"):
            client.post("/things")


def test_days_later_it_may_be_back(clock: Clock) -> None:
    line = Line(*(httpx.ConnectError("refused") for _ in range(6)))
    client = on(line, clock)
    with pytest.raises(errors.Unreachable):
        client.get("/things")
    clock.wait(breaker.AGAIN)
    with pytest.raises(errors.Unreachable):
        client.get("/things")
    tried = line.calls
    with pytest.raises(errors.Unreachable):
        client.get("/things")
    assert line.calls == tried
    clock.wait(breaker.AGAIN)
    assert client.get("/things").status_code == 200
    assert client.get("/things").status_code == 200


def test_only_who_has_not_answered_yet_is_looked_at_shortly(clock: Clock) -> None:
    line = Host(clock, httpx.ReadTimeout("slow"), httpx.Response(200, json={}), takes=1)
    client = on(line, clock)
    client.get("/things")
    client.get("/things")
    client.post("/things")
    assert line.looks == [breaker.FIRST_LOOK, breaker.NEXT_LOOK, 30.0, 30.0]


# -- real sockets ------------------------------------------------------------------------------------------------------


@contextmanager
def listening(serve: Callable[[socket.socket], None] | None = None) -> Iterator[int]:
    """A port on which connections are made, and each gets what ``serve`` does; nothing, without it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                serve and serve(connection)

        if serve:
            threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR) if serve else None


def closed_port() -> int:
    with listening() as port:
        return port


def ask(url: str, budget: float = 120.0) -> str:
    with http.client("acme", limits.Limit(4), base_url=url) as client:
        with operation.operating(Operation(budget=budget)), pytest.raises(errors.Temporary) as caught:
            client.get("/things")
        return str(caught.value)


def test_why_there_is_no_connection(tmp_path: Path) -> None:
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run([*make, *files], check=True, capture_output=True)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(tmp_path / "cert", tmp_path / "key")

    def encrypted(connection: socket.socket) -> None:
        try:
            own.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()

    port = closed_port()
    assert f"cannot reach 127.0.0.1:{port}: connection refused; next: " in ask(f"http://127.0.0.1:{port}", 0.1)
    assert "cannot reach nobody.invalid: its name is not found in DNS (" in ask("https://nobody.invalid", 0.1)
    with listening(encrypted) as port:
        assert f"cannot reach localhost:{port}: TLS failed: self-signed certificate" in ask(
            f"https://localhost:{port}", 0.1
        )

    def cutting(connection: socket.socket) -> None:
        connection.recv(4096)  # closed with the client's hello unread, it would be reset: another reason
        connection.close()

    with listening(cutting) as port:
        assert f"cannot reach 127.0.0.1:{port}: TLS failed" in ask(f"https://127.0.0.1:{port}", 0.1)


def test_who_takes_connections_and_says_nothing_is_found_out_by_all_at_once() -> None:
    started = time.monotonic()
    with listening() as port, http.client("acme", limits.Limit(4), base_url=f"http://127.0.0.1:{port}") as client:

        def one(index: int) -> str:
            with operation.operating(Operation()), pytest.raises(errors.Temporary) as caught:
                client.get(f"/things/{index}")
            return str(caught.value)

        with ThreadPoolExecutor(32) as pool:
            said = set(pool.map(one, range(100)))
    assert time.monotonic() - started < 25
    assert len(said) == 1
    assert f"127.0.0.1:{port} does not answer (GET /things/" in said.pop()
