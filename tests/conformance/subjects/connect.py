"""Amazon Connect under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from providers.connect.api import Place, last
from providers.connect.connector import TYPE
from providers.kernel import limits, registry
from providers.kernel.vendor import Settings
from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550186"
MARK = f"xtel/p/s/{NUMBER}"
WAY = {"host": "sip.voice.x.ai", "priority": 1}
PBX = {"host": "pbx.example.com", "port": 5061, "priority": 2}
#: As the sandbox's seed has them.
INSTANCE = "5fbd9c4e-4f7e-4c1a-9f0e-2b1f6c3d8a10"
THEIRS = "0b6f3f1e-7c55-4d55-8a52-5d3f7e1b9c01"
PLACE = Place("us-east-1", INSTANCE)
ELSEWHERE = {"Host": "elsewhere.example.com", "Port": 5061, "Protocol": "TCP", "Priority": 1, "Weight": 1}


class Connect:
    """The sandbox's Amazon."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        given = self._sandbox.env(account=account)
        return {name: value for name, value in given.items() if name.startswith("AWS_")}

    def reset(self) -> None:
        self._sandbox.reset()

    def api(self) -> Any:
        """What somebody with the AWS command line would use."""
        vendor = registry.vendor("connect")
        return vendor.connect(Settings(vendor, lambda key: None, self.env()), limits.Limit(3))

    def _id(self, api: Any, number: str) -> str:
        found = {each["PhoneNumber"]: str(each["Id"]) for each in api.numbers(PLACE).all()}
        return found[number]

    def owned(self, number: str) -> Mapping[str, Any]:
        api = self.api()
        id = self._id(api, number)
        return {"flow": {last(each["ResourceId"]): each["FlowId"] for each in api.links(PLACE).all()}.get(id)}

    def occupy(self, number: str) -> None:
        api = self.api()
        api.connect("us-east-1").associate_phone_number_contact_flow(
            PhoneNumberId=self._id(api, number), InstanceId=INSTANCE, ContactFlowId=THEIRS
        )

    def originate(self, id: str, **changes: Any) -> None:
        voice = self.api().voice("us-east-1")
        now = voice.get_voice_connector_origination(VoiceConnectorId=id)["Origination"]
        voice.put_voice_connector_origination(VoiceConnectorId=id, Origination={**now, **changes})

    def encrypt(self, id: str, on: bool) -> None:
        voice = self.api().voice("us-east-1")
        name = voice.get_voice_connector(VoiceConnectorId=id)["VoiceConnector"]["Name"]
        voice.update_voice_connector(VoiceConnectorId=id, Name=name, RequireEncryption=on)

    def edit(self, id: str, start: str = "to-xai", **changes: str) -> None:
        """What somebody does in the flow designer."""
        api = self.api()
        flow = json.loads(api.flow(PLACE, id)["Content"])
        flow["StartAction"] = start
        flow["Actions"][0]["Parameters"]["VoiceConnector"] |= changes
        api.connect("us-east-1").update_contact_flow_content(
            InstanceId=INSTANCE, ContactFlowId=id, Content=json.dumps(flow)
        )

    def archive(self, id: str) -> None:
        self.api().connect("us-east-1").update_contact_flow_metadata(
            InstanceId=INSTANCE, ContactFlowId=id, ContactFlowState="ARCHIVED"
        )

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")


def _connector(**inputs: Any) -> Any:
    return lambda made: {"marker": MARK, "routes": [WAY], **inputs}


def _arn(made: Made) -> str:
    return str(made["Connector"].state["connector_arn"])


def _association(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "connector_arn": _arn(made)}


def _others_association(made: Made) -> dict[str, Any]:
    """Of a connector that somebody else made for the same instance."""

    def connector(api: Any) -> str:
        made = api.voice("us-east-1").create_voice_connector(
            Name="theirs", RequireEncryption=True, IntegrationType=TYPE
        )
        return str(made["VoiceConnector"]["VoiceConnectorArn"])

    return {"marker": "somebody else's", "connector_arn": made["Connector"].reconciler.session.ask(connector)}


def _flow(**inputs: Any) -> Any:
    return lambda made: {"marker": MARK, "connector_arn": _arn(made), "to": NUMBER, **inputs}


def _link(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "flow_id": made["Flow"].id, "phone_number": NUMBER}


SUBJECT = Subject(
    name="connect",
    number=NUMBER,
    world=Connect,
    samples=(
        Sample(
            "Connector",
            _connector(),
            changes=(
                {"routes": [WAY, PBX]},
                {"routes": [{**WAY, "port": 5060, "protocol": "UDP", "weight": 7}]},
                {"enabled": False},
                {"secure": False},
                {"marker": "xtel/p/renamed/+14155550186"},
            ),
            same=({"routes": [{**WAY, "host": "SIP.Voice.X.ai.", "port": 5061}]}, {"secure": True}, {"enabled": True}),
            foreign=_connector(marker="somebody else's"),
            switched={
                "enabled": lambda world, id: world.originate(id, Disabled=True),
                "routes": lambda world, id: world.originate(id, Routes=[ELSEWHERE]),
                "secure": lambda world, id: world.encrypt(id, False),
            },
        ),
        Sample(
            "Association",
            _association,
            changes=({"marker": "xtel/p/renamed/+14155550186"},),
            same=({"region": "us-east-1"},),
            foreign=_others_association,
            final=({"instance": THEIRS}, {"region": "us-west-2"}),
        ),
        Sample(
            "Flow",
            _flow(),
            changes=(
                {"seconds": 20},
                {"to": "+14155550187"},
                {"user_to_user": "$.Attributes.customer"},
                {"spelling": "pages"},
                {"enabled": False},
                {"marker": "xtel/p/renamed/+14155550186"},
            ),
            same=({"to": "+1 (415) 555-0186"}, {"seconds": 60.0}, {"spelling": "console"}),
            final=({"instance": THEIRS}, {"region": "us-west-2"}),
            foreign=_flow(marker="somebody else's"),
            switched={
                "enabled": lambda world, id: world.archive(id),
                "to": lambda world, id: world.edit(id, ToUser="+14155550188"),
                "connector_arn": lambda world, id: world.edit(id, start="end"),
            },
        ),
        Sample(
            "Attachment",
            _link,
            same=({"phone_number": "+1 (415) 555-0186"},),
            final=({"instance": THEIRS}, {"region": "us-west-2"}),
            attaches=True,
        ),
    ),
    refusals=(
        ("Connector", {"secure": True}, "routes: is required"),
        ("Connector", {"routes": [WAY], "region": "us-east-2"}, "region: must be one of"),
        ("Association", {}, "connector_arn: is required"),
        ("Flow", {"connector_arn": "arn", "to": NUMBER, "seconds": 601}, "seconds: must be at most 600"),
        ("Flow", {"connector_arn": "arn", "to": NUMBER, "spelling": "other"}, "spelling: must be one of"),
        ("Attachment", {"flow_id": "a", "phone_number": "4155550186"}, "phone_number: must start with +"),
    ),
)
