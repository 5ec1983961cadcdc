"""Who stands in for names of the outside world: a webhook's or TwiML's URL, or a SIP host that a call falls back to."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.exchange import JsonObject, only
from signaling.errors import ParseError
from signaling.uri import SipUri, parse_sip


@dataclass(frozen=True)
class Receiver:
    """``url`` or ``host``, and where on this machine it is."""

    id: str
    url: str
    host: str
    deliver_to: str


class Receivers:
    """The stand-ins. Nothing here ever resolves a name, and nothing leaves this machine."""

    def __init__(self) -> None:
        self._all: list[Receiver] = []

    def add(self, document: JsonObject) -> Receiver:
        """The same url or host again replaces, until it ends. Raises ValueError."""
        only(document, ("url", "host", "deliver_to"), "field")
        url, host, place = (document.get(name, "") for name in ("url", "host", "deliver_to"))
        if not all(isinstance(each, str) for each in (url, host, place)) or bool(url) == bool(host):
            raise ValueError("url (of a webhook or of TwiML) or host (of a SIP URI): give exactly one, and deliver_to")
        if url:
            _check_http(url, place)
        else:
            _check_sip(place)
        self._all.append(Receiver(secrets.token_hex(8), url, host.lower(), place))
        return self._all[-1]

    def remove(self, id: str, url: str, host: str) -> None:
        """One stands in no more, and whom it replaced does again; or nobody any more for a url or host.

        Nothing happens where nobody did. Raises ValueError when none of the three is given.
        """
        if not id and not url and not host:
            raise ValueError("id, url or host: say whose receiver ends")
        ended = {("id", id), ("url", url), ("host", host.lower())}
        self._all = [one for one in self._all if not ended & {("id", one.id), *_names(one)}]

    def standing(self) -> list[Receiver]:
        """Who stands in now: one for each url and host."""
        return list({_names(one): one for one in self._all}.values())

    def url(self, url: str) -> str | None:
        """Where a request to a URL is delivered."""
        return next((one.deliver_to for one in reversed(self._all) if one.url and one.url == url), None)

    def host(self, host: str) -> SipUri | None:
        """Where a call to a host is delivered."""
        place = next((one.deliver_to for one in reversed(self._all) if one.host and one.host == host.lower()), None)
        return parse_sip(place) if place else None

    def clear(self) -> None:
        """Nobody stands in for anything."""
        self._all.clear()


def _names(one: Receiver) -> tuple[tuple[str, str], ...]:
    """What it stands in for."""
    return tuple((kind, name) for kind, name in (("url", one.url), ("host", one.host)) if name)


def _check_http(url: str, place: str) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("url: expected an http or https URL")
    parts = urlsplit(place)
    if parts.scheme != "http" or not _loopback(parts.hostname or ""):
        raise ValueError("deliver_to: expected http://127.0.0.1:PORT/…, nothing leaves this machine")


def _check_sip(place: str) -> None:
    try:
        uri = parse_sip(place)
    except ParseError:
        uri = None
    if uri is None or not _loopback(uri.host) or uri.transport not in ("tls", "tcp"):
        raise ValueError("deliver_to: expected sip:127.0.0.1:PORT;transport=tls (or tcp), nothing leaves this machine")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
