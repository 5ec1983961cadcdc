"""Two versions of a stack file as a preview: what would change, without engine, network and credentials. Pure.

Ids that only a vendor knows are not known here, and nobody is asked who holds a number now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from providers.kernel import spec
from stacks import callpath, graph
from stacks.document import Document
from stacks.model import SecretRef
from stacks.resource import NUMBER, Resource
from xtel.engine.previews import Preview
from xtel.engine.step import Step
from xtel.review.plan.build import DeclaredNumber

#: A project's name stands in every URN and marker; both sides have the same.
_PROJECT = "xtel"


def preview(stack: str, before: Document | None, after: Document) -> Preview:
    """What an apply would change if ``before`` were applied; None: nothing is."""
    old, new = _resources(stack, before), _resources(stack, after)
    kept = [_compared(urn, old.get(urn), new.get(urn)) for urn in new]
    gone = [_compared(urn, old[urn], None) for urn in reversed(old) if urn not in new]
    return Preview((*kept, *gone), whole=True)


def entries(document: Document) -> dict[str, DeclaredNumber]:
    """What the stack file says of each number, by the name its resources have."""
    registered = {item.name: item.inputs for item in graph.of_document(document) if item.type == graph.REGISTRATION}
    found: dict[str, DeclaredNumber] = {}
    for key, number in document.numbers.items():
        name = number.number or key
        auth: Mapping[str, Any] = registered[name].get("sip_auth") or {}
        password = auth.get("auth_password")
        secret = password.secret if isinstance(password, SecretRef) else ""
        found[name] = DeclaredNumber(key, document.lines[key], secret, number.agent or "")
    return found


def _resources(stack: str, document: Document | None) -> dict[str, Resource]:
    """What the program would declare, by URN, as ``check`` would leave its inputs."""
    needed = graph.of_document(document, _PROJECT, stack) if document else ()
    return {_urn(stack, each): _canonical(graph.plain(each)) for each in needed if each.type != NUMBER}


def _urn(stack: str, resource: Resource) -> str:
    holder = f"{NUMBER}$" if resource.parent else ""
    return f"urn:pulumi:{stack}::{_PROJECT}::{holder}pulumi-python:dynamic/{resource.type}::{resource.name}"


def _canonical(resource: Resource) -> Resource:
    """Inputs as ``check`` would leave them."""
    found = callpath.declaration(resource.type)
    if found is None:
        return resource
    try:
        inputs = found.resolve(found.spec.model_validate(dict(resource.inputs)).canonical(), {})
    except ValidationError:
        return resource
    return replace(resource, inputs=inputs)


def _compared(urn: str, old: Resource | None, new: Resource | None) -> Step:
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
