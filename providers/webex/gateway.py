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

from providers.kernel import by_hand, registry
from providers.kernel.by_hand import ByHand, ByHandSpec
from providers.kernel.call_handling import CallHandling
from providers.kernel.errors import InputError
from providers.kernel.files import Files, Within, signed
from providers.kernel.route import CarrierRoute, Leg
from providers.kernel.spec import Spec, StrictModel
from providers.kernel.values import Whole, has_unknown
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


class GatewaySpec(ByHandSpec, Options):
    """Everything the files depend on."""

    dial_plan_id: str = Field("", description="The dial plan that sends the calls.")
    certificates: tuple[str, ...] = Field(
        (), description="FQDN and port of each trunk of the stack's own by which the gateway's certificate is known."
    )

    @model_validator(mode="after")
    def _can_be_written(self) -> GatewaySpec:
        if not has_unknown({name: value for name, value in dict(self).items() if name != "dial_plan_id"}):
            files(self.canonical())
        return self


class Gateway(ByHand[Api, GatewaySpec]):
    """The files for the local gateway of a number. Calls: none; it lives in the state, somebody applies the files.

    Changes in place: everything but the number. Delete: forgets it, and warns that the gateway goes on as it was configured.
    """

    kind = "Gateway"
    spec: ClassVar[type[Spec]] = GatewaySpec
    references = frozenset({"dial_plan_id"})

    def files(self, inputs: Mapping[str, Any]) -> Files:
        """Its leg from Webex, and the one towards xAI."""
        return files(inputs)

    def place(self, inputs: Mapping[str, Any]) -> str:
        """What Webex calls it."""
        return "local gateway"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What the gateway does with a call of the dial plan once somebody has applied the files."""
        return CallHandling(
            part_of=str(inputs.get("dial_plan_id") or ""), srtp=True, sources=(),
            destinations=by_hand.destinations(inputs), by_hand=dict(inputs.get("content") or {}),
            codecs=("PCMU", "PCMA", "G722"),
        )  # fmt: skip


def files(inputs: Mapping[str, Any]) -> Files:
    """The files of one number: its leg towards xAI and, above it, the one from Webex. Raises ValueError."""
    leg = by_hand.leg(inputs)
    tag = int(inputs["tag"])
    name = f"from-webex-{leg.number.lstrip('+')}.ios"
    within = Within(frozenset(Options.model_fields), name, _undo(tag + _ABOVE))
    to_xai = _to_xai(replace(leg, within=within), tag, str(inputs.get("interface") or ""))
    text = _beside(inputs) + _from_webex(leg, tag, int(inputs["tenant"]))
    from_webex = signed(text, ("! ", ""), leg.number)
    return replace(to_xai, texts={**to_xai.texts, name: from_webex})


def _to_xai(leg: Leg, tag: int, interface: str) -> Files:
    """The bundle for a CUBE. Raises InputError where nobody here writes it."""
    if written := cube(tag, interface).files(leg):
        return written
    raise InputError("nothing that is installed here writes the files of a CUBE", step="install all of xai-telephony")


def cube(tag: int, interface: str) -> CarrierRoute:
    """The route that writes the files of a CUBE, whoever's it is here. Raises InputError where there is none."""
    for carrier in registry.carriers().values():
        platform = carrier.route.model_fields.get("platform")
        if platform and _CUBE in str(platform.annotation):
            given = {"carrier": carrier.name, "platform": _CUBE, "tag": tag, "interface": interface}
            return carrier.route.model_validate(given)
    raise InputError("nothing that is installed here writes the files of a CUBE", step="install all of xai-telephony")


def _beside(inputs: Mapping[str, Any]) -> str:
    """What the leg of a certificate-based trunk is known by, for whoever configures it: remarks, no lines of ours.

    Without a port Webex goes by an SRV record, and what it then writes into the request is not known.
    """
    known = [fqdn for fqdn in map(str, inputs.get("certificates") or ()) if ":" in fqdn]
    patterns = "".join(f"!  pattern {fqdn}\n" for fqdn in known)
    return patterns and f"! Stands beside the leg of a certificate-based trunk, which is known by its FQDN:\n{patterns}"


def _undo(above: int) -> tuple[str, ...]:
    """What takes the leg from Webex away: the dial peer names its class and its group, the group the peers towards xAI."""
    return f"no dial-peer voice {above} voip", f"no voice class uri {above} sip", f"no voice class dpg {above}"


def _from_webex(leg: Leg, tag: int, tenant: int) -> str:
    """An inbound dial peer for this number alone: a user-id is preferred to the pattern by which the leg is known.

    The group takes what the number's own dial peers are, in their order, and no other call.
    """
    above = tag + _ABOVE
    peers = "".join(f" dial-peer {tag + rank} preference {rank + 1}\n" for rank in range(1 + len(leg.fallback)))
    return f"""!
voice class uri {above} sip
 user-id ^[+]*{leg.number.removeprefix("+")}$
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
