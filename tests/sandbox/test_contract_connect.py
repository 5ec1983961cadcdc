"""Amazon's models decide: what our code sends to Connect, Voice Connectors and STS, and what the sandbox answers.

Service Quotas has no cut here: its one answer is read by botocore's own model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from providers.connect import content
from providers.kernel import errors, limits, registry
from providers.kernel.session import Session
from providers.kernel.vendor import Settings
from tests import contract
from tests.aws import Models
from tests.conformance.lives import lived
from tests.conformance.subjects.connect import INSTANCE, NUMBER, SUBJECT, THEIRS
from tests.contract import Exchange
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("aws_connect_cut.json", "aws_chime_sdk_voice_cut.json", "aws_sts_cut.json")
#: All that the sandbox serves of Connect.
SERVED = {
    "AssociatePhoneNumberContactFlow", "CreateContactFlow", "CreateIntegrationAssociation", "DeleteContactFlow",
    "DeleteIntegrationAssociation", "DescribeContactFlow", "DescribePhoneNumber", "DisassociatePhoneNumberContactFlow",
    "ListContactFlows", "ListFlowAssociations", "ListInstances", "ListIntegrationAssociations", "ListPhoneNumbers",
    "ListTagsForResource", "TagResource", "UntagResource", "UpdateContactFlowContent", "UpdateContactFlowMetadata",
}  # fmt: skip


def api(env: dict[str, str]) -> Any:
    """The SDK as our code has it."""
    vendor = registry.vendor("connect")
    return vendor.connect(Settings(vendor, lambda key: None, env), limits.Limit(3))


def raised(call: Any, **asked: Any) -> Any:
    with pytest.raises(errors.CarrierError) as caught:
        call(**asked)
    return caught.value


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Exchange]]:
    """Our own objects through their whole lives, and what only others do, each right and each wrong."""
    with contract.heard(server) as (said, patch):
        made = lived(SUBJECT, server.env, patch)
        session = Session(registry.vendor("connect"), lambda key: None)
        assert session.account() == "111111111111"
        assert session.ask(lambda client: client.granted("us-east-1")) == 5
        others(api(server.env).connect("us-east-1"), made)
        for kind in reversed(made):
            made[kind].destroy()
        yield said


def others(connect: Any, made: dict[str, Hand]) -> None:
    """What our code never asks, and refusals of each kind."""
    assert [each["Id"] for each in connect.list_instances(MaxResults=10)["InstanceSummaryList"]] == [INSTANCE]
    page = connect.list_contact_flows(InstanceId=INSTANCE, MaxResults=1)
    assert page["NextToken"]
    assert connect.list_contact_flows(InstanceId=INSTANCE, MaxResults=1, NextToken=page["NextToken"])
    arn = made["Association"].state["association_arn"]
    connect.tag_resource(resourceArn=arn, tags={"a": "b"})
    connect.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert "a" not in connect.list_tags_for_resource(resourceArn=arn)["tags"]
    flow, number = made["Flow"].id, made["Attachment"].id
    saved = {"InstanceId": INSTANCE, "Name": "saved", "Type": "CONTACT_FLOW", "Content": "{}", "Status": "SAVED"}
    id = connect.create_contact_flow(**saved)["ContactFlowId"]
    asked = {"InstanceId": INSTANCE, "ContactFlowId": id}
    assert raised(connect.describe_contact_flow, **asked).code == "ContactFlowNotPublishedException"
    assert connect.describe_contact_flow(InstanceId=INSTANCE, ContactFlowId=f"{id}:$SAVED")["ContactFlow"]
    assert raised(connect.create_contact_flow, **saved).status == 409
    assert "not JSON" in str(raised(connect.update_contact_flow_content, **asked, Content="no flow"))
    connect.delete_contact_flow(**asked)
    assert raised(connect.delete_contact_flow, InstanceId=INSTANCE, ContactFlowId=flow).status == 400
    bond = {"InstanceId": INSTANCE, "IntegrationType": "CALL_TRANSFER_CONNECTOR"}
    there = made["Connector"].state["connector_arn"]
    assert raised(connect.create_integration_association, **bond, IntegrationArn=there).status == 409
    for call, keys in (
        (connect.describe_contact_flow, asked),
        (connect.describe_phone_number, {"PhoneNumberId": THEIRS}),
        (connect.create_integration_association, {**bond, "IntegrationArn": f"{there}x"}),
        (connect.delete_integration_association, {"InstanceId": INSTANCE, "IntegrationAssociationId": THEIRS}),
        (connect.list_phone_numbers, {"InstanceId": THEIRS}),
        (connect.list_tags_for_resource, {"resourceArn": f"{arn}x"}),
        (connect.associate_phone_number_contact_flow, {"PhoneNumberId": number, **asked}),
    ):
        assert raised(call, **keys).status == 404


def test_what_was_there_before_is_there_again(ours: list[Exchange], server: Server) -> None:
    state = server.state()
    assert state["chime"]["connectors"] == state["connect"]["integrations"] == []
    assert [each["Id"] for each in state["connect"]["flows"]] == [THEIRS]
    assert len(state["connect"]["links"]) == 1
    assert state["counters"] == {"purchases": 0, "releases": 0}


def test_every_request_and_answer_is_as_botocore_declares_it(ours: list[Exchange]) -> None:
    held = Models(DOCUMENTS)
    told = [each for each in ours if '"Quota"' not in each.text]
    if DOCUMENTS:
        assert [problem for exchange in told for problem in held.problems(exchange)] == []
        assert held.seen >= SERVED


TRANSFER = content.Transfer("arn:aws:chime:us-east-1:111111111111:vc/x", NUMBER, 60)


def edited(**changes: Any) -> str:
    """A transfer with other parameters; None takes one out."""
    flow = json.loads(content.written(TRANSFER))
    given = flow["Actions"][0]["Parameters"] | changes
    flow["Actions"][0]["Parameters"] = {name: value for name, value in given.items() if value is not None}
    return json.dumps(flow)


#: Flows that cannot be published, with what Connect says of them.
WRONG = {
    "not associated": (content.written(TRANSFER), "is not associated with the instance"),
    "no time limit": (edited(ThirdPartyConnectionTimeLimitSeconds=None), "are required, in one spelling"),
    "two spellings": (edited(ThirdPartyConnectionTimeoutSeconds="60"), "are required, in one spelling"),
    "over the limit": (edited(ThirdPartyConnectionTimeLimitSeconds="601"), "is 0 to 600"),
    "no continuation": (edited(ContinueFlowExecution=None), "are required, in one spelling"),
    "a boolean": (edited(ContinueFlowExecution=False), "every parameter is text"),
    "errors of another one": (edited(ContinueFlowExecution="True"), "the errors are not those"),
    "nowhere": (content.written(TRANSFER).replace('"StartAction": "to-xai"', '"StartAction": "x"'), "names no action"),
    "another version": (content.written(TRANSFER).replace("2019-10-30", "2020-01-01"), "Version must be 2019-10-30"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_flow_that_cannot_be_published_is_refused_with_its_problems(server: Server, name: str) -> None:
    server.control("POST", "reset")
    text, says = WRONG[name]
    asked = {"InstanceId": INSTANCE, "Name": "wrong", "Type": "CONTACT_FLOW", "Content": text}
    refused = raised(api(server.env).connect("us-east-1").create_contact_flow, **asked)
    assert (refused.status, refused.code) == (400, "InvalidContactFlowException")
    assert says in refused.reason and "`spelling: pages`" in refused.step
    assert len(server.state()["connect"]["flows"]) == 1
