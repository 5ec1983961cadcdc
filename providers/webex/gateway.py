"""A number's part of the local gateway: Webex sends the call to a CUBE of the customer's, and the CUBE calls xAI.

Documents: Cisco IOS XE, CUBE configuration guide (dial peer groups, ``incoming uri``; read 2026-11-28). The leg towards xAI
is the bundle of the platform ``cube``, written by whichever installed carrier writes bundles; what is written here is the
leg from Webex. Never tried on a device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, model_validator

from providers.kernel import operation, registry
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.errors import InputError
from providers.kernel.files import Files, signed
from providers.kernel.object import Live, Object
from providers.kernel.route import Fallback, Leg, Login
from providers.kernel.spec import Spec, StrictModel
from providers.kernel.values import E164, SipUri, Whole, has_unknown, target
from providers.webex.api import Api

#: The platform whose bundle is the leg towards xAI.
_CUBE = "cube"
#: A number's tags on the leg from Webex are so much above those on its leg towards xAI.
_ABOVE = 5000


class Options(StrictModel):
    """The keys that a route and its gateway have in common."""

    tag: Whole = Field(
        default=901,
        ge=1,
        le=4980,
        description="First tag of the number's dial peers towards xAI; numbers need ten each.",
    )
    interface: str = Field(
        default="", pattern=r"^$|^[A-Za-z][A-Za-z0-9/.-]{0,40}$", description="Interface of the CUBE towards xAI."
    )
    tenant: Whole = Field(
        default=200, ge=1, le=10000, description="Tag of the voice class tenant of the CUBE's leg to Webex."
    )


class GatewaySpec(Spec, Options):
    """Everything the files depend on. The password is not among it."""

    phone_number: E164 = Field(description="The number whose calls Webex sends to the gateway.")
    dial_plan_id: str = Field("", description="The dial plan that sends them.")
    target: SipUri = Field(description="Where the gateway sends them.")
    fallback: tuple[SipUri, ...] = Field((), max_length=9, description="Who rings when xAI does not answer, in order.")
    username: str = Field(
        "", pattern=r"^[\w.+-]{0,64}$", description="Digest username; none: the gateway is on an allowlist."
    )
    content: dict[str, str] = Field(
        default_factory=dict[str, str], description="SHA-256 of each file; computed, whatever is given."
    )

    @model_validator(mode="after")
    def _can_be_written(self) -> GatewaySpec:
        if not has_unknown({name: value for name, value in dict(self).items() if name != "dial_plan_id"}):
            files(self.canonical())
        return self


class Gateway(Object[Api, GatewaySpec]):
    """The files for the local gateway of a number. Calls: none; it lives in the state, somebody applies the files.

    Changes in place: everything but the number. Delete: forgets it, and warns that the gateway goes on as it was configured.
    """

    kind = "Gateway"
    spec: ClassVar[type[Spec]] = GatewaySpec
    state_only = True
    replaces = frozenset({"phone_number"})
    references = frozenset({"dial_plan_id"})
    outputs = ("sha256",)

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The hash of every file, so that a template of a new release shows as a change."""
        if has_unknown({name: value for name, value in new.items() if name != "dial_plan_id"}):
            return {name: value for name, value in new.items() if name != "content"}
        return {**new, "content": files(new).content}

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What the gateway does with a call of the dial plan once somebody has applied the files."""
        uris = [str(uri) for uri in (inputs.get("target"), *(inputs.get("fallback") or ())) if uri]
        login = str(inputs.get("username") or "")
        return CallHandling(
            part_of=str(inputs.get("dial_plan_id") or ""), srtp=True, sources=(),
            destinations=tuple(Destination(uri, rank, "" if rank else login) for rank, uri in enumerate(uris)),
            by_hand=dict(inputs.get("content") or {}), codecs=("PCMU", "PCMA", "G722"),
        )  # fmt: skip

    def find(self, api: Api, spec: GatewaySpec, *, fresh: bool) -> Live | None:
        """Nobody can be asked."""
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """As the state has it."""
        return Live(id, {})

    def create(self, api: Api, spec: GatewaySpec) -> Live:
        """Nothing is sent anywhere: a person applies the files."""
        return _rendered(spec, {})

    def update(self, api: Api, id: str, spec: GatewaySpec, state: Mapping[str, Any]) -> Live:
        """Rendering again; the warning names the files that changed."""
        return _rendered(spec, state.get("content") or {})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """The gateway does not know."""
        operation.current().warn(
            f"the local gateway still sends the calls of {id} to {state.get('target', 'xAI')}: remove its files there"
        )


def files(inputs: Mapping[str, Any]) -> Files:
    """The files of one number: its leg towards xAI and, above it, the one from Webex. Raises ValueError."""
    leg = Leg(
        str(inputs["phone_number"]),
        target(str(inputs["target"])),
        tuple(Fallback(uri=uri, weight=10) for uri in inputs.get("fallback") or ()),
        login=Login(str(inputs["username"]), None) if inputs.get("username") else None,
    )
    to_xai = _to_xai(leg, int(inputs["tag"]), str(inputs.get("interface") or ""))
    name = f"xai-{leg.number.lstrip('+')}-from-webex.ios"
    from_webex = signed(_from_webex(leg, int(inputs["tag"]), int(inputs["tenant"])), ("! ", ""), leg.number)
    return replace(to_xai, texts={**to_xai.texts, name: from_webex})


def _to_xai(leg: Leg, tag: int, interface: str) -> Files:
    """The bundle for a CUBE, whoever writes it here. Raises InputError where nobody does."""
    for carrier in registry.carriers().values():
        platform = carrier.route.model_fields.get("platform")
        if platform and _CUBE in str(platform.annotation):
            given = {"carrier": carrier.name, "platform": _CUBE, "tag": tag, "interface": interface}
            if written := carrier.route.model_validate(given).files(leg):
                return written
    raise InputError("nothing that is installed here writes the files of a CUBE", step="install all of xai-telephony")


def _from_webex(leg: Leg, tag: int, tenant: int) -> str:
    """An inbound dial peer for this number alone: a user-id is preferred to the pattern by which the leg is known.

    The group takes what the number's own dial peers are, in their order, and no other call.
    """
    above = tag + _ABOVE
    peers = "".join(f" dial-peer {tag + rank} preference {rank + 1}\n" for rank in range(1 + len(leg.fallback)))
    return f"""!
voice class uri {above} sip
 user-id {leg.number}
!
voice class dpg {above}
 description xAI for {leg.number}
{peers}!
dial-peer voice {above} voip
 description from Webex Calling for {leg.number}
 session protocol sipv2
 destination dpg {above}
 incoming uri request {above}
 voice-class codec {tag}
 voice-class sip tenant {tenant}
 voice-class stun-usage {tenant}
 dtmf-relay rtp-nte
 srtp
 no vad
!
"""


def _rendered(spec: GatewaySpec, before: Mapping[str, str]) -> Live:
    made = files(spec.canonical())
    names = sorted(name for name in made.content.keys() | before.keys() if made.content.get(name) != before.get(name))
    if names:
        parts = spec.marker.split("/")
        stack = parts[2] if len(parts) == 4 and parts[0] == "xtel" else "STACK"
        command = f"xtel render {stack} --number {spec.phone_number}"
        operation.current().warn(f"someone must apply these files to the gateway ({', '.join(names)}): {command}")
    return Live(spec.phone_number, {}, {"sha256": made.sha256})
