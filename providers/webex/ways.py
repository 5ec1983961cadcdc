"""The ways by which calls leave Webex Calling, as a stack file names them: a trunk, a trunk of its own, a group of trunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from providers.kernel import values
from providers.kernel.spec import StrictModel
from providers.kernel.values import Host, Whole
from providers.webex.api import own_name

#: A name as Control Hub shows it: blanks around it are nobody's wish.
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), BeforeValidator(values.not_blank)]
#: Webex' limit: 400, code 25043.
MOST_TRUNKS = 10


def _label(text: str) -> str:
    """What stands before the domain: ``sbc1``, ``sbc1.london``."""
    below = ".example.com"
    return values.host(f"{text.strip()}{below}").removesuffix(below)


Label = Annotated[str, AfterValidator(_label)]


class Certificate(StrictModel):
    """By what Webex reaches the gateway of a certificate-based trunk, and knows its certificate."""

    address: Label = Field(description="The gateway's host name before the domain, such as sbc1.")
    domain: Host = Field(description="The domain, which the organisation has claimed and verified in Control Hub.")
    port: Whole | None = Field(default=None, ge=1, le=65535, description="Its port; left out: by an SRV record.")
    max_calls: Whole = Field(default=250, ge=1, description="How many calls at once, as Control Hub allows the device.")
    device_type: Name = Field(
        default="", description="What the gateway is, as Control Hub lists it: Cisco Unified Border Element."
    )

    @property
    def fqdn(self) -> str:
        """``sbc1.example.com:5061``; without a port by SRV."""
        return fqdn(self.model_dump())


def fqdn(inputs: Mapping[str, Any]) -> str:
    """The same of a trunk's inputs; empty for one that registers."""
    if not inputs.get("address"):
        return ""
    port = f":{int(inputs['port'])}" if inputs.get("port") else ""  # a state's numbers are floats
    return f"{inputs['address']}.{inputs.get('domain')}{port}"


class TrunkOfGroup(StrictModel):
    """One trunk of a route group: one that is there, or one of the stack's own in a location."""

    trunk: Name = Field(default="", description="Name of a trunk that is there.")
    location: Name = Field(default="", description="Name of a location, instead: a trunk is made there.")
    certificate: Certificate | None = Field(
        default=None, description="With location: the trunk is certificate-based; left out: its gateway registers."
    )

    @model_validator(mode="after")
    def _one_trunk(self) -> TrunkOfGroup:
        if bool(self.trunk) == bool(self.location):
            raise ValueError("name a trunk that is there, or the location for a new one: one of the two")
        if self.certificate and self.trunk:
            raise ValueError("certificate: is for a trunk that is made in a location: write location instead of trunk")
        return self

    @property
    def fqdn(self) -> str:
        """That of a certificate-based trunk of our own."""
        return self.certificate.fqdn if self.certificate else ""


def _by_name(given: Any) -> Any:
    return {"trunk": given} if isinstance(given, str) else given


class RouteGroup(StrictModel):
    """A route group that is there, by its name; or one of the stack's own, made of trunks."""

    name: Name = Field(
        default="",
        description="Name of a group that is there; with trunks: tells groups of the stack apart, and stays as they change.",
    )
    trunks: tuple[
        Annotated[TrunkOfGroup, BeforeValidator(_by_name, json_schema_input_type=Name | TrunkOfGroup)], ...
    ] = Field(
        default=(), max_length=MOST_TRUNKS, description="Trunks of a new group, in the order in which they are tried."
    )

    @model_validator(mode="after")
    def _one_group(self) -> RouteGroup:
        if not (self.name or self.trunks):
            raise ValueError("name a route group that is there, or the trunks of a new one")
        once(self.listed)
        return self

    @property
    def listed(self) -> tuple[Listed, ...]:
        """Its trunks as its object has them."""
        return tuple(
            Listed(trunk=each.trunk) if each.trunk else Listed(location=each.location, certificate=each.fqdn or None)
            for each in self.trunks
        )

    @property
    def key(self) -> str:
        """What the stack knows a group of its own by; empty for one that is there."""
        return (self.name or in_words(self.listed)) if self.trunks else ""


class Listed(StrictModel):
    """One trunk in the inputs of a route group: by its name, or by the location and FQDN that give ours its name."""

    trunk: Name | None = None
    location: Name | None = None
    certificate: str | None = None

    @model_validator(mode="after")
    def _one_trunk(self) -> Listed:
        if bool(self.trunk) == bool(self.location):
            raise ValueError("is either a trunk that is there, or the location of one of ours")
        return self

    def name(self, mark: str) -> str:
        """As Webex has it."""
        return self.trunk or own_trunk(mark, self.location or "", self.certificate or "")

    def __str__(self) -> str:
        return self.trunk or f"location {self.location} {self.certificate or ''}".strip()


def in_words(trunks: Iterable[Listed]) -> str:
    """Trunks in their order."""
    return " > ".join(map(str, trunks))


def once(trunks: tuple[Listed, ...]) -> None:
    for place, each in enumerate(trunks):
        if each in trunks[:place]:
            raise ValueError(f"trunks: {each} stands twice")


def own_trunk(mark: str, location: str, fqdn: str = "") -> str:
    """The name of a trunk of the stack's own."""
    return own_name(mark, f"{location} {fqdn}".strip())


def own_group(mark: str, key: str) -> str:
    """Likewise of a route group."""
    return own_name(mark, f"route group {key}")
