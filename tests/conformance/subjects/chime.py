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
        return {"on": [each["Value"] for each in found["Associations"]]}

    def occupy(self, number: str) -> None:
        made = self.voice().create_voice_connector(Name="theirs", RequireEncryption=False)["VoiceConnector"]
        self.voice().associate_phone_numbers_with_voice_connector(
            VoiceConnectorId=made["VoiceConnectorId"], E164PhoneNumbers=[number], ForceAssociate=True
        )

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
    ),
    refusals=(
        ("Connector", {"secure": True}, "routes: is required"),
        ("Connector", {"routes": []}, "routes: "),
        ("Connector", {"routes": [{**WAY, "priority": 101}]}, "priority: "),
        ("Connector", {"routes": [WAY], "region": "us-east-2"}, "region: must be one of"),
        ("Attachment", {"connector_id": "a", "phone_number": "4155550173"}, "phone_number: must start with +"),
    ),
)
