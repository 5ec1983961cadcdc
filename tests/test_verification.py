"""A write counts when it was done: looks, settle time, what is named, what is never stored, what is never lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kernel import errors, registry, verification
from providers.kernel.reconciler import Reconciler
from providers.kernel.spec import CONTROL
from tests.conftest import Sandbox
from tests.faults.xai import MARK, NUMBER
from tests.reconciling import Hand

TRUNK: dict[str, Any] = {"marker": MARK, "transfer_mode": "enable-all", "secure": True, "cnam_lookup": True}
REGISTERED: dict[str, Any] = {
    "marker": MARK,
    "name": "Support",
    "phone_number": NUMBER,
    "webhook": {"url": "https://voice.example.com/calls"},
    "sip_auth": {"allow": ["192.0.2.0/24"]},
}
CREATE_NUMBER = "POST /v2/phone-numbers"


@pytest.fixture
def trunk(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand("twilio:Trunk", sandbox.env(), monkeypatch)


@pytest.fixture
def number(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand("xai:PhoneNumber", sandbox.env(), monkeypatch)


def waiting(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the reconciler would have slept, from now on."""
    waits: list[float] = []

    def restart() -> None:
        Hand.restart(hand)
        hand.reconciler = Reconciler(hand.reconciler.object, hand.reconciler.session, sleep=waits.append)

    monkeypatch.setattr(hand, "restart", restart)
    return waits


# -- comparing ---------------------------------------------------------------------------------------------------------

_MODES = st.sampled_from(["disable-all", "enable-all", "sip-only"])
_SETTINGS = st.fixed_dictionaries(
    {"transfer_mode": _MODES, "secure": st.booleans(), "cnam_lookup": st.booleans()},
    optional={"disaster_recovery": st.just({"url": "https://voice.example.com/dr", "method": "POST"})},
)


@given(asked=_SETTINGS, shown=_SETTINGS)
def test_what_differs_is_named_and_nothing_else(asked: dict[str, Any], shown: dict[str, Any]) -> None:
    declared = registry.vendor("twilio").object("Trunk")
    seen = {"disaster_recovery": None, "transfer_caller_id": "from-transferee", **shown}
    found = verification.compare(declared, asked, seen)
    differing = {name for name in {*asked, *shown} if asked.get(name) != shown.get(name)}
    assert set(found.differing) == differing
    assert found.lacking == ()


@given(shown=st.sets(st.sampled_from(["transfer_mode", "secure", "cnam_lookup"])))
def test_what_is_not_shown_is_lacking_and_no_difference(shown: set[str]) -> None:
    declared = registry.vendor("twilio").object("Trunk")
    found = verification.compare(declared, TRUNK, {name: TRUNK[name] for name in shown})
    assert found.differing == ()
    assert set(found.lacking) == verification.readable(declared) - shown


def test_spelling_is_no_difference() -> None:
    declared = registry.vendor("twilio").object("OriginationUrl")
    asked = {"trunk_sid": "TK1", "sip_url": f"sip:{NUMBER}@sip.voice.x.ai;transport=tls", "priority": 10}
    shown = {**asked, "sip_url": f"SIP:{NUMBER}@SIP.Voice.X.ai;Transport=TLS", "priority": 10.0}
    assert verification.compare(declared, asked, shown).differing == ()


@given(settle=st.floats(0, 600))
def test_looks_begin_at_once_and_last_as_long_as_the_vendor_settles(settle: float) -> None:
    waits = list(verification.waits(settle))
    assert waits[0] == 0
    assert sum(waits) == pytest.approx(settle)
    assert len(waits) <= 12


# -- every field -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "sent"),
    [("transfer_mode", "TransferMode"), ("secure", "Secure"), ("cnam_lookup", "CnamLookupEnabled")],
)
@pytest.mark.parametrize("echo", ["unchanged", "asked"])
def test_a_field_that_was_left_out_is_named_and_set_by_the_next_run(
    trunk: Hand, sandbox: Sandbox, field: str, sent: str, echo: str
) -> None:
    sandbox.fault("POST /v1/Trunks", "ignore", fields=[sent], echo=echo)
    with pytest.raises(
        errors.NotApplied, match=rf"it was accepted, but not done: {field} \(request RQ\w+\); next: run `pulumi up`"
    ) as caught:
        trunk.up(**TRUNK)
    assert caught.value.fields == (field,)
    assert trunk.state == {}
    assert trunk.up(**TRUNK) == "create"
    assert len(sandbox.state()["twilio"]["trunks"]) == 1
    assert trunk.refresh()
    assert trunk.up(**TRUNK) == "same"


