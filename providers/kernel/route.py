"""How one number's calls get from a carrier to their target: the route that a carrier's module declares, and its objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel.capabilities import Ability, Capability
from providers.kernel.files import Files, Within
from providers.kernel.spec import StrictModel
from providers.kernel.values import SipUri, Target, Whole, target


@dataclass(frozen=True)
class Ref:
    """An output of another part of the same route, known once that part is made."""

    part: str
    output: str


class Fallback(StrictModel):
    """Who rings when the target does not answer: another SIP URI, tried after the target in the order of the list."""

    uri: SipUri = Field(description="SIP URI, such as sip:+14155550999@pbx.example.com;transport=tls.")
    weight: Whole = Field(
        default=10, ge=1, le=65535, description="Share among entries of one priority, where a carrier knows it."
    )


@dataclass(frozen=True)
class Login:
    """The digest that the target asks for. The password is a stand-in that only the engine replaces by its value."""

    username: str
    password: Any


@dataclass(frozen=True)
class Leg:
    """The leg of a call that a carrier is to make: which number's calls go to which target."""

    number: str
    target: Target
    fallback: tuple[Fallback, ...] = ()
    take_over: bool = False
    login: Login | None = None
    #: Further spellings in which the carrier delivers the number: ``0891…``, ``0049891…``.
    did: tuple[str, ...] = ()
    #: Whose it is, for the commands in files that people apply.
    stack: str = "STACK"
    #: Of a bundle that another carrier's route has written.
    within: Within | None = None

    def checked_fallbacks(self, *, shared: bool) -> tuple[Fallback, ...]:
        """The fallbacks, in order. Raises ValueError for one with a user part on a trunk that many numbers share."""
        for way in self.fallback:
            if shared and target(way.uri).number:
                raise ValueError(
                    f"{way.uri} names a user: on a shared trunk it would get every number's calls; write the host alone"
                )
        return self.fallback


@dataclass(frozen=True)
class RouteObject:
    """One object of a route: its name under the number, its kind, its inputs (values or :class:`Ref`).

    A shared piece is made once per stack and used by the routes of several numbers.
    """

    name: str
    kind: str
    inputs: Mapping[str, Any]
    #: Parts that must exist before this one, although no input refers to them.
    after: tuple[str, ...] = ()
    #: It takes the number's calls: made only once the number is registered at the far end, so that no call arrives before
    #: it can be answered, and asked about before anything of the number is made.
    last: bool = False
    shared: bool = False
    #: It too is asked about before anything of the number is made: its preflight knows what may stand in the way.
    asked: bool = False


@dataclass(frozen=True)
class Box:
    """The machine that a number's files are for, or a part of the account; other numbers may be on it too."""

    #: What it is, and which one of them; two numbers with both the same are on one machine.
    title: str
    name: str = ""
    #: By key of the route, what this number alone may have there: tags 901 to 910, an extension.
    taken: Mapping[str, Collection[int | str]] = field(default_factory=dict[str, Collection[int | str]])
    #: By path (``route.address``, ``sip_host``), what its files say for the whole machine.
    whole: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: Further machines that get the same files.
    also: tuple[str, ...] = ()
    #: What to write where something is another number's already.
    another: str = "write another one"
    #: How a number says that it is on another machine.
    elsewhere: str = "box: NAME where it is on another machine"

    def under(self, key: str) -> Box:
        """The same, where its keys stand under one of another route."""
        return replace(
            self,
            taken={f"{key}.{path}": each for path, each in self.taken.items()},
            whole={path.replace("route.", f"route.{key}.", 1): each for path, each in self.whole.items()},
            elsewhere=f"{key}.{self.elsewhere}",
        )


class CarrierRoute(StrictModel, ABC):
    """How one number's calls get from a carrier to their target; each carrier has its own class with its own keys.

    The key ``carrier`` holds the carrier's name: ``carrier: Literal["acme"] = "acme"``.
    """

    #: Whether the platform itself matches the number that a carrier delivers, and so needs its further spellings.
    matches_did: ClassVar[bool] = False

    @property
    def delivers(self) -> str:
        """The name of the carrier that delivers the calls."""
        return str(vars(self)["carrier"])

    @abstractmethod
    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """The carrier objects, in the order they are made. Pure: no request is made. Raises ValueError for what cannot be."""

    def sources(self) -> tuple[str, ...]:
        """The names of the published ranges this route's calls come from; an allowlist must cover them."""
        return (self.delivers,)

    def brings(self) -> Mapping[str, str]:
        """Numbers whose callers it brings to this one, by its own keys: none of them is a number of the stack."""
        return {}

    def own_addresses(self) -> str | None:
        """The public address that its calls come from, where they come from a machine of the customer's: empty where the
        route does not say it; None where a carrier's published ranges may be meant.
        """
        return None

    def whereabouts(self) -> Mapping[str, str]:
        """Which part of an account the number is in, where it has parts, by the route's own keys: a rehearsal sets it up."""
        return {}

    def adopts(self) -> Mapping[str, tuple[str, ...]]:
        """Names of objects that the route uses and never makes, by what they are: a rehearsal has them there already."""
        return {}

    def abilities(self) -> Mapping[Capability, Ability]:
        """What this route can, where that is not what its carrier can in general."""
        return {}

    def stands_on(self, leg: Leg) -> Box | None:
        """What numbers could take from each other, such as the machine that its files are for; None for nothing. Pure."""
        return None

    def files(self, leg: Leg) -> Files | None:
        """Files that people apply, for ``xtel render``; None where an API does it all. Pure. Raises ValueError."""
        return None
