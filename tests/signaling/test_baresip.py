"""Calls with a telephone that nobody here wrote: baresip calls ours and ours calls it, over TLS with SDES and digest."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from signaling import (
    PCMA,
    CallState,
    Credentials,
    DigestServer,
    Ending,
    IncomingCall,
    Ladder,
    Settings,
    UserAgent,
    Verdict,
    audio,
    certificate,
    errors,
)
from tests.signaling.calling import Certificates, hears, plays, presses, run

baresip: Any = pytest.importorskip("baresip")
DESK = {"judge": "right"}


def free_port() -> int:
    """A port of which the next one is free too: baresip listens for TLS one above."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Judge:
    """A running baresip with one account, and the port at which it takes TLS."""

    def __init__(self, agent: Any, port: int) -> None:
        self.agent, self.port = agent, port
        self.incoming: asyncio.Queue[Any] = asyncio.Queue()
        agent.on_incoming(self.incoming.put_nowait)


@asynccontextmanager
async def judge(
    certificates: Certificates, domain: str, password: str = "right", **account: Any
) -> AsyncIterator[Judge]:
    port = free_port()
    runtime = baresip.Runtime()
    await runtime.start(
        baresip.Config(
            net_interface="127.0.0.1",
            extra_config_text=(
                f"sip_listen 127.0.0.1:{port}\nsip_certificate {certificates.host}\nsip_cafile {certificates.ca}\n"
                "sip_verify_server yes\n"
            ),
        )
    )
    try:
        chosen = {"audio_codecs": ("pcma", "pcmu"), "extra_params": ("mediaenc=srtp-mand",), **account}
        made = baresip.Account(
            user="judge", domain=domain, password=password, transport="tls", reg_interval=0, **chosen
        )
        yield Judge(await baresip.UserAgent.create(runtime, made), port + 1)
    finally:
        await runtime.close()


@asynccontextmanager
async def ours(
    certificates: Certificates, on_call: Any = None, **more: Any
) -> AsyncIterator[tuple[UserAgent, str, Ladder]]:
    """Our agent, its ``host:port``, and its ladder."""
    ladder = Ladder()
    async with UserAgent(
        Settings(identity="sip:+12125550100@carrier.example"),
        tls=certificates.client,
        ladder=ladder,
        on_call=on_call,
        **more,
    ) as agent:
        address = await agent.listen("127.0.0.1", tls=certificate.server_context(certificates.host))
        yield agent, str(address), ladder


async def judge_hears(call: Any, hertz: float) -> None:
    """Returns once baresip heard a tone."""
    found, pcm = 0, b""
    while found < 5:
        pcm += call.audio.read(3200)
        while len(pcm) >= audio.FRAME_BYTES:
            frame, pcm = pcm[: audio.FRAME_BYTES], pcm[audio.FRAME_BYTES :]
            found += audio.holds_tone(frame, hertz)
        await asyncio.sleep(0.01)


async def judge_plays(call: Any, hertz: float, until: asyncio.Event) -> None:
    tone = audio.tone(hertz, seconds=0.1)
    while not until.is_set():
        call.audio.write(tone)
        await asyncio.sleep(0.09)


def event_of(call: Any, kind: Any) -> asyncio.Event:
    """Is set when baresip says so."""
    seen = asyncio.Event()
    call.on(lambda event: seen.set() if event.event is kind else None)
    return seen


