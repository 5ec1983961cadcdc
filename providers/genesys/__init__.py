"""Genesys Cloud: whoever dials a number there, people and flows, is sent by a trunk of BYOC Cloud to xAI.

Documents: types of Genesys' SDK 269.0.0, and what its Terraform provider has to do (read 2026-11-28). Sites are the
customer's: one that is there is named, and never changed. Never tried against a live account: docs/genesys.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from providers.genesys.api import Api, kind, organisation, refusal
from providers.genesys.attachment import Attachment, classified
from providers.genesys.call_route import CallRoute
from providers.genesys.flow import Flow, FlowFile
from providers.genesys.flow_text import Options, of
from providers.genesys.inventory import INVENTORY
from providers.genesys.on_the_way import on_the_way
from providers.genesys.outbound_route import OutboundRoute
from providers.genesys.route_import import found, numbers
from providers.genesys.trunk import Codec, Name, Trunk
from providers.kernel import limits
from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.conventions import ApiConventions
from providers.kernel.files import Files
from providers.kernel.route import Box, CarrierRoute, Leg, Ref, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.values import e164, not_blank
from providers.kernel.vendor import Carrier, Credential

_READ = date(2026, 11, 28)


def _number_or_none(text: str) -> str:
    return e164(text) if text else ""


Own = Annotated[str, AfterValidator(_number_or_none)]


class Route(Options, CarrierRoute):
    """Calls that people and flows of Genesys Cloud make to this number, by a trunk of its own."""

    carrier: Literal["genesys"] = Field(default="genesys", description="Genesys Cloud, by a BYOC Cloud trunk.")
    site: Name = Field(description="Name of the site at which the number is dialled; it must be there.")
    codecs: tuple[Codec, ...] = Field(default=("PCMU", "PCMA"), min_length=1, description="In order of preference.")
    classification: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=100), BeforeValidator(not_blank)
    ] = Field(
        default="", description="Classification of the number's calls, which no other has; none: xAI and the number."
    )
    did: Own = Field(default="", description="A number of the organisation whose callers a flow brings to this one.")
    publish: bool = Field(
        default=False,
        description="Whether that flow is published from here, with a call route; else it is a file (xtel render).",
    )

    @model_validator(mode="after")
    def _has_callers(self) -> Route:
        if self.publish and not self.did:
            raise ValueError(
                "publish: there is a flow only for callers of a number of the organisation: name it, did: …"
            )
        return self

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """Trunk, outbound route, and last the number's entry among the site's number plans."""
        if leg.fallback:
            raise ValueError("fallback: nothing is known of how a trunk chooses among several hosts: leave it out")
        if leg.target.transport != "tls":
            raise ValueError("the trunk encrypts calls: write a target with transport=tls")
        if self.did == leg.number:
            raise ValueError(
                "did: Genesys would call it inside: register another number at xAI, and write that as `number`"
            )
        classification = self.classification or classified(leg.number)
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
            *self._flow(leg.number),
        )

    def _flow(self, number: str) -> tuple[RouteObject, ...]:
        """What brings the DID's callers to the number, once that can be dialled."""
        said = {"phone_number": number, **self.model_dump(mode="json", include=set(Options.model_fields))}
        if not self.did:
            return ()
        if not self.publish:
            return (RouteObject("flow-file", "FlowFile", {**said, "did": self.did}),)
        answers = {"did": self.did, "flow_id": Ref("flow", "flow_id")}
        return (
            RouteObject("flow", "Flow", said, after=("attachment",), last=True),
            RouteObject("call-route", "CallRoute", answers, last=True),
        )

    def brings(self) -> Mapping[str, str]:
        """The organisation's own number."""
        return {"did": self.did} if self.did else {}

    def stands_on(self, leg: Leg) -> Box:
        """Its site: one outbound route takes a classification there, and one call route answers a DID."""
        own = {"classification": self.classification or classified(leg.number), "did": self.did}
        taken = {name: {value} for name, value in own.items() if value}
        return Box("the site", self.site, taken=taken, elsewhere="leave it out")

    def files(self, leg: Leg) -> Files | None:
        """The flow, for a person to import."""
        if not self.did:
            return None
        return of({"phone_number": leg.number, "did": self.did, "greeting": self.greeting, "language": self.language})

    def _trunk(self, leg: Leg) -> dict[str, Any]:
        digest = {"username": leg.login.username, "password": leg.login.password} if leg.login else {}
        to = {"host": leg.target.host, "port": leg.target.port or 5061}
        return {"site": self.site, **to, "codecs": list(self.codecs), **digest}

    def sources(self) -> tuple[str, ...]:
        """Nobody published where Genesys' proxies call from."""
        return ()

    def adopts(self) -> dict[str, tuple[str, ...]]:
        """The site and the DID, by their names."""
        return {"sites": (self.site,), **({"dids": (self.did,)} if self.did else {})}


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
    objects=(Trunk, OutboundRoute, Attachment, FlowFile, Flow, CallRoute),
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
    route_import=RouteImport(numbers, found),
    inventory=INVENTORY,
    on_the_way=on_the_way,
    caller_needs="a telephone of Genesys Cloud: dial the number from it",
)
