"""What every request is looked at for before anybody decides on it (RFC 3261 §8.2), in that order."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from signaling.errors import ParseError
from signaling.message import Request

#: Methods of calls, in the order in which Allow names them.
METHODS: Final = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "NOTIFY", "REFER")
#: Methods that have a meaning elsewhere: 405, where an unknown one is answered 501.
_OTHERS: Final = frozenset({"REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE", "INFO", "PRACK"})
#: Option tags that a request may require.
SUPPORTED: Final = ("timer",)


def inspect(request: Request, allowed: Collection[str]) -> None:
    """Method, Request-URI, Require. Raises ParseError with the status; of a 420 the reason is what Unsupported names."""
    if request.method not in allowed:
        raise ParseError("the method is not taken here", 405 if request.method in {*_OTHERS, *METHODS} else 501)
    if request.uri.scheme not in {"sip", "sips", "tel"}:
        raise ParseError("the scheme of the Request-URI is not known here", 416)
    required = [] if request.method == "CANCEL" else request.headers.values("Require")
    unknown = [tag for tag in required if tag.lower() not in SUPPORTED]
    if unknown:
        raise ParseError(", ".join(unknown), 420)


def inspect_invite(request: Request) -> None:
    """Contact, Content-Type, Accept of an INVITE that begins a call. Raises ParseError with the status."""
    if request.contact is None:
        raise ParseError("Contact is missing")
    if request.body and request.sdp is None:
        raise ParseError("only application/sdp is read here", 415)
    accepted = {value.partition(";")[0].strip().lower() for value in request.headers.values("Accept")}
    if accepted and not {"application/sdp", "application/*", "*/*"} & accepted:
        raise ParseError("the caller accepts no application/sdp", 406)
