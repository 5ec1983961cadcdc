"""What a vendor module declares: credentials, objects, ranges, and (carriers) the route of a number.

The kernel derives the rest: the Pulumi resource classes, the checks, the life cycle, ``doctor``, the schema.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import Field

from providers.kernel import errors, limits, meaning, secrecy
from providers.kernel.adoption import Adoption
from providers.kernel.capabilities import Ability, Capability, Table
from providers.kernel.files import Files
from providers.kernel.spec import Part as Model
from providers.kernel.spec import Spec
from providers.kernel.values import SipUri, Target, Whole, target

ApiT = TypeVar("ApiT")
SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True)
class Credential:
    """One thing a vendor needs to know who asks: an environment variable and the Pulumi config key that wins over it."""

    name: str
    env: str
    config: str
    secret: bool = True
    required: bool = True


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


@dataclass(frozen=True)
class Obstacle:
    """Why something cannot be made, and the next step."""

    reason: str
    step: str

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
    #: Properties that only the vendor knows, and which of them are secrets.
    outputs: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def find(self, api: ApiT, spec: SpecT, *, fresh: bool) -> Live | None:
        """The object that already is what ``spec`` asks for, ours or not. ``fresh``: do not answer from a shared listing."""

    @abstractmethod
    def read(self, api: ApiT, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The object as it stands now; None (or NotFound) when the vendor does not have it."""

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

    def foresee(self, api: ApiT, spec: SpecT) -> Obstacle | None:
        """For previews of what is not there yet: tells what making it would be, and answers what stands in the way."""
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

    def adopt(self, api: ApiT, found: Live, spec: SpecT) -> Live:
        """Make a found object what ``spec`` asks for; called only when it is ours or may be taken over."""
        return self.update(api, found.id, spec, {**found.inputs, **found.outputs})

    def strays(self, api: ApiT, id: str, state: Mapping[str, Any]) -> Iterable[str]:
        """What hangs on it and was made by nobody of this stack, a phrase each; only ever read, for `xtel drift`."""
        return ()

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """Fill inputs that depend on the old ones (named ranges keep the CIDRs they were registered with)."""
        return new

    def loss(self, paths: list[str]) -> str:
        """What replacing loses, or why an input is final: for the refusal."""
        return "it is deleted and made again"

    def means(self, inputs: Mapping[str, Any]) -> meaning.Meaning:
        """What these inputs mean for calls, for plans. Left out: what their values show (SIP URIs, ``phone_number``).

        Pure. Inputs come from a preview: any of them may be absent, not known yet, or masked.
        """
        return meaning.seen(inputs)


@dataclass(frozen=True)
class Vendor(Generic[ApiT]):
    """An API with its credentials and objects. ``connect`` gets the settings and returns the client of this vendor."""

    name: str
    title: str
    credentials: tuple[Credential, ...]
    base_url_env: str
    objects: tuple[type[Object[ApiT, Any]], ...]
    connect: Callable[[Settings, limits.Limit], ApiT]
    #: Whose account the credentials open; asks the vendor, so that it also proves that the account answers.
    account: Callable[[ApiT], str]
    account_name: str = "account"
    #: Requests in flight at once, and the rate that the vendor publishes for an account.
    most_requests: int = 8
    rate: limits.Rate | None = None

    def object(self, kind: str) -> Object[ApiT, Any]:
        """The object declared under ``kind``."""
        for declared in self.objects:
            if declared.kind == kind:
                return declared()
        raise errors.InputError(
            f"{self.name} declares no object {kind}", step="install the release that made this stack"
        )


@dataclass(frozen=True)
class Ref:
    """An output of another part of the same route, known once that part is made."""

    part: str
    output: str


