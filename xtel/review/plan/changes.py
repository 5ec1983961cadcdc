"""Which properties of an object change, as a person reads them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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
        yield between(path, at(old, path), at(new, path))
    for path in secretly(step):
        yield Change(path=one_line(path), before=MASK, after=MASK, secret=True)


def secretly(step: Step) -> list[str]:
    """Secrets that the engine saw change: masked, both sides look the same."""
    return [path for path in step.differing if at(step.old, path) == MASK == at(step.new, path)]


def between(path: str, before: Any, after: Any) -> Change:
    """One property; of a list only what is added and what is removed."""
    if isinstance(before, list) and isinstance(after, list):
        left, right = cast(list[Any], before), cast(list[Any], after)
        removed, added = [x for x in left if x not in right], [x for x in right if x not in left]
        if removed or added:
            before, after = removed or None, added or None
    return Change(path=one_line(path), before=shown(before), after=shown(after), secret=MASK in (before, after))


def at(values: Any, path: str) -> Any:
    """The value at a path such as ``codecs[0].name``; None where there is none."""
    if path in values:
        return values[path]
    for name in re.findall(r"[^.\[\]]+", path):
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
