"""What becomes of a call: its hops, and the SIP URIs that are called on its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from providers.kernel import values
from providers.kernel.call_handling import CallHandling, Destination
from stacks.callpath.decided import Decided

HopName = Literal["attachment", "trunk", "sip", "registration", "authentication", "webhook", "agent"]
#: ok; stopped: an object ends the call here; missing: the object that decides it is not there; unknown: nothing tells.
HopState = Literal["ok", "stopped", "missing", "unknown"]


@dataclass(frozen=True)
class Hop:
    """One step of a call, and the object that decides it."""

    name: HopName
    state: HopState
    #: Name of the resource; empty where none decides it, or none is there.
    resource: str = ""
    #: For people: the URI, who may call, who answers, why it ends here.
    says: str = ""

    @property
    def ends(self) -> bool:
        """Whether a call ends here."""
        return self.state in {"stopped", "missing"}


@dataclass(frozen=True)
class Way:
    """A SIP URI that is called: what holds it, and as what. ``target`` is None for what is no SIP URI."""

    by: Decided
    to: Destination
    uri: str
    target: values.Target | None
    #: Whether it is the registration's own, and is let in, as far as anything is known.
    reaches: bool


@dataclass(frozen=True)
class CallPath:
    """What becomes of a call to one number."""

    number: str
    hops: tuple[Hop, ...]
    #: Carriers that take its calls; two are two routes.
    carriers: tuple[str, ...] = ()
    #: Carriers that have objects of it, whether they take its calls or not.
    vendors: tuple[str, ...] = ()
    #: SIP URIs in the order they are tried.
    targets: tuple[str, ...] = ()
    srtp: bool | None = None
    #: The customer's own equipment that its calls go by, as far as it is known; where that is still made, all it may be.
    equipment: tuple[str, ...] = ()
    #: What its registration says; nothing where it has none.
    registration: CallHandling = field(default_factory=CallHandling)
    #: Name of the registration's resource.
    registered_by: str = ""
    #: What takes its calls, all that they pass, and the URIs in the order they are tried.
    takers: tuple[Decided, ...] = ()
    passed: tuple[Decided, ...] = ()
    ways: tuple[Way, ...] = ()

    @property
    def arrives(self) -> bool:
        """Whether a call reaches the number's registration at xAI, as far as anything is known."""
        return not any(hop.ends for hop in self.hops if hop.name not in {"webhook", "agent"})

    @property
    def attached(self) -> bool:
        """Whether its carrier sends its calls our way, as far as anything is known."""
        return not any(hop.ends for hop in self.hops if hop.name == "attachment")

    @property
    def unregistered(self) -> Hop | None:
        """Its registration, where no object tells of one: for a state, which holds every object there is."""
        return None if self.registered_by else Hop("registration", "missing")

    @property
    def answered_by(self) -> str:
        """Who answers, for people: ``agent sales``, or a webhook's URL; empty for nobody."""
        hop = next((hop for hop in self.hops if hop.name in {"webhook", "agent"} and not hop.ends), None)
        return "" if hop is None or not hop.says else f"agent {hop.says}" if hop.name == "agent" else hop.says

    @property
    def ends_at(self) -> Hop | None:
        """The first hop at which a call ends; None for one that somebody answers, as far as anything is known."""
        return next((hop for hop in self.hops if hop.ends), None)