@pytest.mark.parametrize(
    ("algorithms", "account", "codec", "encrypted"),
    [
        (("SHA-256", "MD5"), {}, "PCMA", True),
        (("MD5",), {"audio_codecs": ("pcmu",), "extra_params": ("mediaenc=srtp",)}, "PCMU", True),
        (("MD5", "SHA-256"), {"audio_codecs": ("g722/16000/1",)}, "G722", True),
        (("SHA-256",), {"extra_params": ()}, "PCMA", False),
    ],
)
def test_it_calls_us(
    certificates: Certificates, algorithms: tuple[str, ...], account: dict[str, Any], codec: str, encrypted: bool
) -> None:
    desk = DigestServer("x.ai", DESK, algorithms=algorithms)
    heard = asyncio.Event()

    async def takes(call: IncomingCall) -> None:
        verdict, _ = desk.verify(call.request)
        if verdict is not Verdict.ACCEPTED:
            assert verdict is Verdict.ABSENT
            return call.challenge(desk)
        call.ring()
        session = await call.answer()
        assert (session.codec.name, session.encrypted) == (codec, encrypted)
        plays(call.media, 440, 20)
        await hears(call.media, 600)
        heard.set()
        await presses(call.media, "15#")
        assert await call.ended() == Ending("remote")
        return None

    async def test() -> None:
        async with ours(certificates, takes) as (_, place, ladder), judge(certificates, place, **account) as other:
            call = await other.agent.dial(f"sip:+14155550100@{place};transport=tls")
            await call.wait_established(15)
            # G.722 has 16000 samples a second over there: what is 600 Hz then is 300 Hz by our count.
            pitch = 0.5 if codec == "G722" else 1
            async with asyncio.TaskGroup() as group:
                group.create_task(judge_plays(call, 600 * pitch, heard))
                group.create_task(judge_hears(call, 440 * pitch))
            await call.send_dtmf("15#")
            await call.hangup()
            assert [line for line in ladder.lines() if line.startswith("telephone-event")] == [
                f"telephone-event {digit}" for digit in "15#"
            ]

    run(test())


def test_its_wrong_password_is_refused(certificates: Certificates) -> None:
    desk = DigestServer("x.ai", DESK)
    verdicts: list[Verdict] = []

    async def asks(call: IncomingCall) -> None:
        verdict, _ = desk.verify(call.request)
        verdicts.append(verdict)
        if len(verdicts) > 1:
            return call.reject(403)
        return call.challenge(desk)

    async def test() -> None:
        async with ours(certificates, asks) as (_, place, _), judge(certificates, place, "wrong") as other:
            call = await other.agent.dial(f"sip:+14155550100@{place};transport=tls")
            with pytest.raises(baresip.CallFailed, match="403"):
                await call.wait_established(15)
        assert verdicts == [Verdict.ABSENT, Verdict.WRONG_RESPONSE]

    run(test())


@pytest.mark.parametrize(("mediaenc", "status"), [("dtls_srtp", 488), ("srtp-mand", 404)])
def test_it_is_refused(certificates: Certificates, mediaenc: str, status: int) -> None:
    async def takes(call: IncomingCall) -> None:
        if status == 404:
            return call.reject(404)
        await call.answer()
        return None

    async def test() -> None:
        account = {"extra_params": (f"mediaenc={mediaenc}",)}
        async with ours(certificates, takes) as (_, place, ladder), judge(certificates, place, **account) as other:
            call = await other.agent.dial(f"sip:+14155550100@{place};transport=tls")
            with pytest.raises(baresip.CallFailed, match=str(status)):
                await call.wait_established(15)
            assert any(f"SIP/2.0 {status}" in line for line in ladder.lines())

    run(test())


def test_we_call_it(certificates: Certificates) -> None:
    async def test() -> None:
        digits: asyncio.Queue[str] = asyncio.Queue()
        async with ours(certificates) as (agent, place, _), judge(certificates, place) as other:
            call = await agent.call(
                f"sip:judge@127.0.0.1:{other.port};transport=tls", encryption="required", codecs=[PCMA]
            )
            called = await other.incoming.get()
            called.on_dtmf(lambda event: digits.put_nowait(event.digit))
            await called.answer()
            session = await call.answered(15)
            assert (session.codec.name, session.encrypted) == ("PCMA", True)
            plays(call.media, 440, 1)
            call.media.write_digits("15#")
            plays(call.media, 440, 5)
            heard = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(judge_hears(called, 440))
                group.create_task(judge_plays(called, 600, heard))
                await hears(call.media, 600)
                heard.set()
            assert [await digits.get() for _ in range(3)] == ["1", "5", "#"]
            closed = event_of(called, baresip.Event.CALL_CLOSED)
            await call.hangup()
            await closed.wait()

    run(test())


