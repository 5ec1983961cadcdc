"""A BYOC number at Zoom: what is added goes again, what was there stays, and what somebody has is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from providers.kernel import errors, registry
from providers.kernel.session import Session
from tests.conformance.subjects.zoom import (
    BYOC_NUMBERS,
    CARRIER,
    GROUP,
    MARK,
    NUMBER,
    NUMBERS,
    OTHER,
    RULES,
    SECOND,
    Zoom,
)
from tests.conftest import Sandbox
from tests.reconciling import Hand

LINK: dict[str, Any] = {"marker": MARK, "phone_number": NUMBER, "sip_group": GROUP, "byoc_carrier": CARRIER}


@pytest.fixture
def zoom(sandbox: Sandbox) -> Zoom:
    return Zoom(sandbox)


@pytest.fixture
def hand(zoom: Zoom, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand("zoom:ByocNumber", zoom.env(), monkeypatch)


def seeded(sandbox: Sandbox, **more: str) -> None:
    sandbox.seed({"zoom": {"byoc_numbers": [{"phone_number": NUMBER, "carrier": CARRIER, **more}]}})


def writes(sandbox: Sandbox) -> list[str]:
    return [line for line in sandbox.writes() if line != "POST /oauth/token"]


def test_one_that_was_there_as_declared_stays(sandbox: Sandbox, zoom: Zoom, hand: Hand) -> None:
    zoom.add(NUMBER, GROUP)
    before = zoom.byoc(NUMBER)
    sandbox.forget_log()
    assert hand.reconciler.look(hand.check(**LINK)) == ("", "it is a BYOC number already, and stays one after destroy")
    assert hand.up(**LINK) == "create"
    hand.destroy()
    assert hand.warnings == ["it stays a BYOC number at Zoom: it was there before this stack"]
    assert (writes(sandbox), zoom.byoc(NUMBER)) == ([], before)


def test_one_that_was_there_and_was_moved_by_us_goes_back(zoom: Zoom, hand: Hand) -> None:
    zoom.add(NUMBER, GROUP)
    before = zoom.byoc(NUMBER)
    assert hand.up(**LINK) == "create"
    assert hand.up(**{**LINK, "sip_group": OTHER}) == "update"
    assert zoom.byoc(NUMBER)["sip_group"]["display_name"] == OTHER
    hand.destroy()
    assert zoom.byoc(NUMBER) == before


@pytest.mark.parametrize(
    ("there", "why", "step"),
    [
        (
            {"sip_group": GROUP, "assignee": "Ada"},
            "it is assigned to user Ada: its calls never come",
            "unassign it (Zoom's",
        ),
        (
            {"sip_group": GROUP, "carrier": SECOND},
            "a BYOC number of carrier 'Second Telecom'",
            f"byoc_carrier: {SECOND}",
        ),
        ({}, "it is a BYOC number on no SIP group", f"give it SIP group {GROUP}, or take it out of Zoom first"),
    ],
    ids=["assigned", "another carrier's", "on no SIP group"],
)
def test_what_nothing_puts_back_is_not_taken_over(
    sandbox: Sandbox, zoom: Zoom, hand: Hand, there: dict[str, str], why: str, step: str
) -> None:
    seeded(sandbox, **there)
    before = zoom.byoc(NUMBER)
    with pytest.raises(errors.Conflict) as refusal:
        hand.up(**LINK, take_over=True)
    assert why in str(refusal.value)
    assert step in str(refusal.value)
    assert (writes(sandbox), zoom.byoc(NUMBER)) == ([], before)


def test_one_that_somebody_has_by_now_is_left_alone(sandbox: Sandbox, zoom: Zoom, hand: Hand) -> None:
    """No call here assigns a number: it is taken out and comes again, in somebody's hands."""
    assert hand.up(**LINK) == "create"
    zoom.send("DELETE", f"{NUMBERS}?phone_numbers=%2B{NUMBER[1:]}")
    seeded(sandbox, sip_group=GROUP, assignee="Ada")
    hand.state["number_id"] = zoom.byoc(NUMBER)["id"]
    assert hand.refresh()
    assert hand.warnings == ["no call comes to its routing rule: it is assigned to user Ada"]
    with pytest.raises(errors.Conflict, match="it is assigned to user Ada"):
        hand.up(**{**LINK, "sip_group": OTHER})
    hand.destroy()
    assert "it stays a BYOC number at Zoom: it is assigned to user Ada" in hand.warnings
    assert zoom.byoc(NUMBER)["sip_group"]["display_name"] == GROUP


