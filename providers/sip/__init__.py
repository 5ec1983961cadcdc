"""Any PBX, SBC or SIP proxy that delivers a number and has no API: a bundle of configuration files that people apply.

Sources: docs.x.ai, SIP phone calls, "Bring Your Own SIP Provider"; the platforms' own documents (read 2026-11-21). Which
files were tried with which program: docs/sip.md.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.files import Files
from providers.kernel.route import CarrierRoute, Leg, RouteObject
from providers.kernel.vendor import Carrier
from providers.sip import ranges
from providers.sip.bundle import Bundle, BundleSpec, Nowhere, Options, check, files

_READ = date(2026, 11, 21)


class Route(Options, CarrierRoute):
    """A PBX, SBC or SIP proxy of your own: `xtel render` writes its files, you apply them."""

    carrier: Literal["sip"] = Field(default="sip", description="Any PBX, SBC or SIP proxy, by files.")

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """One bundle. A value that its files cannot hold is refused here already, before anything is made."""
        inputs = self._inputs(leg)
        check(inputs)
        return (RouteObject("bundle", "Bundle", inputs, last=True),)

    def files(self, leg: Leg) -> Files:
        """The platform's configuration."""
        return files(BundleSpec.model_validate(self._inputs(leg)).canonical())

    def _inputs(self, leg: Leg) -> dict[str, Any]:
        return {
            "phone_number": leg.number,
            "target": str(leg.target),
            "fallback": [way.uri for way in leg.fallback],
            "username": leg.login.username if leg.login else "",
            **self.model_dump(mode="json", exclude={"carrier"}),
        }

    def sources(self) -> tuple[str, ...]:
        """A PBX has no published ranges; those of platforms that dial xAI themselves are named in ``allow``."""
        return ()


CAN: dict[Capability, Ability] = {
    Capability.API: Cannot("files: xtel render", _READ),
    Capability.TLS: Can("transport=tls", _READ),
    Capability.SRTP: Can("SDES; srtp: off", _READ),
    Capability.DIGEST: Can("every platform", _READ),
    Capability.ALLOWLIST: Can("the PBX's own address", _READ),
    Capability.TRANSFER: Can("the PBX decides", _READ),
    Capability.FALLBACK: Can("9 further URIs", _READ),
    Capability.CODECS: Can("G.711 µ-law, A-law, G.722", _READ),
    Capability.SHARED: Can("one bundle each", _READ),
    Capability.BUYING: Cannot("no API", _READ),
}


CARRIER = Carrier[Nowhere](
    name="sip",
    title="SIP",
    credentials=(),
    base_url_env="",
    caller_needs="the PBX itself: dial the number from one of its telephones",
    objects=(Bundle,),
    connect=Nowhere,
    account=lambda api: "files",
    account_name="platform",
    route=Route,
    auth="digest",
    ranges=ranges.RANGES,
    can=CAN,
)
