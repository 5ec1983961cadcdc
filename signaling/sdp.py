"""Session descriptions (RFC 8866): text to objects and back. What an offer and its answer make of them: ``offer``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from signaling.errors import ParseError

Attributes = list[tuple[str, str]]


def _values(attributes: Attributes, name: str) -> list[str]:
    return [value for key, value in attributes if key == name]


@dataclass
class Media:
    """One ``m=`` section. ``connection`` is the address of its own ``c=``, else the session's; empty for none."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    attributes: Attributes = field(default_factory=Attributes)
    connection: str = ""
    address_type: str = "IP4"

    def values(self, name: str) -> list[str]:
        """Values of every attribute of this name, an empty text for a flag."""
        return _values(self.attributes, name)

    def mapped(self, name: str) -> dict[str, str]:
        """An attribute per format (``rtpmap``, ``fmtp``): payload type to the rest."""
        parts = [value.partition(" ") for value in self.values(name)]
        return {key: rest.strip() for key, _, rest in parts}

    @property
    def direction(self) -> str:
        """``sendrecv``, ``sendonly``, ``recvonly`` or ``inactive``, as who wrote it sees it; empty when not said."""
        named = [key for key, _ in self.attributes if key in {"sendrecv", "sendonly", "recvonly", "inactive"}]
        return named[-1] if named else ""

    @property
    def encrypted(self) -> bool:
        """Whether the profile is one of SRTP (``RTP/SAVP``, ``UDP/TLS/RTP/SAVPF`` …)."""
        return "SAVP" in self.protocol.upper()


@dataclass
class SessionDescription:
    """A whole description. ``origin`` is the ``o=`` line's user, id, version and address."""

    session_id: int = 0
    version: int = 0
    address: str = ""
    username: str = "-"
    name: str = "-"
    connection: str = ""
    attributes: Attributes = field(default_factory=Attributes)
    media: list[Media] = field(default_factory=list[Media])

    def values(self, name: str) -> list[str]:
        """Values of every session attribute of this name."""
        return _values(self.attributes, name)

    def direction(self, media: Media) -> str:
        """What a media section says of its direction, else the session, else ``sendrecv`` (RFC 8866 §6.7)."""
        session = [key for key, _ in self.attributes if key in {"sendrecv", "sendonly", "recvonly", "inactive"}]
        return media.direction or (session[-1] if session else "sendrecv")

    def __str__(self) -> str:
        lines = ["v=0", f"o={self.username} {self.session_id} {self.version} IN IP4 {self.address}", f"s={self.name}"]
        if self.connection:
            lines.append(f"c=IN IP4 {self.connection}")
        lines += ["t=0 0", *_attribute_lines(self.attributes)]
        for media in self.media:
            lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
            if media.connection and media.connection != self.connection:
                lines.append(f"c=IN IP4 {media.connection}")
            lines += _attribute_lines(media.attributes)
        return "\r\n".join([*lines, ""])


def _attribute_lines(attributes: Iterable[tuple[str, str]]) -> list[str]:
    return [f"a={name}:{value}" if value else f"a={name}" for name, value in attributes]


def parse(text: str) -> SessionDescription:
    """Read a description; lines that mean nothing to a telephone call are skipped. Raises ParseError."""
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines or lines[0].strip() != "v=0":
        raise ParseError("a session description starts with v=0")
    found = SessionDescription()
    for line in lines[1:]:
        kind, equals, value = line.partition("=")
        if not equals or len(kind) != 1:
            raise ParseError(f"{line[:40]!r} is no line of a session description")
        _take(found, kind, value.strip())
    return found


def _take(found: SessionDescription, kind: str, value: str) -> None:
    place = found.media[-1] if found.media else found
    match kind:
        case "o":
            _take_origin(found, value)
        case "s":
            found.name = value
        case "c":
            _take_connection(found, value)
        case "a":
            name, _, rest = value.partition(":")
            place.attributes.append((name, rest.strip()))
        case "m":
            found.media.append(_media(value, found.connection))
        case _:
            pass


def _take_origin(found: SessionDescription, value: str) -> None:
    parts = value.split()
    if len(parts) != 6 or not all(re.fullmatch(r"[0-9]{1,20}", number) for number in parts[1:3]):
        raise ParseError("the origin (o=) is malformed")
    found.username, found.session_id, found.version, found.address = parts[0], int(parts[1]), int(parts[2]), parts[5]


def _take_connection(found: SessionDescription, value: str) -> None:
    parts = value.split()
    if len(parts) != 3:
        raise ParseError("the connection (c=) is malformed")
    address = parts[2].partition("/")[0]
    if found.media:
        found.media[-1].connection, found.media[-1].address_type = address, parts[1].upper()
    else:
        found.connection = address


def _media(value: str, connection: str) -> Media:
    parts = value.split()
    port = parts[1].partition("/")[0] if len(parts) > 3 else ""
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ParseError("a media line (m=) is malformed")
    return Media(parts[0].lower(), int(port), parts[2], parts[3:], connection=connection)
