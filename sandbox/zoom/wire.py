"""Zoom over HTTP: tokens of a Server-to-Server OAuth app, JSON, errors with a code and a tracking id."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sandbox import shapes, stock
from sandbox.calling import Leg
from sandbox.credentials import named
from sandbox.exchange import (
    Answer,
    Call,
    JsonObject,
    Routes,
    Seed,
    json_answer,
    only,
    pairs,
)
from sandbox.shapes import Model, Wrong, text
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.zoom import account, api, calling
from sandbox.zoom.account import ACCOUNTS, VENDOR, Account, Refusal
from sandbox.zoom.numbers import Numbers
from sandbox.zoom.routing import Routing

TOKEN = "/oauth/token"  # noqa: S105 -- a path
SECONDS = 3600
_NAMED: Model = {"name": text(1)}
_NUMBER: Model = {"phone_number": text(1)}
_BYOC: Model = {**_NUMBER, "carrier": text(1), "sip_group": text(1), "assignee": text(1)}


class Zoom:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store = store
        self._routes: Routes[api.Endpoint] = Routes(api.ROUTES, account.unknown)

    def owns(self, path: str) -> bool:
        return path == TOKEN or path.startswith("/v2/phone/")

    def serve(self, call: Call) -> Answer:
        try:
            if call.path == TOKEN:
                return _token(call)
            asker = account.authenticate(call.header("authorization"))
            endpoint, ids = self._routes.find(call)
            with self._store.transaction():
                return _tracked(endpoint(call, self._of(asker), *ids))
        except Refusal as refusal:
            return _refuse(refusal)

    def _of(self, owner: Account) -> api.Account:
        return api.Account(Routing(self._store, owner), Numbers(self._store, owner))

    def refusal(self, status: int) -> Answer:
        code = account.TOKEN if status == 401 else status
        return _refuse(Refusal(status, code, "staged by a fault of the sandbox"))

    def seed(self, account: str, document: Seed) -> None:
        """SIP groups by their names, which a stack file names, and BYOC numbers on them.

        Other numbers are nobody's here: whoever dials one is sent by a rule, or not.
        """
        only(document, ("sip_groups", "numbers", "byoc_numbers"), "collection")
        own = self._of(named(ACCOUNTS, account))
        try:
            for raw in document.get("sip_groups", []):
                own.routing.add_group(shapes.read(raw, _NAMED, ("name",))["name"])
            for raw in document.get("numbers", []):
                _e164(shapes.read(raw, _NUMBER, ("phone_number",)))
            for raw in document.get("byoc_numbers", []):
                _seed_number(own, shapes.read(raw, _BYOC, ("phone_number", "carrier")))
        except (Wrong, Refusal) as error:
            raise ValueError(f"zoom: {error}") from error

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        shown: dict[str, list[JsonObject]] = {"routing_rules": [], "sip_groups": [], "byoc_numbers": []}
        for own in map(self._of, ACCOUNTS):
            shown["routing_rules"] += map(own.routing.shown, own.routing.rules.all())
            shown["sip_groups"] += own.routing.groups.all()
            shown["byoc_numbers"] += map(own.numbers.shown, own.numbers.all())
        return shown

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        it = named(ACCOUNTS, account)
        return {
            "ZOOM_ACCOUNT_ID": it.account_id,
            "ZOOM_CLIENT_ID": it.client_id,
            "ZOOM_CLIENT_SECRET": it.client_secret,
            "ZOOM_BASE_URL": origin,
        }

    def secrets(self) -> Sequence[str]:
        return [secret for each in ACCOUNTS for secret in (each.client_secret, each.access_token)]

    def kept(self) -> JsonObject:
        return {"zoom": {"access_tokens": {each.name: each.access_token for each in ACCOUNTS}}}

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, number)

    def event(self, number: str) -> JsonObject | None:
        return None


def _e164(seeded: JsonObject) -> str:
    if not stock.E164.fullmatch(number := seeded["phone_number"]):
        raise ValueError(f"zoom: numbers: {number!r} is not E.164")
    return number


def _seed_number(own: api.Account, seeded: JsonObject) -> None:
    groups = {group["display_name"]: group["id"] for group in own.routing.groups.all()}
    on = {"sip_group_id": groups.get(seeded["sip_group"], "")} if "sip_group" in seeded else {}
    own.numbers.add(seeded["carrier"], [_e164(seeded)], on)
    if "assignee" in seeded:
        own.numbers.assigned(seeded["phone_number"], seeded["assignee"])


def _token(call: Call) -> Answer:
    """Grant type ``account_credentials``, in a form or in the query; an hour, and no refresh token."""
    if call.method != "POST":
        return _refuse(Refusal(405, 405, "Request method is not supported."))
    form = dict([*call.query, *(pairs(call.body) if call.media == "application/x-www-form-urlencoded" else ())])
    if set(form) != {"grant_type", "account_id"} or form["grant_type"] != "account_credentials":
        return json_answer(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
    if not (asker := account.grant(call.header("authorization"), form)):
        return json_answer(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
    return _tracked(
        json_answer(
            200,
            {
                "access_token": asker.access_token,
                "token_type": "bearer",
                "expires_in": SECONDS,
                "scope": "phone:read:admin phone:write:admin",
                "api_url": call.origin,
            },
        )
    )


def _refuse(refusal: Refusal) -> Answer:
    body: JsonObject = {"code": refusal.code, "message": refusal.says}
    if refusal.field:
        body = {**body, "message": "Validation Failed.", "errors": [{"field": refusal.field, "message": refusal.says}]}
    return _tracked(json_answer(refusal.status, body))


def _tracked(answer: Answer) -> Answer:
    return Answer(
        answer.status, answer.body, {**answer.headers, "x-zm-trackingid": f"v=2.0;clid=sb;rid=WEB_{uuid.uuid4().hex}"}
    )
