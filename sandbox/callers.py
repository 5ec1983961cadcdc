"""Who may talk to the sandbox: programs on this machine that mean it, no page in a browser.

It hands out state and secrets, and does what it is told. A page that any site serves can send requests to loopback, and
with a name that resolves to it (DNS rebinding) read the answers: so only a request for our own host and port, from no page
but one of our own, is heard.
"""

from __future__ import annotations

from typing import cast

from starlette.datastructures import Headers
from starlette.types import Scope

_NAMES = ("127.0.0.1", "localhost", "[::1]")
#: Typed by a person, or asked by a page of the same origin; what is no browser sends none.
_SITES = ("", "none", "same-origin")


def refused(scope: Scope) -> str:
    """Why a request is not heard; empty where it is."""
    headers = Headers(scope=scope)
    host, port = cast(tuple[str, int], scope["server"])
    names = {*_NAMES, f"[{host}]" if ":" in host else host}
    hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set[str]())
    if headers.get("host", "").lower() not in hosts:
        return f"Host: this is the sandbox at {host}:{port}, on this machine alone"
    for origin in headers.getlist("origin"):
        if origin.lower() not in {f"http://{each}" for each in hosts}:
            return "Origin: the sandbox answers no page of another origin"
    if headers.get("sec-fetch-site", "").lower() not in _SITES:
        return "Sec-Fetch-Site: the sandbox answers no page of another site"
    return ""
