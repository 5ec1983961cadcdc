"""What is wrong with a stack file, in words that name the fix: no phrase of pydantic or YAML, no value that was given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from providers.kernel import reading, registry, spec
from providers.kernel.capabilities import Can, Cannot, Capability
from providers.kernel.vendor import Carrier
from providers.kernel.wording import did_you_mean
from stacks.agent import Agent
from stacks.model import Common, Network, Number
from stacks.positions import Location

_NOUNS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    tuple: "a list",
    list: "a list",
    dict: "a mapping",
}
#: What pydantic says when the kind of value is wrong, or the word is none of those that are known.
_WRONG_KIND = re.compile(r".*_(type|parsing|error|from_float|attributes_type)$")
_LIMITS = {
    "missing": "is required: {described}",
    "string_pattern_mismatch": "is not spelled right: {described}",
}
_HINTS = {
    ("digest", "username", "missing"): "a digest needs a username: add username: NAME",
    ("numbers", "missing"): "is required: the numbers of this stack",
    ("version", "missing"): "is required: write version: 1",
    ("version", "literal_error"): "must be 1, without quotes: this release of xtel knows no other format",
}
#: Keys of routes by what they ask of a carrier.
_ASKED_BY = {
    Capability.TRANSFER: {"transfer", "transfer_caller_id", "transfer_context"},
    Capability.SRTP: {"secure", "srtp"},
    Capability.CODECS: {"codecs"},
    Capability.SHARED: {"trunk"},
    Capability.BUYING: {"buy"},
}
#: Levels below a mapping in which a key that stands too high is looked for.
_DEEPEST = 3
#: YAML's complaints, and what people did.
_YAML = {
    r"found character '\\t'": "a tab stands in the indentation: use spaces",
    r"found character '[@`%]'": "text that starts with @, % or ` needs quotes",
    r"mapping values are not allowed": "a colon where none can be: text with `: ` in it needs quotes, and keys of one mapping"
    " the same indentation",
    r"expected <block end>": "the indentation is uneven: items of one list or mapping start in the same column",
    r"found unexpected end of stream": "a quote is opened here and not closed",
    r"expected ',' or '[\]}]'": "a bracket is opened here and not closed, or a comma is missing",
    r"but found '<stream end>'": "the file ends inside a list or mapping: a bracket is not closed",
    r"expected the node content": "a value is missing, or a bracket or comma stands where none can be",
    r"could not find expected ':'": "a key without a colon",
    r"found undefined alias": "an alias (*name) stands for an anchor (&name) that is not in the file",
    r"another document": "a second document starts here (---): one file is one stack",
    r"for merging": "what is merged with << must be a mapping",
    r"unacceptable character": "a control character stands in the file: remove it",
}


def worded(model: type[BaseModel], detail: ErrorDetails) -> tuple[Location, str]:
    """Where in the file a finding of pydantic stands, and what it says."""
    place, declared = _declared(model, detail["loc"])
    kind = detail["type"]
    for length in (2, 1):
        if words := _HINTS.get((*(str(part) for part in place[-length:]), kind)):  # type: ignore[arg-type]
            return place, words
    if kind == "extra_forbidden":
        unknown = str(detail["loc"][-1])
        return (*place, unknown), _unknown(unknown, declared.models)
    return place, _reason(detail, declared)


def yes_or_no(given: Any) -> str:
    """Why ``yes`` is not true; nothing for other values."""
    word = str(given).lower()
    if word in {"true", "false"}:
        return ", without quotes"
    return " (yes, no, on and off are text in YAML 1.2)" if word in {"yes", "no", "on", "off", "y", "n"} else ""


def unreadable(error: Exception) -> tuple[int, str]:
    """The line and the words for a file that is not YAML."""
    mark: Any = getattr(error, "problem_mark", None)
    if str(getattr(error, "context", "")).startswith(("while scanning a quoted", "while parsing a flow")):
        mark = getattr(error, "context_mark", None) or mark  # where it was opened, not where the file ends
    line = mark.line + 1 if mark else 1
    # Other exceptions are ruamel's for a value that its tag (!!int) or its form (a date) does not allow: they may quote it.
    problem = str(getattr(error, "problem", None) or (error if type(error).__module__.startswith("ruamel") else ""))
    if isinstance(error, reading.Unreadable):
        return line, str(error)
    if isinstance(error, RecursionError):
        return line, "is nested too deep: a stack file has few levels"
    if duplicate := re.match(r"found duplicate key \"?([^\"\s]+)\"?", problem):
        return line, f"the key {duplicate[1]!r} stands here twice: remove one"
    for pattern, words in _YAML.items():
        if re.search(pattern, problem):
            return line, f"not YAML: {words}"
    first = problem.splitlines()[0] if problem else "a value is not what its tag or its form says: put text in quotes"
    return line, f"not YAML: {first}"


@dataclass(frozen=True)
class _Declared:
    """What belongs at a place: its type, the field it is (none for an item of a list or mapping), an example."""

    hint: Any
    info: FieldInfo | None = None
    example: Any = None

    @property
    def members(self) -> list[Any]:
        """The alternatives of the type, without null and without annotations."""
        return _members(self.hint)

    @property
    def models(self) -> tuple[type[BaseModel], ...]:
        """Those of them that are mappings with fields."""
        return tuple(item for item in self.members if isinstance(item, type) and issubclass(item, BaseModel))

    def inside(self, part: int | str) -> _Declared | None:
        """What belongs one step further: a field's value, an item of a list, an entry of a mapping."""
        for item in self.models:
            if part in item.model_fields:
                info = item.model_fields[str(part)]
                return _Declared(info.annotation, info, info.examples[0] if info.examples else None)
        for item in self.members:
            kind, inner = get_origin(item), get_args(item)
            if kind is dict and isinstance(part, str):
                return _Declared(inner[1], None, next(iter(self.example.values()), None) if self.example else None)
            if kind in {tuple, list} and isinstance(part, int):
                return _Declared(inner[0], None, self.example[0] if self.example else None)
        return None


