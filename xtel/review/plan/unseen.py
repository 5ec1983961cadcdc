"""What a preview that stopped early did not come to: taken from the state and from the stack file. Pure.

The engine stops at the first thing it refuses or cannot do, before it looks at what would be deleted. What the state holds
and what the stack file declares is known all the same, and a reviewer who sees half a plan must not take it for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from pydantic.fields import FieldInfo

from providers.kernel.secrecy import MASK
from stacks import callpath, graph
from stacks.document import Document
from stacks.resource import NUMBER, UNKNOWN, Resource
from xtel.engine.previews import Preview
from xtel.engine.state import State
from xtel.engine.step import INTERNAL, Step
from xtel.review.plan import declared


def completed(preview: Preview, held: State, document: Document, stack: str) -> Preview:
    """The preview with a step for everything that it did not come to: of the state, of the stack file, or of both."""
    seen = {(step.type, step.name) for step in preview.steps if step.op not in {"refresh", "read"}}
    steps = [step for step in _unseen(preview, held, document, stack) if (step.type, step.name) not in seen]
    recalled = frozenset(step.urn for step in steps)
    return replace(preview, steps=(*preview.steps, *steps), whole=True, recalled=recalled)


def _unseen(preview: Preview, held: State, document: Document, stack: str) -> Iterator[Step]:
    """Every object as the state and the file have it, whether the preview came to it or not."""
    old = {declared.identity(each.type, each.name): _stripped(each) for each in held.resources if each.type != NUMBER}
    new = declared.resources(stack, document, {})
    earlier = {name: declared.under_earlier_name(new[name], new, old) for name in declared.objects(new)}
    agents = {each.name: each.id for each in held.resources if each.type == graph.AGENT}
    project = _project(preview, held)
    for name, before in earlier.items():
        found = old.get(before)
        after = _with_what_is_known(found, new[name], agents)
        made = declared.compared(declared.urn(stack, new[name], project), found, after)
        yield replace(made, old_outputs=found.outputs, id=found.id) if found else made
    for name in sorted(old.keys() - earlier.values()):
        gone = old[name]
        step = declared.compared(gone.urn, gone, None)
        yield replace(step, old_outputs=gone.outputs, id=gone.id)


def _project(preview: Preview, held: State) -> str:
    urns = (*(step.urn for step in preview.steps), *(each.urn for each in held.resources))
    return next((urn.split("::")[1] for urn in urns if urn.count("::") == 3), declared.PROJECT)


def _stripped(resource: Resource) -> Resource:
    """Without what says nothing about what is declared."""
    return replace(resource, inputs={key: value for key, value in resource.inputs.items() if key not in INTERNAL})


def _with_what_is_known(old: Resource | None, new: Resource, agents: Mapping[str, str]) -> Resource:
    """What the file declares, with what the state has where a file cannot know: ids, secrets, pinned ranges, markers."""
    inputs: dict[str, Any] = dict(new.inputs)
    if (agent := inputs.get("agent_id")) in agents:
        inputs["agent_id"] = agents[str(agent)]
    if old is None:
        return replace(new, inputs=inputs)
    pinned = declared.canonical(replace(new, inputs=inputs), old.inputs).inputs
    kept = {"marker": old.inputs["marker"]} if "marker" in old.inputs else {}
    overlaid = cast(dict[str, Any], _overlaid(old.inputs, pinned))
    fields = found.spec.model_fields if (found := callpath.declaration(new.type)) else {}
    # What an earlier release did not write into the state is as it always was.
    told = {key: value for key, value in overlaid.items() if key in old.inputs or not _default(fields.get(key), value)}
    return replace(new, inputs={**told, **kept})


def _default(field: FieldInfo | None, value: Any) -> bool:
    return field is not None and field.default == value


def _overlaid(old: Any, new: Any) -> Any:
    if new == UNKNOWN or (old == MASK and isinstance(new, str) and new.startswith(MASK)):
        return old if old is not None else new
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        before, after = cast(Mapping[str, Any], old), cast(Mapping[str, Any], new)
        nothing = {key: value for key, value in before.items() if key not in after and value in ([], {}, "", None)}
        return {key: _overlaid(before.get(key), value) for key, value in after.items()} | nothing
    if isinstance(old, list) and isinstance(new, list | tuple):
        left, right = cast(list[Any], old), list(cast(list[Any], new))
        return [_overlaid(*pair) for pair in zip(left, right, strict=True)] if len(left) == len(right) else right
    return cast(Any, new)
