"""What a user agent answers to whatever comes over a connection: torture messages, strangers, and cut-up writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from signaling import IncomingCall, UserAgent, message
from signaling.errors import ParseError
from signaling.message import Response
from signaling.stream import Framer
from signaling.transport import Address
from tests.signaling.calling import run
from tests.signaling.test_message import INVALID, VALID, torture

#: RFC 4475 §3.3 and what follows from what this agent takes: a status per well-formed request, None where none is due.
ANSWERS = {
    "wsinv": 481,
    "intmeth": 501,
    "esc01": 488,
    "escnull": 405,
    "esc02": 501,
    "lwsdisp": 200,
    "longreq": 488,
    "semiuri": 200,
    "transports": 200,
    "mpart01": 405,
    "badbranch": 200,
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": 405,
    "bext01": 420,
    "invut": 415,
    "regaut01": 405,
    "zeromf": 200,
    "cparam01": 405,
    "cparam02": 405,
    "regescrt": 405,
    "sdp01": 406,
    "baddate": 488,
    "unreason": None,
    "noreason": None,
    "bcast": None,
}
#: An OPTIONS that is answered: nothing is due before its answer that did not come by then.
MARK = (
    b"OPTIONS sip:mark@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKmark\r\nFrom: <sip:a@h>;tag=1\r\n"
    b"To: <sip:mark@example.com>\r\nCall-ID: mark\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


class Wire:
    """A bare connection to an agent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._framer = Framer()

    async def answers(self, finals: int = 0) -> list[Response]:
        """All answers up to this many final ones; with none, those before the one to the mark, or to the end."""
        found: list[Response] = []
        while data := await self._reader.read(65536):
            for item in self._framer.feed(data):
                answer = readable(item)
                if answer.headers.get("Call-ID") == "mark":
                    return found
                found.append(answer)
            if finals and sum(answer.final for answer in found) >= finals:
                break
        return found

    async def sends(self, *pieces: bytes, finals: int = 0) -> list[int]:
        """Writes pieces one by one, waits for this many final answers, then for the mark's; all final statuses."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)
        found = await self.answers(finals) if finals else []
        self.writer.write(MARK)
        return [answer.status for answer in [*found, *await self.answers()] if answer.final]


def readable(data: bytes) -> Response:
    """An answer, also one that has to repeat the malformed header fields of its request."""
    try:
        read = message.parse(data)
    except ParseError:
        return Response(int(data.split(b" ")[1]))
    assert isinstance(read, Response)
    return read


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    async def no_codec(call: IncomingCall) -> None:
        await call.answer(codecs=[])

    async with UserAgent(on_call=no_codec) as agent:
        address: Address = await agent.listen("127.0.0.1")
        reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            yield Wire(reader, writer)
        finally:
            writer.close()


def test_every_message_of_the_rfc_is_answered() -> None:
    """Those without a Content-Length and with one for another message have tests of their own below."""
    assert ANSWERS.keys() | {"dblreq", "inv2543"} == VALID.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_well_formed(name: str) -> None:
    async def test() -> None:
        async with wire() as peer:
            expected = [ANSWERS[name]] if ANSWERS[name] else []
            assert await peer.sends(torture(name), finals=len(expected)) == expected

    run(test())


@pytest.mark.parametrize("name", [name for name in INVALID if name not in {"clerr"}])
def test_malformed(name: str) -> None:
    """After one whose end nobody can tell, the connection is closed; after the others it goes on."""

    async def test() -> None:
        status = INVALID[name][0]
        async with wire() as peer:
            text = torture(name)
            if b"\r\n\r\n" not in text:
                text += b"\r\n"
            assert (await peer.sends(text))[:1] == ([status] if status else [])

    run(test())


def test_a_message_without_length_ends_the_connection() -> None:
    async def test() -> None:
        async with wire() as peer:
            assert await peer.sends(torture("inv2543")) == [400]
            assert await peer.answers() == []

    run(test())


def test_two_requests_in_one_write() -> None:
    async def test() -> None:
        async with wire() as peer:
            assert await peer.sends(torture("dblreq"), finals=2) == [405, 400]  # the second one has no Contact

    run(test())


def test_a_request_in_many_writes() -> None:
    async def test() -> None:
        async with wire() as peer:
            text = torture("transports")
            assert await peer.sends(*(text[place : place + 40] for place in range(0, len(text), 40))) == [200]

    run(test())


def test_a_ping_is_answered() -> None:
    async def test() -> None:
        async with wire() as peer:
            peer.writer.write(b"\r\n\r\n")
            assert await peer._reader.readexactly(2) == b"\r\n"  # pyright: ignore[reportPrivateUsage]

    run(test())


def request(method: str, *, tag: str = "", number: int = 1, branch: str = "1", more: str = "") -> bytes:
    return (
        f"{method} sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK{branch};rport\r\n"
        f"From: <sip:a@example.com>;tag=caller\r\nTo: <sip:b@example.com>{tag}\r\nCall-ID: id\r\nCSeq: {number} {method}\r\n"
        f"Contact: <sip:a@192.0.2.1>\r\n{more}Content-Length: 0\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        ([request("BYE", tag=";tag=x")], [481]),
        ([request("INVITE", tag=";tag=x")], [481]),
        ([request("NOTIFY")], [481]),
        ([request("CANCEL")], [481]),
        ([request("ACK", tag=";tag=x")], []),
        ([request("REFER", tag=";tag=x")], [405]),
        ([request("INFO", tag=";tag=x")], [405]),
        ([request("NOSUCH")], [501]),
        ([request("OPTIONS", tag=";tag=x")], [200]),
        ([request("OPTIONS", more="Require: 100rel\r\n")], [420]),
        ([request("INVITE", more="Accept: text/plain\r\n")], [406]),
        ([request("INVITE").replace(b"Contact", b"X-Contact")], [400]),
        # Once more by another way, while the first one waits (§8.2.2.2).
        ([request("INVITE", branch="1") + request("INVITE", branch="2")], [482, 488]),
    ],
)
def test_strangers(sent: list[bytes], statuses: list[int]) -> None:
    async def test() -> None:
        async with wire() as peer:
            assert await peer.sends(*sent, finals=len(statuses)) == statuses

    run(test())


def test_where_a_request_came_from_is_noted() -> None:
    async def test() -> None:
        async with wire() as peer:
            peer.writer.write(request("OPTIONS") + MARK)
            (answer,) = await peer.answers()
            assert answer.via.parameter("received") == "127.0.0.1"
            assert answer.via.parameter("rport") == str(peer.writer.get_extra_info("sockname")[1])

    run(test())


def test_an_invite_without_an_offer_is_answered_by_one() -> None:
    async def takes(call: IncomingCall) -> None:
        await call.answer()
        await call.ended()

    async def test() -> None:
        async with UserAgent(on_call=takes) as agent:
            address = await agent.listen("127.0.0.1")
            peer = Wire(*await asyncio.open_connection(address.host, address.port))
            peer.writer.write(request("INVITE"))
            while True:
                peer.writer.write(MARK.replace(b"z9hG4bKmark", b"z9hG4bK" + str(id(peer)).encode()))
                answers = [answer for answer in await peer.answers() if answer.status == 200]
                if answers:
                    break
            offered = answers[0].sdp
            assert offered is not None and "m=audio" in offered
            body = offered.replace("RTP/AVP 0 8 9 101", "RTP/AVP 0").encode()
            tag = f";tag={answers[0].to.tag}"
            length = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            peer.writer.write(
                request("ACK", tag=tag, branch="ack").replace(b"Content-Length: 0\r\n\r\n", length) + body
            )
            call = next(iter(agent.calls.values()))
            while call.session is None:  # type: ignore[attr-defined]
                await asyncio.sleep(0.01)
            peer.writer.write(request("BYE", tag=tag, number=2, branch="bye") + MARK)
            assert 200 in [answer.status for answer in await peer.answers()]
            peer.writer.close()

    run(test())