@pytest.mark.parametrize(
    ("how", "why"), [("moved", "somebody moved it: it is on SIP group SBC West"), ("again", "")], ids=["moved", "again"]
)
def test_what_somebody_made_of_it_is_not_taken_out(zoom: Zoom, hand: Hand, how: str, why: str) -> None:
    assert hand.up(**LINK) == "create"
    if how == "moved":
        zoom.move(NUMBER, OTHER)
        hand.destroy()
        assert hand.warnings == [f"it stays a BYOC number at Zoom: {why}"]
    else:
        zoom.send("DELETE", f"{NUMBERS}?phone_numbers=%2B{NUMBER[1:]}")
        zoom.add(NUMBER, GROUP)
        assert not hand.refresh()
        assert hand.up(**LINK) == "create"
        hand.destroy()
    assert zoom.byoc(NUMBER)


@pytest.mark.parametrize("taken", [False, True], ids=["added", "taken over"])
def test_a_lost_answer_does_not_lose_the_way_back(sandbox: Sandbox, zoom: Zoom, hand: Hand, taken: bool) -> None:
    if taken:
        zoom.add(NUMBER, OTHER)
    before = zoom.byoc(NUMBER)
    sandbox.fault(f"PATCH {NUMBERS}/*" if taken else f"POST {BYOC_NUMBERS}", "drop_after")
    assert hand.up(**LINK, take_over=taken) == "create"
    assert sandbox.faults_left() == []
    hand.destroy()
    assert zoom.byoc(NUMBER) == before


def test_one_of_another_carrier_is_added_anew(zoom: Zoom, hand: Hand) -> None:
    assert hand.up(**LINK) == "create"
    first = zoom.byoc(NUMBER)["id"]
    assert hand.up(**{**LINK, "byoc_carrier": SECOND}) == "replace"
    assert (zoom.byoc(NUMBER)["id"] != first, zoom.byoc(NUMBER)["carrier"]) == (True, {"name": SECOND})
    hand.destroy()
    assert not zoom.byoc(NUMBER)


def test_a_sip_group_that_it_had_and_that_is_gone(sandbox: Sandbox, zoom: Zoom, hand: Hand) -> None:
    zoom.add(NUMBER, OTHER)
    assert hand.up(**LINK, take_over=True) == "create"
    hand.state["previous"] = "gone"
    hand.destroy()
    assert hand.warnings[-1].startswith("SIP group gone, which it had before, is gone: ")
    assert zoom.byoc(NUMBER)["sip_group"]["display_name"] == GROUP


def test_a_carrier_that_zoom_shows_under_another_name_is_undone(
    sandbox: Sandbox, zoom: Zoom, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unverified: that Zoom shows the carrier as it is told."""
    from providers.zoom.api import Api

    send = Api.add_number
    monkeypatch.setattr(Api, "add_number", lambda api, number, carrier, group: send(api, number, "BYOC", group))
    with pytest.raises(errors.NotApplied, match="it was accepted, but not done: byoc_carrier; undone"):
        hand.up(**LINK)
    assert not zoom.byoc(NUMBER)


def test_who_has_it_is_told_by_a_trace_and_by_the_inventory(sandbox: Sandbox, zoom: Zoom, hand: Hand) -> None:
    """Credentials that may not list numbers tell nothing of it, and all the rest."""
    carrier = registry.carriers()["zoom"]
    assert carrier.on_the_way and carrier.inventory
    way, numbers = carrier.on_the_way, carrier.inventory.numbers
    zoom.send("POST", RULES, {"name": "a", "number_pattern": rf"^\{NUMBER}$", "type": "pstn"})
    seeded(sandbox, sip_group=GROUP, assignee="Ada")
    sandbox.seed({"zoom": {"byoc_numbers": [{"phone_number": "+14155550182", "carrier": CARRIER}]}})
    [number] = Session(carrier, lambda key: None).ask(lambda api: list(way(api, NUMBER)))
    told = [stop.why for stop in number.stops]
    assert told == ["at Zoom it is assigned to user Ada, who gets its calls"]
    held = Session(carrier, lambda key: None).ask(lambda api: list(numbers(api)))
    assert {each.number: each.remark for each in held} == {
        NUMBER: "by a routing rule to pstn",
        "+14155550182": "a BYOC number on no SIP group",
    }
    sandbox.fault(f"GET {NUMBERS}", "status", status=400, times=-1)
    [number] = Session(carrier, lambda key: None).ask(lambda api: list(way(api, NUMBER)))
    assert number.stops == ()
    held = Session(carrier, lambda key: None).ask(lambda api: list(numbers(api)))
    assert [each.number for each in held] == [NUMBER]
