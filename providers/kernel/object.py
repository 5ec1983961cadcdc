"""One kind of object at a vendor, as its module declares it: found, read, made, changed and deleted.

The kernel derives the rest: the Pulumi resource class, the checks, the life cycle.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import ValidationError

from providers.kernel import call_handling, errors
from providers.kernel.spec import Spec

ApiT = TypeVar("ApiT")
SpecT = TypeVar("SpecT", bound=Spec)


#: Output: the name that an object had before it became ours, for the day on which it is given back.
NAMED = "named"


@dataclass(frozen=True)
class Live:
    """An object as it stands at the vendor.

    ``inputs`` holds what the vendor shows of the declared fields (write-only secrets are absent), ``outputs`` what only
    the vendor knows. ``ours`` says whether it carries the marker (or the link) of the declaration it was compared with;
    ``holder`` is what it is otherwise, in words for an error.
    """

    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ours: bool = True
    holder: str = ""
    #: What the vendor answered, for the object's own use.
    raw: Any = None

    def __post_init__(self) -> None:
        """An object without a usable id must reach no state."""
        if not isinstance(cast(object, self.id), str) or self.id in {"", str(None)}:
            raise errors.Unavailable("the answer does not say which object it is about")


@dataclass(frozen=True)
class Obstacle:
    """Why something cannot be made, and the next step."""

    reason: str
    step: str
    #: It stands in nobody's way when this very create sent the request that made it, and only the answer was lost.
    unless_just_made: bool = False

    def __str__(self) -> str:
        return f"{self.reason}; next: {self.step}"


class Object(ABC, Generic[ApiT, SpecT]):
    """One kind of object at a vendor: how it is found, read, made, changed and deleted. Stateless.

    Every method may raise the errors of :mod:`providers.kernel.errors`; the HTTP policy already raises them, so most
    methods need no ``try``.
    """

    kind: ClassVar[str]
    #: Spec of the inputs.
    spec: ClassVar[type[Spec]]
    #: Inputs that no call changes in place.
    replaces: ClassVar[frozenset[str]] = frozenset()
    #: Replacing it is an outage and needs consent.
    guarded: ClassVar[bool] = False
    #: Inputs that stand as they were first given: a change is refused, and nobody can consent to it.
    final: ClassVar[frozenset[str]] = frozenset()
    #: Inputs that only point at another object: not known yet is not a change.
    references: ClassVar[frozenset[str]] = frozenset()
    #: Kept in the state alone: no vendor holds it, so nobody can be asked.
    state_only: ClassVar[bool] = False
    #: Fields that the vendor shows to nobody: kept as declared, and proven by a call alone. ``field.part`` is a part of one.
    unreadable: ClassVar[frozenset[str]] = frozenset()
    #: Seconds after a write within which the vendor shows what was written.
    settle: ClassVar[float] = 5.0
    #: Properties that only the vendor knows, and which of them are secrets.
    outputs: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()
    #: Outputs of a replacement that are taken from what it replaced, and which outputs they were there.
    inherited: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def find(self, api: ApiT, spec: SpecT, *, fresh: bool) -> Live | None:
        """The object that already is what ``spec`` asks for, ours or not. ``fresh``: do not answer from a shared listing."""

    @abstractmethod
    def read(self, api: ApiT, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The object as it stands now; None (or NotFound) when the vendor does not have it."""

    def listed(self, api: ApiT, id: str, state: Mapping[str, Any]) -> bool:
        """Whether another look than by id still shows it: the witness that is asked before it counts as gone.

        Left out: what finds it before it is made. One that is found by the same call as it is read asks another one.
        """
        known = {name: value for name, value in state.items() if name in self.spec.model_fields}
        try:
            found = self.find(api, cast(Any, self.spec.model_validate(known)), fresh=True)
        except (errors.NotFound, errors.Unsupported, ValidationError):
            return False
        return found is not None and found.ours and found.id == id

    def recorded(self, api: ApiT, id: str, spec: SpecT) -> Live | None:
        """One that was made elsewhere, as a state would hold it had it been made here from ``spec``. Reads only."""
        return self.read(api, id, spec.canonical(), fresh=False)

    def obstacle(self, found: Live, spec: SpecT) -> Obstacle | None:
        """Why a found object cannot become what ``spec`` asks for, and the way out; a preview asks this too."""
        if found.ours or spec.take_over:
            return None
        return Obstacle(
            f"it exists and is not ours: {found.holder}",
            "`take_over: true` on the number makes it ours; else remove it, or the number from this stack",
        )

    def taking(self, found: Live, spec: SpecT) -> str:
        """What making a found object ours does to it, in words, for previews; empty where nobody would notice."""
        return "" if found.ours else f"will be taken over: {found.holder}"

    def preflight(self, api: ApiT, spec: SpecT) -> Obstacle | None:
        """Of what is not there yet: tells what making it would be, and answers what stands in the way. Reads only."""
        return None

    def names(self, api: ApiT) -> Collection[str] | None:
        """The markers or other names of all of this kind in the account, where their count has a limit that is enforced."""
        return None

    @abstractmethod
    def create(self, api: ApiT, spec: SpecT) -> Live:
        """Make it. Raises Unavailable when the outcome is not known; the kernel then looks again."""

    def update(self, api: ApiT, id: str, spec: SpecT, state: Mapping[str, Any]) -> Live:
        """Change it in place to what ``spec`` asks for."""
        raise errors.Unsupported(f"{self.kind} has nothing that can be changed in place")

    @abstractmethod
    def delete(self, api: ApiT, id: str, state: Mapping[str, Any]) -> None:
        """Delete, or for what is owned: detach. NotFound counts as done."""

    def carries(self, api: ApiT, id: str, state: Mapping[str, Any]) -> Iterable[str]:
        """What others have on it, a phrase each. Such an object is not deleted with our part of it, but given back.

        An object that says so has :data:`NAMED` among its outputs, and :meth:`rename`.
        """
        return ()

    def rename(self, api: ApiT, id: str, name: str, state: Mapping[str, Any]) -> str | None:
        """Give it another name than our marker, and change nothing else. Answers the name if it became another one."""
        raise errors.Unsupported(f"{self.kind} cannot be given back")

    def remains(self, api: ApiT, seen: Live, state: Mapping[str, Any]) -> str:
        """What an accepted delete left of an object that can still be seen; empty where that is as it should be."""
        return "it is still there"

    def adopt(self, api: ApiT, found: Live, spec: SpecT) -> Live:
        """Make a found object what ``spec`` asks for; called only when it is ours or may be taken over."""
        return self.update(api, found.id, spec, {**found.inputs, **found.outputs})

    def unmanaged(self, api: ApiT, id: str, state: Mapping[str, Any]) -> Iterable[str]:
        """What hangs on it and was made by nobody of this stack, a phrase each; only ever read, for `xtel drift`."""
        return ()

    def instead(self, api: ApiT, state: Mapping[str, Any]) -> str:
        """What is where it was, in words, once it is gone or was moved; empty where nothing is. Only ever read."""
        return ""

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """Fill inputs that depend on the old ones (named ranges keep the CIDRs they were registered with)."""
        return new

    def loss(self, paths: list[str]) -> str:
        """What replacing loses, or why an input is final: for the refusal."""
        return "it is deleted and made again"

    def call_handling(self, inputs: Mapping[str, Any]) -> call_handling.CallHandling:
        """What an object with these inputs does with calls. Left out: what their values show (SIP URIs, ``phone_number``).

        Pure. Inputs come from a stack file, a preview, the state or the vendor: any of them may be absent, not known yet, or
        masked. Those :attr:`outputs` that are no secret stand among them.
        """
        return call_handling.from_values(inputs, self.references)
