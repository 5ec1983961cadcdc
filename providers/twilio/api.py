"""Twilio's SDK on our HTTP policy, and the listings that one run shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from providers.kernel import errors, limits, paging
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings

if TYPE_CHECKING:
    from twilio.rest import Client

_PAGE = 1000
_NUMBERS = "incoming_phone_numbers"


def _sid(found: Any) -> Any:
    return found.sid


def _number(found: Any) -> Any:
    return found.phone_number


class Api:
    """The SDK's client on our HTTP policy, and the listings that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self.client = _client(settings, limit)
        self.account_sid = settings["account_sid"]
        self.trunks = self.client.trunking.v1.trunks
        owned, applications = self.client.incoming_phone_numbers, self.client.applications
        self.trunk_listing = Listing[Any](
            lambda: paging.whole(lambda: self.trunks.list(page_size=_PAGE), "trunks", key=_sid),
            _sid,
            lambda sid: self.trunks(sid).fetch(),
        )
        self.application_listing = Listing[Any](
            lambda: paging.whole(lambda: applications.list(page_size=_PAGE), "applications", key=_sid),
            _sid,
            lambda sid: applications(sid).fetch(),
        )
        self.number_listing = Listing[Any](
            lambda: paging.whole(lambda: owned.list(page_size=_PAGE), _NUMBERS, key=_number), _number, self._owned
        )

    def _owned(self, e164: str) -> Any:
        """The API's filter matches parts of numbers, so the answer is compared again."""
        owned = self.client.incoming_phone_numbers
        found = paging.whole(lambda: owned.list(phone_number=e164), _NUMBERS, key=_number)
        return next((number for number in found if number.phone_number == e164), None)

    def origination_urls(self, trunk_sid: str) -> list[Any]:
        """Those of one trunk."""
        urls = self.trunks(trunk_sid).origination_urls
        return paging.whole(lambda: urls.list(page_size=_PAGE), "origination_urls", key=_sid, may_lack=True)

    def number(self, e164: str, *, fresh: bool) -> Any:
        """The account's number. Raises NotFound."""
        if found := self.number_listing.get(e164, fresh=fresh):
            return found
        raise errors.NotFound(
            f"account {self.account_sid} does not own this number",
            step="buy or port it at Twilio, or correct the number",
        )


def _client(settings: Settings, limit: limits.Limit) -> Client:
    from twilio.http import HttpClient
    from twilio.http.response import Response
    from twilio.rest import Client

    from providers.kernel import http

    class Http(HttpClient):
        """The SDK's requests, sent by our policy; its own client waits forever and hides headers."""

        def __init__(self) -> None:
            self.timeout = None
            self.is_async = False

        def request(
            self, method: str, uri: str, params: Any = None, data: Any = None, *more: Any, **rest: Any
        ) -> Response:
            fields: dict[str, object] = data or {}
            plain: dict[str, Any] = {key: _form(value) for key, value in fields.items()}
            answer = wire.request(
                method,
                uri,
                params=params or None,
                data=plain or None,
                headers=rest.get("headers"),
                auth=rest.get("auth"),
            )
            return Response(answer.status_code, answer.text, answer.headers)

    key, secret = settings.get("api_key"), settings.get("api_secret")
    user, password = (key, secret) if key and secret else (settings["account_sid"], settings["auth_token"])
    client = Client(user, password, settings["account_sid"], http_client=Http())
    products = (client.api, client.trunking, client.pricing)
    for product in products if settings.base_url else ():
        product.base_url = settings.base_url
    own = {
        client.get_hostname(product.base_url) for product in products
    }  # the SDK writes edge and region into the host
    wire = http.client("twilio", limit, settings.conventions, own=own)
    return client


def _form(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
