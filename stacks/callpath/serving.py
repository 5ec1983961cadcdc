"""Whose calls a resource serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stacks.callpath.decided import Decided, declaration
from stacks.resource import NUMBER, Resource


def users(resources: Iterable[Resource]) -> dict[tuple[str, str], frozenset[str]]:
    """The numbers that each resource serves, by its type and name: its own, or for a shared one those that refer to it."""
    found = [Decided.by(each) for each in resources if each.type != NUMBER]
    by_id = _indexed((each.vendor, id, each) for each in found for id in each.ids)
    near: dict[int, list[Decided]] = {id(each): [] for each in found}
    serves = {id(each): {each.resource.parent} if each.resource.parent else set[str]() for each in found}
    for each in found:
        for other in (other for ref in _referred(each) for other in by_id.get((each.vendor, ref), ())):
            if other is not each:
                near[id(each)].append(other)
                near[id(other)].append(each)
    for each in found:
        if each.resource.parent:
            _spread(each, near, serves)
    return {each.key: frozenset(serves[id(each)]) for each in found}


def _spread(each: Decided, near: Mapping[int, Sequence[Decided]], serves: Mapping[int, set[str]]) -> None:
    """A number's object uses what it refers to, and what that belongs together with; never another number's objects."""
    waiting, number = [each], each.resource.parent
    while waiting:
        for other in near[id(waiting.pop())]:
            if not other.resource.parent and number not in serves[id(other)]:
                serves[id(other)].add(number)
                waiting.append(other)


def _referred(each: Decided) -> set[str]:
    """The ids of what it is built on, and of the agent that answers it."""
    found = declaration(each.resource.type)
    names = found.references if found else ()
    told = {str(each.resource.inputs[name]) for name in names if each.resource.inputs.get(name)}
    return told | ({each.does.agent} if each.does.agent else set[str]())


def _indexed(found: Iterable[tuple[str, str, Decided]]) -> dict[tuple[str, str], list[Decided]]:
    index: dict[tuple[str, str], list[Decided]] = {}
    for vendor, id, each in found:
        index.setdefault((vendor, id), []).append(each)
    return index
