"""What a policy pack is told, as a preview: the state before, and every resource as it is declared now. Pure.

A pack is never told what a run deletes, nor what stood there before. Both are in the state.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from providers.kernel import spec
from stacks import callpath
from xtel.engine.previews import Preview
from xtel.engine.step import INTERNAL, UNKNOWN, Step, parsed, step_of

_QUIET = INTERNAL | spec.CONTROL


@dataclass(frozen=True)
class DeclaredResource:
    """A resource as the program declares it: inputs in the engine's own form, and what it was called before."""

    inputs: Mapping[str, Any]
    protected: bool = False
    aliases: tuple[str, ...] = ()


def preview(state: Mapping[str, Any], declared: Mapping[str, DeclaredResource], stays: Collection[str]) -> Preview:
    """The operations from an exported state to what is declared.

    ``stays`` are the URNs of the final stack: what is in the state and not among them goes; what is among them and not
    declared (`--target`) stays as it is.
    """
    old = {item["urn"]: item for item in _resources(state)}
    former = {urn: _former(urn, found, old) for urn, found in declared.items()}
    kept = [_step(urn, old.get(former[urn]), found) for urn, found in declared.items()]
    left = [urn for urn in old if urn not in former.values()]
    same = [_step(urn, old[urn], None) for urn in left if urn in stays]
    gone = [_step(urn, old[urn], None, "delete") for urn in reversed(left) if urn not in stays]
    return Preview((*kept, *same, *gone), whole=True)


def _resources(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources that are there, without those that only wait for their deletion."""
    deployment: Mapping[str, Any] = state.get("deployment") or {}
    found: list[Mapping[str, Any]] = deployment.get("resources") or []
    return (item for item in found if not item.get("delete"))


def _former(urn: str, found: DeclaredResource, old: Mapping[str, Any]) -> str:
    """The URN it has in the state."""
    return next((name for name in (urn, *found.aliases) if name in old), "")


def _step(urn: str, old: Mapping[str, Any] | None, new: DeclaredResource | None, op: str = "") -> Step:
    inputs = new.inputs if new else (old or {}).get("inputs")
    after = {"inputs": inputs, "protect": new.protected if new else (old or {}).get("protect")}
    told = {"urn": urn, "before": old, "after": {} if op == "delete" else after}
    # What a pack is told never was the engine's JSON: the mask is part of reading that.
    step = step_of(parsed(json.dumps(told)), "before", "after")
    return replace(step, op=op or ("create" if old is None else _op(step)))


def _op(step: Step) -> str:
    """What the engine will find: an id that is not known yet is no change of a reference."""
    kind = callpath.declaration(step.type)
    old, new = _counted(step.old), _counted(step.new)
    for name in kind.references if kind else ():
        if name in old and new.get(name) == UNKNOWN:
            new[name] = old[name]
    paths = list(spec.changed(old, new))
    fixed = kind and {path.split(".")[0] for path in paths} & kind.replaces
    return "replace" if fixed else "update" if paths else "same"


def _counted(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name not in _QUIET}
