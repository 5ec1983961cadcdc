"""Webex Calling: whoever dials a number there is sent by a dial plan to a local gateway of the customer's, which calls xAI.

Documents: Cisco's Webex calling API (premises-based PSTN; of 2025-04-29, with what its SDK 1.41.0 adds; read 2026-11-28).
Trunks and route groups are adopted by name and never changed, or a trunk is made. Never tried against a live account:
docs/webex.md.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from providers.kernel import by_hand, marker
from providers.kernel.capabilities import Ability, Can, Capability
from providers.kernel.conventions import ApiConventions
from providers.kernel.files import Files
from providers.kernel.route import Box, CarrierRoute, Leg, Ref, RouteObject
from providers.kernel.vendor import Carrier, Credential
from providers.webex import gateway
from providers.webex.api import Api, kind, organisation, refusal
from providers.webex.attachment import Attachment
from providers.webex.dial_plan import DialPlan, Name
from providers.webex.gateway import Gateway
from providers.webex.inventory import INVENTORY
from providers.webex.on_the_way import on_the_way
from providers.webex.trunk import Trunk

_READ = date(2026, 11, 28)


class Route(gateway.Options, CarrierRoute):
    """Calls that people and flows at Webex Calling make to this number, by a local gateway that is there."""

    carrier: Literal["webex"] = Field(default="webex", description="Webex Calling, by a dial plan and a local gateway.")
    trunk: Name = Field(default="", description="Name of the trunk in Control Hub that leads to the local gateway.")
    route_group: Name = Field(default="", description="Name of a route group, instead of a trunk.")
    location: Name = Field(
        default="",
        description="Name of a location, instead of either: a trunk is made there, which the gateway registers with.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Route:
        if sum(map(bool, (self.trunk, self.route_group, self.location))) != 1:
            raise ValueError(
                "name the trunk or the route group that leads to the local gateway, or the location for a new trunk: one"
            )
        return self

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """The plan that numbers of this way share, the gateway's files, and last the number's pattern."""
        gateway.files(self._inputs(leg))
        way = {"trunk": self.trunk, "route_group": self.route_group, "location": self.location}
        plan = RouteObject(_name("dial-plan", self.trunk or self.route_group), "DialPlan", way, shared=True)
        made: tuple[RouteObject, ...] = ()
        if self.location:
            made = (RouteObject(_name("trunk", self.location), "Trunk", {"location": self.location}, shared=True),)
            name = _name("own-dial-plan", self.location)
            plan = RouteObject(name, "DialPlan", way, after=(made[0].name,), shared=True)
        id = Ref(plan.name, "dial_plan_id")
        link = {"phone_number": leg.number, "dial_plan_id": id, "take_over": leg.take_over}
        return (
            *made,
            plan,
            RouteObject("gateway", "Gateway", {**self._inputs(leg), "dial_plan_id": id}),
            RouteObject("attachment", "Attachment", link, after=("gateway",), last=True),
        )

    def files(self, leg: Leg) -> Files:
        """The configuration of the local gateway."""
        return gateway.files({**self._inputs(leg), "stack": leg.stack})

    def stands_on(self, leg: Leg) -> Box | None:
        """The local gateway; another way of Webex's leads to another one."""
        found = gateway.cube(self.tag, self.interface).stands_on(leg)
        way = self.trunk or self.route_group or self.location
        return found and replace(found, name=way, elsewhere="another trunk where it is on another machine")

    def own_addresses(self) -> str:
        """The gateway's, which the route does not say."""
        return ""

    def _inputs(self, leg: Leg) -> dict[str, Any]:
        return {**by_hand.of(leg), **self.model_dump(mode="json", include=set(gateway.Options.model_fields))}

    def sources(self) -> tuple[str, ...]:
        """Calls come from the customer's own gateway."""
        return ()

    def adopts(self) -> dict[str, tuple[str, ...]]:
        """The trunk, the route group or the location, by its name."""
        ways = {"trunks": self.trunk, "route_groups": self.route_group, "locations": self.location}
        return {kind: (name,) for kind, name in ways.items() if name}


def _name(kind: str, way: str) -> str:
    """The name of a resource that numbers share: the way's own where that is plain, so that two ways never have one name."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]+", way)
    return f"{kind}-{way if plain else marker.digest(way)}"


CAN: dict[Capability, Ability] = {
    Capability.API: Can("API for the dial plan, files for the gateway", _READ),
    **by_hand.abilities("gateway", _READ),
    Capability.CODECS: Can("G.711 µ-law, A-law, G.722", _READ),
    Capability.SHARED: Can("one dial plan for a way", _READ),
}

#: What objects are known by, found by and linked by.
_TEXTS = frozenset({"id", "name", "routeId", "routeName", "routeType", "orgId", "access_token"})

CARRIER = Carrier[Api](
    name="webex",
    title="Webex",
    credentials=(
        Credential("client_id", "WEBEX_CLIENT_ID", "webex:clientId", secret=False, required=False),
        Credential("client_secret", "WEBEX_CLIENT_SECRET", "webex:clientSecret", required=False),
        Credential("refresh_token", "WEBEX_REFRESH_TOKEN", "webex:refreshToken", required=False),
        Credential("access_token", "WEBEX_ACCESS_TOKEN", "webex:accessToken", required=False),
    ),
    base_url_env="WEBEX_BASE_URL",
    objects=(Trunk, DialPlan, Gateway, Attachment),
    connect=Api,
    account=organisation,
    account_name="organisation",
    conventions=ApiConventions(
        refusal=refusal, kind=kind, request_id_headers=("trackingid",), request_id_field="trackingId", texts=_TEXTS
    ),
    max_requests=4,  # its rate is not published
    route=Route,
    example="+14155550171",
    example_allow=("203.0.113.10/32",),
    example_route={"trunk": "HQ gateway"},
    can=CAN,
    not_imported="does not show what the local gateway does with a call, so there is nothing to import",
    inventory=INVENTORY,
    on_the_way=on_the_way,
    caller_needs="a telephone of Webex Calling: dial the number from it",
)
