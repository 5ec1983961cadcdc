"""Which calls end that went on before."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from providers.kernel import values
from providers.kernel.call_handling import CallHandling
from stacks.callpath.hops import CallPath


def stopped(before: CallPath, after: CallPath) -> str:
    """The hop at which calls end that went on before; empty where they still go on, or did not before."""
    ended = {hop.name for hop in before.hops if hop.ends}
    if (name := next((hop.name for hop in after.hops if hop.ends and hop.name not in ended), "")) or not before.arrives:
        return name
    return "" if _admits(after.registration, before.registration) else "authentication"


def _admits(now: CallHandling, was: CallHandling) -> bool:
    """Whether everyone who could call before still may."""
    if now.auth == "digest":
        return was.auth == "digest" and now.username == was.username
    if now.auth == "allowlist":
        return was.auth == "open" or (was.auth == "allowlist" and _covers(now.allow, was.allow))
    return True


def _covers(now: Sequence[str], was: Sequence[str]) -> bool:
    """Whether networks hold all of others."""
    if set(was) <= set(now):
        return True
    try:
        held = list(map(ipaddress.ip_network, values.cidrs(now)))
        return all(any(_inside(ipaddress.ip_network(each), other) for other in held) for each in values.cidrs(was))
    except ValueError:  # the whole internet, or masked
        return False


def _inside(one: Any, other: Any) -> bool:
    return bool(one.version == other.version and one.subnet_of(other))