def test_it_declines(certificates: Certificates) -> None:
    async def test() -> None:
        async with ours(certificates) as (agent, place, _), judge(certificates, place) as other:
            call = await agent.call(f"sip:judge@127.0.0.1:{other.port};transport=tls", encryption="required")
            await (await other.incoming.get()).reject()
            with pytest.raises(errors.CallRefused, match="486"):
                await call.answered(15)

    run(test())


def test_we_cancel(certificates: Certificates) -> None:
    async def test() -> None:
        async with ours(certificates) as (agent, place, ladder), judge(certificates, place) as other:
            call = await agent.call(f"sip:judge@127.0.0.1:{other.port};transport=tls", encryption="required")
            closed = event_of(await other.incoming.get(), baresip.Event.CALL_CLOSED)
            await call.cancel()
            await closed.wait()
            assert [line for line in ladder.lines() if "487" in line]

    run(test())


def test_we_refer_it(certificates: Certificates) -> None:
    """What xAI does to a carrier: REFER over the caller's own connection, and its NOTIFYs until the target answered."""

    async def takes(call: IncomingCall) -> None:
        if "desk" in str(call.request.uri):
            await call.answer()
            await call.ended()
            return
        await call.answer()
        referral = await call.refer(f"sip:desk@{call.connection.local};transport=tls")
        outcome = await referral.outcome(20)
        assert outcome.status == 200
        done.set()
        await call.ended()

    done = asyncio.Event()

    async def test() -> None:
        async with ours(certificates, takes) as (_, place, ladder), judge(certificates, place) as other:
            call = await other.agent.dial(f"sip:+14155550100@{place};transport=tls")
            asked: asyncio.Queue[Any] = asyncio.Queue()
            call.on_transfer_request(asked.put_nowait)
            await call.wait_established(15)
            request = await asked.get()
            assert request.target.startswith("sip:desk@")
            onward = await call.accept_transfer()
            await onward.wait_established(15)
            await done.wait()
            assert [line for line in ladder.lines() if line.startswith("NOTIFY")]

    run(test())


def test_it_refers_us(certificates: Certificates) -> None:
    """What a carrier's desk does to a bridge: it says where, we report how it goes."""
    targets: list[str] = []

    async def takes(call: IncomingCall) -> None:
        await call.answer()
        await call.ended()

    async def referred(call: Any, refer: Any) -> None:
        targets.append(str(refer.target))
        await refer.accept()
        await refer.report(200)

    async def test() -> None:
        async with ours(certificates, takes, on_refer=referred) as (_, place, _), judge(certificates, place) as other:
            call = await other.agent.dial(f"sip:+14155550100@{place};transport=tls")
            await call.wait_established(15)
            await call.transfer(f"sip:desk@{place}", timeout=15)
        assert targets == [f"sip:desk@{place}"]

    run(test())


def test_it_holds_us(certificates: Certificates) -> None:
    calls: asyncio.Queue[IncomingCall] = asyncio.Queue()

    async def takes(call: IncomingCall) -> None:
        await call.answer()
        calls.put_nowait(call)
        await call.ended()

    async def until(condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.01)

    async def test() -> None:
        async with ours(certificates, takes) as (_, place, _), judge(certificates, place) as other:
            call = await other.agent.dial(f"sip:+14155550100@{place};transport=tls")
            await call.wait_established(15)
            mine = await calls.get()
            await call.hold()
            await until(lambda: mine.session is not None and not mine.session.send)
            await call.resume()
            await until(lambda: mine.session is not None and mine.session.send)
            plays(mine.media, 440, 10)
            await judge_hears(call, 440)
            assert mine.state is CallState.ESTABLISHED
            await call.hangup()
            assert (await mine.ended()) == Ending("remote")

    run(test())


def test_we_log_in_where_it_asks_for_nothing(certificates: Certificates) -> None:
    """Credentials that nobody asks for are sent to nobody."""

    async def test() -> None:
        async with ours(certificates) as (agent, place, ladder), judge(certificates, place) as other:
            target = f"sip:judge@127.0.0.1:{other.port};transport=tls"
            call = await agent.call(target, credentials=Credentials("hq", "right"), encryption="required")
            await (await other.incoming.get()).answer()
            await call.answered(15)
            assert not any("uthorization:" in step.text for step in ladder.steps)

    run(test())
