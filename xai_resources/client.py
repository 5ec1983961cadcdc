"""A typed client of the xAI APIs for phone numbers and hosted agents, usable without Pulumi.

>>> client = Client(api_key=os.environ["XAI_API_KEY"])          # doctest: +SKIP
>>> [number.phone_number for number in client.numbers()]        # doctest: +SKIP

Requests are sent in snake_case, answers are read in either letter case, wrapped or bare. Errors are those of
:mod:`providers.kernel.errors`. Creating is never repeated by the client when its outcome is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from providers.kernel import errors, limits, paging, secrecy
from providers.kernel.conventions import ApiConventions, Refusal, refusal_of
from providers.kernel.listing import Listing
from xai_resources.models import (
    Answer,
    Created,
    CreatedWebhook,
    HostedAgent,
    Key,
    RegisteredNumber,
    agent_fields,
    snake,
    unwrapped,
)

BASE_URL = "https://api.x.ai"
_NUMBERS = "/v2/phone-numbers"
_AGENTS = "/v1/agents"
_LISTED = "phone_numbers"
AnswerT = TypeVar("AnswerT", bound=Answer)


def _refusal(body: object) -> Refusal:
    """``{"code", "error"}``, where ``code`` is a sentence and ``error`` may be an object or missing."""
    found = refusal_of(body)
    prose = found.code if " " in found.code else ""
    return Refusal("" if prose else found.code, found.message or prose)


def _advice(status: int, refusal: Refusal, path: str) -> str:
    """The step that helps with a refusal; without codes the status and the words decide."""
    text = refusal.message.lower()
    if status == 400 and "api key" in text:
        return "check XAI_API_KEY: xAI answers 400 to a wrong key"
    if status == 403 and "provisioning" in text:
        return "buy the number in xAI's console (Voice Agents), then declare it with `number:` instead of `area_code:`"
    if status == 403 and "agents endpoint is not enabled" in text:
        return (
            "ask xAI to enable agents for this team; until then answer with a `webhook`, or use an agent of the console"
        )
    if status == 409 and path.startswith(_AGENTS):
        return "give the number that it still answers another agent or none, then run it again"
    return "`take_over: true` on the number if it is yours; else remove it in xAI's console" if status == 409 else ""


#: How the xAI APIs answer: a DELETE with 200 or 204, and no body.
CONVENTIONS = ApiConventions(refusal=_refusal, advice=_advice, request_id_headers=("x-request-id",))


class Client:
    """One team's phone numbers and hosted agents. ``base_url`` is an origin without a path."""

    def __init__(self, api_key: str, base_url: str = "", limit: limits.Limit | None = None) -> None:
        from providers.kernel import http  # loads httpx, which who only declares need not wait for

        secrecy.register(api_key)
        self._http = http.client(
            "xai",
            limit or limits.Limit(4),
            CONVENTIONS,
            base_url=base_url or BASE_URL,
            headers={"Authorization": f"Bearer {api_key}", "Accept": "application/json"},
        )
        self._listing = Listing[RegisteredNumber](self._list, lambda number: number.phone_number_id, self._one)
        self._hosted = Listing[HostedAgent](self._list_agents, lambda agent: agent.agent_id, self.agent)

    def key(self) -> Key:
        """Whose key this is: ``GET /v1/api-key``."""
        return _parsed(Key, snake(self._call("GET", "/v1/api-key")))

    def create(self, body: Mapping[str, Any]) -> Created:
        """``POST /v2/phone-numbers``. The signing secret in the answer is shown only this once."""
        answer: Any = snake(self._call("POST", _NUMBERS, json=dict(body)))
        fields = cast(dict[str, Any], answer) if isinstance(answer, dict) else {}
        webhook = _parsed(CreatedWebhook, fields.get("webhook") or {})
        secret = webhook.dispatch_signing_secret
        secrecy.register(secret)
        number = self._listing.note(_parsed(RegisteredNumber, unwrapped(answer)))
        return Created(number=number, signing_secret=secret, webhook_id=webhook.webhook_id or number.webhook_id)

    def number(self, id: str, *, fresh: bool = True) -> RegisteredNumber:
        """``GET /v2/phone-numbers/{id}``; where that call is not offered (405, 501): the number of this id in the list.

        ``fresh=False`` may answer from a list this process read before. Raises NotFound; Unsupported where neither call
        is offered.
        """
        found = self._listing.get(id, fresh=fresh)
        if found is None:
            raise errors.NotFound(f"{id} is not in the list of numbers", status=404)
        return found

    def numbers(self, *, fresh: bool = True) -> list[RegisteredNumber]:
        """``GET /v2/phone-numbers``, all of the team; ``fresh=False`` may answer from what this process read before."""
        return self._listing.all(fresh=fresh)

    def _one(self, id: str) -> RegisteredNumber | None:
        """A 404 has the list for a witness: where that is off too, this API offers neither."""
        try:
            return _parsed(RegisteredNumber, unwrapped(self._call("GET", f"{_NUMBERS}/{id}")))
        except (errors.NotFound, errors.Unsupported) as error:
            try:
                return next((number for number in self._list() if number.phone_number_id == id), None)
            except (errors.NotFound, errors.Unsupported):
                raise errors.Unsupported(
                    "neither numbers nor the list of them can be read here", status=error.status
                ) from None

    def _list(self) -> list[RegisteredNumber]:
        return paging.whole(
            lambda: [_parsed(RegisteredNumber, item) for item in _items(snake(self._call("GET", _NUMBERS)), _LISTED)],
            _LISTED,
            "phoneNumbers",
            key=lambda number: number.phone_number_id,
            may_lack=True,
        )

    def update(self, id: str, changes: Mapping[str, Any]) -> RegisteredNumber:
        """``PATCH /v2/phone-numbers/{id}`` with a field mask; None clears a field. ``name``, ``agent_id``, ``webhook_id``."""
        body = {
            "phone_number": {name: value for name, value in changes.items() if value is not None},
            "field_mask": {"paths": sorted(changes)},
        }
        self._listing.changed(id)
        return self._listing.note(
            _parsed(RegisteredNumber, unwrapped(self._call("PATCH", f"{_NUMBERS}/{id}", json=body)))
        )

    def delete(self, id: str) -> None:
        """``DELETE /v2/phone-numbers/{id}``: a byo_trunk number stays yours at its carrier, xAI's own is released."""
        self._listing.changed(id)
        self._call("DELETE", f"{_NUMBERS}/{id}")

    def agents(self, *, fresh: bool = True) -> list[HostedAgent]:
        """``GET /v1/agents``, all of the team; ``fresh=False`` may answer from what this process read before.

        Raises Unsupported where the team's agents cannot be listed: then nobody can see whether one exists already.
        """
        return self._hosted.all(fresh=fresh)

    def _list_agents(self) -> list[HostedAgent]:
        try:
            return paging.whole(
                lambda: [
                    _parsed(HostedAgent, agent_fields(item)) for item in _items(self._call("GET", _AGENTS), "agents")
                ],
                "agents",
                key=lambda agent: agent.agent_id,
                may_lack=True,
            )
        except (errors.NotFound, errors.Unsupported) as error:
            raise errors.Unsupported(
                "xAI lists no agents here, so nobody can see whether this one exists already",
                status=error.status,
                request_id=error.request_id,
                step="make it in xAI's console and give the number its id: `agent: agent_…`",
            ) from None

    def agent(self, id: str) -> HostedAgent:
        """``GET /v1/agents/{id}``."""
        return _parsed(HostedAgent, agent_fields(self._call("GET", f"{_AGENTS}/{id}")))

    def create_agent(self, body: Mapping[str, Any]) -> HostedAgent:
        """``POST /v1/agents``. Names are not unique at xAI: a second call makes a second agent."""
        return self._hosted.note(_parsed(HostedAgent, agent_fields(self._call("POST", _AGENTS, json=dict(body)))))

    def update_agent(self, id: str, changes: Mapping[str, Any]) -> HostedAgent:
        """``PATCH /v1/agents/{id}`` with a field mask; None clears a field."""
        body = {
            "agent": {name: value for name, value in changes.items() if value is not None},
            "field_mask": {"paths": sorted(changes)},
        }
        self._hosted.changed(id)
        answer = self._call("PATCH", f"{_AGENTS}/{id}", json=body)
        return self._hosted.note(_parsed(HostedAgent, agent_fields(answer)))

    def delete_agent(self, id: str) -> None:
        """``DELETE /v1/agents/{id}``."""
        self._hosted.changed(id)
        self._call("DELETE", f"{_AGENTS}/{id}")

    def _call(self, method: str, path: str, **options: Any) -> Any:
        response = self._http.request(method, path, **options)
        with_body = response.status_code != 204 and response.content
        return response.json() if with_body else {}


def _items(answer: Any, name: str) -> list[Any]:
    """A list, bare or under its name: both were seen."""
    return cast(list[Any], answer if isinstance(answer, list) else answer[name])


def _parsed(model: type[AnswerT], body: Any) -> AnswerT:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_input=False))
        raise errors.Unavailable(f"the answer lacks or misspells {fields}") from None
