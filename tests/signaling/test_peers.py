"""Calls to peers that do not do as we would: a server that plays from a script, and requests within a call of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from signaling import (
    CallState,
    Credentials,
    DigestServer,
    Ending,
    IncomingCall,
    Settings,
    UserAgent,
    errors,
    message,
    offer,
)
from signaling.message import Request, Response, response_to
from signaling.stream import Framer
from signaling.transport import Address
from tests.signaling.calling import CARRIER, quick, run

ANSWER = offer.Local("127.0.0.1", 4000, encryption="off")


class Peer:
    """The other end of a connection, which says what a test tells it to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._framer = Framer()
        self._waiting: list[Request | Response] = []

    def says(self, *messages: Request | Response) -> None:
        for each in messages:
            self._writer.write(each.encode())

    async def hears(self, what: str) -> Request | Response:
        """The next message that is of this method, or a final answer with this status."""
        while True:
            for each in self._waiting:
                if what in {getattr(each, "method", ""), str(getattr(each, "status", ""))}:
                    self._waiting.remove(each)
                    return each
            data = await self._reader.read(65536)
            assert data, f"the connection ended before {what}"
            self._waiting += [message.parse(item) for item in self._framer.feed(data)]

    async def asks(self, what: str) -> Request:
        heard = await self.hears(what)
        assert isinstance(heard, Request)
        return heard

    def accepts(self, invite: Request, tag: str = "peer", *more: tuple[str, str], body: str | None = None) -> Response:
        """A 200 with an answer to its offer."""
        text = offer.answer(invite.sdp or "", ANSWER)[0] if body is None else body
        headers = [("Contact", "<sip:peer@127.0.0.1;transport=tcp>"), ("Content-Type", "application/sdp"), *more]
        return response_to(invite, 200, to_tag=tag, headers=headers, body=text.encode())


@asynccontextmanager
async def scripted() -> AsyncIterator[tuple[str, asyncio.Queue[Peer]]]:
    peers: asyncio.Queue[Peer] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        peers.put_nowait(Peer(reader, writer))

    server = await asyncio.start_server(takes, "127.0.0.1", 0)
    try:
        yield f"sip:+14155550100@127.0.0.1:{server.sockets[0].getsockname()[1]};transport=tcp", peers
    finally:
        server.close()
        for writer in writers:
            writer.close()


def test_a_200_that_comes_again_is_acknowledged_again() -> None:
    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(CARRIER) as agent:
            call = await agent.call(uri)
            peer = await peers.get()
            accepted = peer.accepts(await peer.asks("INVITE"))
            for _ in range(3):
                peer.says(accepted)
                ack = await peer.asks("ACK")
                assert str(ack.uri) == "sip:peer@127.0.0.1;transport=tcp"
            await call.answered()
            closing = asyncio.create_task(call.hangup())
            peer.says(response_to(await peer.asks("BYE"), 200))
            await closing

    run(test())


def test_another_branch_that_answers_too_is_hung_up() -> None:
    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(CARRIER) as agent:
            call = await agent.call(uri)
            peer = await peers.get()
            invite = await peer.asks("INVITE")
            peer.says(peer.accepts(invite, "first"), peer.accepts(invite, "second"))
            assert [(await peer.asks("ACK")).to.tag for _ in range(2)] == ["first", "second"]
            bye = await peer.asks("BYE")
            assert bye.to.tag == "second"
            peer.says(response_to(bye, 200))
            await call.answered()
            assert call.dialog.remote.tag == "first"
            closing = asyncio.create_task(call.hangup())
            peer.says(response_to(await peer.asks("BYE"), 200))
            await closing

    run(test())


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (None, "", "no session description"),
        ("nonsense", "application/sdp", "starts with v=0"),
        (str(offer.make_offer(ANSWER).text).replace("RTP/AVP 0 8 9", "RTP/AVP 18"), "application/sdp", "no codec"),
    ],
)
def test_a_200_that_cannot_be_used_is_acknowledged_and_hung_up(
    body: str | None, content_type: str, reason: str
) -> None:
    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(CARRIER) as agent:
            call = await agent.call(uri, encryption="off")
            peer = await peers.get()
            accepted = peer.accepts(await peer.asks("INVITE"), body=body)
            accepted.headers.set("Content-Type", content_type or "text/plain")
            peer.says(accepted)
            await peer.asks("ACK")
            peer.says(response_to(await peer.asks("BYE"), 200))
            with pytest.raises(errors.SignalingError, match=reason):
                await call.answered()

    run(test())


