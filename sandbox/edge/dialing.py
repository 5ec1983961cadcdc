"""Calls as carriers place them: which SIP URIs, in which order, from which address, and what the caller does then."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sandbox.calling import Carrier, Failure, Hop, Leg, Unreachable
from sandbox.edge.host import Host
from sandbox.edge.receivers import Receivers
from sandbox.edge.record import Record, Records
from sandbox.edge.routing import Placed, Routing, Wanted
from signaling import CODECS, Call, Codec, Credentials, IncomingRefer, OutgoingCall, Session, Settings, Step, UserAgent
from signaling.errors import (
    CallRefused,
    ConnectFailed,
    ConnectionLost,
    NotAcceptable,
    ParseError,
    SignalingError,
)
from signaling.transport import Address
from signaling.uri import SipUri, parse_sip

#: What a carrier may offer that is not spoken here: a number that wants it alone has no common codec.
_OFFERED: Final = {codec.name.upper(): codec for codec in (*CODECS, Codec("G729", 18), Codec("opus", 111, 48000))}
_CODEC: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}")
#: The first payload type that an offer may give any name (RFC 3551).
_DYNAMIC: Final = 112
#: Seconds in which a connection must stand, and by which a call rings longer here than at the edge.
_CONNECT, _MORE = 4.0, 15.0
_STATUS: Final[dict[int, Hop]] = {
    401: "authentication",
    403: "authentication",
    404: "registration",
    407: "authentication",
    480: "agent",
    488: "media",
}


@dataclass(frozen=True)
class _Way:
    """How to reach a URI here: where, by which TLS, from where, by which proxy."""

    place: tuple[str, int]
    tls: ssl.SSLContext | None
    proxied_from: tuple[str, int] | None = None
    edge: bool = False
    routes: Sequence[str] = field(default_factory=tuple)


class Dialing:
    """Places calls."""

    def __init__(self, carriers: Sequence[Carrier], host: Host, records: Records, receivers: Receivers) -> None:
        self._host, self._records, self._receivers = host, records, receivers
        self._switches = host.switches
        self._routing = Routing(carriers, host.outgoing, receivers, self._try)
        self._ports = itertools.cycle(range(20000, 60000))
        self._turns = itertools.count()

    async def place(self, record: Record, wanted: Wanted) -> None:
        """Places a call and stays with it until it ended."""
        try:
            failure = await self._routing.follow(Placed(record, wanted))
        except Unreachable as error:
            failure = error.failure
        if failure is None:
            record.end()
        else:
            record.fail(failure)

    # --- one leg ---

    async def _try(self, placed: Placed, leg: Leg) -> Failure | None:
        """None: it was answered, and ended as a call does."""
        record, wanted = placed.record, placed.wanted
        record.failure = None
        try:
            uri = parse_sip(leg.uri)
            way = self._way(uri, leg, wanted)
        except ParseError as error:
            return Failure("trunk", None, f"{leg.uri} is no SIP URI: {error}")
        except Unreachable as error:
            return error.failure
        peer = Address(*way.proxied_from) if way.proxied_from else None
        if peer is not None:
            self._records.expect(peer, record)
        try:
            async with self._agent(record, leg, wanted, way) as agent:
                return await self._call(placed, leg, way, agent)
        finally:
            if peer is not None:
                self._records.forget(peer)

    def _agent(self, record: Record, leg: Leg, wanted: Wanted, way: _Way) -> UserAgent:
        async def resolve(uri: SipUri) -> tuple[str, int]:
            return way.place

        async def transfer(call: Call, refer: IncomingRefer) -> None:
            status = leg.transfer(str(refer.target))
            if status >= 300:
                refer.reject(status)
                return
            await refer.accept()
            await refer.report(status)
            await call.hangup()

        def pass_on(step: Step) -> None:
            record.step(_from_outside(step, way))

        settings = Settings(
            f"sip:{wanted.caller}@carrier.invalid",
            product="xtel-sandbox-carrier",
            media_address="127.0.0.1",
            connect_timeout=_CONNECT,
        )
        return UserAgent(settings, tls=way.tls, resolver=resolve, ladder=pass_on, on_refer=transfer)

    async def _call(self, placed: Placed, leg: Leg, way: _Way, agent: UserAgent) -> Failure | None:
        record = placed.record
        credentials = Credentials(leg.username, leg.password) if leg.username else None
        try:
            call = await agent.call(
                leg.uri,
                credentials=credentials,
                codecs=offered(leg.codecs),
                encryption=leg.encryption,
                headers=leg.headers,
                routes=way.routes,
                proxied_from=way.proxied_from,
            )
            session = await self._answered(call)
        except SignalingError as error:
            return self._failed(record, error, edge=way.edge)
        if not placed.entry.take():
            await call.hangup()
            return Failure("sip", None, "another one answered first")
        if not way.edge:
            record.answered_by = f"host:{parse_sip(leg.uri).host}"
        record.answer(session)
        await self._talk(call, placed.wanted)
        return None

    async def _answered(self, call: OutgoingCall) -> Session:
        """Who is not waited for any longer is cancelled (RFC 3261 §9.1). Raises SignalingError."""
        try:
            return await call.answered(self._switches["xai.ring_seconds"] + _MORE)
        except asyncio.CancelledError:
            await call.hangup()
            raise

    @staticmethod
    def _failed(record: Record, error: SignalingError, *, edge: bool) -> Failure:
        """What the edge knows of it says more than the status that it answered."""
        if record.failure is not None and edge:
            return record.failure
        if isinstance(error, CallRefused):
            answered = edge and error.status != 408
            return Failure(_STATUS.get(error.status, "sip") if answered else "sip", error.status, error.reason)
        if isinstance(error, NotAcceptable):
            return Failure("media", error.status, error.reason)
        if isinstance(error, ConnectFailed):
            return Failure("tls", None, str(error))
        where = "the connection ended" if isinstance(error, ConnectionLost) else "no readable answer"
        return Failure("sip", None, f"{where}: {error}")

    async def _talk(self, call: OutgoingCall, wanted: Wanted) -> None:
        """Presses the keys, talks on, hangs up; or the other side does."""
        ended = asyncio.ensure_future(call.ended())
        speaking = asyncio.ensure_future(self._press(call, wanted))
        await asyncio.wait([ended, speaking], return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, speaking):
            task.cancel()
        await asyncio.gather(ended, speaking, return_exceptions=True)
        await call.hangup()

    @staticmethod
    async def _press(call: OutgoingCall, wanted: Wanted) -> None:
        if wanted.digits and call.session and call.session.event_type is not None:
            call.media.write_digits(wanted.digits)
            await call.media.drain()
        await asyncio.sleep(wanted.seconds)

    # --- the way ---

    def _way(self, uri: SipUri, leg: Leg, wanted: Wanted) -> _Way:
        """Names are known from stand-ins alone. Raises Unreachable."""
        if uri.host.lower() in self._host.names:
            return self._to_edge(uri, leg, wanted)
        stand_in = self._receivers.host(uri.host)
        if stand_in is None:
            raise Unreachable("dns", f"nobody stands in for {uri.host}")
        place = (stand_in.host, stand_in.port or 5061)
        if uri.transport != stand_in.transport:
            raise Unreachable("tls", f"{uri.host} takes {stand_in.transport.upper()}, the URI asks for {uri.transport}")
        return _Way(place, _anybody() if stand_in.transport == "tls" else None)

    def _to_edge(self, uri: SipUri, leg: Leg, wanted: Wanted) -> _Way:
        if uri.transport != "tls":
            raise Unreachable("tls", f"{uri.host} takes TLS alone: the URI asks for {uri.transport}, not transport=tls")
        if uri.port not in (None, 5061) and not (uri.port == 5060 and self._switches["xai.sip_port_5060"]):
            raise Unreachable("tls", f"{uri.host} takes no TLS at port {uri.port}: leave it out, or 5061")
        source = wanted.source or self._source(leg)
        return _Way(
            (self._host.private.host, self._host.private.port), self._host.trust, (source, next(self._ports)), edge=True
        )

    def _source(self, leg: Leg) -> str:
        """An address of the carrier's, of another range with each call, as it promises none."""
        if not leg.sources:
            return "127.0.0.1"
        network = ipaddress.ip_network(leg.sources[next(self._turns) % len(leg.sources)])
        return str(network[1] if network.num_addresses > 2 else network[0])


def _from_outside(step: Step, way: _Way) -> Step:
    """A message as the SIP host sees it: from the carrier's own address, which is what the allowlist judges."""
    if step.kind != "sip" or way.proxied_from is None:
        return step
    outside, inside = str(Address(*way.proxied_from)), str(Address(*way.place))
    if step.destination == inside:
        return replace(step, source=outside)
    return replace(step, destination=outside)


def _anybody() -> ssl.SSLContext:
    """A stand-in on this machine has no certificate for the name that it stands in for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def offered(names: Sequence[str]) -> list[Codec]:
    """Codecs by name, also ones that are not spoken here. Raises ValueError for what can be no name."""
    if not all(_CODEC.fullmatch(name) for name in names):
        raise ValueError("leg.codecs: expected names such as PCMU, PCMA, G722, G729")
    return [_OFFERED.get(name.upper()) or Codec(name, _DYNAMIC + place % 16) for place, name in enumerate(names)]


def with_source(wanted: Wanted, source: str) -> Wanted:
    """The same call from an address. Raises ValueError."""
    return replace(wanted, source=str(ipaddress.IPv4Address(source)))
