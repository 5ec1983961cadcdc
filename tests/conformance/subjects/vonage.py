"""Vonage under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance import shop
from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550164"
MARK = f"xtel/p/s/{NUMBER}"
TARGET = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"
PBX = "sip:100@pbx.example.com;transport=tls"


class Vonage:
    """The sandbox's Vonage."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        given = self._sandbox.env(account=account)
        return {name: value for name, value in given.items() if name.startswith("VONAGE_")}

    def reset(self) -> None:
        self._sandbox.reset()

    def owned(self, number: str) -> Mapping[str, Any]:
        [found] = [each for each in self.listed() if each["msisdn"] == number[1:]] or [None]
        if found is None:
            raise KeyError(number)
        return {"callback": found.get("voiceCallbackValue") or found.get("app_id") or ""}

    def listed(self) -> list[dict[str, Any]]:
        return self._sandbox.state()["vonage"]["numbers"]

    def occupy(self, number: str) -> None:
        self.change(number, voiceCallbackType="sip", voiceCallbackValue="sip:theirs@pbx.example.org")

    def change(self, number: str, **settings: str) -> None:
        """What somebody does in the dashboard: the record as they see it, changed."""
        found = next(each for each in self.listed() if each["msisdn"] == number[1:])
        shown = {name: value for name, value in found.items() if isinstance(value, str) and name != "type"}
        self._send("update", {**shown, **settings})

    def _send(self, what: str, form: Mapping[str, str]) -> None:
        env = self.env()
        login = (env["VONAGE_API_KEY"], env["VONAGE_API_SECRET"])
        self._sandbox.http.post(f"/number/{what}", data=dict(form), auth=login).raise_for_status()

    def releases(self) -> int:
        return self._sandbox.state()["counters"]["releases"]

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")

    def purchases(self) -> int:
        return self._sandbox.state()["counters"]["purchases"]

    def give_back(self, number: str) -> None:
        country = "US" if number.startswith("+1") else "GB"
        self._send("cancel", {"country": country, "msisdn": number[1:]})


def _link(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "phone_number": NUMBER, "uri": TARGET}


SUBJECT = Subject(
    name="vonage",
    number=NUMBER,
    world=Vonage,
    samples=(
        Sample(
            "Attachment",
            _link,
            changes=({"uri": PBX}, {"uri": "sip:sip.voice.x.ai:5061;transport=tls"}),
            same=({"phone_number": "+1 (415) 555-0164"}, {"uri": f"SIP:{NUMBER}@SIP.Voice.X.ai.;Transport=TLS"}),
            attaches=True,
            switched={
                "uri": lambda world, id: world.change(id, voiceCallbackType="tel", voiceCallbackValue="14155550199")
            },
        ),
        *shop.samples("+12125554567"),
    ),
    refusals=(
        ("Attachment", {"phone_number": NUMBER}, "uri: is required"),
        ("Attachment", {"phone_number": NUMBER, "uri": "sips:a@b.example"}, "uri: "),
        ("Attachment", {"phone_number": "4155550164", "uri": TARGET}, "phone_number: must start with +"),
    ),
)
