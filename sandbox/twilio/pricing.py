"""pricing.twilio.com/v1 over HTTP: what a phone number costs in a month, per country and type.

Document: twilio.com/docs/phone-numbers/pricing. The amounts are this sandbox's own.
"""

from __future__ import annotations

from sandbox.exchange import Answer, JsonObject, json_answer
from sandbox.twilio import forms, market
from sandbox.twilio.account import missing
from sandbox.twilio.asked import Asked, Endpoint

NAMES = {"US": "United States", "CA": "Canada", "GB": "United Kingdom"}
MONTHLY = {"local": "1.15", "mobile": "1.15", "toll-free": "2.15"}


def fetch_country(asked: Asked, country: str) -> Answer:
    """The types a country has; "toll free" is two words here."""
    forms.read(asked.call.query, {})
    if country not in NAMES:
        raise missing(asked.call.path)
    prices: list[JsonObject] = [
        {"number_type": type.replace("-", " "), "base_price": MONTHLY[type], "current_price": MONTHLY[type]}
        for type in market.COUNTRIES[country]
    ]
    shown = {
        "country": NAMES[country],
        "iso_country": country,
        "phone_number_prices": prices,
        "price_unit": "USD",
        "url": f"{asked.call.origin}{asked.call.path}",
    }
    return json_answer(200, shown)


ROUTES: list[tuple[str, str, Endpoint]] = [("GET", "/v1/PhoneNumbers/Countries/{country}", fetch_country)]
