"""SIP, SIPS and tel URIs (RFC 3261 §19.1 and §25.1, RFC 3966), and every other URI as it stands.

Reading is lenient in the user part (what a console let somebody type must still be dialled) and strict in all that
decides where a call goes; writing escapes whatever the grammar does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote

from signaling.errors import ParseError

Parameters = tuple[tuple[str, str | None], ...]

_UNRESERVED: Final = "-_.!~*'()"
_USER: Final = _UNRESERVED + "&=+$,;?/"
_PASSWORD: Final = _UNRESERVED + "&=+$,"
_PARAMETER: Final = _UNRESERVED + "[]/:&+$"
_HEADER: Final = _UNRESERVED + "[]/?:+$"
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.?")
_ADDRESS6 = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.+)", re.DOTALL)
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
#: Parameters that make a difference when one of two URIs lacks them (§19.1.4).
_DECISIVE: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})


def _decode(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _encode(text: str, safe: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe=safe)


def parse_port(text: str) -> int:
    """A port in decimal, 0 to 65535. Raises ParseError."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ParseError(f"{text[:20]!r} is not a port")
    return int(text)


def parse_host_port(text: str) -> tuple[str, int | None]:
    """``host``, ``host:port`` or ``[IPv6]:port`` (RFC 3261 §25.1). Raises ParseError."""
    match = _ADDRESS6.match(text)
    host, rest = (text[: match.end()], text[match.end() :]) if match else (text.partition(":")[0], "")
    if not match:
        rest = text[len(host) :]
    if not (match or _HOST.fullmatch(host)) or (rest and not rest.startswith(":")):
        raise ParseError(f"{text[:60]!r} is not a host")
    return host, parse_port(rest[1:]) if rest else None


@dataclass(frozen=True)
class SipUri:
    """``sip:user:password@host:port;parameters?headers``; user, parameters and headers without their escapes.

    Names of parameters are in lower case; a parameter without a value has None.
    """

    host: str
    user: str | None = None
    port: int | None = None
    parameters: Parameters = ()
    scheme: str = "sip"
    password: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """The value of a parameter; an empty text when it stands there without one, None when it does not."""
        return next((value or "" for key, value in self.parameters if key == name), None)

    @property
    def transport(self) -> str:
        """Which transport this URI asks for: ``tls``, ``tcp``, ``udp`` … (RFC 3263 §4.1: sips and 5061 mean TLS)."""
        named = (self.parameter("transport") or "").lower()
        if self.scheme == "sips":
            return "tls"
        return named or ("tls" if self.port == 5061 else "udp")

    def without(self, *names: str) -> SipUri:
        """The same URI without some of its parameters."""
        return replace(self, parameters=tuple(pair for pair in self.parameters if pair[0] not in names))

    def same_as(self, other: Uri) -> bool:
        """Whether two URIs are equivalent (RFC 3261 §19.1.4)."""
        if not isinstance(other, SipUri):
            return False
        mine = (self.scheme, self.user, self.password, self.host.lower(), self.port, _folded(self.headers))
        others = (other.scheme, other.user, other.password, other.host.lower(), other.port, _folded(other.headers))
        if mine != others:
            return False
        left, right = dict(_folded(self.parameters)), dict(_folded(other.parameters))
        shared = left.keys() & right.keys()
        decisive = _DECISIVE & (left.keys() ^ right.keys())
        return not decisive and all(left[name] == right[name] for name in shared)

    def __str__(self) -> str:
        user = "" if self.user is None else _encode(self.user, _USER)
        password = "" if self.password is None else f":{_encode(self.password, _PASSWORD)}"
        at = "@" if self.user is not None else ""
        port = "" if self.port is None else f":{self.port}"
        parameters = "".join(
            f";{_encode(name, _PARAMETER)}" + ("" if value is None else f"={_encode(value, _PARAMETER)}")
            for name, value in self.parameters
        )
        headers = "&".join(f"{_encode(name, _HEADER)}={_encode(value, _HEADER)}" for name, value in self.headers)
        question = "?" if headers else ""
        return f"{self.scheme}:{user}{password}{at}{self.host}{port}{parameters}{question}{headers}"


@dataclass(frozen=True)
class TelUri:
    """``tel:+14155550100;parameters`` (RFC 3966); ``number`` without visual separators."""

    number: str
    parameters: Parameters = ()
    scheme: str = "tel"

    def same_as(self, other: Uri) -> bool:
        """Whether two URIs name one number (RFC 3966 §4)."""
        return isinstance(other, TelUri) and (self.number.lower(), _folded(self.parameters)) == (
            other.number.lower(),
            _folded(other.parameters),
        )

    def __str__(self) -> str:
        return f"tel:{self.number}" + "".join(
            f";{name}" + ("" if value is None else f"={value}") for name, value in self.parameters
        )


@dataclass(frozen=True)
class OtherUri:
    """A URI of a scheme that says nothing to a telephone: kept as text."""

    text: str
    scheme: str

    def same_as(self, other: Uri) -> bool:
        """Whether two URIs are the same text."""
        return self == other

    def __str__(self) -> str:
        return self.text


Uri = SipUri | TelUri | OtherUri


def _folded(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
    return sorted((name.lower(), (value or "").lower()) for name, value in pairs)


def parse(text: str) -> Uri:
    """Read a URI. Raises ParseError on one without a scheme, and on a malformed sip, sips or tel URI."""
    match = _SCHEME.fullmatch(text)
    if not match or _UNSAFE.search(text):
        raise ParseError(f"{text[:60]!r} is not a URI")
    scheme, rest = match[1].lower(), match[2]
    if scheme in {"sip", "sips"}:
        return _sip(scheme, rest)
    return _tel(rest) if scheme == "tel" else OtherUri(text, scheme)


def parse_sip(text: str) -> SipUri:
    """Read a sip or sips URI. Raises ParseError on anything else."""
    uri = parse(text)
    if not isinstance(uri, SipUri):
        raise ParseError(f"{text[:60]!r} is not a SIP URI", 416)
    return uri


def _sip(scheme: str, text: str) -> SipUri:
    # The last @ ends the user part: it may hold ; ? and / itself, and nothing after it may hold an @ unescaped.
    userinfo, at, rest = text.rpartition("@")
    if at and (not userinfo or userinfo.startswith(":")):
        raise ParseError("a SIP URI has an @ without a user")
    user, colon, password = userinfo.partition(":")
    address, question, headers = rest.partition("?")
    place, *parameters = address.split(";")
    host, port = parse_host_port(place)
    return SipUri(
        scheme=scheme,
        user=_decode(user) if at else None,
        password=_decode(password) if colon else None,
        host=host,
        port=port,
        parameters=_parameters(parameters),
        headers=_headers(headers) if question else (),
    )


def _parameters(parts: list[str]) -> Parameters:
    found: list[tuple[str, str | None]] = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not name:
            raise ParseError("a URI has an empty parameter")
        found.append((_decode(name).lower(), _decode(value) if equals else None))
    return tuple(found)


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split("&")]
    if not all(name and equals for name, equals, _ in pairs):
        raise ParseError("a URI has a malformed header")
    return tuple((_decode(name), _decode(value)) for name, _, value in pairs)


def _tel(text: str) -> TelUri:
    number, *parameters = text.split(";")
    compact = re.sub(r"[-.()]", "", number)
    if not re.fullmatch(r"\+?[0-9A-Fa-f*#]+", compact):
        raise ParseError(f"{number[:40]!r} is not a telephone number")
    return TelUri(compact, _parameters(parameters))
