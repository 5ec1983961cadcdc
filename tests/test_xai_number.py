"""PhoneNumber against the sandbox: rules before any request, in-place change, consent, secrets that nobody holds."""

from __future__ import annotations

from typing import Any

import pytest

from providers.kernel import errors, marker
from providers.kernel.values import UNKNOWN
from tests.conftest import Sandbox
from tests.reconciling import Hand

E164 = "+14155550100"
MARK = "xtel/p/s/+14155550100"
GOOD: dict[str, Any] = {
    "marker": MARK,
    "name": "Support",
    "phone_number": E164,
    "webhook": {"url": "https://voice.example.com/calls"},
    "sip_auth": {"allow": ["twilio"]},
}


@pytest.fixture
def number(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand("xai:PhoneNumber", sandbox.env(), monkeypatch)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "name: must not be empty"),
        ({"name": None}, "name: is required"),
        ({"origin": "sip"}, "origin: must be one of byo_trunk or xai_provisioned"),
        ({"phone_number": "14155550100"}, "phone_number: must start with +"),
        ({"phone_number": None}, "phone_number is required for origin byo_trunk"),
        ({"area_code": "415"}, "area_code is for origin xai_provisioned only"),
        (
            {"origin": "xai_provisioned", "phone_number": None, "sip_auth": None, "area_code": "115"},
            "3-digit US area code",
        ),
        ({"origin": "xai_provisioned"}, "sip_auth is for origin byo_trunk only"),
        ({"origin": "xai_provisioned", "sip_auth": None}, "cannot be given a webhook"),
        ({"agent_id": "agent_1"}, "agent_id and webhook exclude each other"),
        (
            {"sip_auth": {"auth_username": "u"}},
            "sip_auth: a digest needs username and password: auth_password is missing",
        ),
        ({"sip_auth": {"auth_password": "p"}}, "auth_username is missing"),
        ({"sip_auth": {"auth_username": "u", "auth_password": "p", "allow": ["twilio"]}}, "sip_auth: choose one"),
        ({"sip_auth": {"allow": ["0.0.0.0/0"]}}, "the whole internet"),
        ({"sip_auth": {"allow": ["nobody"]}}, "known ranges"),
        ({"webhook": {"url": "http://voice.example.com"}}, "webhook.url: must be an https:// URL"),
        (
            {"webhook": {"url": "https://a.example/", "auth_url": "https://b.example/"}},
            "webhook: auth_url needs auth_token",
        ),
        ({"nmae": "x"}, "nmae: is not a known key"),
    ],
)
def test_rules_hold_before_any_request(number: Hand, sandbox: Sandbox, change: dict[str, Any], reason: str) -> None:
    sandbox.forget_log()
    checked = number.reconciler.check({}, {**GOOD, **change})
    assert any(reason in str(problem) for problem in checked.problems), checked.problems
    assert sandbox.log() == []


def test_same_input_is_no_change(number: Hand) -> None:
    assert number.up(**GOOD) == "create"
    same = {
        **GOOD,
        "phone_number": "+1 415 555-0100",
        "webhook": {"url": "HTTPS://VOICE.example.com:443/calls"},
        "sip_auth": {"allow": [" Twilio "]},
        "sip_host": "SIP.voice.x.ai.",
    }
    assert number.up(**same) == "same"
    assert number.refresh()
    assert number.up(**GOOD) == "same"


@pytest.mark.parametrize("allow", [["twilio@2026-11-21"], ["twilio", "54.172.60.0/30"]])
def test_other_names_for_the_registered_networks_are_no_change(number: Hand, allow: list[str]) -> None:
    number.up(**GOOD)
    assert number.up(**{**GOOD, "sip_auth": {"allow": allow}}) == "same"


