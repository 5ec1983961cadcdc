"""Amazon Chime under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.kernel import limits, registry
from providers.kernel.vendor import Settings
from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550173"
MARK = f"xtel/p/s/{NUMBER}"
WAY = {"host": "sip.voice.x.ai", "priority": 1}
PBX = {"host": "pbx.example.com", "port": 5061, "priority": 2}

#: A number that a SIP rule alone can have, and the Lambda that its application asks.
LONDON = "+442079460077"
LONDON_MARK = f"xtel/p/s/{LONDON}"
FUNCTION = "arn:aws:lambda:eu-west-2:111111111111:function:xai-calls"
CONNECTOR = "arn:aws:chime:eu-west-2:111111111111:vc/abcdefghijklmnopqrstuv"


class Chime:
    """The sandbox's Amazon."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        given = self._sandbox.env(account=account)
        return {name: value for name, value in given.items() if name.startswith("AWS_")}

    def reset(self) -> None:
        self._sandbox.reset()

    def voice(self, region: str = "us-east-1") -> Any:
        """What somebody with the AWS command line would use."""
        vendor = registry.vendor("chime")
        return vendor.connect(Settings(vendor, lambda key: None, self.env()), limits.Limit(3)).voice(region)

    def owned(self, number: str) -> Mapping[str, Any]:
        found = self.voice().get_phone_number(PhoneNumberId=number)["PhoneNumber"]
        return {"on": [each["Value"] for each in found["Associations"]], "rule": self.rule(number)}

    def rule(self, number: str) -> Mapping[str, Any]:
        """The SIP rule of a number, as it stands."""
        found = [each for each in self._sandbox.state()["chime"]["rules"] if each["TriggerValue"] == number]
        return found[0] if found else {}

    def ruled(self, id: str, **changes: Any) -> None:
        """Somebody changes a rule in the console."""
        now = self.voice("eu-west-2").get_sip_rule(SipRuleId=id)["SipRule"]
        self.voice("eu-west-2").update_sip_rule(SipRuleId=id, **{"Name": now["Name"], **changes})

    def asks(self, id: str, arn: str) -> None:
        """Somebody has another Lambda asked."""
        voice = self.voice("eu-west-2")
        name = voice.get_sip_media_application(SipMediaApplicationId=id)["SipMediaApplication"]["Name"]
        voice.update_sip_media_application(SipMediaApplicationId=id, Name=name, Endpoints=[{"LambdaArn": arn}])

    def occupy(self, number: str) -> None:
        if number == LONDON:
            self._ruled_by_others()
            return
        made = self.voice().create_voice_connector(Name="theirs", RequireEncryption=False)["VoiceConnector"]
        self.voice().associate_phone_numbers_with_voice_connector(
            VoiceConnectorId=made["VoiceConnectorId"], E164PhoneNumbers=[number], ForceAssociate=True
        )

    def _ruled_by_others(self) -> None:
        """Somebody's application gets the calls, by the rule that is there, or else one of theirs."""
        voice = self.voice("eu-west-2")
        made = voice.create_sip_media_application(
            Name="theirs", AwsRegion="eu-west-2", Endpoints=[{"LambdaArn": f"{FUNCTION}-theirs"}]
        )["SipMediaApplication"]
        target = {"SipMediaApplicationId": made["SipMediaApplicationId"], "Priority": 2, "AwsRegion": "eu-west-2"}
        if found := self.rule(LONDON):
            self.ruled(found["SipRuleId"], TargetApplications=[target])
            return
        trigger = {"TriggerType": "ToPhoneNumber", "TriggerValue": LONDON}
        voice.create_sip_rule(Name="theirs", TargetApplications=[target], **trigger)

    def originate(self, id: str, **changes: Any) -> None:
        now = self.voice().get_voice_connector_origination(VoiceConnectorId=id)["Origination"]
        self.voice().put_voice_connector_origination(VoiceConnectorId=id, Origination={**now, **changes})

    def encrypt(self, id: str, on: bool) -> None:
        name = self.voice().get_voice_connector(VoiceConnectorId=id)["VoiceConnector"]["Name"]
        self.voice().update_voice_connector(VoiceConnectorId=id, Name=name, RequireEncryption=on)

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")


def _connector(**inputs: Any) -> Any:
    return lambda made: {"marker": MARK, "routes": [WAY], **inputs}


