"""Keys as RTP events (RFC 4733): one by timestamp and end, never by the marker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import dtmf
from signaling.dtmf import DIGITS, EventPayload, EventReceiver
from signaling.rtp import RtpPacket
from tests.signaling.calling import patient


def packets(digits: str, *, marker: bool = True, gap: int = 1600) -> list[RtpPacket]:
    found: list[RtpPacket] = []
    for number, digit in enumerate(digits):
        for payload, begins in dtmf.events(digit):
            timestamp = 0xFFFFF000 + number * gap
            found.append(RtpPacket(101, len(found), timestamp & 0xFFFFFFFF, 7, payload.encode(), begins and marker))
    return found


def pressed(found: list[RtpPacket]) -> str:
    receiver = EventReceiver()
    return "".join(receiver.receive(packet) or "" for packet in found)


def test_every_key() -> None:
    assert pressed(packets(DIGITS)) == DIGITS


@patient
@given(st.text(DIGITS, min_size=1, max_size=6), st.data())
def test_what_arrives_of_a_key_is_one_key(digits: str, data: st.DataObject) -> None:
    """No marker, and any packets lost or doubled, as long as one of each key arrives."""
    sent = packets(digits, marker=False)
    of_a_key = len(sent) // len(digits)
    arrived: list[RtpPacket] = []
    for start in range(0, len(sent), of_a_key):
        places = data.draw(st.lists(st.integers(0, of_a_key - 1), min_size=1, max_size=of_a_key))
        arrived += [sent[start + place] for place in sorted(places)]
    assert pressed(arrived) == digits


def test_a_packet_that_comes_late_is_no_key() -> None:
    first, second = packets("1"), packets("12")[7:]
    assert pressed([*first[:-1], *second, first[-1]]) == "12"


def test_a_key_that_is_held_for_nine_seconds_is_one() -> None:
    """§2.5.1.3: its second segment has a timestamp of its own, and no packet before it had the end bit."""
    held = EventPayload(5, 0xFFFF).encode()
    ends = EventPayload(5, 8000, end=True).encode()
    assert pressed([RtpPacket(101, 1, 1000, 7, held), RtpPacket(101, 2, 1000 + 0xFFFF, 7, ends)]) == "5"
    ended = EventPayload(5, 0xFFFF, end=True).encode()
    assert pressed([RtpPacket(101, 1, 1000, 7, ended), RtpPacket(101, 2, 1000 + 0xFFFF, 7, ends)]) == "55"


def test_what_goes_out() -> None:
    sent = list(dtmf.events("#", 100))
    assert [(payload.event, payload.duration, payload.end, begins) for payload, begins in sent] == [
        (11, 160, False, True),
        (11, 320, False, False),
        (11, 480, False, False),
        (11, 640, False, False),
        (11, 800, True, False),
        (11, 800, True, False),
        (11, 800, True, False),
    ]
    assert EventPayload.parse(sent[4][0].encode()) == sent[4][0]


@pytest.mark.parametrize("payload", [b"", b"\x01\x00", EventPayload(16, 160).encode(), EventPayload(99, 160).encode()])
def test_other_events_are_no_keys(payload: bytes) -> None:
    assert pressed([RtpPacket(101, 1, 1, 7, payload)]) == ""


def test_what_is_no_key_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="substring"):
        list(dtmf.events("x"))
