"""Webex Calling under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550171"
STACK = "xtel/p/s/webex"
MARK = f"xtel/p/s/{NUMBER}"
TARGET = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"
TRUNK, OTHER, GROUP = "HQ gateway", "Lab gateway", "Gateways"
LOCATION, BRANCH = "Headquarters", "Branch"
PREMISE = "/v1/telephony/config/premisePstn"


class Webex:
    """The sandbox's Webex, asked with an access token that is ready: a renewed one costs a request."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        url = self._sandbox.env(account=account)["WEBEX_BASE_URL"]
        token = self._sandbox.secrets()["webex"]["access_tokens"][account]
        return {"WEBEX_ACCESS_TOKEN": token, "WEBEX_BASE_URL": url}

    def reset(self) -> None:
        self._sandbox.reset()

    def plans(self) -> list[dict[str, Any]]:
        return self._sandbox.state()["webex"]["dial_plans"]

    def owned(self, number: str) -> Mapping[str, Any]:
        return {"plan": next((plan["name"] for plan in self.plans() if number in plan["patterns"]), "")}

    def occupy(self, number: str) -> None:
        """Somebody adds it to a plan of theirs, out of whichever has it."""
        theirs = next((plan["id"] for plan in self.plans() if plan["name"] == "theirs"), "")
        if not theirs:
            trunk = next(each["id"] for each in self._sandbox.state()["webex"]["trunks"] if each["name"] == OTHER)
            body = {"name": "theirs", "routeId": trunk, "routeType": "TRUNK"}
            theirs = self.send("POST", "dialPlans", body).json()["id"]
        for plan in self.plans():
            if number in plan["patterns"]:
                self.pattern(plan["id"], number, "DELETE")
        self.pattern(theirs, number, "ADD")

    def pattern(self, plan: str, number: str, action: str) -> None:
        self.send(
            "PUT", f"dialPlans/{plan}/dialPatterns", {"dialPatterns": [{"dialPattern": number, "action": action}]}
        )

    def change(self, id: str, **settings: str) -> None:
        plan = next(each for each in self.plans() if each["id"] == id)
        self.send("PUT", f"dialPlans/{id}", {name: plan[name] for name in ("name", "routeId", "routeType")} | settings)

    def named(self, id: str, name: str) -> None:
        """Somebody names a trunk, and so gives it a password too."""
        self.send("PUT", f"trunks/{id}", {"name": name, "password": "Theirs-0001"})

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """What somebody with Control Hub would do."""
        headers = {"Authorization": f"Bearer {self.env()['WEBEX_ACCESS_TOKEN']}"}
        return self._sandbox.http.request(method, f"{PREMISE}/{path}", json=body, headers=headers).raise_for_status()

    def route(self, name: str) -> dict[str, str]:
        trunk = next(each["id"] for each in self._sandbox.state()["webex"]["trunks"] if each["name"] == name)
        return {"routeId": trunk, "routeType": "TRUNK"}

    def releases(self) -> int:
        return 0

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")


def _gateway(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "phone_number": NUMBER, "target": TARGET, "dial_plan_id": made["DialPlan"].id}


SUBJECT = Subject(
    name="webex",
    number=NUMBER,
    world=Webex,
    samples=(
        Sample(
            "Trunk",
            lambda made: {"marker": STACK, "location": LOCATION},
            changes=({"marker": "xtel/p/renamed/webex"}, {"location": BRANCH}),
            same=({"location": f" {LOCATION} "},),
            foreign=lambda made: {"marker": "xtel/p/other/webex", "location": LOCATION},
            switched={"marker": lambda world, id: world.named(id, "theirs")},
        ),
        Sample(
            "DialPlan",
            lambda made: {"marker": STACK, "trunk": TRUNK},
            changes=(
                {"trunk": OTHER},
                {"trunk": None, "route_group": GROUP},
                {"route_group": None, "location": LOCATION},
            ),
            same=({"trunk": f" {TRUNK} "}, {"trunk": TRUNK, "route_group": ""}),
            foreign=lambda made: {"marker": "xtel/p/other/webex", "trunk": TRUNK},
            switched={"trunk": lambda world, id: world.change(id, **world.route(OTHER))},
        ),
        Sample(
            "Gateway",
            _gateway,
            changes=(
                {"username": "hq"},
                {"tag": 951},
                {"interface": "GigabitEthernet1"},
                {"tenant": 300},
                {"fallback": ["sip:+14155550999@pbx.example.com;transport=tls"]},
                {"target": f"sip:{NUMBER}@sip.example.com;transport=tls", "content": {"what is": "given"}},
                {"marker": "xtel/p/renamed/+14155550171"},
            ),
            same=(
                {"phone_number": "+1 (415) 555-0171", "target": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"},
                {"tag": 901.0, "content": {"what is": "given"}},
            ),
            kept=True,
            computed=frozenset({"content"}),
            foreign=lambda made: {**_gateway(made), "marker": "theirs", "phone_number": "+14155550172"},
        ),
        Sample(
            "Attachment",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "dial_plan_id": made["DialPlan"].id},
            same=({"phone_number": "+1 (415) 555-0171"},),
            attaches=True,
            switched={"dial_plan_id": lambda world, id: world.occupy(id)},
        ),
    ),
    refusals=(
        ("Trunk", {}, "location: is required"),
        ("DialPlan", {}, "name a trunk, a route group or the location"),
        ("DialPlan", {"trunk": TRUNK, "route_group": GROUP}, "name a trunk, a route group or the location"),
        ("DialPlan", {"trunk": TRUNK, "location": LOCATION}, "name a trunk, a route group or the location"),
        ("Attachment", {"phone_number": NUMBER}, "dial_plan_id: is required"),
        ("Attachment", {"phone_number": "4155550171", "dial_plan_id": "x"}, "phone_number: must start with +"),
        ("Gateway", {"phone_number": NUMBER, "target": TARGET, "tag": 4981}, "tag: must be at most 4980"),
    ),
)
