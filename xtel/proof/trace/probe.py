"""What this machine sees of SIP hosts and webhooks: names, TLS, OPTIONS. Places no call and delivers nothing.

Names are looked up as RFC 3263 says: SRV `_sips._tcp` where the URI has no port, then A and AAAA.
"""

from __future__ import annotations

import asyncio
import importlib
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from providers.kernel import values
from providers.kernel.errors import InputError
from providers.kernel.secrecy import one_line
from providers.kernel.values import Target
from signaling import Settings, UserAgent, certificate
from signaling.errors import CallRefused, NameMismatch, SignalingError
from signaling.uri import SipUri
from xtel.proof.trace.seen import Probed, ProbedWay, ProbedWebhook

#: Seconds for one look-up, one handshake, one answer.
_PATIENCE: Final = 5.0
_TLS_PORT, _DAY = 5061, 86_400


@dataclass(frozen=True)
class Vantage:
    """From where it is looked: which name server, whose CAs; the resolver's and the system's own where nothing is said.

    ``places``: hosts that stand at an address of their own, as xAI's does in the sandbox; with any, no name server is asked.
    """

    nameserver: tuple[str, int] | None = None
    ca_file: str | None = None
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])


def probe(targets: Mapping[str, Target], urls: Iterable[str], vantage: Vantage) -> Probed:
    """Look at each SIP URI's host and each webhook's, each host once, all at the same time. Raises InputError."""
    if not vantage.places:
        _library()
    return asyncio.run(_Probe(vantage).all(targets, dict.fromkeys(urls)))


def _library() -> Any:
    try:
        return importlib.import_module("dns.asyncresolver")
    except ImportError:
        raise InputError("names cannot be looked up here", step="pip install 'xai-telephony[calls]'") from None


@dataclass(frozen=True)
class _Found:
    """The addresses of a name, and the port that goes with them."""

    addresses: tuple[str, ...]
    port: int
    how: str


class _Unresolved(Exception):
    """A name without an address; its text says why."""


