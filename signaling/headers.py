"""Header fields (RFC 3261 §7.3 and §20): an ordered list of them, and the ones that have an inside.

Text is UTF-8; bytes that are not survive as they came (``surrogateescape``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from signaling import uri as uris
from signaling.errors import ParseError
from signaling.uri import Parameters, Uri

#: Compact forms (§7.3.3, RFC 3515, RFC 4028 and the registry of IANA).
_COMPACT: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
_ODD: Final = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate", "min-se": "Min-SE"}
TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
#: CSeq and its like are 32 bits wide and below 2**31 (§8.1.1.5).
_LARGEST: Final = 2**31 - 1


def canonical(name: str) -> str:
    """The long form of a header field's name in its usual spelling: ``v`` and ``VIA`` are ``Via``."""
    lower = name.lower()
    return _COMPACT.get(lower) or _ODD.get(lower) or "-".join(part.capitalize() for part in lower.split("-"))


class Headers:
    """Header fields in their order; names compare without case and with their compact forms."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = [(canonical(name), value) for name, value in fields]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"

    def get(self, name: str) -> str | None:
        """The first field of a name, or None."""
        key = canonical(name)
        return next((value for field, value in self._fields if field == key), None)

    def all(self, name: str) -> list[str]:
        """Every field of a name, each as it stood in its line."""
        key = canonical(name)
        return [value for field, value in self._fields if field == key]

    def values(self, name: str) -> list[str]:
        """Every value of a name whose fields may be joined by commas (Via, Contact, Route, Require …)."""
        return [part for value in self.all(name) for part in split(value, ",") if part]

    def tokens(self, name: str) -> list[str]:
        """Values that are tokens or option tags, in lower case."""
        return [value.lower() for value in self.values(name)]

    def add(self, name: str, value: str) -> None:
        """One more field, after all others."""
        self._fields.append((canonical(name), value))

    def set(self, name: str, value: str) -> None:
        """The only field of a name, in the place of the first one."""
        key = canonical(name)
        first = next((index for index, (field, _) in enumerate(self._fields) if field == key), len(self._fields))
        self._fields = [pair for pair in self._fields if pair[0] != key]
        self._fields.insert(first, (key, value))

    def remove(self, name: str) -> None:
        """No field of this name any more."""
        key = canonical(name)
        self._fields = [pair for pair in self._fields if pair[0] != key]

    def copy(self) -> Headers:
        """The same fields, to be changed independently."""
        return Headers(self._fields)


def split(text: str, separator: str) -> list[str]:
    """Parts of a value between separators that stand outside of quotes and angle brackets, each stripped.

    Raises ParseError where a quote is not closed.
    """
    parts, start, position, depth = list[str](), 0, 0, 0
    while position < len(text):
        character = text[position]
        if character == '"':
            quoted = _QUOTED.match(text, position)
            if not quoted:
                raise ParseError("a quoted string is not closed")
            position = quoted.end()
            continue
        depth += (character == "<") - (character == ">" and depth > 0)
        if character == separator and not depth:
            parts.append(text[start:position].strip())
            start = position + 1
        position += 1
    return [*parts, text[start:].strip()]


def unquote(text: str) -> str:
    """The content of a quoted string; other text as it is."""
    match = _QUOTED.fullmatch(text)
    return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL) if match else text


def quoted(text: str) -> str:
    """A quoted string with what must be escaped escaped."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def parse_parameters(parts: Iterable[str]) -> Parameters:
    """``name=value`` parts of a header field; names in lower case, values as they stand. Raises ParseError."""
    found: list[tuple[str, str | None]] = []
    for part in parts:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not TOKEN.fullmatch(name) or (equals and not value):
            raise ParseError(f"{part[:40]!r} is not a parameter")
        found.append((name.lower(), value if equals else None))
    return tuple(found)


def _joined(parameters: Parameters) -> str:
    return "".join(f";{name}" + ("" if value is None else f"={value}") for name, value in parameters)


def integer(text: str, largest: int = _LARGEST) -> int:
    """A decimal number of a header field, 0 to ``largest``. Raises ParseError."""
    if not (text.isascii() and text.isdigit() and len(text.lstrip("0")) <= 10 and int(text) <= largest):
        raise ParseError(f"{text[:30]!r} is not a number from 0 to {largest}")
    return int(text)


