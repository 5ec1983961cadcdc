"""Plivo's objects with the real SDK over HTTP: what is found, left alone, and put back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from providers.kernel import errors, http
from providers.kernel.route import Fallback, Leg, Login
from providers.kernel.session import Session
from providers.kernel.values import UNKNOWN, Target
from providers.plivo import CARRIER, Route
from tests.conformance.subjects.plivo import MARK, NUMBER, PASSWORD, PBX, TARGET, Plivo
from tests.conformance.wire import Wire
from tests.conftest import Sandbox
from tests.reconciling import Hand

OTHER = "+13035550164"
DEFAULT = "29986316244302815"
Make = Callable[..., Hand]


@pytest.fixture
def account(sandbox: Sandbox) -> Plivo:
    return Plivo(sandbox)


@pytest.fixture
def make(account: Plivo, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes an object of a kind; its hand keeps the inputs it was made with."""

    def one(kind: str, **inputs: Any) -> Hand:
        hand = Hand(f"plivo:{kind}", account.env(), monkeypatch)
        assert hand.up(**{"marker": MARK, **inputs}) == "create"
        return hand

    return one


@pytest.fixture
def trunk(make: Make) -> Hand:
    return make("Trunk", primary=make("Uri", uri=TARGET).id)


def application(account: Plivo, name: str = "IVR") -> str:
    made = account.ask("POST", "Application/", app_name=name, answer_url="https://ivr.example.com/")
    return made.json()["app_id"]


def linked(account: Plivo, number: str = NUMBER) -> str:
    return str(account.owned(number)["application"] or "").rstrip("/").rsplit("/", 1)[-1]


def test_objects_are_found_by_their_marker_beyond_the_first_page(make: Make, account: Plivo, sandbox: Sandbox) -> None:
    uri = make("Uri", uri=TARGET)
    trunk = make("Trunk", primary=uri.id)
    for count in range(45):
        theirs = account.ask("POST", "Zentrunk/URI/", name=f"other {count}", uri="pbx.example.com").json()["uri_uuid"]
        body = {"name": f"other {count}", "trunk_direction": "inbound", "primary_uri_uuid": theirs}
        account.ask("POST", "Zentrunk/Trunk/", **body)
    assert make("Uri", uri=TARGET, username="xai-nyc", password=PASSWORD).id == uri.id
    assert make("Trunk", primary=uri.id, secure=True).id == trunk.id
    state = sandbox.state()["plivo"]
    assert [(found["secure"]) for found in state["trunks"] if found["name"] == MARK] == [True]
    assert sum(found["name"] == MARK for found in state["uris"]) == 1


def test_the_application_it_had_gets_the_calls_again(trunk: Hand, make: Make, account: Plivo) -> None:
    with pytest.raises(errors.Conflict, match=f"application {DEFAULT} gets its calls; next: `take_over: true`"):
        make("Attachment", phone_number=OTHER, trunk_id=trunk.id)
    hand = make("Attachment", phone_number=OTHER, trunk_id=trunk.id, take_over=True)
    assert linked(account, OTHER) == trunk.id
    hand.destroy()
    assert linked(account, OTHER) == DEFAULT
    assert hand.warnings == []


def test_an_application_that_is_gone_is_said_and_does_not_stop_a_destroy(
    trunk: Hand, make: Make, account: Plivo
) -> None:
    app = application(account)
    account.link(NUMBER, app)
    hand = make("Attachment", phone_number=NUMBER, trunk_id=trunk.id, take_over=True)
    account.ask("DELETE", f"Application/{app}/")
    hand.destroy()
    assert [warning.split(":")[0] for warning in hand.warnings] == [f"{app}, which it had before, is gone"]
    trunk.destroy()
    assert linked(account) == ""


def test_a_number_that_somebody_moved_stays_there(trunk: Hand, make: Make, account: Plivo) -> None:
    hand = make("Attachment", phone_number=NUMBER, trunk_id=trunk.id)
    app = application(account)
    account.link(NUMBER, app)
    hand.destroy()
    assert linked(account) == app


def test_a_number_left_on_a_shared_trunk_is_said(make: Make, account: Plivo) -> None:
    shared = make("Trunk", marker="xtel/p/s/plivo", primary=make("Uri", uri=TARGET).id)
    hand = make("Attachment", phone_number=NUMBER, trunk_id=shared.id)
    hand.destroy()
    assert linked(account) == shared.id
    assert f"it stays on trunk {shared.id} until that goes; next: give it an application" in hand.warnings[0]


def test_a_preview_knows_our_trunk_by_its_marker(trunk: Hand, make: Make, account: Plivo) -> None:
    hand = make("Attachment", phone_number=NUMBER, trunk_id=trunk.id)
    asked = {"marker": MARK, "phone_number": NUMBER, "trunk_id": UNKNOWN}
    assert hand.reconciler.look(asked) == ("", "")
    account.occupy(NUMBER)
    assert f"trunk {linked(account)} gets its calls" in hand.reconciler.look(asked)[0]