class _Probe:
    def __init__(self, vantage: Vantage) -> None:
        self._vantage = vantage
        self._tls = certificate.client_context(vantage.ca_file)
        self._https = ssl.create_default_context(cafile=vantage.ca_file)

    async def all(self, targets: Mapping[str, Target], urls: Iterable[str]) -> Probed:
        """The sandbox has no hosts behind webhooks: there they are left out."""
        places = {uri: target.model_copy(update={"number": ""}) for uri, target in targets.items()}
        different = {str(place): place for place in places.values()}
        hosts = {url: (urlsplit(url).hostname or "", urlsplit(url).port or 443) for url in urls}
        asked = {} if self._vantage.places else dict.fromkeys(hosts.values())
        ways, webhooks = await asyncio.gather(
            asyncio.gather(*map(self._way, different.values())),
            asyncio.gather(*(self._webhook(host, port) for host, port in asked)),
        )
        seen, heard = dict(zip(different, ways, strict=True)), dict(zip(asked, webhooks, strict=True))
        return Probed(
            {uri: seen[str(place)] for uri, place in places.items()},
            {url: heard[host] for url, host in hosts.items() if host in heard},
        )

    # -- SIP ---------------------------------------------------------------------------------------------------------

    async def _way(self, target: Target) -> ProbedWay:
        try:
            found = await self._place(target)
        except _Unresolved as error:
            return ProbedWay(dns_error=str(error))
        seen = ProbedWay(found.addresses, found.how)
        if target.transport != "tls":
            return seen
        seen = await self._handshake(seen, found, target.host)
        return seen if seen.tls_error else await self._options(seen, found, target)

    async def _place(self, target: Target) -> _Found:
        """RFC 3263: a URI with a port has an address; one without may have an SRV record."""
        if self._vantage.places:
            if not (place := self._vantage.places.get(target.host)) or target.port not in {None, _TLS_PORT}:
                raise _Unresolved("the sandbox has no such host and port")
            return _Found((place[0],), place[1], "in the sandbox")
        if target.port is None and target.transport == "tls" and (found := await self._srv(target.host)):
            return found
        return _Found(await self._addresses(target.host), target.port or _TLS_PORT, "A")

    async def _srv(self, host: str) -> _Found | None:
        """None where the name has no such record; one that names nobody says that there is no SIP over TLS (RFC 2782)."""
        try:
            answer = await self._asked(f"_sips._tcp.{host}", "SRV")
        except _Unresolved:
            return None
        first = min(answer, key=lambda record: (record.priority, -record.weight))
        name = str(first.target).rstrip(".")
        if not name:
            raise _Unresolved("its SRV record says that there is no SIP over TLS")
        return _Found(await self._addresses(name), int(first.port), f"SRV {name}:{first.port}")

    async def _addresses(self, host: str) -> tuple[str, ...]:
        found: list[str] = []
        why = ""
        for kind in ("A", "AAAA"):
            try:
                found += [str(record.address) for record in await self._asked(host, kind)]
            except _Unresolved as error:
                why = why or str(error)
        if not found:
            raise _Unresolved(why)
        return tuple(found)

    async def _asked(self, name: str, kind: str) -> list[Any]:
        """The records of a name. Raises _Unresolved."""
        exceptions: Any = importlib.import_module("dns.exception")
        resolver: Any = _library().Resolver(configure=self._vantage.nameserver is None)
        if self._vantage.nameserver:
            resolver.nameservers, resolver.port = [self._vantage.nameserver[0]], self._vantage.nameserver[1]
        try:
            return list(await resolver.resolve(name, kind, lifetime=_PATIENCE, search=False))
        except (exceptions.DNSException, OSError) as error:
            raise _Unresolved(one_line(str(error), 120)) from None

    async def _handshake(self, seen: ProbedWay, found: _Found, host: str) -> ProbedWay:
        try:
            session = await self._connected(found, host, self._tls)
            certificate.check(session.getpeercert() or {}, host)
        except (OSError, TimeoutError, NameMismatch) as error:
            return replace(seen, tls_error=_worded(error, f"{found.addresses[0]}:{found.port}"))
        return replace(seen, tls_version=session.version() or "TLS", days_left=_days_left(session))

    async def _connected(self, found: _Found, host: str, context: ssl.SSLContext) -> ssl.SSLObject:
        """A TLS session with the first address, at its end already. Raises OSError, TimeoutError."""
        opening = asyncio.open_connection(found.addresses[0], found.port, ssl=context, server_hostname=host)
        _, writer = await asyncio.wait_for(opening, _PATIENCE)
        session: ssl.SSLObject = writer.get_extra_info("ssl_object")
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return session

    async def _options(self, seen: ProbedWay, found: _Found, target: Target) -> ProbedWay:
        async def resolve(uri: SipUri) -> tuple[str, int]:
            return found.addresses[0], found.port

        settings = Settings("sip:trace@probe.invalid", product="xtel-trace", connect_timeout=_PATIENCE)
        try:
            async with UserAgent(settings, tls=self._tls, resolver=resolve) as agent:
                answer = await asyncio.wait_for(agent.options(str(target)), 2 * _PATIENCE)
        except CallRefused as error:
            return replace(seen, options_error=one_line(f"{error.status} {error.reason}"))
        except (SignalingError, OSError, TimeoutError) as error:
            return replace(seen, options_error=_worded(error, target.host))
        return replace(seen, options=answer.status)

    # -- webhooks ----------------------------------------------------------------------------------------------------

    async def _webhook(self, host: str, port: int) -> ProbedWebhook:
        """DNS and a handshake as an HTTP client makes it; nothing is sent."""
        try:
            found = _Found(await self._addresses(host), port, "A")
            session = await self._connected(found, host, self._https)
        except (_Unresolved, OSError, TimeoutError) as error:
            return ProbedWebhook(_worded(error, f"{host}:{port}"))
        return ProbedWebhook(days_left=_days_left(session))


def _days_left(session: ssl.SSLObject) -> int | None:
    ends = (session.getpeercert() or {}).get("notAfter")
    return int((ssl.cert_time_to_seconds(ends) - time.time()) // _DAY) if isinstance(ends, str) else None


def _worded(error: BaseException, where: str) -> str:
    """What went wrong in one line; a certificate's fault without the library's words around it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return one_line(f"the certificate at {where} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return one_line(f"{where} does not speak TLS 1.2 or newer: {error.reason or error}")
    if isinstance(error, TimeoutError):
        return f"{where} did not answer within {_PATIENCE:.0f} s"
    if isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return f"{where} hangs up: it may not speak TLS"
    if isinstance(error, OSError):
        return one_line(f"{where} takes no connection: {error.strerror or error}")
    return one_line(str(error))


def vantage(told: Callable[[str], str | None]) -> Vantage:
    """This machine's own; a shell that is pointed at the sandbox reaches xAI's host there."""
    place, ca = told("XTEL_SANDBOX_SIP"), told("XTEL_SANDBOX_CA")
    if not place or not ca:
        return Vantage()
    host, _, port = place.rpartition(":")
    return Vantage(ca_file=ca, places={values.SIP_HOST: (host, int(port))})
