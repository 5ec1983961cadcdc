"""Cisco's specification decides: what our code sends, and what the sandbox answers, is what it declares.

With the specification beside the project every request and answer is held against it; what is newer than it is named here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from providers.kernel import http
from tests import contract
from tests.conformance.subjects.webex import MARK, NUMBER, OTHER, PREMISE, STACK, TRUNK
from tests.contract import Exchange, Recorder
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("webex_premise_pstn_cut.json")
#: In the SDK 1.41.0 and its live tests, in no specification that could be read.
NEWER = {("GET", f"{PREMISE}/dialPlans/{{dialPlanId}}/dialPatterns")}
ELSEWHERE = ("/v1/access_token", "/v1/people/me", "/v1/organizations")


class Recording(Recorder):
    """With the bodies, which are JSON here."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        super().__init__(exchanges)
        self.bodies: list[Any] = []

    def handle_request(self, request: Any) -> Any:
        text = request.read().decode()
        self.bodies.append(json.loads(text) if text.startswith("{") else None)
        return super().handle_request(request)


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[tuple[Exchange, Any]]]:
    """Our own objects through their whole lives."""
    said: list[Exchange] = []
    line = Recording(said)
    server.control("POST", "reset")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "network", lambda: line)
        plan = Hand("webex:DialPlan", server.env, patch)
        assert plan.up(marker=STACK, trunk=TRUNK) == "create"
        link = Hand("webex:Attachment", server.env, patch)
        assert link.up(marker=MARK, phone_number=NUMBER, dial_plan_id=plan.id) == "create"
        assert link.refresh()
        assert plan.up(marker=STACK, trunk=OTHER) == "update"
        assert plan.refresh()
        link.destroy()
        plan.destroy()
    yield list(zip(said, line.bodies, strict=True))
    server.control("POST", "reset")


def declared(exchange: Exchange) -> tuple[str, dict[str, Any]]:
    """The template and operation of the specification."""
    path = exchange.path.removeprefix("/v1").split("/")
    for template, item in DOCUMENTS[0]["paths"].items():
        parts = template.split("/")
        if len(parts) == len(path) and all(
            one == other or one.startswith("{") for one, other in zip(parts, path, strict=True)
        ):
            return template, item.get(exchange.method.lower(), {})
    return "", {}


def test_every_request_and_answer_is_as_declared(ours: list[tuple[Exchange, Any]]) -> None:
    assert {exchange.method for exchange, _ in ours} == {"GET", "POST", "PUT", "DELETE"}
    seen: set[str] = set()
    for exchange, body in ours if DOCUMENTS else []:
        template, operation = declared(exchange)
        if exchange.path in ELSEWHERE or exchange.status == 404 or (exchange.method, f"/v1{template}") in NEWER:
            continue
        assert operation, str(exchange)
        seen.add(f"{exchange.method} {template}")
        queries = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        assert {name for name, _ in exchange.query} <= queries, str(exchange)
        if body is not None:
            schema = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
            assert set(schema.get("required", [])) <= set(body) <= set(schema["properties"]), str(exchange)
        answer = operation["responses"].get(str(exchange.status))
        assert answer is not None, f"{exchange}: {exchange.status}"
        if exchange.status != 204:
            schema = resolved(answer["content"]["application/json"]["schema"])
            assert set(schema.get("required", [])) <= set(exchange.body) <= set(schema["properties"]), str(exchange)
    if DOCUMENTS:
        assert len(seen) == 8, seen


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = DOCUMENTS[0]
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    token = server.control("GET", "secrets")["webex"]["access_tokens"]["main"]
    return server.http.request(method, f"{PREMISE}/{path}", json=body, headers={"Authorization": f"Bearer {token}"})


def test_a_plan_is_made_although_a_pattern_is_refused(server: Server) -> None:
    server.control("POST", "reset")
    trunk = ask(server, "GET", "trunks").json()["trunks"][0]
    way = {"routeId": trunk["id"], "routeType": "TRUNK"}
    made = ask(server, "POST", "dialPlans", {"name": "one", **way, "dialPatterns": ["+1!", "456!", NUMBER]})
    assert (made.status_code, [each["dialPattern"] for each in made.json()["dialPatternErrors"]]) == (201, ["456!"])
    id = made.json()["id"]
    assert ask(server, "GET", f"dialPlans/{id}/dialPatterns").json() == {"dialPatterns": ["+1!", NUMBER]}
    other = ask(server, "POST", "dialPlans", {"name": "two", **way}).json()["id"]
    added = {"dialPatterns": [{"dialPattern": NUMBER, "action": "ADD"}]}
    assert ask(server, "PUT", f"dialPlans/{other}/dialPatterns", added).status_code == 409
    first = ask(server, "GET", f"dialPlans/{id}/dialPatterns?max=1")
    assert 'rel="next"' in first.headers["link"]
    assert ask(server, "GET", f"trunks/{trunk['id']}/usage").json()["dialPlanCount"] == 2
    assert ask(server, "DELETE", f"trunks/{trunk['id']}").status_code == 409
    server.control("POST", "reset")


def test_a_trunk_takes_its_password_always_and_never_shows_it(server: Server) -> None:
    server.control("POST", "reset")
    trunk = ask(server, "GET", "trunks").json()["trunks"][0]
    assert ask(server, "PUT", f"trunks/{trunk['id']}", {"name": "HQ"}).status_code == 400
    assert ask(server, "PUT", f"trunks/{trunk['id']}", {"name": "x" * 25, "password": "p"}).status_code == 400
    assert ask(server, "PUT", f"trunks/{trunk['id']}", {"name": "HQ", "password": "canary-77"}).status_code == 204
    seen = ask(server, "GET", f"trunks/{trunk['id']}")
    assert "canary-77" not in seen.text
    assert seen.json()["customer"] == seen.json()["organization"]
    server.control("POST", "reset")
