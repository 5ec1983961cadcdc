"""What a session accepts: rules for JSON values, and the complaint that becomes an ``error`` event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.exchange import JsonObject, is_array, is_object

#: Error types of the reference: malformed requests, and events that are not supported.
REQUEST, EVENT = "invalid_request_error", "invalid_event"


class Complaint(Exception):
    """xAI refuses what the client sent; the session stays open. ``param``: the field, as a path with dots."""

    def __init__(self, message: str, param: str = "", kind: str = REQUEST, code: str = "") -> None:
        super().__init__(message)
        self.message, self.param, self.kind, self.code = message, param, kind, code or kind


class Rule:
    """One kind of value. ``strict``: an unknown field is refused; else it is left out, as if nobody had said it."""

    def read(self, value: Any, path: str, strict: bool) -> Any:
        """The value as it is kept. Raises Complaint."""
        raise NotImplementedError


class Plain(Rule):
    """A value without parts, by a test and what it tests for."""

    def __init__(self, expected: str, test: Callable[[Any], bool]) -> None:
        self._expected, self._test = expected, test

    def read(self, value: Any, path: str, strict: bool) -> Any:
        if not self._test(value):
            raise Complaint(f"Invalid value for '{path}': expected {self._expected}.", path)
        return value


class Listed(Rule):
    """A list of values of one kind."""

    def __init__(self, each: Rule, most: int = 0) -> None:
        self._each, self._most = each, most

    def read(self, value: Any, path: str, strict: bool) -> Any:
        if not is_array(value):
            raise Complaint(f"Invalid value for '{path}': expected a list.", path)
        if self._most and len(value) > self._most:
            raise Complaint(f"Invalid value for '{path}': at most {self._most} entries.", path)
        return [self._each.read(entry, f"{path}[{place}]", strict) for place, entry in enumerate(value)]


class Fields(Rule):
    """An object: its fields by name, which of them are required, and whether it may be null."""

    def __init__(self, fields: Mapping[str, Rule], required: Sequence[str] = (), *, null: bool = False) -> None:
        self._fields, self._required, self._null = fields, required, null

    def read(self, value: Any, path: str, strict: bool) -> Any:
        if value is None and self._null:
            return None
        if not is_object(value):
            raise Complaint(f"Invalid value for '{path}': expected an object.", path)
        known: JsonObject = {}
        for name, each in value.items():
            place = f"{path}.{name}" if path else name
            if name in self._fields:
                known[name] = self._fields[name].read(each, place, strict)
            elif strict:
                raise Complaint(f"Unknown parameter: '{place}'.", place)
        for name in self._required:
            if name not in known:
                place = f"{path}.{name}" if path else name
                raise Complaint(f"Missing required parameter: '{place}'.", place)
        return known


class Either(Rule):
    """An object whose ``type`` says which fields it has."""

    def __init__(self, kinds: Mapping[str, Rule]) -> None:
        self._kinds = kinds

    def read(self, value: Any, path: str, strict: bool) -> Any:
        kind = value.get("type") if is_object(value) else None
        if not isinstance(kind, str) or kind not in self._kinds:
            raise Complaint(
                f"Invalid value for '{path}.type': expected one of {', '.join(self._kinds)}.", f"{path}.type"
            )
        return self._kinds[kind].read(value, path, strict)


def choice(*values: str) -> Rule:
    """One of these words."""
    return Plain(f"one of {', '.join(values)}", lambda value: value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(low: float, high: float, *, null: bool = False) -> Rule:
    """A number within bounds, both included."""
    return Plain(
        f"a number from {low:g} to {high:g}",
        lambda value: (null and value is None) or (_is_number(value) and low <= value <= high),
    )


def words(most: int = 0, *, null: bool = False) -> Rule:
    """Text, of at most so many characters."""
    expected = f"text of at most {most} characters" if most else "text"
    return Plain(
        expected,
        lambda value: (null and value is None) or (isinstance(value, str) and not 0 < most < len(value)),
    )


TEXT = words()
FLAG = Plain("true or false", lambda value: isinstance(value, bool))
OBJECT = Plain("an object", is_object)
COUNT = Plain("a whole number from 0", lambda value: _is_number(value) and value == int(value) and value >= 0)
MAP = Plain(
    "an object of text, or null",
    lambda value: value is None or (is_object(value) and all(isinstance(each, str) for each in value.values())),
)
