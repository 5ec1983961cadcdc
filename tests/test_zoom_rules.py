"""A routing rule of somebody else's that takes a number's calls before ours: told wherever the number is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from providers.kernel import errors
from tests.conformance.subjects.zoom import GROUP, MARK, NUMBER, OTHER, RULES, Zoom
from tests.conftest import Sandbox
from tests.reconciling import Hand

LINK: dict[str, Any] = {"marker": MARK, "phone_number": NUMBER, "sip_group": GROUP}
STEP = f"move that rule behind {MARK}"


@pytest.fixture
def zoom(sandbox: Sandbox) -> Zoom:
    return Zoom(sandbox)


@pytest.fixture
def hand(zoom: Zoom, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand("zoom:Attachment", zoom.env(), monkeypatch)


def wide(zoom: Zoom, group: str = OTHER) -> str:
    body = {"name": "All US", "number_pattern": r"^\+1.*$", "type": "sip_group", "sip_group_id": zoom.group(group)}
    return zoom.send("POST", RULES, body).json()["routing_rule_id"]


def reorder(zoom: Zoom, id: str, order: int) -> None:
    zoom.send("PATCH", f"{RULES}/{id}", {"order": order})


def test_one_that_is_moved_before_ours_is_drift_until_it_is_moved_back(zoom: Zoom, hand: Hand) -> None:
    assert hand.up(**LINK) == "create"
    id = wide(zoom)
    hand.refresh()
    assert (hand.state["sip_group"], hand.warnings) == (GROUP, []), "it is behind ours"
    zoom.change(NUMBER, order=5)
    hand.refresh()
    assert hand.state["sip_group"] == OTHER
    assert f"routing rule All US takes its calls first: move it behind {MARK}" in hand.warnings
    with pytest.raises(errors.NotApplied, match="routing rule All US takes its calls first") as told:
        hand.up(**LINK)
    assert STEP in str(told.value)
    reorder(zoom, id, 9)
    assert hand.up(**LINK) == "update"
    hand.destroy()
    assert [rule["name"] for rule in zoom.rules()] == ["All US"]


def test_a_new_rule_that_comes_after_it_is_an_error_and_stays_to_be_moved(zoom: Zoom, hand: Hand) -> None:
    id = wide(zoom)
    with pytest.raises(errors.NotApplied, match="takes its calls first") as told:
        hand.up(**LINK)
    assert STEP in str(told.value)
    assert zoom.rule(NUMBER)["name"] == MARK
    reorder(zoom, id, 9)
    assert hand.up(**LINK) == "create"
    hand.destroy()
    assert [rule["name"] for rule in zoom.rules()] == ["All US"]


def test_one_that_leads_to_the_same_sip_group_takes_nothing_away(zoom: Zoom, hand: Hand) -> None:
    wide(zoom, GROUP)
    assert hand.up(**LINK) == "create"
    hand.refresh()
    assert hand.state["sip_group"] == GROUP
