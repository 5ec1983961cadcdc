"""What a rented number costs, from a dated table that stands in ``prices.yaml``; what is not in it is not guessed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any, cast

from ruamel.yaml import YAML

from xtel.review.plan.calls import Group, Part
from xtel.review.plan.model import Cost


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
    """What renting or releasing this number changes each month. Attaching a number that is owned costs nothing new."""
    for part in group.parts:
        rented = part.op == "create" and part.after is not None and part.after.rents
        released = part.op == "delete" and part.before is not None and part.before.releases
        if rented or released:
            return _cost(part, group.name, prices, "-" if released else "")
    return None


def _cost(part: Part, number: str, prices: tuple[Price, ...], sign: str) -> Cost | None:
    known = [row for row in prices if row.carrier == part.vendor and number.startswith(row.prefix)]
    if not known:
        return None
    best = max(known, key=lambda row: (len(row.prefix), row.read))
    return Cost(carrier=best.carrier, monthly=f"{sign}{best.monthly}", source=best.source, read=best.read)
