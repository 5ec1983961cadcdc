"""The PROXY protocol, version 2: who really called, as a load balancer writes it before the first byte of a connection."""

from __future__ import annotations

import ipaddress
import struct
from typing import Final

from signaling.errors import ParseError

SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
#: Signature, version and command, family, length of the rest.
FIXED: Final = 16
_LARGEST: Final = 2048


def rest_length(head: bytes) -> int:
    """How many bytes follow the first 16. Raises ParseError on what is no header of version 2."""
    if len(head) != FIXED or not head.startswith(SIGNATURE) or head[12] >> 4 != 2:
        raise ParseError("no PROXY protocol header of version 2")
    length = int(struct.unpack("!H", head[14:16])[0])
    if length > _LARGEST:
        raise ParseError("a PROXY protocol header is longer than 2 KiB")
    return length


def parse(header: bytes) -> tuple[str, int] | None:
    """Source address and port; None for LOCAL, where the connection speaks for itself. Raises ParseError."""
    length = rest_length(header[:FIXED])
    command, family, rest = header[12] & 0x0F, header[13] >> 4, header[FIXED : FIXED + length]
    if command == 0:
        return None
    size = {1: 4, 2: 16}.get(family)
    if command != 1 or size is None or len(rest) < 2 * size + 4:
        raise ParseError("a PROXY protocol header names no IP address")
    return str(ipaddress.ip_address(rest[:size])), int(struct.unpack_from("!H", rest, 2 * size)[0])


def header(source: tuple[str, int], destination: tuple[str, int]) -> bytes:
    """The header that says a TCP connection comes from ``source``; both addresses of one family."""
    ends = [ipaddress.ip_address(host) for host, _ in (source, destination)]
    if ends[0].version != ends[1].version:
        raise ValueError("source and destination are of different address families")
    family = 0x11 if ends[0].version == 4 else 0x21
    rest = ends[0].packed + ends[1].packed + struct.pack("!HH", source[1], destination[1])
    return SIGNATURE + bytes([0x21, family]) + struct.pack("!H", len(rest)) + rest
