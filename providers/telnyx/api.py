"""Telnyx' SDK on our HTTP policy, and the listings that one run shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from providers.kernel import errors, limits, paging
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings

if TYPE_CHECKING:
    from telnyx import Telnyx

_PAGE = 250


def _id(found: Any) -> Any:
    return found.id


def _number(found: Any) -> Any:
    return found.phone_number


def listed(pages: Callable[[], Iterable[Any]], key: Callable[[Any], Any] = _id) -> list[Any]:
    """Everything in a list of the SDK, which turns its pages."""
    return paging.whole(pages, "data", key=key)


class Api:
    """The SDK's client (its own retries off: it would repeat a POST, and Telnyx knows no idempotency key)."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self.client = _client(settings, limit)
        connections = self.client.fqdn_connections
        self.connections = Listing[Any](
            lambda: listed(lambda: connections.list(page_size=_PAGE)), _id, lambda id: connections.retrieve(id).data
        )
        self.numbers = Listing[Any](
            lambda: listed(lambda: self.client.phone_numbers.list(page_size=_PAGE), _number), _number, self._owned
        )
        voice = self.client.phone_numbers.voice
        self.voice = Listing[Any](
            lambda: listed(lambda: voice.list(page_size=_PAGE)),
            lambda found: str(found.id),
            lambda id: voice.retrieve(id).data,
        )

    def _owned(self, e164: str) -> Any:
        """The filter takes digits only and matches parts of numbers, so the answer is compared again."""
        digits = e164.lstrip("+")
        found = listed(lambda: self.client.phone_numbers.list(filter={"phone_number": digits}), _number)
        return next((number for number in found if number.phone_number == e164), None)

    def number(self, e164: str, *, fresh: bool) -> Any:
        """The account's number. Raises NotFound."""
        if found := self.numbers.get(e164, fresh=fresh):
            return found
        raise errors.NotFound(
            "this account does not own the number", step="buy or port it at Telnyx, or correct the number"
        )


def _client(settings: Settings, limit: limits.Limit) -> Telnyx:
    import telnyx

    from providers.kernel import http

    class Client(telnyx.Telnyx):
        """Errors of our policy come out as they are, not wrapped as connection errors."""

        def request(self, *arguments: Any, **options: Any) -> Any:
            try:
                return cast(Any, super().request(*arguments, **options))  # pyright: ignore[reportUnknownMemberType]
            except telnyx.APIConnectionError as error:
                raise errors.of(error) or errors.Unavailable(str(error)) from None

    return Client(
        api_key=settings["api_key"],
        base_url=settings.base_url or None,
        max_retries=0,
        http_client=http.client(
            "telnyx", limit, settings.conventions, base_url=settings.base_url or "https://api.telnyx.com/v2"
        ),
    )
