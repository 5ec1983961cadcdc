"""A call: the INVITE usage of a dialog (RFC 3261 §13 to §15), the same for who called and who was called.

``OutgoingCall`` and ``IncomingCall`` say how it begins; all that follows is here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from signaling import offer, sessiontimer
from signaling.acceptance import Acceptance
from signaling.core import Core
from signaling.dialog import Dialog
from signaling.errors import CallEnded, CallRefused, NotAcceptable, ParseError, SignalingError
from signaling.indialog import InDialog
from signaling.layer import ServerExchange
from signaling.media import MediaStream
from signaling.message import Request, Response, response_to
from signaling.negotiation import Negotiation
from signaling.offer import Offer, Session
from signaling.refer import IncomingRefer, Referral
from signaling.sessiontimer import IntervalTooSmall, SessionTimer
from signaling.transport import Connection

SDP: Final = ("Content-Type", "application/sdp")


class CallState(Enum):
    """Where a call is in its life."""

    CALLING = "calling"
    RINGING = "ringing"
    ESTABLISHED = "established"
    ENDED = "ended"


@dataclass(frozen=True)
class Ending:
    """How a call ended: by whom, and the status where there was one."""

    by: Literal["local", "remote", "network"]
    status: int | None = None
    reason: str = ""


class Call(InDialog):
    """What both kinds of calls can do. ``peer`` is the other end's address, ``media`` its sound once there is some."""

    def __init__(self, agent: Core, connection: Connection, user: str | None = None) -> None:
        super().__init__(agent, connection, user)
        self.state = CallState.CALLING
        self.ending: Ending | None = None
        self.timer: SessionTimer | None = None
        self.talk = Negotiation()
        self._acceptance: Acceptance | None = None
        self._inviting = False
        self._referrals: list[Referral] = []
        self._ended = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None

    # --- what an application does ---

    @property
    def media(self) -> MediaStream:
        """The call's sound. Raises CallEnded where there is none (yet)."""
        if self.talk.media is None:
            raise CallEnded("the call has no sound")
        return self.talk.media

    @property
    def session(self) -> Session | None:
        """What both sides agreed on, or None yet."""
        return self.talk.session

    async def ended(self) -> Ending:
        """Waits until the call is over, and says how it ended."""
        await self._ended.wait()
        return self.ending or Ending("network")

    async def hangup(self, reason: str = "") -> None:
        """Sends BYE and waits for its answer; nothing happens when the call is over already.

        ``reason``: a Reason header field (RFC 3326), for example ``SIP;cause=503;text="no agent"``.
        """
        await self._settled()
        if self.state is not CallState.ESTABLISHED:
            return
        self.finish(Ending("local"), forget=False)
        try:
            await self.transact("BYE", [("Reason", reason)] if reason else [])
        except SignalingError:
            pass
        finally:
            self._forget()

    async def refer(self, target: str, headers: Iterable[tuple[str, str]] = ()) -> Referral:
        """Asks the peer to call ``target`` (a tel or sip URI). The peer took it when this returns.

        Raises CallRefused with the status of a refusal; a call that is over raises CallEnded.
        """
        self._alive()
        referral = Referral(str(self.dialog.local_seq + 1))
        self._referrals.append(referral)
        # A REFER must have a Contact (RFC 3515 §2.2): Asterisk answers 400 to one without.
        more = [("Refer-To", f"<{target}>"), ("Referred-By", f"<{self.dialog.local.uri}>"), *self._contact(), *headers]
        try:
            answer = await self.transact("REFER", more)
            if answer.status >= 300:
                raise CallRefused(answer.status, answer.reason)
        except SignalingError:
            self._referrals.remove(referral)
            raise
        return referral

    async def refresh(self, direction: str = "") -> None:
        """Sends a re-INVITE with the session as it is.

        ``direction``: ``sendonly`` or ``inactive`` puts the call on hold, ``sendrecv`` takes it back. Raises CallRefused
        (491: another one is under way) and NotAcceptable; the session then stays as it was.
        """
        await self._settled()
        self._alive()
        if self._inviting:
            raise CallRefused(491, "Request Pending")
        made = self.talk.offer(direction)
        headers = [SDP, *self._contact(), ("Supported", "timer")]
        if self.timer is not None:
            headers.append(self.timer.header(requesting=True))
        self._inviting = True
        try:
            answer = await self.transact("INVITE", headers, made.text.encode())
        finally:
            self._inviting = False
        if answer.status >= 300:
            raise CallRefused(answer.status, answer.reason)
        self.dialog.refresh(answer)
        self.talk.agree(made.local, offer.accept(made, answer.sdp or ""))
        self.keep(sessiontimer.granted(answer))

    async def _settled(self) -> None:
        """Nothing but answers may be sent before the ACK of an INVITE that this side accepted (§13.3.1.4, §15)."""
        if self._acceptance is not None:
            await self._acceptance.done.wait()

    # --- requests of the peer within the dialog ---

    def requested(self, exchange: ServerExchange) -> None:
        """A request within this call's dialog came."""
        request = exchange.request
        try:
            self.dialog.receive(request)
            if self.state is CallState.ENDED and request.method not in {"NOTIFY", "BYE"}:
                raise ParseError("the call is over", 481)
            handler = {
                "BYE": self._bye,
                "INVITE": self._reinvited,
                "UPDATE": self._updated,
                "REFER": self._referred,
                "NOTIFY": self._notified,
            }[request.method]
            handler(exchange)
        except (ParseError, NotAcceptable) as error:
            exchange.respond(response_to(request, error.status, headers=self.agent.explain(error)))

    def acknowledged(self, request: Request) -> None:
        """An ACK within this call's dialog came."""
        if self._acceptance is not None and self._acceptance.number == request.cseq.number:
            self._acceptance.acknowledge(request)

    def _bye(self, exchange: ServerExchange) -> None:
        exchange.respond(response_to(exchange.request, 200))
        self.finish(Ending("remote", reason=exchange.request.headers.get("Reason") or ""))

    def _reinvited(self, exchange: ServerExchange) -> None:
        request = exchange.request
        if self._inviting:
            raise ParseError("a re-INVITE of ours is under way", 491)
        if self._acceptance is not None and not self._acceptance.done.is_set():
            exchange.respond(response_to(request, 500, headers=[("Retry-After", str(random.randint(0, 10)))]))
            return
        timer, headers = self._timer_asked(request)
        headers += [*self._contact(), *self.agent.abilities(), SDP]
        if request.sdp is None:
            made = self.talk.offer()
            response = response_to(request, 200, headers=headers, body=made.text.encode())
            self._accept(exchange, response, lambda ack: self._answered_late(made, ack))
        else:
            body = self.talk.answer(request.sdp)
            response = response_to(request, 200, headers=headers, body=body)
            self._accept(exchange, response, lambda ack: None)
        self.dialog.refresh(request)
        self.keep(timer)

    def _accept(
        self, exchange: ServerExchange, response: Response, acknowledged: Callable[[Request], None]
    ) -> Acceptance:
        """Sends the 2xx of an INVITE until its ACK comes."""
        self._acceptance = Acceptance(
            exchange,
            response,
            self.agent.settings.timers,
            acknowledged=acknowledged,
            unacknowledged=lambda: self.give_up("the answer was never acknowledged (ACK)"),
        )
        return self._acceptance

    def _updated(self, exchange: ServerExchange) -> None:
        request = exchange.request
        timer, headers = self._timer_asked(request)
        headers += self._contact()
        body = b""
        if request.sdp is not None:
            if self._inviting:
                raise ParseError("an offer of ours is under way", 491)
            body = self.talk.answer(request.sdp)
            headers.append(SDP)
        exchange.respond(response_to(request, 200, headers=headers, body=body))
        self.dialog.refresh(request)
        self.keep(timer)

    def _referred(self, exchange: ServerExchange) -> None:
        if self.agent.on_refer is None:
            raise ParseError("REFER is not taken here", 405)
        asked = IncomingRefer(
            exchange.request,
            exchange.respond,
            lambda headers, body: self.transact("NOTIFY", [*headers, *self._contact()], body),
        )
        self.agent.spawn(self.agent.on_refer(self, asked))

    def _notified(self, exchange: ServerExchange) -> None:
        request = exchange.request
        package, _, rest = (request.headers.get("Event") or "").partition(";")
        if package.strip().lower() != "refer":
            raise ParseError("no subscription for this event", 489)
        identifier = rest.strip().removeprefix("id=")
        found = [each for each in self._referrals if identifier == each.identifier]
        # A REFER that was challenged has another number than its first try.
        found = found or [each for each in self._referrals if each.pending]
        if not found:
            raise ParseError("no REFER of ours is under way", 481)
        found[-1].notified(request)
        exchange.respond(response_to(request, 200))

    # --- session ---

    def _timer_asked(self, request: Request) -> tuple[SessionTimer | None, list[tuple[str, str]]]:
        try:
            return sessiontimer.asked(request, self.agent.settings.min_se)
        except IntervalTooSmall:
            raise ParseError("the session interval is too small", 422) from None

    def _answered_late(self, made: Offer, ack: Request) -> None:
        try:
            self.talk.agree(made.local, offer.accept(made, ack.sdp or ""))
        except (NotAcceptable, ParseError) as error:
            self.give_up(str(error))

    # --- life ---

    def _alive(self) -> None:
        if self.state is not CallState.ESTABLISHED:
            raise CallEnded("the call is not established, or over")

    def adopt(self, dialog: Dialog) -> None:
        """This call stands for a dialog that came about without it."""
        self._dialog = dialog
        self.state = CallState.ESTABLISHED

    def establish(self) -> None:
        """The call stands, as both sides know."""
        self.state = CallState.ESTABLISHED
        self.agent.add(self)

    def keep(self, timer: SessionTimer | None) -> None:
        """The session was refreshed: the timer begins anew, or runs no more."""
        self.timer = timer
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if timer is not None and self.state is not CallState.ENDED:
            self._deadline = asyncio.get_running_loop().call_later(timer.delay, self._refresh_due)

    def _refresh_due(self) -> None:
        if self.timer is not None and self.timer.ours:
            self.agent.spawn(self._refresh())
        else:
            self.give_up("the session was not refreshed in time (RFC 4028)")

    async def _refresh(self) -> None:
        try:
            await self.refresh()
        except CallRefused as error:
            if error.status in {408, 481}:
                self.give_up(f"the session refresh was answered by {error}")
            elif self.timer is not None:
                # Glare, or a peer that is busy: once more before the session expires.
                self._deadline = asyncio.get_running_loop().call_later(self.timer.interval / 8, self._refresh_due)
        except SignalingError as error:
            self.give_up(str(error))

    def give_up(self, reason: str) -> None:
        """Ends a call that cannot go on, with a BYE for the peer in case that it hears it."""
        if self.state is CallState.ENDED:
            return
        self.finish(Ending("network", reason=reason), forget=False)
        self.agent.spawn(self._last_bye())

    async def _last_bye(self) -> None:
        try:
            await self.transact("BYE")
        except SignalingError:
            pass
        finally:
            self._forget()

    def finish(self, ending: Ending, *, forget: bool = True) -> None:
        """The call is over."""
        if self.state is CallState.ENDED:
            return
        self.state, self.ending = CallState.ENDED, ending
        if self.talk.media is not None:
            self.talk.media.close()
        if self._acceptance is not None:
            self._acceptance.stop()
        self.keep(None)
        self._ended.set()
        if forget:
            self._forget()

    def _forget(self) -> None:
        """The dialog lives on as long as a NOTIFY may come (RFC 5057), for 64 times T1 at most."""
        if not any(referral.pending for referral in self._referrals):
            self.agent.remove(self)
            return

        def last() -> None:
            for referral in self._referrals:
                referral.end()
            self.agent.remove(self)

        asyncio.get_running_loop().call_later(self.agent.settings.timers.patience, last)
