"""Voice activity detection over sound that a client sends (``turn_detection``, ``server_vad``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from signaling import audio

#: Seconds of sound that count as speech, and of silence that end it where the client does not say.
SPEECH: Final = 0.1
PAUSE: Final = 0.5


class Ear:
    """Hears when somebody begins and stops speaking. ``heard``: (begins, milliseconds since the first sound)."""

    def __init__(self, heard: Callable[[bool, int], None]) -> None:
        self._heard = heard
        self.pause = PAUSE
        self.speaking = False
        self._loud = self._quiet = self._time = 0.0
        self._rest = b""

    def feed(self, pcm: bytes) -> None:
        """Sound of 8000 samples a second, in pieces of any size. Its length is the only clock."""
        whole = self._rest + pcm
        end = len(whole) // audio.FRAME_BYTES * audio.FRAME_BYTES
        self._rest = whole[end:]
        for frame in audio.frames(whole[:end]) if end else []:
            self._frame(audio.audible(frame))

    def _frame(self, loud: bool) -> None:
        self._time += audio.FRAME_SECONDS
        step = audio.FRAME_SECONDS
        self._loud, self._quiet = (self._loud + step, 0.0) if loud else (0.0, self._quiet + step)
        if not self.speaking and self._loud >= SPEECH - step / 2:
            self.speaking = True
            self._heard(True, round((self._time - self._loud) * 1000))
        elif self.speaking and self._quiet >= self.pause:
            self.speaking = False
            self._heard(False, round((self._time - self._quiet) * 1000))
