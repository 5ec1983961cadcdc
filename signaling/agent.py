"""A user agent over TLS and TCP (RFC 3261 §8): it calls, and is called.

Every request that comes is looked at in the order of §8.2: method, Request-URI, Require, content; what is left of INVITE
goes to the application, which decides.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from weakref import WeakSet

from signaling import ladder, transport
from signaling.call import Call, CallState
from signaling.connections import Connections
from signaling.core import Core, Settings
from signaling.dialog import request_identity
from signaling.digest import Credentials
from signaling.errors import CallEnded, CallRefused, ConnectionLost, NotAcceptable, ParseError, SignalingError
from signaling.headers import Headers, NameAddr
from signaling.incoming import IncomingCall
from signaling.inspection import inspect, inspect_invite
from signaling.layer import Layer, ServerExchange
from signaling.media import MediaStream
from signaling.message import Request, Response, response_to
from signaling.offer import Codec, Encryption
from signaling.outgoing import Invitation, OutgoingCall
from signaling.refer import IncomingRefer
from signaling.srtp import library
from signaling.transport import Address, Connection, Resolver
from signaling.uri import parse_sip

_log = logging.getLogger(__name__)


class UserAgent(Core):
    """Calls and is called, from ``async with UserAgent(…) as agent`` to its end.

    ``on_call`` takes each INVITE that is well formed; the call ends when it returns. ``on_refer`` takes a transfer; without
    it REFER is not allowed. ``on_options`` says the status of an OPTIONS outside of calls. ``tls`` verifies the servers
    that this agent calls (``certificate.client_context``), ``resolver`` finds them (RFC 3263). ``ladder`` is told each
    message and the first sound of each call, without secrets. ``on_refused`` is told of peers that failed the handshake.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = transport.resolve,
        ladder: ladder.Listener | None = None,
        on_call: Callable[[IncomingCall], Coroutine[Any, Any, None]] | None = None,
        on_refer: Callable[[Call, IncomingRefer], Coroutine[Any, Any, None]] | None = None,
        on_options: Callable[[Request, Address], int] | None = None,
        on_refused: Callable[[Address, Exception], None] | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.on_call, self.on_refer = on_call, on_refer
        self._on_options, self._on_refused = on_options, on_refused
        self.ladder = ladder
        self._outgoing: WeakSet[OutgoingCall] = WeakSet()
        self.layer = Layer(self, self.settings.timers)
        self.connections = Connections(self, tls, resolver, self.settings.connect_timeout)

    async def __aenter__(self) -> UserAgent:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # --- what an application does ---

    async def listen(
        self, host: str, port: int = 0, *, tls: ssl.SSLContext | None = None, proxy_protocol: bool = False
    ) -> Address:
        """Takes connections: TLS with a server's context, TCP without. Returns the address, port 0 being filled in.

        With ``proxy_protocol`` each connection must begin with a PROXY header of version 2. Raises OSError.
        """
        return await self.connections.listen(host, port, tls, proxy_protocol=proxy_protocol)

    async def call(
        self,
        uri: str,
        *,
        caller: str | None = None,
        credentials: Credentials | None = None,
        codecs: Sequence[Codec] | None = None,
        encryption: Encryption | None = None,
        headers: Sequence[tuple[str, str]] = (),
        routes: Sequence[str] = (),
        source: str | None = None,
        proxied_from: tuple[str, int] | None = None,
    ) -> OutgoingCall:
        """Connects and sends INVITE; ``await call.answered()`` for the outcome.

        ``routes``: proxies on the way, as loose routes. ``source``: this side's IP address; ``proxied_from``: address and
        port said in a PROXY header instead. Raises ParseError for the URI, ResolveFailed, ConnectFailed, TlsFailed,
        NameMismatch, and LibraryMissing.
        """
        settings, target = self.settings, parse_sip(uri)
        wanted = settings.encryption if encryption is None else encryption
        if wanted != "off":
            library()
        hops = [parse_sip(route) for route in routes]
        invitation = Invitation(
            target,
            NameAddr.parse(caller or f"<{settings.identity}>"),
            credentials,
            settings.codecs if codecs is None else codecs,
            wanted,
            headers,
            hops,
        )
        connection = await self.connections.connect(hops[0] if hops else target, source, proxied_from)
        media = await MediaStream.open(settings.media_address or connection.local.host, self.report_media)
        made = OutgoingCall(self, connection, invitation, media)
        self._outgoing.add(made)
        try:
            made.start()
        except SignalingError:
            media.close()
            raise
        return made

    async def options(self, uri: str, source: str | None = None) -> Response:
        """Asks a server what it can do (§11). Raises as ``call`` does, and CallRefused 408 when no answer comes."""
        target = parse_sip(uri)
        connection = await self.connections.connect(target, source)
        headers = Headers(
            [
                ("Via", self.via(connection)),
                ("Max-Forwards", "70"),
                ("From", str(NameAddr.parse(f"<{self.settings.identity}>").tagged(self.token()))),
                ("To", f"<{target.without('transport')}>"),
                ("Call-ID", f"{self.token()}@{connection.local.host}"),
                ("CSeq", "1 OPTIONS"),
                ("Contact", self.contact(connection)),
                ("Accept", "application/sdp"),
                ("User-Agent", self.settings.product),
            ]
        )
        final: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def outcome(answer: Response | SignalingError) -> None:
            if isinstance(answer, SignalingError):
                final.set_exception(answer)
            elif answer.final:
                final.set_result(answer)

        self.layer.request(connection, Request("OPTIONS", target, headers=headers), outcome)
        return await final

    async def close(self) -> None:
        """Hangs up or cancels all calls, waiting four times T1 at most for the answers, and closes all connections."""
        await self.connections.stop_listening()
        ringing = [call for call in self._outgoing if call.state in {CallState.CALLING, CallState.RINGING}]
        hangups = [asyncio.create_task(call.hangup()) for call in [*ringing, *self.calls.values()]]
        if hangups:
            # A peer that does not answer, or never acknowledged a call, is not waited for.
            _, pending = await asyncio.wait(hangups, timeout=4 * self.settings.timers.t1)
            self.tasks |= pending
        for task in [*self.tasks]:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.connections.close()

    # --- what comes ---

    def passed(self, connection: Connection, message: Request | Response, *, sent: bool) -> None:
        if self.ladder is not None:
            self.report(connection, str(message), sent=sent)

    def unreadable(self, connection: Connection, text: str, answer: Response | None) -> None:
        self.report(connection, text, sent=False)
        if answer is not None:
            self.report(connection, str(answer), sent=True)

    def read(self, connection: Connection, message: Request | Response) -> None:
        self.layer.receive(connection, message)

    def lost(self, connection: Connection) -> None:
        self.layer.lost(connection)

    def refused(self, peer: Address, error: Exception) -> None:
        if self._on_refused is not None:
            self._on_refused(peer, error)

    def acknowledged(self, connection: Connection, request: Request) -> None:
        call = self.calls.get(request_identity(request))
        if call is not None:
            call.acknowledged(request)

    def requested(self, exchange: ServerExchange) -> None:
        request = exchange.request
        try:
            inspect(request, self.allowed)
            if request.method == "CANCEL":
                self._cancelled(exchange)
            elif request.method == "OPTIONS":
                self._options_asked(exchange)
            elif request.to.tag is not None:
                self._within_dialog(exchange)
            elif request.method == "INVITE":
                self._invited(exchange)
            else:
                raise ParseError("no such call", 481)
        except (ParseError, NotAcceptable) as error:
            exchange.respond(response_to(request, error.status, to_tag=self.token(), headers=self.explain(error)))

    def _within_dialog(self, exchange: ServerExchange) -> None:
        call = self.calls.get(request_identity(exchange.request))
        if call is None:
            raise ParseError("no such call", 481)
        call.requested(exchange)

    def _cancelled(self, exchange: ServerExchange) -> None:
        invited = self.layer.invited(exchange.request)
        if invited is None:
            raise ParseError("no such call", 481)
        exchange.respond(response_to(exchange.request, 200, to_tag=self.token()))
        invited.on_cancel()

    def _options_asked(self, exchange: ServerExchange) -> None:
        request = exchange.request
        status = self._on_options(request, exchange.connection.peer) if self._on_options else 200
        headers = [*self.abilities(), ("Accept", "application/sdp"), ("Contact", self.contact(exchange.connection))]
        exchange.respond(response_to(request, status, to_tag=self.token(), headers=headers))

    def _invited(self, exchange: ServerExchange) -> None:
        inspect_invite(exchange.request)
        if self.layer.merged(exchange):
            raise ParseError("the same request came by another way", 482)
        if self.on_call is None:
            raise ParseError("no calls are taken here", 480)
        self.spawn(self._take(IncomingCall(self, exchange), self.on_call))

    async def _take(self, call: IncomingCall, handler: Callable[[IncomingCall], Awaitable[None]]) -> None:
        try:
            await handler(call)
        except (CallEnded, CallRefused, ConnectionLost, NotAcceptable) as error:
            # The caller hung up, or had nothing in common: the application need not mind.
            _log.debug("a call ended: %s", error)
        except Exception:
            if call.pending:
                call.reject(500)
            raise
        finally:
            await call.hangup()
