"""Numbers that Plivo rents: searched, bought and unrented."""

from __future__ import annotations

from typing import Any, cast

from providers.kernel import errors, paging, purchase
from providers.kernel.purchase import Buy, Holding, Offer
from providers.plivo.api import Api, Found

#: The largest page a search gives.
_MOST = 20


class Shop(purchase.Shop[Api]):
    """PhoneNumber (for rent) and Number (rented); Plivo writes numbers without the +."""

    def offers(self, api: Api, buy: Buy, number: str = "") -> list[Offer]:
        """Without those that Plivo rents only against documents. Its pages do not name the currency of the rates."""
        country = Buy(country=buy.country, type=buy.type, area_code=None).prefix
        pattern = number.removeprefix(country) if number else buy.area_code
        asked: dict[str, Any] = {"pattern": pattern} if pattern else {}
        asked |= {"type": buy.type.replace("_", ""), "services": "voice", "limit": _MOST}
        found = paging.whole(
            lambda: cast(list[Found], api.ask("GET", "PhoneNumber", country_iso=buy.country, **asked)["objects"]),
            "objects",
            key=lambda each: each.get("number"),
        )
        return [_offer(each) for each in found if not each.get("restriction")]

    def holding(self, api: Api, number: str, *, fresh: bool) -> Holding | None:
        """A number that is shown can be used."""
        try:
            return Holding(str(api.number(number, fresh=fresh)["number"]))
        except errors.NotFound:
            return None

    def inventory(self, api: Api, number: str) -> Holding | None:
        """The list of numbers, by how they begin."""
        found = api.rented(number)
        return Holding(str(found["number"])) if found else None

    def buy(self, api: Api, number: str) -> None:
        """POST PhoneNumber/{number}/; it first rings the account's default application."""
        api.numbers.changed(number)
        api.client.numbers.buy(number.lstrip("+"))

    def release(self, api: Api, holding: Holding) -> None:
        """DELETE Number/{number}/."""
        api.numbers.changed(f"+{holding.id}")
        api.client.numbers.delete(holding.id)


def _offer(found: Found) -> Offer:
    return Offer(f"+{found['number']}", purchase.price(found.get("monthly_rental_rate"), once=found.get("setup_rate")))
