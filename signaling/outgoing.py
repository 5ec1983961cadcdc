"""A call that this side makes: INVITE until its final answer (RFC 3261 §13.2), CANCEL (§9.1), challenges (§22.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from signaling import offer, sessiontimer
from signaling.call import SDP, Call, CallState, Ending
from signaling.core import Core
from signaling.dialog import Dialog
from signaling.digest import Credentials, DigestClient
from signaling.errors import CallRefused, NotAcceptable, ParseError, SignalingError
from signaling.headers import Headers, NameAddr
from signaling.indialog import with_via
from signaling.media import MediaStream
from signaling.message import Request, Response
from signaling.offer import Codec, Encryption, Local, Offer, Session
from signaling.transaction import cancellation
from signaling.transport import Connection
from signaling.uri import SipUri


@dataclass(frozen=True)
class Invitation:
    """What a call is made with."""

    uri: SipUri
    caller: NameAddr
    credentials: Credentials | None
    codecs: Sequence[Codec]
    encryption: Encryption
    headers: Sequence[tuple[str, str]]
    routes: Sequence[SipUri]


class OutgoingCall(Call):
    """A call of ours. ``received`` holds every answer to its INVITE so far."""

    def __init__(self, agent: Core, connection: Connection, invitation: Invitation, media: MediaStream) -> None:
        super().__init__(agent, connection, _user(invitation.caller))
        self.received: list[Response] = []
        self.talk.media = media
        self._invitation = invitation
        self._digest = DigestClient(invitation.credentials) if invitation.credentials else None
        self._offer: Offer | None = None
        self._invite: Request | None = None
        self._cancelled = False
        self._final: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._changed = asyncio.Event()
        self._interval, self._minimum = agent.settings.session_expires, agent.settings.min_se

    def start(self) -> None:
        """Sends the INVITE."""
        wanted = self._invitation
        local = Local(
            self.media.address,
            self.media.port,
            codecs=wanted.codecs,
            encryption=wanted.encryption,
        )
        self._offer = offer.make_offer(local)
        # Nobody may have asked for the outcome when it comes.
        self._final.add_done_callback(lambda future: future.cancelled() or future.exception())
        headers = Headers(("Route", f"<{route}>") for route in wanted.routes)
        headers.add("Max-Forwards", "70")
        headers.add("From", str(wanted.caller.tagged(self.agent.token())))
        headers.add("To", f"<{wanted.uri.without('transport')}>")
        headers.add("Call-ID", f"{self.agent.token()}@{self.connection.local.host}")
        headers.add("CSeq", "1 INVITE")
        for name, value in wanted.headers:
            headers.add(name, value)
        self._send(Request("INVITE", wanted.uri, headers=headers, body=self._offer.text.encode()))

    def _send(self, invite: Request) -> None:
        """Adds what each try has of its own."""
        own = [*self._contact(), *self.agent.abilities(), SDP]
        timer = ("Session-Expires", "Min-SE") if self._interval else ()
        for name in ("Via", *timer, *(name for name, _ in own)):
            invite.headers.remove(name)
        for name, value in own:
            invite.headers.add(name, value)
        sessiontimer.request_headers(invite.headers, self._interval, self._minimum)
        self._invite = with_via(invite, self.agent.via(self.connection))
        self.agent.layer.request(self.connection, self._invite, self._answered)

    # --- what an application does ---

    async def answered(self, timeout: float | None = None) -> Session:
        """Waits for the answer, and says what was agreed. Gives up after ``timeout`` seconds, cancelling the call.

        Raises CallRefused with the status of a refusal (408: nobody answered in time), NotAcceptable for an answer
        that cannot be used, and ConnectionLost.
        """
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._final)
        except TimeoutError:
            await self.cancel()
            raise CallRefused(408, f"not answered within {timeout:g} s") from None

    async def responses(self) -> AsyncIterator[Response]:
        """Each answer to the INVITE as it comes (100, 180, 183 …), until the outcome stands."""
        told = 0
        while True:
            while told < len(self.received):
                yield self.received[told]
                told += 1
            if self._final.done():
                return
            self._changed.clear()
            await self._changed.wait()

    async def cancel(self) -> None:
        """Takes the call back (CANCEL), and waits until it is over; one that was answered meanwhile is hung up."""
        if not self._final.done():
            self._cancelled = True
            if self.received:
                self._send_cancel()
            try:
                async with asyncio.timeout(self.agent.settings.timers.patience):
                    await self._ended.wait()
            except TimeoutError:
                # The INVITE counts as cancelled all the same (§9.1).
                self._refused(CallRefused(487, "Request Terminated"))
        await super().hangup()

    def _send_cancel(self) -> None:
        if self._invite is not None:
            self.agent.layer.request(self.connection, cancellation(self._invite), lambda answer: None)

    # --- what the peer answers ---

    def _answered(self, answer: Response | SignalingError) -> None:
        if isinstance(answer, SignalingError):
            self._refused(answer)
            return
        if self._dialog is not None:
            self._answered_again(answer)
            return
        self.received.append(answer)
        self._changed.set()
        if not answer.final:
            self._proceeding(answer)
        elif answer.status < 300:
            self._accepted(answer)
        elif not self._tries_again(answer):
            self._refused(CallRefused(answer.status, answer.reason))

    def _proceeding(self, answer: Response) -> None:
        if self._cancelled:
            if len(self.received) == 1:
                self._send_cancel()
            return
        if answer.status > 100:
            self.state = CallState.RINGING
        if answer.sdp and self._offer is not None:
            # Early media (183): what it says is what the 200 will say.
            try:
                self.talk.agree(self._offer.local, offer.accept(self._offer, answer.sdp))
            except (NotAcceptable, ParseError):
                return

    def _accepted(self, answer: Response) -> None:
        invite, made = self._invite, self._offer
        if invite is None or made is None:
            return
        self._dialog = Dialog.calling(invite, answer)
        self.acknowledge(invite)
        self.establish()
        if self._cancelled:
            self._refuse_answer(CallRefused(487, "Request Terminated"))
            return
        try:
            if answer.sdp is None and self.session is None:
                raise NotAcceptable("the 200 holds no session description")
            if answer.sdp is not None:
                self.talk.agree(made.local, offer.accept(made, answer.sdp))
        except (SignalingError, ValueError) as error:
            self._refuse_answer(error if isinstance(error, SignalingError) else ParseError(str(error)))
            return
        self.keep(sessiontimer.granted(answer))
        if self.session is not None:
            self._final.set_result(self.session)
        self._changed.set()

    def _answered_again(self, answer: Response) -> None:
        """A 2xx once more is acknowledged once more; one of another branch (a proxy forked) is ended at once (§13.2.2.4)."""
        invite = self._invite
        if invite is None or not 200 <= answer.status < 300:
            return
        if answer.to.tag == self.dialog.remote.tag:
            self.acknowledge(invite)
        else:
            other = Call(self.agent, self.connection)
            other.adopt(Dialog.calling(invite, answer))
            other.acknowledge(invite)
            other.give_up("another one answered before")

    def _refuse_answer(self, error: SignalingError) -> None:
        self.give_up(str(error))
        self._fail(error)

    def _tries_again(self, answer: Response) -> bool:
        """Whether a challenge can be answered, or a longer session interval be asked for."""
        invite = self._invite
        if invite is None or self._cancelled:
            return False
        found = self._digest.answer(answer, invite) if self._digest else None
        if answer.status == 422:
            try:
                smallest = sessiontimer.smallest(answer)
            except ParseError:
                return False
            if smallest <= self._minimum:
                return False
            self._minimum, self._interval = smallest, max(smallest, self._interval)
        elif found is None:
            return False
        headers = invite.headers.copy()
        headers.set("CSeq", f"{invite.cseq.number + 1} INVITE")
        if found is not None:
            headers.remove(found[0])
            headers.add(*found)
        self._send(Request("INVITE", invite.uri, headers=headers, body=invite.body))
        return True

    def _refused(self, error: SignalingError) -> None:
        by = "remote" if isinstance(error, CallRefused) and self.received else "network"
        status = error.status if isinstance(error, CallRefused) else None
        self.finish(Ending("local" if self._cancelled else by, status, str(error)))
        self._fail(error)

    def _fail(self, error: SignalingError) -> None:
        if not self._final.done():
            self._final.set_exception(error)
        self._changed.set()

    async def hangup(self, reason: str = "") -> None:
        """Ends the call: CANCEL before the answer, BYE after it."""
        if self.state in {CallState.CALLING, CallState.RINGING}:
            await self.cancel()
        else:
            await super().hangup(reason)


def _user(caller: NameAddr) -> str | None:
    return caller.uri.user if isinstance(caller.uri, SipUri) else None
