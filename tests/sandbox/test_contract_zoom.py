"""The types of Zoom's SDK decide: what our code sends, and what the sandbox answers, is what they declare.

With the cut beside the project every request and answer is held against it; without it this test has nothing to ask.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from providers.kernel import errors, registry
from providers.kernel.session import Session
from tests import contract
from tests.conformance.subjects.zoom import BYOC_NUMBERS, CARRIER, GROUP, NUMBER, NUMBERS, OTHER, RULES
from tests.contract import Contract, Exchange
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("zoom_phone_cut.json")
for _document in DOCUMENTS:  # its paths are below the version
    _document["paths"] = {f"/v2{path}": verbs for path, verbs in _document["paths"].items()}
TOKEN = "/oauth/token"
LINK = {"marker": f"xtel/p/s/{NUMBER}", "phone_number": NUMBER, "sip_group": GROUP}


def _refusal(exchange: Exchange) -> Iterator[str]:
    if not {"code", "message"} <= set(exchange.body) <= {"code", "message", "errors"}:
        yield f"an error holds its code and its message, not {', '.join(exchange.body)}"


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Exchange]]:
    """A rule and a BYOC number through their whole lives, the number's own record among them."""
    with contract.heard(server) as (said, patch):
        hand = Hand("zoom:Attachment", server.env, patch)
        assert hand.up(**LINK) == "create"
        assert hand.up(**{**LINK, "sip_group": OTHER, "translation": "+14155550199"}) == "update"
        assert hand.refresh()
        assert hand.up(**LINK) == "update"
        hand.destroy()
        number = Hand("zoom:ByocNumber", server.env, patch)
        assert number.up(**LINK, byoc_carrier=CARRIER) == "create"
        assert number.up(**{**LINK, "sip_group": OTHER}, byoc_carrier=CARRIER) == "update"
        assert number.reconciler.session.ask(number.reconciler.object.listed, number.id, number.state)
        assert number.refresh()
        number.destroy()
        session = Session(registry.vendor("zoom"), lambda key: None)
        assert session.account() == server.env["ZOOM_ACCOUNT_ID"]
        yield said


def test_every_request_and_answer_is_as_declared(ours: list[Exchange], server: Server) -> None:
    assert server.state()["zoom"]["routing_rules"] == server.state()["zoom"]["byoc_numbers"] == []
    held = Contract(DOCUMENTS, _refusal, frozenset({TOKEN}), lacking=True)
    if DOCUMENTS:
        assert [problem for exchange in ours for problem in held.problems(exchange)] == []
        number = f"{NUMBERS}/{{phoneNumberId}}"
        assert held.seen >= {(method, f"{RULES}/{{routingRuleId}}") for method in ("PATCH", "DELETE")}
        assert held.seen >= {("GET", RULES), ("POST", RULES), ("GET", "/v2/phone/sip_groups"), ("POST", BYOC_NUMBERS)}
        assert held.seen >= {("GET", NUMBERS), ("DELETE", NUMBERS), ("GET", number), ("PATCH", number)}


def as_admin(server: Server, method: str, path: str, **options: Any) -> httpx.Response:
    token = server.control("GET", "secrets")["zoom"]["access_tokens"]["main"]
    return server.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **options)


def test_a_rule_is_read_in_another_shape_than_it_is_written(server: Server) -> None:
    server.control("POST", "reset")
    group = server.state()["zoom"]["sip_groups"][0]["id"]
    written = {"name": "a", "number_pattern": "^1$", "type": "sip_group", "sip_group_id": group, "site_id": "here"}
    made = as_admin(server, "POST", RULES, json=written)
    assert (made.status_code, set(made.json())) == (201, {"routing_rule_id", "name"})
    assert made.headers["x-zm-trackingid"]
    id = made.json()["routing_rule_id"]
    shown = {"name": "a", "number_pattern": "^1$", "order": 1, "site_id": "here"} | {
        "routing_path": {"type": "sip_group", "sip_group": {"id": group, "name": GROUP}}
    }
    assert as_admin(server, "GET", RULES).json() == [{"routing_rule_id": id, **shown}]
    assert as_admin(server, "PATCH", f"{RULES}/{id}", json={"site_id": "there", "name": "b"}).status_code == 204
    assert as_admin(server, "GET", f"{RULES}/{id}").json() == {**shown, "name": "b"}


