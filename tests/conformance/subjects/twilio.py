"""Twilio under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550100"
MARK = f"xtel/p/s/{NUMBER}"
TARGET = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"


class Twilio:
    """The sandbox's Twilio."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        return self._sandbox.env(account=account) if account != "main" else self._sandbox.env()

    def reset(self) -> None:
        self._sandbox.reset()

    def owned(self, number: str) -> Mapping[str, Any]:
        record = self._sandbox.numbers("twilio")[number]
        return {name: record[name] for name in ("trunk_sid", "voice_application_sid", "voice_url")}

    def occupy(self, number: str) -> None:
        env = self.env()
        auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
        post = self._sandbox.http.post
        trunk = post("/v1/Trunks", data={"FriendlyName": "theirs"}, auth=auth).raise_for_status().json()["sid"]
        sid = self._sandbox.numbers("twilio")[number]["sid"]
        post(f"/v1/Trunks/{trunk}/PhoneNumbers", data={"PhoneNumberSid": sid}, auth=auth).raise_for_status()

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]


def _on_trunk(**inputs: Any) -> Any:
    def build(made: Made) -> dict[str, Any]:
        return {"marker": MARK, "trunk_sid": made["Trunk"].id, **inputs}

    return build


SUBJECT = Subject(
    name="twilio",
    number=NUMBER,
    world=Twilio,
    samples=(
        Sample(
            "Trunk",
            lambda made: {"marker": MARK, "transfer_mode": "enable-all"},
            changes=(
                {"transfer_mode": "sip-only"},
                {"transfer_caller_id": "from-transferor"},
                {"secure": True},
                {"cnam_lookup": True},
                {"disaster_recovery": {"url": "https://voice.example.com/dr", "method": "GET"}},
                {"disaster_recovery": None},
                {"marker": "xtel/p/renamed/+14155550100"},
            ),
            same=({"secure": False, "cnam_lookup": False}, {"transfer_caller_id": "from-transferee"}),
            foreign=lambda made: {"marker": "somebody else's"},
        ),
        Sample(
            "OriginationUrl",
            _on_trunk(sip_url=TARGET),
            changes=(
                {"priority": 20},
                {"weight": 30.0},
                {"enabled": False},
                {"sip_url": "sip:pbx.example.com;transport=tls"},
                {"marker": "xtel/p/renamed/+14155550100"},
            ),
            same=(
                {"sip_url": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"},
                {"priority": 10.0, "weight": 10},
                {"enabled": True},
            ),
            foreign=_on_trunk(marker="somebody else's", sip_url="sip:pbx.example.com", priority=99),
        ),
        Sample(
            "Recording",
            _on_trunk(mode="record-from-answer"),
            changes=({"mode": "record-from-ringing-dual"}, {"trim": "trim-silence"}),
            same=({"trim": "do-not-trim"},),
            setting=True,
        ),
        Sample(
            "Attachment",
            _on_trunk(phone_number=NUMBER),
            same=({"phone_number": "+1 (415) 555-0100"},),
            attaches=True,
        ),
    ),
    refusals=(
        ("Trunk", {"transfer_mode": "all"}, "transfer_mode: must be one of disable-all, enable-all or sip-only"),
        ("OriginationUrl", {"trunk_sid": "TK1", "sip_url": "sips:a@b.example"}, "sip_url: "),
        ("OriginationUrl", {"trunk_sid": "TK1", "sip_url": TARGET, "weight": 0}, "weight: "),
        ("Recording", {"trunk_sid": "TK1", "mode": "always"}, "mode: must be one of"),
        ("Attachment", {"trunk_sid": "TK1", "phone_number": "4155550100"}, "phone_number: must start with +"),
    ),
)
