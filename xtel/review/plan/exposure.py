"""What a change opens: addresses that may send calls and could not before, protection that a number loses. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from xtel.review.plan.model import Side, Widened

#: So many addresses are no carrier's: the largest published ranges hold some thousands.
WIDE4, WIDE6 = 2**24, 2**96


def widened(before: Side | None, after: Side | None) -> Widened | None:
    """What may send calls now and could not before.

    Where no allowlist was before (a new number, a digest) only one that lets in far too many counts: the ranges of a
    carrier are what a new number should have.
    """
    if after is None or after.auth not in {"allowlist", "open"}:
        return None
    listed = before is not None and before.auth == "allowlist"
    old = _networks(before.allow) if before and listed else []
    if after.auth == "open":
        opened = Widened(
            networks=("0.0.0.0/0", "::/0"), addresses4=2**32 - _size(old, 4), addresses6=2**128, whole=True
        )
        return opened if listed else None
    now = [*_joined(after.allow, 4), *_joined(after.allow, 6)]
    fresh = [left for network in now for left in _without(network, old)]
    wide = _size(now, 4) >= WIDE4 or _size(now, 6) >= WIDE6
    if not fresh or not (listed or wide):
        return None
    return Widened(
        networks=tuple(str(network) for network in fresh[:20]),
        addresses4=_size(fresh, 4), addresses6=_size(fresh, 6), wide=wide,
        whole=any(network.prefixlen == 0 for network in now),
    )  # fmt: skip


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(texts: Iterable[str]) -> list[_Network]:
    found: list[_Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue  # masked, or not known yet
    return found


def _joined(texts: Iterable[str], version: int) -> Iterator[_Network]:
    """Networks of one version, none of them counted twice."""
    same: list[Any] = [network for network in _networks(texts) if network.version == version]
    return iter(ipaddress.collapse_addresses(same))


def _without(network: _Network, old: list[_Network]) -> list[_Network]:
    """The network less what was allowed before."""
    left: list[_Network] = [network]
    for known in old:
        left = [rest for item in left for rest in _less(item, known)]
    return left


def _less(network: _Network, known: _Network) -> list[_Network]:
    if network.version != known.version or not network.overlaps(known):
        return [network]
    if known.prefixlen <= network.prefixlen:
        return []
    return list(network.address_exclude(known))  # type: ignore[arg-type]


def _size(networks: Iterable[_Network], version: int) -> int:
    return sum(network.num_addresses for network in networks if network.version == version)


def lost(before: Side | None, after: Side | None) -> Iterator[Literal["digest", "tls", "srtp", "allowlist"]]:
    """Protection that was there and is not any more, of a number that goes on."""
    if before is None or after is None:
        return
    if before.auth == "digest" and after.auth != "digest":
        yield "digest"
    if before.auth == "allowlist" and after.auth == "open":
        yield "allowlist"
    if _tls(before) and after.targets and not _tls(after):
        yield "tls"
    if before.srtp and after.srtp is False:
        yield "srtp"


def rewired(before: Side | None, after: Side | None) -> bool:
    """Whether calls of a number go by other equipment of the customer's; what is not known is taken to be the same."""
    if before is None or after is None or not (before.equipment and after.equipment):
        return False
    return set(before.equipment).isdisjoint(after.equipment)


def _tls(side: Side) -> bool:
    return bool(side.targets) and "transport=tls" in side.targets[0]
