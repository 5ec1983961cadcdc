"""A network with an Amazon Connect number, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.subjects.connect import NUMBER
from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
LONDON = "+442079460088"
TWO = f"""
  sf:
    number: "{NUMBER}"
    route: {{carrier: connect}}
  london:
    number: "{LONDON}"
    take_over: true
    route: {{carrier: connect, user_to_user: $.Attributes.customer}}
"""


def objects(sandbox: Sandbox) -> dict[str, Any]:
    """Amazon's own records."""
    state = sandbox.state()
    return {**state["connect"], "connectors": state["chime"]["connectors"]}


def wired(sandbox: Sandbox, number: str) -> None:
    """Amazon's own records say: a flow has the number, and transfers its calls, encrypted, to xAI."""
    found = objects(sandbox)
    [record] = [each for each in found["numbers"] if each["PhoneNumber"] == number]
    flows = {each["ResourceId"]: each["FlowId"] for each in found["links"]}
    [flow] = [each for each in found["flows"] if each["Arn"] == flows[record["PhoneNumberArn"]]]
    [connector] = found["connectors"]
    transfer = json.loads(flow["Content"])["Actions"][0]["Parameters"]["VoiceConnector"]
    assert transfer["VoiceConnectorArn"] == connector["VoiceConnectorArn"]
    assert transfer["ToUser"] == number
    assert [each["IntegrationArn"] for each in found["integrations"]] == [connector["VoiceConnectorArn"]]
    assert (connector["IntegrationType"], connector["RequireEncryption"]) == ("CONNECT_CALL_TRANSFER_CONNECTOR", True)
    assert [(way["Host"], way["Port"], way["Protocol"]) for way in connector["Routes"]] == [
        ("sip.voice.x.ai", 5061, "TCP")
    ]
    assert [found["phone_number"] for found in sandbox.state()["xai"]["numbers"]].count(number) == 1


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    before = objects(sandbox)
    project.declare(TWO)
    project.up("--diff")
    wired(sandbox, NUMBER)
    wired(sandbox, LONDON)
    sandbox.forget_log()
    again = project.up("--diff", "--refresh")
    assert "created" not in again
    assert "updated" not in again
    assert sandbox.writes() == []
    project.run("destroy", "--yes")
    assert objects(sandbox) == before
    assert sandbox.state()["counters"]["releases"] == 0
