"""The last question of an update before it changes anything: is what it found still what was reviewed?

`xtel apply` names a folder in :data:`VARIABLE`. The program asks before it declares its first resource, when the engine
holds the stack's lock and has read every object again; the answer is a file. Without the variable nobody asks.
"""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

VARIABLE = "XTEL_GATE"
#: What the program says when it may not go on.
SHUT = "what is there is not what was planned: nothing was applied"
_SECONDS, _POLL_SECONDS = 120.0, 0.05


class Gate:
    """Both sides of the question, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._asked, self._go, self._stop = folder / "asked", folder / "go", folder / "stop"

    @property
    def asked(self) -> bool:
        """Whether the program waits, or waited."""
        return self._asked.exists()

    def answer(self, *, go: bool) -> None:
        """Let the program go on, or end it."""
        (self._go if go else self._stop).touch()

    def ask(self, seconds: float = _SECONDS) -> bool:
        """Wait for the answer; none is a no."""
        self._asked.touch()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._go.exists():
                return True
            if self._stop.exists():
                return False
            time.sleep(_POLL_SECONDS)
        return False


@cache
def opened() -> bool:
    """Whether this program may change anything; asks once."""
    folder = os.environ.get(VARIABLE, "")
    return not folder or Gate(Path(folder)).ask()
