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
CERTIFICATE = {"address": "sbc1", "domain": "example.com", "port": 5061, "max_calls": 300}
FQDN = "sbc1.example.com:5061"
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

    def trunk(self, id: str, **settings: Any) -> None:
        """Somebody changes a trunk, and so gives it a password too."""
        name = next(each["name"] for each in self._sandbox.state()["webex"]["trunks"] if each["id"] == id)
        self.send("PUT", f"trunks/{id}", {"name": name, "password": "Theirs-0001", **settings})

    def group(self, id: str, **settings: Any) -> None:
        """Somebody changes a route group."""
        now = next(each for each in self._sandbox.state()["webex"]["route_groups"] if each["id"] == id)
        self.send("PUT", f"routeGroups/{id}", {name: now[name] for name in ("name", "localGateways")} | settings)

    def gateways(self, *names: str) -> list[dict[str, Any]]:
        """Trunks as a route group has them; all share the first place."""
        ids = {each["name"]: each["id"] for each in self._sandbox.state()["webex"]["trunks"]}
        return [{"id": ids[name], "priority": 1} for name in names]

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
            changes=(
                {"marker": "xtel/p/renamed/webex"},
                {"location": BRANCH},
                {**CERTIFICATE, "port": None, "address": "sbc9"},
            ),
            final=({"device_type": "Cisco Unified Border Element"},),
            same=({"location": f" {LOCATION} "}, {"address": None, "port": None}),
            foreign=lambda made: {"marker": "xtel/p/other/webex", "location": LOCATION},
            switched={"marker": lambda world, id: world.trunk(id, name="theirs")},
        ),
        Sample(
            "Trunk",
            lambda made: {"marker": STACK, "location": LOCATION, **CERTIFICATE},
            variant="certificate",
            changes=(
                {"max_calls": 500},
                {"marker": "xtel/p/renamed/webex"},
                {"port": 5062},
                {"address": "sbc2.london"},
                {"domain": "example.org"},
                {"location": BRANCH},
            ),
            final=({"device_type": "Cisco Unified Border Element"},),
            same=({"address": "SBC1", "domain": "Example.COM."}, {"port": 5061.0, "max_calls": 300.0}),
            foreign=lambda made: {
                **CERTIFICATE,
                "marker": "xtel/p/other/webex",
                "location": LOCATION,
                "address": "sbc9",
            },
            switched={"max_calls": lambda world, id: world.trunk(id, maxConcurrentCalls=1)},
        ),
        Sample(
            "RouteGroup",
            lambda made: {"marker": STACK, "trunks": [{"trunk": TRUNK}, {"trunk": OTHER}]},
            changes=(
                {"trunks": [{"trunk": OTHER}, {"trunk": TRUNK}]},
                {"name": "main"},
                {"trunks": [{"location": LOCATION}, {"trunk": TRUNK}, {"location": LOCATION, "certificate": FQDN}]},
                {"marker": "xtel/p/renamed/webex", "trunks": [{"trunk": OTHER}]},
            ),
            same=({"trunks": [{"trunk": f" {TRUNK} "}, {"trunk": OTHER, "location": None}]},),
            foreign=lambda made: {"marker": "xtel/p/other/webex", "trunks": [{"trunk": TRUNK}, {"trunk": OTHER}]},
            switched={
                "marker": lambda world, id: world.group(id, name="theirs"),
                "trunks": lambda world, id: world.group(id, localGateways=world.gateways(TRUNK, OTHER)),
            },
        ),
        Sample(
            "DialPlan",
            lambda made: {"marker": STACK, "trunk": TRUNK},
            changes=(
                {"trunk": OTHER},
                {"trunk": None, "route_group": GROUP},
                {"route_group": None, "location": LOCATION},
                {"certificate": FQDN},
                {"location": None, "certificate": None, "group": f"{TRUNK} > {OTHER}"},
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
                {"certificates": [FQDN]},
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
        ("Trunk", {"location": LOCATION, "address": "sbc1"}, "address, domain and max_calls go together"),
        ("Trunk", {"location": LOCATION, "port": 5061}, "port: is of a certificate-based trunk"),
        ("Trunk", {"location": LOCATION, **CERTIFICATE, "address": "*"}, "address: is not a host name"),
        ("RouteGroup", {}, "trunks: is required"),
        ("RouteGroup", {"trunks": []}, "trunks: must not be empty"),
        (
            "RouteGroup",
            {"trunks": [{"trunk": f"t{each}"} for each in range(11)]},
            "trunks: must have at most 10 entries",
        ),
        ("RouteGroup", {"trunks": [{"trunk": TRUNK}, {"trunk": TRUNK}]}, f"{TRUNK} stands twice"),
        ("RouteGroup", {"trunks": [{"trunk": TRUNK, "location": LOCATION}]}, "either a trunk that is there, or"),
        ("DialPlan", {"trunk": TRUNK, "certificate": FQDN}, "certificate: is of a trunk of ours"),
        ("DialPlan", {}, "name a trunk, a route group or the location"),
        ("DialPlan", {"trunk": TRUNK, "route_group": GROUP}, "name a trunk, a route group or the location"),
        ("DialPlan", {"trunk": TRUNK, "location": LOCATION}, "name a trunk, a route group or the location"),
        ("Attachment", {"phone_number": NUMBER}, "dial_plan_id: is required"),
        ("Attachment", {"phone_number": "4155550171", "dial_plan_id": "x"}, "phone_number: must start with +"),
        ("Gateway", {"phone_number": NUMBER, "target": TARGET, "tag": 4981}, "tag: must be at most 4980"),
    ),
)
