"""What `xtel drift` takes for the way of a call, for the objects of every carrier: pure, from what their routes declare."""

from __future__ import annotations

from typing import Any

import pytest

from providers.kernel.registry import carriers
from stacks import graph, model
from stacks.resource import NUMBER as NUMBER_TYPE
from xtel.engine.step import Step
from xtel.operations import drift

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
        inputs = {
            name: f"id-{value.resource.rpartition('/')[2]}" if isinstance(value, graph.OutputOf) else value
            for name, value in each.inputs.items()
        }
        id = f"id-{each.part}" if each.part else "phone_1"
        found.append(_step(each.type, each.name, id, inputs, shared=each.shared))
    return found


def _step(type: str, name: str, id: str, inputs: dict[str, Any], *, shared: bool = False) -> Step:
    parent = "" if shared else "xtel:network:Number$"
    urn = f"urn:pulumi:test::p::{parent}pulumi-python:dynamic/{type}::{name}"
    return Step("refresh", urn, {"marker": "xtel/my.host/test", **inputs}, {}, id=id, done=True)


def way(found: list[Step]) -> set[str]:
    """The objects without which no call comes through."""
    outside = drift.Outside(found)
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
    assert set(drift.Outside(found).users.values()) == {frozenset({NUMBER})}