def test_name_and_agent_change_in_place(number: Hand, sandbox: Sandbox) -> None:
    plain = {**GOOD, "webhook": None, "agent_id": "agent_frontdesk0001"}
    number.up(**plain)
    sandbox.forget_log()
    assert number.up(**{**plain, "name": "Help", "agent_id": None}) == "update"
    assert sandbox.writes() == [f"PATCH /v2/phone-numbers/{number.id}"]
    assert not sandbox.numbers("xai")[E164].get("agent_id")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"webhook": {"url": "https://voice.example.com/v2"}}, "webhook.url"),
        ({"sip_auth": {"allow": ["twilio", "203.0.113.0/28"]}}, "sip_auth.allow, sip_auth.allowed_addresses"),
        ({"sip_host": "sip.eu.voice.x.ai"}, "sip_host"),
        ({"webhook": None, "agent_id": "agent_1"}, "webhook"),
    ],
)
def test_the_rest_needs_consent(
    number: Hand, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], path: str
) -> None:
    number.up(**GOOD)
    refusal = number.reconciler.check(number.inputs, {**GOOD, **change}).refusal
    assert refusal.startswith(f"{path} cannot change in place")
    assert not number.reconciler.check(number.inputs, {**GOOD, **change, "replace": "accept"}).refusal
    monkeypatch.setenv("XTEL_ALLOW_REPLACE", f"+19995550100, {E164}")
    assert not number.reconciler.check(number.inputs, {**GOOD, **change}).refusal


def test_consented_replacement_gives_a_live_secret(number: Hand, sandbox: Sandbox) -> None:
    number.up(**GOOD)
    first = number.state["signing_secret"]
    assert number.up(**{**GOOD, "webhook": {"url": "https://b.example/"}, "replace": "accept"}) == "replace"
    assert first != number.state["signing_secret"] == sandbox.secrets()["signing_secrets"][E164]


def test_a_replacement_keeps_the_secret_before_through_changes_in_place_and_refreshes(number: Hand) -> None:
    number.up(**GOOD)
    assert not number.state.get("previous_signing_secret")
    for allowed in ("203.0.113.0/28", "203.0.113.0/29"):
        before = number.state["signing_secret"]
        assert number.up(**{**GOOD, "replace": "accept", "sip_auth": {"allow": [allowed]}}) == "replace"
        assert number.state["previous_signing_secret"] == before != number.state["signing_secret"]
    number.up(**{**GOOD, "name": "Help", "sip_auth": {"allow": ["203.0.113.0/29"]}})
    assert number.refresh()
    assert number.state["previous_signing_secret"] == before
    number.destroy()
    number.up(**GOOD)
    assert not number.state.get("previous_signing_secret")


def test_a_secret_stays_with_its_own_number(number: Hand) -> None:
    """A registration that was deleted leaves nothing to another number's."""
    number.up(**GOOD)
    number.reconciler.session.declared.add(E164)
    with number._doing(number.state):
        number.reconciler.delete(number.id, number.state)
        number.inputs = {}
        _, other = number.reconciler.create(number.check(**{**GOOD, "phone_number": "+14155550101", "marker": "other"}))
    assert not other.get("previous_signing_secret")


def test_a_replacement_is_validated_as_create_will_see_it_before_anything_is_deleted(number: Hand) -> None:
    number.up(**GOOD)
    pieces = {"sip_auth": {"allow": ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]}, "replace": "accept"}
    assert number.reconciler.check(number.inputs, {**GOOD, **pieces}).problems


def test_a_number_that_a_failed_replacement_left_down_says_so(number: Hand, sandbox: Sandbox) -> None:
    number.up(**GOOD)
    sandbox.fault("POST /v2/phone-numbers", "status", status=422)
    moved = {**GOOD, "webhook": {"url": "https://b.example/"}, "replace": "accept"}
    with pytest.raises(
        errors.Invalid, match=r"\+14155550100 is down: the old one was deleted, and the new one failed: "
    ):
        number.up(**moved)
    number.lose()
    assert number.up(**moved) == "create"


@pytest.mark.parametrize("created_at", ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "", None])
def test_a_registration_of_ours_whose_secret_is_elsewhere_is_deleted_only_with_consent(
    number: Hand, sandbox: Sandbox, created_at: str | None
) -> None:
    """However young it is: another state may hold its secret."""
    if created_at is None:
        number.up(**GOOD)
        number.lose()
        number.restart()
    else:
        seed = {"phone_number": E164, "origin": "byo_trunk", "name": marker.label("Support", MARK)}
        sandbox.seed({"xai": {"numbers": [{**seed, "created_at": created_at}]}})
    sandbox.forget_log()
    assert "this state does not hold its signing secret" in number.reconciler.look(GOOD)[0]
    with pytest.raises(errors.Conflict, match="next: after a killed run `xtel recover`; else XTEL_ALLOW_REPLACE="):
        number.up(**GOOD)
    assert sandbox.writes() == []
    consenting = {**GOOD, "replace": "accept"}
    assert number.reconciler.look(consenting)[1].startswith("will be deleted and re-registered, with an outage")
    assert number.up(**consenting) == "create"
    assert number.state["signing_secret"] == sandbox.secrets()["signing_secrets"][E164]


