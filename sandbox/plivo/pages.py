"""Lists: `limit` and `offset`, and filters that are named like the fields they compare."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.exchange import Call, JsonObject
from sandbox.plivo.account import Refusal

MAX_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Page:
    limit: int
    offset: int
    filters: dict[str, str]


def query(call: Call, known: Collection[str]) -> dict[str, str]:
    """A parameter that Plivo does not document is refused: a filter that nobody applies answers with everything."""
    values: dict[str, str] = {}
    for name, value in call.query:
        if name not in known:
            raise Refusal(400, f"unknown query parameter {name}")
        if name in values:
            raise Refusal(400, f"query parameter {name} stands more than once")
        values[name] = value
    return values


def _whole(values: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    text = values.pop(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise Refusal(400, f"{name} must be an integer from {low} to {high}")
    return int(text)


def asked(call: Call, filters: Collection[str]) -> Page:
    values = query(call, {"limit", "offset", *filters})
    limit = _whole(values, "limit", MAX_LIMIT, 1, MAX_LIMIT)
    return Page(limit, _whole(values, "offset", 0, 0, 10**8), values)


def equal(thing: JsonObject, filters: dict[str, str]) -> bool:
    """Whether an object has the values that the filters name. Booleans are written true and false."""
    return all(_written(thing.get(name)) == wanted for name, wanted in filters.items())


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def cut(call: Call, found: Sequence[JsonObject], page: Page) -> JsonObject:
    """The newest come first, as in the examples; what is made or deleted in between shifts the rest."""
    rows = list(reversed(found))
    before, after = max(page.offset - page.limit, 0), page.offset + page.limit
    return {
        "meta": {
            "limit": page.limit,
            "next": _address(call, page, after) if after < len(rows) else None,
            "offset": page.offset,
            "previous": _address(call, page, before) if page.offset else None,
            "total_count": len(rows),
        },
        "objects": rows[page.offset : after],
    }


def _address(call: Call, page: Page, offset: int) -> str:
    """A path, not a whole address."""
    return f"{call.path}?{urlencode({**page.filters, 'limit': page.limit, 'offset': offset})}"
