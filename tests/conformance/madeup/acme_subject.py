"""Acme under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acme_simulator import ACCOUNTS, Acme

from tests.conformance.subject import Sample, Subject

NUMBER = "+14155550100"
MARK = f"xtel/p/s/{NUMBER}"


class World:
    """A simulator per test."""

    def __init__(self, sandbox: Any) -> None:
        self.acme = Acme()

    def env(self, account: str = "main") -> dict[str, str]:
        return {"ACME_KEY": next(key for key in ACCOUNTS if account in key), "ACME_BASE_URL": self.acme.url}

    def reset(self) -> None:
        """Nothing outlives a test."""

    def owned(self, number: str) -> Mapping[str, Any]:
        return dict(self.acme.numbers[number])

    def occupy(self, number: str) -> None:
        self.acme.numbers[number]["line"] = "line-of-somebody"

    def ignore(self, method: str, path: str) -> None:
        self.acme.ignoring = (method, path)

    def releases(self) -> int:
        return 0 if NUMBER in self.acme.numbers else 1


SUBJECT = Subject(
    "acme",
    NUMBER,
    World,
    (
        Sample(
            "Line",
            lambda made: {"marker": MARK, "target": f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"},
            changes=({"target": "sip:pbx.example.com;transport=tls"}, {"marker": "xtel/p/renamed/x"}),
            same=({"target": f"SIP:{NUMBER}@SIP.VOICE.X.AI;transport=TLS"},),
            foreign=lambda made: {"marker": "theirs", "target": "sip:pbx.example.com"},
        ),
        Sample(
            "Link",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "line": made["Line"].id},
            same=({"phone_number": "+1 415 555 0100"},),
            attaches=True,
        ),
    ),
    refusals=(("Line", {"target": "nonsense"}, "target: "),),
)
