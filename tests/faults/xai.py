"""xAI under faults: its objects as the conformance suite describes those of carriers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.subject import Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550100"
MARK = f"xtel/p/s/{NUMBER}"


class XAI:
    """The sandbox's xAI."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        return self._sandbox.env(account=account) if account != "main" else self._sandbox.env()

    def reset(self) -> None:
        self._sandbox.reset()

    def owned(self, number: str) -> Mapping[str, Any]:
        """A number of one's own is not xAI's to own."""
        return {}

    def occupy(self, number: str) -> None:
        """Nobody else can have it: a second registration is refused."""

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]


SUBJECT = Subject(
    name="xai",
    number=NUMBER,
    world=XAI,
    samples=(
        Sample(
            "PhoneNumber",
            lambda made: {
                "marker": MARK,
                "name": "Support",
                "phone_number": NUMBER,
                "webhook": {"url": "https://voice.example.com/calls"},
                "sip_auth": {"allow": ["twilio"]},
            },
            changes=({"name": "Help"}, {"sip_auth": {"allow": ["192.0.2.0/24"]}, "replace": "accept"}),
        ),
        Sample(
            "Agent",
            lambda made: {
                "marker": "xtel/p/s/sales",
                "name": "Sales",
                "instructions": "Greet and qualify.",
                "voice": {"voice_id": "eve"},
                "tools": [{"type": "web_search"}],
            },
            changes=({"instructions": "Greet."}, {"voice": None, "tools": []}),
        ),
        Sample("Password", lambda made: {"marker": MARK}, kept=True),
    ),
)
