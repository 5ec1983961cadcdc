"""Telnyx over HTTP: Bearer authentication, JSON, answers in `data`, errors in `errors`, rate headers."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox import shapes
from sandbox.calling import Leg
from sandbox.credentials import named
from sandbox.exchange import Answer, Call, JsonObject, Routes, Seed, json_answer
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.telnyx import account, calling, inventory, seed, view, voice
from sandbox.telnyx.account import ACCOUNTS, TITLES, VENDOR, Refusal
from sandbox.telnyx.asked import Asked, Endpoint
from sandbox.telnyx.connections import Connections
from sandbox.telnyx.kinds import Kinds
from sandbox.telnyx.numbers import Numbers
from sandbox.telnyx.profiles import Profiles

# Errors staged by a fault: the code that goes with a status. Any other gets 10007, "unexpected error".
CODES = {
    400: account.BAD,
    401: account.UNAUTHENTICATED,
    403: account.FORBIDDEN,
    404: account.NOT_FOUND,
    415: account.MEDIA,
    422: account.BAD,
    429: account.TOO_MANY,
}
# xAI has paths under /v2 too: these are the ones of Telnyx.
PREFIXES = tuple(sorted({"/".join(path.split("/")[:3]) for _, path, _ in (*voice.ROUTES, *inventory.ROUTES)}))
RATE = 2000  # requests a second, as in the headers that clients report; never enforced here


class Telnyx:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._routes: Routes[Endpoint] = Routes([*voice.ROUTES, *inventory.ROUTES], account.unknown)

    def owns(self, path: str) -> bool:
        return any(path == each or path.startswith(each + "/") for each in PREFIXES)

    def serve(self, call: Call) -> Answer:
        try:
            asker = account.authenticate(call.header("authorization"))
            endpoint, ids = self._routes.find(call)
            if call.query and ids:  # only lists take parameters
                name = call.query[0][0]
                raise Refusal(400, account.BAD, f"Unknown query parameter {name}", parameter=name)
            with self._store.transaction():
                answer = endpoint(Asked(call, asker, self._store, self._switches), *ids)
        except shapes.Wrong as error:
            answer = self._refuse(account.misread(error))
        except Refusal as refusal:
            answer = self._refuse(refusal)
        return self._stamped(answer)

    def refusal(self, status: int) -> Answer:
        code = CODES.get(status, account.UNEXPECTED)
        return self._stamped(self._refuse(Refusal(status, code, "Staged by a fault of the sandbox")))

    @staticmethod
    def _refuse(refusal: Refusal) -> Answer:
        error: JsonObject = {
            "code": refusal.code,
            "title": TITLES[refusal.code],
            "detail": refusal.detail,
            "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{refusal.code}"},
        }
        if refusal.source:
            error["source"] = refusal.source
        return json_answer(refusal.status, {"errors": [error]})

    @staticmethod
    def _stamped(answer: Answer) -> Answer:
        """Telnyx is reported to send no Retry-After, but these."""
        remaining = 0 if answer.status == 429 else RATE - 1
        headers = {
            "x-request-id": account.new_uuid(),
            "x-ratelimit-limit": f"{RATE}, {RATE};w=1",
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": "1",
        }
        return Answer(answer.status, answer.body, {**answer.headers, **headers})

    def seed(self, account: str, document: Seed) -> None:
        store, organization = self._store, named(ACCOUNTS, account).organization_id
        numbers = Numbers(store, self._switches, organization)
        try:
            seed.fill(
                Connections(store, organization),
                Kinds(store, organization),
                Profiles(store, organization),
                numbers,
                document,
            )
        except (Refusal, ValueError) as error:
            raise ValueError(f"telnyx: {error}") from error

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        shown: dict[str, list[JsonObject]] = {
            "fqdn_connections": [view.connection(each) for each in self._all("fqdn_connections")],
            "fqdns": self._all("fqdns"),
            "credential_connections": [view.connection(each) for each in self._all("credential_connections")],
            "call_control_applications": self._all("call_control_applications"),
            "outbound_voice_profiles": [],
            "numbers": [],
            "voice": [view.voice(each) for each in self._all("numbers")],
            "number_orders": [view.order(each) for each in self._all("number_orders")],
        }
        for each in ACCOUNTS:
            numbers = Numbers(self._store, self._switches, each.organization_id)
            shown["numbers"] += [view.number(number, numbers) for number in numbers.shelf.all()]
            shown["outbound_voice_profiles"] += Profiles(self._store, each.organization_id).all()
        return shown

    def _all(self, collection: str) -> list[JsonObject]:
        return self._store.everywhere(VENDOR, collection)

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        return {"TELNYX_API_KEY": named(ACCOUNTS, account).key, "TELNYX_BASE_URL": f"{origin}/v2"}

    def secrets(self) -> Sequence[str]:
        return [each.key for each in ACCOUNTS]

    def kept(self) -> JsonObject:
        return {"telnyx": secrets(self._store)}

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, number)

    def event(self, number: str) -> JsonObject | None:
        return None


def secrets(store: Store) -> JsonObject:
    """Digest credentials of connections, by id: no later answer repeats the password."""
    passwords: JsonObject = {}
    for each in ACCOUNTS:
        for collection in ("fqdn_connections", "credential_connections"):
            for connection in store.shelf(VENDOR, each.organization_id, collection).all():
                passwords[connection["id"]] = store.shelf(VENDOR, each.organization_id, "passwords").get(
                    connection["id"]
                )
    return {"connection_passwords": passwords}
