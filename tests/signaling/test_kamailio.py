"""A proxy that nobody here wrote stands between two of our agents: Record-Route, loose routes, requests both ways.

Where Kamailio is installed, as XTEL_TEST_PROGRAMS promises in CI.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signaling import Credentials, DigestServer, Ending, IncomingCall, Settings, Verdict, errors
from tests.signaling.calling import CARRIER, HOST, NUMBER, Certificates, hears, line, plays, presses, quick, run
from tests.signaling.kamailio import proxy, route


def test_a_call_through_a_proxy(certificates: Certificates, tmp_path: Path) -> None:
    desk = DigestServer("x.ai", {"hq": "right"})

    async def takes(call: IncomingCall) -> None:
        verdict, _ = desk.verify(call.request)
        if verdict is not Verdict.ACCEPTED:
            return call.challenge(desk)
        call.ring()
        await call.answer()
        plays(call.media, 600, 20)
        await presses(call.media, "15#")
        outcome = await (await call.refer("tel:+14155550199")).outcome()
        assert outcome.status == 200
        return await call.hangup()

    async def referred(call: Any, refer: Any) -> None:
        await refer.accept()
        await refer.report(200)

    async def test() -> None:
        caller, called = quick(CARRIER, 0.5, session_expires=3, min_se=1), Settings(min_se=1)
        async with line(certificates, takes, caller=caller, called=called, caller_on_refer=referred) as wire:
            with proxy(certificates, tmp_path, wire.address.port) as port:
                call = await wire.caller.call(NUMBER, routes=[route(port)], credentials=Credentials("hq", "right"))
                await call.answered(20)
                await hears(call.media, 600)
                await wire.ladder_has("INVITE", 3)  # the second try, and the refresh
                call.media.write_digits("15#")
                assert await call.ended() == Ending("remote")
                assert {step.source for step in wire.ladder.steps if step.line.startswith(("REFER", "BYE"))} == {
                    str(call.connection.peer)
                }

    run(test())


def test_cancelled_and_refused_through_a_proxy(certificates: Certificates, tmp_path: Path) -> None:
    async def takes(call: IncomingCall) -> None:
        if call.request.headers.get("X-Refuse"):
            return call.reject(403)
        call.ring()
        assert (await call.ended()).status == 487
        return None

    async def test() -> None:
        async with line(certificates, takes) as wire:
            with proxy(certificates, tmp_path, wire.address.port) as port:
                call = await wire.caller.call(NUMBER, routes=[route(port)])
                async for answer in call.responses():
                    if answer.status == 180:
                        break
                await call.cancel()
                refused = await wire.caller.call(NUMBER, routes=[route(port)], headers=[("X-Refuse", "yes")])
                with pytest.raises(errors.CallRefused, match="403"):
                    await refused.answered(20)
                assert (await wire.caller.options(f"sip:{HOST};transport=tls")).status == 200

    run(test())
