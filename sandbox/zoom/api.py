"""The calls of Zoom Phone: JSON bodies and queries, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox import shapes
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.shapes import Model, choice, text, whole
from sandbox.zoom.account import wrong
from sandbox.zoom.routing import KINDS, LONGEST, SIP_GROUP, Routing

Endpoint = Callable[..., Answer]
_RULE: Model = {
    "name": text(1),
    "number_pattern": text(1, LONGEST),
    "type": choice(*KINDS),
    "sip_group_id": text(1),
    "site_id": text(1),
    "translation": text(0, 16, r"|\+?[1-9]\d{1,14}"),
}
_CHANGE: Model = {**_RULE, "order": whole(1)}


def list_rules(call: Call, own: Routing) -> Answer:
    """A bare array, without pages."""
    query = _query(call, ("site_id",))
    found = [own.shown(rule) for rule in own.rules.all()]
    return json_answer(
        200, [each for each in found if query.get("site_id", each.get("site_id")) == each.get("site_id")]
    )


def create_rule(call: Call, own: Routing) -> Answer:
    settings = _body(call, _RULE, ("name", "number_pattern", "type"))
    if settings["type"] != SIP_GROUP and "sip_group_id" in settings:
        raise wrong("sip_group_id", "only for type sip_group")
    rule = own.add(settings)
    return json_answer(201, {"routing_rule_id": rule["routing_rule_id"], "name": rule["name"]})


def rule(call: Call, own: Routing, id: str) -> Answer:
    """Without its id."""
    _query(call, ())
    return json_answer(200, own.shown(own.rule(id), without=("routing_rule_id",)))


def change_rule(call: Call, own: Routing, id: str) -> Answer:
    own.change(id, _body(call, _CHANGE, ()))
    return Answer(204)


def delete_rule(call: Call, own: Routing, id: str) -> Answer:
    _query(call, ())
    own.remove(id)
    return Answer(204)


def list_groups(call: Call, own: Routing) -> Answer:
    """Pages by a token, here the place of the next one."""
    query = _query(call, ("page_size", "next_page_token"))
    size, start = query.get("page_size", "30"), query.get("next_page_token", "0")
    if not (size.isascii() and size.isdigit() and 1 <= int(size) <= 100):
        raise wrong("page_size", "expected 1 to 100")
    if not (start.isascii() and start.isdigit()):
        raise wrong("next_page_token", "The next page token is invalid or expired.")
    found, end = own.groups.all(), int(start) + int(size)
    following = str(end) if end < len(found) else ""
    shown = found[int(start) : end]
    return json_answer(200, {"next_page_token": following, "page_size": int(size), "sip_groups": shown})


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/v2/phone/routing_rules", list_rules),
    ("POST", "/v2/phone/routing_rules", create_rule),
    ("GET", "/v2/phone/routing_rules/{id}", rule),
    ("PATCH", "/v2/phone/routing_rules/{id}", change_rule),
    ("DELETE", "/v2/phone/routing_rules/{id}", delete_rule),
    ("GET", "/v2/phone/sip_groups", list_groups),
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
