"""What a rented number costs, from a dated table that stands in ``prices.yaml``; what is not in it is not guessed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any, cast

from ruamel.yaml import YAML

from xtel.review.plan.calls import Group
from xtel.review.plan.model import Cost

#: What the carrier asked when the number was chosen, as the state has it.
_OFFERED = re.compile(r"(\d+\.\d\d) USD a month")


@dataclass(frozen=True)
class Price:
    """A carrier's monthly price of a number whose E.164 starts with ``prefix``."""

    carrier: str
    prefix: str
    monthly: Decimal
    source: str
    read: str


def table() -> tuple[Price, ...]:
    """The prices this release knows."""
    text = files("xtel.review.plan").joinpath("prices.yaml").read_text(encoding="utf-8")
    rows: Any = YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]
    return tuple(
        Price(row["carrier"], row["prefix"], Decimal(row["monthly"]), row["source"], str(row["read"]))
        for row in cast(list[dict[str, Any]], rows["prices"])
    )


def cost(group: Group, prices: tuple[Price, ...]) -> Cost | None:
    """What a number costs a month that is rented, given back, or kept although it leaves the stack.

    Attaching a number that is owned costs nothing new.
    """
    for part in group.parts:
        rented = part.op == "create" and part.after is not None and part.after.rents
        released = part.op == "delete" and part.before is not None and part.before.releases
        if rented or released:
            return _cost(group, part.vendor, prices, "-" if released else "")
    gone = next((part for part in group.parts if part.op == "delete" and part.before and part.before.takes), None)
    kept = _cost(group, gone.vendor, prices, "") if gone else None
    return kept.model_copy(update={"kept": True}) if kept else None


def _cost(group: Group, vendor: str, prices: tuple[Price, ...], sign: str) -> Cost | None:
    number = group.e164 or group.name
    known = [row for row in prices if row.carrier == vendor and number.startswith(row.prefix)]
    if known:
        best = max(known, key=lambda row: (len(row.prefix), row.read))
        return Cost(carrier=best.carrier, monthly=f"{sign}{best.monthly}", source=best.source, read=best.read)
    told = (_OFFERED.match(str(part.step.old_outputs.get("price") or "")) for part in group.parts)
    offered = next((found[1] for found in told if found), "")
    return Cost(carrier=vendor, monthly=f"{sign}{offered}", source="as offered", read="") if offered else None
