"""Attaching and putting back: where a number goes when it is no longer ours, at every carrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from providers.kernel import errors
from tests.conformance.subject import Subject, subjects
from tests.conftest import Sandbox
from tests.reconciling import Hand

CARRIERS = {name: subject for name, subject in subjects().items() if name in {"twilio", "telnyx", "plivo"}}
#: Where a number is attached, in the last release's state of a number that had this before.
LAST_RELEASE: dict[str, Callable[[str], Any]] = {
    "twilio": lambda id: {"trunk_sid": id},
    "telnyx": str,
    "plivo": str,
}
#: The request that puts a number back, and the one that takes away what it is put back on.
PUT_BACK = {
    "twilio": ("POST /2010-04-01/Accounts/*/IncomingPhoneNumbers/*.json", "trunk_sid"),
    "telnyx": ("PATCH /v2/phone_numbers/*", "connection_id"),
    "plivo": ("POST /v1/Account/*/Number/*/", "app_id"),
}
every_carrier = pytest.mark.parametrize("subject", CARRIERS.values(), ids=list(CARRIERS))


@pytest.fixture
def attached(subject: Subject, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    """A number of somebody else's that was taken over."""
    world = subject.world(sandbox)
    for name, value in world.env().items():
        monkeypatch.setenv(name, value)
    made: dict[str, Hand] = {}
    for sample in subject.samples:
        hand = Hand(f"{subject.name}:{sample.kind}", {}, monkeypatch)
        if sample.attaches:
            world.occupy(subject.number)
            hand.up(**{**sample.inputs(made), "take_over": True})
            return hand
        if not sample.setting:
            made[sample.kind] = hand
            hand.up(**sample.inputs(made))
    raise AssertionError("every carrier attaches")


def holder(subject: Subject, sandbox: Sandbox) -> str:
    """What has the number now, as the vendor says."""
    owned = subject.world(sandbox).owned(subject.number)
    return str(owned.get("trunk_sid") or owned.get("connection") or owned.get("application") or "")


@every_carrier
def test_what_was_before_has_one_shape_and_the_last_release_s_is_still_put_back(
    subject: Subject, attached: Hand, sandbox: Sandbox
) -> None:
    link = PUT_BACK[subject.name][1]
    before = attached.state["previous"][link]
    assert attached.state["previous"] == {link: before}
    attached.state["previous"] = LAST_RELEASE[subject.name](before)
    attached.destroy()
    assert before in holder(subject, sandbox)


@every_carrier
def test_a_refusal_does_not_say_that_what_it_had_is_gone(subject: Subject, attached: Hand, sandbox: Sandbox) -> None:
    """A key that may not do this must not leave a number without a route: it is an error, and not "gone"."""
    before = attached.state["previous"][PUT_BACK[subject.name][1]]
    sandbox.fault(PUT_BACK[subject.name][0], "status", status=403)
    with pytest.raises(errors.Denied):
        attached.destroy()
    assert not any("is gone" in warning for warning in attached.warnings)
    attached.destroy()
    assert before in holder(subject, sandbox)


@every_carrier
def test_putting_back_counts_when_it_was_done(subject: Subject, attached: Hand, sandbox: Sandbox) -> None:
    match, link = PUT_BACK[subject.name]
    before = attached.state["previous"][link]
    sandbox.fault(match, "ignore", echo="asked")
    words = f"putting it back was accepted, but not done: {link}.*; next: give it {before}"
    with pytest.raises(errors.NotApplied, match=words):
        attached.destroy()


DONE = {"status": 200, "body": {"data": {"id": "1", "connection_id": None}}}


@pytest.mark.parametrize(
    ("working", "ignored"),
    [("null", {}), ("empty", {}), ("empty", {"every": 1})],
    ids=["the empty string is refused", "null is refused", "null is accepted and ignored"],
)
def test_telnyx_unassigns_by_the_value_that_works(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, working: str, ignored: dict[str, Any]
) -> None:
    hand = _assigned(sandbox, monkeypatch)
    sandbox.switch(telnyx__unassign=working)
    if ignored:
        sandbox.fault("PATCH /v2/phone_numbers/*", "status", **DONE, **ignored)
    hand.destroy()
    assert holder(CARRIERS["telnyx"], sandbox) == ""


