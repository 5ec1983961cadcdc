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
RULES = "/v2/phone/routing_rules"


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
        return {name: rule.get(name, "") for name in ("name", "routing_path", "translation")}

    def group(self, name: str) -> str:
        groups = self._sandbox.state()["zoom"]["sip_groups"]
        return next(each["id"] for each in groups if each["display_name"] == name)

    def occupy(self, number: str) -> None:
        """Somebody's rule for it, or ours under their name."""
        body = {"name": "theirs", "type": "sip_group", "sip_group_id": self.group(OTHER)}
        if self.rule(number):
            self.change(number, **body)
        else:
            self.send("POST", RULES, {"number_pattern": rf"^\{number}$", **body})

    def change(self, number: str, **settings: Any) -> None:
        self.send("PATCH", f"{RULES}/{self.rule(number)['routing_rule_id']}", settings)

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
    ),
    refusals=(
        ("Attachment", {"phone_number": NUMBER}, "sip_group: is required"),
        ("Attachment", {"phone_number": "4155550181", "sip_group": GROUP}, "phone_number: must start with +"),
        ("Sbc", {"phone_number": NUMBER, "target": TARGET, "sbc": {"platform": "cube", "tag": 9981}}, "tag: "),
        ("Sbc", {"phone_number": NUMBER, "target": TARGET, "sbc": {"platform": "none"}}, "platform: must be one of"),
    ),
)
