"""The numbers Twilio has for sale here: a fixed range per kind and country, minus what is taken.

Ranges that belong to nobody, so that a test never holds a real number: 555-01XX (set aside for fiction) and then
555-1XXX in North America, 020 7946 0XXX and 07700 900XXX (Ofcom, drama use) in the United Kingdom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

AREA_CODES = ("415", "212", "650", "312", "206", "303", "617", "512")
TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
COUNTRIES = {"US": ("local", "toll-free"), "CA": ("local",), "GB": ("local", "mobile")}
CANADA = ("416", "604", "514")
NORTH_AMERICA = re.compile(r"\+1([2-9]\d{2})555(01\d{2}|1\d{3})")
LONDON = re.compile(r"\+442079460\d{3}")
MOBILE = re.compile(r"\+447700900\d{3}")


def kind(number: str) -> str:
    """local, mobile or toll-free, as in a number's `type`."""
    if re.match(r"\+1(800|833|844|855|866|877|888)", number):
        return "toll-free"
    return "mobile" if number.startswith("+447") else "local"


def sells(number: str) -> bool:
    return any(pattern.fullmatch(number) for pattern in (NORTH_AMERICA, LONDON, MOBILE))


def offers(country: str, type: str, area: str | None = None) -> Iterator[str]:
    """Numbers of one country and type, in order."""
    if country == "GB":
        prefix = "+447700900" if type == "mobile" else "+442079460"
        yield from (f"{prefix}{line:03d}" for line in range(1000))
        return
    codes = TOLL_FREE if type == "toll-free" else (CANADA if country == "CA" else AREA_CODES)
    for code in (area,) if area else codes:
        yield from (f"+1{code}555{line:04d}" for line in chain(range(100, 200), range(1000, 2000)))


def friendly(number: str) -> str:
    """(415) 555-0100 in North America, E.164 elsewhere: what Twilio names a number by default."""
    match = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return f"({match[1]}) {match[2]}-{match[3]}" if match else number