def test_the_create_whose_answer_was_lost_needs_no_consent(number: Hand, sandbox: Sandbox) -> None:
    sandbox.fault("POST /v2/phone-numbers", "drop_after")
    assert number.up(**GOOD) == "create"
    assert number.state["signing_secret"] == sandbox.secrets()["signing_secrets"][E164]


def test_of_two_runs_at_once_the_later_one_names_the_other_and_touches_nothing(number: Hand, sandbox: Sandbox) -> None:
    number.up(**GOOD)
    secret = number.state["signing_secret"]
    number.lose()
    number.restart()
    sandbox.fault("GET /v2/phone-numbers", "status", status=404)  # it looked before the other one had registered it
    sandbox.forget_log()
    with pytest.raises(errors.Conflict, match="made meanwhile by another run of this stack"):
        number.up(**GOOD)
    assert sandbox.writes() == ["POST /v2/phone-numbers"]
    assert sandbox.secrets()["signing_secrets"][E164] == secret


def test_a_foreign_registration_is_left_alone(number: Hand, sandbox: Sandbox) -> None:
    sandbox.seed({"xai": {"numbers": [{"phone_number": E164, "origin": "byo_trunk", "name": "Theirs"}]}})
    sandbox.forget_log()
    with pytest.raises(errors.Conflict, match="it exists and is not ours: .*'Theirs'"):
        number.up(**GOOD)
    assert sandbox.writes() == []
    plain = {**GOOD, "webhook": None, "sip_auth": None, "take_over": True}
    assert number.up(**plain) == "create"
    assert [write.split()[0] for write in sandbox.writes()] == ["PATCH"]


def test_another_sip_host_is_undone_and_said(number: Hand, sandbox: Sandbox) -> None:
    sandbox.switch(xai__sip_host="sip.eu.voice.x.ai")
    with pytest.raises(errors.Invalid, match=r"next: set `sip_host: sip\.eu\.voice\.x\.ai` on the number"):
        number.up(**GOOD)
    assert E164 not in sandbox.numbers("xai")
    assert number.up(**{**GOOD, "sip_host": "sip.eu.voice.x.ai"}) == "create"


def test_console_number_is_taken_over_and_given_back(number: Hand, sandbox: Sandbox) -> None:
    console = {
        "marker": "xtel/p/s/+16505550123",
        "name": "Front",
        "origin": "xai_provisioned",
        "phone_number": "+16505550123",
    }
    sandbox.seed({"xai": {"agents": [{"agent_id": "agent_other", "name": "Other"}]}})
    before = sandbox.numbers("xai")["+16505550123"]
    assert number.up(**console) == "create"
    assert sandbox.numbers("xai")["+16505550123"]["agent_id"] == before["agent_id"]
    assert number.refresh()
    assert number.up(**console) == "same"
    assert number.up(**console, agent_id="agent_other") == "update"
    number.destroy()
    after = sandbox.numbers("xai")["+16505550123"]
    assert (after["name"], after["agent_id"]) == (before["name"], before["agent_id"])
    assert sandbox.state()["counters"]["releases"] == 0


def test_provisioning_is_refused_with_the_way_out(number: Hand) -> None:
    with pytest.raises(errors.Denied, match="buy the number in xAI's console"):
        number.up(marker="xtel/p/s/nyc", name="n", origin="xai_provisioned", area_code="212")


def test_provisioned_once_where_the_api_allows_it(number: Hand, sandbox: Sandbox) -> None:
    sandbox.switch(xai__provisioning=True)
    sandbox.fault("POST /v2/phone-numbers", "drop_after")
    asked = {"marker": "xtel/p/s/nyc", "name": "n", "origin": "xai_provisioned", "area_code": "212"}
    assert number.up(**asked) == "create"
    assert number.state["e164"].startswith("+1212")
    assert sandbox.state()["counters"]["purchases"] == 1
    number.destroy()
    assert sandbox.state()["counters"]["releases"] == 0


