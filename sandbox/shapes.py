"""What a JSON body may hold, said once per field and checked strictly: for vendors whose requests are JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.exchange import JsonObject, is_array, is_object

UNKNOWN, MISSING, INVALID, UNREADABLE = "unknown", "missing", "invalid", "unreadable"


class Wrong(ValueError):
    """What is wrong with a body: where (a JSON pointer), what kind of mistake, and a sentence."""

    def __init__(self, pointer: str, kind: str, says: str) -> None:
        super().__init__(f"{pointer}: {says}")
        self.pointer, self.kind, self.says = pointer, kind, says


Shape = Callable[[Any, str], Any]  # a value and where it stands; gives the value to keep, or raises Wrong
Model = Mapping[str, Shape]


def invalid(pointer: str, says: str) -> Wrong:
    return Wrong(pointer, INVALID, says)


def text(low: int = 0, high: int | None = None, pattern: str | None = None, says: str = "") -> Shape:
    def shape(value: Any, pointer: str) -> str:
        if not isinstance(value, str):
            raise invalid(pointer, "expected a string")
        if len(value) < low or (high is not None and len(value) > high):
            raise invalid(pointer, says or f"expected {low} to {high or 'any number of'} characters")
        if pattern is not None and not re.fullmatch(pattern, value, re.ASCII):
            raise invalid(pointer, says or f"expected {pattern}")
        return value

    return shape


def choice(*allowed: str) -> Shape:
    def shape(value: Any, pointer: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise invalid(pointer, f"{value!r} was provided; acceptable values are {', '.join(allowed)}")
        return value

    return shape


def flag(value: Any, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(pointer, "expected true or false")
    return value


def whole(low: int | None = None, high: int | None = None, step: int = 1) -> Shape:
    def shape(value: Any, pointer: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise invalid(pointer, "expected an integer")
        if (low is not None and value < low) or (high is not None and value > high) or value % step:
            raise invalid(pointer, f"expected {low} to {high}" + (f" in steps of {step}" if step > 1 else ""))
        return value

    return shape


def number(value: Any, pointer: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise invalid(pointer, "expected a number of 0 or more")
    return value


def nullable(shape: Shape, instead: Any = None) -> Shape:
    """null is a value here; some fields read it as one of their own values."""
    return lambda value, pointer: instead if value is None else shape(value, pointer)


def array(shape: Shape, low: int = 0, unique: bool = False) -> Shape:
    def shape_of_all(value: Any, pointer: str) -> list[Any]:
        if not is_array(value):
            raise invalid(pointer, "expected an array")
        if len(value) < low:
            raise invalid(pointer, f"expected at least {low}")
        kept = [shape(each, f"{pointer}/{position}") for position, each in enumerate(value)]
        if unique and len({json.dumps(each) for each in kept}) < len(kept):
            raise invalid(pointer, "the same value stands twice")
        return kept

    return shape_of_all


def record(model: Model, required: Collection[str] = ()) -> Shape:
    return lambda value, pointer: read(value, model, required, pointer)


def url(value: Any, pointer: str) -> str:
    """An absolute address: "must include a scheme"."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        valid = parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not value.isprintable() or " " in value:
        raise invalid(pointer, "expected an absolute http or https URL")
    return value


def read(value: Any, model: Model, required: Collection[str] = (), pointer: str = "") -> JsonObject:
    """The fields that were given. A field that the vendor does not document is a mistake, whatever it holds."""
    if not is_object(value):
        raise invalid(pointer or "/", "expected an object")
    for name in value:
        if name not in model:
            raise Wrong(f"{pointer}/{name}", UNKNOWN, f"unknown field {name!r}")
    for name in required:
        if name not in value:
            raise Wrong(f"{pointer}/{name}", MISSING, f"{name} is required")
    return {name: model[name](each, f"{pointer}/{name}") for name, each in value.items()}


def _once(found: list[tuple[str, Any]]) -> JsonObject:
    """Python's own reader keeps the last of two equal keys, which would hide a client's mistake."""
    if len({key for key, _ in found}) < len(found):
        raise ValueError("the same key stands twice")
    return dict(found)


def parse(body: bytes) -> Any:
    try:
        document = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Wrong("/", UNREADABLE, f"the body is not JSON: {error}") from error
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
