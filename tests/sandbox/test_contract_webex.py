"""Cisco's specification decides: what our code sends, and what the sandbox answers, is what it declares.

With the specification beside the project every request and answer is held against it; what is newer than it is named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.kernel import errors
from providers.webex.on_the_way import on_the_way
from tests import contract
from tests.conformance.subjects.webex import (
    BRANCH,
    CERTIFICATE,
    FQDN,
    LOCATION,
    MARK,
    NUMBER,
    OTHER,
    PREMISE,
    STACK,
    TRUNK,
)
from tests.contract import Exchange
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("webex_premise_pstn_cut.json")
#: In the SDK 1.41.0 and its live tests, in no specification that could be read.
NEWER = {("GET", f"{PREMISE}/dialPlans/{{dialPlanId}}/dialPatterns")}
#: In the specification of September 2026, which the one beside the project is older than.
VALIDATE = f"{PREMISE}/trunks/actions/validate/invoke"
#: What the SDK's model of a trunk has beside the specification's: they disagree, so both are sent.
OF_THE_SDK = {"id", "organization"}
TRUNKS = "/telephony/config/premisePstn/trunks"
GROUPS = "/telephony/config/premisePstn/routeGroups"
ELSEWHERE = ("/v1/access_token", "/v1/people/me", "/v1/organizations")


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Exchange]]:
    """Our own objects through their whole lives."""
    with contract.heard(server) as (said, patch):
        plan = Hand("webex:DialPlan", server.env, patch)
        assert plan.up(marker=STACK, trunk=TRUNK) == "create"
        link = Hand("webex:Attachment", server.env, patch)
        assert link.up(marker=MARK, phone_number=NUMBER, dial_plan_id=plan.id) == "create"
        assert link.refresh()
        assert plan.up(marker=STACK, trunk=OTHER) == "update"
        assert plan.refresh()
        link.destroy()
        trunk = Hand("webex:Trunk", server.env, patch)
        assert trunk.up(marker=STACK, location=LOCATION) == "create"
        assert plan.up(marker=STACK, location=LOCATION) == "update"
        assert trunk.refresh()
        assert trunk.up(marker="xtel/p/renamed/webex", location=LOCATION) == "update"
        plan.destroy()
        trunk.destroy()
        _in_a_group(server, patch)
        yield said


def _in_a_group(server: Server, patch: pytest.MonkeyPatch) -> None:
    """A certificate-based trunk that the older call validates, in a route group."""
    trunk, group, plan = (Hand(f"webex:{kind}", server.env, patch) for kind in ("Trunk", "RouteGroup", "DialPlan"))
    server.fault(f"POST {VALIDATE}", "status", status=404)
    certificate = {"marker": STACK, "location": LOCATION, **CERTIFICATE}
    assert trunk.reconciler.look(trunk.check(**certificate)) == ("", "")
    assert trunk.up(**certificate) == "create"
    assert trunk.up(**{**certificate, "max_calls": 500}) == "update"
    own = {"location": LOCATION, "certificate": FQDN}
    assert group.up(marker=STACK, trunks=[own]) == "create"
    assert group.up(marker=STACK, name="main", trunks=[own, {"trunk": TRUNK}]) == "update"
    assert group.refresh()
    assert plan.up(marker=STACK, group="main") == "create"
    assert plan.refresh()
    assert plan.inputs["group"] == "main"
    for each in (plan, group, trunk):
        each.destroy()


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


def test_every_request_and_answer_is_as_declared(ours: list[Exchange]) -> None:
    assert {exchange.method for exchange in ours} == {"GET", "POST", "PUT", "DELETE"}
    seen: set[str] = set()
    for exchange in ours if DOCUMENTS else []:
        template, operation = declared(exchange)
        if (
            exchange.path in {*ELSEWHERE, VALIDATE}
            or exchange.status == 404
            or (exchange.method, f"/v1{template}") in NEWER
        ):
            continue
        assert operation, str(exchange)
        seen.add(f"{exchange.method} {template}")
        queries = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        assert {name for name, _ in exchange.query} <= queries, str(exchange)
        if (body := exchange.sent) is not None:
            schema = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
            assert set(schema.get("required", [])) <= set(body) <= set(schema["properties"]), str(exchange)
        answer = operation["responses"].get(str(exchange.status))
        assert answer is not None, f"{exchange}: {exchange.status}"
        if exchange.status != 204:
            [content] = answer["content"].values()  # once it is aplication/json
            schema = resolved(content["schema"])
            extra = OF_THE_SDK if template == f"{TRUNKS}/{{trunkId}}" else set[str]()
            assert set(schema.get("required", [])) <= set(exchange.body) <= set(schema["properties"]) | extra, str(
                exchange
            )
    if DOCUMENTS:
        plans = "/telephony/config/premisePstn/dialPlans"
        assert seen == {
            *(f"{method} {plans}" for method in ("GET", "POST")),
            *(f"{method} {plans}/{{dialPlanId}}" for method in ("GET", "PUT", "DELETE")),
            f"PUT {plans}/{{dialPlanId}}/dialPatterns",
            *(f"{method} {TRUNKS}" for method in ("GET", "POST")),
            *(f"{method} {TRUNKS}/{{trunkId}}" for method in ("GET", "PUT", "DELETE")),
            f"GET {TRUNKS}/{{trunkId}}/usage",
            f"POST {TRUNKS}/actions/fqdnValidation/invoke",
            *(f"{method} {GROUPS}" for method in ("GET", "POST")),
            *(f"{method} {GROUPS}/{{routeGroupId}}" for method in ("GET", "PUT", "DELETE")),
            f"GET {GROUPS}/{{routeGroupId}}/usage",
            "GET /locations",
        }


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


def test_a_trunk_that_others_use_stays_under_another_name(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    hand = Hand("webex:Trunk", server.env, monkeypatch)
    assert hand.up(marker=STACK, location=LOCATION) == "create"
    gateways = {"name": "theirs", "localGateways": [{"id": hand.id, "priority": 1}]}
    ask(server, "POST", "routeGroups", gateways).raise_for_status()
    id = hand.id
    hand.destroy()
    [kept] = [each for each in server.state()["webex"]["trunks"] if each["id"] == id]
    assert kept["name"] == "was xtel p s webex"
    told = "it stays, called 'was xtel p s webex', for it also carries the calls of 1 route group"
    assert any(told in warning for warning in hand.warnings)
    server.control("POST", "reset")


def test_a_trunk_that_is_found_without_its_password_gets_another(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state was lost, and Webex tells nobody."""
    server.control("POST", "reset")
    first, again = (Hand("webex:Trunk", server.env, monkeypatch) for _ in range(2))
    assert first.up(marker=STACK, location=LOCATION) == "create"
    assert again.up(marker=STACK, location=LOCATION) == "create"
    assert (again.id, again.state["trunk_name"]) == (first.id, first.state["trunk_name"])
    assert again.state["password"] != first.state["password"]
    assert any("whose password is new" in warning for warning in again.warnings)
    password = again.state["password"]
    assert again.up(marker="xtel/p/renamed/webex", location=LOCATION) == "update"
    assert again.state["password"] == password
    again.destroy()
    server.control("POST", "reset")


