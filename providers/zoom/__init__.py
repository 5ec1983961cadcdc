"""Zoom Phone: a routing rule sends what its users dial to a SIP group of the customer's, whose SBC calls xAI.

A number of the customer's own carrier (BYOC) is added to Zoom where the route names that carrier.

Documents: Zoom's SDK types (@zoom/rivet 0.4.0, Phone API v2) and its pages on Server-to-Server OAuth and rate limits (read
2026-11-28). SIP groups and trunks are Zoom's to make: one that is there is named. Never tried against a live account:
docs/zoom.md.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from providers.kernel import by_hand
from providers.kernel.capabilities import Ability, Can, Capability
from providers.kernel.conventions import ApiConventions
from providers.kernel.files import Files
from providers.kernel.route import Box, CarrierRoute, Leg, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.vendor import Carrier, Credential
from providers.zoom.api import Api, account, refusal
from providers.zoom.attachment import Attachment, Name
from providers.zoom.byoc_number import ByocNumber
from providers.zoom.inventory import INVENTORY
from providers.zoom.on_the_way import on_the_way
from providers.zoom.route_import import found, numbers
from providers.zoom.sbc import Options, Sbc, bundle, files, written_for

_READ = date(2026, 11, 28)


class Route(CarrierRoute):
    """Calls that reach xAI by an SBC which Zoom Phone already uses."""

    carrier: Literal["zoom"] = Field(default="zoom", description="Zoom Phone, by a routing rule and an SBC.")
    calls: Literal["users", "carrier"] = Field(
        default="users",
        description="Whose calls: users of Zoom Phone dial the number (a routing rule), or a carrier delivers it to the SBC.",
    )
    sip_group: Name = Field(default="", description="Name or id of the SIP group that leads to the SBC.")
    byoc_carrier: Name = Field(
        default="",
        description="Adds the number to Zoom as a BYOC number of this carrier, on the SIP group; left out: it is not added.",
    )
    sbc: Options = Field(
        default_factory=Options, description="The SBC's files: keys of a route of carrier sip, such as platform."
    )

    @model_validator(mode="after")
    def _one_shape(self) -> Route:
        if self.calls == "users" and not self.sip_group:
            raise ValueError("name the SIP group that leads to the SBC: sip_group: …")
        if self.calls == "carrier" and self.sip_group:
            raise ValueError("sip_group: Zoom is not asked about calls that a carrier delivers to the SBC: remove it")
        if self.calls == "carrier" and self.byoc_carrier:
            raise ValueError(
                "byoc_carrier: Zoom is not asked about calls that a carrier delivers to the SBC: remove it"
            )
        return self

    @property
    def delivers(self) -> str:
        """Zoom; or whoever writes the SBC's files, where a carrier delivers the number to the SBC itself."""
        return "zoom" if self.calls == "users" else bundle(self.sbc).delivers

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """The SBC's files, and last the number's routing rule; after that its BYOC number, so that no call finds it without.

        A carrier's calls to the SBC need the files alone.
        """
        if self.calls == "carrier":
            return bundle(self.sbc).objects(leg)
        inputs = self._inputs(leg)
        files(inputs)
        link = {"phone_number": leg.number, "sip_group": self.sip_group, "take_over": leg.take_over}
        rule = RouteObject("attachment", "Attachment", link, after=("sbc",), last=True)
        numbers: tuple[RouteObject, ...] = ()
        if self.byoc_carrier:
            known = {**link, "byoc_carrier": self.byoc_carrier}
            numbers = (RouteObject("byoc-number", "ByocNumber", known, after=("attachment",), last=True),)
        return (RouteObject("sbc", "Sbc", inputs), rule, *numbers)

    def files(self, leg: Leg) -> Files | None:
        """The configuration of the SBC."""
        return written_for(self.sbc, leg) if self.calls == "users" else bundle(self.sbc).files(leg)

    def stands_on(self, leg: Leg) -> Box | None:
        """The SBC, as the route that writes its files says."""
        found = bundle(self.sbc).stands_on(leg)
        return found and found.under("sbc")

    def own_addresses(self) -> str | None:
        """The SBC's."""
        return bundle(self.sbc).own_addresses()

    def _inputs(self, leg: Leg) -> dict[str, Any]:
        return {**by_hand.of(leg), "sbc": self.sbc.model_dump(mode="json")}

    def sources(self) -> tuple[str, ...]:
        """Calls come from the customer's own SBC."""
        return ()

    def adopts(self) -> dict[str, tuple[str, ...]]:
        """The SIP group, by its name."""
        return {"sip_groups": (self.sip_group,)} if self.calls == "users" else {}


CAN: dict[Capability, Ability] = {
    Capability.API: Can("API for the routing rule and the BYOC number, files for the SBC", _READ),
    **by_hand.abilities("SBC", _READ),
    Capability.CODECS: Can("by the SBC", _READ),
    Capability.SHARED: Can("one SIP group for many", _READ),
}

#: What objects are known by, found by and linked by.
_TEXTS = frozenset({"id", "name", "routing_rule_id", "number_pattern", "display_name", "number", "access_token"})

CARRIER = Carrier[Api](
    name="zoom",
    title="Zoom Phone",
    credentials=(
        Credential("account_id", "ZOOM_ACCOUNT_ID", "zoom:accountId", secret=False),
        Credential("client_id", "ZOOM_CLIENT_ID", "zoom:clientId", secret=False),
        Credential("client_secret", "ZOOM_CLIENT_SECRET", "zoom:clientSecret"),
    ),
    base_url_env="ZOOM_BASE_URL",
    objects=(Sbc, Attachment, ByocNumber),
    connect=Api,
    account=account,
    conventions=ApiConventions(refusal=refusal, request_id_headers=("x-zm-trackingid",), texts=_TEXTS),
    max_requests=4,  # 5 to 40 requests a second by plan and call, which no answer tells: a 429 is heeded
    route=Route,
    example="+14155550181",
    example_allow=("203.0.113.20/32",),
    example_route={"sip_group": "SBC East"},
    example_note="In the route, sbc: {platform: cube, tag: 901} gives the SBC's files (xtel render); left out: a checklist.",
    can=CAN,
    route_import=RouteImport(numbers, found, owned=False),
    inventory=INVENTORY,
    on_the_way=on_the_way,
    caller_needs="a telephone of Zoom Phone: dial the number from it",
)
