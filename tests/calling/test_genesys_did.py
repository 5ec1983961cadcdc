"""A call to a DID of an organisation at Genesys Cloud: call route, flow, transfer, number plan, trunk, xAI."""

from __future__ import annotations

from typing import Any

import pytest

from tests.calling import wiring
from tests.calling.wiring import NUMBERS, Receiver
from tests.conformance.subjects.genesys import DID
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

NUMBER = NUMBERS["genesys"]


@pytest.fixture
def flow(sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything but the call route, made by our own objects, the number registered with the same login."""
    common: dict[str, Any] = {"marker": f"xtel/p/s/{NUMBER}", "site": "Cloud site"}
    trunk = Hand("genesys:Trunk", sandbox.env, monkeypatch)
    trunk.up(**common, username="xai", password=wiring.PASSWORD)
    route = Hand("genesys:OutboundRoute", sandbox.env, monkeypatch)
    route.up(**common, classification="xai", trunk_id=trunk.id)
    Hand("genesys:Attachment", sandbox.env, monkeypatch).up(**common, phone_number=NUMBER, classification="xai")
    made = Hand("genesys:Flow", sandbox.env, monkeypatch)
    made.up(marker=common["marker"], phone_number=NUMBER)
    wiring.xai(sandbox, NUMBER, digest="xai")
    return made.id


def test_its_callers_reach_xai(sandbox: Server, receiver: Receiver, flow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = wiring.call(sandbox, DID, seconds=0.1)
    assert (found["state"], found["outcome"]["hop"]) == ("failed", "attachment"), "no call route yet"
    route = Hand("genesys:CallRoute", sandbox.env, monkeypatch)
    route.up(marker=f"xtel/p/s/{NUMBER}", did=DID, flow_id=flow)
    found = wiring.call(sandbox, DID, seconds=0.1)
    assert (found["state"], found["outcome"]["code"]) == ("ended", 200), found
    assert any(f"sip:{NUMBER}@sip.voice.x.ai" in entry["line"] for entry in found["ladder"])
    assert wiring.PASSWORD not in str(found)
    route.destroy()
    assert wiring.call(sandbox, DID, seconds=0.1)["outcome"]["hop"] == "attachment"
