"""Lists: filters, order and pages, asked for as `filter[a][b]=`, `sort=` and `page[number]=`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.exchange import Call, JsonObject
from sandbox.telnyx.account import BAD, Refusal

MAX_SIZE = 250
Parser = Callable[[str], Any]  # raises ValueError with what was expected
Filters = Mapping[str, Parser]


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int
    sort: str
    filters: JsonObject


def parameter(name: str, says: str) -> Refusal:
    return Refusal(400, BAD, says, parameter=name)


def whole(low: int, high: int) -> Parser:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"an integer from {low} to {high}")
        return int(value)

    return parse


def choice(*allowed: str) -> Parser:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return value

    return parse


def three(value: str) -> str:
    if len(value) < 3:
        raise ValueError("at least three characters")
    return value


def flag(value: str) -> bool:
    return choice("true", "false")(value) == "true"


def several(parse: Parser) -> Parser:
    """Values with commas between them, as Telnyx's SDK writes arrays in a query."""
    return lambda value: [parse(each) for each in value.split(",")]


def query(call: Call, known: Filters) -> JsonObject:
    """Every parameter by its whole name. One that is not documented is refused: a filter that nobody applies would
    answer with everything, which reads like a match."""
    values: JsonObject = {}
    for name, value in call.query:
        if name not in known:
            raise parameter(name, f"Unknown query parameter {name}")
        if name in values:
            raise parameter(name, f"Query parameter {name} stands more than once")
        try:
            values[name] = known[name](value)
        except ValueError as error:
            raise parameter(name, f"Invalid {name}: expected {error}") from error
    return values


@dataclass(frozen=True, slots=True)
class List:
    """What a list takes. `filters` by what stands in the brackets: `connection_name][contains` is
    filter[connection_name][contains]. What is in `more` is checked and has no effect."""

    filters: Filters
    sorts: Sequence[str] = ()
    default: str = ""
    size: int = 20
    more: Filters = field(default_factory=dict[str, Parser])


def asked(call: Call, known: List) -> Page:
    names = {f"filter[{name}]": parse for name, parse in known.filters.items()}
    paging = {"page[number]": whole(1, 10**6), "page[size]": whole(1, MAX_SIZE)}
    order = {"sort": choice(*known.sorts, *(f"-{name}" for name in known.sorts))} if known.sorts else {}
    values = query(call, {**names, **paging, **order, **known.more})
    return Page(
        values.get("page[number]", 1),
        values.get("page[size]", known.size),
        values.get("sort", known.default),
        {name[7:-1]: value for name, value in values.items() if name in names},
    )


def cut(found: Sequence[JsonObject], page: Page) -> JsonObject:
    """The answer to a list request. Numbered pages: what is made or deleted in between shifts the rest."""
    rows = list(found)
    name, down = page.sort.removeprefix("-"), page.sort.startswith("-")
    if name == "created_at":
        rows = rows[::-1] if down else rows  # they come oldest first, and a clock may stand still
    elif name:
        rows.sort(key=lambda row: (row.get(name) is not None, row.get(name)), reverse=down)
    start = (page.number - 1) * page.size
    return {
        "data": rows[start : start + page.size],
        "meta": {
            "page_number": page.number,
            "page_size": page.size,
            "total_pages": -(-len(rows) // page.size),
            "total_results": len(rows),
        },
    }
