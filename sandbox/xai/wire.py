"""xAI over HTTP: Bearer authentication, JSON in both casings, errors as {"code", "error"}."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from sandbox.calling import CallControl, Client, Failure, Leg, Registration
from sandbox.credentials import named
from sandbox.exchange import (
    Answer,
    Call,
    JsonObject,
    Routes,
    Seed,
    is_array,
    is_object,
    json_answer,
)
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.xai import calling, rules, seed, sessions, signing, state
from sandbox.xai.agents import Agents, without_secrets
from sandbox.xai.rules import Refusal
from sandbox.xai.state import ACCOUNTS, VENDOR, Account, Team

# What exists, and what clients have looked for in vain: /v2/webhooks and the like are 404 at xAI.
PREFIXES = (
    *("/v2/phone-numbers", "/v2/webhooks", "/v2/agents", "/v2/calls", "/v2/usage"),
    *("/v1/api-key", "/v1/agents", "/v1/tools", "/v1/realtime", "/v1/webhooks", "/v1/phone-numbers"),
)
# Behind a feature flag of the team, reported from six of them or more.
FLAGGED = ("/v1/agents", "/v1/tools")
Endpoint = Callable[..., Answer]

# `code` is prose, one sentence per kind of error. The one for 403 is as reported from the live service; it is the
# description gRPC libraries give PERMISSION_DENIED, so the others follow the same list.
CODES = {
    400: "Client specified an invalid argument",
    401: "The request does not have valid authentication credentials",
    403: "The caller does not have permission to execute the specified operation",
    404: "Some requested entity was not found",
    405: "Operation is not implemented or not supported",
    409: "Some entity that we attempted to create already exists",
    415: "Client specified an invalid argument",
    422: "Client specified an invalid argument",
    429: "Some resource has been exhausted",
    500: "Internal error",
    501: "Operation is not implemented or not supported",
    503: "The service is currently unavailable",
    504: "Deadline expired before operation could complete",
}


def camel(value: Any) -> Any:
    """Keys in camelCase, all the way down: what some see from the live service."""
    if is_object(value):
        return {rules.camel(key): camel(each) for key, each in value.items()}
    if is_array(value):
        return [camel(each) for each in value]
    return value


def _redacted(key: str) -> str:
    return f"{key[:6]}...{key[-4:]}"


class XAI:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._calls: CallControl | None = None
        self._routes: Routes[Endpoint] = Routes(
            [
                ("GET", "/v1/api-key", self._key),
                ("GET", "/v2/phone-numbers", self._list),
                ("POST", "/v2/phone-numbers", self._create),
                ("GET", "/v2/phone-numbers/{id}", self._fetch),
                ("PATCH", "/v2/phone-numbers/{id}", self._change),
                ("DELETE", "/v2/phone-numbers/{id}", self._delete),
                ("GET", "/v1/agents", self._agents),
                ("POST", "/v1/agents", self._create_agent),
                ("GET", "/v1/agents/{id}", self._agent),
                ("PATCH", "/v1/agents/{id}", self._change_agent),
                ("DELETE", "/v1/agents/{id}", self._delete_agent),
                ("POST", "/v1/realtime/client_secrets", self._client_secret),
                ("POST", "/v1/realtime/calls/{id}/hangup", self._hangup),
                ("POST", "/v1/realtime/calls/{id}/refer", self._refer),
            ],
            _unknown,
        )

    def owns(self, path: str) -> bool:
        return any(path == each or path.startswith(each + "/") for each in PREFIXES)

    def serve(self, call: Call) -> Answer:
        try:
            account = self._authenticate(call)
            endpoint, ids = self._find(call)
            if call.query:
                # No parameter is documented or was ever seen; in particular there is no paging to ask for.
                raise Refusal(400, f'unknown query parameter "{call.query[0][0]}"')
            with self._store.transaction():
                answer = endpoint(call, Team(self._store, self._switches, account.team_id), *ids)
        except Refusal as refusal:
            answer = self._refuse(refusal.status, refusal.error)
        return self._stamped(answer)

    @staticmethod
    def _stamped(answer: Answer) -> Answer:
        return replace(answer, headers={**answer.headers, "x-request-id": str(uuid.uuid4())})

    def _find(self, call: Call) -> tuple[Endpoint, tuple[str, ...]]:
        if call.path.startswith(FLAGGED) and not self._switches["xai.agents"]:
            raise Refusal(403, "agents endpoint is not enabled for this team")
        return self._routes.find(call)

    def refusal(self, status: int) -> Answer:
        return self._stamped(self._refuse(status, "staged by a fault of the sandbox"))

    def _refuse(self, status: int, error: str) -> Answer:
        return json_answer(status, {"code": CODES.get(status, "Unknown error"), "error": error})

    def _authenticate(self, call: Call) -> Account:
        """401 without credentials, but 400 for a wrong key: xAI's debugging page lists a bad key under 400."""
        scheme, _, key = call.header("authorization").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Refusal(401, "No API key provided. Use the header 'Authorization: Bearer <API key>'.")
        for account in ACCOUNTS:
            if key == account.key:
                return account
        raise Refusal(400, "Incorrect API key provided. You can obtain an API key from https://console.x.ai.")

    def _answer(self, status: int, document: JsonObject) -> Answer:
        return json_answer(status, camel(document) if self._switches["xai.casing"] == "camel" else document)

    @staticmethod
    def _body(call: Call) -> Any:
        if call.media != "application/json":
            raise Refusal(415, "Expected request with `Content-Type: application/json`")
        return rules.parse(call.body)

    def _key(self, call: Call, team: Team) -> Answer:
        """As documented for the inference API, a different service: always snake_case."""
        account = next(each for each in ACCOUNTS if each.team_id == team.team_id)
        document = {
            "redacted_api_key": _redacted(account.key),
            "user_id": f"00000000-0000-4000-9000-{account.team_id[-12:]}",
            "name": f"sandbox {account.name}",
            "create_time": "2026-01-01T00:00:00Z",
            "modify_time": "2026-01-01T00:00:00Z",
            "modified_by": f"00000000-0000-4000-9000-{account.team_id[-12:]}",
            "team_id": account.team_id,
            "acls": ["api-key:endpoint:*", "api-key:model:*"],
            "api_key_id": f"00000000-0000-4000-a000-{account.team_id[-12:]}",
            "team_blocked": False,
            "api_key_blocked": False,
            "api_key_disabled": False,
        }
        return json_answer(200, document)

    def _list(self, call: Call, team: Team) -> Answer:
        if self._switches["xai.list"] == "off":
            raise Refusal(404, f"{call.path} not found")
        return self._answer(200, {"phone_numbers": team.numbers.all()})

    def _create(self, call: Call, team: Team) -> Answer:
        number, webhook = team.create(rules.new_number(self._body(call)))
        document: JsonObject = {"phone_number": number}
        if webhook:
            document["webhook"] = webhook
        return self._answer(self._switches["xai.created"], document)

    def _fetch(self, call: Call, team: Team, id: str) -> Answer:
        if self._switches["xai.get_by_id"] != "on":
            raise Refusal(self._switches["xai.get_by_id"], f"{call.method} is not allowed here")
        return self._number(team.number(id))

    def _number(self, number: JsonObject) -> Answer:
        return self._answer(200, number if self._switches["xai.get"] == "bare" else {"phone_number": number})

    def _change(self, call: Call, team: Team, id: str) -> Answer:
        if self._switches["xai.patch"] != "on":
            raise Refusal(self._switches["xai.patch"], f"{call.method} is not allowed here")
        return self._number(team.change(id, rules.changes(self._body(call), team.team_id)))

    def _delete(self, call: Call, team: Team, id: str) -> Answer:
        team.delete(id)
        status = self._switches["xai.deleted"]
        return Answer(204) if status == 204 else self._answer(status, {})

    def _show(self, agent: JsonObject) -> JsonObject:
        """Only xAI's own names change their casing: the JSON schema of a tool is the customer's."""
        if self._switches["xai.tool_secrets"] == "hidden":
            agent = without_secrets(agent)
        if self._switches["xai.casing"] == "snake":
            return agent
        shown = {rules.camel(name): value for name, value in agent.items()}
        return {**shown, "voice": camel(shown["voice"])} if "voice" in shown else shown

    def _agents(self, call: Call, team: Team) -> Answer:
        return json_answer(200, {"agents": [self._show(agent) for agent in team.agents.all()]})

    def _create_agent(self, call: Call, team: Team) -> Answer:
        return json_answer(200, {"agent": self._show(Agents(team).create(self._body(call)))})

    def _agent(self, call: Call, team: Team, id: str) -> Answer:
        return json_answer(200, {"agent": self._show(Agents(team).get(id))})

    def _change_agent(self, call: Call, team: Team, id: str) -> Answer:
        return json_answer(200, {"agent": self._show(Agents(team).change(id, self._body(call)))})

    def _delete_agent(self, call: Call, team: Team, id: str) -> Answer:
        Agents(team).delete(id)
        return json_answer(200, {})

    def _client_secret(self, call: Call, team: Team) -> Answer:
        strict = self._switches["xai.unknown_fields"] == "refused"
        return json_answer(200, sessions.issue(self._store, team.team_id, self._body(call), strict=strict))

    def _hangup(self, call: Call, team: Team, id: str) -> Answer:
        if self._calls is None or not self._calls.hangup(team.team_id, id):
            raise Refusal(404, f"Call {id} not found")
        return json_answer(200, {})

    def _refer(self, call: Call, team: Team, id: str) -> Answer:
        """Blocks until the transfer resolved: 502 and 504 are outcomes of the call, not of the gateway."""
        target = rules.read(self._body(call), {"target_uri": rules.text}).get("target_uri", "")
        if not target.startswith(("tel:", "sip:")):
            raise Refusal(400, "target_uri must be a tel: or sip: URI")
        outcome = self._calls.refer(team.team_id, id, target) if self._calls else None
        if outcome is None:
            raise Refusal(404, "No SIP participant on this call")
        return Answer(200, later=lambda: self._referred(outcome))

    async def _referred(self, outcome: Awaitable[Failure | None]) -> Answer:
        failure = await outcome
        if failure is None:
            answer = json_answer(200, {})
        elif failure.code is None:
            answer = self._refuse(504, "transfer did not resolve in time")
        else:
            error = f"transfer rejected by downstream: SIP {failure.code} {failure.reason}"
            answer = json_answer(502, {"error": error})
        return self._stamped(answer)

    def registered(self, user: str) -> Registration | None:
        return calling.registered(self._store, user)

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, number)

    def team(self, authorization: str) -> str | None:
        scheme, _, key = authorization.partition(" ")
        found = (account.team_id for account in ACCOUNTS if account.key == key.strip())
        return next(found, None) if scheme.lower() == "bearer" else None

    def client(self, authorization: str, secret: str) -> Client | None:
        return sessions.client(self._store, self.team(authorization), secret or authorization.partition(" ")[2].strip())

    def stored_agent(self, team: str, *, id: str = "", instructions: str = "") -> JsonObject | None:
        return sessions.agent(Team(self._store, self._switches, team), id, instructions)

    def control(self, calls: CallControl) -> None:
        self._calls = calls

    def seed(self, account: str, document: Seed) -> None:
        team = Team(self._store, self._switches, named(ACCOUNTS, account).team_id)
        try:
            seed.fill(team, document)
        except Refusal as refusal:
            raise ValueError(f"xai: {refusal.error}") from refusal

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        found = {name: self._store.everywhere(VENDOR, name) for name in ("numbers", "agents")}
        hidden = self._switches["xai.tool_secrets"] == "hidden"
        return {**found, "agents": [without_secrets(agent) if hidden else agent for agent in found["agents"]]}

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        return {"XAI_API_KEY": named(ACCOUNTS, account).key, "XAI_BASE_URL": origin}

    def secrets(self) -> Sequence[str]:
        return [account.key for account in ACCOUNTS]

    def kept(self) -> JsonObject:
        return dict(state.secrets(self._store))

    def event(self, number: str) -> JsonObject | None:
        secret = state.secrets(self._store)["signing_secrets"].get(number)
        return signing.signed(number, secret) if secret else None


def _unknown(call: Call, status: int) -> Refusal:
    if call.path.startswith("/v1/realtime"):  # reported: 403 below this path whether or not there is anything
        return Refusal(403, "Team is not authorized to perform this action")
    return Refusal(status, f"{call.path} not found" if status == 404 else f"{call.method} is not allowed here")
