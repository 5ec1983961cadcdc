"""What is asked before the first write for a number: can all that follows be made, as far as reading shows?

A preview asks every object for itself. An update has no such look ahead: it would register a number, make its trunk, and
find out last that the account does not own it. So each object of a number carries what comes after it, as a text among its
inputs that ``check`` takes out again; it is asked when the object is about to be made, whoever its vendor is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from providers.kernel import errors, operation, registry
from providers.kernel.reconciler import Reconciler, operation_on
from providers.kernel.session import Session
from providers.kernel.values import UNKNOWN, Unknown

#: Stands in the text for a value that nobody knows yet, or that must not be told.
_UNKNOWN = "\ue000unknown"


@dataclass(frozen=True)
class Ahead:
    """An object that is made later for the same number: its type, such as ``acme:Trunk``, and its inputs.

    Inputs that are not known yet, and secrets, are :data:`~providers.kernel.values.UNKNOWN`.
    """

    type: str
    inputs: Mapping[str, Any]


def written(ahead: Iterable[Ahead]) -> str:
    """What comes after an object, as the text that it carries; empty for nothing."""
    listed = [[each.type, dict(each.inputs)] for each in ahead]
    return json.dumps(listed, default=_sign, sort_keys=True) if listed else ""


def require(text: str, sessions: Callable[[str], Session]) -> None:
    """Raise the error that would end the run half-way; ``sessions`` gives the connection to a vendor by its name.

    A vendor that does not answer is an error too: nothing is begun that can perhaps not be finished.
    """
    listed = cast(list[tuple[str, dict[str, Any]]], json.loads(text) if text else [])
    for type, inputs in listed:
        vendor, _, kind = type.partition(":")
        given = {name: _known(value) for name, value in inputs.items()}
        doing = operation.current()
        with operation.operating(operation_on(vendor, kind, given, urn=doing.urn, progress=doing.progress)):
            reconciler = Reconciler(registry.vendor(vendor).object(kind), sessions(vendor))
            if obstacle := reconciler.ahead(given)[0]:
                raise errors.Conflict(obstacle.reason, step=obstacle.step)


def _sign(value: object) -> object:
    if isinstance(value, Unknown):
        return _UNKNOWN
    raise TypeError(f"{type(value).__name__} has no place in what comes after an object")


def _known(value: Any) -> Any:
    if value == _UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {name: _known(item) for name, item in cast(dict[str, Any], value).items()}
    return [_known(item) for item in cast(list[Any], value)] if isinstance(value, list) else value
