"""Transfer (RFC 3515): REFER within a call, and the NOTIFYs with a piece of SIP (RFC 3420) that tell how it goes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from signaling.errors import CallEnded, CallRefused, ParseError
from signaling.headers import NameAddr
from signaling.message import REASONS, Request, Response, response_to
from signaling.uri import Uri

#: How long a subscription lives, in seconds, as our NOTIFYs say.
_EXPIRES: Final = 120


@dataclass(frozen=True)
class Progress:
    """How the call to the target goes, as one NOTIFY says."""

    status: int
    reason: str
    last: bool


class Referral:
    """A REFER of ours that the peer took: what its NOTIFYs report."""

    def __init__(self, identifier: str) -> None:
        self.identifier = identifier
        self.reports: list[Progress] = []
        self._over = False
        self._changed = asyncio.Event()

    @property
    def pending(self) -> bool:
        """Whether more NOTIFYs are due."""
        return not self._over

    def notified(self, request: Request) -> None:
        """Takes a NOTIFY. Raises ParseError when it holds no status line."""
        match = re.match(rb"SIP/2\.0 ([1-6]\d\d) ?([^\r\n]*)", request.body)
        state = (request.headers.get("Subscription-State") or "").lower()
        if not match:
            raise ParseError("a NOTIFY of a REFER holds no status line (message/sipfrag)")
        status = int(match[1])
        self._over = self._over or status >= 200 or state.startswith("terminated")
        self.reports.append(Progress(status, match[2].decode("utf-8", "replace"), self._over))
        self._changed.set()

    def end(self) -> None:
        """No NOTIFY can come any more."""
        self._over = True
        self._changed.set()

    async def progress(self) -> AsyncIterator[Progress]:
        """Each report as it comes, until the last one."""
        told = 0
        while True:
            while told < len(self.reports):
                yield self.reports[told]
                told += 1
            if self._over:
                return
            self._changed.clear()
            await self._changed.wait()

    async def outcome(self, timeout: float = 90) -> Progress:
        """The last report. Raises TimeoutError, and CallEnded when the call ended before there was a final status."""
        async with asyncio.timeout(timeout):
            async for _ in self.progress():
                pass
        if not self.reports or self.reports[-1].status < 200:
            raise CallEnded("the transfer ended without an outcome")
        return self.reports[-1]


class IncomingRefer:
    """A peer that asks this side to call somebody: accept it and report, or reject it.

    ``notify`` sends the NOTIFYs; it is the call's own function.
    """

    def __init__(
        self,
        request: Request,
        respond: Callable[[Response], None],
        notify: Callable[[list[tuple[str, str]], bytes], Awaitable[Response]],
    ) -> None:
        self.request = request
        self.target: Uri = NameAddr.parse(request.headers.get("Refer-To") or "").uri
        self._respond = respond
        self._notify = notify

    async def accept(self) -> None:
        """Answers 202 and reports ``100 Trying``, as RFC 3515 §2.4.4 wants it at once."""
        self._respond(response_to(self.request, 202))
        await self.report(100)

    def reject(self, status: int = 603, reason: str = "") -> None:
        """Answers by a failure: 603, 403, 501 …"""
        self._respond(response_to(self.request, status, reason))

    async def report(self, status: int, reason: str = "") -> None:
        """Sends a NOTIFY with this status of the call to the target; one from 200 on is the last.

        Raises CallRefused when the peer does not want it.
        """
        over = "terminated;reason=noresource" if status >= 200 else f"active;expires={_EXPIRES}"
        headers = [
            ("Event", f"refer;id={self.request.cseq.number}"),
            ("Subscription-State", over),
            ("Content-Type", "message/sipfrag;version=2.0"),
        ]
        body = f"SIP/2.0 {status} {reason or REASONS.get(status, 'Unknown')}\r\n".encode()
        answer = await self._notify(headers, body)
        if answer.status >= 300:
            raise CallRefused(answer.status, answer.reason)
