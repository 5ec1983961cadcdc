"""RTP packets and what a receiver counts (RFC 3550 §5.1 and §6.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from signaling.errors import ParseError

_HEADER = struct.Struct("!BBHII")
#: A packet that is further behind than this is the first one of a source that began anew (RFC 3550 A.1).
_LATEST = 100


@dataclass(frozen=True)
class RtpPacket:
    """One packet; header extension and contributing sources are read over."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False

    def encode(self) -> bytes:
        """The packet as it goes on the wire."""
        second = self.marker << 7 | self.payload_type
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload


def parse(data: bytes) -> RtpPacket:
    """Read a packet. Raises ParseError on what is none, RTCP (RFC 5761 §4) among it."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
        raise ParseError("not an RTP packet")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            raise ParseError("an RTP header extension is cut off")
        start += 4 + 4 * int(struct.unpack_from("!H", data, start + 2)[0])
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end:
        raise ParseError("an RTP packet is cut off")
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))


@dataclass
class Reception:
    """What one source sent us (RFC 3550 §6.4.1 and A.3). ``lost`` counts gaps; a packet that comes late fills its own."""

    packets: int = 0
    octets: int = 0
    first_at: float | None = None
    last_at: float | None = None
    ssrc: int | None = None
    _base: int = 0
    _highest: int = 0
    _before: int = 0
    _counted: int = 0

    @property
    def lost(self) -> int:
        """Packets that are missing so far."""
        return max(0, self._before + self._highest - self._base + 1 - self._counted) if self.packets else 0

    def count(self, packet: RtpPacket, now: float) -> bool:
        """Takes a packet into account; whether it is the newest one, and none that comes late or twice."""
        behind = (self._highest - packet.sequence) & 0xFFFF
        if packet.ssrc != self.ssrc or _LATEST < behind < 0x8000:
            self._before = self._before + self._highest - self._base + 1 if self.packets else 0
            self.ssrc, self._base, self._highest = packet.ssrc, packet.sequence, packet.sequence - 1
        ahead = (packet.sequence - self._highest) & 0xFFFF
        newest = 0 < ahead < 0x8000
        if newest:
            self._highest += ahead
        self.packets += 1
        self._counted += 1
        self.octets += len(packet.payload)
        self.first_at = now if self.first_at is None else self.first_at
        self.last_at = now
        return newest
