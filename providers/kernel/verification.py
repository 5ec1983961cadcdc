"""A write counts when it was done: what the vendor shows afterwards is compared, field by field, with what was asked.

An answer alone may tell of what was not done, or of another object. So every write is looked at once; where that look shows
something else, again until the object's settle time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from providers.kernel import errors, operation
from providers.kernel.object import NAMED, Live, Object
from providers.kernel.session import Session
from providers.kernel.spec import CONTROL, Spec, changed, spelled

_AGAIN = "run it again; if it stays so, remove it in the vendor's console"


@dataclass(frozen=True)
class Comparison:
    """The fields that are not as asked, and those that the vendor did not show at all."""

    differing: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def readable(declared: Object[Any, Any]) -> frozenset[str]:
    """The fields that the vendor must show as they were asked for.

    The marker counts where it is shown: a link or a setting carries none.
    """
    fields = frozenset[str]() if declared.state_only else frozenset(declared.spec.model_fields)
    return fields - CONTROL - declared.unreadable - {"marker"}


def compare(declared: Object[Any, Any], asked: Mapping[str, Any], shown: Mapping[str, Any]) -> Comparison:
    """What was asked against what is shown, both in the one spelling."""
    differing = changed(_counted(declared.spec, asked), _counted(declared.spec, {**asked, **shown}))
    return Comparison(tuple(differing), tuple(sorted(readable(declared) - shown.keys())))


def _counted(spec: type[Spec], values: Mapping[str, Any]) -> dict[str, Any]:
    seen = spelled(spec, {name: values[name] for name in values if name in spec.model_fields and name not in CONTROL})
    return {name: value for name, value in seen.items() if name not in CONTROL}


def waits(settle: float) -> Iterator[float]:
    """Seconds before each look: none, then longer ones, together the time in which the vendor settles."""
    yield 0.0
    wait = 1.0
    while settle > 0:
        yield min(wait, settle)
        settle -= wait
        wait *= 2


class Verification:
    """Looks at one kind of object after a write."""

    def __init__(self, declared: Object[Any, Any], session: Session, sleep: Callable[[float], None]) -> None:
        self._object, self._session, self._sleep = declared, session, sleep

    def seen(self, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The object as the vendor shows it; None where it does not have it."""
        try:
            return self._session.ask(self._object.read, id, state, fresh=fresh)
        except errors.NotFound:
            return None

    def written(self, live: Live, inputs: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Live:
        """What was written, completed by what the vendor shows of it.

        Raises NotApplied when that is not what was asked for, for as long as it may take to settle.
        """
        if not readable(self._object):
            return live
        kept = {name: value for name, value in (old or {}).items() if name not in self._object.spec.model_fields}
        state = {**kept, **inputs, **live.outputs}
        differing: tuple[str, ...] = ()
        for _ in self._looks():
            try:
                seen = self.seen(live.id, state, fresh=True)
            except errors.CarrierError as error:
                return self._unseen(error, live, inputs)
            there = seen if seen and seen.id == live.id else None
            found = compare(self._object, inputs, there.inputs) if there else Comparison()
            if there and not found.differing:
                return _completed(live, there, found.lacking)
            differing = found.differing
            operation.decided(f"not as asked yet: {', '.join(differing) or 'nothing is to be seen'}")
        if "phone_number" in differing:
            raise errors.NotApplied(f"the answer named {live.id}, whose phone_number is another", fields=differing)
        if differing:
            raise errors.NotApplied(f"it was accepted, but not done: {', '.join(differing)}", fields=differing)
        asked = ", ".join(sorted(readable(self._object) & inputs.keys()))
        raise errors.NotApplied(f"it was accepted, but not done: {asked}, for nothing is to be seen at {live.id}")

    def _unseen(self, error: errors.CarrierError, live: Live, inputs: Mapping[str, Any]) -> Live:
        """Nobody could look. The answer counts where it shows everything as asked: a failed look must lose nothing."""
        told = compare(self._object, inputs, live.inputs)
        if told.differing or told.lacking:
            raise error
        operation.current().warn(f"the answer shows it as declared; the look after it failed: {error.reason}")
        return live

    def deleted(self, id: str, state: Mapping[str, Any]) -> None:
        """Raises NotApplied where an accepted delete has left something."""
        if not readable(self._object):
            return
        remains = ""
        for _ in self._looks():
            try:
                seen = self.seen(id, state, fresh=True)
                remains = self._remains(seen, state) if seen else ""
            except errors.CarrierError as error:
                operation.current().warn(f"the answer says that it is done; the look after it failed: {error.reason}")
                return
            if not remains:
                return
            operation.decided(f"not gone yet: {remains}")
        raise errors.NotApplied(f"deleting it was accepted, but not done: {remains}", step=_AGAIN)

    def _remains(self, seen: Live, state: Mapping[str, Any]) -> str:
        """What was given back is there, and no more by our name."""
        if NAMED in self._object.outputs and seen.inputs.get("marker") != state.get("marker"):
            return ""
        return self._session.ask(self._object.remains, seen, state)

    def _looks(self) -> Iterator[None]:
        for wait in waits(self._object.settle):
            if wait:
                operation.current().progress("accepted, but not to be seen yet: looking again")
                self._sleep(wait)
            yield


def _completed(live: Live, seen: Live, lacking: tuple[str, ...]) -> Live:
    if lacking and seen.inputs:  # where nothing can be read at all, the look has said so itself
        operation.current().warn(f"not shown by the vendor, so nobody can tell whether it holds: {', '.join(lacking)}")
    return replace(live, inputs={**live.inputs, **seen.inputs}, outputs={**live.outputs, **seen.outputs})
