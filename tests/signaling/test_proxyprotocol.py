"""PROXY protocol, version 2, by its specification."""

from __future__ import annotations

import pytest

from signaling import proxyprotocol
from signaling.errors import ParseError
from signaling.proxyprotocol import FIXED, SIGNATURE

#: 192.0.2.10:40000 to 198.51.100.1:5061, written by hand.
BY_HAND = bytes.fromhex("0d0a0d0a000d0a515549540a 21 11 000c c000020a c6336401 9c40 13c5")


def test_by_hand() -> None:
    assert proxyprotocol.parse(BY_HAND) == ("192.0.2.10", 40000)
    assert proxyprotocol.header(("192.0.2.10", 40000), ("198.51.100.1", 5061)) == BY_HAND
    assert proxyprotocol.rest_length(BY_HAND[:FIXED]) == len(BY_HAND) - FIXED


def test_ipv6_and_more_after_the_addresses() -> None:
    header = proxyprotocol.header(("2001:db8::1", 1), ("2001:db8::2", 2))
    longer = header[:14] + bytes([0, header[15] + 4]) + header[16:] + b"\x04\x00\x01x"
    assert proxyprotocol.parse(longer) == ("2001:db8::1", 1)


def test_a_health_check_speaks_for_itself() -> None:
    assert proxyprotocol.parse(SIGNATURE + b"\x20\x00\x00\x00") is None


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"PROXY TCP4 192.0.2.10 198.51.100.1 40000 5061\r\n",
        SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\x00\x04" + bytes(4),
        SIGNATURE + b"\x21\x31\x00\x0c" + bytes(12),
        SIGNATURE + b"\x2f\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_malformed(header: bytes) -> None:
    with pytest.raises(ParseError):
        proxyprotocol.parse(header)


def test_ends_of_two_families() -> None:
    with pytest.raises(ValueError, match="families"):
        proxyprotocol.header(("192.0.2.10", 1), ("2001:db8::2", 2))
