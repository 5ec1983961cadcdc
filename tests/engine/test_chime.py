"""A network with an Amazon Chime number, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conformance.subjects.chime import LONDON, NUMBER, Chime
from tests.conftest import Sandbox
from tests.engine.conftest import Project
from tests.engine.test_import import EMPTY, forget, stack_file, xtel

pytestmark = pytest.mark.engine
SAN_FRANCISCO = """
  sf:
    number: "+14155550173"
    route: {carrier: chime}
"""


def objects(sandbox: Sandbox) -> dict[str, Any]:
    """Amazon's own records."""
    return sandbox.state()["chime"]


def wired(sandbox: Sandbox, number: str) -> None:
    """Amazon's own records say: this number is on a connector that sends its calls to xAI, encrypted."""
    [connector] = objects(sandbox)["connectors"]
    [record] = [each for each in objects(sandbox)["numbers"] if each["E164PhoneNumber"] == number]
    assert [each["Value"] for each in record["Associations"]] == [connector["VoiceConnectorId"]]
    assert connector["RequireEncryption"]
    assert [(way["Host"], way["Port"], way["Protocol"]) for way in connector["Routes"]] == [
        ("sip.voice.x.ai", 5061, "TCP")
    ]
    assert [found["phone_number"] for found in sandbox.state()["xai"]["numbers"]].count(number) == 1


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    before = objects(sandbox)
    project.declare(SAN_FRANCISCO)
    project.up("--diff")
    wired(sandbox, NUMBER)
    project.stays()
    project.run("destroy", "--yes")
    assert objects(sandbox) == before
    assert sandbox.state()["counters"]["releases"] == 0


LONDON_ON = """
  london:
    number: "+442079460077"
    replace: accept
    route:
      carrier: chime
      region: {region}
      lambda_arn: arn:aws:lambda:{region}:111111111111:function:xai-calls
"""
FUNCTION = "arn:aws:lambda:{region}:111111111111:function:xai-calls"


def chained(sandbox: Sandbox, region: str) -> None:
    """Amazon's own records say: the number's rule asks the Lambda of this region, and a connector is there for it."""
    [rule], [application] = objects(sandbox)["rules"], objects(sandbox)["applications"]
    [record] = [each for each in objects(sandbox)["numbers"] if each["E164PhoneNumber"] == LONDON]
    assert [each["Value"] for each in record["Associations"]] == [rule["SipRuleId"]]
    assert not rule["Disabled"]
    [target] = rule["TargetApplications"]
    assert (target["SipMediaApplicationId"], target["AwsRegion"]) == (application["SipMediaApplicationId"], region)
    assert application["Endpoints"] == [{"LambdaArn": FUNCTION.format(region=region)}]
    [connector] = objects(sandbox)["connectors"]
    assert (connector["AwsRegion"], connector["RequireEncryption"]) == (region, True)


def test_a_number_outside_the_us_comes_to_another_region_and_is_left_as_it_was(
    project: Project, sandbox: Sandbox
) -> None:
    """Its rule is changed in place, and the person is told of the new connector."""
    before = objects(sandbox)
    for region in ("eu-west-2", "eu-central-1"):
        project.declare(LONDON_ON.format(region=region))
        shown = project.up("--diff")
        chained(sandbox, region)
        [connector] = objects(sandbox)["connectors"]
        assert f"CONNECTOR_ARN is {connector['VoiceConnectorArn']}" in re.sub(r"\s+", " ", shown)
    project.stays()
    project.run("destroy", "--yes")
    assert objects(sandbox) == before
    assert sandbox.state()["counters"]["releases"] == 0


def test_somebody_elses_rule_is_changed_with_consent_and_put_back(project: Project, sandbox: Sandbox) -> None:
    Chime(sandbox).occupy(LONDON)
    before = objects(sandbox)
    project.declare(LONDON_ON.format(region="eu-west-2"))
    assert "SIP rule theirs gets its calls" in re.sub(r"\s+", " ", project.run("up", "--yes", code=1))
    assert objects(sandbox)["rules"] == before["rules"]
    project.declare(LONDON_ON.format(region="eu-west-2") + "    take_over: true\n")
    assert "calls end at the Lambda until its CONNECTOR_ARN is" in re.sub(r"\s+", " ", project.run("preview"))
    project.up()
    [rule] = objects(sandbox)["rules"]
    assert rule["SipRuleId"] == before["rules"][0]["SipRuleId"]
    assert rule["TargetApplications"] != before["rules"][0]["TargetApplications"]
    project.run("destroy", "--yes")
    assert objects(sandbox) == before


