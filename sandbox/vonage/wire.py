"""Vonage over HTTP: Basic authentication, forms, answers with an `error-code`."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox import shapes, stock
from sandbox.calling import Leg
from sandbox.credentials import named
from sandbox.exchange import Answer, Call, JsonObject, Routes, Seed, json_answer, only
from sandbox.shapes import Model, Wrong, text
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.vonage import account, api, calling, numbers
from sandbox.vonage.account import ACCOUNTS, VENDOR, Account, Refusal
from sandbox.vonage.numbers import Numbers

SEED: Model = {"phone_number": text(1), **dict.fromkeys((*numbers.SHOWN, *numbers.HIDDEN), text(1))}


class Vonage:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._routes: Routes[api.Endpoint] = Routes(api.ROUTES, account.unknown)

    def owns(self, path: str) -> bool:
        return path.startswith(("/account/", "/number/"))

    def serve(self, call: Call) -> Answer:
        try:
            asker = account.authenticate(call.header("authorization"))
            endpoint, _ = self._routes.find(call)
            with self._store.transaction():
                return endpoint(call, self._of(asker))
        except Refusal as refusal:
            return _refuse(refusal)

    def _of(self, owner: Account) -> Numbers:
        return Numbers(self._store, self._switches, owner.key)

    def refusal(self, status: int) -> Answer:
        return _refuse(Refusal(status, "staged by a fault of the sandbox"))

    def seed(self, account: str, document: Seed) -> None:
        only(document, ("numbers",), "collection")
        own = self._of(named(ACCOUNTS, account))
        for raw in document.get("numbers", []):
            try:
                settings = shapes.read(raw, SEED, ("phone_number",))
            except Wrong as error:
                raise ValueError(f"vonage: {error}") from error
            number = settings.pop("phone_number")
            if not stock.E164.fullmatch(number) or own.shelf.get(number[1:]):
                raise ValueError(f"vonage: numbers: {number!r} is owned already, or not E.164")
            own.add(number[1:], settings)

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        return {"numbers": [numbers.view(each) for each in self._store.everywhere(VENDOR, "numbers")]}

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        it = named(ACCOUNTS, account)
        return {"VONAGE_API_KEY": it.key, "VONAGE_API_SECRET": it.secret, "VONAGE_BASE_URL": origin}

    def secrets(self) -> Sequence[str]:
        return [each.secret for each in ACCOUNTS]

    def kept(self) -> JsonObject:
        return {}

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, number)

    def event(self, number: str) -> JsonObject | None:
        return None


def _refuse(refusal: Refusal) -> Answer:
    headers = {"www-authenticate": 'Basic realm="Vonage"'} if refusal.status == 401 else {}
    return json_answer(refusal.status, {"error-code": str(refusal.status), "error-code-label": refusal.label}, headers)
