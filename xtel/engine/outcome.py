"""What an update of Pulumi did, object by object, in a word or two. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from providers.kernel import operation
from providers.kernel.secrecy import one_line
from xtel.engine import events
from xtel.engine.step import Step, group_of, is_object, object_of, type_of

_VERBS = {"create": "made", "update": "changed", "delete": "removed", "replace": "replaced"}
#: Of a replacement the one step that stands for all; what was only looked at is no change.
_UNTOLD = frozenset({"same", "refresh", "read", "create-replacement", "delete-replaced", "discard-replaced"})
#: A warning is shown whole: it names files, or the command that goes on.
_CHARACTERS = 1200


@dataclass(frozen=True)
class Change:
    """What happened to one object, in a word or two: ``made``, ``taken over``, ``changed: enabled``, ``gone``."""

    number: str
    object: str
    what: str

    def __str__(self) -> str:
        return f"{self.number}: {self.object} {self.what}"


@dataclass(frozen=True)
class Warned:
    """What a provider warned of while it worked on one object; what several numbers share goes by its carrier."""

    number: str
    object: str
    text: str

    def __str__(self) -> str:
        return f"{self.number}: {self.object}: {self.text}"


def warned(run: events.Run) -> tuple[Warned, ...]:
    """What a run warned of, each once, by number: steps that are left to people, mostly."""
    found = {
        Warned(group_of(said.urn), object_of(said.urn), one_line(said.text, _CHARACTERS))
        for said in run.diagnostics
        if said.severity == "warning" and is_object(said.urn)
    }
    return tuple(sorted(found, key=lambda item: (item.number, item.object, item.text)))


def changes(run: events.Run, *, outside: bool = False) -> Iterator[Change]:
    """What a run did, in its order; ``outside``: what its refresh found that others had done."""
    for step in steps(run):
        yield Change(group_of(step.urn), object_of(step.urn), _what(run, step, outside))


def steps(run: events.Run) -> list[Step]:
    """The steps that changed something, one for each object, in the order in which they ended."""
    return [step for step in run.ended if step.op not in _UNTOLD and not step.planned]


def new_secrets(run: events.Run) -> list[str]:
    """Numbers whose signing secret is another than before."""
    found: list[str] = []
    for step in run.ended:
        before, after = step.old_outputs.get("webhook_id"), step.new_outputs.get("webhook_id")
        if is_number(step.urn) and step.op not in {"same", "delete", "refresh"} and after and before != after:
            found.append(group_of(step.urn))
    return list(dict.fromkeys(found))


def took_over(run: events.Run, urn: str) -> bool:
    """Whether an object was there already when it was to be made."""
    return operation.TAKEN in _words(run, urn)


def is_number(urn: str) -> bool:
    """Whether it is a number's registration at xAI."""
    return type_of(urn) == "xai:PhoneNumber"


def _what(run: events.Run, step: Step, outside: bool) -> str:
    if outside:
        return "gone" if step.op == "delete" else f"changed outside: {', '.join(_differing(step)) or 'its record'}"
    if step.op == "create" and took_over(run, step.urn):
        return "taken over"
    if step.op == "create" and operation.ANEW in _words(run, step.urn):
        return "re-registered"
    return _VERBS.get(step.op, step.op)


def _differing(step: Step) -> list[str]:
    return sorted(name for name in step.old.keys() | step.new.keys() if step.old.get(name) != step.new.get(name))


def _words(run: events.Run, urn: str) -> set[str]:
    return {said.text for said in run.diagnostics if said.urn == urn}
