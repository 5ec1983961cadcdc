"""How many requests a vendor gets at once: few, fewer when it complains, slowly more again."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

#: Operations of one provider process at once; also the engine's PULUMI_PARALLEL in our set-up.
PROCESS_LIMIT = 32


class Limit:
    """Requests in flight to one vendor: at most ``most``, halved by :meth:`complain`, regained one per 20 good answers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = most
        self._good = 0
        self._busy = 0
        self._free = threading.Condition()

    @property
    def allowed(self) -> int:
        """How many requests may be in flight now."""
        return self._allowed

    @contextmanager
    def slot(self) -> Generator[None, None, None]:
        """Hold one place while a request is in flight."""
        with self._free:
            self._free.wait_for(lambda: self._busy < self.allowed)
            self._busy += 1
        try:
            yield
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify()

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
