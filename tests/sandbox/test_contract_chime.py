"""Amazon's model decides: what our code sends, and what the sandbox answers, is what botocore's model declares.

The cuts are botocore's own model files, of the operations that matter here. Without them this test has nothing to ask but
botocore itself, which is installed and reads every answer anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.kernel import errors, limits, registry
from providers.kernel.session import Session
from providers.kernel.vendor import Settings
from tests import contract
from tests.aws import Models
from tests.conformance.lives import lived
from tests.conformance.subjects.chime import FUNCTION, LONDON, NUMBER, SUBJECT
from tests.contract import Exchange
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("aws_chime_sdk_voice_cut.json", "aws_sts_cut.json")
#: All that the sandbox serves of them.
SERVED = {
    "AssociatePhoneNumbersWithVoiceConnector", "CreateVoiceConnector", "DeleteVoiceConnector",
    "DeleteVoiceConnectorOrigination", "DisassociatePhoneNumbersFromVoiceConnector", "GetCallerIdentity",
    "GetPhoneNumber", "GetVoiceConnector", "GetVoiceConnectorOrigination", "ListPhoneNumbers", "ListTagsForResource",
    "ListVoiceConnectors", "PutVoiceConnectorOrigination", "TagResource", "UntagResource", "UpdateVoiceConnector",
    "CreateSipMediaApplication", "CreateSipRule", "DeleteSipMediaApplication", "DeleteSipRule",
    "GetSipMediaApplication", "GetSipRule", "ListSipMediaApplications", "ListSipRules", "UpdateSipMediaApplication",
    "UpdateSipRule",
}  # fmt: skip
WAY = {"Host": "sip.voice.x.ai", "Port": 5061, "Protocol": "TCP", "Priority": 1, "Weight": 1}


HERE = FUNCTION.replace("eu-west-2", "us-east-1")
TRIGGER = {"TriggerType": "ToPhoneNumber", "TriggerValue": LONDON}


def client(env: dict[str, str], region: str = "us-east-1") -> Any:
    """The SDK as our code has it."""
    chime = registry.vendor("chime")
    return chime.connect(Settings(chime, lambda key: None, env), limits.Limit(3)).voice(region)


def raised(call: Any, **asked: Any) -> Any:
    with pytest.raises(errors.CarrierError) as caught:
        call(**asked)
    return caught.value


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Exchange]]:
    """Our own objects through their whole lives, and what only others do, each right and each wrong."""
    with contract.heard(server) as (said, patch):
        made = lived(SUBJECT, server.env, patch)
        session = Session(registry.vendor("chime"), lambda key: None)
        assert session.account() == "111111111111"
        others(client(server.env), made["Connector"].id)
        rule, application = made["SipRule"].id, made["MediaApplication"].id
        others_of_rules(client(server.env, "eu-west-2"), rule, application)
        for kind in reversed(made):
            made[kind].destroy()
        again_of_rules(client(server.env, "eu-west-2"))
        yield said


def others(voice: Any, ours: str) -> None:
    """What our code never asks, and refusals of each kind."""
    made = voice.create_voice_connector(Name="theirs", RequireEncryption=True)["VoiceConnector"]
    id, arn = made["VoiceConnectorId"], made["VoiceConnectorArn"]
    voice.put_voice_connector_origination(VoiceConnectorId=id, Origination={"Routes": [WAY], "Disabled": False})
    voice.delete_voice_connector_origination(VoiceConnectorId=id)
    voice.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    voice.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert "Tags" not in voice.list_tags_for_resource(ResourceARN=arn)
    page = voice.list_voice_connectors(MaxResults=1)
    assert page["NextToken"] and voice.list_voice_connectors(MaxResults=1, NextToken=page["NextToken"])
    asked = {"VoiceConnectorId": id, "E164PhoneNumbers": [NUMBER]}
    assert "PhoneNumberAssociationsExist" in str(
        raised(voice.associate_phone_numbers_with_voice_connector, **asked, ForceAssociate=False)
    )
    raised(voice.disassociate_phone_numbers_from_voice_connector, **asked)
    assert raised(voice.delete_voice_connector, VoiceConnectorId=ours).status == 409
    voice.delete_voice_connector(VoiceConnectorId=id)
    for call, keys in (
        (voice.get_voice_connector, {"VoiceConnectorId": id}),
        (voice.get_voice_connector_origination, {"VoiceConnectorId": id}),
        (voice.get_phone_number, {"PhoneNumberId": "+14155550199"}),
        (voice.get_phone_number, {"PhoneNumberId": f"%2B{NUMBER[1:]}"}),  # as answers show it: encoded once more
        (voice.list_tags_for_resource, {"ResourceARN": arn}),
    ):
        assert raised(call, **keys).status == 404


def others_of_rules(voice: Any, rule: str, application: str) -> None:
    """Pages, filters, and what is refused while it is in use."""
    asked = {"AwsRegion": "eu-west-2", "Name": "theirs", "Endpoints": [{"LambdaArn": FUNCTION}]}
    made = voice.create_sip_media_application(**asked)["SipMediaApplication"]
    id, arn = made["SipMediaApplicationId"], made["SipMediaApplicationArn"]
    target = {"SipMediaApplicationId": id, "Priority": 1, "AwsRegion": "eu-west-2"}
    assert "Tags" not in voice.list_tags_for_resource(ResourceARN=arn)
    page = voice.list_sip_media_applications(MaxResults=1)
    assert voice.list_sip_media_applications(MaxResults=1, NextToken=page["NextToken"])["SipMediaApplications"]
    assert voice.list_sip_rules(SipMediaApplicationId=id)["SipRules"] == []
    assert len(voice.list_sip_rules(SipMediaApplicationId=application, MaxResults=1)["SipRules"]) == 1
    assert raised(voice.create_sip_rule, Name="a", TargetApplications=[target], **TRIGGER).status == 409
    assert raised(voice.delete_sip_rule, SipRuleId=rule).status == 409
    assert raised(voice.delete_sip_media_application, SipMediaApplicationId=application).status == 409
    voice.delete_sip_media_application(SipMediaApplicationId=id)
    for call, keys in (
        (voice.get_sip_media_application, {"SipMediaApplicationId": id}),
        (voice.update_sip_media_application, {"SipMediaApplicationId": id, "Name": "a"}),
        (voice.delete_sip_media_application, {"SipMediaApplicationId": id}),
        (voice.get_sip_rule, {"SipRuleId": "a"}),
        (voice.update_sip_rule, {"SipRuleId": "a", "Name": "a"}),
        (voice.delete_sip_rule, {"SipRuleId": "a"}),
    ):
        assert raised(call, **keys).status == 404


def again_of_rules(voice: Any) -> None:
    """A number whose rule is gone can have another one, also of a host."""
    asked = {"AwsRegion": "eu-west-2", "Name": "theirs", "Endpoints": [{"LambdaArn": FUNCTION}]}
    id = voice.create_sip_media_application(**asked)["SipMediaApplication"]["SipMediaApplicationId"]
    target = {"SipMediaApplicationId": id, "Priority": 1, "AwsRegion": "eu-west-2"}
    host = {"TriggerType": "RequestUriHostname", "TriggerValue": "a.voiceconnector.chime.aws"}
    for trigger in (TRIGGER, host):
        asked = {"Name": "theirs", "Disabled": True, "TargetApplications": [target], **trigger}
        voice.delete_sip_rule(SipRuleId=voice.create_sip_rule(**asked)["SipRule"]["SipRuleId"])
    voice.delete_sip_media_application(SipMediaApplicationId=id)


def test_what_was_there_before_is_there_again(ours: list[Exchange], server: Server) -> None:
    state = server.state()
    assert [state["chime"][kind] for kind in ("connectors", "applications", "rules")] == [[], [], []]
    assert {each["Status"] for each in state["chime"]["numbers"]} == {"Unassigned"}
    assert state["counters"] == {"purchases": 0, "releases": 0}


def test_every_request_and_answer_is_as_botocore_declares_it(ours: list[Exchange]) -> None:
    held = Models(DOCUMENTS)
    if DOCUMENTS:
        assert [problem for exchange in ours for problem in held.problems(exchange)] == []
        assert held.seen == SERVED


TARGET = {"SipMediaApplicationId": "nobody's", "Priority": 1, "AwsRegion": "us-east-1"}
#: Requests that botocore lets out and Amazon's model forbids.
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("create_voice_connector", {"Name": "n" * 257, "RequireEncryption": True}),
    ("create_voice_connector", {"Name": "xtel/p/s", "RequireEncryption": True}),
    ("create_voice_connector", {"Name": "a", "RequireEncryption": True, "AwsRegion": "us-east-9"}),
    ("create_voice_connector", {"Name": "a", "RequireEncryption": True, "NetworkType": "IPV6"}),
    ("create_voice_connector", {"Name": "a", "RequireEncryption": True, "Tags": [{"Key": "k" * 129, "Value": ""}]}),
    ("create_voice_connector", {"Name": "a", "RequireEncryption": True, "Tags": [{"Key": "k", "Value": "v" * 257}]}),
    ("create_voice_connector", {"Name": "a", "RequireEncryption": True, "IntegrationType": "OTHER"}),
    ("update_voice_connector", {"Name": "a+b", "RequireEncryption": True}),
    ("put_voice_connector_origination", {"Origination": {}}),
    ("put_voice_connector_origination", {"Origination": {"Routes": [{**WAY, "Protocol": "TLS"}]}}),
    ("put_voice_connector_origination", {"Origination": {"Routes": [{**WAY, "Port": 65536}]}}),
    ("put_voice_connector_origination", {"Origination": {"Routes": [{**WAY, "Priority": 101}]}}),
    ("put_voice_connector_origination", {"Origination": {"Routes": [{**WAY, "Weight": 101}]}}),
    ("put_voice_connector_origination", {"Origination": {"Routes": [WAY] * 21}}),
    ("associate_phone_numbers_with_voice_connector", {"E164PhoneNumbers": ["14155550173x"]}),
    ("list_voice_connectors", {"MaxResults": 101}),
    ("list_phone_numbers", {"MaxResults": 101}),
    ("create_sip_media_application", {"AwsRegion": "us-east-1", "Name": "a/b", "Endpoints": [{"LambdaArn": HERE}]}),
    ("create_sip_media_application", {"AwsRegion": "us-east-1", "Name": "a", "Endpoints": [{"LambdaArn": FUNCTION}]}),
    (
        "create_sip_media_application",
        {"AwsRegion": "us-east-1", "Name": "a", "Endpoints": [{"LambdaArn": "xai-calls"}]},
    ),
    ("create_sip_media_application", {"AwsRegion": "us-east-1", "Name": "a", "Endpoints": [{"LambdaArn": HERE}] * 2}),
    ("create_sip_media_application", {"AwsRegion": "eu-west-2", "Name": "a", "Endpoints": [{"LambdaArn": FUNCTION}]}),
    ("create_sip_rule", {"Name": "a", "TargetApplications": [TARGET], **TRIGGER}),
    ("create_sip_rule", {"Name": "a+b", "TargetApplications": [TARGET], **TRIGGER}),
    ("create_sip_rule", {"Name": "a", "TargetApplications": [TARGET] * 2, **TRIGGER}),
    ("create_sip_rule", {"Name": "a", "TargetApplications": [TARGET], **TRIGGER, "TriggerType": "FromPhoneNumber"}),
    ("create_sip_rule", {"Name": "a", "TargetApplications": [TARGET], **TRIGGER, "TriggerValue": NUMBER}),
    ("list_sip_media_applications", {"MaxResults": 101}),
    ("list_sip_rules", {"MaxResults": 101}),
]


@pytest.mark.parametrize(("call", "asked"), WRONG, ids=[f"{call}-{count}" for count, (call, _) in enumerate(WRONG)])
def test_what_the_model_forbids_is_refused(server: Server, call: str, asked: dict[str, Any]) -> None:
    server.control("POST", "reset")
    voice = client(server.env)
    id = voice.create_voice_connector(Name="theirs", RequireEncryption=True)["VoiceConnector"]["VoiceConnectorId"]
    needs = voice.meta.service_model.operation_model(voice.meta.method_to_api_mapping[call]).input_shape.members
    before = server.state()["chime"]
    refused = raised(getattr(voice, call), **asked, **({"VoiceConnectorId": id} if "VoiceConnectorId" in needs else {}))
    assert (refused.status, refused.code) == (400, "BadRequest")
    assert server.state()["chime"] == before
    server.control("POST", "reset")


def test_who_does_not_sign_or_signs_wrongly_is_told_so(server: Server) -> None:
    plain = server.http.get("/voice-connectors")
    assert (plain.status_code, plain.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
    for change, code in (
        ({"AWS_SECRET_ACCESS_KEY": "x" * 40}, "InvalidSignatureException"),
        ({"AWS_ACCESS_KEY_ID": "AKIASTRANGER00000000"}, "UnrecognizedClientException"),
    ):
        refused = raised(client({**server.env, **change}).list_voice_connectors)
        assert (refused.status, refused.code) == (403, code)
        assert "check the AWS credentials" in str(refused)
