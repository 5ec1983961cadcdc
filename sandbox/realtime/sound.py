"""Sound over a session's WebSocket: G.711 and linear PCM of any documented rate, to and from 8000 samples a second.

The sandbox hears and speaks at a telephone's rate; other rates are interpolated, which is enough to tell sound from silence.
"""

from __future__ import annotations

import array
import sys
import zlib
from functools import lru_cache
from typing import Final

from signaling import audio

#: Seconds of sound in one delta.
CHUNK: Final = 0.1
_CODERS: Final = {"audio/pcmu": "PCMU", "audio/pcma": "PCMA"}


def encode(pcm: bytes, codec: str, rate: int) -> bytes:
    """Sound of 8000 samples a second, in a session's format."""
    if codec in _CODERS:
        return audio.coder(_CODERS[codec]).encode(pcm)
    return _resampled(pcm, audio.RATE, rate)


def decode(payload: bytes, codec: str, rate: int) -> bytes:
    """Sound in a session's format, as 8000 samples a second."""
    if codec in _CODERS:
        return audio.coder(_CODERS[codec]).decode(payload)
    return _resampled(payload, rate, audio.RATE)


@lru_cache(maxsize=64)
def speech(voice: str, seconds: float) -> bytes:
    """What a voice sounds like: two tones of its own, as loud as somebody who speaks."""
    low = 300 + zlib.crc32(voice.lower().encode()) % 200
    return audio.tone(low, low + 180, seconds=seconds, dbfs=-15)


def chunks(pcm: bytes) -> list[bytes]:
    """Pieces as one delta each carries them."""
    size = round(CHUNK * audio.RATE) * 2
    return [pcm[place : place + size] for place in range(0, len(pcm), size)]


def _resampled(pcm: bytes, rate: int, wanted: int) -> bytes:
    if rate == wanted:
        return pcm[: len(pcm) // 2 * 2]
    held = audio.samples(pcm)
    if not held:
        return b""
    count, last = len(held) * wanted // rate, len(held) - 1
    made = array.array("h", bytes(2 * count))
    for place in range(count):
        whole, part = divmod(place * rate, wanted)
        after = held[min(whole + 1, last)]
        made[place] = held[whole] + (after - held[whole]) * part // wanted
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()
