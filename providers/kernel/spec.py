"""What an object is declared with: typed, strict, canonical, and able to hold values that are not known yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails, to_jsonable_python

from providers.kernel.values import Unknown, has_unknown


@dataclass(frozen=True)
class Secret:
    """Annotation of a field whose value must never be shown: ``Annotated[str, Secret()]``."""


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


_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a known key",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


def reason(detail: ErrorDetails) -> str:
    """One sentence for one finding of pydantic; never holds the value that was given."""
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind in _REASONS:
        return _REASONS[kind]
    if kind == "literal_error":
        return f"must be one of {context.get('expected', '')}".replace("'", "")
    if kind == "too_long":
        return f"must have at most {context.get('max_length')} entries"
    if kind == "value_error":
        return str(context.get("error", detail["msg"]))
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def changed(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Paths at which two canonical values differ, deepest first known: ``webhook.url``, ``sip_auth.allowed_addresses``."""
    if isinstance(old, dict) and isinstance(new, dict):
        left, right = cast(dict[str, Any], old), cast(dict[str, Any], new)
        for key in sorted(left.keys() | right.keys()):
            yield from changed(left.get(key), right.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path


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


def _parts(annotation: Any) -> Iterator[Any]:
    """A type and everything inside it: the members of a union, the marks of an Annotated."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
