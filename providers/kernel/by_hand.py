"""A platform, or the part of one, that has no API: files that people apply, and the object that shows when they change."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from providers.kernel import operation
from providers.kernel.call_handling import Destination
from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.files import Files
from providers.kernel.object import Live, Object
from providers.kernel.route import Fallback, Leg, Login
from providers.kernel.spec import Spec
from providers.kernel.values import E164, SipUri, has_unknown, target

ApiT = TypeVar("ApiT")
SpecT = TypeVar("SpecT", bound=Spec)
FALLBACKS = 9


class ByHandSpec(Spec):
    """What the files of any platform depend on. The password is not among it."""

    phone_number: E164 = Field(description="The number whose calls are sent on.")
    target: SipUri = Field(description="Where they are sent.")
    fallback: tuple[SipUri, ...] = Field(
        (), max_length=FALLBACKS, description="Who rings when the target does not, in order."
    )
    username: str = Field("", pattern=r"^[\w.+-]{0,64}$", description="Digest username; none: it is on an allowlist.")
    content: dict[str, str] = Field(
        default_factory=dict[str, str], description="SHA-256 of each file; computed, whatever is given."
    )


class ByHand(Object[ApiT, SpecT]):
    """The files for one number. Calls: none; it lives in the state, somebody applies the files.

    Its spec has the fields of :class:`ByHandSpec`. Changes in place: everything but the number. Delete: forgets it, and warns
    that the platform goes on as it was configured.
    """

    state_only = True
    replaces: ClassVar[frozenset[str]] = frozenset({"phone_number"})
    outputs = ("sha256",)

    @abstractmethod
    def files(self, inputs: Mapping[str, Any]) -> Files:
        """Those of canonical inputs. Raises ValueError for a value that a file cannot hold."""

    @abstractmethod
    def place(self, inputs: Mapping[str, Any]) -> str:
        """To what people apply them, in words: ``SBC``."""

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The hash of every file, so that a template of a new release shows as a change."""
        if has_unknown({name: value for name, value in new.items() if name not in self.references}):
            return {name: value for name, value in new.items() if name != "content"}
        return {**new, "content": self.files(new).content}

    def find(self, api: ApiT, spec: SpecT, *, fresh: bool) -> Live | None:
        """Nobody can be asked."""
        return None

    def read(self, api: ApiT, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """As the state has it."""
        return Live(id, {})

    def recorded(self, api: ApiT, id: str, spec: SpecT) -> Live | None:
        """Files that somebody is to have applied already: what they would be."""
        return Live(id, {}, {"sha256": self.files(spec.canonical()).sha256})

    def create(self, api: ApiT, spec: SpecT) -> Live:
        """Nothing is sent anywhere: a person applies the files."""
        return self._written(spec, {})

    def update(self, api: ApiT, id: str, spec: SpecT, state: Mapping[str, Any]) -> Live:
        """Writing them again; the warning names the files that changed."""
        return self._written(spec, state.get("content") or {})

    def delete(self, api: ApiT, id: str, state: Mapping[str, Any]) -> None:
        """The platform does not know."""
        to = state.get("target", "where they went")
        operation.current().warn(
            f"the {self.place(state)} still sends the calls of {id} to {to}: remove its files there"
        )

    def _written(self, spec: SpecT, before: Mapping[str, str]) -> Live:
        inputs = spec.canonical()
        made, number = self.files(inputs), str(inputs["phone_number"])
        changed = {name for name in made.content.keys() | before.keys() if made.content.get(name) != before.get(name)}
        if changed:
            command = f"xtel render {stack(inputs)} --number {number}"
            names = ", ".join(sorted(changed))
            operation.current().warn(f"someone must apply these files to the {self.place(inputs)} ({names}): {command}")
        return Live(number, {}, {"sha256": made.sha256})


def abilities(box: str, read: date) -> dict[Capability, Ability]:
    """What a platform can by a machine of the customer's that its calls leave by: the machine decides, whatever it is."""
    return {
        **{each: Can(f"by the {box}", read) for each in (Capability.TLS, Capability.SRTP, Capability.DIGEST)},
        Capability.ALLOWLIST: Can(f"the {box}'s own address", read),
        Capability.TRANSFER: Can(f"the {box} decides", read),
        Capability.FALLBACK: Can(f"{FALLBACKS} further URIs, by the {box}", read),
        Capability.BUYING: Cannot(f"numbers are the carrier's behind the {box}", read),
    }


def destinations(inputs: Mapping[str, Any]) -> tuple[Destination, ...]:
    """Whom the platform calls once somebody has applied the files; only the target asks for a login."""
    uris = [str(uri) for uri in (inputs.get("target"), *(inputs.get("fallback") or ())) if uri]
    login = str(inputs.get("username") or "")
    return tuple(Destination(uri, rank, "" if rank else login) for rank, uri in enumerate(uris))


def leg(inputs: Mapping[str, Any]) -> Leg:
    """The leg that the platform is to make, out of an object's inputs: what a route that writes files is asked for."""
    return Leg(
        str(inputs["phone_number"]),
        target(str(inputs["target"])),
        tuple(Fallback(uri=uri, weight=10) for uri in inputs.get("fallback") or ()),
        login=Login(str(inputs["username"]), None) if inputs.get("username") else None,
        stack=stack(inputs),
    )


def of(leg: Leg) -> dict[str, Any]:
    """The inverse: what an object's inputs hold of a leg."""
    return {
        "phone_number": leg.number,
        "target": str(leg.target),
        "fallback": [way.uri for way in leg.fallback],
        "username": leg.login.username if leg.login else "",
    }


def stack(inputs: Mapping[str, Any]) -> str:
    """The stack's name: as it is given, or as far as the marker shows it (a long one is cut)."""
    if given := inputs.get("stack"):
        return str(given)
    parts = str(inputs.get("marker") or "").split("/")
    return parts[2] if len(parts) == 4 and parts[0] == "xtel" else "STACK"
