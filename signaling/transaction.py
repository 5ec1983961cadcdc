"""The four transaction machines (RFC 3261 §17, with RFC 6026 for 2xx), as they are over reliable transports.

No input or output happens here: a machine is told what came and what time it is, and says what to do. Over TCP and TLS
timers A, E and G do not run and D, I, J and K are zero, so that a final answer ends most machines at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from signaling.headers import Headers
from signaling.message import Request, Response, response_to


@dataclass(frozen=True)
class Timers:
    """T1 and T2 of RFC 3261 (§17.1.1.1), in seconds; shorter ones are for tests."""

    t1: float = 0.5
    t2: float = 4.0

    @property
    def patience(self) -> float:
        """Timers B, F, H, L and M: 64 times T1."""
        return 64 * self.t1


class State(Enum):
    """States of all four machines (figures 5 to 8; Accepted: RFC 6026)."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    TERMINATED = "terminated"


@dataclass(frozen=True)
class Send:
    """Put this message on the wire."""

    message: Request | Response


@dataclass(frozen=True)
class Deliver:
    """Hand this message to the transaction's user."""

    message: Request | Response


@dataclass(frozen=True)
class TimedOut:
    """Tell the transaction's user that the peer was silent for 64 times T1 (as if a 408 had come, §8.1.3.1)."""


@dataclass(frozen=True)
class TransportFailed:
    """Tell the transaction's user that the connection is gone (as if a 503 had come)."""


Action = Send | Deliver | TimedOut | TransportFailed


class Transaction:
    """What the four machines share. ``deadline`` is when ``timeout`` wants to be called, None for never."""

    def __init__(self, request: Request, state: State, timers: Timers) -> None:
        self.request = request
        self.state = state
        self.timers = timers
        self.deadline: float | None = None

    def timeout(self, now: float) -> list[Action]:
        """The deadline has come."""
        raise NotImplementedError

    def transport_failed(self) -> list[Action]:
        """The connection is gone (§17.1.4, §17.2.4)."""
        alive = self.state not in {State.TERMINATED, State.ACCEPTED}
        self._end()
        return [TransportFailed()] if alive else []

    def _enter(self, state: State, deadline: float | None) -> None:
        self.state, self.deadline = state, deadline

    def _end(self) -> None:
        self._enter(State.TERMINATED, None)


class InviteClient(Transaction):
    """INVITE of the caller (§17.1.1, RFC 6026 §7.2)."""

    def __init__(self, request: Request, timers: Timers) -> None:
        super().__init__(request, State.CALLING, timers)

    def start(self, now: float) -> list[Action]:
        """Sends the request; timer B runs."""
        self.deadline = now + self.timers.patience
        return [Send(self.request)]

    def receive(self, response: Response, now: float) -> list[Action]:
        """A response of this transaction came."""
        if self.state is State.ACCEPTED:
            return [Deliver(response)] if 200 <= response.status < 300 else []
        if self.state not in {State.CALLING, State.PROCEEDING}:
            return []
        if not response.final:
            self._enter(State.PROCEEDING, None)
            return [Deliver(response)]
        if response.status < 300:
            self._enter(State.ACCEPTED, now + self.timers.patience)
            return [Deliver(response)]
        self._end()
        return [Send(acknowledgement(self.request, response)), Deliver(response)]

    def timeout(self, now: float) -> list[Action]:
        waiting = self.state is State.CALLING
        self._end()
        return [TimedOut()] if waiting else []


class NonInviteClient(Transaction):
    """Any other request of the caller (§17.1.2)."""

    def __init__(self, request: Request, timers: Timers) -> None:
        super().__init__(request, State.TRYING, timers)

    def start(self, now: float) -> list[Action]:
        """Sends the request; timer F runs."""
        self.deadline = now + self.timers.patience
        return [Send(self.request)]

    def receive(self, response: Response, now: float) -> list[Action]:
        """A response of this transaction came."""
        if self.state not in {State.TRYING, State.PROCEEDING}:
            return []
        if response.final:
            self._end()
        else:
            self.state = State.PROCEEDING
        return [Deliver(response)]

    def timeout(self, now: float) -> list[Action]:
        self._end()
        return [TimedOut()]


