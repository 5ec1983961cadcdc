"""A vendor that cannot be reached is found out once: what needs it then fails at once, each with the same error, instead of
waiting its own time out one after the other.

It is a circuit breaker for each of a vendor's hosts. It opens when nobody hears anything of the host for a while, or when a
request has spent its attempts and nobody was answered meanwhile: a lost connection or a 503 among good answers opens nothing.
"""

from __future__ import annotations

import math
import threading
import time

#: Seconds in which a host of which nothing at all is heard has had its chance, in two attempts at least.
SILENCE = 10.0
#: Seconds to wait for the first byte of a read's answer from a host that has not answered yet: at first, and again.
FIRST_LOOK, NEXT_LOOK = 5.0, 10.0
#: Requests that must have spent their attempts in a row where the host answers, but never with anything good.
_SPENT = 2
#: Seconds after which one request may try whether the host is back: for programs that run for days.
AGAIN = 60.0

#: Seconds that only go forward.
clock = time.monotonic


class Breaker:
    """What is known of one host, shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered_at = -math.inf
        self._answers = False
        #: Attempts of which nothing was heard since the last answer, and when the first of them began.
        self._silent, self._silent_since = 0, math.inf
        #: Requests that have spent their attempts since then.
        self._spent = 0
        self._why = ""
        self._closed_from = 0.0

    def refusal(self) -> str:
        """Why nothing is to be sent there; empty where it is worth trying."""
        with self._lock:
            if self._why and clock() >= self._closed_from:
                self._closed_from = clock() + AGAIN  # this one tries, the others go on failing
                return ""
            return self._why

    def look(self, attempt: int) -> float:
        """Seconds that a read may wait for its first byte: no limit of ours where the host has just answered others."""
        if self._answers:
            return math.inf
        return FIRST_LOOK if attempt == 1 else NEXT_LOOK

    def answered(self) -> None:
        """The host did its work, be it with a no."""
        with self._lock:
            self._answered_at, self._answers, self._why = clock(), True, ""
            self._silent, self._silent_since, self._spent = 0, math.inf, 0

    def failed(self, begun: float, why: str, *, silent: bool) -> None:
        """An attempt brought nothing; ``silent``: nothing at all was heard of the host."""
        with self._lock:
            self._answers = False
            if not silent or self._answered_at > begun:
                return
            self._silent, self._silent_since = self._silent + 1, min(self._silent_since, begun)
            if self._silent > 1 and clock() - self._silent_since >= SILENCE:
                self._open(why)

    def spent(self, since: float, why: str, *, silent: bool) -> None:
        """A request begun at ``since`` has spent its attempts.

        A host that answers badly may do so on one path alone, so that takes more than one request.
        """
        with self._lock:
            if self._answered_at < since:
                self._spent += 1
                if silent or self._spent >= _SPENT:
                    self._open(why)

    def _open(self, why: str) -> None:
        if not self._why:
            self._why, self._closed_from = why, clock() + AGAIN
