"""Requests and responses (RFC 3261 §7): bytes to objects and back, and the response that fits a request (§8.2.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NoReturn

from signaling import uri as uris
from signaling.errors import ParseError
from signaling.headers import TOKEN, CSeq, Headers, NameAddr, Via, integer, split
from signaling.uri import Uri

#: Reason phrases (§21 and the registry of IANA).
REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}
#: Header fields that a message has at most once; the first four it must have (§20, table 2).
_ONCE: Final = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type")
_REQUIRED: Final = ("From", "To", "Call-ID", "CSeq", "Via")


@dataclass
class Message:
    """What requests and responses have in common."""

    headers: Headers = field(default_factory=Headers, kw_only=True)
    body: bytes = field(default=b"", kw_only=True)

    @property
    def first_line(self) -> str:
        """Request line or status line."""
        raise NotImplementedError

    def _one(self, name: str) -> str:
        value = self.headers.get(name)
        if value is None:
            raise ParseError(f"{name} is missing")
        return value

    @property
    def from_(self) -> NameAddr:
        """From, read. Raises ParseError."""
        return NameAddr.parse(self._one("From"))

    @property
    def to(self) -> NameAddr:
        """To, read. Raises ParseError."""
        return NameAddr.parse(self._one("To"))

    @property
    def call_id(self) -> str:
        """Call-ID. Raises ParseError."""
        return self._one("Call-ID")

    @property
    def cseq(self) -> CSeq:
        """CSeq, read. Raises ParseError."""
        return CSeq.parse(self._one("CSeq"))

    @property
    def via(self) -> Via:
        """The topmost Via, read. Raises ParseError."""
        values = self.headers.values("Via")
        if not values:
            raise ParseError("Via is missing")
        return Via.parse(values[0])

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, read; None when there is none, or only ``*``. Raises ParseError."""
        values = self.headers.values("Contact")
        return NameAddr.parse(values[0]) if values and values[0] != "*" else None

    @property
    def content_type(self) -> str:
        """Type of the body in lower case, without its parameters; empty where none is given."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def sdp(self) -> str | None:
        """The session description in the body, or None."""
        return self.body.decode("utf-8", "replace") if self.body and self.content_type == "application/sdp" else None

    def encode(self) -> bytes:
        """The message as it goes on the wire, with the Content-Length that its body has."""
        self.headers.set("Content-Length", str(len(self.body)))
        lines = [self.first_line, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + self.body

    def __str__(self) -> str:
        return self.encode().decode("utf-8", "replace")


@dataclass
class Request(Message):
    """A request: method, Request-URI, header fields, body."""

    method: str
    uri: Uri

    @property
    def first_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


@dataclass
class Response(Message):
    """A response: status code, reason phrase, header fields, body."""

    status: int
    reason: str = ""

    @property
    def first_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"

    @property
    def final(self) -> bool:
        """Whether it ends its transaction."""
        return self.status >= 200


class UnreadableRequest(ParseError):
    """A malformed request of which enough can be read to answer it: ``response()`` is that answer."""

    def __init__(self, error: ParseError, headers: Headers) -> None:
        super().__init__(error.reason, error.status)
        self.headers = headers

    def response(self) -> Response | None:
        """The answer by ``status``, or None where nobody could match it to the request."""
        if not all(name in self.headers for name in ("Via", "CSeq", "Call-ID", "From", "To")):
            missing = [name for name in ("From", "To", "Call-ID") if name not in self.headers]
            if not missing or "Via" not in self.headers:
                return None
        copied = [pair for pair in self.headers if pair[0] in {"Via", "From", "To", "Call-ID", "CSeq"}]
        phrase = f"{REASONS.get(self.status, 'Bad Request')} ({re.sub(r'[^ -~]', '?', self.reason)})"
        return Response(self.status, phrase, headers=Headers(copied))


def parse(data: bytes) -> Request | Response:
    """Read one whole message. What stands after its Content-Length is ignored, as in a datagram (§18.3).

    Raises UnreadableRequest for a malformed request, ParseError for anything else.
    """
    head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        head = head.removesuffix(b"\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape")).split("\r\n")
    try:
        headers = parse_headers(lines)
    except ParseError as error:
        _refuse(start, error, _readable(lines))
    try:
        message = _first_line(start)
        message.headers, message.body = headers, _body(headers, body)
        _check(message)
    except ParseError as error:
        _refuse(start, error, headers)
    return message


def _refuse(start: str, error: ParseError, headers: Headers) -> NoReturn:
    """No answer is due to a response, nor to an ACK."""
    if start.startswith(("SIP/", "ACK ")):
        raise error
    raise UnreadableRequest(error, headers) from error


def parse_headers(lines: Iterable[str]) -> Headers:
    """Header fields from unfolded lines. Raises ParseError."""
    found: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not TOKEN.fullmatch(name.rstrip()):
            raise ParseError(f"{line[:40]!r} is not a header field")
        found.append((name.rstrip(), value.strip()))
    return Headers(found)


def _readable(lines: Iterable[str]) -> Headers:
    """The header fields that can be read among others that cannot."""
    pairs = [line.partition(":") for line in lines]
    return Headers((name.rstrip(), value.strip()) for name, colon, value in pairs if colon and TOKEN.fullmatch(name))


def _first_line(line: str) -> Request | Response:
    if status := re.fullmatch(r"SIP/(\S+) (\d+) ?(.*)", line, re.DOTALL):
        if status[1] != "2.0":
            raise ParseError(f"SIP/{status[1][:10]} is not spoken here", 505)
        if not re.fullmatch("[1-6][0-9][0-9]", status[2]):
            raise ParseError(f"{status[2][:20]} is not a status code")
        return Response(int(status[2]), status[3])
    parts = line.split(" ")
    if len(parts) != 3 or not TOKEN.fullmatch(parts[0]) or not re.fullmatch(r"SIP/\d+\.\d+", parts[2], re.IGNORECASE):
        raise ParseError("the first line is not a method, a URI and SIP/2.0 with single spaces")
    if parts[2].upper() != "SIP/2.0":
        raise ParseError(f"{parts[2][:10]} is not spoken here", 505)
    uri = uris.parse(parts[1])
    if isinstance(uri, uris.SipUri) and uri.headers:
        raise ParseError("a Request-URI has no headers (?)")
    return Request(parts[0], uri)


def _body(headers: Headers, rest: bytes) -> bytes:
    length = content_length(headers)
    if length is None:
        return rest
    if length > len(rest):
        raise ParseError(f"the body ends before Content-Length says so ({len(rest)} of {length} bytes)")
    return rest[:length]


def content_length(headers: Headers) -> int | None:
    """Content-Length, or None where it is missing. Raises ParseError when it is no number, or there are two."""
    values = headers.all("Content-Length")
    if len(values) > 1:
        raise ParseError("Content-Length stands there twice")
    return integer(values[0]) if values else None


def _check(message: Request | Response) -> None:
    """What every message must have, at most once, and well formed."""
    headers = message.headers
    missing = [name for name in _REQUIRED if name not in headers]
    if missing:
        raise ParseError(f"{', '.join(missing)} is missing")
    twice = [name for name in _ONCE if len(headers.all(name)) > 1]
    if twice:
        raise ParseError(f"{', '.join(twice)} stands there twice")
    _ = message.from_, message.to
    for value in headers.all("Via"):
        if not all(Via.parse(part) for part in split(value, ",")):
            raise ParseError("Via has an empty value")
    for name in ("Contact", "Route", "Record-Route"):
        for value in headers.all(name):
            _ = [NameAddr.parse(part) for part in split(value, ",") if part != "*"]
    if (forwards := headers.get("Max-Forwards")) is not None:
        integer(forwards, 255)
    if isinstance(message, Request) and message.cseq.method != message.method:
        raise ParseError(f"CSeq is of {message.cseq.method[:20]}, the request {message.method[:20]}")
    _ = message.cseq


def response_to(
    request: Request,
    status: int,
    reason: str = "",
    *,
    to_tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """The response to a request (§8.2.6.2); ``to_tag`` is set where the request has none and the status is not 100."""
    found = Headers()
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.all(name):
            found.add(name, value)
    if to_tag and status > 100 and request.to.tag is None:
        found.set("To", str(request.to.tagged(to_tag)))
    if 100 < status < 300:
        for value in request.headers.all("Record-Route"):
            found.add("Record-Route", value)
    for name, value in headers:
        found.add(name, value)
    return Response(status, reason or REASONS.get(status, "Unknown"), headers=found, body=body)
