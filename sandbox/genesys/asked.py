"""What a request to Genesys Cloud says, read strictly, and how its lists are answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox import shapes
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.genesys.account import Refusal, wrong
from sandbox.shapes import Model, Shape, flag, record, text, whole

#: Every path of Genesys is below it here: its token is asked for at a path that another vendor has too.
PREFIX = "/genesys"
PAGE = ("pageNumber", "pageSize", "sortBy", "sortOrder")
REF = record({"id": text(1), "name": text(), "selfUri": text()}, ("id",))
#: What every object has; a client may send back what it read.
COMMON: Model = {
    "id": text(1), "name": text(1, 100), "description": text(), "version": whole(1), "state": text(), "selfUri": text(),
    "managed": flag,
}  # fmt: skip


def called(found: list[JsonObject], query: Mapping[str, str]) -> list[JsonObject]:
    """The filter matches parts of names, whatever their case: unverified."""
    return [each for each in found if query.get("name", "").lower() in each["name"].lower()]


def page(call: Call, query: Mapping[str, str], found: list[JsonObject]) -> Answer:
    size, number = _whole(query, "pageSize", 25, 1, 100), _whole(query, "pageNumber", 1, 1, 10**6)
    pages = -(-len(found) // size)
    shown: JsonObject = {
        "entities": found[(number - 1) * size : number * size],
        "pageSize": size,
        "pageNumber": number,
        "total": len(found),
        "pageCount": pages,
    }
    if number < pages:
        following = urlencode({**query, "pageSize": size, "pageNumber": number + 1})
        shown["nextUri"] = f"{call.path.removeprefix(PREFIX)}?{following}"
    return json_answer(200, shown)


def _whole(query: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = query.get(name, str(default))
    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
        raise wrong(f"{name}: expected {low} to {high}")
    return int(value)


def asked(call: Call, known: Iterable[str]) -> dict[str, str]:
    """Unverified: whether the live API minds a parameter that it does not know. Refused here: it guards a client."""
    found: dict[str, str] = {}
    for name, value in call.query:
        if name not in known or name in found:
            raise wrong(f"unknown query parameter {name}, or given twice")
        found[name] = value
    return found


def body(call: Call, shape: Shape) -> Any:
    """Unverified likewise for an unknown field."""
    asked(call, ())
    if call.media != "application/json":
        raise Refusal(415, "unsupported.media.type", "the content type must be application/json")
    try:
        return shape(shapes.parse(call.body), "")
    except shapes.Wrong as error:
        code = "REQUIRED_FIELD_MISSING" if error.kind == shapes.MISSING else "bad.request"
        raise wrong(f"{error.pointer}: {error.says}", code) from error
