"""A network with an Amazon Connect number, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.subjects.connect import INSTANCE, NUMBER, PLACE, Connect
from tests.conftest import Sandbox
from tests.engine.conftest import Project
from tests.engine.test_import import EMPTY, forget, stack_file, xtel

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

ONE = f"""
  sf:
    number: "{NUMBER}"
    route: {{carrier: connect, connector: own, seconds: 30}}
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
    project.stays()
    project.run("destroy", "--yes")
    assert objects(sandbox) == before
    assert sandbox.state()["counters"]["releases"] == 0


def test_a_flow_that_somebody_made_is_imported_and_becomes_ours(project: Project, sandbox: Sandbox) -> None:
    """None of its objects says whose it is."""
    project.declare(ONE)
    project.up()
    before = project.resources()
    forget(project)
    stack_file(project).write_text(EMPTY)
    api = Connect(sandbox).api()
    for link in [*objects(sandbox)["flows"], *objects(sandbox)["integrations"]]:
        arn = link.get("Arn") or link["IntegrationAssociationArn"]
        api.connect(PLACE.region).untag_resource(resourceArn=arn, tagKeys=["xtel"])
    shown = xtel(project, "--carrier", "connect", "--yes")
    assert "imported, and the plan is empty" in shown
    assert f'instance: "{INSTANCE}"' in stack_file(project).read_text()
    assert {each["id"] for each in project.resources().values()} == {each["id"] for each in before.values()}
    wired(sandbox, NUMBER)
    assert "unchanged" in project.run("refresh", "--yes", "--expect-no-changes")
    project.run("destroy", "--yes")
    assert objects(sandbox)["connectors"] == objects(sandbox)["integrations"] == []