def _declared(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[Location, _Declared]:
    """Follows pydantic's location through the types.

    Parts that no type has are pydantic's own: the member of a union, the inside of a value.
    """
    place: Location = ()
    declared = _Declared(model)
    for part in loc:
        if inner := declared.inside(part):
            place, declared = (*place, part), inner
    return place, declared


def _members(hint: Any) -> list[Any]:
    if get_origin(hint) is Annotated:
        return _members(get_args(hint)[0])
    if get_origin(hint) in {Union, UnionType}:
        return [member for item in get_args(hint) for member in _members(item)]
    return [] if hint is NoneType else [hint]


def _reason(detail: ErrorDetails, declared: _Declared) -> str:
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context, described=_described(declared)).removesuffix(": ")
    if kind != "value_error" and _WRONG_KIND.match(kind):
        return _expected(detail.get("input"), declared)
    return spec.reason(detail)


def _described(declared: _Declared) -> str:
    return ((declared.info.description if declared.info else "") or "").rstrip(".")


def _expected(given: Any, declared: _Declared) -> str:
    """What belongs there, by the types: one sentence, however many members of a union pydantic complained of."""
    members, example = declared.members, declared.example
    nouns = [word for member in members for word in _words(member)]
    if declared.models and isinstance(example, str):  # the short form of a mapping
        nouns = ["text", *nouns]
    optional = declared.info and not declared.info.is_required()
    start = "must be" if given is not None else "is empty: remove it, or write" if optional else "is empty: it must be"
    text = f"{start} {' or '.join(filter(None, [', '.join(nouns[:-1]), *nouns[-1:]]))}"
    if str in members and isinstance(given, bool | int | float):
        return f"{text}: put it in quotes"
    literals = [str(word) for member in members if get_origin(member) is Literal for word in get_args(member)]
    if guess := did_you_mean(given, literals) if isinstance(given, str) else "":
        return f"{text}: {guess}"
    if bool in members:
        return text + yes_or_no(given)
    if example is not None:
        return f"{text}, for example {_flow(example)}"
    return f"{text} ({_described(declared)})" if declared.models and declared.info else text


