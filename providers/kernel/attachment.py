"""The link from an owned number to what gets its calls: never stolen unasked, put back on destroy, never released.

Written once: a carrier says who holds a number, how it is attached and detached, and how the earlier holder gets it back.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, cast

from pydantic import Field

from providers.kernel import errors, operation, purchase, verification
from providers.kernel.call_handling import Stop
from providers.kernel.inventory import LiveObject
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import E164

ApiT = TypeVar("ApiT")


class AttachmentSpec(Spec):
    """A number of the account, and what is to get its calls."""

    phone_number: E164 = Field(description="A number this account owns.")


SpecT = TypeVar("SpecT", bound=AttachmentSpec)


@dataclass(frozen=True)
class Held:
    """A number of the account, and what gets its calls now."""

    id: str
    #: What gets its calls, in one word that stays comparable; empty for nothing.
    by: str
    #: The declared fields as the vendor shows them.
    inputs: Mapping[str, Any]
    #: Who that is, in words for an error; empty where nobody would miss it.
    holder: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raw: Any = None


class Attachment(Object[ApiT, SpecT]):
    """What is the same at every carrier.

    ``previous``, in the state, is what the number had before, by the vendor's names: what attaching it changed. Empty where
    nobody knows, or it had nothing. (Carriers with a single link kept the bare id in releases up to 0.1.)
    """

    kind = "Attachment"
    replaces = frozenset({"phone_number"})
    #: The vendor's name of the link: in ``previous``, and in errors.
    link: ClassVar[str]

    def on_the_way(self, api: ApiT, number: str) -> tuple[Held, LiveObject]:
        """The number as it stands, for whoever follows its calls; one that takes none says so. Raises NotFound."""
        held = self.held(api, number, fresh=False)
        stops: tuple[Stop, ...] = ()
        try:
            self.usable(held)
        except errors.Conflict as error:
            stops = (Stop("number", error.summary, error.step),)
        return held, LiveObject(self.kind, Live(str(held.id), held.inputs, held.outputs), stops)

    @abstractmethod
    def held(self, api: ApiT, number: str, *, fresh: bool) -> Held:
        """The number and its holder now. Raises NotFound where the account does not own it."""

    @abstractmethod
    def ours(self, api: ApiT, held: Held, spec: SpecT) -> bool:
        """Whether it is attached as declared. A preview does not know an id yet: then the holder's marker decides."""

    @abstractmethod
    def to(self, spec: SpecT) -> str:
        """What is to get the calls, in the word of ``Held.by``."""

    @abstractmethod
    def attach(self, api: ApiT, id: str, spec: SpecT) -> None:
        """Send the number's calls where it is declared, from wherever they go now."""

    @abstractmethod
    def there(self, api: ApiT, previous: Mapping[str, str]) -> bool:
        """Whether what the number had before still exists."""

    @abstractmethod
    def put_back(self, api: ApiT, held: Held, previous: Mapping[str, str]) -> None:
        """Give the number back to what it had before."""

    @abstractmethod
    def detach(self, api: ApiT, held: Held, state: Mapping[str, Any]) -> None:
        """Take the number off ours where nothing is there that it could go back to."""

    def before(self, api: ApiT, held: Held, spec: SpecT) -> dict[str, str]:
        """What attaching changes."""
        return {self.link: held.by} if held.by and not self.ours(api, held, spec) else {}

    def meanwhile(self, api: ApiT, id: str, spec: SpecT, previous: Mapping[str, str]) -> Mapping[str, str]:
        """What this update changes besides, that the number had and ``previous`` does not know."""
        return {}

    def usable(self, held: Held) -> None:
        """Raise Conflict where the number cannot be attached yet."""

    def let_go(self, held: Held, state: Mapping[str, Any]) -> bool:
        """Whether an earlier run has taken it off ours and did not come to put it back."""
        return False

    def half_way(self, held: Held, spec: SpecT) -> bool:
        """Whether an attachment whose answer was lost has begun, and does no harm when it is done once more."""
        return False

    def detached(self, held: Held, state: Mapping[str, Any]) -> bool:
        """Whether nothing of the kind that was declared gets its calls."""
        return not held.by

    # -- the life cycle ----------------------------------------------------------------------------------------------

    def find(self, api: ApiT, spec: SpecT, *, fresh: bool) -> Live | None:
        """The number, when anything gets its calls that somebody would miss."""
        if spec.phone_number in purchase.coming(api):
            return None
        held = self.held(api, spec.phone_number, fresh=fresh)
        ours = self.ours(api, held, spec)
        return self._live(held, self.before(api, held, spec), ours=ours) if ours or held.holder else None

    def preflight(self, api: ApiT, spec: SpecT) -> Obstacle | None:
        """A number that nobody holds may still not be usable."""
        if spec.phone_number not in purchase.coming(api):
            self.usable(self.held(api, spec.phone_number, fresh=False))
        return None

    def obstacle(self, found: Live, spec: SpecT) -> Obstacle | None:
        """Somebody else's; or a number that cannot be attached, whoever holds it."""
        if (obstacle := super().obstacle(found, spec)) is None and not found.ours:
            self.usable(cast(Held, found.raw))
        return obstacle

    def read(self, api: ApiT, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The number's own record says what gets its calls; detached, the link is gone."""
        held = self.held(api, str(state["phone_number"]), fresh=fresh)
        try:
            self.usable(held)
        except errors.Conflict as error:  # nothing that can be set right from here
            operation.current().warn(f"no call arrives: {error.reason}")
        return None if held.id != id or self.detached(held, state) else Live(id, held.inputs, raw=held)

    def recorded(self, api: ApiT, id: str, spec: SpecT) -> Live | None:
        """Somebody else's link that becomes ours: what the number had before is not known, so nothing is put back."""
        held = self.held(api, spec.phone_number, fresh=False)
        return self._live(held, {}, ours=True) if held.id == id and held.by else None

    def create(self, api: ApiT, spec: SpecT) -> Live:
        """Attach; what the number had before is kept for the way back."""
        held = self.held(api, spec.phone_number, fresh=False)
        self.usable(held)
        previous = self.before(api, held, spec)
        self._attach(api, held.id, spec)
        return Live(held.id, {}, {**held.outputs, "attached_to": self.to(spec), "previous": previous})

    def update(self, api: ApiT, id: str, spec: SpecT, state: Mapping[str, Any]) -> Live:
        """To what is declared, from wherever somebody moved it; what it had at first stays known."""
        known = self.previous(state)
        previous = {**known, **self.meanwhile(api, id, spec, known)}
        self._attach(api, id, spec)
        return Live(id, {}, {"attached_to": self.to(spec), "previous": previous})

    def _attach(self, api: ApiT, id: str, spec: SpecT) -> None:
        """The way back is known only now: when the answer is lost, look now and not in the next run."""
        try:
            self.attach(api, id, spec)
        except errors.Unavailable:
            now = self.held(api, spec.phone_number, fresh=True)
            if self.ours(api, now, spec):
                return
            if not self.half_way(now, spec):
                raise
            self.attach(api, id, spec)

    def adopt(self, api: ApiT, found: Live, spec: SpecT) -> Live:
        """Nothing to do when it is attached to ours as declared; else move it, remembering where it was."""
        if not found.ours:
            return self.create(api, spec)
        if verification.compare(self, spec.canonical(), found.inputs).differing:
            self._attach(api, found.id, spec)
        return found

    def delete(self, api: ApiT, id: str, state: Mapping[str, Any]) -> None:
        """Off ours, and off nothing else; then back to what it had before, where that is still there."""
        held = self.held(api, str(state["phone_number"]), fresh=True)
        previous = self.previous(state)
        if held.by != state["attached_to"] and not (self.goes_back(previous) and self.let_go(held, state)):
            return  # somebody else's by now
        if not (self.goes_back(previous) and self._went_back(api, held, previous)):
            self.detach(api, held, state)

    def instead(self, api: ApiT, state: Mapping[str, Any]) -> str:
        """Where the number's calls go now."""
        try:
            held = self.held(api, str(state["phone_number"]), fresh=False)
        except errors.NotFound:
            return "the account does not own the number any more"
        return held.holder if held.by != state["attached_to"] else ""

    def goes_back(self, previous: Mapping[str, str]) -> bool:
        """Whether the number had anything before that it can be attached to again."""
        return bool(previous.get(self.link))

    def _went_back(self, api: ApiT, held: Held, previous: Mapping[str, str]) -> bool:
        """False only where what it had is gone: a refusal alone may mean that the key may not do this."""
        had = next(value for value in previous.values() if value)
        try:
            self.put_back(api, held, previous)
        except errors.Permanent as error:
            if self.there(api, previous):
                raise
            operation.current().warn(f"{had}, which it had before, is gone: {error.reason}")
            return False
        now = self.held(api, str(held.inputs["phone_number"]), fresh=True)
        if now.by not in previous.values():
            raise errors.NotApplied(
                f"putting it back was accepted, but not done: {self.link}",
                fields=(self.link,),
                step=f"give it {had} in the vendor's console, which it had before, then run it again",
            )
        return True

    def remains(self, api: ApiT, seen: Live, state: Mapping[str, Any]) -> str:
        """A number that still rings ours."""
        held = cast(Held, seen.raw)
        return f"{self.link} is still {held.by}" if held.by == state["attached_to"] else ""

    def previous(self, state: Mapping[str, Any]) -> dict[str, str]:
        """What the number had before, in the one shape."""
        kept: Any = state.get("previous") or {}
        return {self.link: kept} if isinstance(kept, str) else dict(kept)

    def _live(self, held: Held, previous: Mapping[str, str], *, ours: bool) -> Live:
        outputs = {**held.outputs, "attached_to": held.by, "previous": dict(previous) if ours else {}}
        return Live(held.id, held.inputs, outputs, ours=ours, holder="" if ours else held.holder, raw=held)
