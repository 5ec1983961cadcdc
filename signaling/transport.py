"""Connections that carry SIP (RFC 3261 §18, RFC 5626 §3.5.1): TCP and TLS by asyncio, both ways on each."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from signaling import certificate, proxyprotocol
from signaling.errors import (
    ConnectFailed,
    ConnectionLost,
    FramingError,
    NameMismatch,
    ParseError,
    ResolveFailed,
    TlsFailed,
)
from signaling.stream import PING, PONG, Framer
from signaling.uri import SipUri

_log = logging.getLogger(__name__)
#: Seconds for a PROXY header, and for a TLS handshake.
_PATIENCE: Final = 10.0


@dataclass(frozen=True)
class Address:
    """An IP address and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


#: RFC 3263: where to connect for a URI. Raises ResolveFailed.
Resolver = Callable[[SipUri], Awaitable[tuple[str, int]]]


async def resolve(uri: SipUri) -> tuple[str, int]:
    """The look-up without SRV: the URI's own host and port, 5061 for TLS and 5060 for TCP."""
    return uri.host.strip("[]"), uri.port or (5061 if secure(uri) else 5060)


def secure(uri: SipUri) -> bool:
    """Whether a URI is reached by TLS; else it is by TCP, as there is no UDP here."""
    return uri.transport == "tls"


class Owner(Protocol):
    """Who is told what happens on connections."""

    def opened(self, connection: Connection) -> None:
        """A connection stands, either side's."""
        ...

    def received(self, connection: Connection, data: bytes) -> None:
        """A whole message came."""
        ...

    def broken(self, connection: Connection, error: FramingError) -> None:
        """What came has no end that can be told; the connection closes after this."""
        ...

    def lost(self, connection: Connection) -> None:
        """The connection is gone."""
        ...

    def refused(self, peer: Address, error: Exception) -> None:
        """Somebody connected and got no further than the PROXY header or the TLS handshake."""
        ...


