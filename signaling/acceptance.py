"""What the called does between its 2xx and the ACK (RFC 3261 §13.3.1.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from signaling.layer import ServerExchange
from signaling.message import Request, Response
from signaling.transaction import Retransmission, Timers


class Acceptance:
    """The 2xx of an INVITE, sent again until its ACK comes (RFC 3261 §13.3.1.4)."""

    def __init__(
        self,
        exchange: ServerExchange,
        response: Response,
        timers: Timers,
        *,
        acknowledged: Callable[[Request], None],
        unacknowledged: Callable[[], None],
    ) -> None:
        self.number = exchange.request.cseq.number
        self.done = asyncio.Event()
        self._exchange, self._response = exchange, response
        self._acknowledged, self._unacknowledged = acknowledged, unacknowledged
        loop = asyncio.get_running_loop()
        self._retransmission = Retransmission(loop.time(), timers)
        exchange.respond(response)
        self._timer = loop.call_at(self._retransmission.deadline, self._expire)

    def acknowledge(self, request: Request) -> None:
        """The ACK came."""
        if not self.done.is_set():
            self.stop()
            self._acknowledged(request)

    def stop(self) -> None:
        """It is sent no more."""
        self._timer.cancel()
        self.done.set()

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        if self._retransmission.timeout(loop.time()):
            self._exchange.respond(self._response)
            self._timer = loop.call_at(self._retransmission.deadline, self._expire)
        else:
            self.done.set()
            self._unacknowledged()