@pytest.mark.parametrize(
    ("status", "code", "body"),
    [
        (400, 300, {"name": "b", "number_pattern": "^1$", "type": "pstn"}),
        (400, 300, {"name": "b", "number_pattern": "^2$", "type": "sip_group"}),
        (400, 300, {"name": "b", "number_pattern": "(", "type": "pstn"}),
        (400, 300, {"name": "b", "number_pattern": "^2$", "type": "pstn", "surprise": 1}),
        (400, 300, {"name": "b", "type": "pstn"}),
    ],
    ids=["duplicate", "no SIP group", "no pattern of PCRE", "unknown field", "no pattern"],
)
def test_wrong_rules_are_refused(server: Server, status: int, code: int, body: dict[str, Any]) -> None:
    server.control("POST", "reset")
    as_admin(server, "POST", RULES, json={"name": "a", "number_pattern": "^1$", "type": "pstn"}).raise_for_status()
    answer = as_admin(server, "POST", RULES, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(as_admin(server, "GET", RULES).json()) == 1


def test_sip_groups_are_there_and_nobody_makes_one(server: Server) -> None:
    assert as_admin(server, "POST", "/v2/phone/sip_groups", json={}).status_code == 405
    first = as_admin(server, "GET", "/v2/phone/sip_groups", params={"page_size": 1}).json()
    more = {"page_size": 1, "next_page_token": first["next_page_token"]}
    second = as_admin(server, "GET", "/v2/phone/sip_groups", params=more).json()
    assert [first["sip_groups"][0]["display_name"], second["sip_groups"][0]["display_name"]] == [GROUP, OTHER]
    assert second["next_page_token"] == ""


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", BYOC_NUMBERS, {"json": {"carrier": CARRIER, "phone_numbers": [NUMBER]}}),
        ("POST", BYOC_NUMBERS, {"json": {"carrier": CARRIER, "phone_numbers": ["4155550182"]}}),
        ("POST", BYOC_NUMBERS, {"json": {"carrier": CARRIER, "phone_numbers": []}}),
        ("POST", BYOC_NUMBERS, {"json": {"phone_numbers": ["+14155550182"]}}),
        ("POST", BYOC_NUMBERS, {"json": {"carrier": CARRIER, "phone_numbers": ["+14155550182"], "sip_group_id": "x"}}),
        ("POST", BYOC_NUMBERS, {"json": {"carrier": CARRIER, "phone_numbers": ["+14155550182"], "surprise": 1}}),
        ("GET", NUMBERS, {"params": {"type": "mine"}}),
        ("GET", NUMBERS, {"params": {"page_size": 101}}),
        ("GET", NUMBERS, {"params": {"number": NUMBER}}),
        ("DELETE", NUMBERS, {}),
        ("DELETE", NUMBERS, {"params": {"phone_numbers": NUMBER}}),
        ("DELETE", NUMBERS, {"params": {"phone_numbers": "+14155550182"}}),
    ],
    ids=[
        *("there already", "not E.164", "no number", "no carrier", "no such SIP group", "unknown field"),
        *("unknown type", "too large a page", "unknown filter", "nothing named", "assigned", "not there"),
    ],
)
def test_wrong_calls_about_numbers_are_refused(server: Server, method: str, path: str, options: dict[str, Any]) -> None:
    server.control("POST", "reset")
    theirs = {"phone_number": NUMBER, "carrier": CARRIER, "sip_group": GROUP, "assignee": "Ada"}
    server.control("POST", "seed", {"zoom": {"byoc_numbers": [theirs]}})
    answer = as_admin(server, method, path, **options)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)
    assert len(server.state()["zoom"]["byoc_numbers"]) == 1


