"""What a bundle is rendered from, and the resource that shows in the plan when its files change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from providers.kernel import by_hand, limits
from providers.kernel.by_hand import ByHand
from providers.kernel.call_handling import CallHandling
from providers.kernel.files import Files
from providers.kernel.spec import Spec
from providers.kernel.spelling import Spelled
from providers.kernel.values import E164, Did, PublicAddress, SipUri, Whole, has_unknown
from providers.kernel.vendor import Settings
from providers.sip import render
from providers.sip.platforms import PLATFORMS, Transfer, of, only
from providers.sip.sbc import SbcOptions, complete

Platform = Literal[
    "asterisk", "freeswitch", "kamailio", "opensips", "cube", "audiocodes", "ribbon", "teams", "zoom",
    "ringcentral", "cxone", "other",
]  # fmt: skip
Codec = Annotated[
    Literal["PCMU", "PCMA", "G722"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),  # pyright: ignore[reportUnknownLambdaType]
]
SectionName = Annotated[
    str, Spelled(r"^[A-Za-z0-9_-]{0,60}$", "must be at most 60 letters, digits, _ and -, as in its own configuration")
]


def _ipv4(text: str) -> str:
    """A name, or an IPv4 address: no socket of a bundle is IPv6, and no media of it would come back to one."""
    if _version(text) == 6:
        raise ValueError("is an IPv6 address, and sockets and media of these files are IPv4: write the IPv4 address")
    return text


def _version(text: str) -> int:
    """4 or 6, in brackets or not; 0 for what is no address."""
    plain = re.sub(r"^\[(.*:.*)\]$", r"\1", text.strip())
    try:
        return ip_address(plain).version
    except ValueError:
        return 0


def _address(text: str) -> str:
    if text and _version(_ipv4(text)) != 4:
        raise ValueError("must be an IP address of this machine, such as 203.0.113.10")
    return text.strip()


def _bound(text: str) -> str:
    """An address and a port."""
    host, _, port = text.strip().rpartition(":")
    if text and not (_version(_ipv4(host)) == 4 and re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) <= 65535):
        raise ValueError("must be an IP address and a port of this machine, such as 0.0.0.0:5071")
    return text.strip()


#: Public name or address, as it stands in SIP and SDP.
Address = Annotated[PublicAddress, AfterValidator(_ipv4)]
Ip = Annotated[str, AfterValidator(_address)]
Bound = Annotated[str, AfterValidator(_bound)]
#: Keys that only some platforms have a place for.
ONLY: dict[str, frozenset[str]] = {
    key: only(key) for key in sorted({key for p in PLATFORMS.values() for key in p.keys})
}


class Options(SbcOptions):
    """The keys that a route and a bundle have in common."""

    platform: Platform = Field(
        default="other", description="What the bundle is for; other: a checklist for any platform."
    )
    port: Whole = Field(default=5061, ge=1, le=65535, description="Port at xAI that takes TLS.")
    codecs: tuple[Codec, ...] = Field(
        default=("PCMU", "PCMA", "G722"), min_length=1, description="PCMU, PCMA, G722: in the order they are offered."
    )
    srtp: Literal["required", "off"] = Field(
        default="required", description="Media encrypted (SDES), or off: plain RTP beside the encrypted signaling."
    )
    ring_seconds: Whole = Field(default=30, ge=5, le=180, description="How long xAI may ring before a fallback does.")
    description: str = Field(default="", max_length=60, description="For people: stands in comments and descriptions.")
    address: Address = Field(
        default="",
        description="Public address or name of the platform: where answers, and the sound, are to be sent.",
    )
    transfer: Annotated[Transfer, BeforeValidator(lambda said: said, json_schema_input_type=bool | Transfer)] = Field(
        default="refuse",
        description="A transfer by the agent (SIP REFER): refuse or false; consume: the platform dials; pass: on to the "
        "carrier; true: what this platform can.",
    )
    from_domain: Address = Field(
        default="", description="Host in From: of the platform; left out: address (Asterisk, FreeSWITCH)."
    )
    bind: Bound = Field(
        default="",
        description="Address and port of this machine that TLS listens on, such as 0.0.0.0:5071 (Asterisk, FreeSWITCH).",
    )
    media_address: Ip = Field(default="", description="Address of this machine for the sound (Asterisk).")
    transport: SectionName = Field(
        default="", description="Name of a TLS transport that is there already, to be used (Asterisk)."
    )
    profile: SectionName = Field(
        default="", description="Name of a SIP profile that is there already, to be used (FreeSWITCH)."
    )
    context: SectionName = Field(
        default="public", description="Dialplan context where the carrier's calls arrive (FreeSWITCH)."
    )
    extension: Annotated[str, Spelled(r"^[0-9]{0,20}$", "must be at most 20 digits, such as 8000")] = Field(
        default="", description="What users dial beside the number, in digits (FreeSWITCH)."
    )
    transfer_context: SectionName = Field(
        default="",
        description="Dialplan context that a transfer by the agent may dial in (Asterisk, FreeSWITCH).",
    )
    interface: Annotated[
        str, Spelled(r"^$|^[A-Za-z][A-Za-z0-9/.-]{0,40}$", "must be an interface of IOS, such as GigabitEthernet1")
    ] = Field(default="", description="Interface towards xAI (CUBE).")
    tag: Whole = Field(
        default=901,
        ge=1,
        le=9980,
        description="First tag of dial peers and voice classes; numbers need ten each (CUBE).",
    )
    ca_file: Annotated[
        str,
        Spelled(
            r"^/[A-Za-z0-9._/-]{1,200}$", "must be a whole path of letters, digits and . _ - /, such as /etc/xai.pem"
        ),
    ] = Field(
        default="/etc/ssl/certs/ca-certificates.crt",
        description="Public certificate authorities on the machine (Asterisk, Kamailio, OpenSIPS).",
    )

    @field_validator("codecs", mode="after")
    @classmethod
    def _once(cls, codecs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(codecs))

    @model_validator(mode="before")
    @classmethod
    def _transfer_meant(cls, given: Any) -> Any:
        """True is what the platform can."""
        if not isinstance(given, dict):
            return given
        said = cast(dict[str, Any], given)
        transfer = said.get("transfer", False)
        able = PLATFORMS.get(str(said.get("platform", "other")), PLATFORMS["other"]).transfers
        return {**said, "transfer": able[0] if transfer is True else "refuse" if transfer is False else transfer}

    @model_validator(mode="after")
    def _can_transfer(self) -> Options:
        platform = of(self.platform, self.sbc)
        able = (*platform.transfers, "refuse")
        if self.transfer not in able:
            raise ValueError(f"transfer: {platform.title} cannot {self.transfer} a REFER: write {' or '.join(able)}")
        if "transfer_context" in platform.keys and (self.transfer == "consume") != bool(self.transfer_context):
            missing = "name the context that it may dial in" if self.transfer == "consume" else "write both, or neither"
            raise ValueError(f"transfer: true and transfer_context go together: {missing}")
        return self

    @model_validator(mode="after")
    def _has_a_place(self) -> Options:
        front = self.sbc if PLATFORMS[self.platform].behind_sbc else ""
        for name, platforms in ONLY.items():
            if not platforms & {self.platform, front} and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} is for platform {' or '.join(sorted(platforms))}: remove it")
        complete(self.platform, front, self, address=self.address)
        return self


class BundleSpec(Spec, Options):
    """Everything the files of a bundle depend on. The password is not among it."""

    phone_number: E164 = Field(description="The number whose calls the PBX is to send to xAI.")
    target: SipUri = Field(description="Where its calls go.")
    fallback: tuple[SipUri, ...] = Field((), max_length=9, description="Who rings when xAI does not answer, in order.")
    did: tuple[Did, ...] = Field((), max_length=9, description="Further spellings in which its carrier delivers it.")
    username: str = Field(
        "", pattern=r"^[\w.+-]{0,64}$", description="Digest username; none: the PBX is on an allowlist."
    )
    content: dict[str, str] = Field(
        default_factory=dict[str, str], description="SHA-256 of each file; computed, whatever is given."
    )

    @field_validator("did", mode="after")
    @classmethod
    def _in_any_order(cls, did: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(did)))

    @model_validator(mode="after")
    def _can_be_written(self) -> BundleSpec:
        if not has_unknown(dict(self)):
            check(self.canonical())
        return self


def files(inputs: Mapping[str, Any]) -> Files:
    """The bundle of canonical inputs, with commands for the stack of their marker. Raises ValueError for a value that a file
    cannot hold."""
    return render.bundle(_rendered(inputs))


def check(inputs: Mapping[str, Any]) -> None:
    """Raises ValueError for a value that a file of the bundle cannot hold."""
    render.check(_rendered(inputs))


def _rendered(inputs: Mapping[str, Any]) -> dict[str, Any]:
    rendered = {name: value for name, value in inputs.items() if name in _RENDERED}
    return {**rendered, "stack": by_hand.stack(inputs), "within": inputs.get("within")}


class Bundle(ByHand["Nowhere", BundleSpec]):
    """The files for a platform without an API. Calls: none; it lives in the state, somebody applies the files.

    Changes in place: everything but the number. Delete: forgets it, and warns that the PBX goes on as it was configured.
    """

    kind = "Bundle"
    spec: ClassVar[type[Spec]] = BundleSpec

    def files(self, inputs: Mapping[str, Any]) -> Files:
        """The bundle."""
        return files(inputs)

    def place(self, inputs: Mapping[str, Any]) -> str:
        """The platform, by its word in the stack file."""
        platform = str(inputs.get("platform") or "other")
        return "PBX" if platform == "other" else platform

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What the PBX does once somebody has applied the files."""
        return CallHandling(
            takes=str(inputs.get("phone_number") or ""), srtp=inputs.get("srtp") == "required",
            destinations=by_hand.destinations(inputs), by_hand=dict(inputs.get("content") or {}), sources=(),
            codecs=tuple(map(str, inputs.get("codecs") or ())),
        )  # fmt: skip


_RENDERED = frozenset(BundleSpec.model_fields) - frozenset(Spec.model_fields) - {"content"}


class Nowhere:
    """The client of a platform without an API."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        """Nothing to open."""