SPARE = """
  spare:
    number: "+14155550173"
    route: {carrier: chime, connector: shared, region: eu-west-2}
"""


def test_a_live_number_comes_to_a_connector_that_its_lambda_knows(project: Project, sandbox: Sandbox) -> None:
    """A spare number has it made first, so that no call ends at the function."""
    project.declare(SPARE)
    project.up()
    [connector] = objects(sandbox)["connectors"]
    Chime(sandbox).occupy(LONDON)
    live = LONDON_ON.format(region="eu-west-2") + "      connector: shared\n    take_over: true\n"
    project.declare(SPARE, live)
    assert f"CONNECTOR_ARN is {connector['VoiceConnectorArn']}" in re.sub(r"\s+", " ", project.up())
    assert [each["VoiceConnectorId"] for each in objects(sandbox)["connectors"]] == [connector["VoiceConnectorId"]]
    [rule] = objects(sandbox)["rules"]
    assert rule["Name"] != "theirs"
    project.declare(live)
    project.up()
    assert [each["VoiceConnectorId"] for each in objects(sandbox)["connectors"]] == [connector["VoiceConnectorId"]]


def test_so_does_one_that_changes_the_region(project: Project, sandbox: Sandbox) -> None:
    project.declare(LONDON_ON.format(region="eu-west-2"), SPARE.replace("eu-west-2", "eu-central-1"))
    project.up()
    [spare] = [each for each in objects(sandbox)["connectors"] if each["AwsRegion"] == "eu-central-1"]
    project.declare(LONDON_ON.format(region="eu-central-1") + "      connector: shared\n")
    assert f"CONNECTOR_ARN is {spare['VoiceConnectorArn']}" in re.sub(r"\s+", " ", project.up())
    chained(sandbox, "eu-central-1")
    [connector] = objects(sandbox)["connectors"]
    assert connector["VoiceConnectorId"] == spare["VoiceConnectorId"]


SHARED = """
  {key}:
    number: "{number}"
    replace: accept
    route: {{carrier: chime, connector: shared, region: {region}}}
"""
BOTH = {"sf": NUMBER, "ny": "+12125550174"}


@pytest.mark.parametrize("known", ["numbers", "connectors"])
def test_numbers_that_share_a_connector_move_to_another_region(project: Project, sandbox: Sandbox, known: str) -> None:
    """Whichever region it is that puts a number on a connector; nothing is left of the one that they were on."""
    sandbox.switch(chime__associations=known)
    before = objects(sandbox)
    for region in ("us-east-1", "eu-west-1"):
        project.declare(*(SHARED.format(key=key, number=number, region=region) for key, number in BOTH.items()))
        project.up()
        [connector] = objects(sandbox)["connectors"]
        assert connector["AwsRegion"] == region
        for number in BOTH.values():
            wired(sandbox, number)
    project.run("destroy", "--yes")
    assert objects(sandbox) == before


def test_a_connector_that_somebody_renamed_is_imported_and_becomes_ours(project: Project, sandbox: Sandbox) -> None:
    """Also the tag that names its owner is gone, as of one that was made by hand."""
    project.declare(SAN_FRANCISCO)
    project.up()
    before = project.resources()
    forget(project)
    stack_file(project).write_text(EMPTY)
    [connector] = objects(sandbox)["connectors"]
    voice = Chime(sandbox).voice()
    voice.untag_resource(ResourceARN=connector["VoiceConnectorArn"], TagKeys=["xtel"])
    voice.update_voice_connector(VoiceConnectorId=connector["VoiceConnectorId"], Name="Old PBX", RequireEncryption=True)
    shown = xtel(project, "--carrier", "chime", "--yes")
    assert "imported, and the plan is empty" in shown
    assert {name: each["id"] for name, each in project.resources().items()} == {
        name: each["id"] for name, each in before.items()
    }
    [connector] = objects(sandbox)["connectors"]
    assert connector["Tags"] == {"xtel": f"xtel/xai-telephony/test/{NUMBER}"}
    wired(sandbox, NUMBER)
    assert "unchanged" in project.run("refresh", "--yes", "--expect-no-changes")
    project.run("destroy", "--yes")
    assert objects(sandbox)["connectors"] == []
