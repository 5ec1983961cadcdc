"""Access tokens that end: fetched when the first request needs one, renewed in time, kept in memory alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from providers.kernel import answers, errors, secrecy

#: Seconds: a token that ends sooner is renewed before it is used.
_MARGIN = 60.0


@dataclass(frozen=True)
class Token:
    """An access token, and the seconds for which it is good (RFC 6749 §5.1, ``expires_in``)."""

    value: str
    seconds: float

    def __repr__(self) -> str:
        return f"Token({self.seconds:.0f} s)"


class Tokens:
    """The access token of one account, the same for all requests of a process."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float] = time.monotonic) -> None:
        """``fetch`` asks the vendor for a new one."""
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._value, self._until = "", 0.0

    def current(self) -> str:
        """A token that is good for a while; whoever comes while it is fetched waits for it."""
        with self._lock:
            if not self._value or self._clock() >= self._until:
                token = self._fetched()
                secrecy.register(token.value)
                self._value = token.value
                self._until = self._clock() + max(token.seconds - _MARGIN, token.seconds / 2)
            return self._value

    def _fetched(self) -> Token:
        """A refusal is one of the credentials, with whatever status it is told (RFC 6749 §5.2: 400)."""
        try:
            return self._fetch()
        except (errors.Invalid, errors.Denied) as error:
            raise errors.Unauthenticated(
                error.reason,
                status=error.status,
                code=error.code,
                request_id=error.request_id,
                step=answers.CREDENTIALS,
            ) from None

    def refused(self, value: str) -> None:
        """A request with this token was answered 401: the next one needs another."""
        with self._lock:
            if value == self._value:
                self._value = ""
