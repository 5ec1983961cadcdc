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
        self._by_url: dict[str, Receiver] = {}
        self._by_host: dict[str, Receiver] = {}

    def add(self, document: JsonObject) -> Receiver:
        """The same url or host again replaces. Raises ValueError."""
        only(document, ("url", "host", "deliver_to"), "field")
        url, host, place = (document.get(name, "") for name in ("url", "host", "deliver_to"))
        if not all(isinstance(each, str) for each in (url, host, place)) or bool(url) == bool(host):
            raise ValueError("url (of a webhook or of TwiML) or host (of a SIP URI): give exactly one, and deliver_to")
        if url:
            _check_http(url, place)
        else:
            _check_sip(place)
        made = Receiver(secrets.token_hex(8), url, host.lower(), place)
        if url:
            self._by_url[url] = made
        else:
            self._by_host[made.host] = made
        return made

    def remove(self, url: str, host: str) -> None:
        """It stands in no more; nothing happens where nobody did. Raises ValueError when neither is given."""
        if not url and not host:
            raise ValueError("url or host: say whose receiver ends")
        self._by_url.pop(url, None)
        self._by_host.pop(host.lower(), None)

    def url(self, url: str) -> str | None:
        """Where a request to a URL is delivered."""
        found = self._by_url.get(url)
        return found.deliver_to if found else None

    def host(self, host: str) -> SipUri | None:
        """Where a call to a host is delivered."""
        found = self._by_host.get(host.lower())
        return parse_sip(found.deliver_to) if found else None

    def clear(self) -> None:
        """Nobody stands in for anything."""
        self._by_url.clear()
        self._by_host.clear()


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
