"""Twilio's objects with the real SDK over HTTP: what is found, left alone, and put back."""

from __future__ import annotations

from typing import Any

import pytest

from providers.kernel import errors
from providers.kernel.route import Fallback, Leg
from providers.kernel.values import Target
from providers.twilio import Route
from tests.conftest import Sandbox
from tests.reconciling import Hand

E164 = "+14155550100"
MARK = "xtel/p/s/+14155550100"
TRUNK = {"marker": MARK, "transfer_mode": "enable-all", "secure": True}


class Account:
    """Requests to the sandbox's Twilio as somebody with the console would make them."""

    def __init__(self, sandbox: Sandbox) -> None:
        env = sandbox.env()
        self._http, self._auth = sandbox.http, (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
        self.base = f"/2010-04-01/Accounts/{env['TWILIO_ACCOUNT_SID']}"

    def post(self, path: str, **form: str) -> dict[str, Any]:
        return self._http.post(path, data=form, auth=self._auth).raise_for_status().json()

    def delete(self, path: str) -> None:
        self._http.delete(path, auth=self._auth).raise_for_status()

    def get(self, path: str) -> dict[str, Any]:
        return self._http.get(path, auth=self._auth).raise_for_status().json()


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return Account(sandbox)


@pytest.fixture
def trunk(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    hand = Hand("twilio:Trunk", sandbox.env(), monkeypatch)
    hand.up(**TRUNK)
    return hand


def attachment(trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> tuple[Hand, dict[str, Any]]:
    inputs = {"marker": MARK, "phone_number": E164, "trunk_sid": trunk.id}
    return Hand("twilio:Attachment", sandbox.env(), monkeypatch), inputs


def test_trunk_is_found_by_its_marker_and_not_doubled(
    trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = Hand("twilio:Trunk", sandbox.env(), monkeypatch)
    assert again.up(**{**TRUNK, "secure": False}) == "create"
    assert again.id == trunk.id
    trunks = sandbox.state()["twilio"]["trunks"]
    assert [(found["secure"], found["transfer_mode"]) for found in trunks] == [(False, "enable-all")]


def test_trunk_is_found_beyond_the_first_page(
    sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in range(60):
        account.post("/v1/Trunks", FriendlyName=f"other {count}")
    Hand("twilio:Trunk", sandbox.env(), monkeypatch).up(**TRUNK)
    again = Hand("twilio:Trunk", sandbox.env(), monkeypatch)
    again.up(**TRUNK)
    assert sum(found["friendly_name"] == MARK for found in sandbox.state()["twilio"]["trunks"]) == 1


def test_application_is_put_back(
    trunk: Hand, sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = account.post(f"{account.base}/Applications.json", FriendlyName="IVR", VoiceUrl="https://ivr.example.com/")[
        "sid"
    ]
    sid = sandbox.numbers("twilio")[E164]["sid"]
    account.post(f"{account.base}/IncomingPhoneNumbers/{sid}.json", VoiceApplicationSid=app)
    hand, inputs = attachment(trunk, sandbox, monkeypatch)
    with pytest.raises(errors.Conflict, match=f"it rings application {app}"):
        hand.up(**inputs)
    hand.up(**inputs, take_over=True)
    assert sandbox.numbers("twilio")[E164]["voice_application_sid"] in (None, "")
    hand.destroy()
    assert sandbox.numbers("twilio")[E164]["voice_application_sid"] == app


def test_what_is_gone_is_not_put_back_but_said(
    trunk: Hand, sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = account.post("/v1/Trunks", FriendlyName="theirs")["sid"]
    sid = sandbox.numbers("twilio")[E164]["sid"]
    account.post(f"/v1/Trunks/{theirs}/PhoneNumbers", PhoneNumberSid=sid)
    hand, inputs = attachment(trunk, sandbox, monkeypatch)
    hand.up(**inputs, take_over=True)
    account.delete(f"/v1/Trunks/{theirs}")
    hand.destroy()
    assert sandbox.numbers("twilio")[E164]["trunk_sid"] in (None, "")
    assert ", which it had before, is gone" in hand.warnings[-1]


def test_somebody_elses_attachment_is_not_detached(
    trunk: Hand, sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand, inputs = attachment(trunk, sandbox, monkeypatch)
    hand.up(**inputs)
    theirs = account.post("/v1/Trunks", FriendlyName="theirs")["sid"]
    account.post(f"/v1/Trunks/{theirs}/PhoneNumbers", PhoneNumberSid=hand.id)
    assert hand.refresh()
    hand.destroy()
    assert sandbox.numbers("twilio")[E164]["trunk_sid"] == theirs


def test_number_of_another_account_is_named(trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hand, inputs = attachment(trunk, sandbox, monkeypatch)
    with pytest.raises(errors.NotFound, match="does not own this number.*next: buy or port it"):
        hand.up(**{**inputs, "phone_number": "+14155550199"})


def test_partial_match_is_not_a_match(trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.seed({"twilio": {"numbers": [{"phone_number": "+141555501001"}]}})
    hand, inputs = attachment(trunk, sandbox, monkeypatch)
    hand.up(**inputs)
    assert hand.state["number_sid"] == sandbox.numbers("twilio")[E164]["sid"]


def test_api_key_opens_the_same_account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    env = sandbox.env(auth="apikey")
    monkeypatch.delenv("TWILIO_AUTH_TOKEN", raising=False)
    hand = Hand(
        "twilio:Trunk", {name: value for name, value in env.items() if name != "TWILIO_AUTH_TOKEN"}, monkeypatch
    )
    hand.up(**TRUNK)
    assert hand.state["account"] == env["TWILIO_ACCOUNT_SID"]


def test_route_is_pure_and_in_order() -> None:
    pieces = Route(transfer="sip-only").objects(Leg(E164, Target(number=E164)))
    assert [piece.name for piece in pieces] == ["trunk", "origination-url", "attachment"]
    assert pieces[0].inputs["transfer_mode"] == "sip-only"
    assert pieces[1].inputs["sip_url"] == f"sip:{E164}@sip.voice.x.ai;transport=tls"
    assert pieces[2].last


def test_a_url_is_written_as_guides_write_it() -> None:
    leg = Leg(E164, Target(number=E164), fallback=(Fallback.model_validate({"uri": "sip:pbx.example.com"}),))
    _, first, second, _ = Route(host_only=True, port=5061, priority=1).objects(leg)
    assert first.inputs | {"trunk_sid": ""} == {
        "trunk_sid": "", "sip_url": "sip:sip.voice.x.ai:5061;transport=tls", "priority": 1,
    }  # fmt: skip
    assert second.inputs["priority"] == 11
