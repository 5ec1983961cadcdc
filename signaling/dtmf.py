"""Keys of a telephone: as RTP events (RFC 4733), and as the tones of ITU-T Q.23 that some carriers leave in the sound."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from signaling.audio import FRAME_SAMPLES, audible, share, tone
from signaling.rtp import RtpPacket

DIGITS: Final = "0123456789*#ABCD"
_ROWS: Final = (697, 770, 852, 941)
_COLUMNS: Final = (1209, 1336, 1477, 1633)
_PAD: Final = "123A456B789C*0#D"
_LONGEST: Final = 0xFFFF
_PAYLOAD = struct.Struct("!BBH")


@dataclass(frozen=True)
class EventPayload:
    """One block of RFC 4733 §2.3; ``duration`` in clock ticks since ``timestamp`` of its packet."""

    event: int
    duration: int
    end: bool = False
    volume: int = 10

    def encode(self) -> bytes:
        """The four bytes."""
        return _PAYLOAD.pack(self.event, self.end << 7 | self.volume, self.duration)

    @classmethod
    def parse(cls, payload: bytes) -> EventPayload | None:
        """Read the first block; None when there is none."""
        if len(payload) < _PAYLOAD.size:
            return None
        event, flags, duration = _PAYLOAD.unpack_from(payload)
        return cls(event, duration, bool(flags & 0x80), flags & 0x3F)


def events(digit: str, milliseconds: int = 100) -> Iterator[tuple[EventPayload, bool]]:
    """What to send for a key, a packet each 20 ms, and whether it has the marker bit (§2.5.1.1 to §2.5.1.4).

    The end goes out three times, in case that packets are lost. Raises ValueError for what is no key.
    """
    event = DIGITS.index(digit.upper())
    count = max(2, milliseconds // 20)
    for number in range(1, count + 1):
        yield EventPayload(event, number * FRAME_SAMPLES, end=number == count), number == 1
    for _ in range(2):
        yield EventPayload(event, count * FRAME_SAMPLES, end=True), False


class EventReceiver:
    """Makes keys of event packets: one key per timestamp, however many packets of it come, and whatever the marker says.

    A key counts with its first packet that arrives, be it the last one of its end. An event that is longer than a
    packet can say goes on under a new timestamp (§2.5.1.3) and is still one key.
    """

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._current: EventPayload | None = None

    def receive(self, packet: RtpPacket) -> str | None:
        """The key that this packet begins, or None."""
        payload = EventPayload.parse(packet.payload)
        if payload is None or payload.event >= len(DIGITS):
            return None
        if self._timestamp is not None:
            ahead = (packet.timestamp - self._timestamp) & 0xFFFFFFFF
            if ahead == 0 or ahead >= 0x80000000:
                if ahead == 0:
                    self._current = payload
                return None
            if self._goes_on(payload, ahead):
                self._timestamp, self._current = packet.timestamp, payload
                return None
        self._timestamp, self._current = packet.timestamp, payload
        return DIGITS[payload.event]

    def _goes_on(self, payload: EventPayload, ahead: int) -> bool:
        current = self._current
        return current is not None and not current.end and current.event == payload.event and ahead == _LONGEST


def tones(digit: str, seconds: float = 0.1) -> bytes:
    """The sound of a key (Q.23), as PCM."""
    place = _PAD.index(digit.upper())
    return tone(_ROWS[place // 4], _COLUMNS[place % 4], seconds=seconds, dbfs=-15)


def heard(pcm: bytes) -> str | None:
    """The key whose two tones make up most of this PCM (40 ms or more are sure), or None."""
    if not audible(pcm):
        return None
    rows, columns = ([share(pcm, each) for each in group] for group in (_ROWS, _COLUMNS))
    row, column = max(rows), max(columns)
    if row + column < 0.7 or min(row, column) < 0.15:
        return None
    return _PAD[rows.index(row) * 4 + columns.index(column)]
