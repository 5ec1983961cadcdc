"""Dialogs (RFC 3261 §12): who talks to whom, by which route, and in which order. No input or output happens here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from signaling.errors import ParseError
from signaling.headers import Headers, NameAddr
from signaling.message import Message, Request, Response
from signaling.uri import SipUri, Uri

Identity = tuple[str, str, str]


@dataclass
class Dialog:
    """One side's view of a dialog (§12). ``route_set`` is in the order in which a request of this side travels."""

    call_id: str
    local: NameAddr
    remote: NameAddr
    remote_target: Uri
    route_set: tuple[NameAddr, ...] = ()
    local_seq: int = 0
    remote_seq: int | None = None
    confirmed: bool = False

    @classmethod
    def called(cls, invite: Request, local_tag: str) -> Dialog:
        """The dialog of the called, as its first answer makes it (§12.1.1). Raises ParseError without a Contact."""
        contact = invite.contact
        if contact is None:
            raise ParseError("Contact is missing")
        return cls(
            call_id=invite.call_id,
            local=_identity(invite.to).tagged(local_tag),
            remote=invite.from_,
            remote_target=contact.uri,
            route_set=tuple(map(NameAddr.parse, invite.headers.values("Record-Route"))),
            remote_seq=invite.cseq.number,
        )

    @classmethod
    def calling(cls, invite: Request, answer: Response) -> Dialog:
        """The dialog of the caller, as a 2xx makes it (§12.1.2). One without the Contact it must have is forgiven."""
        return cls(
            call_id=invite.call_id,
            local=invite.from_,
            remote=answer.to,
            remote_target=answer.contact.uri if answer.contact else invite.uri,
            route_set=tuple(map(NameAddr.parse, reversed(answer.headers.values("Record-Route")))),
            local_seq=invite.cseq.number,
            confirmed=answer.final,
        )

    @property
    def identity(self) -> Identity:
        """Call-ID, local tag, remote tag: what a request from the peer is matched by (§12)."""
        return self.call_id, self.local.tag or "", self.remote.tag or ""

    @property
    def next_hop(self) -> Uri:
        """Where a request of this side goes first: the topmost Route, else the remote target (§8.1.2)."""
        return self.route_set[0].uri if self.route_set else self.remote_target

    def request(self, method: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Request:
        """A request within this dialog (§12.2.1.1), without its Via. ACK takes no number of its own: ``ack``."""
        self.local_seq += 1
        return self._request(method, self.local_seq, headers, body)

    def ack(self, number: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Request:
        """The ACK of a 2xx to the INVITE with this CSeq number (§13.2.2.4), without its Via."""
        return self._request("ACK", number, headers, body)

    def _request(self, method: str, number: int, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
        uri, routes = self.remote_target, [str(route) for route in self.route_set]
        first = self.route_set[0].uri if self.route_set else None
        if isinstance(first, SipUri) and first.parameter("lr") is None:
            # A strict router of RFC 2543: it wants to be the Request-URI, the target goes last (§12.2.1.1).
            uri, routes = first.without("method"), [*routes[1:], f"<{self.remote_target}>"]
        fields = Headers(("Route", route) for route in routes)
        fields.add("Max-Forwards", "70")
        fields.add("From", str(self.local))
        fields.add("To", str(self.remote))
        fields.add("Call-ID", self.call_id)
        fields.add("CSeq", f"{number} {method}")
        for name, value in headers:
            fields.add(name, value)
        return Request(method, uri, headers=fields, body=body)

    def receive(self, request: Request) -> None:
        """A request of the peer came within this dialog (§12.2.2). Raises ParseError 500 for one out of order."""
        number = request.cseq.number
        if request.method == "ACK":
            return
        if self.remote_seq is not None and number <= self.remote_seq and request.method != "CANCEL":
            raise ParseError("CSeq is not above the one before", 500)
        self.remote_seq = number

    def refresh(self, message: Message) -> None:
        """The remote target that a target refresh (INVITE, UPDATE) or its 2xx names."""
        contact = message.contact
        if contact is not None:
            self.remote_target = contact.uri


def request_identity(request: Request) -> Identity:
    """Which dialog of this side a request of the peer belongs to."""
    return request.call_id, request.to.tag or "", request.from_.tag or ""


def _identity(address: NameAddr) -> NameAddr:
    return replace(address, parameters=tuple(pair for pair in address.parameters if pair[0] != "tag"))
