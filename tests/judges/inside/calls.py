"""Calls through the bundle of a proxy, as its README promises them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from signaling import CallState
from signaling.digest import DigestServer, Verdict
from signaling.errors import CallRefused
from signaling.incoming import IncomingCall
from signaling.media import MediaStream
from signaling.refer import IncomingRefer
from signaling.transaction import Timers
from tests.calling import wiring
from tests.calling.wiring import PASSWORD, Receiver
from tests.judges import sipp
from tests.judges.inside import network
from tests.judges.inside.conftest import NUMBER
from tests.judges.inside.network import OTHER, PBX, PROXY, Authority
from tests.judges.inside.people import Carrier, answers, called
from tests.judges.inside.relay import Relay
from tests.sandbox.conftest import Server
from tests.signaling.calling import hears, plays

Proxy = Callable[..., Path]
#: OpenSIPS says no name in the handshake, and takes an answer from any name that the authorities know.
NAMED = True if network.PLATFORM == "kamailio" else None
compares = pytest.mark.skipif(
    not NAMED, reason="OpenSIPS: a certificate's first name alone, and that for the digest alone"
)
XAI, PBX_NAME = "sip.voice.x.ai", "pbx.example.com"
#: Of hosts other than the sandbox's: 5061 is the proxy's, at every address of this network.
PORT = 5071
#: Of who waits in vain for an ACK.
QUICK = Timers(0.05, 0.4)
FALLBACK = [f"sip:+14155550999@{PBX_NAME};transport=tls"]


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(40):
            await main()

    asyncio.run(bounded())


def sdp(message: str) -> list[str]:
    """Profile and address of each audio description in a message."""
    found = re.findall(r"(?m)^c=IN IP4 (\S+)|^m=audio \d+ (\S+)", message)
    return ["".join(each).strip() for each in found]


async def hears_something(media: MediaStream) -> None:
    async for frame in media.frames():
        if any(frame.pcm):
            return


def test_a_call_to_the_sandbox(edge: int, proxy: Proxy, media: Relay, sandbox: Server, sound: bool) -> None:
    """The DID as it is delivered, the name in the handshake, the digest, the sound, and who hangs up."""
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    log = proxy(PASSWORD, port=edge, username="hq", did=["0891234"])

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent:
            call = await carrier.call("0891234")
            await call.answered(10)
            if sound:
                await hears_something(call.media)
            await call.hangup()
        for message in carrier.messages("SIP/2.0 200"):
            assert "0.0.0.0" not in message
        assert sdp(carrier.messages("SIP/2.0 200 OK")[0]) == [PROXY, "RTP/AVP"]

    run(main)
    found = wiring.the_call(sandbox, NUMBER)
    assert (found["state"], found["outcome"]["encrypted"]) == ("ended", True), log.read_text()
    heard = [step["text"] for step in found["ladder"] if step["line"].startswith(("INVITE", "BYE", "ACK"))]
    assert [text.split()[0] for text in heard] == ["INVITE", "ACK", "INVITE", "ACK", "BYE"]
    for text in heard:
        assert "0.0.0.0" not in text
        assert text.splitlines()[0].count("transport=") <= 1
        assert re.search(rf"(?m)^Via: SIP/2.0/TLS {PROXY}:5061", text)
    assert heard[0].startswith(f"INVITE sip:{NUMBER}@{XAI};transport=tls SIP/2.0")
    assert sdp(heard[2]) == [PROXY, "RTP/SAVP"]
    assert media.steps() == ["offer AVP>SAVP", "offer AVP>SAVP", "answer SAVP>AVP", "delete"]


def test_calls_over_udp(edge: int, proxy: Proxy, media: Relay, sandbox: Server, tmp_path: Path) -> None:
    """sipp as the carrier, which speaks UDP: five calls, each refreshed."""
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    proxy(PASSWORD, port=edge, username="hq")
    assert sipp.calls(tmp_path, sipp.DELIVERS, NUMBER, 5060, count=5)["SuccessfulCall"] == 5
    calls = sandbox.control("GET", f"calls?to={NUMBER}")
    assert [wiring.until(sandbox, call["id"], {"ended", "failed"})["state"] for call in calls] == ["ended"] * 5


def test_hanging_up_and_transferring_at_the_far_end(
    edge: int, proxy: Proxy, media: Relay, sandbox: Server, receiver: Receiver
) -> None:
    """The agent's BYE arrives over the connection of the call; its REFER is refused where the stack file does not pass it."""
    wiring.xai(sandbox, NUMBER, digest="hq")
    proxy(PASSWORD, port=edge, username="hq")
    said: list[int] = []

    def script(socket: Any, call_id: str) -> None:
        path, target = f"/v1/realtime/calls/{call_id}", {"target_uri": "tel:+14155550188"}
        said.append(sandbox.xai("POST", f"{path}/refer", target).status_code)
        said.append(sandbox.xai("POST", f"{path}/hangup").status_code)

    receiver.script = script

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent:
            call = await carrier.call()
            await call.answered(10)
            assert (await call.ended()).by == "remote"
        assert not carrier.messages("REFER")

    run(main)
    found = wiring.the_call(sandbox, NUMBER)
    assert [step["line"] for step in found["ladder"] if "603" in step["line"]] == ["SIP/2.0 603 Decline"]
    assert said[1] == 200
    assert len({frozenset((s["source"], s["destination"])) for s in found["ladder"] if s["kind"] == "sip"}) == 1
    assert media.steps()[-1] == "delete"