def test_drift_of_what_can_be_read(number: Hand, sandbox: Sandbox) -> None:
    number.up(**GOOD)
    key = {"Authorization": f"Bearer {sandbox.env()['XAI_API_KEY']}"}
    body = {"phone_number": {"name": "changed by hand"}, "field_mask": {"paths": ["name"]}}
    sandbox.http.patch(f"/v2/phone-numbers/{number.id}", json=body, headers=key).raise_for_status()
    assert number.refresh()
    assert number.up(**GOOD) == "update"
    assert sandbox.numbers("xai")[E164]["name"].startswith("Support [xtel:")
    sandbox.http.delete(f"/v2/phone-numbers/{number.id}", headers=key).raise_for_status()
    assert not number.refresh()


def test_an_agent_removed_outside_is_seen_and_put_back(number: Hand, sandbox: Sandbox) -> None:
    plain = {**GOOD, "webhook": None, "agent_id": "agent_frontdesk0001"}
    number.up(**plain)
    key = {"Authorization": f"Bearer {sandbox.env()['XAI_API_KEY']}"}
    body = {"phone_number": {}, "field_mask": {"paths": ["agent_id"]}}
    sandbox.http.patch(f"/v2/phone-numbers/{number.id}", json=body, headers=key).raise_for_status()
    assert number.refresh()
    assert number.up(**plain) == "update"
    assert sandbox.numbers("xai")[E164]["agent_id"] == "agent_frontdesk0001"


def test_an_agent_that_is_declared_no_more_is_unassigned_from_a_console_number(number: Hand, sandbox: Sandbox) -> None:
    """Also where an earlier run left the number with our marker, and nothing to give back is known."""
    console = {"marker": "xtel/p/s/+16505550123", "name": "Front", "origin": "xai_provisioned"}
    console |= {"phone_number": "+16505550123", "agent_id": "agent_frontdesk0001"}
    number.up(**console)
    number.lose()
    number.up(**console)
    assert number.state["previous"] == {}
    assert number.up(**{**console, "agent_id": None}) == "update"
    assert "agent_id" not in sandbox.numbers("xai")["+16505550123"]


def test_gone_only_when_the_account_answers(number: Hand, sandbox: Sandbox) -> None:
    number.up(**GOOD)
    sandbox.fault("GET /v2/phone-numbers/*", "status", status=404)
    assert number.refresh()
    sandbox.fault("GET /v2/phone-numbers/*", "status", status=403)
    with pytest.raises(errors.Denied):
        number.refresh()
    sandbox.switch(xai__get_by_id=405, xai__list="off")
    assert number.refresh()
    assert "stay unseen" in number.warnings[-1]


def test_password_has_every_carriers_alphabet(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand("xai:Password", sandbox.env(), monkeypatch)
    assert hand.up(marker=MARK) == "create"
    first = hand.state["value"]
    assert len(first) == 20
    assert first.count("_") == 1
    assert hand.refresh()
    assert hand.up(marker=MARK) == "same"
    assert hand.up(marker=MARK, generation=2.0) == "replace"
    assert hand.state["value"] != first


def test_a_preview_judges_a_registration_before_its_password_is_made(number: Hand, sandbox: Sandbox) -> None:
    digest = {"auth_username": "hq", "auth_password": UNKNOWN}
    sandbox.seed({"xai": {"numbers": [{"phone_number": E164, "origin": "byo_trunk", "name": "Theirs"}]}})
    wanted = {**GOOD, "sip_auth": digest}
    assert "it exists and is not ours" in number.reconciler.look(wanted)[0]
    assert "does not hold its signing secret" in number.reconciler.look({**wanted, "take_over": True})[0]


def test_a_webhook_that_was_accepted_and_not_made_is_no_success(number: Hand, sandbox: Sandbox) -> None:
    """Neither the answer nor the number shows one: nobody would be told of a call."""
    sandbox.fault("POST /v2/phone-numbers", "ignore", fields=["webhook"])
    with pytest.raises(errors.NotApplied, match="accepted, but not done: webhook"):
        number.up(**GOOD)
    number.up(**GOOD)
    assert number.state["signing_secret"]


def test_an_answer_for_another_number_says_so(number: Hand, sandbox: Sandbox) -> None:
    sandbox.fault("POST /v2/phone-numbers", "swap_id", times=-1)
    with pytest.raises(errors.NotApplied, match=r"the answer named phone_\w+, whose phone_number is another"):
        number.up(**GOOD)
