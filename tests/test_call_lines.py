"""Whose call it is that `xtel call` places: the carrier's that was told to take the number."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.resource import Resource
from tests.trace import network
from xtel.engine.state import State
from xtel.proof import calling

PBX = """version: 1
defaults:
  webhook: {url: https://voice.example.com/calls}
numbers:
  desk:
    number: "+14155550181"
    route: {carrier: zoom, sip_group: SBC East}
    auth: {allow: [203.0.113.20]}
  hall:
    number: "+14155550182"
    route: {carrier: zoom, calls: carrier, sbc: {platform: cube}}
    auth: {allow: [203.0.113.20]}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PBX, {"+14155550181": "zoom", "+14155550182": ""}),
        (
            network.FILE,
            {
                "+14155550100": "twilio",
                "+14155550101": "twilio",
                "+13125550142": "telnyx",
                "+12125550177": "plivo",
                "+498912345670": "",
                "+442079460011": "",
            },
        ),
    ],
    ids=["of a PBX", "of carriers"],
)
def test_the_carrier_of_the_state_places_the_call(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    resources = network.resources(network.read(tmp_path, text))
    found = {line.number: line.carrier for line in calling.lines(State(tuple(resources)))}
    assert {number: found[number] for number in expected} == expected


def test_a_number_that_two_carriers_take_is_nobodys_alone(tmp_path: Path) -> None:
    resources = network.resources(network.read(tmp_path, PBX))
    number = "+14155550181"
    other = Resource(f"{number}/other", "twilio:Attachment", {"phone_number": number, "trunk_sid": "TK"}, number)
    [line, *_] = calling.lines(State((*resources, other)))
    assert (line.number, line.carrier) == (number, "")
