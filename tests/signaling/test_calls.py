"""Real calls over loopback between two of our agents: TLS, SRTP, digest, and every way in which a call ends."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from signaling import (
    G722,
    PCMA,
    PCMU,
    CallState,
    Credentials,
    DigestServer,
    Ending,
    IncomingCall,
    Settings,
    Verdict,
    certificate,
    errors,
)
from signaling.audio import FRAME_BYTES, SILENCE
from signaling.offer import Codec, Encryption
from tests.signaling.calling import CARRIER, HOST, NUMBER, Certificates, hears, line, plays, presses, quick, run

Handler = Callable[[IncomingCall], Coroutine[Any, Any, None]]


async def answers(call: IncomingCall) -> None:
    """Rings, answers, stays until the caller hangs up."""
    call.ring()
    await call.answer()
    await call.ended()


class Keeps:
    """A handler that keeps its call for the test to look at."""

    def __init__(self, then: Handler = answers) -> None:
        self.calls: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self._then = then

    async def __call__(self, call: IncomingCall) -> None:
        self.calls.put_nowait(call)
        await self._then(call)


@pytest.mark.parametrize(
    ("codec", "encryption", "tls"),
    [
        (PCMU, "required", True),
        (PCMA, "optional", True),
        (G722, "optional", True),
        (PCMU, "off", True),
        (PCMA, "off", False),
    ],
)
def test_sound_and_keys_both_ways(certificates: Certificates, codec: Codec, encryption: Encryption, tls: bool) -> None:
    async def talks(call: IncomingCall) -> None:
        session = await call.answer()
        assert (session.codec, session.encrypted) == (codec, encryption != "off")
        plays(call.media, 600, 3)
        call.media.write_digits("A")
        async with asyncio.TaskGroup() as group:
            group.create_task(hears(call.media, 440))
            group.create_task(presses(call.media, "15#"))
        await call.hangup()

    async def test() -> None:
        async with line(certificates, talks, tls=tls) as wire:
            uri = NUMBER if tls else NUMBER.replace("tls", "tcp")
            call = await wire.caller.call(uri, codecs=[codec], encryption=encryption)
            session = await call.answered()
            assert (session.codec, session.encrypted) == (codec, encryption != "off")
            plays(call.media, 440, 1)
            call.media.write_digits("15#", milliseconds=60)
            plays(call.media, 440, 3)
            await hears(call.media, 600)
            assert await call.ended() == Ending("remote")
        assert any(step.kind == "rtp" and step.line.endswith(codec.name) for step in wire.ladder.steps)
        assert wire.lines("telephone-event")[:3] == [f"telephone-event {digit}" for digit in "15#"]

    run(test())


def test_a_call_from_end_to_end_as_a_ladder(certificates: Certificates) -> None:
    async def test() -> None:
        async with line(certificates, answers) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            assert [answer.status for answer in call.received][-2:] == [180, 200]
            await call.hangup()
            assert (call.state, call.ending) == (CallState.ENDED, Ending("local"))
        sip = [text for text in wire.lines() if "SIP/2.0" in text and "Trying" not in text]
        assert [text.split(" sip:")[0].removesuffix(" SIP/2.0") for text in sip] == [
            "INVITE",
            "SIP/2.0 180 Ringing",
            "SIP/2.0 200 OK",
            "ACK",
            "BYE",
            "SIP/2.0 200 OK",
        ]
        assert not any("inline:" in step.text and "inline:***" not in step.text for step in wire.ladder.steps)
        assert {step.destination for step in wire.ladder.steps if step.line.startswith("INVITE")} == {str(wire.address)}

    run(test())


def test_the_called_hangs_up(certificates: Certificates) -> None:
    async def brief(call: IncomingCall) -> None:
        await call.answer(headers=[("X-Call", "1")])
        await call.hangup('SIP;cause=503;text="no agent"')

    async def test() -> None:
        async with line(certificates, brief) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            assert await call.ended() == Ending("remote", reason='SIP;cause=503;text="no agent"')
            assert call.received[-1].headers.get("X-Call") == "1"

    run(test())


@pytest.mark.parametrize("status", [403, 404, 480, 486, 503, 603])
def test_refused(certificates: Certificates, status: int) -> None:
    async def refuses(call: IncomingCall) -> None:
        call.reject(status, "Because", [("Retry-After", "5")])

    async def test() -> None:
        async with line(certificates, refuses) as wire:
            call = await wire.caller.call(NUMBER)
            with pytest.raises(errors.CallRefused, match=f"{status} Because"):
                await call.answered()
            assert (await call.ended()).status == status
            assert call.received[-1].headers.get("Retry-After") == "5"

    run(test())


@pytest.mark.parametrize("algorithms", [("SHA-256", "MD5"), ("MD5",), ("MD5", "SHA-256")])
@pytest.mark.parametrize("proxy", [False, True])
@pytest.mark.parametrize("password", ["right", "wrong", None])
def test_digest(certificates: Certificates, algorithms: tuple[str, ...], proxy: bool, password: str | None) -> None:
    desk = DigestServer("x.ai", {"hq": "right"}, algorithms=algorithms)
    verdicts: list[Verdict] = []

    async def asks(call: IncomingCall) -> None:
        verdict, _ = desk.verify(call.request, proxy=proxy)
        verdicts.append(verdict)
        if verdict is not Verdict.ACCEPTED:
            return call.challenge(desk, stale=verdict is Verdict.STALE, proxy=proxy)
        return await answers(call)

    async def test() -> None:
        async with line(certificates, asks) as wire:
            credentials = Credentials("hq", password) if password else None
            call = await wire.caller.call(NUMBER, credentials=credentials)
            if password == "right":
                await call.answered()
            else:
                with pytest.raises(errors.CallRefused) as found:
                    await call.answered()
                assert found.value.status == (407 if proxy else 401)
            await call.hangup()
        ask = [Verdict.ABSENT]
        assert verdicts == ask + {"right": [Verdict.ACCEPTED], "wrong": [Verdict.WRONG_RESPONSE], None: []}[password]
        assert not any("response=" in step.text and "response=***" not in step.text for step in wire.ladder.steps)
        acks = [step.text for step in wire.ladder.steps if step.line.startswith("ACK")]
        assert ("uthorization:" in acks[-1]) is (password == "right")

    run(test())


def test_a_stale_nonce_is_answered_again(certificates: Certificates) -> None:
    now = itertools.count(0, 200)
    desk = DigestServer("x.ai", {"hq": "right"}, lifetime=150, clock=lambda: next(now))

    async def asks(call: IncomingCall) -> None:
        verdict, _ = desk.verify(call.request)
        if verdict is Verdict.STALE:
            desk._clock = lambda: 0.0  # pyright: ignore[reportPrivateUsage] -- time stands still from here on
        if verdict is not Verdict.ACCEPTED:
            return call.challenge(desk, stale=verdict is Verdict.STALE)
        return await answers(call)

    async def test() -> None:
        async with line(certificates, asks) as wire:
            call = await wire.caller.call(NUMBER, credentials=Credentials("hq", "right"))
            await call.answered()
        assert len(wire.lines("401")) == 2

    run(test())


def test_cancelled_while_it_rings(certificates: Certificates) -> None:
    async def rings(call: IncomingCall) -> None:
        call.ring()
        assert await call.ended() == Ending("remote", 487, "the caller cancelled")
        with pytest.raises(errors.CallEnded):
            await call.answer()

    async def test() -> None:
        keeps = Keeps(rings)
        async with line(certificates, keeps) as wire:
            call = await wire.caller.call(NUMBER)
            async for answer in call.responses():
                if answer.status == 180:
                    break
            await call.cancel()
            with pytest.raises(errors.CallRefused, match="487"):
                await call.answered()
            assert call.ending == Ending("local", 487, "487 Request Terminated")
            assert (await keeps.calls.get()).ending is not None

    run(test())


def test_cancelled_by_patience(certificates: Certificates) -> None:
    async def never(call: IncomingCall) -> None:
        await call.ended()

    async def test() -> None:
        async with line(certificates, never) as wire:
            call = await wire.caller.call(NUMBER)
            with pytest.raises(errors.CallRefused, match="408 not answered within 0.3 s"):
                await call.answered(0.3)
            assert wire.lines("CANCEL") and wire.lines("487")

    run(test())


def test_a_cancel_that_crosses_the_answer_ends_by_bye(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(certificates, keeps) as wire:
            call = await wire.caller.call(NUMBER)
            called = await keeps.calls.get()
            called._server.on_cancel = lambda: None  # pyright: ignore[reportPrivateUsage] -- the CANCEL comes too late
            await call.cancel()
            with pytest.raises(errors.CallRefused, match="487"):
                await call.answered()
            assert (await called.ended()).by in {"remote", "network"}
            assert wire.lines("BYE")

    run(test())


def test_who_leaves_takes_its_calls_along(certificates: Certificates) -> None:
    async def rings(call: IncomingCall) -> None:
        call.ring()
        await call.ended()

    async def test() -> None:
        keeps = Keeps(rings)
        async with line(certificates, keeps) as wire:
            call = await wire.caller.call(NUMBER)
            called = await keeps.calls.get()
            await wire.caller.close()
            assert await called.ended() == Ending("remote", 487, "the caller cancelled")
            assert call.ending is not None and call.ending.by == "local"

    run(test())


def test_early_media(certificates: Certificates) -> None:
    async def announces(call: IncomingCall) -> None:
        await call.early_media()
        plays(call.media, 600, 5)
        await hears(call.media, 440)
        await call.answer()
        await call.ended()

    async def test() -> None:
        async with line(certificates, announces) as wire:
            call = await wire.caller.call(NUMBER)
            async for answer in call.responses():
                if answer.status == 183:
                    break
            await hears(call.media, 600)
            assert call.state is CallState.RINGING
            plays(call.media, 440, 1)
            await call.answered()

    run(test())


@pytest.mark.parametrize("accepted", [True, False])
def test_refer(certificates: Certificates, accepted: bool) -> None:
    async def transfers(call: IncomingCall) -> None:
        await call.answer()
        if not accepted:
            with pytest.raises(errors.CallRefused, match="603 Decline"):
                await call.refer("tel:+14155550199")
            return
        referral = await call.refer("tel:+14155550199")
        outcome = await referral.outcome()
        assert (outcome.status, outcome.reason) == (200, "OK")
        assert [report.status for report in referral.reports] == [100, 180, 200]

    async def referred(call: Any, refer: Any) -> None:
        assert str(refer.target) == "tel:+14155550199"
        if not accepted:
            return refer.reject()
        await refer.accept()
        await refer.report(180)
        return await refer.report(200)

    async def test() -> None:
        async with line(certificates, transfers, caller_on_refer=referred) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            assert await call.ended() == Ending("remote")
        bodies = [step.text for step in wire.ladder.steps if step.line.startswith("NOTIFY")]
        assert [text.split("\r\n\r\n")[1].strip() for text in bodies] == (
            ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"] if accepted else []
        )
        [refer] = [step for step in wire.ladder.steps if step.line.startswith("REFER")]
        assert refer.source == str(wire.address)
        assert "\r\nContact: <sip:" in refer.text, "RFC 3515 §2.2 asks for one, and Asterisk answers 400 without"

    run(test())


def test_a_transfer_that_fails_leaves_the_call(certificates: Certificates) -> None:
    async def transfers(call: IncomingCall) -> None:
        await call.answer()
        outcome = await (await call.refer("sip:desk@example.com")).outcome()
        assert (outcome.status, call.state) == (486, CallState.ESTABLISHED)

    async def referred(call: Any, refer: Any) -> None:
        await refer.accept()
        await refer.report(486)

    async def test() -> None:
        async with line(certificates, transfers, caller_on_refer=referred) as wire:
            await (await wire.caller.call(NUMBER)).answered()
            await wire.ladder_has("BYE")

    run(test())


def test_refer_where_nobody_takes_it_is_405(certificates: Certificates) -> None:
    async def transfers(call: IncomingCall) -> None:
        await call.answer()
        with pytest.raises(errors.CallRefused, match="405"):
            await call.refer("tel:+14155550199")

    async def test() -> None:
        async with line(certificates, transfers) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            await call.ended()
        assert "REFER" not in next(step.text for step in wire.ladder.steps if step.line.startswith("INVITE"))

    run(test())


@pytest.mark.parametrize("refresher", ["uac", "uas"])
def test_the_session_is_refreshed(certificates: Certificates, refresher: str) -> None:
    """RFC 4028 wants 90 s at least; the rule is the same with 3: refreshed after 1.5 s, given up after 2 s."""

    async def test() -> None:
        keeps = Keeps()
        caller = quick(session_expires=3 if refresher == "uac" else 0, min_se=1)
        headers = [] if refresher == "uac" else [("Session-Expires", "3;refresher=uas")]
        async with line(certificates, keeps, caller=caller, called=Settings(min_se=1)) as wire:
            call = await wire.caller.call(NUMBER, headers=headers)
            await call.answered()
            called = await keeps.calls.get()
            await wire.ladder_has("INVITE", 2)
            assert (call.timer is not None and call.timer.ours) is (refresher == "uac")
            plays(call.media, 440, 5)
            await hears(called.media, 440)
            assert called.state is CallState.ESTABLISHED

    run(test())


def test_a_session_that_nobody_refreshes_ends(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(
            certificates, keeps, caller=quick(session_expires=1, min_se=1), called=Settings(min_se=1)
        ) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            call.keep(None)
            called = await keeps.calls.get()
            assert (await called.ended()).reason == "the session was not refreshed in time (RFC 4028)"
            assert await call.ended() == Ending("remote")

    run(test())


def test_an_interval_that_is_too_small_is_asked_for_again(certificates: Certificates) -> None:
    async def test() -> None:
        async with line(certificates, answers, caller=quick(session_expires=60, min_se=60)) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            assert call.timer is not None and call.timer.interval == 90
            assert wire.lines("422")

    run(test())


def test_hold_and_resume(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(certificates, keeps) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            called = await keeps.calls.get()
            await call.refresh("sendonly")
            assert called.session is not None and (called.session.send, called.session.receive) == (False, True)
            await call.refresh()
            assert called.session is not None and (called.session.send, called.session.receive) == (False, True)
            plays(called.media, 600, 0.1)
            await called.media.drain()
            await call.refresh("sendrecv")
            assert called.session is not None and (called.session.send, called.session.receive) == (True, True)
            plays(called.media, 600, 5)
            await hears(call.media, 600)
            both = asyncio.gather(called.refresh("inactive"), called.refresh(), return_exceptions=True)
            assert str((await both)[1]) == "491 Request Pending"
            assert call.session is not None and (call.session.send, call.session.receive) == (False, False)

    run(test())


@pytest.mark.parametrize("chain", ["host", "other"])
def test_the_certificates_name(certificates: Certificates, chain: str) -> None:
    async def test() -> None:
        async with line(certificates, answers, chain=getattr(certificates, chain)) as wire:
            if chain == "host":
                call = await wire.caller.call(NUMBER)
                await call.answered()
                assert call.connection.tls_version == "TLSv1.3"
                assert ("DNS", HOST) in call.connection.certificate_of_peer()["subjectAltName"]  # type: ignore[operator]
                return
            with pytest.raises(errors.NameMismatch, match=rf"made out to other.example, not to {HOST}"):
                await wire.caller.call(NUMBER)
            assert wire.lines() == []

    run(test())


def test_a_certificate_of_nobody_we_know(certificates: Certificates) -> None:
    refused: list[Exception] = []

    async def test() -> None:
        async with line(certificates, answers, called_on_refused=lambda peer, error: refused.append(error)) as wire:
            wire.caller.connections._tls = certificate.client_context()  # pyright: ignore[reportPrivateUsage]
            with pytest.raises(errors.TlsFailed, match="not trusted"):
                await wire.caller.call(NUMBER)
            # The server learns it a moment later.
            while not refused:
                await asyncio.sleep(0.01)

    run(test())


def test_what_keeps_a_call_from_being_made(certificates: Certificates) -> None:
    async def test() -> None:
        async with line(certificates, answers, tls=False) as wire:
            port = wire.address.port
            with pytest.raises(errors.TlsFailed):
                await wire.caller.call(f"sip:+1415@127.0.0.1:{port};transport=tls")
            with pytest.raises(errors.ResolveFailed, match="no.such.host.invalid has no address"):
                await wire.caller.call("sip:+1415@no.such.host.invalid;transport=tls")
            with pytest.raises(errors.ParseError):
                await wire.caller.call("sip:+1415@")
        with pytest.raises(errors.ConnectFailed, match=f"127.0.0.1:{port}: connection refused"):
            await wire.caller.call(f"sip:+1415@127.0.0.1:{port};transport=tcp")

    run(test())


@pytest.mark.parametrize(
    ("codecs", "encryption", "reason"),
    [([G722], "optional", "no codec"), (None, "off", "SRTP is required here")],
)
def test_nothing_in_common_is_488(
    certificates: Certificates, codecs: list[Codec] | None, encryption: Encryption, reason: str
) -> None:
    async def strict(call: IncomingCall) -> None:
        with pytest.raises(errors.NotAcceptable, match=reason):
            await call.answer(codecs=[PCMU], encryption="required" if encryption == "off" else None)

    async def test() -> None:
        async with line(certificates, strict) as wire:
            call = await wire.caller.call(NUMBER, codecs=codecs, encryption=encryption)
            with pytest.raises(errors.CallRefused, match="488"):
                await call.answered()
            assert reason in (call.received[-1].headers.get("Warning") or "")

    run(test())


def test_a_required_extension_is_420(certificates: Certificates) -> None:
    async def test() -> None:
        async with line(certificates, answers) as wire:
            call = await wire.caller.call(NUMBER, headers=[("Require", "100rel, timer")])
            with pytest.raises(errors.CallRefused, match="420 Bad Extension"):
                await call.answered()
            assert call.received[-1].headers.get("Unsupported") == "100rel"

    run(test())


def test_options(certificates: Certificates) -> None:
    async def test() -> None:
        statuses = iter([200, 403])
        async with line(certificates, answers, called_on_options=lambda request, peer: next(statuses)) as wire:
            answer = await wire.caller.options(f"sip:{HOST};transport=tls")
            assert answer.status == 200
            assert {"INVITE", "UPDATE", "OPTIONS"} <= set(answer.headers.values("Allow"))
            assert answer.headers.get("Accept") == "application/sdp"
            assert (await wire.caller.options(f"sip:{HOST};transport=tls")).status == 403

    run(test())


def test_half_a_second_of_loss(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(certificates, keeps) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            called = await keeps.calls.get()
            plays(call.media, 440, 5)
            await hears(called.media, 440)
            lost = itertools.count()
            call.media.lose = lambda data: next(lost) < 25
            # The first packets of the key fall into the gap, its last ones do not.
            call.media.flush()
            plays(call.media, 440, 0.42)
            call.media.write_digits("5")
            plays(call.media, 440, 3)
            await presses(called.media, "5")
            await hears(called.media, 440)
            assert called.media.reception.lost == 25
            assert called.state is call.state is CallState.ESTABLISHED

    run(test())


def test_g711_frames_are_passed_on_as_they_are(certificates: Certificates) -> None:
    async def echoes(call: IncomingCall) -> None:
        await call.answer()
        async for frame in call.media.frames():
            call.media.write_payload(frame.payload)

    async def test() -> None:
        async with line(certificates, echoes) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            plays(call.media, 440, 5)
            await hears(call.media, 440)

    run(test())


def test_the_end_of_a_call_ends_what_waits_on_it(certificates: Certificates) -> None:
    async def test() -> None:
        async with line(certificates, answers) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            call.media.write(SILENCE[: FRAME_BYTES // 2])
            await call.media.drain()
            plays(call.media, 440, 60)
            waiting = asyncio.gather(
                call.media.drain(), anext(call.media.digits(), "over"), presses(call.media, ""), return_exceptions=True
            )
            await call.hangup()
            drained, digit, _ = await waiting
            assert isinstance(drained, errors.CallEnded) and digit == "over"
            with pytest.raises(errors.CallEnded):
                await call.refer("tel:+1415")
            with pytest.raises(errors.CallEnded):
                await call.refresh()

    run(test())


def test_a_lost_connection_is_made_again_for_the_bye(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(certificates, keeps, caller=quick()) as wire:
            call = await wire.caller.call(NUMBER)
            await call.answered()
            called = await keeps.calls.get()
            call.connection.abort()
            while not called.connection.closed:
                await asyncio.sleep(0.01)
            await call.hangup()
            assert await called.ended() == Ending("remote")

    run(test())


def test_a_caller_whose_connection_goes_is_gone(certificates: Certificates) -> None:
    async def test() -> None:
        async def rings(call: IncomingCall) -> None:
            call.ring()
            await call.ended()

        keeps = Keeps(rings)
        async with line(certificates, keeps) as wire:
            call = await wire.caller.call(NUMBER)
            called = await keeps.calls.get()
            call.connection.abort()
            with pytest.raises(errors.ConnectionLost):
                await call.answered()
            assert (await called.ended()).by == "network"

    run(test())


def test_an_answer_that_is_never_acknowledged(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(certificates, keeps, called=quick(Settings(), 0.02)) as wire:
            wire.caller.send = lambda connection, ack: None  # type: ignore[method-assign]
            call = await wire.caller.call(NUMBER)
            called = await keeps.calls.get()
            await call.answered()
            assert "never acknowledged" in (await called.ended()).reason
            assert await call.ended() == Ending("remote")
            assert len(wire.lines("200 OK")) > 3

    run(test())


def test_an_application_that_fails_is_a_500(certificates: Certificates, caplog: pytest.LogCaptureFixture) -> None:
    async def fails(call: IncomingCall) -> None:
        raise KeyError("support")

    async def test() -> None:
        async with line(certificates, fails) as wire:
            call = await wire.caller.call(NUMBER)
            with pytest.raises(errors.CallRefused, match="500"):
                await call.answered()

    run(test())
    assert "support" in caplog.text


def test_who_calls_by_the_proxy_protocol(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        refused: list[Exception] = []
        note = lambda peer, error: refused.append(error)  # noqa: E731
        async with line(certificates, keeps, proxy_protocol=True, called_on_refused=note) as wire:
            call = await wire.caller.call(NUMBER, proxied_from=("54.172.60.1", 40000))
            await call.answered()
            called = await keeps.calls.get()
            assert (called.peer.host, called.peer.port) == ("54.172.60.1", 40000)
            assert "received=54.172.60.1" in str(called.request)
            assert str(wire.ladder_of_called.steps[0].source) == "54.172.60.1:40000"
            other = await wire.caller.call(NUMBER, proxied_from=("54.172.60.2", 40000))
            await other.answered()
            assert (await keeps.calls.get()).peer.host == "54.172.60.2"
            with pytest.raises(errors.TlsFailed):
                await wire.caller.call(NUMBER)
            assert "PROXY" in str(refused[0])

    run(test())


def test_one_connection_carries_all_calls_of_one_way(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(certificates, keeps) as wire:
            calls = [await wire.caller.call(NUMBER) for _ in range(3)]
            await asyncio.gather(*(call.answered() for call in calls))
            assert len({id(call.connection) for call in calls}) == 1
            called = [await keeps.calls.get() for _ in calls]
            # What the called begins goes over the caller's own connection: nobody listens there.
            await asyncio.gather(*(call.hangup() for call in called))
            assert [await call.ended() for call in calls] == [Ending("remote")] * 3
            assert len({id(call.connection) for call in called}) == 1

    run(test())


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is an address of this machine on Linux alone")
def test_another_identity_and_source(certificates: Certificates) -> None:
    async def test() -> None:
        keeps = Keeps()
        async with line(certificates, keeps, caller=CARRIER) as wire:
            call = await wire.caller.call(NUMBER, caller='"HQ" <sip:+498912345670@pbx.example>', source="127.0.0.2")
            await call.answered()
            called = await keeps.calls.get()
            assert called.peer.host == "127.0.0.2"
            assert str(called.request.from_).startswith('"HQ" <sip:+498912345670@pbx.example>;tag=')
            assert str(called.request.uri) == NUMBER

    run(test())


def test_without_libsrtp_plain_calls_alone_are_made_and_taken(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with line(certificates, answers) as wire:
            monkeypatch.setattr("signaling.agent.library", lambda: None)
            call = await wire.caller.call(NUMBER)
            monkeypatch.undo()
            monkeypatch.setitem(sys.modules, "pylibsrtp", None)
            with pytest.raises(errors.CallRefused, match="500"):
                await call.answered()
            with pytest.raises(errors.LibraryMissing, match="an encrypted call"):
                await wire.caller.call(NUMBER)
            await (await wire.caller.call(NUMBER, encryption="off")).answered()

    run(test())
    assert "needs pylibsrtp" in caplog.text
