"""Which properties of an object change, as a person reads them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, cast

from providers.kernel import spec
from providers.kernel.secrecy import MASK, one_line
from providers.kernel.spec import CONTROL
from xtel.engine.step import INTERNAL, UNKNOWN, Step
from xtel.review.plan.model import Change

#: Inputs whose change changes nothing at a vendor.
_QUIET = frozenset({*CONTROL, *INTERNAL, "marker"})
#: Characters of a value that are shown.
MAX_CHARACTERS = 160
#: What is said of a value that was kept as one secret with all that stands in it, and is not any more.
NOT_SHOWN = "not shown"
#: A text of one short line is shown whole, on both sides.
_SHORT = 80
#: What is shown of a long line before the place where it differs.
_LEAD = 40


def counted(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs whose change counts."""
    return {name: value for name, value in inputs.items() if name not in _QUIET}


def of(step: Step, op: str) -> Iterator[Change]:
    """The properties that an operation changes; those of a deletion all go, and are not listed."""
    if op == "delete":
        return
    old = counted(step.old) if op != "create" else dict[str, Any]()
    new = counted(step.new)
    for path in spec.changed(old, new):
        before, after = at(old, path), at(new, path)
        if before == MASK and isinstance(after, list | dict):
            yield from _disclosed(path, after)
        else:
            yield from between(path, before, after)
    for path in secretly(step):
        yield Change(path=one_line(path), before=MASK, after=MASK, secret=True)


def _disclosed(path: str, after: Any) -> Iterator[Change]:
    """What a state kept as one secret: what stood there cannot be compared, what will stand there can be read."""
    named = _by_name(after)
    for inner, item in {f"{path}[{name}]": named[name] for name in named}.items() if named else [(path, after)]:
        yield Change(path=one_line(inner), before=NOT_SHOWN, after=shown(item), **_destination(None, item, item))


def secretly(step: Step) -> list[str]:
    """Secrets that the engine saw change: masked, both sides look the same."""
    return [path for path in step.differing if at(step.old, path) == MASK == at(step.new, path)]


def between(path: str, before: Any, after: Any) -> Iterator[Change]:
    """One property, as small as it can be said: changed lines of a text, changed fields of named items, else what is added to
    a list and what is removed from it.
    """
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > _SHORT:
        yield from list(_lines(path, before, after)) or [_whole(path, before, after)]
    elif (left := _by_name(before)) is not None and (right := _by_name(after)) is not None:
        for name in [*left, *(name for name in right if name not in left)]:
            for inner in spec.changed(left.get(name), right.get(name), f"{path}[{name}]"):
                field = inner.removeprefix(f"{path}[{name}]").lstrip(".")
                old, new = _inside(left.get(name), field), _inside(right.get(name), field)
                going = _destination(old, new, right.get(name))
                yield from (change.model_copy(update=going) for change in between(inner, old, new))
    else:
        yield _whole(path, before, after)


def _whole(path: str, before: Any, after: Any) -> Change:
    if isinstance(before, list) and isinstance(after, list):
        left, right = cast(list[Any], before), cast(list[Any], after)
        removed, added = [x for x in left if x not in right], [x for x in right if x not in left]
        if removed or added:
            before, after = removed or None, added or None
    secret = MASK in (before, after)
    going = _destination(before, after, after) if isinstance(after, list) else {}
    return Change(path=one_line(path), before=shown(before), after=shown(after), secret=secret, **going)


def _destination(before: Any, after: Any, holder: Any) -> dict[str, Any]:
    """The hosts that a value names and did not name before, and the secrets that its holder is called with."""
    hosts = _hosts(after) - _hosts(before)
    secrets = sorted({one_line(name) for name in _secrets(holder)}) if hosts else ()
    return {"hosts": tuple(sorted(map(one_line, hosts))), "secrets": tuple(secrets)}


def _hosts(value: Any) -> set[str]:
    if isinstance(value, str):
        return set(re.findall(r"^https?://([^/\s?#]+)", value))
    return {host for _, item in _items(value) for host in _hosts(item)}


def _secrets(value: Any) -> Iterator[str]:
    """Names of the fields, at any depth, in whose place a secret stands."""
    for name, item in _items(value):
        if isinstance(item, str) and item.startswith(MASK):
            yield name
        yield from _secrets(item)


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return cast(dict[str, Any], value).items()
    return (("", item) for item in cast(list[Any], value)) if isinstance(value, list) else ()


def _inside(item: Any, path: str) -> Any:
    return item if not path or item is None else at(item, path)


def _by_name(value: Any) -> dict[str, Any] | None:
    """The items of a list by what people call them; None for a list whose items have no names of their own."""
    if not isinstance(value, list) or not value:
        return None
    named: dict[str, Any] = {}
    for item in cast(list[Any], value):
        fields = cast(dict[str, Any], item) if isinstance(item, dict) else {}
        name = next((str(fields[key]) for key in ("name", "server_label", "type") if fields.get(key)), "")
        if not name or name in named:
            return None
        named[name] = fields
    return named


def _lines(path: str, before: str, after: str) -> Iterator[Change]:
    """The lines of a text that differ, each by its number where there are several, cut around what differs in it."""
    left, right = before.splitlines(), after.splitlines()
    alone = max(len(left), len(right)) == 1
    for op, start, end, new_start, new_end in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if op == "equal":
            continue
        for count in range(max(end - start, new_end - new_start)):
            old = left[start + count] if start + count < end else ""
            new = right[new_start + count] if new_start + count < new_end else ""
            number = (new_start if new_start + count < new_end else start) + count + 1
            old, new = _around(old, new)
            yield Change(
                path=one_line(path if alone else f"{path}:{number}"), before=one_line(old), after=one_line(new)
            )


def _around(old: str, new: str) -> tuple[str, str]:
    """Two long lines, each from a little before the first character that differs."""
    if max(len(old), len(new)) <= MAX_CHARACTERS or not (old and new):
        return tuple(f"{text[: MAX_CHARACTERS - 1]}…" if len(text) > MAX_CHARACTERS else text for text in (old, new))  # type: ignore[return-value]
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, same - _LEAD)
    lead = "…" if start else ""
    cut = [lead + text[start : start + MAX_CHARACTERS - 2] for text in (old, new)]
    tails = ["…" if len(text) > start + MAX_CHARACTERS - 2 else "" for text in (old, new)]
    return cut[0] + tails[0], cut[1] + tails[1]


def at(values: Any, path: str) -> Any:
    """The value at a path such as ``codecs[0].name``; None where there is none."""
    if path in values:
        return values[path]
    for quoted, plain in re.findall(r'\["([^"]*)"\]|([^.\[\]]+)', path):
        name = quoted or plain
        if isinstance(values, dict):
            values = cast(dict[str, Any], values).get(name)
        elif isinstance(values, list) and name.isdigit() and int(name) < len(cast(list[Any], values)):
            values = cast(list[Any], values)[int(name)]
        else:
            return None
    return values


def shown(value: Any) -> str:
    """A value as a person reads it on one line; nothing for what is not there."""
    if value is None:
        return ""
    if value == UNKNOWN:
        return "known after apply"
    if isinstance(value, list) and all(isinstance(item, str) for item in cast(list[Any], value)):
        return one_line(", ".join(cast(list[str], value)), MAX_CHARACTERS)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return one_line(text.replace(UNKNOWN, "known after apply"), MAX_CHARACTERS)
