"""Session timers (RFC 4028): who refreshes a call, how often, and when it counts as lost. No clock in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from signaling.errors import ParseError
from signaling.headers import Headers, integer, parse_parameters, split
from signaling.message import Message, Request, Response

#: What RFC 4028 §5 allows at least, in seconds.
MINIMUM: Final = 90


@dataclass(frozen=True)
class SessionTimer:
    """What was agreed: seconds between refreshes at most, and whether this side sends them."""

    interval: int
    ours: bool

    @property
    def delay(self) -> float:
        """Seconds until this side refreshes, or gives the call up (§7.2 and §10)."""
        return self.interval / 2 if self.ours else self.interval - min(32, self.interval / 3)

    def header(self, *, requesting: bool) -> tuple[str, str]:
        """Session-Expires of a request, or of the answer to one, that keeps the roles as they are."""
        caller = self.ours == requesting
        return "Session-Expires", f"{self.interval};refresher={'uac' if caller else 'uas'}"


class IntervalTooSmall(Exception):
    """The peer asks for shorter intervals than allowed: 422 with Min-SE."""


def _expires(message: Message) -> tuple[int, str] | None:
    value = message.headers.get("Session-Expires")
    if value is None:
        return None
    seconds, *parts = split(value, ";")
    return integer(seconds), (dict(parse_parameters(parts)).get("refresher") or "").lower()


def asked(request: Request, minimum: int = MINIMUM) -> tuple[SessionTimer | None, list[tuple[str, str]]]:
    """What a server makes of a request, and the header fields of its 2xx (§9).

    Raises IntervalTooSmall, and ParseError for a malformed Session-Expires.
    """
    wanted = _expires(request)
    if wanted is None:
        return None, []
    interval, refresher = wanted
    supported = "timer" in request.headers.tokens("Supported")
    if interval < minimum:
        if supported:
            raise IntervalTooSmall
        interval = minimum
    # Who cannot refresh is not made to; else it is the caller, unless it wants the called to.
    timer = SessionTimer(interval, ours=not supported or refresher == "uas")
    headers = [timer.header(requesting=False)]
    return timer, [*headers, ("Require", "timer")] if supported else headers


def granted(response: Response) -> SessionTimer | None:
    """What a client makes of a 2xx (§7.2); a malformed one grants nothing."""
    try:
        found = _expires(response)
    except ParseError:
        return None
    return SessionTimer(found[0], ours=found[1] != "uas") if found and found[0] > 0 else None


def smallest(response: Response) -> int:
    """Min-SE of a 422, in seconds. Raises ParseError."""
    return integer((response.headers.get("Min-SE") or "").partition(";")[0].strip())


def request_headers(headers: Headers, interval: int, minimum: int) -> None:
    """What a first INVITE says: no interval of 0."""
    if interval:
        headers.add("Session-Expires", str(interval))
        headers.add("Min-SE", str(minimum))
