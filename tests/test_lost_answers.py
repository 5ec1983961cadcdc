"""Answers that get lost on the way, requests that never arrive: the next look finds what is there, nothing is doubled."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox
from tests.engine import test_buying, test_lifecycle, test_plivo, test_telnyx
from tests.engine.conftest import HEAD, SUPPORT
from tests.engine.test_agents import AGENTS, DESK, agents, answering
from tests.engine.test_buying import BUY, counters, each_carrier
from tests.face import Face

NUMBER = test_lifecycle.NUMBER


@pytest.mark.parametrize(
    "match", ["POST /v1/Trunks", "POST /v1/Trunks/*/OriginationUrls", "POST /v1/Trunks/*/PhoneNumbers"]
)
def test_a_number_of_twilio(face: Face, sandbox: Sandbox, match: str) -> None:
    face.declare(HEAD + SUPPORT)
    sandbox.fault(match, "drop_after")
    assert face.up() == {"create": 4}
    assert sandbox.faults_left() == []
    assert face.up() == {"same": 4}
    test_lifecycle.wired(sandbox, NUMBER)
    assert face.state[NUMBER].outputs["signing_secret"] == sandbox.secrets()["signing_secrets"][NUMBER]


@pytest.mark.parametrize("path", ["Zentrunk/URI/", "Zentrunk/Trunk/", "Number/*/"])
def test_a_number_of_plivo(face: Face, sandbox: Sandbox, path: str) -> None:
    face.declare(HEAD + test_plivo.NYC)
    sandbox.fault(f"POST /v1/Account/*/{path}", "drop_after")
    assert face.up() == {"create": 5}
    assert sandbox.faults_left() == []
    assert face.up() == {"same": 5}
    test_plivo.wired(sandbox, test_plivo.NYC_NUMBER)
    assert test_plivo.objects(sandbox) == (1, 1)


@pytest.mark.parametrize("call", ["POST /v2/fqdns", "PATCH /v2/fqdn_connections/*", "PATCH /v2/phone_numbers/*"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_the_circle_of_telnyx_is_closed_after_a_failure_half_way(
    face: Face, sandbox: Sandbox, call: str, action: str
) -> None:
    face.declare(HEAD + test_telnyx.LONDON)
    sandbox.fault(call, action)
    face.up(fails=None)
    assert sandbox.faults_left() == []
    face.up()
    test_telnyx.wired(sandbox, test_telnyx.LONDON_NUMBER)
    assert test_telnyx.objects(sandbox) == [1, 2, 1]
    assert set(face.up()) == {"same"}


@each_carrier
def test_a_purchase(face: Face, sandbox: Sandbox, carrier: str) -> None:
    face.declare(HEAD + test_buying.entry(carrier))
    sandbox.fault(BUY[carrier], "drop_after")
    face.up()
    assert sandbox.faults_left() == []
    assert set(face.up()) == {"same"}
    assert counters(sandbox)["purchases"] == 1


def test_an_agent(face: Face, sandbox: Sandbox) -> None:
    sandbox.fault("POST /v1/agents", "drop_after")
    face.declare(AGENTS + DESK)
    face.up()
    assert sandbox.faults_left() == []
    assert len(sandbox.state()["xai"]["agents"]) == 2
    assert face.up() == {"same": 5}


def test_an_agent_whose_number_failed(face: Face, sandbox: Sandbox) -> None:
    face.declare(AGENTS + DESK)
    sandbox.fault("POST /v2/phone-numbers", "status", status=503)
    face.up(fails=True)
    made = agents(sandbox)["Sales"]["agent_id"]
    face.up()
    assert len(sandbox.state()["xai"]["agents"]) == 2
    assert (agents(sandbox)["Sales"]["agent_id"], answering(sandbox)) == (made, "Sales")


def test_a_request_that_did_not_happen_is_an_error_and_the_next_run_goes_on(face: Face, sandbox: Sandbox) -> None:
    face.declare(HEAD + SUPPORT)
    sandbox.fault("POST /v1/Trunks", "status", status=503)
    face.up(fails=True)
    [failed] = face.errors.values()
    assert "it was not made as far as can be seen" in failed
    assert "next: run `pulumi up` again: it looks before it makes anything" in failed
    assert sum(entry["method"] == "POST" and entry["path"] == "/v1/Trunks" for entry in sandbox.log()) == 1
    face.up()
    test_lifecycle.wired(sandbox, NUMBER)
