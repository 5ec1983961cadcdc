"""Any PBX, SBC or SIP proxy that delivers a number and has no API: a bundle of configuration files that people apply.

Sources: docs.x.ai, SIP phone calls, "Bring Your Own SIP Provider"; the platforms' own documents (read 2026-11-21). Which
files were tried with which program: docs/sip.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from providers.kernel.capabilities import Ability, Capability
from providers.kernel.files import Files
from providers.kernel.route import Box, CarrierRoute, Leg, RouteObject
from providers.kernel.spelling import Spelled
from providers.kernel.vendor import Carrier
from providers.sip import ranges
from providers.sip.bundle import Bundle, BundleSpec, Nowhere, Options, check, files
from providers.sip.platforms import COMMON, PLATFORMS, of


class Route(Options, CarrierRoute):
    """A PBX, SBC or SIP proxy of your own: `xtel render` writes its files, you apply them."""

    carrier: Literal["sip"] = Field(default="sip", description="Any PBX, SBC or SIP proxy, by files.")
    box: Annotated[
        str, Spelled(r"^[A-Za-z0-9_-]{0,60}$", "must be at most 60 letters, digits, _ and -, such as berlin")
    ] = Field(
        default="",
        description="A name of yours for the machine, where numbers of one platform are on several: what numbers on one "
        "machine take there must differ, and what is one for all of them must be the same.",
    )
    matches_did: ClassVar[bool] = True

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """One bundle. A value that its files cannot hold is refused here already, before anything is made."""
        inputs = self._inputs(leg)
        check(inputs)
        return (RouteObject("bundle", "Bundle", inputs, last=True),)

    def files(self, leg: Leg) -> Files:
        """The platform's configuration."""
        return files(
            {**BundleSpec.model_validate(self._inputs(leg)).canonical(), "stack": leg.stack, "within": leg.within}
        )

    def own_addresses(self) -> str | None:
        """The PBX's or SBC's own; of any other platform that may be one which publishes ranges."""
        return None if self.platform == "other" else self.address

    def stands_on(self, leg: Leg) -> Box:
        """The PBX, or the SBC in front of the platform: what numbers have there alone, and what is one for all of them."""
        whole = of(self.platform, self.sbc)
        front = PLATFORMS[whole.folder]
        taken: dict[str, Collection[int | str]] = {
            key: range(first := getattr(self, key), first + count) for key, count in front.numbered.items()
        }
        if self.extension:
            taken["extension"] = {f"{self.extension} in context {self.context}"}
        common = {f"route.{key}": getattr(self, key) for key in front.common if key != "sip_host"}
        if "sip_host" in front.common:
            common["sip_host"] = leg.target.host
        their_own = any(getattr(self, key) for key in front.unless.values())
        return Box(front.title, self.box, taken, {} if their_own else common)

    def _inputs(self, leg: Leg) -> dict[str, Any]:
        return {
            "phone_number": leg.number,
            "target": str(leg.target),
            "did": list(leg.did),
            "fallback": [way.uri for way in leg.fallback],
            "username": leg.login.username if leg.login else "",
            **self.model_dump(mode="json", exclude={"carrier", "box"}),
        }

    def abilities(self) -> Mapping[Capability, Ability]:
        """What the platform can, where it differs from others."""
        return of(self.platform, self.sbc).can

    def sources(self) -> tuple[str, ...]:
        """A PBX has no published ranges; those of platforms that dial xAI themselves are named in ``allow``."""
        return ()


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
    can=COMMON,
    platforms={each.title: {**COMMON, **each.can} for each in PLATFORMS.values()},
)
