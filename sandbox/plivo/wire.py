"""Plivo over HTTP: Basic authentication, the account in the path, trailing slashes, errors as {"api_id", "error"}."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sandbox.calling import Route
from sandbox.credentials import named
from sandbox.exchange import Answer, Call, JsonObject, Routes, Seed, is_object
from sandbox.plivo import account, api, calling, seed
from sandbox.plivo.account import ACCOUNTS, VENDOR, Refusal
from sandbox.plivo.asked import Asked, Endpoint, plain
from sandbox.plivo.numbers import Numbers
from sandbox.plivo.rate import Rate
from sandbox.plivo.zentrunk import Shelves
from sandbox.shapes import Wrong
from sandbox.store import Store
from sandbox.switches import Switches

# Parameters of a DELETE stand in the query, says Plivo; its SDK puts them into the body, with the id of the path.
DELETE = {api.delete_application: ("app_id", "cascade", "new_endpoint_application")}


class Plivo:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store = store
        self._rate = Rate(store, switches)
        self._routes: Routes[Endpoint] = Routes(api.ROUTES, account.unknown)

    def owns(self, path: str) -> bool:
        return path.startswith("/v1/Account/")

    def serve(self, call: Call) -> Answer:
        try:
            asker = account.authenticate(call.header("authorization"))
            if self._rate.exceeded(asker.auth_id):
                raise Refusal(429, "rate limit exceeded")
            endpoint, (owner, *ids) = self._routes.find(call)
            if owner != asker.auth_id:
                raise account.unauthenticated()
            if call.method == "DELETE":
                _bare(call, DELETE.get(endpoint, ()))
            with self._store.transaction():
                return endpoint(Asked(call, asker, self._store), *ids)
        except Refusal as refusal:
            return self._refuse(refusal)

    def refusal(self, status: int) -> Answer:
        return self._refuse(Refusal(status, "staged by a fault of the sandbox"))

    @staticmethod
    def _refuse(refusal: Refusal) -> Answer:
        """429 comes without Retry-After: none is documented."""
        answer = plain(refusal.status, {"error": refusal.error})
        headers = {"www-authenticate": 'Basic realm="Plivo"'} if refusal.status == 401 else {}
        return Answer(answer.status, answer.body, {**answer.headers, **headers})

    def seed(self, account: str, document: Seed) -> None:
        auth_id = named(ACCOUNTS, account).auth_id
        try:
            seed.fill(Shelves(self._store, auth_id), Numbers(self._store, auth_id), document)
        except Refusal as refusal:
            raise ValueError(f"plivo: {refusal.error}") from refusal
        except (Wrong, ValueError) as error:
            raise ValueError(f"plivo: {error}") from error

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        shown: dict[str, list[JsonObject]] = {
            name: self._store.everywhere(VENDOR, name) for name in ("trunks", "uris", "credentials", "ipacls")
        }
        shown |= {"numbers": [], "applications": []}
        for each in ACCOUNTS:
            own = Numbers(self._store, each.auth_id)
            shown["numbers"] += [own.view(number) for number in own.shelf.all()]
            shown["applications"] += [own.applications.view(one) for one in own.applications.shelf.all()]
        return shown

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        it = named(ACCOUNTS, account)
        return {"PLIVO_AUTH_ID": it.auth_id, "PLIVO_AUTH_TOKEN": it.token, "PLIVO_BASE_URL": origin}

    def secrets(self) -> Sequence[str]:
        return [each.token for each in ACCOUNTS]

    def kept(self) -> JsonObject:
        return {"plivo": secrets(self._store)}

    def route(self, number: str, caller: str) -> Route | None:
        return calling.route(self._store, number, caller)

    def event(self, number: str) -> JsonObject | None:
        return None


def _bare(call: Call, known: Sequence[str]) -> None:
    try:
        body = json.loads(call.body or b"{}")
    except ValueError:
        body = None
    names = [*(name for name, _ in call.query), *(body if is_object(body) else ("",))]
    if any(name not in known for name in names):
        raise Refusal(400, "unknown parameter")


def secrets(store: Store) -> JsonObject:
    """Digest credentials by the UUID of their URI or credential: no answer repeats a password."""
    found: JsonObject = {"uri_passwords": {}, "credential_passwords": {}}
    for each in ACCOUNTS:
        own = Shelves(store, each.auth_id)
        for key, shelf in (("uri", own.uris), ("credential", own.credentials)):
            for thing in shelf.all():
                password = own.passwords.get(thing[f"{key}_uuid"])
                if password:
                    found[f"{key}_passwords"][thing[f"{key}_uuid"]] = password
    return found
