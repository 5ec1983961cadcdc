"""Twilio over HTTP: its three hosts on one origin, Basic authentication, errors in Twilio's shape."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.calling import Route, Telephone
from sandbox.credentials import named
from sandbox.exchange import Answer, Call, JsonObject, Routes, Seed, json_answer
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.twilio import account, api, calling, pricing, seed, trunking, view
from sandbox.twilio.account import ACCOUNTS, API_VERSION, VENDOR, Refusal
from sandbox.twilio.asked import Asked
from sandbox.twilio.calls import Calls
from sandbox.twilio.numbers import Applications, Numbers
from sandbox.twilio.trunks import Trunks

# Errors that come before any resource have codes of their own; the others are 20000 and the HTTP status.
CODES = {
    400: account.INVALID_PARAMETER,
    401: account.AUTHENTICATE,
    405: account.METHOD_NOT_ALLOWED,
}


class Twilio:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._calls = Calls(store)
        self._routes = Routes([*trunking.ROUTES, *api.ROUTES, *pricing.ROUTES], account.unknown)

    def owns(self, path: str) -> bool:
        return path == "/v1/Trunks" or path.startswith(
            ("/v1/Trunks/", "/v1/PhoneNumbers/Countries/", f"/{API_VERSION}/")
        )

    def serve(self, call: Call) -> Answer:
        try:
            asker, by_key = account.authenticate(call.header("authorization"))
            if "/Calls" in call.path:
                return self._stamped(self._calls.answer(call, asker.sid))
            endpoint, ids = self._routes.find(call)
            if call.path.startswith(f"/{API_VERSION}/"):
                ids = self._own(asker.sid, endpoint is api.fetch_account and by_key, ids)
            if call.query and call.method != "GET":
                raise Refusal(400, account.INVALID_PARAMETER, f"Unknown query parameter {call.query[0][0]}")
            with self._store.transaction():
                answer = endpoint(Asked(call, asker.sid, self._store), *ids)
        except Refusal as refusal:
            answer = self._refuse(refusal)
        return self._stamped(answer)

    def connect(self, telephone: Telephone) -> None:
        """Its API may place calls from now on."""
        self._calls.connect(telephone)

    def _own(self, sid: str, account_by_key: bool, ids: tuple[str, ...]) -> tuple[str, ...]:
        """The account in the path must be the asker's (error 20003 lists it as a cause). A standard API key reads
        everything but /Accounts; ours is a main key unless the switch says otherwise."""
        if ids[0] != sid or (account_by_key and self._switches["twilio.key"] == "standard"):
            raise account.unauthenticated()
        return ids[1:]

    def refusal(self, status: int) -> Answer:
        code = CODES.get(status, 20000 + status)
        return self._stamped(self._refuse(Refusal(status, code, "Staged by a fault of the sandbox")))

    @staticmethod
    def _refuse(refusal: Refusal) -> Answer:
        document = {
            "code": refusal.code,
            "message": refusal.message,
            "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
            "status": refusal.status,
        }
        headers = {"www-authenticate": 'Basic realm="Twilio API"'} if refusal.status == 401 else {}
        return json_answer(refusal.status, document, headers)

    @staticmethod
    def _stamped(answer: Answer) -> Answer:
        return Answer(answer.status, answer.body, {**answer.headers, "twilio-request-id": account.new_sid("RQ")})

    def seed(self, account: str, document: Seed) -> None:
        sid = next(each.sid for each in ACCOUNTS if each.name == account)
        try:
            seed.fill(Trunks(self._store, sid), Numbers(self._store, sid), Applications(self._store, sid), document)
        except Refusal as refusal:
            raise ValueError(f"twilio: {refusal.message}") from refusal

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        all_trunks = self._store.everywhere(VENDOR, "trunks")
        all_numbers = self._store.everywhere(VENDOR, "numbers")
        applications = self._store.everywhere(VENDOR, "applications")
        return {
            "trunks": [view.trunk(trunk, origin) for trunk in all_trunks],
            "origination_urls": [
                view.origination(url, origin) for url in self._store.everywhere(VENDOR, "origination_urls")
            ],
            "trunk_numbers": [view.trunk_number(each, origin) for each in all_numbers if each["trunk_sid"]],
            "recordings": [{"trunk_sid": trunk["sid"], **trunk["recording"]} for trunk in all_trunks],
            "numbers": [view.resource(number, "IncomingPhoneNumbers") for number in all_numbers],
            "applications": [view.resource(application, "Applications") for application in applications],
        }

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        it = named(ACCOUNTS, account)
        common = {"TWILIO_ACCOUNT_SID": it.sid, "TWILIO_BASE_URL": origin}
        if style == "apikey":
            return {**common, "TWILIO_API_KEY": it.key, "TWILIO_API_SECRET": it.secret}
        return {**common, "TWILIO_AUTH_TOKEN": it.token}

    def secrets(self) -> Sequence[str]:
        return [secret for each in ACCOUNTS for secret in (each.token, each.secret)]

    def kept(self) -> JsonObject:
        return {}

    def route(self, number: str, caller: str) -> Route | None:
        return calling.route(self._store, number, caller, enhanced=self._switches["twilio.enhanced_sip"])

    def event(self, number: str) -> JsonObject | None:
        return None
