"""Calls on a live stack: from this machine over TLS to the SIP host, and through Twilio's Calls API. Both end at the edge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from providers.kernel import registry
from providers.kernel.errors import CarrierError
from signaling.certificate import client_context
from signaling.uri import SipUri
from tests.calling import wiring
from tests.calling.wiring import NUMBERS, PASSWORD, Receiver
from tests.sandbox.conftest import Server
from xtel.project.layout import Project
from xtel.proof import live
from xtel.proof.calling import Expected, Line, Result

TWILIO = NUMBERS["twilio"]
TARGET = f"sip:{TWILIO}@sip.voice.x.ai;transport=tls"


def direct(sandbox: Server, line: Line) -> Result:
    host, _, port = sandbox.env["XTEL_SANDBOX_SIP"].rpartition(":")

    async def resolver(uri: SipUri) -> tuple[str, int]:
        assert uri.host == "sip.voice.x.ai"
        return host, int(port)

    outside = live.Outside(resolver, client_context(sandbox.env["XTEL_SANDBOX_CA"]))
    [found] = live.direct([line], seconds=0.1, outside=outside)
    return found


def test_the_agent_answers_a_login(sandbox: Server) -> None:
    wiring.xai(sandbox, TWILIO, digest="hq", agent=True)
    found = direct(sandbox, Line(TWILIO, "support", TARGET, username="hq", password=PASSWORD))
    assert (found.answered, found.good, found.problem) == (True, True, "")
    assert found.outcome["codec"] in {"PCMU", "G722", "PCMA"} and found.outcome["answer_ms"] >= 0
    assert found.sent[0] == f"INVITE {TARGET} SIP/2.0" and "SIP/2.0 200 OK" in found.sent
    assert PASSWORD not in str(found.call)
    assert "not known" in Expected("agent:a").judged(found).problem
    assert Expected(within=30.0).judged(found).good


@pytest.mark.parametrize(
    ("registered", "line", "problem", "good"),
    [
        ({"allow": ["203.0.113.0/28"]}, {"allowed": ("203.0.113.0/28",)},
         "authentication 403: refused as declared: this machine is in none of its networks", True),
        ({"digest": "hq"}, {"username": "hq", "password": "wrong"}, "authentication 401: ", False),
        (None, {}, "registration 404: ", False),
    ],
    ids=["outside", "password", "unknown"],
)  # fmt: skip
def test_where_it_ends(
    sandbox: Server, registered: dict[str, Any] | None, line: dict[str, Any], problem: str, good: bool
) -> None:
    if registered is not None:
        wiring.xai(sandbox, TWILIO, **registered)
    found = direct(sandbox, Line(TWILIO, "support", TARGET, **line))
    assert found.problem.startswith(problem)
    assert (found.answered, found.good) == (False, good)


def test_a_host_that_is_not_there(sandbox: Server) -> None:
    async def nowhere(uri: SipUri) -> tuple[str, int]:
        return "127.0.0.1", 1

    [found] = live.direct([Line(TWILIO, "support", TARGET)], outside=live.Outside(nowhere))
    assert found.problem.startswith("tls: ") and not found.good


def placed(sandbox: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, caller: str) -> Result:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    line = Line(NUMBERS["telnyx"], "chicago", TARGET)
    [found] = live.placed(Project(folder), "prod", registry.carriers()["twilio"], [line], caller)
    return found


def test_twilio_places_a_real_call(
    sandbox: Server, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring.telnyx(sandbox)
    wiring.xai(sandbox, NUMBERS["telnyx"], agent=True)
    found = placed(sandbox, tmp_path, monkeypatch, TWILIO)
    assert (found.answered, found.good, found.call["id"][:2]) == (True, True, "CA")
    [asked] = [entry for entry in sandbox.log() if entry["method"] == "POST" and entry["path"].endswith("/Calls.json")]
    assert asked["body"] == {
        "To": NUMBERS["telnyx"], "From": TWILIO, "Timeout": "40", "TimeLimit": "60",
        "Twiml": '<Response><Pause length="5"/><Hangup/></Response>',
    }  # fmt: skip
    [call] = sandbox.control("GET", f"calls?to=%2B{NUMBERS['telnyx'][1:]}")
    assert call["from"] == TWILIO and call["outcome"]["answered_by"].startswith("agent:")


def test_a_caller_that_is_not_of_the_account_is_refused(
    sandbox: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CarrierError) as refused:
        placed(sandbox, tmp_path, monkeypatch, "+14155550999")
    assert "21210" in str(refused.value) and "not yet verified" in str(refused.value)
