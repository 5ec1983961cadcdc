"""Objects that a vendor changes only for whoever has read their newest version (optimistic locking).

What is sent carries the version that was read. When somebody else was faster the vendor refuses, and the change is made
again on what stands there then: so nothing of theirs is overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from providers.kernel import errors, waiting

SeenT = TypeVar("SeenT")

#: How often somebody else may be faster.
ATTEMPTS = 5
#: Seconds before the first further look; doubled each time.
_PAUSE = 0.2


def changed(read: Callable[[], SeenT], change: Callable[[SeenT], SeenT], write: Callable[[SeenT], SeenT]) -> SeenT:
    """What stands there after ``change``; nothing is written where it changes nothing.

    ``change`` is pure and keeps what it does not mean to change, the version included. Raises Conflict when others were
    faster each time.
    """
    lost: errors.Conflict | None = None
    for attempt in range(ATTEMPTS):
        waiting.pause(_PAUSE * 2**attempt if attempt else 0)
        seen = read()
        wanted = change(seen)
        if wanted == seen:
            return seen
        try:
            return write(wanted)
        except errors.Conflict as error:
            lost = error
    assert lost is not None
    raise lost.reworded(
        reason=f"others change the same object at the same time, {ATTEMPTS} times in a row ({lost.reason})",
        step="run it again when they are done",
    )