def test_a_lost_link_is_seen_with_the_way_back(trunk: Hand, make: Make, account: Plivo, sandbox: Sandbox) -> None:
    sandbox.fault("POST /v1/Account/*/Number/*/", "drop_after")
    hand = make("Attachment", phone_number=OTHER, trunk_id=trunk.id, take_over=True)
    assert hand.state["previous"] == {"app_id": DEFAULT}
    hand.destroy()
    assert linked(account, OTHER) == DEFAULT


def test_a_uri_is_not_deleted_under_a_trunk(make: Make, account: Plivo, sandbox: Sandbox) -> None:
    """Plivo would delete the trunk with it, whoever made that one."""
    uri, other = make("Uri", uri=TARGET), make("Uri", uri=PBX, role="fallback")
    body = {"name": "theirs", "trunk_direction": "inbound", "primary_uri_uuid": uri.id, "fallback_uri_uuid": other.id}
    theirs = account.ask("POST", "Zentrunk/Trunk/", **body).json()["trunk_id"]
    for hand in (uri, other):
        hand.destroy()
        assert f"it also carries the calls of trunk {theirs}" in hand.warnings[-1]
    assert [trunk["trunk_id"] for trunk in sandbox.state()["plivo"]["trunks"]] == [theirs]
    assert not any(found["name"].startswith("xtel/") for found in sandbox.state()["plivo"]["uris"])


def test_a_fallback_comes_and_goes(trunk: Hand, make: Make, sandbox: Sandbox) -> None:
    fallback, inputs = make("Uri", uri=PBX, role="fallback"), dict(trunk.inputs)
    assert trunk.up(**inputs, fallback=fallback.id) == "update"
    assert sandbox.state()["plivo"]["trunks"][0]["fallback_uri_uuid"] == fallback.id
    assert trunk.up(**inputs) == "update"
    fallback.destroy()
    assert trunk.refresh()
    assert trunk.up(**inputs) == "same"


def test_a_fallback_that_stays_is_an_error_before_its_uri_goes(
    trunk: Hand, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page says how a fallback is taken off: if null is not heard, the trunk must not fall with its old URI."""
    fallback, inputs = make("Uri", uri=PBX, role="fallback"), dict(trunk.inputs)
    trunk.up(**inputs, fallback=fallback.id)
    wire = Wire()
    wire.fault = _deaf_to_null
    monkeypatch.setattr(http, "network", lambda: wire)
    with pytest.raises(errors.NotApplied, match="it was accepted, but not done: fallback .*; next: "):
        trunk.up(**inputs)
    with pytest.raises(errors.Conflict, match=f"trunk {trunk.id} points at it"):
        fallback.destroy()


def _deaf_to_null(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    body = {name: value for name, value in json.loads(request.content).items() if value is not None}
    headers = {name: request.headers[name] for name in ("authorization", "content-type")}
    return httpx.HTTPTransport().handle_request(httpx.Request(request.method, request.url, headers=headers, json=body))


def test_a_number_of_another_account_is_named(trunk: Hand, make: Make) -> None:
    with pytest.raises(errors.NotFound, match="does not own the number.*next: buy or port it at Plivo"):
        make("Attachment", phone_number="+12125550199", trunk_id=trunk.id)


def test_an_error_has_the_id_that_support_asks_for(make: Make) -> None:
    with pytest.raises(errors.NotFound, match=r"HTTP 404, request [0-9a-f-]{36}\)"):
        make("Trunk", primary="00000000-0000-4000-8000-000000000000")


def test_what_is_no_auth_id_is_said(account: Plivo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**account.env(), "PLIVO_AUTH_ID": "somebody"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(errors.CredentialError, match="PLIVO_AUTH_ID is not an auth id: 20 characters.*next: copy it"):
        Session(CARRIER, lambda key: None).account()


def test_route_is_pure_and_in_order() -> None:
    pieces = Route(secure=True).objects(
        Leg(NUMBER, Target(number=NUMBER), (Fallback(uri=PBX),), login=Login("xai-nyc", "made"))
    )
    assert [piece.name for piece in pieces] == ["uri", "fallback-1", "trunk", "attachment"]
    assert pieces[0].inputs == {"uri": TARGET, "username": "xai-nyc", "password": "made"}
    assert pieces[1].inputs == {"uri": PBX, "role": "fallback"}
    assert pieces[2].inputs["secure"] is True
    assert [piece.name for piece in pieces if piece.last] == ["attachment"]
    assert not any(piece.shared for piece in pieces)


def test_a_shared_route_names_the_host_alone_and_has_no_login() -> None:
    leg = Leg(NUMBER, Target(number=NUMBER), (Fallback(uri=PBX),))
    pieces = Route(trunk="shared").objects(leg)
    assert pieces[0].inputs == {"uri": "sip:sip.voice.x.ai;transport=tls"}
    assert [piece.name for piece in pieces if piece.shared] == ["uri", "fallback-1", "trunk"]
    with pytest.raises(ValueError, match=r"one login, for all its numbers: write auth: \{allow: \[plivo\]\}"):
        Route(trunk="shared").objects(Leg(NUMBER, Target(number=NUMBER), login=Login("xai-nyc", "made")))
