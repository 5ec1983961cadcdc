"""The keys of session border controllers, and of platforms whose calls reach xAI through one or by a vendor's trunk."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from providers.kernel.spec import StrictModel
from providers.kernel.spelling import Spelled
from providers.kernel.values import PublicAddress, Whole, host

#: Who can stand between a platform and xAI.
Sbc = Literal["audiocodes", "ribbon", "cube", "other"]
#: What an SBC calls an object of its own.
ObjectName = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
ObjectNames = Annotated[
    tuple[ObjectName, ...],
    BeforeValidator(
        lambda said: (said,) if isinstance(said, str) else said,
        json_schema_input_type=ObjectName | tuple[ObjectName, ...],
    ),
]
#: What AudioCodes' own documents call the IP group of the carrier.
_CARRIER = ("IPG_Carrier",)
#: How many rows of a table a number has (AudioCodes).
ROWS = 20
SignInName = Annotated[
    str,
    StringConstraints(to_lower=True),
    Spelled(r"^[A-Za-z0-9.'_!#^~-]{1,64}@[A-Za-z0-9.-]{1,63}$", "must be a sign-in name, such as anna@example.com"),
]


class Inbound(StrictModel):
    """How the leg that brings the calls finds its outbound dial peer, and what else its inbound dial peer has (CUBE).

    An inbound dial peer with ``destination dpg`` chooses in that group alone, and patterns are ignored (Cisco, CUBE
    Configuration Guide, "Dial-Peer Group"): then the number needs an inbound dial peer of its own.
    """

    match: Literal["patterns", "request", "called", "via"] = Field(
        default="patterns",
        description="patterns: no group is asked; else how the dial peer with the group is matched: "
        "incoming uri request, incoming called or incoming uri via.",
    )
    tenant: Whole = Field(default=0, ge=0, le=10000, description="Its voice class tenant; 0: none.")
    stun: Whole = Field(default=0, ge=0, le=10000, description="Its voice class stun-usage; 0: none.")
    srtp: bool = Field(default=False, description="Whether it has srtp, as those of Webex and Teams do.")


class SbcOptions(StrictModel):
    """What only session border controllers, Teams, Zoom, RingCentral and NICE CXone have a place for."""

    sbc: Sbc = Field(default="other", description="The SBC between the platform and xAI (Teams, Zoom).")
    calls: Literal["delivered", "dialled", "both"] = Field(
        default="both",
        description="Where its calls come from: the DID is delivered by a carrier; dialled by users or flows of the "
        "platform; or both (Teams, Zoom, RingCentral, NICE CXone).",
    )
    gateway: PublicAddress = Field(default="", description="The SBC's name in Teams: its PSTN gateway.")
    gateway_port: Whole = Field(default=5061, ge=1, le=65535, description="The SBC's port for calls of Teams.")
    tenant_id: Annotated[
        str,
        Spelled(
            r"^$|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
            "must be the id of a Microsoft tenant, such as 0a1b2c3d-0000-4000-8000-00000000000f",
        ),
    ] = Field(
        default="",
        description="Microsoft tenant that the script is for; any other one is refused (Teams).",
    )
    voice_routing_policy: ObjectName = Field(
        default="xAI", description="Voice routing policy that gets the usage: your users', or a new one (Teams)."
    )
    users: tuple[SignInName, ...] = Field(
        default=(), max_length=50, description="Sign-in names of users who get the policy (Teams)."
    )
    keepalive: bool = Field(
        default=False,
        description="OPTIONS every 60 seconds; silence takes the trunk out of service (CUBE, AudioCodes, Ribbon).",
    )
    inbound: Inbound = Field(
        default=Inbound(), description="How the leg that brings the calls finds its outbound dial peer (CUBE)."
    )
    row: Whole = Field(
        default=20, ge=0, le=5000, description="First row of its tables; each number needs twenty (AudioCodes)."
    )
    shared_row: Whole = Field(
        default=9, ge=1, le=19, description="Row of what all numbers share, and message manipulation set (AudioCodes)."
    )
    sip_interface: ObjectName = Field(
        default="SIPInterface_0", description="SIP interface towards the internet (AudioCodes)."
    )
    media_realm: ObjectName = Field(default="DefaultRealm", description="Media realm of that side (AudioCodes).")
    srd: ObjectName = Field(default="DefaultSRD", description="SRD (AudioCodes).")
    routing_policy: ObjectName = Field(default="Default_SBCRoutingPolicy", description="Routing policy (AudioCodes).")
    from_group: ObjectNames = Field(
        default=_CARRIER,
        min_length=1,
        max_length=4,
        description="IP group that the calls come from, or a list of them; transfers go to the first (AudioCodes).",
    )

    @field_validator("gateway", mode="after")
    @classmethod
    def _verified(cls, gateway: str) -> str:
        if gateway and (len(host(gateway)) > 63 or re.search(r"(^|\.)onmicrosoft\.com$", gateway)):
            raise ValueError("must be a name of at most 63 characters in a verified domain, not under onmicrosoft.com")
        return gateway

    @field_validator("from_group", mode="after")
    @classmethod
    def _each_group_once(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(groups))

    @field_validator("users", mode="after")
    @classmethod
    def _users_in_any_order(cls, users: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(users)))


def complete(platform: str, sbc: str, options: SbcOptions, *, address: str) -> None:
    """Raises ValueError for what cannot be: a platform without what it needs, or with what it cannot use."""
    if platform == "teams" and not options.gateway:
        raise ValueError("gateway: Teams needs the SBC's name: gateway: sbc.example.com")
    if "cube" in {platform, sbc} and address and not _is_ipv4(address):
        raise ValueError("address: CUBE writes it into SDP: give the IPv4 address, not a name")
    if sbc == "audiocodes" and platform != sbc:
        _named(platform.capitalize(), options)


def _named(title: str, options: SbcOptions) -> None:
    """Calls of the carrier and of the platform come from an IP group each; a row of one takes no call of the other."""
    if options.calls == "both" and len(options.from_group) < 2:
        raise ValueError(
            f"from_group: calls: both needs the carrier's IP group and that of {title}, such as "
            f"from_group: [{_CARRIER[0]}, IPG_{title}]; or write calls: delivered or calls: dialled"
        )
    if options.calls == "dialled" and options.from_group == _CARRIER:
        raise ValueError(f"from_group: name the IP group that calls of {title} come from, such as IPG_{title}")


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
