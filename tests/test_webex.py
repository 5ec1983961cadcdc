"""What a route at Webex needs, by what leads to its gateway: names that stand in users' states, their order, the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from providers.kernel.route import Leg
from providers.kernel.values import target
from providers.webex import Route
from tests.sbc import ios

NUMBER = "+14155550171"
LEG = Leg(NUMBER, target(f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"))
SBC = {"address": "sbc1", "domain": "example.com", "port": 5062}
#: What a stack file says, and the shared objects of it: name, kind, what must be there before it.
WAYS: tuple[tuple[str, dict[str, Any], list[tuple[str, str, tuple[str, ...]]]], ...] = (
    ("trunk", {"trunk": "HQ"}, [("dial-plan-HQ", "DialPlan", ())]),
    ("group", {"route_group": "Gateways"}, [("dial-plan-Gateways", "DialPlan", ())]),
    ("location", {"location": "HQ"}, [("trunk-HQ", "Trunk", ()), ("own-dial-plan-HQ", "DialPlan", ("trunk-HQ",))]),
    (
        "certificate",
        {"location": "HQ", "certificate": SBC},
        [("trunk-c57d98d7", "Trunk", ()), ("own-dial-plan-7bd56f45", "DialPlan", ("trunk-c57d98d7",))],
    ),
    (
        "another port",
        {"location": "HQ", "certificate": {**SBC, "port": 5063}},
        [("trunk-de8de163", "Trunk", ()), ("own-dial-plan-7bd56f45", "DialPlan", ("trunk-de8de163",))],
    ),
    (
        "own group",
        {"route_group": {"name": "main", "trunks": ["HQ", {"location": "Branch"}]}},
        [
            ("trunk-Branch", "Trunk", ()),
            ("route-group-main", "RouteGroup", ("trunk-Branch",)),
            ("group-dial-plan-main", "DialPlan", ("route-group-main",)),
        ],
    ),
    (
        "own group without a name",
        {"route_group": {"trunks": ["HQ", "Lab"]}},
        [
            ("route-group-84c0e70c", "RouteGroup", ()),
            ("group-dial-plan-84c0e70c", "DialPlan", ("route-group-84c0e70c",)),
        ],
    ),
)


@pytest.mark.parametrize(("said", "shared"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_what_leads_to_the_gateway_has_names_that_stay(
    said: Mapping[str, Any], shared: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    objects = Route.model_validate(said).objects(LEG)
    assert [(each.name, each.kind, each.after) for each in objects if each.shared] == shared
    assert [each.name for each in objects if not each.shared] == ["gateway", "attachment"]


def test_what_is_there_already_is_told_and_what_is_made_is_not() -> None:
    trunks = ["HQ", {"location": "Branch"}, {"location": "Branch", "certificate": SBC}]
    assert Route.model_validate({"route_group": {"name": "main", "trunks": trunks}}).adopts() == {
        "trunks": ("HQ",),
        "locations": ("Branch",),
        "domains": ("example.com",),
    }
    assert Route(trunk="HQ").adopts() == {"trunks": ("HQ",)}
    assert Route.model_validate({"route_group": "Gateways"}).adopts() == {"route_groups": ("Gateways",)}


FILE = f"from-webex-{NUMBER.lstrip('+')}.ios"
REMARKS = (
    ({"location": "HQ", "certificate": SBC}, ["!  pattern sbc1.example.com:5062"]),
    ({"location": "HQ", "certificate": {"address": "sbc1", "domain": "example.com"}}, []),
    ({"route_group": {"trunks": ["HQ", {"location": "HQ", "certificate": SBC}]}}, ["!  pattern sbc1.example.com:5062"]),
    ({"location": "HQ"}, []),
)


@pytest.mark.parametrize(("said", "remarks"), REMARKS, ids=["port", "SRV", "group", "registering"])
def test_the_leg_of_a_certificate_based_trunk_is_named_in_a_remark(said: Mapping[str, Any], remarks: list[str]) -> None:
    """The lines that a gateway takes are the same, whatever leads to it."""
    text = Route.model_validate(said).files(LEG).texts[FILE]
    plain = Route(trunk="HQ").files(LEG).texts[FILE]
    assert [line for line in text.splitlines() if "pattern" in line] == remarks
    assert [line for line in text.splitlines() if line[0] != "!"] == [
        line for line in plain.splitlines() if line[0] != "!"
    ]


# -- the gateway's files together -------------------------------------------------------------------------------------


def test_what_both_files_made_is_taken_away_whoever_names_an_object_first() -> None:
    files = Route(trunk="HQ").files(LEG).texts
    digits = NUMBER.lstrip("+")
    there = {**ios.blocks(files[f"xai-{digits}.ios"]), **ios.blocks(files[FILE])}
    undone = [line for line in files[f"xai-{digits}-undo.ios"].splitlines() if line[0] != "!"]
    kept = {"voice service voip", "crypto pki trustpoint XAI-TP"}
    assert {line.removeprefix("no ") for line in undone} == {block for block in there if block[0] != "!"} - kept
    box = frozenset({"voice class tenant 200", "voice class stun-usage 200"})
    for line in undone:
        del there[line.removeprefix("no ")]
        assert [each for each in ios.missing(there, box) if each.endswith(f": no {line.removeprefix('no ')}")] == []


def test_the_page_loads_both_files_the_one_that_names_the_other_last() -> None:
    page = Route(trunk="HQ").files(LEG).page
    assert page is not None
    [step] = [step for step in page.steps if f"`copy {FILE} running-config`" in step]
    assert step.index(f"`copy xai-{NUMBER.lstrip('+')}.ios running-config`") < step.index(f"`copy {FILE}")


BLANK = ({"trunk": "HQ", "location": "  "}, {"route_group": {"trunks": [" "]}}, {"trunk": "HQ", "route_group": "  "})


@pytest.mark.parametrize("said", BLANK, ids=str)
def test_a_name_of_blanks_is_not_left_out(said: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="is blank"):
        Route.model_validate(said)
