"""A call that this side is asked to take (RFC 3261 §13.3): ring, answer, refuse, challenge; or the caller cancels it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signaling import offer
from signaling.call import SDP, Call, CallState, Ending
from signaling.core import Core
from signaling.dialog import Dialog
from signaling.digest import DigestServer
from signaling.errors import CallEnded, NotAcceptable, ParseError, SignalingError
from signaling.layer import ServerExchange
from signaling.media import MediaStream
from signaling.message import Request, response_to
from signaling.offer import Codec, Encryption, Local, Offer, Session
from signaling.transport import Address
from signaling.uri import SipUri


class IncomingCall(Call):
    """A call of the peer's. ``request`` is its INVITE, ``peer`` who sent it (by the PROXY header where there was one)."""

    def __init__(self, agent: Core, exchange: ServerExchange) -> None:
        super().__init__(agent, exchange.connection, _user(exchange.request))
        self.request: Request = exchange.request
        self.answered_with: int | None = None
        self._server = exchange
        self._tag = agent.token()
        self._answer: tuple[bytes, Session | Offer] | None = None
        exchange.on_cancel = self._cancelled
        exchange.on_failure = self._failed

    @property
    def peer(self) -> Address:
        """The address that the call comes from."""
        return self.connection.peer

    @property
    def pending(self) -> bool:
        """Whether the INVITE still waits for its final answer."""
        return self.answered_with is None and self.state is not CallState.ENDED

    # --- what an application does ---

    def ring(self, status: int = 180, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Tells the caller that it rings (180), or another thing on the way (181, 182). Raises CallEnded."""
        self._respond(status, headers=[*self._contact(), *headers])
        self.state = CallState.RINGING

    async def early_media(
        self,
        codecs: Sequence[Codec] | None = None,
        encryption: Encryption | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Session:
        """Sends 183 with a session description: sound flows before the answer. Raises as ``answer`` does."""
        body = await self._agree(codecs, encryption)
        if self.session is None:
            raise NotAcceptable("an INVITE without an offer can have no early media")
        self._respond(183, headers=[*self._contact(), SDP, *headers], body=body)
        self.state = CallState.RINGING
        return self.session

    async def answer(
        self,
        codecs: Sequence[Codec] | None = None,
        encryption: Encryption | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Session:
        """Answers 200, and returns what was agreed once the caller acknowledged it (ACK).

        ``codecs``: those that may be chosen, the caller's order counts. Raises NotAcceptable when there is no common
        ground (488 was sent), CallEnded when the caller cancelled or never acknowledged.
        """
        body = await self._agree(codecs, encryption)
        try:
            timer, more = self._timer_asked(self.request)
        except ParseError as error:
            self.reject(error.status, headers=self.agent.explain(error))
            raise NotAcceptable(error.reason, error.status) from None
        fields = [*self._contact(), *self.agent.abilities(), SDP, *more, *headers]
        response = response_to(self.request, 200, to_tag=self._tag, headers=fields, body=body)
        self._still_pending()
        self._dialog = Dialog.called(self.request, self._tag)
        self.answered_with = 200
        self.establish()
        self.keep(timer)
        await self._accept(self._server, response, self._acknowledged).done.wait()
        if self.state is not CallState.ESTABLISHED or self.session is None:
            raise CallEnded(self.ending.reason if self.ending else "the call ended")
        return self.session

    def reject(self, status: int, reason: str = "", headers: Iterable[tuple[str, str]] = ()) -> None:
        """Refuses the call by a final status: 403, 404, 480, 486, 488 … Raises CallEnded when it is answered already."""
        self._respond(status, reason, headers)
        self.answered_with = status
        self.finish(Ending("local", status, reason))

    def challenge(self, server: DigestServer, *, stale: bool = False, proxy: bool = False) -> None:
        """Asks the caller to log in (401, or 407 with ``proxy``); its next INVITE is another call here."""
        self.reject(407 if proxy else 401, headers=server.challenge(stale=stale, proxy=proxy))

    async def hangup(self, reason: str = "") -> None:
        """Ends the call: 480 before the answer, BYE after it."""
        if self.pending:
            self.reject(480)
        else:
            await super().hangup(reason)

    # --- the inside ---

    def _still_pending(self) -> None:
        if not self.pending:
            raise CallEnded(
                self.ending.reason if self.ending and self.ending.reason else "the call is answered already"
            )

    def _respond(
        self, status: int, reason: str = "", headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        self._still_pending()
        self._server.respond(response_to(self.request, status, reason, to_tag=self._tag, headers=headers, body=body))

    async def _agree(self, codecs: Sequence[Codec] | None, encryption: Encryption | None) -> bytes:
        """The description that answers the caller's, or offers where it has none; once, for 183 and 200 alike."""
        self._still_pending()
        if self._answer is not None:
            return self._answer[0]
        settings = self.agent.settings
        address = settings.media_address or self.connection.local.host
        media = self.talk.media = await MediaStream.open(address, self.agent.report_media)
        local = Local(
            address,
            media.port,
            codecs=settings.codecs if codecs is None else codecs,
            encryption=settings.encryption if encryption is None else encryption,
        )
        try:
            self._still_pending()
            self._answer = self._described(local)
        except SignalingError as error:
            if isinstance(error, (NotAcceptable, ParseError)) and self.pending:
                self.reject(error.status, headers=self.agent.explain(error))
            media.close()
            raise
        return self._answer[0]

    def _described(self, local: Local) -> tuple[bytes, Session | Offer]:
        if self.request.sdp is None:
            made = offer.make_offer(local)
            return made.text.encode(), made
        text, session = offer.answer(self.request.sdp, local)
        self.talk.agree(local, session)
        return text.encode(), session

    def _acknowledged(self, ack: Request) -> None:
        if self._answer is not None and isinstance(self._answer[1], Offer):
            self._answered_late(self._answer[1], ack)

    def _cancelled(self) -> None:
        if self.pending:
            self._respond(487)
            self.answered_with = 487
            self.finish(Ending("remote", 487, "the caller cancelled"))

    def _failed(self, error: SignalingError) -> None:
        """The caller's connection went before the answer."""
        if self.pending:
            self.finish(Ending("network", reason=str(error)))


def _user(request: Request) -> str | None:
    return request.uri.user if isinstance(request.uri, SipUri) else None