def test_a_trunk_in_no_location_is_refused_before_anything_is_made(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.control("POST", "reset")
    before = server.state()["webex"]["trunks"]
    with pytest.raises(errors.NotFound, match="there is no location 'Nowhere'"):
        Hand("webex:Trunk", server.env, monkeypatch).up(marker=STACK, location="Nowhere")
    assert server.state()["webex"]["trunks"] == before


REFUSED = (
    ({"domain": "example.net"}, "(code 25024, HTTP 400, request ", "next: claim and verify the domain in Control Hub"),
    ({}, "(code 27571, HTTP 409, request ", "next: another trunk has this host and port: remove that one"),
    (
        {"address": "srv"},
        "(code 27571, HTTP 409, request ",
        "next: another trunk has this host and port: remove that one",
    ),
)


@pytest.mark.parametrize(("change", "code", "step"), REFUSED)
def test_a_certificate_based_trunk_is_refused_in_the_preview_and_when_it_is_made(
    server: Server, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], code: str, step: str
) -> None:
    server.control("POST", "reset")
    inputs = {"marker": STACK, "location": LOCATION, **CERTIFICATE, **change}
    for theirs in ({"address": "sbc1", "port": 5061}, {"address": "srv"}):
        location = ask(server, "GET", "trunks").json()["trunks"][0]["location"]["id"]
        body = {"name": theirs["address"], "locationId": location, "password": "Theirs-0001", "maxConcurrentCalls": 250}
        made = {**body, "trunkType": "CERTIFICATE_BASED", "domain": "example.com", **theirs}
        ask(server, "POST", "trunks", made).raise_for_status()
    if inputs["address"] == "srv":
        del inputs["port"]
    before = server.state()["webex"]
    hand = Hand("webex:Trunk", server.env, monkeypatch)
    refused, notice = hand.reconciler.look(hand.check(**inputs))
    with pytest.raises(errors.CarrierError) as caught:
        hand.up(**inputs)
    for text in (refused, str(caught.value)):
        assert code in text
        assert step in text
    assert notice == ""
    assert server.state()["webex"] == before
    server.control("POST", "reset")