@dataclass(frozen=True)
class NameAddr:
    """``"Display" <uri>;parameters`` of From, To, Contact, Route, Record-Route, Refer-To (§20.10)."""

    uri: Uri
    display: str = ""
    parameters: Parameters = ()

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """Read one. Without angle brackets the parameters are the header field's, not the URI's. Raises ParseError."""
        display, before, rest = _display(text.strip())
        if before:
            address, closed, tail = rest.partition(">")
            if not closed:
                raise ParseError("an angle bracket is not closed")
        else:
            address, semicolon, tail = rest.partition(";")
            address, tail = address.strip(), semicolon + tail
            if "?" in address or "," in address:
                raise ParseError("a URI with ? or , stands without angle brackets")
        empty, *parts = split(tail, ";")
        if empty:
            raise ParseError(f"{empty[:30]!r} stands after an address")
        return cls(uris.parse(address), display, parse_parameters(parts))

    def parameter(self, name: str) -> str | None:
        """The value of a header field's parameter, without its quotes; None when there is none."""
        return next((unquote(value or "") for key, value in self.parameters if key == name), None)

    @property
    def tag(self) -> str | None:
        """Half of a dialog's identity (§19.3)."""
        return self.parameter("tag")

    def tagged(self, tag: str) -> NameAddr:
        """The same address with this tag."""
        others = tuple(pair for pair in self.parameters if pair[0] != "tag")
        return replace(self, parameters=(*others, ("tag", tag)))

    def __str__(self) -> str:
        display = f"{quoted(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{_joined(self.parameters)}"


def _display(text: str) -> tuple[str, bool, str]:
    """Display name, whether an angle bracket follows, and the rest after it."""
    if text.startswith('"'):
        match = _QUOTED.match(text)
        if not match:
            raise ParseError("a quoted string is not closed")
        rest = text[match.end() :].lstrip()
        if not rest.startswith("<"):
            raise ParseError("a display name is followed by no address")
        return unquote(match[0]), True, rest[1:]
    before, bracket, rest = text.partition("<")
    if not bracket:
        return "", False, text
    if not all(TOKEN.fullmatch(word) for word in before.split()):
        raise ParseError("a display name with other characters than a token's stands without quotes")
    return before.strip(), True, rest


@dataclass(frozen=True)
class Via:
    """One hop of a request (§20.42): ``SIP/2.0/TLS host:port;branch=…``."""

    transport: str
    host: str
    port: int | None = None
    parameters: Parameters = ()

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read one value of Via. Raises ParseError."""
        match = re.match(r"SIP\s*/\s*2\.0\s*/\s*([^\s/;,]+)\s+(.+)", text.strip(), re.IGNORECASE | re.DOTALL)
        if not match or not TOKEN.fullmatch(match[1]):
            raise ParseError(f"{text[:60]!r} is not a Via")
        place, *parts = split(match[2], ";")
        host, port = uris.parse_host_port(re.sub(r"\s*:\s*", ":", place))
        return cls(match[1].upper(), host, port, parse_parameters(parts))

    def parameter(self, name: str) -> str | None:
        """The value of a parameter; an empty text when it stands there without one, None when it does not."""
        return next((value or "" for key, value in self.parameters if key == name), None)

    @property
    def branch(self) -> str:
        """The transaction's identifier; empty with RFC 2543 (§8.1.1.7)."""
        return self.parameter("branch") or ""

    @property
    def sent_by(self) -> str:
        """Host and port that the sender wrote, in lower case."""
        return f"{self.host.lower()}:{self.port or (5061 if self.transport == 'TLS' else 5060)}"

    def seen_from(self, address: str, port: int) -> Via:
        """The same with ``received`` and ``rport`` as a server adds them (§18.2.1, RFC 3581)."""
        found = [pair for pair in self.parameters if pair[0] != "received"]
        asked = ("rport", None) in found
        if asked:
            found[found.index(("rport", None))] = ("rport", str(port))
        if asked or self.host != address:
            found.append(("received", address))
        return replace(self, parameters=tuple(found))

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{_joined(self.parameters)}"


@dataclass(frozen=True)
class CSeq:
    """A request's place among the requests of its dialog (§20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read ``4711 INVITE``. Raises ParseError, also for a number of 2**31 and more."""
        parts = text.split()
        if len(parts) != 2 or not TOKEN.fullmatch(parts[1]):
            raise ParseError("CSeq is not a number and a method")
        return cls(integer(parts[0]), parts[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
