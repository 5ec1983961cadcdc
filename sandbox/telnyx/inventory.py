"""Whose key it is, phone numbers, numbers for sale and orders over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from sandbox.exchange import Answer, JsonObject, json_answer
from sandbox.telnyx import numbers, orders, pages, view
from sandbox.telnyx.asked import Asked, Endpoint, data

SINCE = "2026-01-01T00:00:00.000Z"


def whoami(asked: Asked) -> Answer:
    """Not in the OpenAPI file and in no SDK, but there: public quickstarts and tools (pipecat's among them) read
    `data.organization_id` and `data.user_email` of it. The other fields of the live answer are not known here."""
    pages.query(asked.call, {})
    account = asked.account
    email = f"{account.name}@sandbox.example"
    return data(200, {"organization_id": account.organization_id, "user_email": email, "user_id": account.user_id})


def list_users(asked: Asked) -> Answer:
    """The documented way to tell organisations apart: each has exactly one `organization_owner`."""
    filters: pages.Filters = {"user_status": pages.choice("enabled", "disabled", "blocked"), "email": str}
    page = pages.asked(asked.call, pages.List(filters))
    owner: JsonObject = {
        "id": asked.account.user_id,
        "record_type": "organization_owner",
        "email": f"{asked.account.name}@sandbox.example",
        "user_status": "enabled",
        "organization_user_bypasses_sso": False,
        "created_at": SINCE,
        "last_sign_in_at": SINCE,
    }
    wanted = page.filters.get("user_status") in (None, "enabled") and page.filters.get("email", "") in owner["email"]
    return json_answer(200, pages.cut([owner] if wanted else [], page))


def balance(asked: Asked) -> Answer:
    """Says nothing about whose balance it is."""
    pages.query(asked.call, {})
    amounts = {"available_credit": "100.00", "balance": "100.00", "credit_limit": "0.00", "pending": "0.00"}
    return data(200, {"record_type": "balance", "currency": "USD", **amounts})


NUMBERS: pages.Filters = {
    "phone_number": pages.three,
    "status": pages.choice(*numbers.STATUSES[:6], "emergency-only", "ported-out", "port-out-pending"),
    "connection_id": str,
    "customer_reference": str,
    "country_iso_alpha2": pages.several(str),
    "number_type][eq": pages.choice("local", "national", "toll_free", "mobile", "shared_cost"),
    "source": pages.choice("ported", "purchased"),
    "tag": str,
    "voice.connection_name][eq": str,
    **dict.fromkeys((f"voice.connection_name][{how}" for how in ("contains", "starts_with", "ends_with")), pages.three),
}
SORTS = ("purchased_at", "phone_number", "connection_name", "usage_payment_method")


# How a filter compares, where it is not simply for equality with the field of its name.
TESTS: dict[str, Callable[[JsonObject, Any], bool]] = {
    # A substring of the digits, and "non-numerical characters will result in no values being returned": a filter with
    # a plus in front answers as if the number were not there.
    "phone_number": lambda number, wanted: wanted.isdecimal() and wanted in number["phone_number"],
    "country_iso_alpha2": lambda number, wanted: number["country_iso_alpha2"] in wanted,
    "number_type][eq": lambda number, wanted: number["phone_number_type"] == wanted,
    "source": lambda number, wanted: wanted == "purchased",
    "tag": lambda number, wanted: wanted in number["tags"],
    "voice.connection_name][eq": lambda number, wanted: number["connection_name"] == wanted,
    "voice.connection_name][contains": lambda number, wanted: wanted in (number["connection_name"] or ""),
    "voice.connection_name][starts_with": lambda number, wanted: (number["connection_name"] or "").startswith(wanted),
    "voice.connection_name][ends_with": lambda number, wanted: (number["connection_name"] or "").endswith(wanted),
}


def _matches(number: JsonObject, filters: JsonObject) -> bool:
    return all(
        TESTS[name](number, wanted) if name in TESTS else number[name] == wanted for name, wanted in filters.items()
    )


def list_numbers(asked: Asked) -> Answer:
    more: pages.Filters = {"handle_messaging_profile_error": pages.flag}  # nothing here can fail that way
    page = pages.asked(asked.call, pages.List(NUMBERS, SORTS, "-created_at", more=more))
    shown = [view.number(each, asked.numbers) for each in asked.numbers.shelf.all()]
    return json_answer(200, pages.cut([each for each in shown if _matches(each, page.filters)], page))


def retrieve_number(asked: Asked, id: str) -> Answer:
    return data(200, view.number(asked.numbers.get(id), asked.numbers))


def update_number(asked: Asked, id: str) -> Answer:
    asked.numbers.get(id)
    number = asked.numbers.update(id, asked.body(numbers.UPDATE))
    return data(200, view.number(number, asked.numbers))


def delete_number(asked: Asked, id: str) -> Answer:
    return data(200, view.deleted(asked.numbers.release(id), asked.numbers))


VOICE: pages.Filters = {
    "phone_number": pages.three,
    "connection_name][contains": pages.three,
    "customer_reference": str,
    "usage_payment_method": pages.choice("pay-per-minute", "channel"),
}


def list_voice(asked: Asked) -> Answer:
    page = pages.asked(asked.call, pages.List(VOICE, SORTS, size=pages.MAX_SIZE))
    found = [
        view.voice(each)
        for each in asked.numbers.shelf.all()
        if page.filters.get("phone_number", "") in each["phone_number"]
        and page.filters.get("connection_name][contains", "")
        in ((asked.numbers.connection(each["connection_id"]) or {}).get("connection_name") or "")
        and page.filters.get("customer_reference", each["customer_reference"]) == each["customer_reference"]
        and page.filters.get("usage_payment_method", each["voice"]["usage_payment_method"])
        == each["voice"]["usage_payment_method"]
    ]
    return json_answer(200, pages.cut(found, page))


def retrieve_voice(asked: Asked, id: str) -> Answer:
    return data(200, view.voice(asked.numbers.get(id)))


def update_voice(asked: Asked, id: str) -> Answer:
    asked.numbers.get(id)
    return data(200, view.voice(asked.numbers.update_voice(id, asked.body(numbers.VOICE))))


SEARCH: pages.Filters = {
    "filter[country_code]": pages.choice("US", "CA", "GB"),
    "filter[national_destination_code]": str,
    "filter[phone_number_type]": pages.choice("local", "toll_free", "mobile", "national", "shared_cost"),
    "filter[features]": pages.several(
        pages.choice("sms", "mms", "voice", "fax", "emergency", "hd_voice", "international_sms", "local_calling")
    ),
    "filter[limit]": pages.whole(1, pages.MAX_SIZE),
    **dict.fromkeys((f"filter[phone_number][{how}]" for how in ("contains", "starts_with", "ends_with")), str),
    **dict.fromkeys(
        (f"filter[{name}]" for name in ("best_effort", "quickship", "reservable", "exclude_held_numbers")), pages.flag
    ),
    **dict.fromkeys((f"filter[{name}]" for name in ("locality", "administrative_area", "rate_center")), str),
}


def search(asked: Asked) -> Answer:
    """What was shown here can be ordered."""
    wanted = pages.query(asked.call, SEARCH)
    kind = wanted.get("filter[phone_number_type]", "local")
    area = wanted.get("filter[national_destination_code]")
    unknown = any(f"filter[{name}]" in wanted for name in ("locality", "administrative_area", "rate_center"))
    found = (
        number
        for number in orders.STOCK.offers(wanted.get("filter[country_code]", "US"), kind, area)
        if _pattern(number, wanted) and asked.orders.free(number) and not unknown
    )
    chosen = list(islice(found, wanted.get("filter[limit]", 100)))
    asked.orders.searched(chosen)
    meta = {"total_results": len(chosen), "best_effort_results": 0}
    offers = [view.offer(number, orders.MONTHLY, orders.UPFRONT) for number in chosen]
    return json_answer(200, {"data": offers, "meta": meta, "metadata": meta})


def _pattern(number: str, wanted: JsonObject) -> bool:
    """Digits of the whole number, or of what follows the area code where one was asked for."""
    area = wanted.get("filter[national_destination_code]", "")
    digits = number.partition(area)[2] if area else number.removeprefix("+1").removeprefix("+")
    return (
        wanted.get("filter[phone_number][contains]", "") in number
        and digits.startswith(wanted.get("filter[phone_number][starts_with]", ""))
        and digits.endswith(wanted.get("filter[phone_number][ends_with]", ""))
    )


def list_orders(asked: Asked) -> Answer:
    filters: pages.Filters = {
        "status": pages.choice("pending", "success", "failure"),
        "customer_reference": str,
        "phone_numbers_count": pages.whole(1, 1000),
        "requirements_met": pages.flag,
    }
    page = pages.asked(asked.call, pages.List(filters))
    shown = [view.listed_order(order) for order in asked.orders.shelf.all()]
    found = [order for order in shown if all(order.get(name) == value for name, value in page.filters.items())]
    return json_answer(200, pages.cut(found, page))


def create_order(asked: Asked) -> Answer:
    return data(200, view.order(asked.orders.create(asked.body(orders.ORDER))))


def retrieve_order(asked: Asked, id: str) -> Answer:
    return data(200, view.order(asked.orders.get(id)))


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/v2/whoami", whoami),
    ("GET", "/v2/organizations/users", list_users),
    ("GET", "/v2/balance", balance),
    ("GET", "/v2/phone_numbers", list_numbers),
    ("GET", "/v2/phone_numbers/voice", list_voice),
    ("GET", "/v2/phone_numbers/{id}", retrieve_number),
    ("PATCH", "/v2/phone_numbers/{id}", update_number),
    ("DELETE", "/v2/phone_numbers/{id}", delete_number),
    ("GET", "/v2/phone_numbers/{id}/voice", retrieve_voice),
    ("PATCH", "/v2/phone_numbers/{id}/voice", update_voice),
    ("GET", "/v2/available_phone_numbers", search),
    ("GET", "/v2/number_orders", list_orders),
    ("POST", "/v2/number_orders", create_order),
    ("GET", "/v2/number_orders/{id}", retrieve_order),
]
