"""A proxy between callers and the sandbox's SIP host: recorded routes, and the host's own requests back through it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx

from signaling import CallState, Credentials, Ending
from tests.calling import wiring
from tests.calling.wiring import NUMBERS, Receiver
from tests.judges import sipp
from tests.judges.conftest import Edge
from tests.sandbox.conftest import Server
from tests.signaling.calling import Certificates
from tests.signaling.kamailio import route

NUMBER = NUMBERS["sip"]
URI = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"


def control(sandbox: Server, call_id: str, verb: str, body: Any = None) -> httpx.Response:
    return sandbox.xai("POST", f"/v1/realtime/calls/{call_id}/{verb}", body)


def sip(call: dict[str, Any]) -> list[dict[str, Any]]:
    """The SIP of a call's ladder."""
    return [step for step in call["ladder"] if step["kind"] == "sip"]


def test_a_transfer(sandbox: Server, edge: Edge, receiver: Receiver, tmp_path: Path) -> None:
    """Kamailio and sipp take our REFER and our BYE to be of their dialog: request URI, Route and tags are theirs."""
    wiring.xai(sandbox, NUMBER, digest="hq")
    answers: list[httpx.Response] = []
    target = {"target_uri": "tel:+14155550188"}
    receiver.script = lambda socket, call_id: answers.append(control(sandbox, call_id, "refer", target))
    counted = sipp.calls(tmp_path, sipp.TRANSFERRED, NUMBER, edge.proxy)
    assert counted["SuccessfulCall"] == 1
    assert receiver.closed.wait(10)
    assert [answer.status_code for answer in answers] == [200]
    found = wiring.the_call(sandbox, NUMBER)
    assert found["state"] == "ended"
    ours = [step for step in sip(found) if step["line"].startswith(("REFER", "BYE"))]
    assert [step["line"].partition(" ")[0] for step in ours] == ["REFER", "BYE"]
    for step in ours:
        assert step["line"].partition(" ")[2].startswith("sip:sipp@127.0.0.1:")
        routes = re.findall(r"(?m)^Route: (.*?)\r?$", step["text"])
        assert [";transport=tls" in each for each in ", ".join(routes).split(", ")] == [True, False]
    # All that the host heard and said went over the one connection that the proxy opened.
    assert len({frozenset((step["source"], step["destination"])) for step in sip(found)}) == 1


def test_a_hangup_and_a_cancellation(
    sandbox: Server, edge: Edge, receiver: Receiver, certificates: Certificates
) -> None:
    wiring.xai(sandbox, NUMBER, digest="hq")
    receiver.script = lambda socket, call_id: control(sandbox, call_id, "hangup")

    async def main() -> None:
        async with wiring.phone(sandbox, ca=certificates.ca) as agent:
            login, through = Credentials("hq", wiring.PASSWORD), [route(edge.proxy)]
            call = await agent.call(URI, credentials=login, routes=through)
            await call.answered(10)
            assert await asyncio.wait_for(call.ended(), 10) == Ending("remote")
            receiver.joins = False
            call = await agent.call(URI, credentials=login, routes=through)
            while call.state is not CallState.RINGING:
                await asyncio.sleep(0.02)
            await call.cancel()
            assert (await call.ended()).status == 487

    asyncio.run(main())
    placed = sandbox.control("GET", "calls")
    ended, cancelled = [wiring.until(sandbox, each["id"], {"ended", "failed"}) for each in placed]
    assert (ended["state"], cancelled["outcome"]["code"]) == ("ended", 487)