class InviteServer(Transaction):
    """INVITE at the called (§17.2.1, RFC 6026 §7.1). Says 100 by itself when nobody else said anything in 200 ms."""

    def __init__(self, request: Request, timers: Timers) -> None:
        super().__init__(request, State.PROCEEDING, timers)
        self._last: Response | None = None

    def start(self, now: float) -> list[Action]:
        """Hands the request to its user."""
        self.deadline = now + 0.2
        return [Deliver(self.request)]

    def respond(self, response: Response, now: float) -> list[Action]:
        """The user answers. A 2xx may be sent again until the ACK; other answers after the first final are dropped."""
        accepted = 200 <= response.status < 300
        if self.state is State.ACCEPTED:
            return [Send(response)] if accepted else []
        if self.state is not State.PROCEEDING:
            return []
        self._last = response
        if accepted:
            self._enter(State.ACCEPTED, now + self.timers.patience)
        elif response.final:
            self._enter(State.COMPLETED, now + self.timers.patience)
        else:
            self.deadline = None
        return [Send(response)]

    def receive(self, request: Request, now: float) -> list[Action]:
        """The INVITE once more, or its ACK."""
        if request.method == "ACK":
            if self.state is State.COMPLETED:
                self._end()
            return [Deliver(request)] if self.state is State.ACCEPTED else []
        repeat = self.state in {State.PROCEEDING, State.COMPLETED} and self._last is not None
        return [Send(self._last)] if repeat and self._last else []

    def timeout(self, now: float) -> list[Action]:
        if self.state is State.PROCEEDING:
            self.deadline = None
            self._last = response_to(self.request, 100)
            return [Send(self._last)]
        unacknowledged = self.state is State.COMPLETED
        self._end()
        return [TimedOut()] if unacknowledged else []


class NonInviteServer(Transaction):
    """Any other request at the called (§17.2.2)."""

    def __init__(self, request: Request, timers: Timers) -> None:
        super().__init__(request, State.TRYING, timers)
        self._last: Response | None = None

    def start(self, now: float) -> list[Action]:
        """Hands the request to its user."""
        return [Deliver(self.request)]

    def respond(self, response: Response, now: float) -> list[Action]:
        """The user answers; what comes after the final answer is dropped."""
        if self.state not in {State.TRYING, State.PROCEEDING}:
            return []
        self._last = response
        if response.final:
            self._end()
        else:
            self.state = State.PROCEEDING
        return [Send(response)]

    def receive(self, request: Request, now: float) -> list[Action]:
        """The request once more."""
        return [Send(self._last)] if self.state is State.PROCEEDING and self._last else []

    def timeout(self, now: float) -> list[Action]:
        return []


class Retransmission:
    """A 2xx is sent again until its ACK comes, at T1 and then twice as long each time up to T2 (§13.3.1.4).

    Over TCP and TLS too: it is end to end, and a hop behind the next one may lose it.
    """

    def __init__(self, now: float, timers: Timers) -> None:
        self._timers = timers
        self._interval = timers.t1
        self._end = now + timers.patience
        self.deadline = now + timers.t1

    def timeout(self, now: float) -> bool:
        """Whether to send it again; False when nobody acknowledged it for 64 times T1."""
        self._interval = min(self._interval * 2, self._timers.t2)
        self.deadline = min(now + self._interval, self._end)
        return now < self._end


def acknowledgement(invite: Request, response: Response) -> Request:
    """The ACK that a transaction sends for a final answer that is no 2xx (§17.1.1.3)."""
    headers = Headers([("Via", invite.headers.values("Via")[0])])
    for name in ("Route", "Max-Forwards", "From"):
        for value in invite.headers.all(name):
            headers.add(name, value)
    headers.add("To", response.headers.get("To") or invite.headers.get("To") or "")
    headers.add("Call-ID", invite.call_id)
    headers.add("CSeq", f"{invite.cseq.number} ACK")
    return Request("ACK", invite.uri, headers=headers)


def cancellation(invite: Request) -> Request:
    """The CANCEL of an INVITE that was not answered yet (§9.1)."""
    headers = Headers([("Via", invite.headers.values("Via")[0])])
    for name in ("Route", "Max-Forwards", "From", "To", "Call-ID"):
        for value in invite.headers.all(name):
            headers.add(name, value)
    headers.add("CSeq", f"{invite.cseq.number} CANCEL")
    return Request("CANCEL", invite.uri, headers=headers)


Key = tuple[str, ...]


def client_key(message: Request | Response) -> Key:
    """What a response shares with the request it answers (§17.1.3)."""
    return message.via.branch, message.cseq.method


def server_key(request: Request, method: str = "") -> Key:
    """What a request shares with its repetition, an ACK and a CANCEL with their INVITE (§17.2.3).

    ``method``: that of the transaction looked for, INVITE for an ACK.
    """
    via, cseq = request.via, request.cseq
    wanted = method or ("INVITE" if request.method == "ACK" else request.method)
    if via.branch.startswith("z9hG4bK") and via.branch != "z9hG4bK":
        return via.branch, via.sent_by, wanted
    from_tag = request.from_.tag or ""
    return str(request.uri), from_tag, request.call_id, str(cseq.number), str(via), wanted
