"""Phone numbers that a carrier has for sale: ranges that belong to nobody, one block per carrier.

In North America the lines 555-X000 to 555-X999 of an area (555 is the exchange of directory services and fiction), in
the United Kingdom one of the ranges that Ofcom sets aside for drama. A block of its own per carrier: no two sell the
same number here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

AREAS = {"US": ("415", "212", "650", "312", "206", "303", "617", "512"), "CA": ("416", "604", "514")}
TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
E164 = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True, slots=True)
class Stock:
    """`block` is the first digit of the line number, `drama` a British range of which the last 3 digits are free."""

    block: str
    drama: str

    def sells(self, number: str) -> bool:
        north_america = rf"\+1[2-9]\d{{2}}555{self.block}\d{{3}}"
        return bool(re.fullmatch(rf"{north_america}|{re.escape(self.drama)}\d{{3}}", number))

    def offers(self, country: str, kind: str, area: str | None = None) -> Iterator[str]:
        """Numbers of one country and kind (local or toll free), in order."""
        if country == "GB" and kind == "local" and area in (None, self.drama[3:6]):
            yield from (f"{self.drama}{line:03d}" for line in range(1000))
        areas = {"local": AREAS, "toll_free": dict.fromkeys(AREAS, TOLL_FREE)}.get(kind, {}).get(country, ())
        for code in areas:
            if area in (None, code):
                yield from (f"+1{code}555{self.block}{line:03d}" for line in range(1000))


def country(number: str) -> str:
    """The country of a number, as far as this sandbox knows countries."""
    if number.startswith("+1"):
        return "CA" if number[2:5] in AREAS["CA"] else "US"
    known = {"+44": "GB", "+49": "DE", "+33": "FR", "+61": "AU"}
    return next((iso for prefix, iso in known.items() if number.startswith(prefix)), "US")


def kind(number: str) -> str:
    if number.startswith("+1") and number[2:5] in TOLL_FREE:
        return "toll_free"
    return "mobile" if number.startswith("+447") else "local"
