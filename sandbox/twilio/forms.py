"""Parameters, form-encoded and in PascalCase: reading them strictly.

Twilio ignores a parameter it does not know, and some wrong values. Here both are refused on purpose, with Twilio's
body and code 20001: a misspelt parameter that nothing complains about is the mistake a sandbox is there to find.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.exchange import Call, JsonObject, Pairs, pairs
from sandbox.twilio.account import INVALID_PARAMETER, Refusal

Parser = Callable[[str], Any]  # raises ValueError with what was expected


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, the field of the object that it sets, and how its value is read."""

    name: str
    parse: Parser
    empty: Any = None  # what `Name=` sets where an empty value is allowed
    clearable: bool = False


Fields = Mapping[str, Field]


def text(limit: int | None = None) -> Parser:
    def parse(value: str) -> str:
        if limit is not None and len(value) > limit:
            raise ValueError(f"at most {limit} characters")
        return value

    return parse


def choice(*allowed: str) -> Parser:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return value

    return parse


def whole(low: int, high: int) -> Parser:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"an integer from {low} to {high}")
        return int(value)

    return parse


def flag(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return value.lower() == "true"


def sid(prefix: str) -> Parser:
    def parse(value: str) -> str:
        if not re.fullmatch(prefix + "[0-9a-fA-F]{32}", value):
            raise ValueError(f"a SID: {prefix} and 32 hexadecimal digits")
        return value

    return parse


def url(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or " " in value:
        raise ValueError("an absolute http or https URL")
    return value


method = choice("GET", "POST")


def fields(**parsers: Parser | Field) -> Fields:
    """Fields by the snake_case name they set: `voice_url=url` reads VoiceUrl."""
    made: dict[str, Field] = {}
    for name, parser in parsers.items():
        made[pascal(name)] = parser if isinstance(parser, Field) else Field(name, parser)
    return made


def clearable(name: str, parse: Parser, empty: Any = "") -> Field:
    return Field(name, parse, empty, clearable=True)


def pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def read(given: Pairs, known: Fields, required: Sequence[str] = ()) -> JsonObject:
    values: JsonObject = {}
    for parameter, value in given:
        field = known.get(parameter)
        if field is None:
            raise Refusal(400, INVALID_PARAMETER, f"Unknown parameter {parameter}")
        if field.name in values:
            raise Refusal(400, INVALID_PARAMETER, f"Parameter {parameter} stands more than once")
        values[field.name] = _value(parameter, field, value)
    for parameter in required:
        if known[parameter].name not in values:
            raise Refusal(400, INVALID_PARAMETER, f"Missing required parameter {parameter} in the post body")
    return values


def _value(parameter: str, field: Field, value: str) -> Any:
    if value == "" and field.clearable:
        return field.empty
    try:
        return field.parse(value)
    except ValueError as error:
        raise Refusal(400, INVALID_PARAMETER, f"Invalid parameter {parameter}: expected {error}") from error


def form(call: Call, known: Fields, required: Sequence[str] = ()) -> JsonObject:
    """The parameters of a POST. An empty body is no parameters and no mistake."""
    if call.query:
        raise Refusal(400, INVALID_PARAMETER, f"Unknown query parameter {call.query[0][0]}")
    if call.body and call.media != "application/x-www-form-urlencoded":
        raise Refusal(415, INVALID_PARAMETER, "Expected Content-Type application/x-www-form-urlencoded")
    return read(pairs(call.body), known, required)
