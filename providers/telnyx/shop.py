"""Numbers that Telnyx sells: searched, ordered, waited for and given back."""

from __future__ import annotations

from typing import Any

from providers.kernel import errors, purchase
from providers.kernel.purchase import Buy, Holding, Offer
from providers.telnyx.api import Api, listed

_MOST = 50
_GONE = frozenset({"deleted", "ported-out", "purchase-failed", "port-failed"})
_ON_ITS_WAY = frozenset({"purchase-pending", "provision-pending"})
#: "You must search for the number through our API before attempting to purchase."
_NOT_SEARCHED = "85000"


class Shop(purchase.Shop[Api]):
    """available_phone_numbers, number_orders and phone_numbers."""

    def offers(self, api: Api, buy: Buy, number: str = "") -> list[Offer]:
        """With the price of each number."""
        where: Any = {"country_code": buy.country, "phone_number_type": buy.type, "features": ["voice"], "limit": _MOST}
        if number:
            where["phone_number"] = {"contains": number.lstrip("+")}
        elif buy.area_code:
            where["national_destination_code"] = buy.area_code
        shelf = api.client.available_phone_numbers
        found = listed(lambda: shelf.list(filter=where).data or [], lambda each: each.phone_number)
        return [Offer(str(each.phone_number), _price(each.cost_information)) for each in found]

    def holding(self, api: Api, number: str, *, fresh: bool) -> Holding | None:
        """Owned, or in an order that is still worked on."""
        return self._held(api, number, api.numbers.get(number, fresh=fresh))

    def inventory(self, api: Api, number: str) -> Holding | None:
        """All of phone_numbers, without the filter, and the orders."""
        found = next((each for each in api.numbers.all(fresh=True) if each.phone_number == number), None)
        return self._held(api, number, found)

    def _held(self, api: Api, number: str, found: Any) -> Holding | None:
        if found and found.status not in _GONE:
            usable = found.status == "active"
            return Holding(found.id, "" if usable else str(found.status), waits=found.status in _ON_ITS_WAY)
        pending = listed(lambda: api.client.number_orders.list(filter={"status": "pending"}))
        ordered = any(each.phone_number == number for order in pending for each in order.phone_numbers or ())
        return Holding("", "ordered", waits=True) if ordered else None

    def buy(self, api: Api, number: str) -> None:
        """POST number_orders; Telnyx takes an order only for what a search has shown."""
        api.numbers.changed(number)
        try:
            self._order(api, number)
        except errors.Invalid as error:
            if error.code != _NOT_SEARCHED:
                raise
            self.offers(api, purchase.like(number), number)
            self._order(api, number)

    def _order(self, api: Api, number: str) -> None:
        api.client.number_orders.create(phone_numbers=[{"phone_number": number}])

    def release(self, api: Api, holding: Holding) -> None:
        """DELETE phone_numbers/{id}; Telnyx refuses while the number's deletion lock is on."""
        api.client.phone_numbers.delete(holding.id)


def _price(cost: Any) -> str:
    if cost is None:
        return ""
    return purchase.price(cost.monthly_cost, str(cost.currency or ""), cost.upfront_cost)