def test_a_transfer_that_is_passed_on(
    edge: int, proxy: Proxy, media: Relay, sandbox: Server, receiver: Receiver
) -> None:
    """REFER reaches the carrier, and its report the agent."""
    wiring.xai(sandbox, NUMBER, digest="hq")
    proxy(PASSWORD, port=edge, username="hq", transfer="pass")
    said: list[int] = []
    target = {"target_uri": "tel:+14155550188"}
    receiver.script = lambda socket, call_id: said.append(
        sandbox.xai("POST", f"/v1/realtime/calls/{call_id}/refer", target).status_code
    )

    async def transfers(call: Any, asked: IncomingRefer) -> None:
        await asked.accept()
        await asked.report(200)

    async def main() -> None:
        carrier = Carrier(on_refer=transfers)
        async with carrier.agent:
            call = await carrier.call()
            await call.answered(10)
            assert (await call.ended()).by == "remote"
        (refer,) = carrier.messages("REFER")
        assert "Refer-To: <tel:+14155550188>" in refer

    run(main)
    assert receiver.closed.wait(10)
    assert said == [200]


def test_the_next_way_when_xai_refuses(
    edge: int, known: dict[str, str], proxy: Proxy, media: Relay, authority: Authority
) -> None:
    """Called by its own name over TLS, with one SDP of its own and no credentials of ours."""
    known[PBX_NAME] = f"{PBX}:{PORT}"
    proxy("secret", port=edge, username="hq", fallback=FALLBACK)  # xAI does not know the number: 404

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent, called(f"{PBX}:{PORT}", authority.certificate(PBX_NAME), answers) as pbx:
            call = await carrier.call()
            await call.answered(10)
            await call.hangup()
            assert pbx.names == [NAMED and PBX_NAME]
            (invite,) = pbx.messages("INVITE")
            assert invite.startswith(f"INVITE {FALLBACK[0]} SIP/2.0")
            assert "Authorization" not in invite
            assert sdp(invite) == [PROXY, "RTP/AVP"]
            assert invite.count("v=0") == 1
            assert pbx.messages("BYE")

    run(main)
    assert media.steps() == ["offer AVP>SAVP", "offer AVP>AVP", "answer AVP>AVP", "delete"]


def test_a_name_that_comes_late(
    edge: int, known: dict[str, str], proxy: Proxy, media: Relay, sandbox: Server, authority: Authority
) -> None:
    """The proxy starts without DNS: the fallback rings; a call after DNS came reaches xAI, without a restart."""
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    known[PBX_NAME] = f"{PBX}:{PORT}"
    place = known.pop(XAI)
    proxy(PASSWORD, port=edge, username="hq", fallback=FALLBACK)

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent, called(f"{PBX}:{PORT}", authority.certificate(PBX_NAME), answers) as pbx:
            for _ in range(2):
                call = await carrier.call()
                await call.answered(20)
                await call.hangup()
                known[XAI] = place
                await asyncio.sleep(1.5)
            assert len(pbx.messages("INVITE")) == 1

    run(main)
    assert wiring.the_call(sandbox, NUMBER)["state"] == "ended"
    assert media.steps()[:3] == ["offer AVP>SAVP", "offer AVP>AVP", "answer AVP>AVP"]


