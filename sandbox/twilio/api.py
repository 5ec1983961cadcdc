"""api.twilio.com/2010-04-01 over HTTP: the account, its numbers and applications, numbers for sale."""

from __future__ import annotations

import re

from sandbox.exchange import Answer, JsonObject, json_answer
from sandbox.twilio import account, forms, market, numbers, pages, view
from sandbox.twilio.account import ACCOUNTS, API_VERSION, Refusal
from sandbox.twilio.asked import Asked, Endpoint

ACCOUNT = f"/{API_VERSION}/Accounts/{{account}}"


def fetch_account(asked: Asked) -> Answer:
    owner = next(each for each in ACCOUNTS if each.sid == asked.sid)
    uri = f"/{API_VERSION}/Accounts/{owner.sid}"
    parts = {"incoming_phone_numbers": "IncomingPhoneNumbers", "applications": "Applications"}
    time = "Thu, 01 Jan 2026 00:00:00 +0000"
    document = {
        "sid": owner.sid,
        "owner_account_sid": owner.sid,
        "friendly_name": f"Sandbox {owner.name}",
        "auth_token": owner.token,  # Twilio does answer with it: a client that logs this answer leaks it
        "status": "active",
        "type": "Full",
        "date_created": time,
        "date_updated": time,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{part}.json" for name, part in parts.items()},
    }
    return json_answer(200, document)


def list_numbers(asked: Asked) -> Answer:
    page = pages.asked(asked.call, numbers.LOOKUP)
    part = pages.cut(asked.numbers.matching(page.filters), page)
    shown = [view.resource(number, "IncomingPhoneNumbers") for number in part.items]
    return json_answer(200, pages.v2010(asked.call, "incoming_phone_numbers", page, part, shown))


def buy_number(asked: Asked) -> Answer:
    number = asked.numbers.buy(forms.form(asked.call, numbers.BUY))
    return json_answer(201, view.resource(number, "IncomingPhoneNumbers"))


def fetch_number(asked: Asked, sid: str) -> Answer:
    return json_answer(200, view.resource(asked.numbers.get(sid), "IncomingPhoneNumbers"))


def update_number(asked: Asked, sid: str) -> Answer:
    asked.numbers.get(sid)
    number = asked.numbers.update(sid, forms.form(asked.call, numbers.UPDATE))
    return json_answer(200, view.resource(number, "IncomingPhoneNumbers"))


def release_number(asked: Asked, sid: str) -> Answer:
    asked.numbers.release(sid)
    return Answer(204)


def list_applications(asked: Asked) -> Answer:
    page = pages.asked(asked.call, forms.fields(friendly_name=forms.text()))
    wanted = page.filters.get("friendly_name")
    found = [row for row in asked.applications.shelf.placed() if wanted in (None, row[1]["friendly_name"])]
    part = pages.cut(found, page)
    shown = [view.resource(application, "Applications") for application in part.items]
    return json_answer(200, pages.v2010(asked.call, "applications", page, part, shown))


def create_application(asked: Asked) -> Answer:
    application = asked.applications.create(forms.form(asked.call, numbers.APPLICATION))
    return json_answer(201, view.resource(application, "Applications"))


def fetch_application(asked: Asked, sid: str) -> Answer:
    return json_answer(200, view.resource(asked.applications.get(sid), "Applications"))


def update_application(asked: Asked, sid: str) -> Answer:
    asked.applications.get(sid)
    application = asked.applications.update(sid, forms.form(asked.call, numbers.APPLICATION))
    return json_answer(200, view.resource(application, "Applications"))


def delete_application(asked: Asked, sid: str) -> Answer:
    asked.applications.delete(sid)
    return Answer(204)


SEARCH = {
    **forms.fields(area_code=forms.whole(200, 999), contains=forms.text(16), page_size=forms.whole(1, 1000)),
    **forms.fields(
        sms_enabled=forms.flag,
        mms_enabled=forms.flag,
        voice_enabled=forms.flag,
        fax_enabled=forms.flag,
        exclude_all_address_required=forms.flag,
        exclude_local_address_required=forms.flag,
        exclude_foreign_address_required=forms.flag,
        beta=forms.flag,
    ),
}
TYPES = {"Local": "local", "Mobile": "mobile", "TollFree": "toll-free"}


def _contains(pattern: str) -> re.Pattern[str]:
    """`*` is one character, `%` any sequence, a leading `+` the beginning and a trailing `$` the end."""
    if not re.fullmatch(r"\+?[0-9A-Za-z*%]{2,16}\$?", pattern):
        raise Refusal(400, account.INVALID_PARAMETER, "Invalid parameter Contains")
    expression = re.escape(pattern.strip("+$")).replace(r"\*", ".").replace("%", ".*")
    return re.compile(("^" if pattern[0] == "+" else "") + expression + ("$" if pattern[-1] == "$" else ""))


def search_numbers(asked: Asked, country: str, kind: str) -> Answer:
    """Page-less, as documented: PageSize limits the answer and nothing points to more."""
    type = TYPES.get(kind, "")
    if type not in market.COUNTRIES.get(country, ()):
        raise account.missing(asked.call.path)
    wanted = forms.read(asked.call.query, SEARCH)
    pattern = _contains(wanted["contains"]) if "contains" in wanted else re.compile("")
    area = str(wanted["area_code"]) if "area_code" in wanted else None
    limit = wanted.get("page_size", pages.DEFAULT_SIZE)
    if wanted.get("fax_enabled"):
        limit = 0  # no number here has a fax
    found: list[JsonObject] = []
    for number in market.offers(country, type, area):
        if len(found) >= limit:
            break
        if pattern.search(number[1:]) and asked.numbers.free(number):
            found.append(_offer(country, number))
    return json_answer(200, {"uri": asked.call.path, "available_phone_numbers": found})


def _offer(country: str, number: str) -> JsonObject:
    place = dict.fromkeys(("lata", "locality", "rate_center", "latitude", "longitude", "region", "postal_code"))
    return {
        "friendly_name": market.friendly(number),
        "phone_number": number,
        **place,
        "iso_country": country,
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"voice": True, "sms": True, "mms": number.startswith("+1")},
    }


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", f"{ACCOUNT}.json", fetch_account),
    ("GET", f"{ACCOUNT}/IncomingPhoneNumbers.json", list_numbers),
    ("POST", f"{ACCOUNT}/IncomingPhoneNumbers.json", buy_number),
    ("GET", f"{ACCOUNT}/IncomingPhoneNumbers/{{sid}}.json", fetch_number),
    ("POST", f"{ACCOUNT}/IncomingPhoneNumbers/{{sid}}.json", update_number),
    ("DELETE", f"{ACCOUNT}/IncomingPhoneNumbers/{{sid}}.json", release_number),
    ("GET", f"{ACCOUNT}/AvailablePhoneNumbers/{{country}}/{{kind}}.json", search_numbers),
    ("GET", f"{ACCOUNT}/Applications.json", list_applications),
    ("POST", f"{ACCOUNT}/Applications.json", create_application),
    ("GET", f"{ACCOUNT}/Applications/{{sid}}.json", fetch_application),
    ("POST", f"{ACCOUNT}/Applications/{{sid}}.json", update_application),
    ("DELETE", f"{ACCOUNT}/Applications/{{sid}}.json", delete_application),
]
