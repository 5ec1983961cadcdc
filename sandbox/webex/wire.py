"""Webex over HTTP: a service app's tokens, JSON, errors with a tracking id."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sandbox import credentials, shapes, stock
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
from sandbox.shapes import Model, Wrong, array, text
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.webex import account, api, calling
from sandbox.webex.account import ACCOUNTS, VENDOR, Account, Refusal
from sandbox.webex.routing import Routing

TOKEN = "/v1/access_token"  # noqa: S105 -- a path
#: Seconds: fourteen and ninety days, as reported.
ACCESS, REFRESH = 14 * 86400, 90 * 86400
OWN = {TOKEN, "/v1/people/me", "/v1/organizations", "/v1/locations"}
_FORM = ("grant_type", "client_id", "client_secret", "refresh_token")
_NAMED: Model = {"name": text(1, 24)}
_LOCATION: Model = {"name": text(1, 80)}
_DOMAIN: Model = {"name": text(3, 253, r"[a-z0-9.-]+\.[a-z]+")}
_GROUP: Model = {**_LOCATION, "trunks": array(text(1))}


class Webex:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._routes: Routes[api.Endpoint] = Routes(api.ROUTES, account.unknown)

    def owns(self, path: str) -> bool:
        return path in OWN or path.startswith("/v1/telephony/config/")

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

    def _of(self, owner: Account) -> Routing:
        return Routing(self._store, self._switches, owner)

    def refusal(self, status: int) -> Answer:
        return _refuse(Refusal(status, 0, "staged by a fault of the sandbox"))

    def seed(self, account: str, document: Seed) -> None:
        """Locations, verified domains, trunks and route groups by their names, which a stack file has.

        Numbers are nobody's here: whoever dials one is sent by a plan, or not.
        """
        only(document, ("locations", "domains", "trunks", "route_groups", "numbers"), "collection")
        own = self._of(named(ACCOUNTS, account))
        try:
            for raw in document.get("locations", []):
                own.add_location(shapes.read(raw, _LOCATION, ("name",))["name"])
            for raw in document.get("domains", []):
                own.domains.put(shapes.read(raw, _DOMAIN, ("name",))["name"], raw)
            for raw in document.get("trunks", []):
                own.add_trunk(shapes.read(raw, _NAMED, ("name",)))
            for raw in document.get("route_groups", []):
                self._seed_group(own, shapes.read(raw, _GROUP, ("name",)))
        except (Wrong, Refusal) as error:
            raise ValueError(f"webex: {error}") from error
        for raw in document.get("numbers", []):
            number = raw.get("phone_number")
            if not isinstance(number, str) or not stock.E164.fullmatch(number):
                raise ValueError(f"webex: numbers: {number!r} is not E.164")

    def _seed_group(self, own: Routing, settings: JsonObject) -> None:
        """With a trunk of its own where none is named."""
        ids: list[str] = []
        for name in settings.get("trunks") or [f"Gateway {len(own.trunks) + 1}"]:
            found = own.trunks.find(name)
            ids.append(found["id"] if found else own.add_trunk({"name": name}))
        gateways = [{"id": id, "priority": place} for place, id in enumerate(ids, 1)]
        own.put_group({"name": settings["name"], "localGateways": gateways})

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        shown: dict[str, list[JsonObject]] = {"trunks": [], "route_groups": [], "dial_plans": []}
        for each in ACCOUNTS:
            own = self._of(each)
            shown["trunks"] += own.trunks.all()
            shown["route_groups"] += own.groups.all()
            shown["dial_plans"] += [{**plan, "patterns": own.patterns_of(plan["id"])} for plan in own.plans.all()]
        return shown

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        it = named(ACCOUNTS, account)
        return {
            "WEBEX_CLIENT_ID": it.client_id,
            "WEBEX_CLIENT_SECRET": it.client_secret,
            "WEBEX_REFRESH_TOKEN": it.refresh_token,
            "WEBEX_BASE_URL": origin,
        }

    def secrets(self) -> Sequence[str]:
        return [secret for each in ACCOUNTS for secret in (each.client_secret, each.refresh_token, each.access_token)]

    def kept(self) -> JsonObject:
        return {"webex": {"access_tokens": {each.name: each.access_token for each in ACCOUNTS}}}

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, self._switches, number)

    def event(self, number: str) -> JsonObject | None:
        return None


def _token(call: Call) -> Answer:
    """RFC 6749 §6: the refresh token stays the same, its life begins again."""
    if call.method != "POST" or call.media != "application/x-www-form-urlencoded":
        return _refuse(Refusal(415, 0, "expected POST of a form"))
    form = dict(pairs(call.body))
    if set(form) != set(_FORM) or form["grant_type"] != "refresh_token":
        return _refuse(Refusal(400, 0, "expected grant_type=refresh_token, client_id, client_secret, refresh_token"))
    given = tuple(form[name] for name in _FORM[1:])
    if not (
        it := credentials.holder(ACCOUNTS, lambda each: (each.client_id, each.client_secret, each.refresh_token), given)
    ):
        return _refuse(Refusal(401, 0, "invalid_client or invalid refresh token"))
    answer = {
        "access_token": it.access_token,
        "expires_in": ACCESS,
        "refresh_token": it.refresh_token,
        "refresh_token_expires_in": REFRESH,
        "token_type": "Bearer",
    }
    return _tracked(json_answer(200, answer))


def _refuse(refusal: Refusal) -> Answer:
    tracking = _tracking()
    listed = [{"description": refusal.says, "errorCode": refusal.code}] if refusal.code else []
    body = {"message": refusal.says, "errors": listed or [{"description": refusal.says}], "trackingId": tracking}
    return json_answer(refusal.status, body, {"trackingid": tracking})


def _tracked(answer: Answer) -> Answer:
    return Answer(answer.status, answer.body, {**answer.headers, "trackingid": _tracking()})


def _tracking() -> str:
    return f"ROUTERGW_{uuid.uuid4()}"