@pytest.mark.parametrize(
    ("working", "ignored"),
    [("empty", {"every": 2}), ("null", {"every": 1}), ("null", {"times": 2})],
    ids=["null is refused, the empty string ignored", "null is ignored, the empty string refused", "both are ignored"],
)
def test_telnyx_where_no_value_unassigns_is_an_error_and_stays_to_be_done(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, working: str, ignored: dict[str, Any]
) -> None:
    hand = _assigned(sandbox, monkeypatch)
    sandbox.switch(telnyx__unassign=working)
    sandbox.fault("PATCH /v2/phone_numbers/*", "status", **DONE, **ignored)
    with pytest.raises(errors.NotApplied, match="deleting it was accepted, but not done: connection_id is still"):
        hand.destroy()
    assert holder(CARRIERS["telnyx"], sandbox) == hand.state["attached_to"]
    hand.destroy()
    assert holder(CARRIERS["telnyx"], sandbox) == ""


def _assigned(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    subject = CARRIERS["telnyx"]
    connection = Hand("telnyx:Connection", sandbox.env(), monkeypatch)
    connection.up(marker="xtel/p/s/+14155550182")
    hand = Hand("telnyx:Attachment", {}, monkeypatch)
    hand.up(marker="xtel/p/s/+14155550182", phone_number=subject.number, connection_id=connection.id)
    return hand


def test_calls_that_are_forwarded_are_somebody_s_and_are_forwarded_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = CARRIERS["telnyx"]
    world: Any = subject.world(sandbox)
    id = sandbox.numbers("telnyx")[subject.number]["id"]
    forwarded = {"call_forwarding_enabled": True, "forwards_to": "+14155550199", "forwarding_type": "always"}
    world.voice(id, call_forwarding=forwarded, translated_number="sales")
    hands = {kind: Hand(f"telnyx:{kind}", world.env(), monkeypatch) for kind in ("Connection", "Attachment")}
    hands["Connection"].up(marker="m")
    link = {"marker": "m", "phone_number": subject.number, "connection_id": hands["Connection"].id}
    with pytest.raises(errors.Conflict, match=r"its calls are forwarded to \+14155550199; next: `take_over: true`"):
        hands["Attachment"].up(**link)
    hands["Attachment"].up(**link, take_over=True)
    now = world.ask("GET", f"phone_numbers/{id}/voice").json()["data"]
    assert (now["call_forwarding"]["call_forwarding_enabled"], now["translated_number"]) == (False, "")
    hands["Attachment"].destroy()
    now = world.ask("GET", f"phone_numbers/{id}/voice").json()["data"]
    assert (now["call_forwarding"], now["translated_number"]) == (forwarded, "sales")


def test_a_number_that_receives_faxes_is_somebody_s_and_receives_them_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = CARRIERS["twilio"]
    world: Any = subject.world(sandbox)
    world.number(sandbox.numbers("twilio")[subject.number]["sid"], VoiceReceiveMode="fax")
    hands = {kind: Hand(f"twilio:{kind}", world.env(), monkeypatch) for kind in ("Trunk", "Attachment")}
    hands["Trunk"].up(marker="m")
    link = {"marker": "m", "phone_number": subject.number, "trunk_sid": hands["Trunk"].id}
    with pytest.raises(errors.Conflict, match="it receives faxes; next: `take_over: true`"):
        hands["Attachment"].up(**link)
    hands["Attachment"].up(**link, take_over=True)
    assert sandbox.numbers("twilio")[subject.number]["voice_receive_mode"] == "voice"
    hands["Attachment"].destroy()
    assert sandbox.numbers("twilio")[subject.number]["voice_receive_mode"] == "fax"


@pytest.mark.parametrize(
    ("carrier", "seed", "warned"),
    [
        ("telnyx", {"status": "port-out-pending"}, "no call arrives: the number is port-out-pending, not active"),
        ("plivo", {"active": False}, "no call arrives: the number is not active"),
        ("twilio", {"voice": False}, "no call arrives: the number takes no voice calls"),
    ],
)
def test_what_cannot_be_set_right_is_said(
    carrier: str, seed: dict[str, Any], warned: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "+14155550148"
    sandbox.seed({carrier: {"numbers": [{"phone_number": number, **seed}]}})
    hand = Hand(f"{carrier}:Attachment", CARRIERS[carrier].world(sandbox).env(), monkeypatch)
    hand.id = {"twilio": "sid", "telnyx": "id"}.get(carrier, number)
    hand.id = sandbox.numbers(carrier)[number][hand.id] if carrier != "plivo" else number
    hand.state = {"phone_number": number, "attached_to": "1", "account": ""}
    hand.refresh()
    assert warned in hand.warnings
