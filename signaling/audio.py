"""Sound as a telephone carries it: G.711 (ITU-T, RFC 3551 §4.5.14), G.722, and what a frame holds: level, tone.

PCM is 16 bit, little endian, one channel, 8000 samples a second; a frame is 20 ms: 160 samples, 320 bytes.
"""

from __future__ import annotations

import array
import importlib
import math
import struct
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, Protocol

from signaling.errors import LibraryMissing, NotAcceptable

RATE: Final = 8000
FRAME_SECONDS: Final = 0.02
FRAME_SAMPLES: Final = 160
FRAME_BYTES: Final = 2 * FRAME_SAMPLES
SILENCE: Final = bytes(FRAME_BYTES)
#: Below this a frame counts as silence.
AUDIBLE_DBFS: Final = -45.0


class Coder(Protocol):
    """One direction's state of a codec, both ways: PCM to payload and back."""

    def encode(self, pcm: bytes) -> bytes:
        """A payload from PCM."""
        ...

    def decode(self, payload: bytes) -> bytes:
        """PCM from a payload."""
        ...


def coder(name: str) -> Coder:
    """A coder for PCMU, PCMA or G722. Raises LibraryMissing, and NotAcceptable for another name."""
    if name == "G722":
        return _G722()
    if name not in {"PCMU", "PCMA"}:
        raise NotAcceptable(f"{name[:20]} is not a codec that is spoken here")
    return _G711(*((_ulaw_code, _ulaw_value) if name == "PCMU" else (_alaw_code, _alaw_value)))


class _G711:
    """A byte per sample, by tables that both directions of all calls share."""

    def __init__(self, code: Callable[[int], int], value: Callable[[int], int]) -> None:
        self._codes, self._values = _tables(code, value)

    def encode(self, pcm: bytes) -> bytes:
        codes = self._codes
        return bytes([codes[sample] for sample in _unsigned(pcm)])

    def decode(self, payload: bytes) -> bytes:
        values = self._values
        return b"".join([values[code] for code in payload])


class _G722:
    """64 kbit/s; the library takes and gives 8000 samples a second and leaves the upper band empty."""

    def __init__(self) -> None:
        try:
            library: Any = importlib.import_module("G722")
        except ImportError:
            raise LibraryMissing("G722", "the codec G.722") from None
        self._encoder: Any = library.G722(RATE, 64000)
        self._decoder: Any = library.G722(RATE, 64000)

    def encode(self, pcm: bytes) -> bytes:
        return bytes(self._encoder.encode(samples(pcm)))

    def decode(self, payload: bytes) -> bytes:
        return _bytes(self._decoder.decode(payload))


@cache
def _tables(code: Callable[[int], int], value: Callable[[int], int]) -> tuple[bytes, list[bytes]]:
    # G.711 keeps 14 bits at most: four neighbours share a code.
    signed = [*range(0, 32768, 4), *range(-32768, 0, 4)]
    codes = b"".join(bytes([code(sample)]) * 4 for sample in signed)
    return codes, [struct.pack("<h", value(each)) for each in range(256)]


def _ulaw_value(code: int) -> int:
    inverted = ~code & 0xFF
    magnitude = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84
    return -magnitude if inverted & 0x80 else magnitude


def _ulaw_code(sample: int) -> int:
    coarse = sample >> 2
    sign, magnitude = (0x80, -coarse) if coarse < 0 else (0, coarse)
    magnitude = min(magnitude, 8159) + 33
    segment = magnitude.bit_length() - 6
    code = 0x7F if segment > 7 else segment << 4 | (magnitude >> (segment + 1)) & 0x0F
    return ~(sign | code) & 0xFF


def _alaw_value(code: int) -> int:
    plain = code ^ 0x55
    segment, mantissa = (plain & 0x70) >> 4, (plain & 0x0F) << 4
    magnitude = mantissa + 8 if segment == 0 else (mantissa + 0x108) << (segment - 1)
    return magnitude if plain & 0x80 else -magnitude


def _alaw_code(sample: int) -> int:
    coarse = sample >> 3
    mask, magnitude = (0xD5, coarse) if coarse >= 0 else (0x55, -coarse - 1)
    segment = max(magnitude.bit_length() - 5, 0)
    return (segment << 4 | (magnitude >> max(segment, 1)) & 0x0F) ^ mask


def _unsigned(pcm: bytes) -> Sequence[int]:
    return _array("H", pcm)


def samples(pcm: bytes) -> array.array[int]:
    """The samples of PCM, -32768 to 32767."""
    return _array("h", pcm)


def _array(kind: str, pcm: bytes) -> array.array[int]:
    found: array.array[int] = array.array(kind, pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _bytes(found: array.array[int]) -> bytes:
    if sys.byteorder == "big":
        found.byteswap()
    return found.tobytes()


def tone(*hertz: float, seconds: float, dbfs: float = -12.0) -> bytes:
    """PCM of one or several sine tones together; ``dbfs`` is the level of each against a full-scale sine."""
    peak = 32767 * 10 ** (dbfs / 20)
    steps = [2 * math.pi * each / RATE for each in hertz]
    mixed = (sum(math.sin(step * place) for step in steps) * peak for place in range(round(seconds * RATE)))
    return _bytes(array.array("h", [max(-32768, min(32767, round(sample))) for sample in mixed]))


def frames(pcm: bytes) -> list[bytes]:
    """PCM cut into frames, the last one filled with silence."""
    padded = pcm + bytes(-len(pcm) % FRAME_BYTES)
    return [padded[place : place + FRAME_BYTES] for place in range(0, len(padded), FRAME_BYTES)]


def level(pcm: bytes) -> float:
    """Energy in dBFS: 0 is a full-scale sine, -100 stands for digital silence."""
    found = samples(pcm)
    square = sum(sample * sample for sample in found) / len(found) if found else 0
    return 10 * math.log10(square / (32767**2 / 2)) if square else -100.0


def audible(pcm: bytes) -> bool:
    """Whether there is sound in it."""
    return level(pcm) > AUDIBLE_DBFS


def share(pcm: bytes, hertz: float) -> float:
    """How much of the energy is at this frequency, 0 to 1, by the Goertzel algorithm; a frame tells 50 Hz apart."""
    found = samples(pcm)
    energy = sum(sample * sample for sample in found)
    if not energy:
        return 0.0
    factor, last, before = 2 * math.cos(2 * math.pi * hertz / RATE), 0.0, 0.0
    for sample in found:
        last, before = sample + factor * last - before, last
    power = last * last + before * before - factor * last * before
    return min(1.0, 2 * power / (len(found) * energy))


def holds_tone(pcm: bytes, hertz: float) -> bool:
    """Whether it is, for the most part, a tone of this frequency."""
    return audible(pcm) and share(pcm, hertz) > 0.6
