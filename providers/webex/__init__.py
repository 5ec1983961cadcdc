"""Webex Calling: whoever dials a number there is sent by a dial plan to a local gateway of the customer's, which calls xAI.

Documents: Cisco's Webex calling API (premises-based PSTN; of 2025-04-29, with what its SDK 1.41.0 adds; read 2026-11-28).
Trunks and route groups are adopted by name and never changed, or are the stack's own. Never tried against a live account:
docs/webex.md.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from providers.kernel import by_hand, marker
from providers.kernel.capabilities import Ability, Can, Capability
from providers.kernel.conventions import ApiConventions
from providers.kernel.files import Files
from providers.kernel.route import Box, CarrierRoute, Leg, Ref, RouteObject
from providers.kernel.vendor import Carrier, Credential
from providers.webex import gateway
from providers.webex.api import Api, advice, kind, organisation, refusal
from providers.webex.attachment import Attachment
from providers.webex.dial_plan import DialPlan
from providers.webex.gateway import Gateway
from providers.webex.inventory import INVENTORY
from providers.webex.on_the_way import on_the_way
from providers.webex.route_group import RouteGroup as OwnGroup
from providers.webex.trunk import Trunk
from providers.webex.ways import Certificate, Listed, Name, RouteGroup

_READ = date(2026, 11, 28)


class Route(gateway.Options, CarrierRoute):
    """Calls that people and flows at Webex Calling make to this number, by a local gateway that is there."""

    carrier: Literal["webex"] = Field(default="webex", description="Webex Calling, by a dial plan and a local gateway.")
    trunk: Name = Field(default="", description="Name of the trunk in Control Hub that leads to the local gateway.")
    route_group: RouteGroup | None = Field(
        default=None, description="Name of a route group, instead of a trunk; or with its trunks one that is made."
    )
    location: Name = Field(
        default="", description="Name of a location, instead of either: a trunk for the gateway is made there."
    )
    certificate: Certificate | None = Field(
        default=None,
        description="With location: the trunk is certificate-based; left out: the gateway registers with it.",
    )

    @field_validator("route_group", mode="before")
    @classmethod
    def _by_its_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_way(self) -> Route:
        if sum(map(bool, (self.trunk, self.route_group, self.location))) != 1:
            raise ValueError(
                "name the trunk or the route group that leads to the local gateway, or the location for a new trunk: one"
            )
        if self.certificate and not self.location:
            raise ValueError("certificate: is for a trunk that is made in a location: write location instead")
        return self

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """The way out that numbers share, its plan, the gateway's files, and last the number's pattern."""
        gateway.files(self._inputs(leg))
        made = self._made()
        plan = self._plan(made)
        id = Ref(plan.name, "dial_plan_id")
        link = {"phone_number": leg.number, "dial_plan_id": id, "take_over": leg.take_over}
        return (
            *made,
            plan,
            RouteObject("gateway", "Gateway", {**self._inputs(leg), "dial_plan_id": id}),
            RouteObject("attachment", "Attachment", link, after=("gateway",), last=True),
        )

    def _made(self) -> tuple[RouteObject, ...]:
        """What the calls leave by, where it is the stack's own: trunks, and a group of them."""
        if self.location:
            return (_trunk(self.location, self.certificate),)
        if not (group := self.route_group) or not group.trunks:
            return ()
        trunks = tuple(_trunk(each.location, each.certificate) for each in group.trunks if each.location)
        inputs = {"name": group.name, "trunks": [each.model_dump(exclude_none=True) for each in group.listed]}
        after = tuple(each.name for each in trunks)
        return (*trunks, RouteObject(_name("route-group", group.key), "RouteGroup", inputs, after=after, shared=True))

    def _plan(self, made: tuple[RouteObject, ...]) -> RouteObject:
        """The dial plan, by the way that it leads."""
        if not made:
            way = {"trunk": self.trunk, "route_group": self.route_group.name if self.route_group else ""}
            return RouteObject(_name("dial-plan", "".join(way.values())), "DialPlan", way, shared=True)
        after = (made[-1].name,)
        if self.route_group:
            name = _name("group-dial-plan", self.route_group.key)
            return RouteObject(name, "DialPlan", {"group": self.route_group.key}, after=after, shared=True)
        way = {"location": self.location, "certificate": self.certificate.fqdn if self.certificate else ""}
        host = f"{self.certificate.address}.{self.certificate.domain}" if self.certificate else ""
        name = _name("own-dial-plan", f"{self.location} {host}".strip())
        return RouteObject(name, "DialPlan", way, after=after, shared=True)

    def files(self, leg: Leg) -> Files:
        """The configuration of the local gateway."""
        return gateway.files({**self._inputs(leg), "stack": leg.stack})

    def stands_on(self, leg: Leg) -> Box | None:
        """The local gateway; another way of Webex's leads to another one."""
        found = gateway.cube(self.tag, self.interface).stands_on(leg)
        name, *also = map(str, self._leads_to())
        return found and replace(
            found, name=name, also=tuple(also), elsewhere="another trunk where it is on another machine"
        )

    def own_addresses(self) -> str:
        """The gateway's, which the route does not say."""
        return ""

    def _leads_to(self) -> tuple[Listed | str, ...]:
        """Its trunks, or the name of a group whose trunks only Webex knows."""
        if self.route_group:
            return self.route_group.listed or (self.route_group.name,)
        return (Listed(trunk=self.trunk),) if self.trunk else (_own(self.location, self.certificate),)

    def _inputs(self, leg: Leg) -> dict[str, Any]:
        """What the gateway's files depend on."""
        options = self.model_dump(mode="json", include=set(gateway.Options.model_fields))
        names = [each.certificate for each in self._leads_to() if isinstance(each, Listed) and each.certificate]
        return {**by_hand.of(leg), **options, **({"certificates": names} if names else {})}

    def sources(self) -> tuple[str, ...]:
        """Calls come from the customer's own gateway."""
        return ()

    def adopts(self) -> dict[str, tuple[str, ...]]:
        """Trunks, the route group, locations and domains that are there, by their names."""
        group = self.route_group or RouteGroup.model_construct()
        own = [(each.location, each.certificate) for each in group.trunks] + [(self.location, self.certificate)]
        ways = {
            "trunks": [self.trunk, *(each.trunk for each in group.trunks)],
            "route_groups": [] if group.trunks else [group.name],
            "locations": [location for location, _ in own],
            "domains": [certificate.domain for _, certificate in own if certificate],
        }
        return {kind: found for kind, names in ways.items() if (found := tuple(dict.fromkeys(filter(None, names))))}


