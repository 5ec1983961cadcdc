"""The call paths over all resources of a stack, as one source tells of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable

from providers.kernel import values
from stacks.callpath.decided import Decided
from stacks.callpath.hops import CallPath
from stacks.callpath.walk import path
from stacks.resource import NUMBER, Resource


class CallNetwork:
    """All resources of a stack as one source tells of them, and the call paths over them."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._place([Decided.by(each) for each in resources if each.type != NUMBER])

    def _place(self, found: list[Decided]) -> None:
        self._found = found
        self._own: dict[str, list[Decided]] = {}
        for each in found:
            if each.resource.parent:
                self._own.setdefault(each.resource.parent, []).append(each)
        self._agents = [each for each in found if each.resource.kind == "Agent"]
        self._answering = {id: each.resource.name for each in self._agents for id in each.ids}
        self._shared = [each for each in found if each.resource.shared and not each.silent]

    @property
    def agents(self) -> set[str]:
        """The names of its agents, which are no numbers."""
        return {each.resource.name for each in self._agents}

    @property
    def answering(self) -> dict[str, str]:
        """The names of its agents by their ids."""
        return dict(self._answering)

    @property
    def numbers(self) -> list[str]:
        """The names of its numbers: E.164, or a key while there is none."""
        return sorted(self._own)

    def own(self, number: str) -> list[Decided]:
        """The objects of one number alone."""
        return self._own.get(number, [])

    def path(self, number: str, others: CallNetwork | None = None) -> CallPath:
        """What becomes of a call to a number; see :func:`path` for ``others``."""
        own = self.own(number)
        told = (number, *(text for each in own for text in (each.does.takes, each.does.registers)))
        e164 = next((text for text in told if re.match(values.E164_PATTERN, text)), "")
        before = [*others.own(number), *others._shared, *others._agents] if others else ()
        return path(e164, own, self._shared, others=before, agents=self._answering)

    def instead(self, resource: Resource, other: Resource | None) -> CallNetwork:
        """The same network with one resource as it is elsewhere; None: without it."""
        key, new = (resource.type, resource.name), [Decided.by(other)] if other else []
        changed = copy.copy(self)
        if number := resource.parent:
            changed._own = {**self._own, number: [*(each for each in self.own(number) if each.key != key), *new]}
            return changed
        changed._place([*(each for each in self._found if each.key != key), *new])
        return changed
