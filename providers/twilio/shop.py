"""Numbers that Twilio sells: searched, priced, bought and given back."""

from __future__ import annotations

from typing import Any

from providers.kernel import errors, paging, purchase
from providers.kernel.purchase import Buy, Holding, Offer
from providers.twilio.api import Api

_MOST = 50
#: Where an area code can be searched for as such; elsewhere it is a part of the number.
_AREAS = frozenset({"US", "CA"})


class Shop(purchase.Shop[Api]):
    """AvailablePhoneNumbers and IncomingPhoneNumbers; the price by the pricing API, for the country and type."""

    def offers(self, api: Api, buy: Buy, number: str = "") -> list[Offer]:
        """Only numbers that can be bought without an address: this project has none to give."""
        shelf = getattr(api.client.available_phone_numbers(buy.country), buy.type)
        where = self._where(buy, number)
        try:
            found = paging.whole(
                lambda: shelf.list(voice_enabled=True, exclude_all_address_required=True, limit=_MOST, **where),
                "available_phone_numbers",
                key=lambda each: each.phone_number,
                may_lack=True,
            )
        except errors.NotFound:  # Twilio sells no number of this type in this country
            return []
        cost = _price(api, buy) if found else ""
        return [Offer(str(each.phone_number), cost) for each in found]

    def _where(self, buy: Buy, number: str) -> dict[str, Any]:
        if number:
            return {"contains": number.lstrip("+")}
        if not buy.area_code:
            return {}
        return {"area_code": int(buy.area_code)} if buy.country in _AREAS else {"contains": buy.prefix.lstrip("+")}

    def holding(self, api: Api, number: str, *, fresh: bool) -> Holding | None:
        """An owned number can be used at once."""
        found = api.number_listing.get(number, fresh=fresh)
        return Holding(found.sid) if found else None

    def inventory(self, api: Api, number: str) -> Holding | None:
        """All of IncomingPhoneNumbers, without the filter."""
        found = next((each for each in api.number_listing.all(fresh=True) if each.phone_number == number), None)
        return Holding(found.sid) if found else None

    def buy(self, api: Api, number: str) -> None:
        """POST IncomingPhoneNumbers; for a number that is owned already it would be an update."""
        api.number_listing.changed(number)
        api.client.incoming_phone_numbers.create(phone_number=number)

    def release(self, api: Api, holding: Holding) -> None:
        """DELETE IncomingPhoneNumbers/{sid}."""
        api.client.incoming_phone_numbers(holding.id).delete()


def _price(api: Api, buy: Buy) -> str:
    """What this account pays; a price that cannot be had stops nobody."""
    try:
        prices: Any = api.client.pricing.v1.phone_numbers.countries(buy.country).fetch()
    except errors.CarrierError:
        return ""
    for each in prices.phone_number_prices or ():
        if str(each["number_type"]).replace(" ", "_") == buy.type:
            return purchase.price(each["current_price"], str(prices.price_unit or ""))
    return ""
