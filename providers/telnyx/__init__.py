"""Telnyx SIP trunking: an FQDN connection per number whose primary FQDN is xAI's SIP host.

Documents: developers.telnyx.com (SIP connections, FQDNs), sip.telnyx.com (addresses, version 2026-05-25; read 2026-11-21).
The dialled number becomes the user part, so it must be written with its +. Digest towards an FQDN is not offered, so xAI's
allowlist is the authentication. Never tried against a live account: docs/telnyx.md.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, cast

from pydantic import Field

from providers.kernel import purchase
from providers.kernel.capabilities import Ability, Can, Cannot, Capability, Table
from providers.kernel.conventions import ApiConventions, RateHeaders, Refusal
from providers.kernel.route import Leg, Ref, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.spec import StrictModel
from providers.kernel.values import Whole, target
from providers.kernel.vendor import Carrier, Credential
from providers.telnyx.api import Api
from providers.telnyx.attachment import Attachment
from providers.telnyx.connection import Codec, Connection, Region, Routing, RoutingMethod
from providers.telnyx.fqdn import Fqdn
from providers.telnyx.inventory import INVENTORY
from providers.telnyx.on_the_way import on_the_way
from providers.telnyx.profile import Profile
from providers.telnyx.route_import import found, numbers
from providers.telnyx.shop import Shop

_READ = date(2026, 11, 21)


class Transfer(StrictModel):
    """Where transferred calls may go."""

    countries: tuple[str, ...] = Field(default=("US", "CA"), description="ISO 3166-1 alpha-2 codes, such as US.")


class Route(purchase.Route):
    """A Telnyx FQDN connection of its own for this number."""

    carrier: Literal["telnyx"] = Field(default="telnyx", description="Telnyx SIP trunking.")
    sip_region: Region = Field(default="US", description="Where calls leave Telnyx: US, Europe, Australia.")
    codecs: tuple[Codec, ...] = Field(
        default=("G711U", "G711A", "G722"), min_length=1, description="In order of preference."
    )
    srtp: bool = Field(default=False, description="Encrypt the media (SRTP).")
    record: Literal["a", "srv"] = Field(default="a", description="How xAI's host is looked up.")
    port: Whole | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="With record a; default 5061 (TLS). xAI's page says 5060, which contradicts TLS.",
    )
    routing: RoutingMethod = Field(
        default="sequential", description="Between xAI and the fallbacks: in order, or in turn."
    )
    transfer: bool | Transfer = Field(
        default=False,
        description="Let the agent transfer calls: makes an outbound voice profile; {countries: [US]} says where to.",
    )

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """Connection, FQDNs, the choice among them, and last the number."""
        profile = (
            [RouteObject("profile", "Profile", {"countries": list(self._transfer().countries)})]
            if self.transfer
            else []
        )
        connection: dict[str, Any] = {
            "codecs": list(self.codecs),
            "sip_region": self.sip_region,
            "srtp": self.srtp,
            "profile_id": Ref("profile", "profile_id") if profile else None,
        }
        fqdns = [self._fqdn("fqdn", leg.target.host, self.port), *self._fallbacks(leg)]
        chosen = {name: Ref(fqdn.name, "fqdn_id") for name, fqdn in zip(_ORDER, fqdns, strict=False)}
        routing = {"connection_id": _CONNECTION, **chosen, "method": self.routing}
        link = {"phone_number": leg.number, "connection_id": _CONNECTION, "take_over": leg.take_over}
        return (
            *profile,
            RouteObject("connection", "Connection", connection),
            *fqdns,
            RouteObject("routing", "Routing", routing),
            RouteObject("attachment", "Attachment", link, after=("routing",), last=True),
        )

    def _transfer(self) -> Transfer:
        return self.transfer if isinstance(self.transfer, Transfer) else Transfer.model_validate({})

    def _fqdn(self, name: str, host: str, port: int | None) -> RouteObject:
        return RouteObject(
            name, "Fqdn", {"connection_id": _CONNECTION, "fqdn": host, "record": self.record, "port": port}
        )

    def _fallbacks(self, leg: Leg) -> list[RouteObject]:
        if len(leg.fallback) >= len(_ORDER):
            raise ValueError(
                f"fallback: a Telnyx connection has three FQDNs: xAI and at most {len(_ORDER) - 1} fallbacks"
            )
        pieces: list[RouteObject] = []
        for count, fallback in enumerate(leg.fallback, start=1):
            way = target(fallback.uri)
            if way.number or way.transport != "tls":
                raise ValueError(
                    f"fallback: {fallback.uri}: Telnyx sends the dialled number over the connection's TLS; "
                    f"write sip:{way.host};transport=tls"
                )
            pieces.append(self._fqdn(f"fallback-{count}", way.host, way.port))
        return pieces

    def sources(self) -> tuple[str, ...]:
        """Calls come from the region the connection names."""
        return (f"telnyx:{self.sip_region.lower()}",)


_CONNECTION = Ref("connection", "connection_id")
_ORDER = ("primary", "secondary", "tertiary")


def _table(region: str, *addresses: str) -> Table:
    return Table(
        "telnyx",
        read=_READ,
        source="sip.telnyx.com, version 2026-05-25",
        cidrs=tuple(f"{address}/32" for address in addresses),
        region=region,
    )


RANGES = (
    _table("us", "192.76.120.10", "64.16.250.10"),
    _table("canada", "192.76.120.31", "64.16.250.13"),
    _table("europe", "185.246.41.140", "185.246.41.141"),
    _table("australia", "103.115.244.145", "103.115.244.146"),
    _table("middle-east", "185.246.42.128", "185.246.42.129"),
    _table("asia", "103.115.244.158", "103.115.244.159"),
)

CAN: dict[Capability, Ability] = {
    Capability.API: Can("API", _READ),
    Capability.TLS: Can("port 5061", _READ),
    Capability.SRTP: Can("srtp: true", _READ),
    Capability.DIGEST: Cannot("an FQDN connection has no credentials towards the far end", _READ),
    Capability.ALLOWLIST: Can("2 addresses a region", _READ),
    Capability.TRANSFER: Can("transfer: true", _READ),
    Capability.FALLBACK: Can("2 further FQDNs", _READ),
    Capability.CODECS: Can("G.711 µ-law, A-law, G.722", _READ),
    Capability.SHARED: Can("one", _READ),
    Capability.BUYING: Can("price of each number", _READ),
}


#: What objects are known by, found by and linked by.
_TEXTS = frozenset(
    {
        "id", "organization_id", "connection_id", "connection_name", "name", "phone_number", "fqdn", "dns_record_type",
        "status", "transport_protocol", "encrypted_media", "sip_region", "outbound_voice_profile_id",
        "default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id", "default_routing_method",
    }
)  # fmt: skip


def _account(api: Api) -> str:
    """The organisation of the key; the SDK has no call for it."""
    answer: Any = api.client.get("/whoami", cast_to=object)
    return cast(str, answer["data"]["organization_id"])


def _refusal(body: object) -> Refusal:
    """``{"errors": [{"code", "title", "detail", …}]}``; the first one tells."""
    listed: Any = cast(dict[str, Any], body).get("errors") if isinstance(body, dict) else None
    first: Any = cast(list[Any], listed)[0] if isinstance(listed, list) and listed else None
    if not isinstance(first, dict):
        return Refusal()
    fields = cast(dict[str, object], first)
    told = [str(fields[key]) for key in ("title", "detail") if fields.get(key)]
    return Refusal(str(fields.get("code") or ""), ": ".join(told))


CARRIER = Carrier[Api](
    name="telnyx",
    title="Telnyx",
    credentials=(Credential("api_key", "TELNYX_API_KEY", "telnyx:apiKey"),),
    base_url_env="TELNYX_BASE_URL",
    objects=(Profile, Connection, Fqdn, Routing, Attachment, *purchase.sold_by(Shop())),
    connect=Api,
    account=_account,
    account_name="organisation",
    conventions=ApiConventions(
        refusal=_refusal,
        request_id_headers=("x-request-id",),
        rate=RateHeaders(remaining="x-ratelimit-remaining", reset="x-ratelimit-reset"),
        empty_answers=frozenset(),  # a DELETE answers with what was deleted
        texts=_TEXTS,
    ),
    route=Route,
    example="+13125550142",
    ranges=RANGES,
    can=CAN,
    route_import=RouteImport(numbers, found),
    inventory=INVENTORY,
    caller_needs="a Call Control application, whose id its Dial request names",
    on_the_way=on_the_way,
)
