"""Plivo SIP trunking (Zentrunk): an inbound trunk per number whose URI is the number's target at xAI, or one for many.

Documents: plivo.com/docs (SIP trunking API, xAI guide; read 2026-11-21). A URI can have a username and password, so the
same digest stands on both sides. Never tried against a live account: docs/plivo.md.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, cast

from pydantic import Field

from providers.kernel import limits, purchase
from providers.kernel.capabilities import Ability, Can, Capability, Table
from providers.kernel.conventions import ApiConventions
from providers.kernel.route import Leg, Ref, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.values import Whole
from providers.kernel.vendor import Carrier, Credential
from providers.plivo.api import Api
from providers.plivo.attachment import Attachment
from providers.plivo.inventory import INVENTORY
from providers.plivo.on_the_way import on_the_way
from providers.plivo.route_import import found, numbers
from providers.plivo.shop import Shop
from providers.plivo.trunk import Trunk, Uri, plain

_READ = date(2026, 11, 21)


class Route(purchase.Route):
    """A Plivo inbound trunk: one of its own for this number, or one that numbers of the stack share."""

    carrier: Literal["plivo"] = Field(default="plivo", description="Plivo SIP trunking (Zentrunk).")
    trunk: Literal["own", "shared"] = Field(
        default="own",
        description="A trunk per number (at most 100), or one for all that say `shared`: Plivo then fills in the number.",
    )
    secure: bool = Field(default=False, description="SRTP for the media (billed per minute); signaling is TLS anyway.")

    host_only: bool = Field(
        default=False, description="The URI names xAI's host alone: Plivo puts the dialled number before it."
    )
    port: Whole | None = Field(
        default=None, ge=1, le=65535, description="Port in the URI; left out: none, which means 5061 with TLS."
    )

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """URIs, trunk, and last the number on it."""
        shared = self.trunk == "shared"
        uris = [self._target(leg, shared), *self._fallback(leg, shared)]
        trunk: dict[str, Any] = {"primary": Ref("uri", "uri_uuid"), "secure": self.secure}
        if leg.fallback:
            trunk["fallback"] = Ref("fallback-1", "uri_uuid")
        link = {"phone_number": leg.number, "trunk_id": Ref("trunk", "trunk_id"), "take_over": leg.take_over}
        return (
            *uris,
            RouteObject("trunk", "Trunk", trunk, shared=shared),
            RouteObject("attachment", "Attachment", link, last=True),
        )

    def _target(self, leg: Leg, shared: bool) -> RouteObject:
        if shared and leg.login:
            raise ValueError(
                "a shared trunk has one URI, and so one login, for all its numbers:"
                " write auth: {allow: [plivo]}, or trunk: own"
            )
        number = "" if shared or self.host_only else leg.target.number
        target = leg.target.model_copy(update={"number": number, "port": self.port})
        digest = {"username": leg.login.username, "password": leg.login.password} if leg.login else {}
        return RouteObject("uri", "Uri", {"uri": str(target), **digest}, shared=shared)

    def _fallback(self, leg: Leg, shared: bool) -> list[RouteObject]:
        if len(leg.fallback) > 1:
            raise ValueError("a Plivo trunk has one fallback URI: leave one")
        inputs = [{"uri": plain(way.uri), "role": "fallback"} for way in leg.checked_fallbacks(shared=shared)]
        return [RouteObject("fallback-1", "Uri", each, shared=shared) for each in inputs]


RANGES = Table(
    "plivo",
    read=_READ,
    source="plivo.com/docs, SIP trunking: allow all 14",
    cidrs=(
        "13.52.9.0/25", "216.120.187.128/26", "18.214.109.128/25", "18.215.142.0/26", "204.89.148.128/26",
        "3.120.121.128/26", "18.228.70.64/26", "54.233.191.0/27", "13.238.202.192/26", "18.136.1.128/26",
        "204.89.149.128/27", "15.207.90.192/31", "204.89.151.128/27", "204.89.151.160/27",
    ),
)  # fmt: skip

CAN: dict[Capability, Ability] = {
    Capability.API: Can("API", _READ),
    Capability.TLS: Can("transport=tls", _READ),
    Capability.SRTP: Can("secure: true", _READ),
    Capability.DIGEST: Can("on the URI", _READ),
    Capability.ALLOWLIST: Can("14 ranges", _READ),
    Capability.TRANSFER: Can("no switch; reports differ", _READ),
    Capability.FALLBACK: Can("one further URI", _READ),
    Capability.CODECS: Can("G.711 µ-law, A-law", _READ),
    Capability.SHARED: Can("one, or many with trunk: shared", _READ),
    Capability.BUYING: Can("price of each number", _READ),
}


#: What objects are known by, found by and linked by.
_TEXTS = frozenset(
    {
        "auth_id", "trunk_id", "uri_uuid", "primary_uri_uuid", "fallback_uri_uuid", "ipacl_uuid", "credential_uuid", "name",
        "uri", "username", "number", "application", "trunk_status", "trunk_direction", "next",
    }
)  # fmt: skip


def _account(api: Api) -> str:
    return cast(str, api.ask("GET").get("auth_id") or api.auth_id)


CARRIER = Carrier[Api](
    name="plivo",
    title="Plivo",
    credentials=(
        Credential("auth_id", "PLIVO_AUTH_ID", "plivo:authId", secret=False),
        Credential("auth_token", "PLIVO_AUTH_TOKEN", "plivo:authToken"),
    ),
    base_url_env="PLIVO_BASE_URL",
    objects=(Uri, Trunk, Attachment, *purchase.sold_by(Shop())),
    connect=Api,
    account=_account,
    # {"api_id", "error"}, the common form, where the error may be an object of fields; a DELETE answers 204
    conventions=ApiConventions(
        request_id_headers=("x-plivo-request-id",),
        request_id_field="api_id",
        empty_answers=frozenset(),
        texts=_TEXTS,
    ),
    rate=limits.Rate(300, 5.0),
    route=Route,
    example="+12125550177",
    auth="digest",
    ranges=(RANGES,),
    can=CAN,
    route_import=RouteImport(numbers, found),
    inventory=INVENTORY,
    caller_needs="an answer URL that serves its XML",
    on_the_way=on_the_way,
    object_limit=("Trunk", 100, "write `trunk: shared` in the routes, with auth: {allow: [plivo]}"),
)
