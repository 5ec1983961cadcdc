"""Vonage: a number's voice callback is the SIP URI of its target. One call per number, no trunk, no object of its own.

Documents: Vonage Numbers API 1.1.0 (read 2026-11-28). Its update replaces a number's whole record, so what the record
shows is read and written back. Never tried against a live account: docs/vonage.md.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from providers.kernel import purchase
from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.conventions import ApiConventions
from providers.kernel.route import Leg, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.values import Whole
from providers.kernel.vendor import Carrier, Credential
from providers.vonage.api import Api, refusal, refused_in_success
from providers.vonage.attachment import Attachment
from providers.vonage.inventory import INVENTORY
from providers.vonage.on_the_way import on_the_way
from providers.vonage.route_import import found, numbers
from providers.vonage.shop import Shop

_READ = date(2026, 11, 28)


class Route(purchase.Route):
    """A Vonage number whose calls go to the SIP URI of its target."""

    carrier: Literal["vonage"] = Field(default="vonage", description="Vonage, by the number's voice callback.")
    port: Whole | None = Field(
        default=None, ge=1, le=65535, description="Port in the URI; left out: none, which means 5061 with TLS."
    )

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """The number with its callback."""
        if leg.fallback:
            raise ValueError("fallback: a Vonage number has one voice callback: leave it out")
        uri = str(leg.target.model_copy(update={"port": self.port}))
        link = {"phone_number": leg.number, "uri": uri, "take_over": leg.take_over}
        return (RouteObject("attachment", "Attachment", link, last=True),)


CAN: dict[Capability, Ability] = {
    Capability.API: Can("API", _READ),
    Capability.TLS: Can("transport=tls in the URI", _READ),
    Capability.SRTP: Cannot("a voice callback has no setting for media encryption", _READ),
    Capability.DIGEST: Cannot("a voice callback has no login", _READ),
    Capability.ALLOWLIST: Can("networks of your own list", _READ),
    Capability.TRANSFER: Cannot("nothing is documented of REFER towards a voice callback", _READ),
    Capability.FALLBACK: Cannot("a number has one voice callback", _READ),
    Capability.CODECS: Cannot("a voice callback has no setting for codecs", _READ),
    Capability.SHARED: Can("no trunk", _READ),
    Capability.BUYING: Can("price of each number, in EUR", _READ),
}

#: What numbers are known by, found by and linked by.
_TEXTS = frozenset(
    {"country", "msisdn", "app_id", "voiceCallbackType", "voiceCallbackValue", "moHttpUrl", "error-code"}
)


def _account(api: Api) -> str:
    """The API key names the account; asking for its balance proves that key and secret are good."""
    api.ask("/account/get-balance")
    return api.api_key


CARRIER = Carrier[Api](
    name="vonage",
    title="Vonage",
    credentials=(
        Credential("api_key", "VONAGE_API_KEY", "vonage:apiKey", secret=False),
        Credential("api_secret", "VONAGE_API_SECRET", "vonage:apiSecret"),
    ),
    base_url_env="VONAGE_BASE_URL",
    objects=(Attachment, *purchase.sold_by(Shop())),
    connect=Api,
    account=_account,
    conventions=ApiConventions(refusal=refusal, refused_in_success=refused_in_success, texts=_TEXTS),
    max_requests=3,  # its rate is not published
    route=Route,
    example="+14155550164",
    example_allow=("216.147.0.0/21",),
    can=CAN,
    route_import=RouteImport(numbers, found),
    inventory=INVENTORY,
    on_the_way=on_the_way,
    caller_needs="a Voice application, whose key signs the request",
)
