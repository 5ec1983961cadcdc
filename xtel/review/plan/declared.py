"""Two versions of a stack file as a preview: what would change, without engine, network and credentials. Pure.

Ids that only a vendor knows are not known here, and nobody is asked who holds a number now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from pydantic import ValidationError

from providers.kernel import spec, values
from providers.kernel.secrecy import MASK
from stacks import callpath, destinations, graph
from stacks.destinations import SecretDestination
from stacks.document import Document
from stacks.resource import NUMBER, UNKNOWN, Resource
from xtel.engine.previews import Preview
from xtel.engine.step import STACK, Step
from xtel.review.plan.build import DeclaredNumber

#: A project's name stands in every URN and marker; both sides have the same.
PROJECT = "xtel"


def preview(stack: str, before: Document | None, after: Document) -> Preview:
    """What an apply would change if ``before`` were applied; None: nothing is."""
    renamed = {was: key for key, agent in after.agents.items() for was in agent.was}
    old, new = resources(stack, before, renamed), resources(stack, after, {})
    earlier = {name: under_earlier_name(resource, new, old) for name, resource in new.items()}
    kept = [compared(urn(stack, new[name]), old.get(earlier[name]), new[name]) for name in objects(new)]
    held = set(earlier.values())
    left = [name for name in reversed(objects(old)) if name not in held]
    gone = [compared(urn(stack, old[name]), old[name], None) for name in left]
    return Preview((_exported(stack, before), *kept, *gone), whole=True)


def _exported(stack: str, before: Document | None) -> Step:
    """The stack itself, with the output that names its numbers by their keys, as an apply of ``before`` left it."""
    numbers = before.numbers if before else {}
    shown = {
        key: {"number": number.number, "carrier": number.route.delivers if number.route else "none"}
        for key, number in numbers.items()
    }
    return Step("same", f"urn:pulumi:{stack}::{PROJECT}::{STACK}::{PROJECT}-{stack}", old_outputs={"numbers": shown})


def entries(document: Document) -> dict[str, DeclaredNumber]:
    """What the stack file says of each number, by the name its resources have."""
    registered = {item.name: item for item in graph.of_document(document) if item.type == graph.REGISTRATION}
    found: dict[str, DeclaredNumber] = {}
    for key, number in document.numbers.items():
        name = number.number or key
        secret = graph.password_secret(registered[name])
        found[name] = DeclaredNumber(key, document.lines[key], secret, number.agent or "")
    return found


def secrets(document: Document) -> tuple[SecretDestination, ...]:
    """Which config secret goes to which host, as the stack file says."""
    return destinations.of(graph.of_document(document))


def resources(stack: str, document: Document | None, renamed: Mapping[str, str]) -> dict[str, Resource]:
    """What the program would declare, by type and name, as ``check`` would leave its inputs.

    ``renamed``: keys that agents have got since: their numbers still refer to the same agent.
    """
    needed = graph.of_document(document, PROJECT, stack) if document else ()
    return {identity(each.type, each.name): canonical(_renamed(graph.plain(each), renamed)) for each in needed}


def _renamed(resource: Resource, renamed: Mapping[str, str]) -> Resource:
    agent = renamed.get(str(resource.inputs.get("agent_id")))
    return replace(resource, inputs={**resource.inputs, "agent_id": agent}) if agent else resource


def objects(resources: Mapping[str, Resource]) -> list[str]:
    """Those that live at a vendor."""
    return [name for name, resource in resources.items() if resource.type != NUMBER]


def identity(type: str, name: str) -> str:
    """A resource whoever tells of it."""
    return f"{type}::{name}"


def under_earlier_name(new: Resource, resources: Mapping[str, Resource], old: Mapping[str, Resource]) -> str:
    """What a resource was before: itself, or what ``was`` says of it or of its number."""
    owner = resources[identity(NUMBER, new.parent)] if new.parent else new
    names = (new.name, *(f"{alias}{new.name[len(owner.name) :]}" for alias in owner.aliases))
    return next((found for name in names if (found := identity(new.type, name)) in old), "")


def urn(stack: str, resource: Resource, project: str = PROJECT) -> str:
    """The name that Pulumi would give a resource of the stack."""
    holder = f"{NUMBER}$" if resource.parent else ""
    return f"urn:pulumi:{stack}::{project}::{holder}pulumi-python:dynamic/{resource.type}::{resource.name}"


def canonical(resource: Resource, before: Mapping[str, Any] | None = None) -> Resource:
    """Inputs as ``check`` would leave them; ranges that ``before`` has registered stay."""
    found = callpath.declaration(resource.type)
    if found is None:
        return resource
    given = _swapped(_unmasked(resource.inputs), UNKNOWN, values.UNKNOWN)
    try:
        inputs = found.resolve(found.spec.model_validate(given).canonical(), before or {})
    except ValidationError:
        return resource
    return replace(resource, inputs=_masked_as(resource.inputs, _swapped(inputs, values.UNKNOWN, UNKNOWN)))


def _unmasked(value: Any) -> Any:
    """A mask has no secret's shape: what is masked is not known."""
    if isinstance(value, Mapping):
        return {name: _unmasked(item) for name, item in cast(Mapping[str, Any], value).items()}
    return UNKNOWN if _is_mask(value) else value


def _masked_as(given: Any, value: Any) -> Any:
    """With the masks that were given, where nothing was known for them."""
    if isinstance(given, Mapping) and isinstance(value, Mapping):
        known, found = cast(Mapping[str, Any], given), cast(Mapping[str, Any], value)
        masked: dict[str, Any] = {name: _masked_as(known.get(name), item) for name, item in found.items()}
        return masked
    return cast(Any, given if value == UNKNOWN and _is_mask(given) else value)


def _is_mask(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(MASK)


def _swapped(value: Any, sign: Any, other: Any) -> Any:
    """With another sign for what is not known yet."""
    if isinstance(value, Mapping):
        return {name: _swapped(item, sign, other) for name, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_swapped(item, sign, other) for item in cast(list[Any], value)]
    return other if value == sign else value


def compared(urn: str, old: Resource | None, new: Resource | None) -> Step:
    """What is done to one resource, with both sides as they are; None where it is not there."""
    protected = bool((new or old or Resource("", "")).protect)
    if old is None or new is None:
        op, before, after = ("create" if old is None else "delete"), _inputs(old), _inputs(new)
        return Step(op, urn, before, after, protected=protected)
    before, after = _inputs(old), _inputs(new)
    paths = [path for path in spec.changed(before, after) if path not in spec.CONTROL]
    found = callpath.declaration(new.type)
    fixed = [path for path in paths if found and path.split(".")[0] in found.replaces]
    if found and found.guarded and fixed and after.get("replace") != "accept":
        refusal = f"{', '.join(fixed)} cannot change in place: {found.loss(fixed)}. To allow it: `replace: accept`"
        after = {**after, "blocked": f"{refusal} on the number"}
    return Step("replace" if fixed else "update" if paths else "same", urn, before, after, protected=protected)


def _inputs(resource: Resource | None) -> Mapping[str, Any]:
    return resource.inputs if resource else {}
