"""How many requests a vendor gets: few at once, fewer when it complains, slowly more again; never faster than it says.

One :class:`Limit` per vendor and process is shared by all threads: what one request is told, every request heeds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

#: Operations of one provider process at once; also the engine's PULUMI_PARALLEL in our set-up.
PROCESS_LIMIT = 32


#: Seconds that only go forward.
clock = time.monotonic


@dataclass(frozen=True)
class Rate:
    """So many requests in so many seconds, as a vendor publishes it for an account."""

    requests: int
    seconds: float


class Limit:
    """Requests to one vendor: ``most`` in flight, halved by :meth:`complain`, regained one per 20 good answers."""

    def __init__(self, most: int, rate: Rate | None = None) -> None:
        self._most = most
        self._rate = rate
        self._starts = deque[float](maxlen=rate.requests if rate else 1)
        self._held_until = 0.0
        self._allowed = most
        self._good = 0
        self._busy = 0
        self._free = threading.Condition()

    @property
    def allowed(self) -> int:
        """How many requests may be in flight now."""
        return self._allowed

    @contextmanager
    def slot(
        self, wait: Callable[[float], None] = time.sleep, patience: float | None = None
    ) -> Generator[None, None, None]:
        """Hold one place while a request is in flight; ``wait`` is given the seconds until its turn.

        Raises TimeoutError where no place becomes free within ``patience`` seconds.
        """
        with self._free:
            if not self._free.wait_for(lambda: self._busy < self.allowed, patience):
                raise TimeoutError(f"its {self.allowed} requests at once all take too long")
            self._busy += 1
            seconds = self._turn() - clock()
        try:
            if seconds > 0:
                wait(seconds)
            yield
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify()

    def _turn(self) -> float:
        """When the next request may start; its place in the window is taken."""
        start = max(clock(), self._held_until)
        if self._rate and len(self._starts) == self._rate.requests:
            start = max(start, self._starts[0] + self._rate.seconds)
        self._starts.append(start)
        return start

    def hold(self, seconds: float) -> None:
        """The vendor asks to wait: nobody starts a request before."""
        with self._free:
            self._held_until = max(self._held_until, clock() + seconds)

    def complain(self) -> None:
        """The vendor answered 429: halve what is in flight."""
        with self._free:
            self._allowed = max(1, self._allowed // 2)
            self._good = 0

    def praise(self) -> None:
        """A good answer: after twenty of them one more request may be in flight."""
        with self._free:
            self._good += 1
            if self._good >= 20 and self._allowed < self._most:
                self._allowed += 1
                self._good = 0
                self._free.notify()
