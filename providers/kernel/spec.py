"""What an object is declared with: typed, strict, canonical, and able to hold values that are not known yet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails, to_jsonable_python

from providers.kernel.values import Unknown, has_unknown

#: Keys and indices from an object's inputs down to one value: ``("webhook", "auth_token")``.
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Secret:
    """Annotation of a field whose value must never be shown: ``Annotated[str, Secret()]``.

    ``goes_to`` finds in an object's inputs the URLs, SIP URIs or hosts that get the value which stands at a place; without
    it the object's vendor alone gets it.
    """

    goes_to: Callable[[Mapping[str, Any], Place], Iterable[str]] | None = None


def first_of(*paths: str) -> Callable[[Mapping[str, Any], Place], Iterable[str]]:
    """For :class:`Secret`: what stands at the first of these paths that is there, nothing where none is."""

    def goes_to(inputs: Mapping[str, Any], place: Place) -> Iterable[str]:
        return [found for path in paths if (found := at(inputs, path)) and isinstance(found, str)][:1]

    return goes_to


class StrictModel(BaseModel):
    """A piece of what is declared: strict, immutable, and silent about the values it was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class Spec(StrictModel):
    """The inputs of one object.

    Fields of :data:`CONTROL` steer this project and are never sent to a vendor; they are kept in the state and never
    count as a change.
    """

    marker: str = Field("", description="How the object shows that this stack owns it.")
    take_over: bool = Field(False, description="Take over an object that exists and is not ours.")
    replace: Literal["", "accept"] = Field("", description="Consent to replacing it, which is an outage.")

    @field_validator("*", mode="wrap")
    @classmethod
    def _pass_unknown(cls, value: Any, handler: Any) -> Any:
        return value if has_unknown(value) else handler(value)

    def canonical(self) -> dict[str, Any]:
        """The inputs in the one spelling that is compared, sent and kept; absent is absent, never null."""
        return {
            name: plain
            for name in type(self).model_fields
            if (plain := _plain(getattr(self, name))) is not None and plain != ""
        }


#: Fields that are kept but never compared: changing consent changes nothing at a vendor.
CONTROL = frozenset({"take_over", "replace"})


