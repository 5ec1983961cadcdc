"""What no peer should send, and some do: every reader says ParseError, and nothing else."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from signaling import digest, dtmf, ladder, message, offer, proxyprotocol, rtp, sdes, sdp, sessiontimer, uri
from signaling.errors import NotAcceptable, ParseError
from signaling.headers import CSeq, NameAddr, Via
from signaling.message import Request, UnreadableRequest
from signaling.sessiontimer import IntervalTooSmall
from signaling.stream import Framer
from tests.signaling.calling import patient
from tests.signaling.test_message import TORTURE

MESSAGES = [path.read_bytes() for path in sorted(TORTURE.glob("*.dat"))]
OFFER = offer.make_offer(offer.Local("192.0.2.1", 4000)).text
#: Characters that make a difference somewhere, and digits that are none of ours.
NOISE = st.text(st.sampled_from('<>"\\;,:=@?%[]()/ \t\r\n0123456789²٣azZ+-.*é\x00\x7f|'), max_size=6)


@st.composite
def disturbed(draw: st.DrawFn, texts: list[str]) -> str:
    """A text with some places written over, taken out, or doubled."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 8)))
        text = text[:start] + draw(NOISE) * draw(st.integers(1, 2)) + text[end:]
    return text


@patient
@given(disturbed([text.decode("latin-1") for text in MESSAGES]))
def test_messages(text: str) -> None:
    data = text.encode("latin-1", "replace")
    try:
        read = message.parse(data)
    except UnreadableRequest as error:
        answer = error.response()
        assert answer is None or answer.encode().startswith(b"SIP/2.0 ")
    except ParseError:
        pass
    else:
        again = message.parse(read.encode())
        assert (again.first_line, again.body, again.call_id) == (read.first_line, read.body, read.call_id)
        if isinstance(read, Request):
            with contextlib.suppress(ParseError, IntervalTooSmall):
                sessiontimer.asked(read)
            digest.DigestServer("x.ai", {"hq": "right"}).verify(read)
    ladder.masked(text)
    with contextlib.suppress(ParseError):
        list(Framer().feed(data))


@patient
@given(disturbed([OFFER]))
def test_descriptions(text: str) -> None:
    with contextlib.suppress(ParseError, NotAcceptable):
        sdp.parse(str(sdp.parse(text)))
    with contextlib.suppress(ParseError, NotAcceptable):
        answered, _ = offer.answer(text, offer.Local("192.0.2.2", 4000))
        sdp.parse(answered)


@patient
@given(
    disturbed(
        [
            'Digest realm="a", nonce="n", qop="auth,auth-int", algorithm=MD5, stale=TRUE',
            "1 AES_CM_128_HMAC_SHA1_80 inline:x|1",
        ]
    )
)
def test_values(text: str) -> None:
    for read in (digest.parse_digest, sdes.parse):
        with contextlib.suppress(ParseError):
            read(text)


@patient
@given(
    disturbed(
        ['"A" <sip:a:b@h:5060;x=y?z=1>;tag=1', "SIP/2.0/TLS h:5061;branch=z9hG4bK1;rport", "47 INVITE", "tel:+1;ext=2"]
    )
)
def test_fields(text: str) -> None:
    for read in (NameAddr.parse, Via.parse, CSeq.parse, uri.parse):
        try:
            found = read(text)
        except ParseError:
            continue
        assert read(str(found)) == found


@patient
@given(st.binary(max_size=80))
def test_packets(data: bytes) -> None:
    for read in (rtp.parse, proxyprotocol.parse, proxyprotocol.rest_length):
        with contextlib.suppress(ParseError):
            read(data)
    dtmf.EventPayload.parse(data)


@patient
@given(st.binary(max_size=30))
def test_streams(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        list(Framer().feed(data))
