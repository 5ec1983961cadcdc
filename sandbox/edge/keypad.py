"""Keys that a caller presses, until they are submitted to the model (docs.x.ai, "Flush triggers")."""

from __future__ import annotations

from typing import Final

#: Seconds after the last key.
IDLE: Final = 2.5
SUBMIT: Final = "#"


class Keypad:
    """Buffers keys. The time is an argument, in seconds of any clock."""

    def __init__(self) -> None:
        self._keys = ""
        self._due = 0.0

    def press(self, key: str, now: float) -> str:
        """What this key submits: all before it, where it is the submit key. Whether the submit key itself reaches the
        model is not documented; it does not here."""
        if key == SUBMIT:
            return self.flush()
        self._keys += key
        self._due = now + IDLE
        return ""

    def idle(self, now: float) -> str:
        """What the time alone submits."""
        return self.flush() if self._keys and now >= self._due else ""

    def flush(self) -> str:
        """Submits at once: the caller speaks."""
        keys, self._keys = self._keys, ""
        return keys
