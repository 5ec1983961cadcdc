"""Zoom Phone under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550181"
MARK = f"xtel/p/s/{NUMBER}"
TARGET = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"
GROUP, OTHER = "SBC East", "SBC West"
CARRIER, SECOND = "Example Telecom", "Second Telecom"
RULES = "/v2/phone/routing_rules"
NUMBERS, BYOC_NUMBERS = "/v2/phone/numbers", "/v2/phone/byoc_numbers"


class Zoom:
    """The sandbox's Zoom Phone."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        given = self._sandbox.env(account=account)
        return {name: value for name, value in given.items() if name.startswith("ZOOM_")}

    def reset(self) -> None:
        self._sandbox.reset()

    def rules(self) -> list[dict[str, Any]]:
        return self._sandbox.state()["zoom"]["routing_rules"]

    def rule(self, number: str) -> dict[str, Any]:
        none: dict[str, Any] = {}
        return next((rule for rule in self.rules() if rule["number_pattern"] == rf"^\{number}$"), none)

    def owned(self, number: str) -> Mapping[str, Any]:
        rule = self.rule(number)
        shown = {name: rule.get(name, "") for name in ("name", "routing_path", "translation")}
        return {**shown, "byoc_number": self.byoc(number)}

    def byoc(self, number: str) -> dict[str, Any]:
        none: dict[str, Any] = {}
        return next((each for each in self._sandbox.state()["zoom"]["byoc_numbers"] if each["number"] == number), none)

    def group(self, name: str) -> str:
        groups = self._sandbox.state()["zoom"]["sip_groups"]
        return next(each["id"] for each in groups if each["display_name"] == name)

    def occupy(self, number: str) -> None:
        """Somebody's rule for it, or ours under their name; and their BYOC number, or ours on their SIP group."""
        if self.byoc(number):
            self.move(number, OTHER)
        else:
            self.add(number, OTHER)
        body = {"name": "theirs", "type": "sip_group", "sip_group_id": self.group(OTHER)}
        if self.rule(number):
            self.change(number, **body)
        else:
            self.send("POST", RULES, {"number_pattern": rf"^\{number}$", **body})

    def change(self, number: str, **settings: Any) -> None:
        self.send("PATCH", f"{RULES}/{self.rule(number)['routing_rule_id']}", settings)

    def move(self, number: str, group: str) -> None:
        self.send("PATCH", f"{NUMBERS}/{self.byoc(number)['id']}", {"sip_group_id": self.group(group)})

    def add(self, number: str, group: str, carrier: str = CARRIER) -> None:
        self.send(
            "POST", BYOC_NUMBERS, {"carrier": carrier, "phone_numbers": [number], "sip_group_id": self.group(group)}
        )

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """What somebody in the admin portal would do."""
        token = self._sandbox.secrets()["zoom"]["access_tokens"]["main"]
        headers = {"Authorization": f"Bearer {token}"}
        return self._sandbox.http.request(method, path, json=body, headers=headers).raise_for_status()

    def releases(self) -> int:
        return 0

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")


def _sbc(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "phone_number": NUMBER, "target": TARGET, "sbc": {"platform": "cube"}}


SUBJECT = Subject(
    name="zoom",
    number=NUMBER,
    world=Zoom,
    samples=(
        Sample(
            "Sbc",
            _sbc,
            changes=(
                {"username": "hq"},
                {"sbc": {"platform": "cube", "tag": 951}},
                {"fallback": ["sip:+14155550999@pbx.example.com;transport=tls"]},
                {"target": f"sip:{NUMBER}@sip.example.com;transport=tls", "content": {"what is": "given"}},
                {"marker": "xtel/p/renamed/+14155550181"},
            ),
            same=(
                {"phone_number": "+1 (415) 555-0181", "target": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"},
                {"sbc": {"tag": 901.0, "platform": "cube", "port": 5061}, "content": {"what is": "given"}},
            ),
            kept=True,
            computed=frozenset({"content"}),
            foreign=lambda made: {**_sbc(made), "marker": "theirs", "phone_number": "+14155550182"},
        ),
        Sample(
            "Attachment",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "sip_group": GROUP},
            changes=({"sip_group": OTHER}, {"translation": "+14155550199"}),
            same=({"phone_number": "+1 (415) 555-0181"}, {"sip_group": f" {GROUP} ", "translation": ""}),
            attaches=True,
            switched={
                "sip_group": lambda world, id: world.change(id, type="pstn"),
                "translation": lambda world, id: world.change(id, translation="+14155550199"),
            },
        ),
        Sample(
            "ByocNumber",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "sip_group": GROUP, "byoc_carrier": CARRIER},
            changes=({"byoc_carrier": SECOND}, {"sip_group": OTHER}),
            same=({"phone_number": "+1 (415) 555-0181"}, {"sip_group": f" {GROUP} ", "byoc_carrier": f"{CARRIER} "}),
            attaches=True,
            switched={"sip_group": lambda world, id: world.move(id, OTHER)},
        ),
    ),
    refusals=(
        ("ByocNumber", {"phone_number": NUMBER, "sip_group": GROUP}, "byoc_carrier: is required"),
        ("ByocNumber", {"phone_number": NUMBER, "byoc_carrier": CARRIER}, "sip_group: is required"),
        ("Attachment", {"phone_number": NUMBER}, "sip_group: is required"),
        ("Attachment", {"phone_number": "4155550181", "sip_group": GROUP}, "phone_number: must start with +"),
        ("Sbc", {"phone_number": NUMBER, "target": TARGET, "sbc": {"platform": "cube", "tag": 9981}}, "tag: "),
        ("Sbc", {"phone_number": NUMBER, "target": TARGET, "sbc": {"platform": "none"}}, "platform: must be one of"),
    ),
)