def _link(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "connector_id": made["Connector"].id, "phone_number": NUMBER}


def _application(made: Made) -> dict[str, Any]:
    return {"marker": LONDON_MARK, "region": "eu-west-2", "lambda_arn": FUNCTION}


def _file(made: Made) -> dict[str, Any]:
    return {"marker": LONDON_MARK, "phone_number": LONDON, "lambda_arn": FUNCTION, "connector_arn": CONNECTOR}


def _rule(made: Made) -> dict[str, Any]:
    application = {"region": "eu-west-2", "application_id": made["MediaApplication"].id}
    return {"marker": LONDON_MARK, "phone_number": LONDON, **application}


ELSEWHERE = {"Host": "elsewhere.example.com", "Port": 5061, "Protocol": "TCP", "Priority": 1, "Weight": 1}

SUBJECT = Subject(
    name="chime",
    number=NUMBER,
    world=Chime,
    samples=(
        Sample(
            "Connector",
            _connector(),
            changes=(
                {"routes": [WAY, PBX]},
                {"routes": [{**WAY, "port": 5060, "protocol": "UDP", "weight": 7}]},
                {"enabled": False},
                {"secure": False},
                {"region": "us-west-2"},
                {"marker": "xtel/p/renamed/+14155550173"},
            ),
            same=({"routes": [{**WAY, "host": "SIP.Voice.X.ai.", "port": 5061}]}, {"secure": True}, {"enabled": True}),
            foreign=_connector(marker="somebody else's"),
            switched={
                "enabled": lambda world, id: world.originate(id, Disabled=True),
                "routes": lambda world, id: world.originate(id, Routes=[ELSEWHERE]),
                "secure": lambda world, id: world.encrypt(id, False),
            },
        ),
        Sample("Attachment", _link, same=({"phone_number": "+1 (415) 555-0173"},), attaches=True),
        Sample(
            "MediaApplication",
            _application,
            changes=(
                {"lambda_arn": f"{FUNCTION}-2"},
                {"marker": "xtel/p/renamed/+442079460077"},
                {"region": "eu-central-1", "lambda_arn": FUNCTION.replace("eu-west-2", "eu-central-1")},
            ),
            same=({"lambda_arn": f" {FUNCTION} "},),
            foreign=lambda made: {**_application(made), "marker": "somebody else's"},
            switched={"lambda_arn": lambda world, id: world.asks(id, f"{FUNCTION}-theirs")},
        ),
        Sample(
            "LambdaFile",
            _file,
            changes=({"seconds": 60}, {"lambda_arn": f"{FUNCTION}-2", "content": {"what is": "given"}}),
            same=({"phone_number": "+44 20 7946 0077"}, {"seconds": 30.0, "content": {"what is": "given"}}),
            kept=True,
            computed=frozenset({"content"}),
            foreign=lambda made: {**_file(made), "marker": "theirs", "phone_number": "+442079460078"},
        ),
        Sample(
            "SipRule",
            _rule,
            changes=({"enabled": False}, {"marker": "xtel/p/renamed/+442079460077"}),
            same=({"phone_number": "+44 20 7946 0077"}, {"enabled": True}),
            attaches=True,
            number=LONDON,
            together=frozenset({"region"}),
            switched={
                "enabled": lambda world, id: world.ruled(id, Disabled=True),
                "marker": lambda world, id: world.ruled(id, Name="renamed by somebody"),
            },
        ),
    ),
    refusals=(
        ("Connector", {"secure": True}, "routes: is required"),
        ("Connector", {"routes": []}, "routes: "),
        ("Connector", {"routes": [{**WAY, "priority": 101}]}, "priority: "),
        ("Connector", {"routes": [WAY], "region": "us-east-2"}, "region: must be one of"),
        ("Attachment", {"connector_id": "a", "phone_number": "4155550173"}, "phone_number: must start with +"),
        ("MediaApplication", {"region": "eu-west-2", "lambda_arn": "xai-calls"}, "lambda_arn: "),
        ("MediaApplication", {"region": "eu-west-1", "lambda_arn": FUNCTION}, "the Lambda is in eu-west-2"),
        ("LambdaFile", {"phone_number": LONDON, "lambda_arn": FUNCTION}, "connector_arn: is required"),
        ("SipRule", {"phone_number": LONDON, "region": "eu-west-2"}, "application_id: is required"),
    ),
)
