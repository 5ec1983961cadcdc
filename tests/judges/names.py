"""A name server on this machine that knows a few names: SRV for SIP over TLS, and A (RFC 1035, RFC 2782, RFC 3263).

At port 53 of a loopback address of its own, as PJSIP asks no other port: that is root's to bind.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

_A, _SRV, _IN = 1, 33, 1
_ADDRESS = "127.77.53.1"


@contextmanager
def names(known: Mapping[str, str]) -> Iterator[str]:
    """Answers questions for these names, each of which is at an ``address:port``; its own address."""
    with socket.socket(type=socket.SOCK_DGRAM) as opened:
        try:
            opened.bind((_ADDRESS, 53))
        except PermissionError:
            pytest.skip("port 53 is root's to bind")
        opened.settimeout(0.1)
        over = threading.Event()
        thread = threading.Thread(target=_serve, args=(opened, known, over), daemon=True)
        thread.start()
        try:
            yield _ADDRESS
        finally:
            over.set()
            thread.join()


def _serve(opened: socket.socket, known: Mapping[str, str], over: threading.Event) -> None:
    while not over.is_set():
        try:
            question, peer = opened.recvfrom(2000)
        except TimeoutError:
            continue
        opened.sendto(_answered(question, known), peer)


def _answered(question: bytes, known: Mapping[str, str]) -> bytes:
    end = question.index(b"\0", 12) + 1
    labels, rest = [], question[12 : end - 1]
    while rest:
        labels.append(rest[1 : rest[0] + 1].decode().lower())
        rest = rest[rest[0] + 1 :]
    (kind,) = struct.unpack("!H", question[end : end + 2])
    asked, records = ".".join(labels), b""
    if kind == _A and asked in known:
        records = _record(_A, socket.inet_aton(known[asked].partition(":")[0]))
    elif kind == _SRV and asked.startswith("_sips._tcp.") and (place := known.get(asked.partition("_tcp.")[2])):
        port = place.partition(":")[2]
        target = b"".join(bytes([len(label)]) + label.encode() for label in labels[2:]) + b"\0"
        records = _record(_SRV, struct.pack("!HHH", 0, 0, int(port)) + target)
    # An authoritative answer; NXDOMAIN where there is none.
    flags = 0x8580 if records else 0x8583
    head = question[:2] + struct.pack("!HHHHH", flags, 1, int(bool(records)), 0, 0)
    return head + question[12 : end + 4] + records


def _record(kind: int, data: bytes) -> bytes:
    """For the name that was asked for."""
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, _IN, 60, len(data)) + data
