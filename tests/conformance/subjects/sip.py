"""Bundles under test: no vendor can be asked, so all of it is kept in the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.subject import Sample, Subject

NUMBER = "+14155550100"
MARK = f"xtel/p/s/{NUMBER}"
TARGET = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"
THEIRS = "+14155550101"


class Nobody:
    """What cannot be asked knows nothing, and nothing of it changes."""

    def __init__(self, sandbox: Any) -> None:
        """No sandbox is needed."""

    def env(self, account: str = "main") -> dict[str, str]:
        return {}

    def reset(self) -> None:
        """Nothing outlives a test."""

    def owned(self, number: str) -> Mapping[str, Any]:
        return {}

    def occupy(self, number: str) -> None:
        """A PBX that somebody configured otherwise does not tell."""

    def ignore(self, method: str, path: str) -> None:
        """Nothing is asked for."""

    def releases(self) -> int:
        return 0


SUBJECT = Subject(
    name="sip",
    number=NUMBER,
    world=Nobody,
    samples=(
        Sample(
            "Bundle",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "target": TARGET, "platform": "asterisk"},
            changes=(
                {"username": "hq"},
                {"port": 5071.0},
                {"codecs": ["PCMA"]},
                {"srtp": "off"},
                {"ring_seconds": 20},
                {"description": "Munich"},
                {"address": "203.0.113.10"},
                {"transfer": True, "transfer_context": "outbound"},
                {"ca_file": "/etc/ssl/cert.pem"},
                {"did": ["0891234567"]},
                {"fallback": ["sip:+14155550999@pbx.example.com;transport=tls"]},
                {"target": f"sip:{NUMBER}@sip.example.com;transport=tls", "content": {"what is": "given"}},
                {"bind": "203.0.113.10:5099"},
                {"media_address": "10.0.0.9"},
                {"from_domain": "pbx.example.net"},
                {"transport": "transport-tls", "bind": ""},
                {"platform": "freeswitch", "transport": "", "media_address": "", "ca_file": None},
                {"context": "inbound"},
                {"extension": "8000"},
                {"profile": "external"},
                {
                    "platform": "cube",
                    "address": "",
                    "transfer_context": "",
                    "ring_seconds": None,
                    "from_domain": "",
                    "context": None,
                    "extension": "",
                    "profile": "",
                },
                {"interface": "GigabitEthernet1"},
                {"tag": 950},
                {"transfer": "pass"},
                {"keepalive": True},
                {"inbound": {"match": "request", "tenant": 200, "srtp": True}},
                {
                    "platform": "audiocodes",
                    "interface": "",
                    "tag": None,
                    "inbound": None,
                    "codecs": None,
                    "address": "",
                },
                {"row": 40},
                {"shared_row": 10},
                {"sip_interface": "SIF_WAN"},
                {"media_realm": "MR_WAN"},
                {"srd": "SRD_1"},
                {"routing_policy": "RP_1"},
                {"from_group": "IPG_PSTN"},
                {"from_group": ["IPG_PSTN", "IPG_Teams"]},
                {"platform": "teams", "gateway": "sbc.example.com", "sbc": "audiocodes"},
                {"gateway_port": 5067},
                {"tenant_id": "0a1b2c3d-0000-4000-8000-00000000000f"},
                {"voice_routing_policy": "Sales"},
                {"users": ["ann@example.com"]},
                {"calls": "dialled"},
                {"marker": "xtel/p/renamed/+14155550100"},
            ),
            same=(
                {"phone_number": "+1 (415) 555-0100", "target": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"},
                {"codecs": ["pcmu", "PCMA", "G722", "PCMU"], "port": 5061.0},
                {"content": {"what is": "given"}},
            ),
            kept=True,
            computed=frozenset({"content"}),
            foreign=lambda made: {"marker": "theirs", "phone_number": THEIRS, "target": TARGET, "platform": "other"},
        ),
    ),
    refusals=(
        ("Bundle", {"phone_number": NUMBER, "target": TARGET, "platform": "pbx"}, "platform: must be one of"),
        (
            "Bundle",
            {"phone_number": NUMBER, "target": TARGET, "platform": "cube", "address": "pbx.example.com"},
            "address: CUBE writes it into SDP",
        ),
        (
            "Bundle",
            {"phone_number": NUMBER, "target": TARGET, "platform": "cube", "description": "a!"},
            "description: holds '!'",
        ),
    ),
)
