"""Messages out of a stream, however it is cut (RFC 3261 §18.3, RFC 5626 §3.5.1)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import FramingError
from signaling.stream import LARGEST_BODY, LARGEST_HEAD, PING, Framer
from tests.signaling.calling import patient
from tests.signaling.test_message import torture

MESSAGES = [torture(name) for name in ("wsinv", "intmeth", "esc01", "transports", "mpart01", "unreason", "longreq")]


@patient
@given(
    st.lists(st.tuples(st.sampled_from(MESSAGES), st.sampled_from([b"", b"\r\n", PING])), min_size=1, max_size=5),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_every_cut_gives_the_same_messages(sent: list[tuple[bytes, bytes]], places: list[int]) -> None:
    stream = b"".join(before + text for text, before in sent)
    cuts = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    framer = Framer()
    found = [item for start, end in itertools.pairwise(cuts) for item in framer.feed(stream[start:end])]
    assert [item for item in found if item != PING] == [text for text, _ in sent]
    assert found.count(PING) == sum(before == PING for _, before in sent)


def test_byte_by_byte() -> None:
    framer = Framer()
    stream = PING + MESSAGES[0] + MESSAGES[3]
    found = [item for place in range(len(stream)) for item in framer.feed(stream[place : place + 1])]
    assert found == [PING, MESSAGES[0], MESSAGES[3]]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["Content-Length: -1"], "not a number"),
        (["l: 5", "Content-Length: 13"], "twice"),
        (["Content-Length: 5", "Content-Length: 5"], "twice"),
        ([], "missing"),
        (["Content-Length: 0x10"], "not a number"),
        ([f"Content-Length: {LARGEST_BODY + 1}"], "longer than 1 MiB"),
        (["Content-Length: 99999999999"], "not a number"),
    ],
)
def test_an_end_that_nobody_can_tell(lines: list[str], reason: str) -> None:
    head = "\r\n".join(["OPTIONS sip:h SIP/2.0", *lines, "", ""]).encode()
    framer = Framer()
    feed = framer.feed(MESSAGES[3] + head)
    assert next(feed) == MESSAGES[3]
    with pytest.raises(FramingError, match=reason):
        next(feed)


def test_a_folded_length_counts() -> None:
    text = b"OPTIONS sip:h SIP/2.0\r\nl :\r\n 3\r\n\r\nabc"
    assert list(Framer().feed(text + b"OPT")) == [text]


def test_the_first_byte_of_tls_is_no_sip() -> None:
    with pytest.raises(FramingError, match="no SIP"):
        list(Framer().feed(bytes.fromhex("1603010200")))


def test_a_head_without_end_is_given_up() -> None:
    framer = Framer()
    with pytest.raises(FramingError, match="64 KiB"):
        list(framer.feed(b"OPTIONS sip:h SIP/2.0\r\nX: " + b"x" * LARGEST_HEAD))
