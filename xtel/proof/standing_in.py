"""Receivers on this machine behind the URLs of a network in the sandbox: a webhook's, TwiML's, a token's."""

from __future__ import annotations

import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast
from urllib.parse import urlsplit

from xtel import terminal
from xtel.project import sandbox

#: Seconds to find out whether somebody listens at a loopback address.
_KNOCK = 1.0


@contextmanager
def standing_in(sandbox_url: str, places: Mapping[str, str], *, yielding: bool = False) -> Generator[None]:
    """While it lasts the sandbox delivers what is for these URLs to their places; afterwards as before.

    ``yielding``: a URL at whose receiver somebody listens is left to that one, and this is said.
    """
    before = _others(sandbox_url, places)
    ids: list[str] = []
    try:
        for url, place in places.items():
            if yielding and url in before:
                terminal.note(f"{url}: {before[url]} stands in for it")
                continue
            if url in before:
                terminal.note(f"{url}: {before[url]} stood in for it, and does again afterwards")
            told = {"url": url, "deliver_to": place}
            ids.append(str(sandbox.ask(sandbox_url, "POST", "receivers", told)["id"]))
        yield
    finally:
        for id in ids:
            sandbox.ask(sandbox_url, "DELETE", "receivers", id=id)


def _others(sandbox_url: str, places: Mapping[str, str]) -> dict[str, str]:
    """Who stands in for these URLs now, and listens."""
    standing = cast(list[dict[str, Any]], sandbox.ask(sandbox_url, "GET", "receivers"))
    found = {str(one["url"]): str(one["deliver_to"]) for one in standing if one["url"] in places}
    return {url: place for url, place in found.items() if _listens(place)}


def _listens(place: str) -> bool:
    parts = urlsplit(place)
    with suppress(OSError), socket.create_connection((parts.hostname or "", parts.port or 80), _KNOCK):
        return True
    return False