def test_nobody_is_left(edge: int, known: dict[str, str], proxy: Proxy, media: Relay) -> None:
    """No name, no fallback: the caller is told at once."""
    known.clear()
    proxy(port=edge)

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent:
            with pytest.raises(CallRefused, match="503"):
                await (await carrier.call()).answered(10)

    run(main)
    assert media.steps()[-1] == "delete"


def test_a_password_that_is_wrong(edge: int, proxy: Proxy, media: Relay, sandbox: Server) -> None:
    """Tried once; xAI's question for it does not go on to the carrier."""
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    proxy("wrong", port=edge, username="hq")

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent:
            with pytest.raises(CallRefused, match="503"):
                await (await carrier.call()).answered(10)

    run(main)
    ladder = wiring.the_call(sandbox, NUMBER)["ladder"]
    assert len([step for step in ladder if step["line"].startswith("INVITE")]) == 2


@pytest.fixture
def at_xai(known: dict[str, str]) -> str:
    """Where somebody else plays xAI."""
    known[XAI] = f"{OTHER}:{PORT}"
    return known[XAI]


def test_sessions_that_are_refreshed(at_xai: str, proxy: Proxy, media: Relay, authority: Authority) -> None:
    """A re-INVITE of either side passes the relay: xAI sees encrypted sound at the proxy, the carrier plain sound there."""
    proxy(port=PORT)
    refreshed = asyncio.Event()

    async def refreshes(call: IncomingCall) -> None:
        await call.answer()
        await call.refresh()
        refreshed.set()
        await call.ended()

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent, called(at_xai, authority.certificate(XAI), refreshes, encryption="required") as xai:
            call = await carrier.call()
            await call.answered(10)
            await refreshed.wait()
            await call.refresh("sendonly")
            await call.refresh("sendrecv")
            plays(call.media, 440)
            await asyncio.sleep(0.3)
            await call.hangup()
            assert {tuple(sdp(text)) for text in xai.messages("INVITE") if PROXY in text and "c=IN" in text} >= {
                (PROXY, "RTP/SAVP")
            }
            for text in (text for text in xai.messages("INVITE") if f"Via: SIP/2.0/TLS {PROXY}" in text):
                assert sdp(text) == [PROXY, "RTP/SAVP"]
                assert "a=crypto:" in text
            (reinvite,) = [
                text for text in carrier.messages("INVITE") if "carrier.example>;tag" not in text.split("To:")[0]
            ]
            assert sdp(reinvite) == [PROXY, "RTP/AVP"]
            assert "a=crypto" not in reinvite

    run(main)
    either = ["offer AVP>SAVP", "answer SAVP>AVP"]
    assert media.steps() == [*either, "offer SAVP>AVP", "answer AVP>SAVP", *either, *either, "delete"]


def test_both_sides_hear_each_other(at_xai: str, proxy: Proxy, media: Relay, authority: Authority, sound: bool) -> None:
    if not sound:
        pytest.skip("the stand-in for the relay moves no sound")
    proxy(port=PORT)

    async def main() -> None:
        heard = asyncio.Event()

        async def talks(call: IncomingCall) -> None:
            await call.answer()
            plays(call.media, 1000, 5)
            await hears(call.media, 440)
            heard.set()
            await call.ended()

        carrier = Carrier()
        async with carrier.agent, called(at_xai, authority.certificate(XAI), talks, encryption="required"):
            call = await carrier.call()
            await call.answered(10)
            plays(call.media, 440, 5)
            await hears(call.media, 1000)
            await heard.wait()
            await call.hangup()

    run(main)


@pytest.mark.parametrize(
    "names", [(XAI,), pytest.param(("a.example", "b.example", XAI), marks=compares), ("*.voice.x.ai",)]
)
def test_a_certificate_with_the_name(
    at_xai: str, proxy: Proxy, media: Relay, authority: Authority, names: tuple[str, ...]
) -> None:
    """Its only name, one of several, or by a wildcard: the digest goes there. Whatever characters the password has."""
    password = "p\"w\\#;1%!'{x}:@|~<&>="
    proxy(password, port=PORT, username="hq")
    server = DigestServer("some realm", {"hq": password}, algorithms=("MD5", "SHA-256"))

    async def challenges(call: IncomingCall) -> None:
        if server.verify(call.request)[0] is Verdict.ACCEPTED:
            await answers(call)
        else:
            call.challenge(server)

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent, called(at_xai, authority.certificate(*names), challenges) as xai:
            call = await carrier.call()
            await call.answered(10)
            await call.hangup()
            assert xai.names == [NAMED and XAI]

    run(main)