def _words(member: Any) -> list[str]:
    if get_origin(member) is Literal:
        return [str(word) for word in get_args(member)]
    kind = get_origin(member) or member
    if kind is bool:
        return ["true", "false"]
    fields: Mapping[str, Any] = getattr(kind, "model_fields", {})
    return [_NOUNS.get(kind, f"a mapping with {' and '.join(fields)}" if 0 < len(fields) < 3 else "a mapping")]


def _flow(value: Any) -> str:
    """An example as one writes it in YAML on one line."""
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in items) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in cast(list[Any], value))}]"
    text = str(value)
    return text if re.fullmatch(r"[A-Za-z][\w./:-]*|[\d./]*/\d+", text) else json.dumps(text)


def _unknown(key: str, models: tuple[type[BaseModel], ...]) -> str:
    """A key that is not known: where it belongs, or the one that was meant, where that can be guessed."""
    fields = [name for model in models for name in model.model_fields]
    if holder := _holder(key, models):
        return holder
    if carrier := next((each for each in registry.carriers().values() if each.route in models), None):
        return _unknown_in_route(key, carrier)
    if Network in models and (guess := did_you_mean(key, fields)):
        return f"is not a known key: {guess}"
    if path := _deeper(key, models):
        return (
            f"is a key of the route: write it under {path}"
            if path == "route"
            else f"belongs under {path}: write it there"
        )
    return f"is not a known key{_guessed(key, fields)}"


def _holder(key: str, models: tuple[type[BaseModel], ...]) -> str:
    """A key of a number that stands where no number is said; empty for others."""
    if Common in models and key in Number.model_fields:
        return "is said for each number alone: write it there"
    if Network in models and key in Common.model_fields:
        return "is said for each number, or for all of them under defaults: write it there"
    if Agent in models and key in Number.model_fields:
        return "is a key of a number, not of an agent: write it there"
    return ""


def _guessed(key: str, fields: Iterable[str]) -> str:
    guess = did_you_mean(key, fields)
    return f": {guess}" if guess else "; see `xtel schema` for the keys"


def _unknown_in_route(key: str, carrier: Carrier[Any]) -> str:
    """A key that this carrier's route has not: whose it is, and why this one does without."""
    fields = carrier.route.model_fields
    if path := _deeper(key, (carrier.route,)):
        return f"belongs under {path}: write it there"
    if key in Number.model_fields:
        return "is a key of the number, not of its route: write it one level up"
    others = [each.name for each in registry.carriers().values() if key in each.route.model_fields]
    if not others:
        return f"is not a known key{_guessed(key, fields)}"
    capability = next((found for found, keys in _ASKED_BY.items() if key in keys), None)
    ability = carrier.can.get(capability) if capability else None
    whose = " and ".join(filter(None, [", ".join(others[:-1]), others[-1]]))
    told = f"is not a key of {carrier.name}, but of {whose}"
    longer = [name for name in fields if name.startswith(key) or key.startswith(name)]
    if capability and isinstance(ability, Can):
        return f"{told}; {carrier.title} has {capability.value} without it ({ability.how})"
    why = f"; {carrier.title} cannot: {ability.why}" if isinstance(ability, Cannot) else ""
    return f"{told}{why}: {did_you_mean(key, longer) or 'remove it'}"


def _deeper(key: str, models: tuple[type[BaseModel], ...]) -> str:
    """The path of the mapping inside these that has the key; empty where none has, or more than two."""
    level: list[tuple[str, type[BaseModel]]] = [("", model) for model in models]
    for _ in range(_DEEPEST):
        level = [
            (f"{path}.{name}".lstrip("."), inner)
            for path, model in level
            for name, info in model.model_fields.items()
            for inner in _held(name, info.annotation)
        ]
        if found := sorted({path for path, model in level if key in model.model_fields}):
            return " or ".join(found) if len(found) < 3 else ""
    return ""


def _held(name: str, hint: Any) -> list[type[BaseModel]]:
    """The mappings that a field holds, by itself or in a list; not the entries that people name."""
    if name == "route":
        return [carrier.route for carrier in registry.carriers().values()]
    found: list[type[BaseModel]] = []
    for member in _members(hint):
        if get_origin(member) in {tuple, list}:
            found += _held("", get_args(member)[0])
        elif isinstance(member, type) and issubclass(member, BaseModel):
            found.append(member)
    return found
