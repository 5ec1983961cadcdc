"""What a proxy asks of its media relay (rtpengine's ng protocol): written down on the way to the real one.

Where that is not installed a stand-in answers: its SDP is as it was asked for, and nothing is heard through it.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

#: Where the bundles look for the relay, and where the real one is.
ASKED, REAL = ("127.0.0.1", 2223), ("127.0.0.1", 2224)


@dataclass
class Relay:
    """Every offer, answer and deletion, in order."""

    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def steps(self) -> list[str]:
        """``offer AVP>SAVP``, ``answer SAVP>AVP``, ``delete``: what came, and what was made of it."""
        return [_step(request) for request in self.asked if request["command"] != "ping"]


@contextmanager
def relay(address: str, *, real: bool) -> Iterator[Relay]:
    """Stands between a proxy and the relay, or for one at this address."""
    kept, over = Relay(), threading.Event()
    with socket.socket(type=socket.SOCK_DGRAM) as asked, socket.socket(type=socket.SOCK_DGRAM) as onward:
        asked.bind(ASKED)
        asked.settimeout(0.1)
        onward.settimeout(2)

        def answered(data: bytes) -> bytes:
            if not real:
                return _stand_in(data, address)
            onward.sendto(data, REAL)
            return onward.recv(65535)

        thread = threading.Thread(target=_pass_on, args=(asked, answered, kept, over), daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            over.set()
            thread.join()


def _pass_on(asked: socket.socket, answered: Callable[[bytes], bytes], kept: Relay, over: threading.Event) -> None:
    seen: set[bytes] = set()
    while not over.is_set():
        try:
            data, peer = asked.recvfrom(65535)
        except TimeoutError:
            continue
        cookie, _, body = data.partition(b" ")
        answer = answered(data)
        if cookie not in seen:
            seen.add(cookie)
            request, result = read(body)[0], read(answer.partition(b" ")[2])[0]
            kept.asked.append({**request, "result": result.get("result"), "made": result.get("sdp", "")})
        asked.sendto(answer, peer)


_KEY = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"


def _stand_in(data: bytes, address: str) -> bytes:
    """The same SDP at the relay's address, plain or encrypted as asked for."""
    cookie, _, body = data.partition(b" ")
    request = read(body)[0]
    if request["command"] == "ping":
        return cookie + b" d6:result4:ponge"
    if "sdp" not in request:
        return cookie + b" d6:result2:oke"
    profile = request["transport-protocol"]
    text = re.sub(r"(?m)^a=(?:crypto|fingerprint|setup).*\r?\n", "", request["sdp"])
    text = re.sub(r"(?m)^((?:o=.*|c=)IN IP4) \S+", rf"\1 {address}", text)
    text = re.sub(r"(?m)^m=audio \d+ \S+", f"m=audio 30000 {profile}", text)
    made = (text + (_KEY if profile == "RTP/SAVP" else "")).encode()
    return cookie + b" d6:result2:ok3:sdp%d:%se" % (len(made), made)


def _step(request: dict[str, Any]) -> str:
    if request["command"] == "delete":
        return "delete"
    kinds = [_profile(str(request.get(name, ""))) for name in ("sdp", "made")]
    return f"{request['command']} {'>'.join(kinds)}" + ("" if request["result"] == "ok" else " failed")


def _profile(sdp: str) -> str:
    found = re.search(r"(?m)^m=audio \d+ RTP/(\S+)", sdp)
    return found[1] if found else "none"


def read(data: bytes) -> tuple[Any, bytes]:
    """A bencoded value, and what follows it."""
    kind, rest = data[:1], data[1:]
    if kind == b"i":
        number, _, rest = rest.partition(b"e")
        return int(number), rest
    if kind in b"ld":
        items: list[Any] = []
        while rest[:1] != b"e":
            item, rest = read(rest)
            items.append(item)
        made = items if kind == b"l" else dict(zip(items[::2], items[1::2], strict=True))
        return made, rest[1:]
    length, _, rest = data.partition(b":")
    return rest[: int(length)].decode(), rest[int(length) :]
