"""Where a trace reads call paths from: the stack file, the state, a plan. Each gives the same subjects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from providers.kernel.errors import InputError
from stacks import graph
from stacks.callpath import CallNetwork
from stacks.document import Document
from stacks.resource import UNKNOWN, Resource
from xtel.proof.trace.model import Source
from xtel.proof.trace.subject import Subject

if TYPE_CHECKING:
    from xtel.engine.previews import Preview
    from xtel.engine.state import State


def declared(found: Document) -> list[Subject]:
    """What the file says, as if it were applied. Asks nobody."""
    resources = tuple(map(graph.plain, graph.of_document(found)))
    labels = {number.number or key: key for key, number in found.numbers.items()}
    return list(_subjects("declared", resources, labels, dict.fromkeys(labels)))


def applied(found: Document, held: State) -> list[Subject]:
    """What the state holds; a number that the file declares and the state has not is one that nothing answers."""
    wanted = tuple(map(graph.plain, graph.of_document(found)))
    order = {number.number or key: key for key, number in found.numbers.items()}
    labels = {**order, **held.labels}
    return list(_subjects("state", held.resources, labels, order, wanted))


def planned(found: Document, preview: Preview) -> list[Subject]:
    """What would be there after the plan was applied."""
    from xtel.review.plan import calls

    parts = calls.parts(preview)
    answering = {number.number or key: number.agent for key, number in found.numbers.items() if number.agent}
    after = [_answered(part.new.resource, answering) for part in parts if part.new is not None]
    order = {number.number or key: key for key, number in found.numbers.items()}
    return list(_subjects("plan", after, order, order))


def _answered(resource: Resource, answering: Mapping[str, str]) -> Resource:
    """The registration of a number whose agent is still to be made: with the agent's name, as the file has it."""
    name = answering.get(resource.name)
    if name is None or resource.inputs.get("agent_id") != UNKNOWN:
        return resource
    return replace(resource, inputs={**resource.inputs, "agent_id": name})


def _subjects(
    source: Source,
    resources: Sequence[Resource],
    labels: Mapping[str, str],
    order: Mapping[str, object],
    others: Sequence[Resource] = (),
) -> Iterator[Subject]:
    network = CallNetwork(resources)
    wanted = CallNetwork(others) if others else None
    names = [*order, *(name for name in network.numbers if name not in order)]
    agents = {name: name for name in network.agents} | network.answering
    for name in names:
        path = network.path(name, wanted)
        key = labels.get(path.number) or labels.get(name) or name
        yield Subject(key, path, source, network.own(name), agents=agents)


def chosen(found: Sequence[Subject], asked: Iterable[str], stack: str) -> list[Subject]:
    """The subjects that were asked for, by number or key; all where none was. Raises InputError."""
    if not (names := list(dict.fromkeys(asked))):
        return list(found)
    known = {name: each for each in found for name in (each.number, each.key) if name}
    for name in names:
        if name not in known:
            keys = ", ".join(each.key for each in found[:20]) or "none"
            raise InputError(f"{name} is no number of {stack}", step=f"name one of: {keys}")
    return list({id(known[name]): known[name] for name in names}.values())
