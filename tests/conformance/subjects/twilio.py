"""Twilio under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance import shop
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
        return {name: record[name] for name in ("trunk_sid", "voice_application_sid", "voice_url", "voice_method")}

    def occupy(self, number: str) -> None:
        trunk = self.post("/v1/Trunks", FriendlyName="theirs")["sid"]
        self.post(f"/v1/Trunks/{trunk}/PhoneNumbers", PhoneNumberSid=self._sandbox.numbers("twilio")[number]["sid"])

    def post(self, path: str, **fields: str) -> Any:
        """What somebody with the console would do."""
        env = self.env()
        auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
        return self._sandbox.http.post(path, data=fields, auth=auth).raise_for_status().json()

    def number(self, sid: str, **fields: str) -> None:
        self._resource(f"IncomingPhoneNumbers/{sid}", **fields)

    def application(self, sid: str, **fields: str) -> None:
        self._resource(f"Applications/{sid}", **fields)

    def trunking(self, sid: str, **fields: str) -> None:
        self.post(f"/v1/Trunks/{sid}", **fields)

    def url(self, sid: str, **fields: str) -> None:
        urls = self._sandbox.state()["twilio"]["origination_urls"]
        trunk = next(url["trunk_sid"] for url in urls if url["sid"] == sid)
        self.post(f"/v1/Trunks/{trunk}/OriginationUrls/{sid}", **fields)

    def _resource(self, path: str, **fields: str) -> None:
        self.post(f"/2010-04-01/Accounts/{self.env()['TWILIO_ACCOUNT_SID']}/{path}.json", **fields)

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")

    def purchases(self) -> int:
        return self._sandbox.state()["counters"]["purchases"]

    def give_back(self, number: str) -> None:
        env, sid = self.env(), self._sandbox.numbers("twilio")[number]["sid"]
        auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
        path = f"/2010-04-01/Accounts/{auth[0]}/IncomingPhoneNumbers/{sid}.json"
        self._sandbox.http.delete(path, auth=auth).raise_for_status()


BIN = {"url": "https://handler.twilio.com/twiml/EH0123456789abcdef0123456789abcdef"}
PASSWORD = "canary<&'\"-20261121"


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
            switched={
                "secure": lambda world, id: world.trunking(id, Secure="true"),
                "transfer_mode": lambda world, id: world.trunking(id, TransferMode="disable-all"),
                "disaster_recovery": lambda world, id: world.trunking(id, DisasterRecoveryUrl="https://a.example/"),
            },
            foreign=lambda made: {"marker": "somebody else's"},
        ),
        Sample(
            "OriginationUrl",
            _on_trunk(sip_url=TARGET),
            changes=(
                {"enabled": False},
                {"priority": 20},
                {"weight": 30.0},
                {"sip_url": "sip:pbx.example.com;transport=tls"},
                {"marker": "xtel/p/renamed/+14155550100"},
            ),
            same=(
                {"sip_url": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"},
                {"priority": 10.0, "weight": 10},
                {"enabled": True},
            ),
            foreign=_on_trunk(marker="somebody else's", sip_url="sip:pbx.example.com", priority=99),
            switched={
                "enabled": lambda world, id: world.url(id, Enabled="false"),
                "sip_url": lambda world, id: world.url(id, SipUrl="sip:elsewhere.example.com"),
                "priority": lambda world, id: world.url(id, Priority="90"),
            },
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
            changes=({"trunk_sid": "", "voice": BIN}, {"receives": "fax"}, {"receives": "voice"}),
            switched={"receives": lambda world, id: world.number(id, VoiceReceiveMode="fax")},
            same=({"phone_number": "+1 (415) 555-0100"},),
            attaches=True,
        ),
        Sample(
            "Application",
            lambda made: {"marker": MARK, "voice": BIN},
            switched={"voice": lambda world, id: world.application(id, VoiceUrl="https://elsewhere.example.com/")},
            changes=(
                {"voice": {**BIN, "method": "GET"}},
                {"voice": {"url": "https://voice.example.com/twiml", "method": "GET"}},
                {"marker": "xtel/p/renamed/+14155550100"},
            ),
            same=({"voice": {"url": BIN["url"].replace("handler", "HANDLER"), "method": "POST"}},),
            foreign=lambda made: {"marker": "somebody else's", "voice": BIN},
        ),
        Sample(
            "Attachment",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "application_sid": made["Application"].id},
            variant="application",
            changes=({"application_sid": "", "voice": BIN}, {"receives": "fax"}, {"receives": "voice"}),
            switched={"receives": lambda world, id: world.number(id, VoiceReceiveMode="fax")},
            same=({"phone_number": "+1 (415) 555-0100"},),
            attaches=True,
        ),
        Sample(
            "Attachment",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "voice": BIN},
            variant="voice",
            changes=(
                {"voice": {**BIN, "method": "GET"}},
                {"voice": {"url": "https://voice.example.com/twiml"}},
                {"receives": "fax"},
                {"receives": "voice"},
            ),
            switched={
                "receives": lambda world, id: world.number(id, VoiceReceiveMode="fax"),
                "voice": lambda world, id: world.number(id, VoiceUrl="https://elsewhere.example.com/"),
            },
            same=({"voice": {"url": BIN["url"].replace("handler", "HANDLER"), "method": "POST"}},),
            attaches=True,
        ),
        Sample(
            "Twiml",
            lambda made: {
                "marker": MARK,
                "phone_number": NUMBER,
                "target": TARGET,
                "username": "u",
                "password": PASSWORD,
                "headers": {"X-Team": "support & <sales>"},
            },
            changes=(
                {"password": "canary-other-20261121"},
                {"username": "v"},
                {"headers": {"X-Team": "sales", "X-Tier": "1"}},
                {"fallback": ["sip:+14155550999@pbx.example.com;transport=tls"]},
                {"action_url": "https://voice.example.com/after"},
                {"refer_url": "https://voice.example.com/refer?a=1&b=2"},
                {"hosted": BIN["url"]},
                {"target": f"sip:{NUMBER}@sip.example.com;transport=tls", "content": "given"},
                {"username": "", "password": ""},
                {"marker": "xtel/p/renamed/+14155550100"},
            ),
            same=(
                {"phone_number": "+1 (415) 555-0100", "target": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"},
                {"content": "given"},
            ),
            kept=True,
            computed=frozenset({"content"}),
            canaries=(PASSWORD,),
            foreign=lambda made: {"marker": "theirs", "phone_number": "+14155550101", "target": TARGET},
        ),
        *shop.samples("+12125551234"),
    ),
    refusals=(
        ("Choice", {"buy": {"country": "UK"}}, "buy.country: must be a country in two letters"),
        (
            "Choice",
            {"buy": {"country": "US", "type": "national"}},
            "buy.type: must be one of local, mobile or toll_free",
        ),
        ("Choice", {"buy": {"country": "GB", "area_code": "020"}}, "buy.area_code: "),
        ("Purchase", {"phone_number": "4155550100"}, "phone_number: must start with +"),
        ("Purchase", {"phone_number": NUMBER, "on_delete": "drop"}, "on_delete: must be one of keep or release"),
        ("Trunk", {"transfer_mode": "all"}, "transfer_mode: must be one of disable-all, enable-all or sip-only"),
        ("OriginationUrl", {"trunk_sid": "TK1", "sip_url": "sips:a@b.example"}, "sip_url: "),
        ("OriginationUrl", {"trunk_sid": "TK1", "sip_url": TARGET, "weight": 0}, "weight: "),
        ("Recording", {"trunk_sid": "TK1", "mode": "always"}, "mode: must be one of"),
        ("Attachment", {"trunk_sid": "TK1", "phone_number": "4155550100"}, "phone_number: must start with +"),
        ("Attachment", {"phone_number": NUMBER}, "one of trunk_sid, application_sid and voice gets the calls"),
        ("Attachment", {"phone_number": NUMBER, "trunk_sid": "TK1", "voice": BIN}, "one of trunk_sid"),
        ("Attachment", {"phone_number": NUMBER, "voice": {"url": "http://a.example"}}, "voice.url: must be an https"),
        ("Application", {"voice": {**BIN, "method": "PUT"}}, "voice.method: must be one of GET or POST"),
        ("Twiml", {"phone_number": NUMBER, "target": TARGET, "username": "u"}, "a digest needs username and password"),
        (
            "Twiml",
            {"phone_number": NUMBER, "target": TARGET, "headers": {"Via": "a"}},
            "headers: a header's name is X-",
        ),
        (
            "Twiml",
            {"phone_number": NUMBER, "target": TARGET, "username": "u", "password": "{{From}}"},
            "password: must be 1 to 128 ASCII characters without blanks and {{",
        ),
    ),
)
