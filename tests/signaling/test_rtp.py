"""RTP packets, what a receiver counts, and SRTP (RFC 3550, RFC 3711)."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import errors, rtp, sdes, srtp
from signaling.rtp import Reception, RtpPacket
from tests.signaling.calling import patient


@patient
@given(
    st.builds(
        RtpPacket,
        payload_type=st.integers(0, 63),
        sequence=st.integers(0, 0xFFFF),
        timestamp=st.integers(0, 0xFFFFFFFF),
        ssrc=st.integers(0, 0xFFFFFFFF),
        payload=st.binary(max_size=200),
        marker=st.booleans(),
    )
)
def test_a_packet_is_read_as_it_was_written(packet: RtpPacket) -> None:
    assert rtp.parse(packet.encode()) == packet


def test_extension_sources_and_padding_are_read_over() -> None:
    plain = RtpPacket(0, 1, 2, 3, b"sound").encode()
    extended = (
        bytes([0x80 | 0x20 | 0x10 | 2]) + plain[1:12] + bytes(8) + b"\xbe\xde\x00\x01abcd" + b"sound" + b"\x00\x00\x03"
    )
    assert rtp.parse(extended).payload == b"sound"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        bytes(12),
        b"\x80\xc8" + bytes(26),
        b"\x90\x00" + bytes(10),
        b"\x8f\x00" + bytes(10),
        b"\xa0\x00" + bytes(9) + b"\x09",
    ],
)
def test_what_is_no_rtp(data: bytes) -> None:
    with pytest.raises(errors.ParseError):
        rtp.parse(data)


@pytest.mark.parametrize(
    ("sequences", "lost"),
    [
        ([1, 2, 3], 0),
        ([1, 2, 5], 2),
        ([1, 3, 2], 0),
        ([0xFFFE, 0xFFFF, 0, 1], 0),
        ([0xFFFE, 1], 2),
        ([1], 0),
        ([], 0),
    ],
)
def test_what_is_missing(sequences: list[int], lost: int) -> None:
    reception = Reception()
    for sequence in sequences:
        reception.count(RtpPacket(0, sequence, 0, 7), 0)
    assert reception.lost == lost


def test_which_packet_is_news() -> None:
    reception = Reception()
    order = [(10, True), (11, True), (11, False), (13, True), (12, False), (5000, True), (4000, True), (4001, True)]
    assert [reception.count(RtpPacket(0, sequence, 0, 7), 0) for sequence, _ in order] == [news for _, news in order]


def test_another_source_begins_anew() -> None:
    reception = Reception()
    for packet in [RtpPacket(0, 1, 0, 7), RtpPacket(0, 3, 0, 7), RtpPacket(0, 900, 0, 8), RtpPacket(0, 901, 0, 8)]:
        reception.count(packet, 0)
    assert (reception.lost, reception.packets) == (1, 4)


@pytest.mark.parametrize("suite", sdes.SUITES)
def test_srtp(suite: str) -> None:
    key = sdes.generate(1, suite)
    sender, receiver, other = srtp.Protector(key), srtp.Unprotector(key), srtp.Unprotector(sdes.generate(1, suite))
    packet = RtpPacket(0, 1, 160, 7, b"sound" * 32).encode()
    protected = sender.protect(packet)
    assert b"sound" not in protected
    assert receiver.unprotect(protected) == packet
    for refused in (
        lambda: receiver.unprotect(protected),
        lambda: other.unprotect(protected),
        lambda: receiver.unprotect(b"x"),
    ):
        with pytest.raises(errors.ParseError):
            refused()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylibsrtp", None)
    with pytest.raises(errors.LibraryMissing, match=r"needs pylibsrtp; next: pip install 'xai-telephony\[calls\]'"):
        srtp.library()
