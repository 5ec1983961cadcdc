"""What one object of a stack does with calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.kernel import call_handling, registry
from providers.kernel.call_handling import CallHandling
from providers.kernel.errors import InputError
from providers.kernel.object import Object
from stacks.resource import UNKNOWN, Resource

#: Not known yet, and still there: what is bought or made in this run.
_COMING = frozenset({"phone_number", "agent_id"})
#: A carrier's object that says this says nothing about calls.
_SILENT = CallHandling()


def declaration(type: str) -> Object[Any, Any] | None:
    """The declaration of a kind of object; None where its vendor is not installed here."""
    vendor, _, kind = type.partition(":")
    try:
        return registry.vendor(vendor).object(kind)
    except InputError:
        return None


def _handling(found: Object[Any, Any] | None, inputs: Mapping[str, Any]) -> CallHandling:
    """What an object does with calls; a vendor that is not installed, or stumbles, leaves what the values show."""
    known = inputs
    if UNKNOWN in inputs.values():
        coming = _COMING | found.references if found else _COMING
        known = {name: value for name, value in inputs.items() if value != UNKNOWN or name in coming}
    try:
        return found.call_handling(known) if found else call_handling.from_values(known)
    except (AttributeError, KeyError, TypeError, ValueError):  # foreign code on masked or partial values
        return call_handling.from_values(known)


@dataclass(frozen=True, slots=True)
class Decided:
    """A resource and what it does with calls."""

    resource: Resource
    does: CallHandling
    #: By what others refer to it: its id, and what its vendor calls it.
    ids: frozenset[str]
    #: Its carrier is installed here, and would say where its calls go.
    declared: bool
    #: Its carrier says that it has nothing to do with calls.
    silent: bool
    #: Its declaration has references: one that refers to nothing sends calls nowhere.
    refers: bool

    @classmethod
    def by(cls, resource: Resource) -> Decided:
        """What one resource decides; what only its vendor knows of it counts as well, but no secret."""
        found, shown = declaration(resource.type), resource.outputs
        named = [name for name in found.outputs if name in shown and name not in found.secrets] if found else ()
        told = {name: shown[name] for name in named}
        does = _handling(found, {**told, **resource.inputs} if told else resource.inputs)
        # What takes calls is referred to by nobody: the ids that it holds are those of others.
        held = (resource.id, does.known_as, *(() if does.takes else told.values()))
        ids = frozenset(text for text in held if isinstance(text, str) and text)
        return cls(
            resource, does, ids, found is not None, bool(found) and does == _SILENT, bool(found and found.references)
        )

    @property
    def vendor(self) -> str:
        """The vendor it lives at."""
        return self.resource.vendor

    @property
    def key(self) -> tuple[str, str]:
        """Type and name: the same whoever tells of it."""
        return self.resource.type, self.resource.name

    @property
    def order(self) -> tuple[Any, ...]:
        """When it is tried, where nothing chooses: by rank, fallbacks last, then by name."""
        rank = min((each.rank for each in self.does.destinations), default=0)
        return rank, "fallback" in self.resource.part, self.resource.name