@pytest.mark.parametrize("location", [LOCATION, BRANCH])
def test_nobody_is_told_to_remove_a_trunk_of_the_stacks_own(
    server: Server, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """One FQDN moved to another location: the trunk that has it is ours, with calls on it."""
    server.control("POST", "reset")
    first, again = (Hand("webex:Trunk", server.env, monkeypatch) for _ in range(2))
    theirs = {BRANCH: LOCATION, LOCATION: BRANCH}[location]
    assert first.up(marker=STACK, location=theirs, **CERTIFICATE) == "create"
    refused, _ = again.reconciler.look(again.check(marker=STACK, location=location, **CERTIFICATE))
    with pytest.raises(errors.CarrierError) as caught:
        again.up(marker=STACK, location=location, **CERTIFICATE)
    for text in (refused, str(caught.value)):
        assert f"is this stack's trunk in {theirs} (code 27571, " in text
        assert text.endswith("next: remove its numbers, apply, add them again")
    server.control("POST", "reset")


@pytest.mark.parametrize("statuses", [(403,), (404, 403), (404, 404), (405, 405)], ids=str)
def test_who_may_not_ask_is_shown_the_plan_all_the_same(
    server: Server, monkeypatch: pytest.MonkeyPatch, statuses: tuple[int, ...]
) -> None:
    """To validate needs the scope to write, and a call that is there."""
    server.control("POST", "reset")
    for path, status in zip((VALIDATE, f"/v1{TRUNKS}/actions/fqdnValidation/invoke"), statuses, strict=False):
        server.fault(f"POST {path}", "status", status=status)
    hand = Hand("webex:Trunk", server.env, monkeypatch)
    assert hand.reconciler.look(hand.check(marker=STACK, location=LOCATION, **CERTIFICATE)) == ("", "")
    server.control("POST", "reset")


def test_two_that_others_use_stay_under_two_names(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    trunks = [TRUNK, OTHER]
    groups = [Hand("webex:RouteGroup", server.env, monkeypatch) for _ in trunks]
    for hand, name in zip(groups, trunks, strict=True):
        assert hand.up(marker=STACK, trunks=[{"trunk": name}]) == "create"
        way = {"routeId": hand.id, "routeType": "ROUTE_GROUP"}
        ask(server, "POST", "dialPlans", {"name": f"theirs by {name}", **way}).raise_for_status()
    before = {each["id"]: each["localGateways"] for each in server.state()["webex"]["route_groups"]}
    ids = [hand.id for hand in groups]
    for hand in groups:
        hand.destroy()
    after = {each["id"]: each for each in server.state()["webex"]["route_groups"]}
    assert {id: each["localGateways"] for id, each in after.items()} == before
    first, second = (after[id]["name"] for id in ids)
    assert first == "was xtel p s webex"
    assert second.startswith("was xtel p s we ")
    for hand, name in zip(groups, (first, second), strict=True):
        told = f"it stays, called {name!r}, for it also carries the calls of 1 dial plan"
        assert any(told in warning for warning in hand.warnings)
    server.control("POST", "reset")


def test_a_route_group_of_a_trunk_that_is_not_there_is_refused_in_the_preview(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand("webex:RouteGroup", server.env, monkeypatch)
    trunks = [{"trunk": TRUNK}, {"location": "Made first"}, {"trunk": "Nobody's"}]
    refused, _ = hand.reconciler.look(hand.check(marker=STACK, trunks=trunks))
    assert 'there is no trunk "Nobody\'s"' in refused
    assert "next: make it in Control Hub" in refused


def test_a_route_group_takes_ten_trunks_at_most_and_each_once(server: Server) -> None:
    server.control("POST", "reset")
    one, *_ = ask(server, "GET", "trunks").json()["trunks"]
    gateway = {"id": one["id"], "priority": 1}
    for gateways, status, code in (([], 400, 25043), ([gateway] * 11, 400, 25043), ([gateway] * 2, 400, 25008)):
        refused = ask(server, "POST", "routeGroups", {"name": "one", "localGateways": gateways})
        assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (status, code)
    made = ask(server, "POST", "routeGroups", {"name": "one", "localGateways": [gateway]})
    assert made.status_code == 201
    assert ask(server, "POST", "routeGroups", {"name": "one", "localGateways": [gateway]}).status_code == 409
    shown = ask(server, "GET", f"routeGroups/{made.json()['id']}").json()
    assert shown.keys() == {"name", "organization", "localGateways"}
    assert shown["localGateways"][0].keys() == {"id", "name", "locationId", "priority"}
    server.control("POST", "reset")


def test_a_group_stops_calls_only_when_every_trunk_of_it_is_offline(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.control("POST", "reset")
    group = next(each for each in server.state()["webex"]["route_groups"])
    plan = ask(server, "POST", "dialPlans", {"name": "p", "routeId": group["id"], "routeType": "ROUTE_GROUP"}).json()
    added = {"dialPatterns": [{"dialPattern": NUMBER, "action": "ADD"}]}
    ask(server, "PUT", f"dialPlans/{plan['id']}/dialPatterns", added).raise_for_status()
    session = Hand("webex:DialPlan", server.env, monkeypatch).reconciler.session

    def stops() -> list[str]:
        found = session.ask(lambda api: [*on_the_way(api, NUMBER)])
        return [stop.why for each in found for stop in each.stops]

    assert stops() == []
    server.switch(webex_gateways="offline")
    assert stops() == [f"every trunk of route group {group['name']} is offline"]
    server.switch(webex_gateways="online")
    server.control("POST", "reset")
