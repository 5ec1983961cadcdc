"""The calls of Zoom Phone: JSON bodies and queries, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox import shapes, stock
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.shapes import Model, array, choice, text, whole
from sandbox.zoom.account import wrong
from sandbox.zoom.numbers import EXTENSIONS, Numbers
from sandbox.zoom.routing import KINDS, LONGEST, SIP_GROUP, Routing

Endpoint = Callable[..., Answer]


class Account:
    """What the calls of one account are about."""

    def __init__(self, routing: Routing, numbers: Numbers) -> None:
        self.routing, self.numbers = routing, numbers


_RULE: Model = {
    "name": text(1),
    "number_pattern": text(1, LONGEST),
    "type": choice(*KINDS),
    "sip_group_id": text(1),
    "site_id": text(1),
    "translation": text(0, 16, r"|\+?[1-9]\d{1,14}"),
}
_CHANGE: Model = {**_RULE, "order": whole(1)}
_E164 = text(1, 16, stock.E164.pattern)
_ADDED: Model = {
    "carrier": text(1),
    "phone_numbers": array(_E164, 1, True),
    "sip_group_id": text(1),
    "site_id": text(1),
}
_NUMBER: Model = {
    "capability": array(text(1)),
    "display_name": text(),
    "emergency_address_status": whole(1, 2),
    "sip_group_id": text(1),
}
#: Parameters of the list of numbers, with what each may be; None: any text.
_LISTED = {
    "next_page_token": None,
    "page_size": None,
    "type": ("assigned", "unassigned", "byoc", "all"),
    "extension_type": EXTENSIONS,
    "number_type": ("toll", "tollfree"),
    "pending_numbers": ("true", "false"),
    "site_id": None,
}


def list_rules(call: Call, own: Account) -> Answer:
    """A bare array, without pages."""
    query = _query(call, ("site_id",))
    found = [own.routing.shown(rule) for rule in own.routing.rules.all()]
    return json_answer(
        200, [each for each in found if query.get("site_id", each.get("site_id")) == each.get("site_id")]
    )


def create_rule(call: Call, own: Account) -> Answer:
    settings = _body(call, _RULE, ("name", "number_pattern", "type"))
    if settings["type"] != SIP_GROUP and "sip_group_id" in settings:
        raise wrong("sip_group_id", "only for type sip_group")
    rule = own.routing.add(settings)
    return json_answer(201, {"routing_rule_id": rule["routing_rule_id"], "name": rule["name"]})


def rule(call: Call, own: Account, id: str) -> Answer:
    """Without its id."""
    _query(call, ())
    return json_answer(200, own.routing.shown(own.routing.rule(id), without=("routing_rule_id",)))


def change_rule(call: Call, own: Account, id: str) -> Answer:
    own.routing.change(id, _body(call, _CHANGE, ()))
    return Answer(204)


def delete_rule(call: Call, own: Account, id: str) -> Answer:
    _query(call, ())
    own.routing.remove(id)
    return Answer(204)


def list_groups(call: Call, own: Account) -> Answer:
    query = _query(call, ("page_size", "next_page_token"))
    return json_answer(200, _page(query, "sip_groups", own.routing.groups.all()))


def add_numbers(call: Call, own: Account) -> Answer:
    given = _body(call, _ADDED, ("carrier", "phone_numbers"))
    carrier, numbers = given.pop("carrier"), given.pop("phone_numbers")
    made = own.numbers.add(carrier, numbers, given)
    return json_answer(201, {"phone_numbers": [{name: each[name] for name in ("id", "number")} for each in made]})


def list_numbers(call: Call, own: Account) -> Answer:
    query = _query(call, _LISTED)
    for name, allowed in _LISTED.items():
        if allowed and query.get(name, allowed[0]) not in allowed:
            raise wrong(name, f"expected one of {', '.join(allowed)}")
    kind, extension = query.get("type"), query.get("extension_type")
    found = [
        own.numbers.shown(each)
        for each in own.numbers.all()
        if kind not in {"assigned", "unassigned"} or ("assignee" in each) == (kind == "assigned")
        if extension is None or each.get("assignee", {}).get("type") == extension
    ]
    return json_answer(200, {**_page(query, "phone_numbers", found), "total_records": len(found)})


def number(call: Call, own: Account, id: str) -> Answer:
    _query(call, ())
    return json_answer(200, own.numbers.shown(own.numbers.number(id)))


def change_number(call: Call, own: Account, id: str) -> Answer:
    own.numbers.change(id, _body(call, _NUMBER, ()))
    return Answer(204)


def remove_numbers(call: Call, own: Account) -> Answer:
    """Each in a parameter of its own."""
    if {name for name, _ in call.query} != {"phone_numbers"}:
        raise wrong("phone_numbers", "is required, and nothing else")
    own.numbers.remove([value for _, value in call.query])
    return Answer(204)


def _page(query: dict[str, str], name: str, found: list[JsonObject]) -> JsonObject:
    """Pages by a token, here the place of the next one."""
    size, start = query.get("page_size", "30"), query.get("next_page_token", "0")
    if not (size.isascii() and size.isdigit() and 1 <= int(size) <= 100):
        raise wrong("page_size", "expected 1 to 100")
    if not (start.isascii() and start.isdigit()):
        raise wrong("next_page_token", "The next page token is invalid or expired.")
    end = int(start) + int(size)
    following = str(end) if end < len(found) else ""
    return {"next_page_token": following, "page_size": int(size), name: found[int(start) : end]}


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/v2/phone/routing_rules", list_rules),
    ("POST", "/v2/phone/routing_rules", create_rule),
    ("GET", "/v2/phone/routing_rules/{id}", rule),
    ("PATCH", "/v2/phone/routing_rules/{id}", change_rule),
    ("DELETE", "/v2/phone/routing_rules/{id}", delete_rule),
    ("GET", "/v2/phone/sip_groups", list_groups),
    ("POST", "/v2/phone/byoc_numbers", add_numbers),
    ("GET", "/v2/phone/numbers", list_numbers),
    ("DELETE", "/v2/phone/numbers", remove_numbers),
    ("GET", "/v2/phone/numbers/{id}", number),
    ("PATCH", "/v2/phone/numbers/{id}", change_number),
]


def _query(call: Call, known: Iterable[str]) -> dict[str, str]:
    """Unverified: whether the live API minds a parameter that it does not know. Refused here: it guards a client."""
    found: dict[str, str] = {}
    for name, value in call.query:
        if name not in known or name in found:
            raise wrong(name, "unknown parameter, or given twice")
        found[name] = value
    return found


def _body(call: Call, model: Model, required: Iterable[str]) -> JsonObject:
    """Unverified likewise for an unknown field."""
    _query(call, ())
    if call.media != "application/json":
        raise wrong("Content-Type", "expected application/json")
    try:
        return shapes.read(shapes.parse(call.body), model, tuple(required))
    except shapes.Wrong as error:
        raise wrong(error.pointer.strip("/"), error.says) from error
