"""What `xtel drift` takes for the way of a call, for the objects of every carrier: pure, from what their routes declare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from providers.kernel.registry import carriers
from stacks import callpath, graph, model
from stacks.resource import NUMBER as NUMBER_TYPE
from stacks.resource import Resource
from xtel.engine.state import State
from xtel.engine.step import Step
from xtel.operations import drift
from xtel.review.plan import calls

NUMBER = "+14155550100"
PBX = "sip:+14155550999@pbx.example.com;transport=tls"


def steps(**declared: Any) -> list[Step]:
    """The applied objects of one number, with made-up ids."""
    route = declared.pop("route")
    declared["route"] = carriers()[route["carrier"]].route.model_validate(route)
    given = {"number": NUMBER, "webhook": {"url": "https://voice.example.com/calls"}, "fallback": [PBX], **declared}
    needed = graph.of_number("support", model.Number.model_validate(given))
    found: list[Step] = []
    for each in needed:
        if each.type == NUMBER_TYPE:
            continue
        inputs = {name: _made(value) for name, value in each.inputs.items()}
        id = f"id-{each.part}" if each.part else "phone_1"
        found.append(_step(each.type, each.name, id, inputs, shared=each.shared))
    return found


def _made(value: Any) -> Any:
    """What stood for something that only the engine has, once that was made."""
    if isinstance(value, graph.OutputOf):
        return f"id-{value.resource.rpartition('/')[2]}"
    if isinstance(value, graph.MadePassword | model.SecretRef):
        return "Abc_123456"
    if isinstance(value, dict):
        return {name: _made(item) for name, item in cast(dict[str, Any], value).items()}
    return value


def _step(type: str, name: str, id: str, inputs: dict[str, Any], *, shared: bool = False) -> Step:
    parent = "" if shared else "xtel:network:Number$"
    urn = f"urn:pulumi:test::p::{parent}pulumi-python:dynamic/{type}::{name}"
    kind = callpath.declaration(type)
    assert kind
    as_checked = kind.spec.model_validate({"marker": "xtel/my.host/test", **inputs}).canonical()
    return Step("refresh", urn, as_checked, {}, id=id, done=True)


def way(found: list[Step]) -> set[str]:
    """The objects without which no call comes through."""
    outside = drift.OutsideChanges(found)
    passed = [step for step in found if outside.stops(step, NUMBER, None)]
    return {step.name.rpartition("/")[2] for step in passed}


@pytest.mark.parametrize(
    ("declared", "passed"),
    [
        (
            {"route": {"carrier": "twilio", "recording": "record-from-answer"}},
            {"trunk", "origination-url", "attachment"},
        ),
        (
            {"route": {"carrier": "telnyx", "transfer": True}, "fallback": ["sip:pbx.example.com;transport=tls"]},
            {"connection", "fqdn", "routing", "attachment"},
        ),
        (
            {"route": {"carrier": "plivo"}, "auth": {"digest": {"username": "u", "password": {"secret": "s"}}}},
            {"uri", "trunk", "attachment"},
        ),
    ],
    ids=["twilio", "telnyx", "plivo"],
)
def test_fallbacks_recordings_and_profiles_are_beside_the_way(declared: dict[str, Any], passed: set[str]) -> None:
    assert way(steps(**declared)) == {NUMBER, *passed}


def test_a_shared_trunk_is_on_the_way_of_every_number_on_it() -> None:
    shared = {"carrier": "twilio", "trunk": "shared", "recording": "record-from-answer"}
    found = steps(route=shared, fallback=["sip:pbx.example.com;transport=tls"])
    assert way(found) == {NUMBER, "trunk", "origination-url", "attachment"}
    assert set(drift.OutsideChanges(found).users.values()) == {frozenset({NUMBER})}


# -- findings ----------------------------------------------------------------------------------------------------------


def changed(found: list[Step], part: str, **inputs: Any) -> list[Step]:
    """A refresh that saw one object differ."""
    name = f"{NUMBER}/{part}" if part else NUMBER
    seen = [replace(step, new=step.new or step.old) for step in found]
    return [replace(step, op="update", new={**step.old, **inputs}) if step.name == name else step for step in seen]


def silenced(found: list[Step]) -> set[str]:
    return {f"{finding.object} {finding.what}" for finding in drift.OutsideChanges(found).findings if not finding.rings}


def test_what_only_together_ends_calls_is_named_as_a_whole() -> None:
    """The host moved at both ends is no end of a call; the carrier's end alone is."""
    host = {"sip_url": f"sip:{NUMBER}@eu.voice.x.ai;transport=tls"}
    found = changed(steps(route={"carrier": "twilio"}), "origination-url", **host)
    assert silenced(found) == {
        f"twilio OriginationUrl sip_url: sip:{NUMBER}@sip.voice.x.ai;transport=tls → sip:{NUMBER}@eu.voice.x.ai;transport=tls"
    }
    assert silenced(changed(found, "", sip_host="eu.voice.x.ai")) == set()