def _plain(value: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    if isinstance(value, BaseModel):
        return {name: plain for name in type(value).model_fields if (plain := _plain(getattr(value, name))) is not None}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in cast(dict[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast(list[Any], value)]
    return to_jsonable_python(value)


def spelled(spec: type[Spec], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values in the canonical spelling; what the spec would refuse, because somebody set it at the vendor, as it is."""
    given = {name: value for name, value in values.items() if value is not None}
    try:
        return spec.model_validate(given).canonical()
    except ValidationError:
        return given


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was declared: where, and why, without the value."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


def problems(error: ValidationError) -> list[Problem]:
    """What pydantic found, in the words of this project, without any value that was given."""
    return [Problem(path(detail["loc"]), reason(detail)) for detail in details(error)]


def details(error: ValidationError) -> list[ErrorDetails]:
    """What pydantic found, but not that a list is empty when it is so only without its wrong items."""
    found = error.errors(include_url=False)
    above = {detail["loc"][:end] for detail in found for end in range(len(detail["loc"]))}
    return [detail for detail in found if detail["type"] != "too_short" or detail["loc"] not in above]


def path(loc: Iterable[int | str]) -> str:
    """A place in what was declared: ``fallback[0].uri``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


#: What pydantic finds, by its own names: a word of it that stands here not is answered by ``_UNKNOWN``.
_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a known key",
    "literal_error": "must be one of {expected}",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "is not spelled right",
    "string_unicode": "must be text of whole characters",
    "string_not_ascii": "must be ASCII",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "finite_number": "must be a number that ends",
    "json_invalid": "is not JSON",
    "recursion_loop": "holds itself",
}
#: The nouns of its families of findings: ``string_type``, ``int_parsing``, ``date_from_datetime_parsing``.
_NOUNS = {
    "string": "text", "bool": "true or false", "int": "a whole number", "float": "a number", "decimal": "a number",
    "dict": "a mapping", "mapping": "a mapping", "model": "a mapping", "dataclass": "a mapping", "is": "a mapping",
    "tuple": "a list", "list": "a list", "set": "a list", "frozen": "a list", "iterable": "a list", "json": "JSON",
    "date": "a day, for example 2026-12-01", "datetime": "a time", "time": "a time", "none": "null", "bytes": "text",
}  # fmt: skip
_UNKNOWN = "is not what belongs here"


def reason(detail: ErrorDetails) -> str:
    """One sentence for one finding of pydantic, in no word of its own; never holds the value that was given."""
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind == "value_error":
        return str(context.get("error") or _UNKNOWN)
    if kind == "string_too_short":
        least = context.get("min_length")
        return "must not be empty" if least == 1 else f"must have at least {least} characters"
    if kind in _REASONS:
        return _REASONS[kind].format_map({name: str(value).replace("'", "") for name, value in context.items()})
    noun = _NOUNS.get(kind.partition("_")[0])
    return f"must be {noun}" if noun else _UNKNOWN


def sentence(error: ValueError) -> str:
    """What a ValueError says, also where it is pydantic's."""
    return "; ".join(map(str, problems(error))) if isinstance(error, ValidationError) else str(error)


def changed(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Paths at which two canonical values differ, deepest first known: ``webhook.url``, ``sip_auth.allowed_addresses``."""
    return (place for place, _, _ in differences(old, new, path))


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The same with what stands there on either side: a path alone does not say which of its dots are in a key."""
    if isinstance(old, dict) and isinstance(new, dict):
        left, right = cast(dict[str, Any], old), cast(dict[str, Any], new)
        for key in sorted(left.keys() | right.keys()):
            yield from differences(left.get(key), right.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path, old, new


_NOTHING: Final = object()


def at(values: Any, path: str) -> Any:
    """The value at a path, as it is written here or by the engine: ``codecs[0].name``, ``content.README.md``,
    ``content["README.md"]``; None where there is none. Keys may hold dots and brackets.
    """
    found = _followed(values, path)
    return None if found is _NOTHING else found


def _followed(value: Any, path: str) -> Any:
    if not path:
        return value
    for inner, rest in _steps(value, path):
        if (found := _followed(inner, rest)) is not _NOTHING:
            return found
    return _NOTHING


def _steps(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    """What stands one step further by any reading of the path, and the rest of it; the longest key first."""
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        for key in sorted(fields, key=len, reverse=True):
            for written in (key, f"[{json.dumps(key, ensure_ascii=False)}]"):
                rest = path.removeprefix(written)
                if path.startswith(written) and rest[:1] in {"", ".", "["}:
                    yield fields[key], rest.removeprefix(".")
    elif isinstance(value, list | tuple) and (index := re.match(r"\[?([0-9]+)\]?(?=[.\[]|$)", path)):
        items = cast(list[Any], value)
        if int(index[1]) < len(items):
            yield items[int(index[1])], path[index.end() :].removeprefix(".")


def secret_values(model: type[BaseModel], values: Mapping[str, Any]) -> list[str]:
    """The values of a spec's secret fields, to be kept out of every text."""
    secrets: list[str] = []
    sealed(model, values, secrets.append)
    return secrets


def sealed(model: type[BaseModel], values: Mapping[str, Any], seal: Callable[[Any], Any]) -> dict[str, Any]:
    """The values with every secret field, at any depth, as ``seal`` answers it."""
    result = dict(values)
    for name, info in model.model_fields.items():
        if name in values:
            result[name] = _sealed([*_parts(info.annotation), *info.metadata], values[name], seal)
    return result


def _sealed(parts: list[Any], value: Any, seal: Callable[[Any], Any]) -> Any:
    """What is secret in the value of a field of this type: the text itself, an item of it, a field of a model in it."""
    marked = any(isinstance(part, Secret) for part in parts)
    models = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
    if isinstance(value, str) and marked:
        return seal(value)
    if isinstance(value, list | tuple):
        return [_sealed(parts, item, seal) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    fields = cast(dict[str, Any], value)
    if mapping := next((part for part in parts if get_origin(part) is dict), None):
        inner = list(_parts(get_args(mapping)[1]))
        return {key: _sealed(inner, item, seal) for key, item in fields.items()}
    result = dict(fields)
    for model in models:
        result |= {key: item for key, item in sealed(model, fields, seal).items() if item != fields.get(key)}
    return result


def secret_fields(model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[tuple[Place, Any, Secret]]:
    """What stands in a spec's secret fields, at any depth, with its place and how the field is marked."""
    for name, info in model.model_fields.items():
        if name in values:
            yield from _in_secret_fields([*_parts(info.annotation), *info.metadata], values[name], (name,))


def _in_secret_fields(parts: list[Any], value: Any, place: Place) -> Iterator[tuple[Place, Any, Secret]]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(cast(list[Any], value)):
            yield from _in_secret_fields(parts, item, (*place, index))
    elif not isinstance(value, Mapping):
        if value and (mark := next((part for part in parts if isinstance(part, Secret)), None)):
            yield place, value, mark
    elif mapping := next((part for part in parts if get_origin(part) is dict), None):
        inner = list(_parts(get_args(mapping)[1]))
        for key, item in cast(Mapping[str, Any], value).items():
            yield from _in_secret_fields(inner, item, (*place, key))
    else:
        fields = cast(Mapping[str, Any], value)
        for model in (part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)):
            for below, item, mark in secret_fields(model, fields):
                yield (*place, *below), item, mark


def _parts(annotation: Any) -> Iterator[Any]:
    """A type and everything inside it: the members of a union, the marks of an Annotated."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