class Fallback(Model):
    """Who rings when xAI does not answer: another SIP URI, tried after the target in the order of the list."""

    uri: SipUri = Field(description="SIP URI, such as sip:+14155550999@pbx.example.com;transport=tls.")
    weight: Whole = Field(
        10, ge=1, le=65535, description="Share among entries of one priority, where a carrier knows it."
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

    def ways(self, *, shared: bool) -> tuple[Fallback, ...]:
        """The fallbacks, in order. Raises ValueError for one with a user part on a trunk that many numbers share."""
        for way in self.fallback:
            if shared and target(way.uri).number:
                raise ValueError(
                    f"{way.uri} names a user: on a shared trunk it would get every number's calls; write the host alone"
                )
        return self.fallback


@dataclass(frozen=True)
class Piece:
    """One object of a route: its name under the number, its kind, its inputs (values or :class:`Ref`).

    A shared piece is made once per stack and used by the routes of several numbers.
    """

    name: str
    kind: str
    inputs: Mapping[str, Any]
    #: Parts that must exist before this one, although no input refers to them.
    after: tuple[str, ...] = ()
    #: Made only once the number is registered at xAI, so that no call arrives before it can be answered.
    last: bool = False
    shared: bool = False


class Route(Model, ABC):
    """How one number's calls get from a carrier to their target; each carrier has its own class with its own keys.

    The key ``carrier`` holds the carrier's name: ``carrier: Literal["twilio"] = "twilio"``.
    """

    @property
    def delivers(self) -> str:
        """The name of the carrier that delivers the calls."""
        return str(vars(self)["carrier"])

    @abstractmethod
    def pieces(self, leg: Leg) -> tuple[Piece, ...]:
        """The carrier objects, in the order they are made. Pure: no request is made. Raises ValueError for what cannot be."""

    def sources(self) -> tuple[str, ...]:
        """The names of the published ranges this route's calls come from; an allowlist must cover them."""
        return (self.delivers,)

    def abilities(self) -> Mapping[Capability, Ability]:
        """What this route can, where that is not what its carrier can in general."""
        return {}

    def files(self, leg: Leg) -> Files | None:
        """Files that people apply, for ``xtel render``; None where an API does it all. Pure. Raises ValueError."""
        return None


@dataclass(frozen=True)
class Carrier(Vendor[ApiT]):
    """A vendor that delivers calls."""

    route: type[Route] = Route
    #: ``auth`` left out in the stack file: what this carrier does best towards xAI.
    auth: str = "allowlist"
    ranges: tuple[Table, ...] = ()
    can: Mapping[Capability, Ability] = field(default_factory=dict[Capability, Ability])
    #: The number that a first stack file names until somebody writes their own: reserved for drama, nobody's.
    example: str = "+14155550101"
    #: So many objects of one kind that are not shared an account may have: (kind, most, way out).
    most: tuple[str, int, str] | None = None
    #: How routes that exist are imported; None where nothing can be.
    adoption: Adoption[ApiT] | None = None


class Settings:
    """Credentials and base URL of one vendor: Pulumi config first, environment second."""

    def __init__(
        self, vendor: Vendor[Any], config: Callable[[str], str | None], environment: Mapping[str, str]
    ) -> None:
        self._vendor = vendor
        self._values: dict[str, str] = {}
        for credential in vendor.credentials:
            value = config(credential.config) or environment.get(credential.env, "")
            if value:
                self._values[credential.name] = value
            if credential.secret:
                secrecy.register(value)
        self.base_url = checked_base_url(vendor.base_url_env, environment.get(vendor.base_url_env, ""))

    def __getitem__(self, name: str) -> str:
        if value := self._values.get(name):
            return value
        credential = next(item for item in self._vendor.credentials if item.name == name)
        secret = "--secret " if credential.secret else ""
        raise errors.CredentialError(
            f"{self._vendor.title}: {credential.env} is not set",
            step=f"export {credential.env}=… or `pulumi config set {secret}{credential.config} …`",
        )

    def get(self, name: str) -> str:
        """The value, or an empty string."""
        return self._values.get(name, "")

    def __repr__(self) -> str:
        return f"Settings({self._vendor.name}: {', '.join(sorted(self._values))})"


def checked_base_url(name: str, url: str) -> str:
    """A base URL override: https anywhere, http on loopback only, so that no credential travels in the clear."""
    url = url.rstrip("/")
    if not url or url.startswith("https://"):
        return url
    host = url.removeprefix("http://").split("/")[0].rsplit(":", 1)[0].strip("[]")
    if url.startswith("http://") and (host in {"localhost", "::1"} or host.startswith("127.")):
        return url
    raise errors.InputError(
        f"{name} must be an https URL (http is for loopback only)", step=f"unset {name} or correct it"
    )


@cache
def carriers() -> dict[str, Carrier[Any]]:
    """Every installed carrier by name (entry points ``xtel.carriers``)."""
    return {point.name: point.load() for point in sorted(entry_points(group="xtel.carriers"), key=lambda p: p.name)}


@cache
def vendors() -> dict[str, Vendor[Any]]:
    """Every installed vendor by name: the carriers, and xAI (entry points ``xtel.vendors``)."""
    others: dict[str, Vendor[Any]] = {point.name: point.load() for point in entry_points(group="xtel.vendors")}
    return {**others, **carriers()}


def keep_quiet(environment: Mapping[str, str]) -> None:
    """No credential of any vendor that stands in the environment may reach a text, whoever repeats it."""
    secrets = (
        credential for declared in vendors().values() for credential in declared.credentials if credential.secret
    )
    secrecy.register(*(environment.get(credential.env, "") for credential in secrets))


def vendor(name: str) -> Vendor[Any]:
    """A vendor by name; an error that says what to do when it is not installed (any more)."""
    try:
        return vendors()[name]
    except KeyError:
        raise errors.InputError(
            f"the carrier {name!r} is not installed here",
            step=f"install the package that provides it (installed: {', '.join(sorted(vendors()))})",
        ) from None


def consented(number: str, variable: str = "XTEL_ALLOW_REPLACE") -> bool:
    """Whether the environment consents for this number: numbers in E.164, comma-separated."""
    return number in {item.strip() for item in os.environ.get(variable, "").split(",") if item.strip()}