def test_routes_are_kept_for_the_call() -> None:
    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(CARRIER) as agent:
            call = await agent.call(
                "sip:+14155550100@far.example;transport=tcp", routes=[uri.replace("+14155550100", "p") + ";lr"]
            )
            peer = await peers.get()
            invite = await peer.asks("INVITE")
            assert str(invite.uri) == "sip:+14155550100@far.example;transport=tcp"
            assert invite.headers.values("Route") == [f"<{uri.replace('+14155550100', 'p')};lr>"]
            invite.headers.add("Record-Route", f"<{uri};lr>")
            peer.says(peer.accepts(invite))
            ack = await peer.asks("ACK")
            assert ack.headers.values("Route") == [f"<{uri};lr>"]
            await call.answered()
            closing = asyncio.create_task(call.hangup())
            peer.says(response_to(await peer.asks("BYE"), 200))
            await closing

    run(test())


def test_a_challenge_within_the_call_is_answered_too() -> None:
    desk = DigestServer("x.ai", {"hq": "right"})

    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(CARRIER) as agent:
            call = await agent.call(uri, credentials=Credentials("hq", "right"))
            peer = await peers.get()
            peer.says(response_to(await peer.asks("INVITE"), 407, to_tag="x", headers=desk.challenge(proxy=True)))
            await peer.asks("ACK")
            peer.says(peer.accepts(await peer.asks("INVITE")))
            assert "Proxy-Authorization" in (await peer.asks("ACK")).headers
            await call.answered()
            closing = asyncio.create_task(call.hangup())
            peer.says(response_to(await peer.asks("BYE"), 407, headers=desk.challenge(proxy=True)))
            again = await peer.asks("BYE")
            assert desk.verify(again, proxy=True)[0].name == "ACCEPTED"
            peer.says(response_to(again, 200))
            await closing

    run(test())