class Connection(asyncio.Protocol):
    """One connection. ``peer`` is who is at the other end, by the PROXY header where there was one."""

    def __init__(self, owner: Owner, *, encrypted: bool, peer: Address | None = None) -> None:
        self.encrypted = encrypted
        self.local = self.peer = Address("", 0)
        self.closed = False
        self._named = peer
        self._owner = owner
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None

    @property
    def protocol(self) -> str:
        """As Via writes it."""
        return "TLS" if self.encrypted else "TCP"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.local = Address(*transport.get_extra_info("sockname")[:2])
        self.peer = self._named or Address(*transport.get_extra_info("peername")[:2])
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        try:
            for item in self._framer.feed(data):
                if item != PING:
                    self._owner.received(self, item)
                elif self._transport is not None:
                    self._transport.write(PONG)
        except FramingError as error:
            self._owner.broken(self, error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        # Transport and protocol hold each other, and asyncio's TLS a buffer of 256 KB: not until somebody collects garbage.
        self._transport = None
        self._owner.lost(self)

    @property
    def tls_version(self) -> str:
        """``TLSv1.3`` or ``TLSv1.2``; empty without TLS."""
        session = self._transport.get_extra_info("ssl_object") if self._transport else None
        return session.version() or "" if session else ""

    def certificate_of_peer(self) -> dict[str, object]:
        """What ``SSLSocket.getpeercert()`` says; empty without TLS."""
        return self._transport.get_extra_info("peercert") or {} if self._transport else {}

    def send(self, data: bytes) -> None:
        """Writes a message. Raises ConnectionLost when there is nobody to write it to."""
        if self._transport is None or self.closed or self._transport.is_closing():
            raise ConnectionLost(f"the connection to {self.peer} is closed")
        self._transport.write(data)

    def close(self) -> None:
        """Closes it after what was written."""
        if self._transport is not None and not self.closed:
            self._transport.close()

    def abort(self) -> None:
        """Closes it at once."""
        if self._transport is not None and not self.closed:
            self._transport.abort()


class Listener:
    """A listening socket; ``close`` ends it, and leaves the connections that it took."""

    def __init__(self, owner: Owner, bound: socket.socket, tls: ssl.SSLContext | None, *, proxy_protocol: bool) -> None:
        self._owner = owner
        self._socket = bound
        self._tls = tls
        self._proxied = proxy_protocol
        self.encrypted = tls is not None
        self.address = Address(*bound.getsockname()[:2])
        self._welcomes: set[asyncio.Task[None]] = set()
        self._task = asyncio.get_running_loop().create_task(self._accept())

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                taken, place = await loop.sock_accept(self._socket)
            except OSError:
                # Out of file descriptors, or the peer was gone before it was taken: the next one may be well.
                await asyncio.sleep(0.05)
                continue
            task = loop.create_task(self._welcome(taken, Address(*place[:2])))
            self._welcomes.add(task)
            task.add_done_callback(self._welcomes.discard)

    async def _welcome(self, taken: socket.socket, peer: Address) -> None:
        loop = asyncio.get_running_loop()
        try:
            _quick(taken)
            if self._proxied:
                peer = await asyncio.wait_for(_proxied_peer(taken), _PATIENCE) or peer
            patience = _PATIENCE if self._tls else None
            await loop.connect_accepted_socket(
                lambda: Connection(self._owner, encrypted=self.encrypted, peer=peer),
                taken,
                ssl=self._tls,
                ssl_handshake_timeout=patience,
            )
        except (OSError, ParseError, EOFError, TimeoutError) as error:
            _log.debug("%s got no further than the handshake: %s", peer, error)
            taken.close()
            self._owner.refused(peer, error)

    async def close(self) -> None:
        """Takes no more connections."""
        tasks = [self._task, *self._welcomes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()


async def _proxied_peer(taken: socket.socket) -> Address | None:
    head = await _exactly(taken, proxyprotocol.FIXED)
    found = proxyprotocol.parse(head + await _exactly(taken, proxyprotocol.rest_length(head)))
    return Address(*found) if found else None


async def _exactly(taken: socket.socket, count: int) -> bytes:
    """This many bytes and none more: what follows belongs to TLS."""
    loop, data = asyncio.get_running_loop(), b""
    while len(data) < count:
        more = await loop.sock_recv(taken, count - len(data))
        if not more:
            raise EOFError("the connection ended within the PROXY header")
        data += more
    return data


async def listen(
    owner: Owner, host: str, port: int, *, tls: ssl.SSLContext | None, proxy_protocol: bool = False
) -> Listener:
    """Listens for TLS, or for TCP without a context; port 0 takes a free one. Raises OSError."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(256)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return Listener(owner, bound, tls, proxy_protocol=proxy_protocol)


@dataclass(frozen=True)
class Route:
    """How to reach a peer: where, by which TLS, as which domain, and from which address.

    ``domain`` is sent as server name and must stand in the certificate. ``source`` binds this end; ``proxied_from``
    is said in a PROXY header instead, to a listener that wants one.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    domain: str = ""
    source: str | None = None
    proxied_from: tuple[str, int] | None = None


async def connect(owner: Owner, route: Route, patience: float = _PATIENCE) -> Connection:
    """Connects. Raises ResolveFailed, ConnectFailed, TlsFailed, NameMismatch."""
    place = f"{route.host}:{route.port}"
    opened = await _open(route, place, patience)
    loop = asyncio.get_running_loop()
    try:
        if route.proxied_from:
            await loop.sock_sendall(opened, proxyprotocol.header(route.proxied_from, opened.getpeername()[:2]))
        _, connection = await loop.create_connection(
            lambda: Connection(owner, encrypted=route.tls is not None),
            sock=opened,
            ssl=route.tls,
            server_hostname=(route.domain or route.host) if route.tls else None,
            ssl_handshake_timeout=patience if route.tls else None,
        )
    except ssl.SSLCertVerificationError as error:
        opened.close()
        raise TlsFailed(f"{place}: the certificate is not trusted: {error.verify_message}") from None
    except (OSError, TimeoutError) as error:
        opened.close()
        kind = TlsFailed if route.tls else ConnectFailed
        raise kind(f"{place}: {'TLS: ' if route.tls else ''}{_reason(error)}") from None
    # A context that asks for no certificate has none to check.
    if route.tls is not None and route.tls.verify_mode is not ssl.CERT_NONE:
        try:
            certificate.check(connection.certificate_of_peer(), route.domain or route.host)
        except NameMismatch:
            connection.abort()
            raise
    return connection


async def _open(route: Route, place: str, patience: float) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(route.host, route.port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError:
        raise ResolveFailed(f"{route.host} has no address") from None
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        _quick(opened)
        if route.source:
            opened.bind((route.source, 0))
        await asyncio.wait_for(loop.sock_connect(opened, found[0][4]), patience)
    except (OSError, TimeoutError) as error:
        opened.close()
        raise ConnectFailed(f"{place}: {_reason(error)}") from None
    return opened


def _quick(opened: socket.socket) -> None:
    opened.setblocking(False)
    # An ACK and the INVITE after it are two small writes: the second would wait for the peer's delayed ACK (40 ms).
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "handshake failed").replace("_", " ").lower()
    if isinstance(error, TimeoutError) or not isinstance(error, OSError):
        return "no answer in time"
    # asyncio writes its own text into the error: the system's own says more.
    return (os.strerror(error.errno) if error.errno else str(error) or "the connection was closed").lower()