@pytest.mark.parametrize("does", ["challenges", pytest.param("answers", marks=compares)])
def test_a_certificate_with_another_name(
    at_xai: str, known: dict[str, str], proxy: Proxy, media: Relay, authority: Authority, does: str
) -> None:
    """Of the same authority: it gets no digest, and cannot answer; the fallback does."""
    known[PBX_NAME] = f"{PBX}:{PORT}"
    log = proxy("secret", port=PORT, username="hq", fallback=FALLBACK)
    server = DigestServer("some realm", {"hq": "secret"})

    async def challenges(call: IncomingCall) -> None:
        call.challenge(server)

    async def main() -> None:
        carrier = Carrier()
        other = {"challenges": challenges, "answers": answers}[does]
        wrong, right = authority.certificate("voice.x.ai.example"), authority.certificate(PBX_NAME)
        async with (
            carrier.agent,
            called(at_xai, wrong, other, timers=QUICK) as xai,
            called(f"{PBX}:{PORT}", right, answers) as pbx,
        ):
            call = await carrier.call()
            await call.answered(20)
            await call.hangup()
            assert "Authorization" not in "".join(xai.messages("INVITE"))
            assert len(pbx.messages("INVITE")) == 1

    run(main)
    assert not NAMED or f"{XAI}: its certificate has another name" in log.read_text()


@compares
def test_a_fallback_with_another_name(
    edge: int, known: dict[str, str], proxy: Proxy, media: Relay, authority: Authority
) -> None:
    known[PBX_NAME] = f"{PBX}:{PORT}"
    proxy(port=edge, fallback=FALLBACK)

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent, called(f"{PBX}:{PORT}", authority.certificate(XAI), answers, timers=QUICK):
            with pytest.raises(CallRefused):
                await (await carrier.call()).answered(20)

    run(main)


def test_an_xai_that_says_nothing(
    at_xai: str, known: dict[str, str], proxy: Proxy, media: Relay, authority: Authority
) -> None:
    """Each call tries it, and rings the fallback after five seconds: nothing takes the trunk down, nobody pings."""
    known[PBX_NAME] = f"{PBX}:{PORT}"
    proxy(port=PORT, fallback=FALLBACK)
    silent: list[asyncio.StreamReader] = []

    async def main() -> None:
        from signaling.certificate import server_context

        host, _, port = at_xai.partition(":")

        async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            silent.append(reader)
            await reader.read(1 << 20)

        context = server_context(authority.certificate(XAI))
        listening = await asyncio.start_server(listens, host, int(port), ssl=context)
        carrier = Carrier()
        async with listening, carrier.agent, called(f"{PBX}:{PORT}", authority.certificate(PBX_NAME), answers) as pbx:
            call = await carrier.call()
            await call.answered(20)
            await call.hangup()
            assert len(pbx.messages("INVITE")) == 1

    run(main)
    assert len(silent) == 1


def test_a_caller_who_gives_up(at_xai: str, proxy: Proxy, media: Relay, authority: Authority) -> None:
    """CANCEL reaches xAI; the relay forgets the call; no fallback rings."""
    proxy(port=PORT, fallback=FALLBACK)

    async def rings(call: IncomingCall) -> None:
        call.ring()
        await call.ended()

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent, called(at_xai, authority.certificate(XAI), rings) as xai:
            call = await carrier.call()
            while call.state is not CallState.RINGING:
                await asyncio.sleep(0.02)
            await call.cancel()
            assert (await call.ended()).status == 487
            assert xai.messages("CANCEL")

    run(main)
    assert media.steps() == ["offer AVP>SAVP", "delete"]


def test_without_a_public_address(at_xai: str, proxy: Proxy, media: Relay, authority: Authority) -> None:
    """Then the address of the machine stands in the messages."""
    proxy(port=PORT, address="")

    async def main() -> None:
        carrier = Carrier()
        async with carrier.agent, called(at_xai, authority.certificate(XAI), answers) as xai:
            call = await carrier.call()
            await call.answered(10)
            await call.hangup()
            assert xai.messages("BYE")
            assert "0.0.0.0" not in "".join(xai.messages("INVITE"))

    run(main)
