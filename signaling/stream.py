"""Messages out of a stream (RFC 3261 §18.3 and §7.5, RFC 5626 §3.5.1): by Content-Length, however it was cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from signaling.errors import FramingError, ParseError
from signaling.headers import TOKEN
from signaling.message import content_length, parse_headers

#: Asks for a PONG (RFC 5626 §4.4.1); both are no messages.
PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
#: More is no telephone call any more.
LARGEST_HEAD: Final = 65_536
LARGEST_BODY: Final = 1_048_576


class Framer:
    """Collects the bytes of one connection and cuts them into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What is complete now, one after the other: whole messages, and PING where the peer sent one.

        Raises FramingError where the end of a message cannot be told, after all messages before it.
        """
        self._buffer += data
        while (item := self._next()) is not None:
            yield item

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if buffer.startswith(PING):
            del buffer[:4]
            return PING
        if buffer.startswith(PONG) and len(buffer) > 2 and not buffer.startswith(b"\r", 2):
            del buffer[:2]
        if not buffer or buffer.startswith(b"\r"):
            return None
        if not TOKEN.match(chr(buffer[0])):
            raise FramingError("what came is no SIP (TLS on a port for TCP?)")
        end = buffer.find(b"\r\n\r\n")
        if end > LARGEST_HEAD or (end < 0 and len(buffer) > LARGEST_HEAD):
            raise FramingError("a message's header is longer than 64 KiB", bytes(buffer[:2048]), 513)
        if end < 0:
            return None
        total = end + 4 + _length(bytes(buffer[:end]))
        if len(buffer) < total:
            return None
        message = bytes(buffer[:total])
        del buffer[:total]
        return message


def _length(head: bytes) -> int:
    lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape")).split("\r\n")[1:]
    named = [line for line in lines if re.match(r"(?:content-length|l)[ \t]*:", line, re.IGNORECASE)]
    try:
        length = content_length(parse_headers(named))
    except ParseError as error:
        raise FramingError(error.reason, head) from None
    if length is None:
        raise FramingError("Content-Length is missing", head)
    if length > LARGEST_BODY:
        raise FramingError("a message's body is longer than 1 MiB", head, 513)
    return length
