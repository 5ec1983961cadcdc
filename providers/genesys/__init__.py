"""Genesys Cloud: whoever dials a number there, people and flows, is sent by a trunk of BYOC Cloud to xAI.

Documents: types of Genesys' SDK 269.0.0, and what its Terraform provider has to do (read 2026-11-28). Sites are the
customer's: one that is there is named, and never changed. Never tried against a live account: docs/genesys.md.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from providers.genesys.api import Api, kind, organisation, refusal
from providers.genesys.attachment import Attachment
from providers.genesys.inventory import INVENTORY
from providers.genesys.on_the_way import on_the_way
from providers.genesys.outbound_route import OutboundRoute
from providers.genesys.trunk import Codec, Name, Trunk
from providers.kernel import limits
from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.conventions import ApiConventions
from providers.kernel.route import CarrierRoute, Leg, Ref, RouteObject
from providers.kernel.vendor import Carrier, Credential

_READ = date(2026, 11, 28)


class Route(CarrierRoute):
    """Calls that people and flows of Genesys Cloud make to this number, by a trunk of its own."""

    carrier: Literal["genesys"] = Field(default="genesys", description="Genesys Cloud, by a BYOC Cloud trunk.")
    site: Name = Field(description="Name of the site at which the number is dialled; it must be there.")
    codecs: tuple[Codec, ...] = Field(default=("PCMU", "PCMA"), min_length=1, description="In order of preference.")

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """Trunk, outbound route, and last the number's entry among the site's number plans."""
        if leg.fallback:
            raise ValueError("fallback: nothing is known of how a trunk chooses among several hosts: leave it out")
        if leg.target.transport != "tls":
            raise ValueError("the trunk encrypts calls: write a target with transport=tls")
        classification = f"xAI {leg.number}"
        link = {"phone_number": leg.number, "site": self.site, "classification": classification}
        return (
            RouteObject("trunk", "Trunk", self._trunk(leg)),
            RouteObject(
                "outbound-route",
                "OutboundRoute",
                {"site": self.site, "classification": classification, "trunk_id": Ref("trunk", "trunk_id")},
            ),
            RouteObject(
                "attachment", "Attachment", {**link, "take_over": leg.take_over}, after=("outbound-route",), last=True
            ),
        )

    def _trunk(self, leg: Leg) -> dict[str, Any]:
        digest = {"username": leg.login.username, "password": leg.login.password} if leg.login else {}
        to = {"host": leg.target.host, "port": leg.target.port or 5061}
        return {"site": self.site, **to, "codecs": list(self.codecs), **digest}

    def sources(self) -> tuple[str, ...]:
        """Nobody published where Genesys' proxies call from."""
        return ()

    def adopts(self) -> dict[str, tuple[str, ...]]:
        """The site, by its name."""
        return {"sites": (self.site,)}


CAN: dict[Capability, Ability] = {
    Capability.API: Can("API", _READ),
    Capability.TLS: Can("on the trunk", _READ),
    Capability.SRTP: Can("always, with TLS", _READ),
    Capability.DIGEST: Can("on the trunk", _READ),
    Capability.ALLOWLIST: Can("networks of your own list", _READ),
    Capability.TRANSFER: Cannot("nothing was read of REFER towards a trunk", _READ),
    Capability.FALLBACK: Cannot("nothing is known of how a trunk chooses among hosts", _READ),
    Capability.CODECS: Can("G.711 µ-law, A-law", _READ),
    Capability.SHARED: Can("one", _READ),
    Capability.BUYING: Cannot("DIDs are bought or brought in Genesys' own pages", _READ),
}

#: What objects are known by, found by and linked by.
_TEXTS = frozenset({"id", "name", "classification", "matchType", "phoneNumber", "number", "access_token"})

CARRIER = Carrier[Api](
    name="genesys",
    title="Genesys Cloud",
    credentials=(
        Credential("region", "GENESYSCLOUD_REGION", "genesys:region", secret=False),
        Credential("client_id", "GENESYSCLOUD_OAUTHCLIENT_ID", "genesys:clientId", secret=False),
        Credential("client_secret", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "genesys:clientSecret"),
    ),
    base_url_env="GENESYSCLOUD_BASE_URL",
    objects=(Trunk, OutboundRoute, Attachment),
    connect=Api,
    account=organisation,
    account_name="organisation",
    conventions=ApiConventions(
        refusal=refusal,
        kind=kind,
        request_id_headers=("inin-correlation-id",),
        request_id_field="contextId",
        texts=_TEXTS,
    ),
    rate=limits.Rate(300, 60.0),
    route=Route,
    example="+14155550191",
    auth="digest",
    example_route={"site": "Cloud site"},
    can=CAN,
    inventory=INVENTORY,
    on_the_way=on_the_way,
    caller_needs="a telephone of Genesys Cloud: dial the number from it",
)
