"""Vonage's specification decides: what our code sends, and what the sandbox answers, is what it declares.

With the Numbers API beside the project every request and answer is held against it; without it this test has nothing to ask:
no SDK of Vonage is installed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.kernel import registry
from providers.kernel.session import Session
from tests import contract
from tests.conformance.lives import lived
from tests.conformance.subjects.vonage import NUMBER, PBX, SUBJECT
from tests.contract import Contract, Exchange
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("vonage_numbers.openapi.json")
for _document in DOCUMENTS:  # the specification marks no property as required: what has no value is left out
    for _schema in _document["components"]["schemas"].values():
        _schema["x-class-extra-annotation"] = "NON_NULL"
#: Another document's: the account's own API.
BALANCE = "/account/get-balance"
TAKEN = "+442079460044"


def _refusal(exchange: Exchange) -> Iterator[str]:
    if set(exchange.body) != {"error-code", "error-code-label"}:
        yield f"an error holds its code and its label, not {', '.join(exchange.body)}"
    elif exchange.body["error-code"] != str(exchange.status):
        yield "the code is not the status"


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Exchange]]:
    """Our own objects through their whole lives: every change, one that is taken over, one that is bought and given back."""
    with contract.heard(server) as (said, patch):
        made = lived(SUBJECT, server.env, patch)
        taken = Hand("vonage:Attachment", server.env, patch)
        taken.up(marker=f"xtel/p/s/{TAKEN}", phone_number=TAKEN, uri=PBX, take_over=True)
        taken.destroy()
        bought = made["Purchase"]
        bought.up(**{**bought.inputs, "on_delete": "release"})
        patch.setenv("XTEL_ALLOW_RELEASE", bought.id)
        for kind in reversed(made):
            made[kind].destroy()
        session = Session(registry.vendor("vonage"), lambda key: None)
        assert session.account() == server.env["VONAGE_API_KEY"]
        yield said


def numbers(server: Server) -> dict[str, dict[str, Any]]:
    return {f"+{each['msisdn']}": each for each in server.state()["vonage"]["numbers"]}


def test_what_was_there_before_is_there_again(ours: list[Exchange], server: Server) -> None:
    left = numbers(server)
    assert set(left) == {NUMBER, TAKEN}
    assert (left[TAKEN]["voiceCallbackType"], left[TAKEN]["voiceCallbackValue"]) == ("tel", "442079460045")
    assert "voiceCallbackType" not in left[NUMBER]
    assert server.state()["counters"] == {"purchases": 1, "releases": 1}


def test_every_request_and_answer_is_as_declared(ours: list[Exchange]) -> None:
    held = Contract(DOCUMENTS, _refusal, frozenset({BALANCE}))
    if DOCUMENTS:
        assert [problem for exchange in ours for problem in held.problems(exchange)] == []
        assert {path for _, path in held.seen} == set(DOCUMENTS[0]["paths"]), "every call that is documented"


def test_forms_only(server: Server) -> None:
    env = server.env
    login = (env["VONAGE_API_KEY"], env["VONAGE_API_SECRET"])
    form = {"country": "US", "msisdn": NUMBER[1:], "voiceCallbackType": "sip", "voiceCallbackValue": PBX}
    refused = [
        (415, {"json": form}),
        (420, {"data": {**form, "surprise": "x"}}),
        (420, {"data": {**form, "country": "GB"}}),
        (420, {"data": {**form, "voiceCallbackValue": "not-a-uri"}}),
        (420, {"data": {name: value for name, value in form.items() if name != "voiceCallbackType"}}),
        (420, {"data": {**form, "msisdn": "14155550199"}}),
    ]
    for status, options in refused:
        answer = server.http.post("/number/update", auth=login, **options)
        assert (answer.status_code, answer.json()["error-code"]) == (status, str(status)), options
    assert server.http.get("/account/numbers", params={"api_key": login[0], "api_secret": login[1]}).status_code == 401


@pytest.mark.parametrize("semantics", ["replaces", "merges"])
def test_an_update_keeps_what_the_record_shows_and_a_callback_goes_either_way(
    server: Server, monkeypatch: pytest.MonkeyPatch, semantics: str
) -> None:
    server.control("POST", "reset")
    server.control("POST", "switches", {"vonage.update": semantics})
    seed = {
        "phone_number": "+14155550165",
        "app_id": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        "moHttpUrl": "https://x.example/sms",
    }
    server.control("POST", "seed", {"vonage": {"numbers": [seed]}})
    before = numbers(server)["+14155550165"]
    hand = Hand("vonage:Attachment", server.env, monkeypatch)
    hand.up(marker="xtel/p/s/+14155550165", phone_number="+14155550165", uri=PBX, take_over=True)
    now = numbers(server)["+14155550165"]
    assert now == {**before, "voiceCallbackType": "sip", "voiceCallbackValue": PBX}
    assert any("voice status callback" in warning for warning in hand.warnings)
    hand.destroy()
    assert numbers(server)["+14155550165"] == before
    server.control("POST", "reset")