def test_numbers_come_in_pages_and_by_type(server: Server) -> None:
    server.control("POST", "reset")
    numbers = [f"+1415555018{last}" for last in range(5)]
    theirs = [{"phone_number": each, "carrier": CARRIER} for each in numbers]
    server.control("POST", "seed", {"zoom": {"byoc_numbers": [{**theirs[0], "assignee": "Ada"}, *theirs[1:]]}})
    seen: list[str] = []
    token = ""
    while token or not seen:
        page = as_admin(
            server, "GET", NUMBERS, params={"type": "byoc", "page_size": 2, "next_page_token": token or "0"}
        )
        seen += [each["number"] for each in page.json()["phone_numbers"]]
        token = page.json()["next_page_token"]
    assert seen == numbers
    listed = {
        kind: [each["number"] for each in as_admin(server, "GET", NUMBERS, params=kind).json()["phone_numbers"]]
        for kind in ("type=assigned", "type=unassigned", "extension_type=callQueue", "type=all")
    }
    assert listed == dict(zip(listed, (numbers[:1], numbers[1:], [], numbers), strict=True))
    removed = as_admin(server, "DELETE", NUMBERS, params={"phone_numbers": numbers[1:3]})
    assert removed.status_code == 204
    assert [each["number"] for each in server.state()["zoom"]["byoc_numbers"]] == [numbers[0], *numbers[3:]]
    id = server.state()["zoom"]["byoc_numbers"][0]["id"]
    assert as_admin(server, "PATCH", f"{NUMBERS}/{id}", json={"display_name": "Desk"}).status_code == 204
    assert as_admin(server, "GET", f"{NUMBERS}/{id}").json()["display_name"] == "Desk"
    assert as_admin(server, "PATCH", f"{NUMBERS}/none", json={"display_name": "Desk"}).status_code == 404


def test_a_token_that_ended_is_renewed_and_the_request_made_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.control("POST", "reset")
    hand = Hand("zoom:Attachment", server.env, monkeypatch)
    server.control("POST", "faults", {"match": f"POST {RULES}", "action": "status", "status": 401})
    assert hand.up(**LINK) == "create"
    assert len(server.state()["zoom"]["routing_rules"]) == 1
    asked = [entry for entry in server.control("GET", "log") if entry["path"] == TOKEN]
    assert len(asked) == 2
    server.control("POST", "reset")


def test_a_wrong_secret_names_the_credentials(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand("zoom:Attachment", {**server.env, "ZOOM_CLIENT_SECRET": "wrong"}, monkeypatch)
    with pytest.raises(errors.XtelError, match="Invalid client_id or client_secret"):
        hand.up(**LINK)


def test_a_rule_that_was_renamed_is_seen_and_named_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name shows whose it is, so a destroy would leave it there."""
    server.control("POST", "reset")
    hand = Hand("zoom:Attachment", server.env, monkeypatch)
    assert hand.up(**LINK) == "create"
    [rule] = server.state()["zoom"]["routing_rules"]
    as_admin(server, "PATCH", f"{RULES}/{rule['routing_rule_id']}", json={"name": "theirs"}).raise_for_status()
    assert hand.refresh()
    assert hand.up(**LINK) == "update"
    assert server.state()["zoom"]["routing_rules"] == [rule]
    hand.destroy()
    assert server.state()["zoom"]["routing_rules"] == []


def test_both_kinds_of_too_many(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the second there are counts alone; by the day `Retry-After` is a date in UTC."""
    server.control("POST", "reset")
    counts = {"X-RateLimit-Category": "Medium", "X-RateLimit-Type": "QPS", "X-RateLimit-Remaining": "0"}
    took: list[float] = []
    for daily in (False, True):
        until = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"X-RateLimit-Type": "Daily-limit", "Retry-After": until} if daily else {}
        fault = {"match": f"POST {RULES}", "action": "status", "status": 429, "headers": {**counts, **told}}
        server.control("POST", "faults", fault)
        hand = Hand("zoom:Attachment", server.env, monkeypatch)
        begun = time.monotonic()
        assert hand.up(**LINK) == "create"
        took.append(time.monotonic() - begun)
        hand.destroy()
    assert took[1] >= 0.5, "until the time that was told"
    assert max(took) < 10
    server.control("POST", "reset")


def test_a_sip_group_by_its_id_and_one_that_is_not_there(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    id = next(each["id"] for each in server.state()["zoom"]["sip_groups"] if each["display_name"] == GROUP)
    hand = Hand("zoom:Attachment", server.env, monkeypatch)
    assert hand.up(**{**LINK, "sip_group": id}) == "create"
    assert hand.refresh()
    assert hand.up(**{**LINK, "sip_group": id}) == "same"
    hand.destroy()
    with pytest.raises(errors.XtelError, match="there is no SIP group 'Nowhere'"):
        Hand("zoom:Attachment", server.env, monkeypatch).up(**{**LINK, "sip_group": "Nowhere"})
    assert server.state()["zoom"]["routing_rules"] == []
