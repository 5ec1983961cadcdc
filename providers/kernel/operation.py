"""What is being done right now, on which object and number: the context of errors and of progress."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

#: What a step says when it made nothing new: `xtel recover` tells it from the engine's "created".
TAKEN, ANEW = "taken over: it was there already", "re-registered: the one that was there is gone"

#: With this variable at 1 a refresh also looks for what others hung on our objects, and for what is where ours was, and
#: warns with these beginnings.
LIST_UNMANAGED, UNMANAGED, INSTEAD = "XTEL_LIST_UNMANAGED", "not of this stack:", "instead of it:"

_log = logging.getLogger(__name__)


def _silent(message: str) -> None:
    """Progress that nobody listens to."""


@dataclass(frozen=True)
class Operation:
    """One step on one object, as errors name it; waits of a step together are bounded by ``budget`` seconds."""

    vendor: str = ""
    object: str = ""
    number: str = ""
    #: The engine's name of the resource; empty outside of the provider process.
    urn: str = ""
    progress: Callable[[str], None] = _silent
    warn: Callable[[str], None] = _silent
    inform: Callable[[str], None] = _silent
    budget: float = 120.0
    started: float = field(default_factory=time.monotonic)
    #: What the vendor's support asks for: the ids of this step's requests that were to change something.
    write_ids: list[str] = field(default_factory=list[str], compare=False)

    @property
    def subject(self) -> str:
        """What it is about, as errors and the log name it."""
        return " ".join(part for part in (self.vendor, self.object, self.number) if part)

    def remaining(self) -> float:
        """Seconds that may still be spent waiting in this step."""
        return self.budget - (time.monotonic() - self.started)


_current: ContextVar[Operation | None] = ContextVar("operation", default=None)


def current() -> Operation:
    """The operation this thread works on (an empty one outside of any)."""
    return _current.get() or Operation()


@contextmanager
def operating(operation: Operation) -> Generator[Operation, None, None]:
    """Run a block as part of ``operation``."""
    token = _current.set(operation)
    try:
        yield operation
    finally:
        _current.reset(token)


def decided(what: str) -> None:
    """One line of the log for what is done about the object at hand, or was seen of it."""
    _log.debug("%s: %s", current().subject, what)
