"""What a vendor's module declares: its credentials and objects, and for a carrier its ranges and the route of a number.

The kernel derives the rest: the Pulumi resource classes, the checks, the life cycle, ``doctor``, the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from providers.kernel import errors, limits, origins, secrecy
from providers.kernel.caller import Caller
from providers.kernel.capabilities import Ability, Capability, Table
from providers.kernel.conventions import COMMON, ApiConventions
from providers.kernel.inventory import Inventory, LiveObject
from providers.kernel.object import Object
from providers.kernel.route import CarrierRoute
from providers.kernel.route_import import RouteImport
from providers.kernel.values import header_value

ApiT = TypeVar("ApiT")


@dataclass(frozen=True)
class Credential:
    """One thing a vendor needs to know who asks: an environment variable and the Pulumi config key that wins over it."""

    name: str
    env: str
    config: str
    secret: bool = True
    required: bool = True


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
    #: How its API words refusals, names requests and tells what is left of a rate.
    conventions: ApiConventions = COMMON
    #: Requests in flight at once, and the rate that the vendor publishes for an account.
    max_requests: int = 8
    rate: limits.Rate | None = None
    #: So many objects of one kind that are not shared an account may have: (kind, most, way out).
    object_limit: tuple[str, int, str] | None = None

    def object(self, kind: str) -> Object[ApiT, Any]:
        """The object declared under ``kind``."""
        for declared in self.objects:
            if declared.kind == kind:
                return declared()
        raise errors.InputError(
            f"{self.name} declares no object {kind}", step="install the release that made this stack"
        )


@dataclass(frozen=True)
class Carrier(Vendor[ApiT]):
    """A vendor that delivers calls."""

    route: type[CarrierRoute] = CarrierRoute
    #: ``auth`` left out in the stack file: what this carrier does best towards the target.
    auth: str = "allowlist"
    ranges: tuple[Table, ...] = ()
    can: Mapping[Capability, Ability] = field(default_factory=dict[Capability, Ability])
    #: By title, the platforms that it stands for and what each can; a table has a row for each.
    platforms: Mapping[str, Mapping[Capability, Ability]] = field(
        default_factory=dict[str, Mapping[Capability, Ability]]
    )
    #: The extra of this distribution that brings its SDK (``pip install 'xai-telephony[…]'``); empty: nothing beside it.
    extra: str = ""
    #: What a first stack file lets in where no ranges are published: reported addresses, to be checked by whoever reads it.
    example_allow: tuple[str, ...] = ()
    #: The number that a first stack file names until somebody writes their own: reserved for drama, nobody's.
    example: str = "+14155550101"
    #: Keys that its route cannot do without, for the same file: a name of something that is there, to be corrected too.
    example_route: Mapping[str, str] = field(default_factory=dict[str, str])
    #: What that route may have beside, in a new stack file as a comment.
    example_note: str = ""
    #: How routes that exist are imported; None where nothing can be.
    route_import: RouteImport[ApiT] | None = None
    #: Why nothing can be imported, where nothing can: the end of a sentence that begins with its title.
    not_imported: str = "has no API here, so there is nothing to import"
    #: What `xtel inventory` shows of an account; None: what ``route_import`` tells.
    inventory: Inventory[ApiT] | None = None
    #: How it places test calls; None: not here, and what that would need.
    caller: Caller[ApiT] | None = None
    caller_needs: str = "an API that places calls"
    #: What decides the calls of a number (E.164), as it stands, whoever made it; for `xtel trace --live`. Reads only. Raises
    #: NotFound for a number that is not of this account. None: nobody can be asked.
    on_the_way: Callable[[ApiT, str], Iterable[LiveObject]] | None = None


class Settings:
    """Credentials and base URL of one vendor: Pulumi config first, environment second."""

    def __init__(
        self, vendor: Vendor[Any], config: Callable[[str], str | None], environment: Mapping[str, str]
    ) -> None:
        self._vendor = vendor
        self._values: dict[str, str] = {}
        for credential in vendor.credentials:
            configured = config(credential.config)
            value = configured or environment.get(credential.env, "")
            if credential.secret:
                secrecy.register(value, value.strip())
            if value:
                self._values[credential.name] = _sendable(vendor, credential, value, configured=bool(configured))
        self.base_url = checked_base_url(vendor.base_url_env, environment.get(vendor.base_url_env, ""))

    def __getitem__(self, name: str) -> str:
        if value := self._values.get(name):
            return value
        credential = next(item for item in self._vendor.credentials if item.name == name)
        raise errors.CredentialError(
            f"{self._vendor.title}: {credential.env} is not set",
            step=f"export {credential.env}=… or `{_set_by(credential)} …`",
            missing=credential.env,
        )

    @property
    def conventions(self) -> ApiConventions:
        """How this vendor's API answers: for the HTTP client that is made out of these settings."""
        return self._vendor.conventions

    def get(self, name: str) -> str:
        """The value, or an empty string."""
        return self._values.get(name, "")

    def __repr__(self) -> str:
        return f"Settings({self._vendor.name}: {', '.join(sorted(self._values))})"


def _set_by(credential: Credential) -> str:
    return f"pulumi config set {'--secret ' if credential.secret else ''}{credential.config}"


def _sendable(vendor: Vendor[Any], credential: Credential, value: str, *, configured: bool) -> str:
    """A credential that an HTTP header can hold: a line break that a file left at its end would be refused far from here."""
    try:
        return header_value(value)
    except ValueError as error:
        name = credential.config if configured else credential.env
        step = f"`{_set_by(credential)}`" if configured else f"export {credential.env} again"
        raise errors.CredentialError(f"{vendor.title}: {name} {error}", step=step) from None


def checked_base_url(name: str, url: str) -> str:
    """A base URL override: https anywhere, http on loopback only, so that no credential travels in the clear."""
    url = url.rstrip("/")
    if not url:
        return url
    try:
        origins.read(url)
    except ValueError as error:
        raise errors.InputError(f"{name} {error}", step=f"unset {name} or correct it") from None
    return url
