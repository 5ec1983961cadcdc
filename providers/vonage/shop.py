"""Numbers that Vonage rents: searched, bought and cancelled."""

from __future__ import annotations

from typing import Any, cast

from providers.kernel import errors, paging, purchase
from providers.kernel.purchase import Buy, Holding, Offer
from providers.vonage.api import Api, Found, e164

#: The largest page a search gives; one page is choice enough.
_MOST = 100
_TYPES = {"local": "landline", "mobile": "mobile-lvn", "toll_free": "landline-toll-free"}


class Shop(purchase.Shop[Api]):
    """/number/search, /number/buy and /number/cancel; Vonage has no key against buying twice, so its list is asked first."""

    def offers(self, api: Api, buy: Buy, number: str = "") -> list[Offer]:
        """Prices are in euros (Numbers API 1.1.0)."""
        pattern = (number or buy.prefix).removeprefix("+")
        asked: dict[str, Any] = {"country": buy.country, "type": _TYPES[buy.type], "features": "VOICE", "size": _MOST}
        found = paging.whole(
            lambda: cast(
                list[Found], api.ask("/number/search", pattern=pattern, search_pattern=0, **asked).get("numbers") or []
            ),
            "numbers",
            key=lambda each: each.get("msisdn"),
            empty_object=True,
        )
        return [_offer(each) for each in found if not number or e164(each) == number]

    def holding(self, api: Api, number: str, *, fresh: bool) -> Holding | None:
        """A number that is shown can be used."""
        try:
            return Holding(str(api.number(number, fresh=fresh)["msisdn"]))
        except errors.NotFound:
            return None

    def inventory(self, api: Api, number: str) -> Holding | None:
        """The whole list of numbers, without a filter."""
        digits = number.removeprefix("+")
        return Holding(digits) if any(each["msisdn"] == digits for each in api.listed()) else None

    def buy(self, api: Api, number: str) -> None:
        """POST /number/buy."""
        api.send("/number/buy", {"country": purchase.like(number).country, "msisdn": number.removeprefix("+")})

    def release(self, api: Api, holding: Holding) -> None:
        """POST /number/cancel."""
        api.send("/number/cancel", api.number(f"+{holding.id}", fresh=True))


def _offer(found: Found) -> Offer:
    return Offer(e164(found), purchase.price(found.get("cost"), "EUR", once=found.get("initialPrice")))
