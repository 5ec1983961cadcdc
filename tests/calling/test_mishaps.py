"""What else happens to a call: nobody reports on a transfer, the caller gives up, sound is lost, time passes.

And what must never happen: that anybody but programs on this machine is heard.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import os
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from signaling import Call, CallState, IncomingRefer, Ladder, UserAgent, audible
from signaling.audio import tone
from signaling.media import MediaStream
from signaling.sessiontimer import MINIMUM, SessionTimer
from tests.calling import wiring
from tests.calling.wiring import NUMBERS, Receiver
from tests.sandbox.conftest import Server

NUMBER = NUMBERS["sip"]
URI = f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"


@pytest.fixture
def line(sandbox: Server, receiver: Receiver) -> Receiver:
    """A number that a telephone of somebody else's calls, and the application answers."""
    wiring.xai(sandbox, NUMBER)
    return receiver


async def silent(call: Call, refer: IncomingRefer) -> None:
    """A REFER that is not even answered."""


async def accepted(call: Call, refer: IncomingRefer) -> None:
    """A transfer that is begun, and never heard of again."""
    await refer.accept()


@pytest.mark.parametrize("refers", [silent, accepted])
def test_a_transfer_that_nobody_reports_on(
    sandbox: Server, line: Receiver, refers: Callable[[Call, IncomingRefer], Coroutine[Any, Any, None]]
) -> None:
    """504, and the conversation goes on."""
    sandbox.control("POST", "switches", {"xai.transfer_seconds": 0.5})
    answers: list[httpx.Response] = []

    def transfers(socket: Any, call_id: str) -> None:
        target = {"target_uri": "tel:+14155550188"}
        answers.append(sandbox.xai("POST", f"/v1/realtime/calls/{call_id}/refer", target))

    line.script = transfers

    async def main() -> None:
        async with wiring.phone(sandbox, on_refer=refers) as agent:
            call = await agent.call(URI)
            await call.answered(10)
            while not answers:
                await asyncio.sleep(0.02)
            assert call.state is CallState.ESTABLISHED
            call.media.write_digits("7#")
            await call.media.drain()
            await call.hangup()

    asyncio.run(main())
    assert answers[0].status_code == 504, answers[0].text
    found = wiring.the_call(sandbox, NUMBER)
    assert (found["state"], found["outcome"]["digits"]) == ("ended", "7#")


@pytest.mark.parametrize("status", [200, 503])
def test_a_caller_who_gives_up(sandbox: Server, line: Receiver, status: int) -> None:
    """CANCEL: the caller gets its 487, nothing is announced any more, and who joins too late finds no call."""
    line.joins, line.status = False, status
    sandbox.control("POST", "switches", {"xai.webhook_pace": 0.5, "xai.ring_seconds": 20})
    ladder = Ladder()

    async def main() -> None:
        async with wiring.phone(sandbox, ladder=ladder) as agent:
            call = await agent.call(URI)
            while call.state is not CallState.RINGING or not line.deliveries:
                await asyncio.sleep(0.02)
            await call.cancel()
            assert (await call.ended()).status == 487

    asyncio.run(main())
    found = wiring.the_call(sandbox, NUMBER)
    assert (found["state"], found["outcome"]["hop"], found["outcome"]["code"]) == ("failed", "session", 487)
    assert "SIP/2.0 487 Request Terminated" in ladder.lines()
    told = len(line.deliveries)
    line.join(found["id"])
    assert line.refused == [404]
    time.sleep(0.7)  # longer than until the next try
    assert len(line.deliveries) == told


