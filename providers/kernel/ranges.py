"""Published signaling ranges by name, with source and date.

``acme`` is the newest table this release knows, ``acme@2026-11-21`` the table of that day, ``acme:europe`` a region of
one, or that of a platform without a module of its own. They are shared by all customers of the carrier: an
allowlist proves the carrier, not the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from providers.kernel import errors
from providers.kernel.capabilities import Table
from providers.kernel.registry import carriers
from providers.kernel.values import cidr, cidrs
from providers.kernel.wording import meant

_NAME = re.compile(r"^([a-z][a-z0-9-]*)(?::([a-z0-9-]+))?(?:@(\d{4}-\d{2}-\d{2}))?$")


def tables() -> tuple[Table, ...]:
    """Every table of every installed carrier."""
    return tuple(table for carrier in carriers().values() for table in carrier.ranges)


def is_name(text: str) -> bool:
    """Whether an allowlist entry is a range's name (a CIDR starts with a digit or holds a colon and no letter name)."""
    return bool(_NAME.match(text.strip().lower())) and not _is_cidr(text)


def _is_cidr(text: str) -> bool:
    try:
        cidr(text)
    except ValueError:
        return False
    return True


def table(name: str) -> Table:
    """The table a name means. Raises ValueError that lists the known names."""
    match = _NAME.match(name.strip().lower())
    known = tables()
    if match:
        label = f"{match[1]}:{match[2]}" if match[2] else match[1]
        dated = [item for item in known if item.label == label]
        if match[3]:
            dated = [item for item in dated if item.read.isoformat() == match[3]]
        if dated:
            return max(dated, key=lambda item: item.read)
        if days := sorted(item.dated for item in known if item.label == label):
            raise ValueError(f"{name!r} is of a day without a table: write {label}, or {', '.join(days)}")
        if regions := sorted({item.region for item in known if item.region and item.name == match[1]}):
            raise ValueError(_no_region(name, match[1], match[2] or "", regions))
    if guess := meant(name, {each for item in known for each in (item.name, item.label)}):
        regions = sorted({item.region for item in known if item.name == guess and item.region})
        guess = f"{guess}:REGION, such as {guess}:{_usual(regions)}" if regions else guess
        raise ValueError(f"{name!r} is neither a CIDR nor a published range: did you mean {guess}?")
    raise ValueError(f"{name!r} is neither a CIDR nor a published range; known ranges: {names()}")


def _no_region(name: str, carrier: str, region: str, regions: list[str]) -> str:
    known = f"regions of {carrier}: {', '.join(regions)}"
    if not region:
        return f"{name!r} needs a region: write {carrier}:{_usual(regions)}; {known}"
    guess = meant(region, regions)
    return f"{name!r} is no published range{f': did you mean {carrier}:{guess}?' if guess else ';'} {known}"


def _usual(regions: list[str]) -> str:
    """The region that stands for the others in an example."""
    return next((region for region in regions if region.startswith("us")), regions[0])


def names() -> str:
    """Every name, for people; of one with regions only that it has some."""
    return ", ".join(sorted({f"{table.name}:REGION" if table.region else table.name for table in tables()}))


def newest(name: str) -> Table:
    """The newest table of a name, also of a dated one. Raises ValueError that lists the known names."""
    return table(table(name).label)


def resolve(entries: Iterable[str]) -> tuple[str, ...]:
    """The networks that an allowlist of names and CIDRs means, in one spelling. Raises ValueError."""
    return _resolved(tuple(entries))


@lru_cache(maxsize=1024)
def _resolved(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Many numbers have the same list."""
    found: list[str] = []
    for entry in entries:
        found.extend(table(entry).cidrs if is_name(entry) else (cidr(entry),))
    if not found:
        raise errors.InputError("an empty allowlist lets nobody call", step="name a range, or write `auth: open`")
    return cidrs(found)
