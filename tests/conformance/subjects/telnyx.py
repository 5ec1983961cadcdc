"""Telnyx under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.conformance import shop
from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550182"
MARK = f"xtel/p/s/{NUMBER}"


class Telnyx:
    """The sandbox's Telnyx."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        given = self._sandbox.env(account=account)
        return {name: value for name, value in given.items() if name.startswith("TELNYX_")}

    def reset(self) -> None:
        self._sandbox.reset()

    def owned(self, number: str) -> Mapping[str, Any]:
        return {"connection": self._sandbox.numbers("telnyx")[number]["connection_id"] or ""}

    def occupy(self, number: str) -> None:
        connection = self.ask("POST", "fqdn_connections", connection_name="theirs").json()["data"]["id"]
        id = self._sandbox.numbers("telnyx")[number]["id"]
        self.ask("PATCH", f"phone_numbers/{id}", connection_id=connection)

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")

    def purchases(self) -> int:
        return self._sandbox.state()["counters"]["purchases"]

    def give_back(self, number: str) -> None:
        self.ask("DELETE", f"phone_numbers/{self._sandbox.numbers('telnyx')[number]['id']}")

    def voice(self, id: str, **settings: Any) -> None:
        self.ask("PATCH", f"phone_numbers/{id}/voice", **settings)

    def connection(self, id: str, **settings: Any) -> None:
        self.ask("PATCH", f"fqdn_connections/{id}", **settings)

    def inbound(self, id: str, **settings: Any) -> None:
        now = self.ask("GET", f"fqdn_connections/{id}").json()["data"]["inbound"]
        self.connection(id, inbound={**now, **settings})

    def profile(self, id: str, **settings: Any) -> None:
        name = self.ask("GET", f"outbound_voice_profiles/{id}").json()["data"]["name"]
        self.ask("PATCH", f"outbound_voice_profiles/{id}", name=name, **settings)

    def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """What somebody with the portal would do."""
        headers = {"Authorization": f"Bearer {self.env()['TELNYX_API_KEY']}"}
        answer = self._sandbox.http.request(method, f"/v2/{path}", json=body, headers=headers)
        return answer.raise_for_status()


def _fqdn(**inputs: Any) -> Any:
    def build(made: Made) -> dict[str, Any]:
        return {"marker": MARK, "connection_id": made["Connection"].id, "fqdn": "sip.voice.x.ai", **inputs}

    return build


def _on_connection(kind: str) -> Any:
    def build(made: Made) -> dict[str, Any]:
        chosen = {"primary": made["Fqdn"].id} if kind == "Routing" else {"phone_number": NUMBER}
        return {"marker": MARK, "connection_id": made["Connection"].id, **chosen}

    return build


SUBJECT = Subject(
    name="telnyx",
    number=NUMBER,
    world=Telnyx,
    samples=(
        Sample(
            "Profile",
            lambda made: {"marker": MARK},
            switched={
                "enabled": lambda world, id: world.profile(id, enabled=False),
                "countries": lambda world, id: world.profile(id, whitelisted_destinations=["GB"]),
            },
            changes=({"countries": ["US", "GB"]}, {"enabled": False}, {"marker": "xtel/p/renamed/+14155550182"}),
            same=({"countries": ["CA", "US", "US"]},),
            foreign=lambda made: {"marker": "somebody else's"},
        ),
        Sample(
            "Connection",
            lambda made: {"marker": MARK, "profile_id": made["Profile"].id},
            changes=(
                {"active": False},
                {"active": True},
                {"codecs": ["G722"]},
                {"codecs": ["G722", "G711U"]},
                {"sip_region": "Europe"},
                {"srtp": True},
                {"srtp": False, "transport": "TCP"},
                {"transport": "TLS"},
                {"ani_number_format": "E.164"},
                {"dnis_number_format": "e164"},
                {"profile_id": None},
                {"channel_limit": 10},
                {"channel_limit": None},
                {"timeout_1xx": 10},
                {"timeout_2xx": 60.0},
                {"marker": "xtel/p/renamed/+14155550182"},
            ),
            same=({"codecs": ["G711U", "G711A", "G722"]}, {"sip_region": "US", "transport": "TLS", "srtp": False}),
            switched={
                "active": lambda world, id: world.connection(id, active=False),
                "transport": lambda world, id: world.connection(id, transport_protocol="UDP"),
                "srtp": lambda world, id: world.connection(id, encrypted_media="SRTP"),
                "channel_limit": lambda world, id: world.inbound(id, channel_limit=0),
                "timeout_1xx": lambda world, id: world.inbound(id, timeout_1xx_secs=1),
                "timeout_2xx": lambda world, id: world.inbound(id, timeout_2xx_secs=1),
                "dnis_number_format": lambda world, id: world.inbound(id, dnis_number_format="national"),
                "codecs": lambda world, id: world.inbound(id, codecs=["G729"]),
            },
            foreign=lambda made: {"marker": "somebody else's"},
        ),
        Sample(
            "Fqdn",
            _fqdn(),
            changes=({"port": 5060}, {"record": "srv", "port": None}, {"record": "a"}, {"fqdn": "pbx.example.com"}),
            same=({"fqdn": "SIP.Voice.X.ai."}, {"port": 5061.0}, {"record": "a"}),
            foreign=_fqdn(fqdn="pbx.example.com"),
            switched={
                "fqdn": lambda world, id: world.ask("PATCH", f"fqdns/{id}", fqdn="elsewhere.example.com"),
                "port": lambda world, id: world.ask("PATCH", f"fqdns/{id}", port=5060),
                "record": lambda world, id: world.ask("PATCH", f"fqdns/{id}", dns_record_type="srv", port=None),
            },
        ),
        Sample(
            "Routing",
            _on_connection("Routing"),
            changes=({"method": "round-robin"},),
            same=({"method": "sequential"},),
            setting=True,
            switched={"primary": lambda world, id: world.inbound(id, default_primary_fqdn_id=None)},
        ),
        Sample(
            "Attachment",
            _on_connection("Attachment"),
            changes=(
                {"call_forwarding": "+14155550199"},
                {"call_forwarding": ""},
                {"translated_number": "sales"},
                {"tech_prefix": True},
                {"screening": "reject_calls"},
            ),
            switched={
                "call_forwarding": lambda world, id: world.voice(
                    id, call_forwarding={"call_forwarding_enabled": True, "forwards_to": "+14155550199"}
                ),
                "translated_number": lambda world, id: world.voice(id, translated_number="sales"),
                "tech_prefix": lambda world, id: world.voice(id, tech_prefix_enabled=True),
                "screening": lambda world, id: world.voice(id, inbound_call_screening="reject_calls"),
            },
            same=({"phone_number": "+1 (415) 555-0182"},),
            attaches=True,
        ),
        *shop.samples("+12125552345"),
    ),
    refusals=(
        ("Connection", {"transport": "UDP", "srtp": True}, "srtp needs transport TLS"),
        ("Connection", {"codecs": ["OPUS"]}, "codecs[0]: must be one of"),
        ("Connection", {"codecs": []}, "codecs: "),
        ("Connection", {"sip_region": "Asia"}, "sip_region: must be one of"),
        ("Fqdn", {"connection_id": "1", "fqdn": "192.0.2.1"}, "fqdn: "),
        (
            "Fqdn",
            {"connection_id": "1", "fqdn": "a.example", "record": "srv", "port": 5061},
            "record srv finds the port",
        ),
        ("Profile", {"countries": ["USA"]}, "countries[0]: "),
        ("Attachment", {"connection_id": "1", "phone_number": "4155550182"}, "phone_number: must start with +"),
    ),
)