def test_a_change_that_was_left_out_stays_to_be_made(trunk: Hand, sandbox: Sandbox) -> None:
    trunk.up(**TRUNK)
    sandbox.fault("POST /v1/Trunks/*", "ignore", fields=["secure"])
    with pytest.raises(errors.NotApplied, match="not done: secure"):
        trunk.up(**{**TRUNK, "secure": False, "cnam_lookup": False})
    assert trunk.state["secure"] is True
    assert trunk.up(**{**TRUNK, "secure": False, "cnam_lookup": False}) == "update"


# -- looks -------------------------------------------------------------------------------------------------------------


def test_a_vendor_that_shows_it_late_is_waited_for(
    trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = waiting(trunk, monkeypatch)
    sandbox.fault("GET /v1/Trunks/*", "status", status=404, times=2)
    assert trunk.up(**TRUNK) == "create"
    assert waits == [1.0, 2.0]


def test_it_is_waited_for_no_longer_than_it_may_take_to_settle(
    trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = waiting(trunk, monkeypatch)
    sandbox.fault("GET /v1/Trunks/*", "gone", seconds=60)
    with pytest.raises(errors.NotApplied, match="nothing is to be seen at TK"):
        trunk.up(**TRUNK)
    assert sum(waits) == trunk.reconciler.object.settle


def test_an_answer_that_shows_all_counts_where_nobody_can_look(trunk: Hand, sandbox: Sandbox) -> None:
    """What was made must not be lost for a look that failed."""
    sandbox.fault("GET /v1/Trunks/*", "status", status=403)
    assert trunk.up(**TRUNK) == "create"
    assert any("the look after it failed" in warning for warning in trunk.warnings)
    assert trunk.refresh()
    assert trunk.up(**TRUNK) == "same"


def test_an_answer_without_the_fields_does_not(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = Hand("plivo:Uri", sandbox.env(), monkeypatch)
    inputs = {"marker": MARK, "uri": f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"}
    sandbox.fault("GET /v1/Account/*/Zentrunk/URI/*/", "status", status=403)
    with pytest.raises(errors.Denied):
        uri.up(**inputs)
    assert uri.up(**inputs) == "create"
    assert len(sandbox.state()["plivo"]["uris"]) == 1


def test_a_lost_change_of_what_cannot_be_read_is_made_again(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = Hand("plivo:Uri", sandbox.env(), monkeypatch)
    inputs = {"marker": MARK, "uri": f"sip:{NUMBER}@sip.voice.x.ai;transport=tls", "username": "xai-nyc"}
    uri.up(**inputs, password="First_password1")
    sandbox.fault("POST /v1/Account/*/Zentrunk/URI/*/", "drop_before")
    with pytest.raises(errors.Unavailable):
        uri.up(**inputs, password="Other_password1")
    assert uri.up(**inputs, password="Other_password1") == "update"
    held = sandbox.secrets()["plivo"]["uri_passwords"][uri.id]
    assert held["password"] == "Other_password1"


# -- identity ----------------------------------------------------------------------------------------------------------


def test_another_objects_id_is_found_out_and_never_stored(
    trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Hand("twilio:Trunk", sandbox.env(), monkeypatch)
    theirs.up(marker="somebody else's")
    sandbox.fault("POST /v1/Trunks", "swap_id")
    assert trunk.up(**TRUNK) == "create"
    assert trunk.id != theirs.id
    ours = [found["sid"] for found in sandbox.state()["twilio"]["trunks"] if found["friendly_name"] == MARK]
    assert ours == [trunk.id]
    trunk.destroy()
    assert theirs.refresh()


def test_a_delete_that_was_not_done_is_an_error(trunk: Hand, sandbox: Sandbox) -> None:
    trunk.up(**TRUNK)
    sandbox.fault("DELETE /v1/Trunks/*", "ignore")
    with pytest.raises(
        errors.NotApplied,
        match=r"deleting it was accepted, but not done: it is still there .request RQ\w+.; next: run it",
    ):
        trunk.destroy()
    trunk.destroy()
    assert sandbox.state()["twilio"]["trunks"] == []


# -- a secret that is shown once ---------------------------------------------------------------------------------------


def test_a_number_that_was_left_open_is_undone_before_anything_rings(number: Hand, sandbox: Sandbox) -> None:
    sandbox.fault(CREATE_NUMBER, "ignore", fields=["sip_auth"])
    with pytest.raises(errors.NotApplied, match="not done: sip_auth.*; undone .request .*; next: "):
        number.up(**REGISTERED)
    assert NUMBER not in sandbox.numbers("xai")
    assert number.up(**REGISTERED) == "create"
    assert sandbox.secrets()["signing_secrets"][NUMBER] == number.state["signing_secret"]


@pytest.mark.parametrize("lie", [{"action": "swap_id"}, {"action": "ignore"}])
def test_the_secret_we_hold_is_the_one_that_signs(number: Hand, sandbox: Sandbox, lie: dict[str, Any]) -> None:
    sandbox.fault(CREATE_NUMBER, **lie)
    if lie["action"] == "ignore":
        with pytest.raises(errors.NotApplied, match="nothing is to be seen"):
            number.up(**REGISTERED)
    assert number.up(**REGISTERED) in {"create", "same"}
    assert number.id == sandbox.numbers("xai")[NUMBER]["phone_number_id"]
    assert sandbox.secrets()["signing_secrets"][NUMBER] == number.state["signing_secret"]


def test_a_number_that_was_taken_over_is_not_undone(
    number: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its secret is known to us, but it was not made here."""
    open_number = {"marker": MARK, "name": "Support", "phone_number": NUMBER, "agent_id": None}
    Hand("xai:PhoneNumber", sandbox.env(), monkeypatch).up(**{**open_number, "marker": "theirs"})
    sandbox.fault("PATCH /v2/phone-numbers/*", "ignore", fields=["name"])
    with pytest.raises(errors.NotApplied, match="not done: "):
        number.up(**open_number, take_over=True, known_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert NUMBER in sandbox.numbers("xai")


@pytest.mark.parametrize("get_by_id", ["on", 405])
def test_a_404_has_the_list_for_a_witness(number: Hand, sandbox: Sandbox, get_by_id: str | int) -> None:
    sandbox.switch(xai__get_by_id=get_by_id)
    sandbox.fault("GET /v2/phone-numbers/*", "gone", seconds=60)
    assert number.up(**REGISTERED) == "create"
    assert number.refresh()
    assert number.warnings == []


@pytest.mark.parametrize("status", [404, 405, 501])
def test_without_reading_and_listing_a_warning_and_on(number: Hand, sandbox: Sandbox, status: int) -> None:
    sandbox.switch(xai__list="off")
    sandbox.fault("GET /v2/phone-numbers/*", "status", status=status, times=-1)
    assert number.up(**REGISTERED) == "create"
    assert len(number.warnings) == 1
    assert "neither reading nor listing" in number.warnings[0]
    assert sandbox.secrets()["signing_secrets"][NUMBER] == number.state["signing_secret"]


def test_what_is_unreadable_is_a_field_of_its_object() -> None:
    for vendor in registry.vendors().values():
        for declared in vendor.objects:
            fields = {name.split(".")[0] for name in declared.unreadable}
            assert fields <= declared.spec.model_fields.keys() - CONTROL, declared


def test_what_is_still_listed_is_not_gone(trunk: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    trunk.up(**TRUNK)
    kept, waits = dict(trunk.state), waiting(trunk, monkeypatch)
    sandbox.fault("GET /v1/Trunks/*", "gone", seconds=60)
    with pytest.raises(errors.Unavailable, match="is not found, but the vendor still lists it; the state keeps it"):
        trunk.refresh()
    assert trunk.state == kept
    assert sum(waits) == 1 + trunk.reconciler.object.settle
    sandbox.fault("DELETE /v1/Trunks/*", "status", status=404)
    with pytest.raises(errors.Unavailable, match="still lists it"):
        trunk.destroy()
    sandbox.http.delete("/_sandbox/faults").raise_for_status()
    assert trunk.refresh()
    sandbox.fault("GET /v1/Trunks/*", "status", status=404, times=3)
    assert trunk.refresh(), "it came back while it was waited for"
    trunk.destroy()
    assert sandbox.state()["twilio"]["trunks"] == []