@pytest.mark.parametrize(
    ("carrier", "part", "change", "ends"),
    [
        ("twilio", "origination-url", {"sip_url": f"sip:{NUMBER}@sip.voice.x.ai;transport=udp"}, True),
        ("twilio", "origination-url", {"sip_url": f"sip:{NUMBER}@sip.voice.x.ai"}, True),
        ("twilio", "origination-url", {"sip_url": f"sip:{NUMBER}@sip.voice.x.ai:5080;transport=tls"}, True),
        ("twilio", "origination-url", {"sip_url": f"sip:{NUMBER}@sip.voice.x.ai:5061;transport=tls"}, False),
        ("twilio", "origination-url", {"sip_url": f"sip:{NUMBER}@sip.voice.x.ai:5060;transport=tls"}, False),
        ("telnyx", "connection", {"transport": "UDP"}, True),
        ("telnyx", "connection", {"transport": "TCP"}, True),
        ("telnyx", "fqdn", {"port": 5060}, False),
        ("telnyx", "fqdn", {"port": 5080}, True),
        ("plivo", "uri", {"uri": f"sip:{NUMBER}@sip.voice.x.ai;transport=udp"}, True),
    ],
)
def test_what_xai_does_not_take_is_no_ringing(carrier: str, part: str, change: dict[str, Any], ends: bool) -> None:
    found = changed(steps(route={"carrier": carrier}, fallback=[]), part, **change)
    assert bool(silenced(found)) is ends


def test_two_ways_that_are_both_off_end_calls_although_neither_does() -> None:
    found = steps(route={"carrier": "twilio"}, fallback=[f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"])
    first = changed(found, "origination-url", enabled=False)
    assert silenced(first) == set()
    assert silenced(changed(first, "fallback-1", enabled=False)) == {"twilio OriginationUrl enabled: true → false"}


def test_an_agent_is_no_number_and_its_changes_stand_at_those_that_it_answers() -> None:
    agent = _step("xai:Agent", "sales", "agent_1", {"name": "Sales", "instructions": "Greet."}, shared=True)
    gone = replace(agent, op="delete")
    answered = steps(route={"carrier": "twilio"}, webhook=None, agent="agent_1")
    assert [(item.number, item.rings) for item in drift.OutsideChanges([*answered, gone]).findings] == [(NUMBER, False)]
    assert [
        (item.number, item.rings) for item in drift.OutsideChanges([*steps(route={"carrier": "twilio"}), gone]).findings
    ] == [("sales", True)]
    report = drift.DriftReport("test", (NUMBER,), tuple(drift.OutsideChanges([gone]).findings))
    assert report.numbers == (NUMBER,) and [*report.as_json()["numbers"]] == [NUMBER, "sales"]


def test_another_agent_answers_and_what_took_the_calls_is_named() -> None:
    agents = [_step("xai:Agent", name, f"agent_{name}", {"name": name}, shared=True) for name in ("sales", "night")]
    answered = [*agents, *steps(route={"carrier": "twilio"}, webhook=None, agent="agent_sales")]
    assert [str(found) for found in drift.OutsideChanges(changed(answered, "", agent_id="agent_night")).findings] == [
        f"{NUMBER}  rings agent night: xai PhoneNumber agent_id: agent_sales → agent_night; apply sets it back"
    ]
    moved = changed(steps(route={"carrier": "twilio"}), "attachment", trunk_sid="TK9")
    urn = next(step.urn for step in moved if step.name.endswith("/attachment"))
    [found] = drift.OutsideChanges(moved, {urn: ["it is attached to trunk TK9"]}).findings
    assert found.what == "trunk_sid: id-trunk → TK9: it is attached to trunk TK9" and not found.rings


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("", []),
        ("attachment", ["attachment missing"]),
        ("origination-url", ["sip missing"]),
        ("PhoneNumber", ["registration missing"]),
        ("all", ["registration missing"]),
    ],
)
def test_what_no_apply_has_made_yet_is_no_network_as_applied(missing: str, said: list[str]) -> None:
    found = [calls.before(step) for step in steps(route={"carrier": "twilio"}, fallback=[])]
    kept = [each for each in found if missing not in {"all", each.part or each.kind}]
    applied = State((Resource(NUMBER, NUMBER_TYPE, {}), *kept))
    assert [each.what for each in drift.incomplete(applied, "dev", ())] == [
        f"was applied in part: {text}" for text in said
    ]


SPELLED = (
    (
        [{"trunk": "HQ gateway", "location": None}, {"certificate": "sbc1.example.com"}],
        "trunk HQ gateway, certificate sbc1.example.com",
    ),
    (["PCMU", "G722"], "PCMU, G722"),
    (True, "true"),
    (None, "nothing"),
)


@pytest.mark.parametrize(("value", "text"), SPELLED, ids=[text for _, text in SPELLED])
def test_a_value_is_spelled_as_a_stack_file_has_it(value: Any, text: str) -> None:
    assert drift.spelled(value) == text
