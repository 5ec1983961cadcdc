"""300 requests in 5 seconds per account (plivo.com/docs, "API limits"); more are refused with 429."""

from __future__ import annotations

import time
from collections import defaultdict, deque

from sandbox.store import Store
from sandbox.switches import Switches

WINDOW = 5.0


class Rate:
    """Counted in memory: a restart forgives, and so does a reset."""

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._epoch = store.epoch
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)

    def exceeded(self, auth_id: str) -> bool:
        """Whether one more request is too much. One that is refused does not count against the next."""
        if self._epoch != self._store.epoch:
            self._seen.clear()
            self._epoch = self._store.epoch
        limit = self._switches["plivo.rate"]
        seen, now = self._seen[auth_id], time.monotonic()
        while seen and seen[0] <= now - WINDOW:
            seen.popleft()
        if limit and len(seen) >= limit:
            return True
        seen.append(now)
        return False