def test_a_session_is_refreshed_at_its_timer(sandbox: Server, line: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A telephone whose clock runs fast: 45 s of its session timer are half a second."""
    monkeypatch.setattr(SessionTimer, "delay", property(lambda timer: timer.interval / MINIMUM / 2))
    ladder = Ladder()

    async def main() -> None:
        async with wiring.phone(sandbox, ladder=ladder, session_expires=MINIMUM) as agent:
            call = await agent.call(URI)
            await call.answered(10)
            assert call.timer == SessionTimer(MINIMUM, ours=True)
            before = call.media.reception.packets
            while len([text for text in ladder.lines() if text.startswith("INVITE")]) < 3:
                await asyncio.sleep(0.02)
            assert call.state is CallState.ESTABLISHED
            assert call.media.reception.packets > before
            await call.hangup()

    asyncio.run(main())
    found = wiring.the_call(sandbox, NUMBER)
    assert found["state"] == "ended"
    answers = [step["text"].lower() for step in found["ladder"] if step["line"] == "SIP/2.0 200 OK"]
    refreshed = [text for text in answers if "session-expires: 90;refresher=uac" in text]
    assert len(refreshed) >= 3  # the call's own answer, and those of two refreshes


def test_half_a_second_of_sound_is_lost(sandbox: Server, line: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way: both sides hear what comes after it, and keys count once."""
    lost = {"sent": 0, "received": 0}

    def loses(data: bytes) -> bool:
        lost["sent"] += 1
        return 20 < lost["sent"] <= 45

    arrive = MediaStream.datagram_received

    def some(media: MediaStream, data: bytes, addr: tuple[str, int]) -> None:
        lost["received"] += 1
        if not 20 < lost["received"] <= 45:
            arrive(media, data, addr)

    monkeypatch.setattr(MediaStream, "datagram_received", some)

    async def main() -> None:
        async with wiring.phone(sandbox) as agent:
            call = await agent.call(URI)
            call.media.lose = loses
            await call.answered(10)
            call.media.write(tone(300, seconds=1.4, dbfs=-15))
            call.media.write_digits("15#")
            await call.media.drain()
            heard = 0
            async for frame in call.media.frames():
                heard += audible(frame.pcm)
                if heard >= 50:
                    break
            assert call.media.reception.lost == 25
            await call.hangup()

    asyncio.run(main())
    found = wiring.the_call(sandbox, NUMBER)
    assert (found["state"], found["outcome"]["encrypted"], found["outcome"]["digits"]) == ("ended", True, "15#")
    assert "input_audio_buffer.speech_started" in line.kinds()


def test_a_reset_waits_for_nobody(sandbox: Server, line: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that never acknowledges its answer, as a PBX behind a broken route."""
    monkeypatch.setattr(UserAgent, "send", lambda agent, connection, ack: None)

    async def main() -> float:
        async with wiring.phone(sandbox) as agent:
            await (await agent.call(URI)).answered(10)
            began = time.monotonic()
            await asyncio.to_thread(sandbox.control, "POST", "reset")
            return time.monotonic() - began

    assert asyncio.run(main()) < 4
    assert sandbox.control("GET", "calls") == []


# --- who is heard ---


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_no_page_in_a_browser_places_or_joins_a_call(
    sandbox: Server, receiver: Receiver, headers: dict[str, str]
) -> None:
    for path, body in (("calls", {"to": NUMBER}), ("receivers", {"url": wiring.WEBHOOK, "deliver_to": receiver.url})):
        assert sandbox.http.post(f"/_sandbox/{path}", json=body, headers=headers).status_code == 403
    assert sandbox.http.get("/_sandbox/calls", headers=headers).status_code == 403
    assert (
        sandbox.http.delete("/_sandbox/receivers", params={"url": wiring.WEBHOOK}, headers=headers).status_code == 403
    )
    assert sandbox.control("GET", "calls") == []
    handshake = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": base64.b64encode(bytes(16)).decode(),
    }
    joined = sandbox.xai("GET", "/v1/realtime?call_id=any", headers={**handshake, **headers})
    assert joined.status_code == 403
    assert sandbox.xai("GET", "/v1/realtime?call_id=any", headers=handshake).status_code == 404


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's tables of sockets")
def test_nothing_is_heard_but_on_loopback(sandbox: Server, line: Receiver) -> None:
    """All ports of the sandbox while calls stand: HTTP, SIP, and the sound of both sides."""
    wiring.twilio(sandbox)
    wiring.xai(sandbox, NUMBERS["twilio"])
    id = wiring.begin(sandbox, NUMBERS["twilio"], seconds=20)
    wiring.until(sandbox, id, {"answered"})
    found = list(sockets(sandbox.process.pid))
    assert {kind for kind, _, _ in found} == {"tcp", "udp"}
    assert len([kind for kind, _, _ in found if kind == "udp"]) == 2
    assert len([local for kind, local, there in found if kind == "tcp" and there.is_unspecified]) == 3
    for _, local, there in found:
        assert local.is_loopback
        assert there.is_loopback or there.is_unspecified


def sockets(pid: int) -> Any:
    """Kind, own address and the peer's of each socket of a process that has an address, as the kernel has it."""
    links = (os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if each.exists() or each.is_symlink())
    own = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:[")}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path(f"/proc/{pid}/net/{table}")
        for row in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = row.split()
            if fields[9] in own:
                yield table.rstrip("6"), _address(fields[1]), _address(fields[2])


def _address(shown: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """``0100007F:1F90``: words of the machine's own order, in hexadecimal."""
    words = bytes.fromhex(shown.partition(":")[0])
    packed = b"".join(words[place : place + 4][::-1] for place in range(0, len(words), 4))
    return ipaddress.ip_address(packed if sys.byteorder == "little" else words)


def test_the_look_at_sockets_sees_what_is_open_to_all() -> None:
    """The test above would find one."""
    with socket.socket() as opened:
        opened.bind(("0.0.0.0", 0))
        opened.listen()
        assert any(local.is_unspecified for _, local, _ in sockets(os.getpid()))