def _trunk(location: str, certificate: Certificate | None) -> RouteObject:
    """A trunk of the stack's own. With another port it is another one, beside which the first stands until calls leave it."""
    inputs: dict[str, Any] = {"location": location, **(certificate.model_dump() if certificate else {})}
    own = _own(location, certificate)
    return RouteObject(_name("trunk", f"{own.location} {own.certificate or ''}".strip()), "Trunk", inputs, shared=True)


def _own(location: str, certificate: Certificate | None) -> Listed:
    return Listed(location=location, certificate=certificate.fqdn if certificate else None)


def _name(kind: str, way: str) -> str:
    """The name of a resource that numbers share: the way's own where that is plain, so that two ways never have one name."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]+", way)
    return f"{kind}-{way if plain else marker.digest(way)}"


CAN: dict[Capability, Ability] = {
    Capability.API: Can("API for trunk, route group and dial plan, files for the gateway", _READ),
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
    objects=(Trunk, OwnGroup, DialPlan, Gateway, Attachment),
    connect=Api,
    account=organisation,
    account_name="organisation",
    conventions=ApiConventions(
        refusal=refusal,
        advice=advice,
        kind=kind,
        request_id_headers=("trackingid",),
        request_id_field="trackingId",
        texts=_TEXTS,
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
