"""All connections of a user agent: one per way to a peer, and messages out of them (RFC 3261 §18)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import Protocol

from signaling import certificate, transport
from signaling.errors import ConnectionLost, FramingError, ParseError
from signaling.message import Request, Response, UnreadableRequest, parse, parse_headers
from signaling.transport import Address, Connection, Listener, Resolver, Route
from signaling.uri import SipUri, Uri

_log = logging.getLogger(__name__)


class Reader(Protocol):
    """Who takes messages, and sees every text that goes over the wire."""

    def read(self, connection: Connection, message: Request | Response) -> None:
        """A well-formed message came."""
        ...

    def lost(self, connection: Connection) -> None:
        """A connection is gone."""
        ...

    def refused(self, peer: Address, error: Exception) -> None:
        """A peer got no further than the handshake."""
        ...

    def unreadable(self, connection: Connection, text: str, answer: Response | None) -> None:
        """A malformed request came, and was answered so."""
        ...


class Connections:
    """Listens, connects, reads. A connection that stands is used for every request by the same way (RFC 5923)."""

    def __init__(self, reader: Reader, tls: ssl.SSLContext | None, resolver: Resolver, patience: float) -> None:
        self.listeners: list[Listener] = []
        self._reader = reader
        self._tls = tls
        self._resolver = resolver
        self._patience = patience
        self._open: set[Connection] = set()
        self._ways: dict[Route, Connection] = {}

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None, *, proxy_protocol: bool) -> Address:
        """Takes connections. Raises OSError."""
        listener = await transport.listen(self, host, port, tls=tls, proxy_protocol=proxy_protocol)
        self.listeners.append(listener)
        return listener.address

    async def connect(
        self, hop: SipUri, source: str | None = None, proxied_from: tuple[str, int] | None = None
    ) -> Connection:
        """The connection to a URI's host, an open one where there is one. Raises as ``transport.connect`` does."""
        host, port = await self._resolver(hop)
        secured = transport.secure(hop)
        if secured and self._tls is None:
            self._tls = certificate.client_context()
        route = Route(host, port, self._tls if secured else None, hop.host, source, proxied_from)
        known = self._ways.get(route)
        if known is not None and not known.closed:
            return known
        connection = self._ways[route] = await transport.connect(self, route, self._patience)
        return connection

    async def flow(self, connection: Connection, next_hop: Uri) -> Connection:
        """The connection for a request within a dialog: the one that carries it, else a new one to its next hop."""
        if not connection.closed:
            return connection
        if not isinstance(next_hop, SipUri):
            raise ConnectionLost("the dialog's connection is closed, and its next hop is no SIP URI")
        return await self.connect(next_hop)

    def heard_at(self, connection: Connection) -> str:
        """Host and port where the peer of this connection can reach this agent: a listener's port, else the same way."""
        ports = [each.address.port for each in self.listeners if each.encrypted == connection.encrypted]
        return f"{connection.local.host}:{ports[0] if ports else connection.local.port}"

    async def stop_listening(self) -> None:
        """Takes no more connections."""
        await asyncio.gather(*(listener.close() for listener in self.listeners))

    def close(self) -> None:
        """Closes all connections."""
        for connection in [*self._open]:
            connection.close()

    # --- transport.Owner ---

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)

    def received(self, connection: Connection, data: bytes) -> None:
        try:
            message = parse(data)
        except UnreadableRequest as error:
            self._refuse(connection, data, error)
        except ParseError as error:
            _log.debug("%s sent what is no SIP message: %s", connection.peer, error)
        else:
            if isinstance(message, Request):
                _mark(message, connection.peer)
            self._reader.read(connection, message)

    def broken(self, connection: Connection, error: FramingError) -> None:
        start, *lines = error.head.decode("utf-8", "surrogateescape").split("\r\n")
        try:
            headers = parse_headers(lines)
        except ParseError:
            return
        if not start.startswith("SIP/"):
            self._refuse(connection, error.head, UnreadableRequest(error, headers))

    def lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._ways = {route: known for route, known in self._ways.items() if known is not connection}
        self._reader.lost(connection)

    def refused(self, peer: Address, error: Exception) -> None:
        self._reader.refused(peer, error)

    def _refuse(self, connection: Connection, data: bytes, error: UnreadableRequest) -> None:
        answer = error.response()
        if answer is not None:
            connection.send(answer.encode())
        self._reader.unreadable(connection, data.decode("utf-8", "replace"), answer)


def _mark(request: Request, peer: Address) -> None:
    """Notes in the topmost Via where the request really came from (§18.2.1)."""
    others = request.headers.values("Via")[1:]
    # One field for all of them keeps their order.
    request.headers.set("Via", ", ".join([str(request.via.seen_from(peer.host, peer.port)), *others]))
