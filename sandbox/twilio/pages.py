"""Pages of a list. Two styles: v1 with an absolute `meta.next_page_url`, 2010-04-01 with a relative `next_page_uri`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.exchange import Call, JsonObject
from sandbox.twilio import forms
from sandbox.twilio.account import INVALID_PARAMETER, PAGE_SIZE, Refusal

MAX_SIZE = 1000
DEFAULT_SIZE = 50
PAGING = forms.fields(page_size=forms.text(), page=forms.whole(0, 10**6), page_token=forms.text())


@dataclass(frozen=True, slots=True)
class Page:
    """What a request asks for. `Page` is client state only, as documented: the token alone moves."""

    size: int
    number: int
    token: str
    filters: JsonObject
    given: tuple[tuple[str, str], ...]


def asked(call: Call, filters: forms.Fields | None = None) -> Page:
    values = forms.read(call.query, {**PAGING, **(filters or {})})
    size = values.pop("page_size", str(DEFAULT_SIZE))
    if not re.fullmatch(r"[0-9]{1,9}", size) or not 1 <= int(size) <= MAX_SIZE:
        raise Refusal(400, PAGE_SIZE, f"Page size must be from 1 to {MAX_SIZE}")
    number, token = values.pop("page", 0), values.pop("page_token", "")
    if number and not token:
        raise Refusal(400, INVALID_PARAMETER, "Page without PageToken: follow the next page's address instead")
    given = tuple((name, value) for name, value in call.query if name not in PAGING)
    return Page(int(size), number, token, values, given)


@dataclass(frozen=True, slots=True)
class Slice:
    items: list[JsonObject]
    before: str | None
    after: str | None


def cut(found: Sequence[tuple[int, JsonObject]], page: Page) -> Slice:
    """The items of a page, newest first, and the tokens of its neighbours.

    A token holds a position that is never given twice: an object made or deleted between two pages neither repeats
    nor hides another one.
    """
    rows = sorted(found, key=lambda row: -row[0])
    start = 0
    if page.token:
        match = re.fullmatch(r"P([AB])([0-9a-f]{32})", page.token)
        if not match:
            raise Refusal(400, INVALID_PARAMETER, "Invalid parameter PageToken")
        position = int(match[2], 16)
        start = sum(row[0] >= position for row in rows)
        if match[1] == "B":
            start = max(0, sum(row[0] > position for row in rows) - page.size)
    chosen = rows[start : start + page.size]
    before = f"PB{chosen[0][0]:032x}" if chosen and start > 0 else None
    after = f"PA{chosen[-1][0]:032x}" if chosen and start + page.size < len(rows) else None
    return Slice([item for _, item in chosen], before, after)


def _address(base: str, page: Page, number: int, token: str | None) -> str:
    query = [*page.given, ("PageSize", str(page.size)), ("Page", str(number))]
    return f"{base}?{urlencode([*query, ('PageToken', token)] if token else query)}"


def v1(call: Call, key: str, page: Page, part: Slice, shown: list[JsonObject]) -> JsonObject:
    """On our own origin: clients follow these addresses verbatim."""
    base = call.origin + call.path
    return {
        "meta": {
            "first_page_url": _address(base, page, 0, None),
            "url": _address(base, page, page.number, page.token or None),
            "page_size": page.size,
            "key": key,
            "next_page_url": _address(base, page, page.number + 1, part.after) if part.after else None,
            "page": page.number,
            "previous_page_url": _address(base, page, max(page.number - 1, 0), part.before) if part.before else None,
        },
        key: shown,
    }


def v2010(call: Call, key: str, page: Page, part: Slice, shown: list[JsonObject]) -> JsonObject:
    base = call.path
    start = page.number * page.size
    return {
        "first_page_uri": _address(base, page, 0, None),
        "uri": _address(base, page, page.number, page.token or None),
        "next_page_uri": _address(base, page, page.number + 1, part.after) if part.after else None,
        "previous_page_uri": _address(base, page, max(page.number - 1, 0), part.before) if part.before else None,
        "page": page.number,
        "page_size": page.size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        key: shown,
    }
