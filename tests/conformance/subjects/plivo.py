"""Plivo under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.conformance import shop
from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+12125550177"
MARK = f"xtel/p/s/{NUMBER}"
TARGET = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"
PBX = "sip:pbx.example.com;transport=tls"
PASSWORD, OTHER = "Canary_1st_password", "Canary_2nd_password"


class Plivo:
    """The sandbox's Plivo."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        given = self._sandbox.env(account=account)
        return {name: value for name, value in given.items() if name.startswith("PLIVO_")}

    def reset(self) -> None:
        self._sandbox.reset()

    def owned(self, number: str) -> Mapping[str, Any]:
        return {"application": self.ask("GET", f"Number/{number[1:]}/").json()["application"]}

    def occupy(self, number: str) -> None:
        trunk = {"name": "theirs", "trunk_direction": "inbound", "primary_uri_uuid": self.theirs()}
        self.link(number, self.ask("POST", "Zentrunk/Trunk/", **trunk).json()["trunk_id"])

    def theirs(self) -> str:
        """Somebody else's URI."""
        return self.ask("POST", "Zentrunk/URI/", name="theirs", uri="pbx.example.com").json()["uri_uuid"]

    def trunking(self, id: str, **fields: Any) -> None:
        self.ask("POST", f"Zentrunk/Trunk/{id}/", trunk_direction="inbound", **fields)

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")

    def purchases(self) -> int:
        return self._sandbox.state()["counters"]["purchases"]

    def give_back(self, number: str) -> None:
        self.ask("DELETE", f"Number/{number[1:]}/")

    def link(self, number: str, id: str) -> None:
        self.ask("POST", f"Number/{number[1:]}/", app_id=id)

    def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """What somebody with the console would do."""
        env = self.env()
        user = env["PLIVO_AUTH_ID"]
        answer = self._sandbox.http.request(
            method, f"/v1/Account/{user}/{path}", json=body or None, auth=(user, env["PLIVO_AUTH_TOKEN"])
        )
        return answer.raise_for_status()


def _trunk(**inputs: Any) -> Any:
    def build(made: Made) -> dict[str, Any]:
        return {"marker": MARK, "primary": made["Uri"].id, **inputs}

    return build


def _link(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "trunk_id": made["Trunk"].id, "phone_number": NUMBER}


SUBJECT = Subject(
    name="plivo",
    number=NUMBER,
    world=Plivo,
    samples=(
        Sample(
            "Uri",
            lambda made: {"marker": MARK, "uri": TARGET, "username": "xai-nyc", "password": PASSWORD},
            changes=(
                {"uri": PBX},
                {"role": "fallback"},
                {"username": "xai-hq"},
                {"password": OTHER},
                {"username": None, "password": None},
                {"username": "xai-nyc", "password": PASSWORD},
                {"marker": "xtel/p/renamed/+12125550177"},
            ),
            same=({"uri": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"}, {"role": ""}),
            foreign=lambda made: {"marker": "somebody else's", "uri": TARGET},
            switched={
                "username": lambda world, id: world.ask("POST", f"Zentrunk/URI/{id}/", authentication_needed=False),
                "uri": lambda world, id: world.ask("POST", f"Zentrunk/URI/{id}/", uri="elsewhere.example.com"),
            },
            canaries=(PASSWORD,),
        ),
        Sample(
            "Trunk",
            _trunk(),
            changes=({"enabled": False}, {"secure": True}, {"marker": "xtel/p/renamed/+12125550177"}),
            same=({"secure": False}, {"enabled": True}),
            foreign=_trunk(marker="somebody else's"),
            switched={
                "enabled": lambda world, id: world.trunking(id, trunk_status="disabled"),
                "secure": lambda world, id: world.trunking(id, secure=True),
                "fallback": lambda world, id: world.trunking(id, fallback_uri_uuid=world.theirs()),
                "primary": lambda world, id: world.trunking(id, primary_uri_uuid=world.theirs()),
            },
        ),
        Sample(
            "Attachment",
            _link,
            same=({"phone_number": "+1 (212) 555-0177"},),
            attaches=True,
            falls_with="Trunk",
        ),
        *shop.samples("+12125553456"),
    ),
    refusals=(
        ("Uri", {"uri": "sips:a@b.example"}, "uri: "),
        ("Uri", {"uri": f"{TARGET};edge=ashburn"}, "uri: a URI at Plivo has no parameter but transport: remove edge"),
        ("Uri", {"uri": TARGET, "username": "xai-nyc"}, "a digest needs username and password"),
        (
            "Uri",
            {"uri": TARGET, "username": "u", "password": "NoneOfTheSigns"},
            "password: Plivo takes 5 to 20 letters",
        ),
        ("Uri", {"uri": TARGET, "role": "second"}, "role: must be one of"),
        ("Trunk", {"secure": True}, "primary: is required"),
        ("Attachment", {"trunk_id": "1", "phone_number": "12125550177"}, "phone_number: must start with +"),
    ),
)
