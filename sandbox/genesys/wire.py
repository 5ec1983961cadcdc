"""Genesys Cloud over HTTP: tokens of an OAuth client, JSON, errors with a code and a correlation id."""

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
from sandbox.genesys import account, api, calling, chains, flows
from sandbox.genesys.account import ACCOUNTS, VENDOR, Account, Refusal
from sandbox.genesys.asked import PREFIX
from sandbox.genesys.organisation import Organisation
from sandbox.shapes import Model, Wrong, choice, text
from sandbox.store import Store
from sandbox.switches import Switches

TOKEN = f"{PREFIX}/oauth/token"
SECONDS = 86399
_SITE: Model = {"name": text(1), "mediaModel": choice("Cloud", "Premises")}
_DID: Model = {"name": text(1), "ownerType": choice("USER", "PHONE", "IVR_CONFIG", "GROUP")}
_NUMBER: Model = {"phone_number": text(1)}


class Genesys:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._routes: Routes[api.Endpoint] = Routes([*api.ROUTES, *flows.ROUTES], account.unknown)

    def owns(self, path: str) -> bool:
        return path.startswith(f"{PREFIX}/")

    def serve(self, call: Call) -> Answer:
        try:
            if call.path == TOKEN:
                return _token(call)
            if call.path.startswith(f"{flows.UPLOADS}/"):
                with self._store.transaction():
                    return flows.upload(call, self._of)
            asker = account.authenticate(call.header("authorization"))
            endpoint, ids = self._routes.find(call)
            with self._store.transaction():
                return _tracked(endpoint(call, self._of(asker), *ids))
        except Refusal as refusal:
            return _refuse(refusal)

    def _of(self, owner: Account) -> Organisation:
        return Organisation(self._store, self._switches, owner)

    def refusal(self, status: int) -> Answer:
        return _refuse(Refusal(status, f"staged.{status}", "staged by a fault of the sandbox"))

    def seed(self, account: str, document: Seed) -> None:
        """Sites by their names, which a stack file names; DIDs of the organisation; numbers that people will dial; and what
        somebody made by hand for some.
        """
        only(document, ("sites", "dids", "numbers", "chains"), "collection")
        own = self._of(named(ACCOUNTS, account))
        try:
            for raw in document.get("sites", []):
                site = shapes.read(raw, _SITE, ("name",))
                own.add_site(site["name"], site.get("mediaModel", "Cloud"))
            for raw in document.get("dids", []):
                did = shapes.read(raw, _DID, ("name",))
                own.add_did(_e164(did["name"]), did.get("ownerType", ""))
            for raw in document.get("numbers", []):
                _e164(shapes.read(raw, _NUMBER, ("phone_number",))["phone_number"])
            for raw in document.get("chains", []):
                chains.add(own, raw)
        except (Wrong, Refusal) as error:
            raise ValueError(f"genesys: {error}") from error

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        """Without versions, and without places in an order that an array shows."""
        shown: dict[str, list[JsonObject]] = {"sites": [], "trunks": [], "outbound_routes": [], "dids": []}
        shown |= {"flows": [], "ivrs": []}
        for own in map(self._of, ACCOUNTS):
            for site in own.sites.all():
                plans = [_plain(plan) for plan in own.plans_of(site["id"])]
                shown["sites"].append({**_plain(site), "number_plans": plans})
            shown["trunks"] += [_plain(api.shown(own, trunk)) for trunk in own.trunks.all()]
            shown["outbound_routes"] += [_plain(route) for route in own.routes.all()]
            shown["dids"] += own.dids.all()
            shown["flows"] += map(_versionless, own.flows.all())
            shown["ivrs"] += map(_plain, own.ivrs.all())
        return shown

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        it = named(ACCOUNTS, account)
        return {
            "GENESYSCLOUD_REGION": "mypurecloud.com",
            "GENESYSCLOUD_OAUTHCLIENT_ID": it.client_id,
            "GENESYSCLOUD_OAUTHCLIENT_SECRET": it.client_secret,
            "GENESYSCLOUD_BASE_URL": f"{origin}{PREFIX}",
        }

    def secrets(self) -> Sequence[str]:
        return [secret for each in ACCOUNTS for secret in (each.client_secret, each.access_token)]

    def kept(self) -> JsonObject:
        return {"genesys": {"access_tokens": {each.name: each.access_token for each in ACCOUNTS}}}

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, self._switches, number)

    def event(self, number: str) -> JsonObject | None:
        return None


def _plain(found: JsonObject) -> JsonObject:
    return {name: value for name, value in found.items() if name not in {"version", "priority"}}


def _versionless(flow: JsonObject) -> JsonObject:
    return {**flow, "publishedVersion": {"id": "" if "publishedVersion" not in flow else "published"}}


def _e164(number: str) -> str:
    if not stock.E164.fullmatch(number):
        raise ValueError(f"genesys: {number!r} is not E.164")
    return number


def _token(call: Call) -> Answer:
    """RFC 6749 §4.4; without a refresh token."""
    if call.method != "POST" or call.media != "application/x-www-form-urlencoded":
        return _unauthorized(400, "invalid_request", "expected POST of a form")
    if dict(pairs(call.body)) != {"grant_type": "client_credentials"}:
        return _unauthorized(400, "unsupported_grant_type", "expected grant_type=client_credentials")
    if not (asker := account.grant(call.header("authorization"))):
        return _unauthorized(401, "invalid_client", "client not found: or the secret is another")
    return _tracked(
        json_answer(200, {"access_token": asker.access_token, "token_type": "bearer", "expires_in": SECONDS})
    )


def _unauthorized(status: int, error: str, description: str) -> Answer:
    return _tracked(json_answer(status, {"error": error, "description": description}))


def _refuse(refusal: Refusal) -> Answer:
    context = str(uuid.uuid4())
    body: JsonObject = {
        "message": refusal.says,
        "code": refusal.code,
        "status": refusal.status,
        "contextId": context,
        "details": [],
        "errors": [],
    }
    return json_answer(refusal.status, body, {"inin-correlation-id": context})


def _tracked(answer: Answer) -> Answer:
    return Answer(answer.status, answer.body, {**answer.headers, "inin-correlation-id": str(uuid.uuid4())})
