"""Where a Voice Connector sends calls, in the words of the stack file: the target's host first, then the fallbacks'."""

from __future__ import annotations

from typing import Any

from providers.aws.connector import MOST
from providers.kernel.route import Leg
from providers.kernel.values import target


def ways(leg: Leg, port: int, *, shared: bool) -> list[dict[str, Any]]:
    """Origination routes by priority. Raises ValueError for a fallback that none of them can say."""
    if len(leg.fallback) > MOST - 1:
        raise ValueError(f"a connector tries at most {MOST} hosts: {MOST - 1} fallbacks")
    hosts = [(str(leg.target.host), port), *(_host(way.uri) for way in leg.checked_fallbacks(shared=shared))]
    return [{"host": host, "port": port, "priority": rank} for rank, (host, port) in enumerate(hosts, 1)]


def _host(uri: str) -> tuple[str, int]:
    way = target(uri)
    if way.number:
        raise ValueError(f"{uri} names a user: a connector sends the dialled number; write the host alone")
    if way.transport != "tls" or way.parameters:
        raise ValueError(f"{uri}: a connector with encryption sends by TLS alone: write sip:{way.host};transport=tls")
    return way.host, way.port or 5061