def test_a_challenged_refer_is_reported_on_too() -> None:
    desk = DigestServer("x.ai", {"hq": "right"})

    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(quick(t1=0.01)) as agent:
            call = await agent.call(uri, credentials=Credentials("hq", "right"))
            peer = await peers.get()
            peer.says(peer.accepts(await peer.asks("INVITE")))
            await call.answered()
            referring = asyncio.create_task(call.refer("tel:+14155550199"))
            peer.says(response_to(await peer.asks("REFER"), 401, headers=desk.challenge()))
            refer = await peer.asks("REFER")
            assert "Authorization" in refer.headers
            peer.says(response_to(refer, 202))
            referral = await referring
            notify = Request("NOTIFY", refer.from_.uri, body=b"SIP/2.0 603 Decline\r\n")
            for name, value in [
                ("Via", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK9"),
                ("From", str(refer.to)),
                ("To", str(refer.from_)),
                ("Call-ID", refer.call_id),
                ("CSeq", "1 NOTIFY"),
                ("Event", f"refer;id={refer.cseq.number}"),
                ("Subscription-State", "terminated;reason=noresource"),
                ("Content-Type", "message/sipfrag"),
            ]:
                notify.headers.add(name, value)
            peer.says(notify)
            assert (await referral.outcome()).status == 603
            assert (await peer.hears("200")).cseq.method == "NOTIFY"

    run(test())


@pytest.mark.parametrize(("status", "ends"), [(200, False), (491, False), (481, True), (408, True)])
def test_what_a_peer_says_to_a_refresh(status: int, ends: bool) -> None:
    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(quick(session_expires=1, min_se=1)) as agent:
            call = await agent.call(uri, encryption="off")
            peer = await peers.get()
            timer = ("Session-Expires", "1;refresher=uac")
            peer.says(peer.accepts(await peer.asks("INVITE"), "peer", timer))
            await call.answered()
            refresh = await peer.asks("INVITE")
            assert refresh.headers.get("Session-Expires") == "1;refresher=uac"
            peer.says(peer.accepts(refresh, "", timer) if status == 200 else response_to(refresh, status))
            if ends:
                peer.says(response_to(await peer.asks("BYE"), 200))
                assert str(status) in (await call.ended()).reason
            else:
                peer.says(peer.accepts(await peer.asks("INVITE"), "", timer))
                assert call.state is CallState.ESTABLISHED

    run(test())


def test_silence_is_a_408() -> None:
    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(quick(t1=0.01)) as agent:
            call = await agent.call(uri)
            peer = await peers.get()
            with pytest.raises(errors.CallRefused, match="408"):
                await call.answered()
            assert (await peer.asks("INVITE")).method == "INVITE"

    run(test())


def test_a_cancel_that_is_never_answered_ends_all_the_same() -> None:
    async def test() -> None:
        async with scripted() as (uri, peers), UserAgent(quick(t1=0.01)) as agent:
            call = await agent.call(uri)
            peer = await peers.get()
            peer.says(response_to(await peer.asks("INVITE"), 180, to_tag="peer"))
            async for _ in call.responses():
                break
            await call.cancel()
            assert (await peer.asks("CANCEL")).cseq.number == 1
            with pytest.raises(errors.CallRefused, match="487"):
                await call.answered()

    run(test())


class Caller:
    """A caller by hand, within a call that an agent of ours answered."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._numbers: Iterator[int] = iter(range(1, 100))
        self.tag = ""

    def request(self, method: str, body: str = "", *more: tuple[str, str], number: int = 0) -> Request:
        number = number or next(self._numbers)
        found = message.parse(
            (
                f"{method} sip:+14155550100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK{number}\r\n"
                f"From: <sip:a@example.com>;tag=caller\r\nTo: <sip:b@example.com>{self.tag}\r\nCall-ID: id\r\n"
                f"CSeq: {number} {method}\r\nContact: <sip:a@127.0.0.1:9;transport=tcp>\r\n\r\n"
            ).encode()
        )
        assert isinstance(found, Request)
        for name, value in more:
            found.headers.add(name, value)
        if body:
            found.headers.add("Content-Type", "application/sdp")
            found.body = body.encode()
        return found

    async def asks(self, request: Request, status: str = "200") -> Response:
        self.peer.says(request)
        heard = await self.peer.hears(status)
        assert isinstance(heard, Response)
        return heard


@asynccontextmanager
async def answered(settings: Settings | None = None) -> AsyncIterator[tuple[Caller, IncomingCall, offer.Offer]]:
    """A caller by hand, the call that it is in, and the offer it began with."""
    calls: asyncio.Queue[IncomingCall] = asyncio.Queue()

    async def takes(call: IncomingCall) -> None:
        calls.put_nowait(call)
        await call.answer()
        await call.ended()

    async with UserAgent(settings, on_call=takes) as agent:
        address: Address = await agent.listen("127.0.0.1")
        reader, writer = await asyncio.open_connection(address.host, address.port)
        caller = Caller(Peer(reader, writer))
        made = offer.make_offer(offer.Local("127.0.0.1", 4000, encryption="optional", session_id=1))
        routes = [
            ("Record-Route", "<sip:127.0.0.1:9;transport=tcp;lr;edge=2>"),
            ("Record-Route", "<sip:127.0.0.1:8;lr;edge=1>"),
        ]
        accepted = await caller.asks(caller.request("INVITE", made.text, *routes))
        caller.tag = f";tag={accepted.to.tag}"
        caller.peer.says(caller.request("ACK", number=1))
        call = await calls.get()
        while not (call.state is CallState.ESTABLISHED and call.session):
            await asyncio.sleep(0.01)
        yield caller, call, made
        writer.close()


def test_what_the_called_begins_goes_back_by_the_callers_connection_and_routes() -> None:
    async def test() -> None:
        async with answered() as (caller, call, _):
            closing = asyncio.create_task(call.hangup())
            bye = await caller.peer.asks("BYE")
            assert str(bye.uri) == "sip:a@127.0.0.1:9;transport=tcp"
            assert [route.partition("edge=")[2] for route in bye.headers.values("Route")] == ["2>", "1>"]
            caller.peer.says(response_to(bye, 200))
            await closing

    run(test())


@pytest.mark.parametrize("offered", [True, False])
def test_update(offered: bool) -> None:
    async def test() -> None:
        async with answered() as (caller, call, made):
            timer = [("Supported", "timer"), ("Session-Expires", "90;refresher=uac")]
            body = made.text.replace("a=sendrecv", "a=inactive") if offered else ""
            answer = await caller.asks(caller.request("UPDATE", body, *timer))
            assert answer.headers.get("Session-Expires") == "90;refresher=uac"
            assert (answer.sdp is not None) is offered
            assert call.session is not None and call.session.send is not offered
            assert call.timer is not None and not call.timer.ours

    run(test())


def test_a_re_invite_without_an_offer_is_answered_by_one() -> None:
    async def test() -> None:
        async with answered() as (caller, call, _):
            again = caller.request("INVITE")
            accepted = await caller.asks(again)
            text = offer.answer(accepted.sdp or "", offer.Local("127.0.0.1", 4002))[0]
            caller.peer.says(caller.request("ACK", text, number=again.cseq.number))
            while call.session is None or call.session.port != 4002:
                await asyncio.sleep(0.01)

    run(test())


def test_a_re_invite_that_cannot_be_taken_leaves_the_session() -> None:
    async def test() -> None:
        async with answered() as (caller, call, made):
            again = caller.request("INVITE", made.text.replace("RTP/AVP 0 8 9", "RTP/AVP 18"))
            await caller.asks(again, "488")
            before = call.session
            caller.peer.says(caller.request("ACK", number=again.cseq.number))
            assert call.session is before and call.state is CallState.ESTABLISHED
            await caller.asks(
                caller.request("INVITE", made.text, ("Supported", "timer"), ("Session-Expires", "10")), "422"
            )

    run(test())


def test_two_re_invites_that_cross() -> None:
    async def test() -> None:
        async with answered() as (caller, call, made):
            refreshing = asyncio.create_task(call.refresh())
            ours = await caller.peer.asks("INVITE")
            await caller.asks(caller.request("INVITE", made.text), "491")
            caller.peer.says(response_to(ours, 491))
            with pytest.raises(errors.CallRefused, match="491"):
                await refreshing
            assert call.state is CallState.ESTABLISHED

    run(test())


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda caller: caller.request("BYE", number=1), "500"),
        (lambda caller: caller.request("NOTIFY", "", ("Event", "refer;id=1")), "481"),
        (lambda caller: caller.request("NOTIFY", "", ("Event", "message-summary")), "489"),
        (lambda caller: caller.request("REFER", "", ("Refer-To", "<tel:+1415>")), "405"),
        (lambda caller: caller.request("INFO"), "405"),
        (lambda caller: caller.request("OPTIONS"), "200"),
        (lambda caller: caller.request("UPDATE", "", ("Require", "100rel")), "420"),
    ],
)
def test_other_requests_within_the_call(make: Callable[[Caller], Request], status: str) -> None:
    async def test() -> None:
        async with answered() as (caller, call, _):
            await caller.asks(make(caller), status)
            assert call.state is CallState.ESTABLISHED
            await caller.asks(caller.request("BYE"))
            assert await call.ended() == Ending("remote")
            await caller.asks(caller.request("OPTIONS"))

    run(test())
