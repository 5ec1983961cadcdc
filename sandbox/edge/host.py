"""xAI's SIP host: takes calls, announces them or has an agent answer, and stays with them until they end."""

from __future__ import annotations

import asyncio
import re
import ssl
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final

from starlette.websockets import WebSocket, WebSocketState

from sandbox.calling import Failure, Registrar, Registration, Webhook
from sandbox.edge.admission import Admission
from sandbox.edge.authority import NAME, Authority
from sandbox.edge.outgoing import Outgoing, Undelivered
from sandbox.edge.record import Record, Records
from sandbox.edge.session import Hosted, Phone, Realtime
from sandbox.exchange import JsonObject
from sandbox.line import deny
from sandbox.realtime.door import Door, Refused
from sandbox.realtime.session import Session
from sandbox.switches import Switches
from signaling import IncomingCall, Settings, Step, UserAgent
from signaling.errors import CallEnded, CallRefused, NotAcceptable, SignalingError
from signaling.transport import Address

#: Seconds in which a call ends that is told to.
_PATIENCE: Final = 2.0
_TOLD: Final = ("From", "To")
_CALL_ID: Final = re.compile(r"(?im)^(?:call-id|i)[ \t]*:[ \t]*(\S+)")


@dataclass
class Held:
    """A call that this host holds. ``socket`` is set by who joins it, ``over`` when it ended.

    ``id`` is that of its record, but for a second leg of the same caller's call: to xAI that is a call of its own.
    """

    id: str
    call: IncomingCall
    record: Record
    number: Registration
    socket: asyncio.Future[WebSocket] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    over: asyncio.Event = field(default_factory=asyncio.Event)
    refused: str = ""


class Host:
    """``address`` takes calls from this machine, ``private`` those that say by PROXY protocol where they come from."""

    def __init__(
        self, registrar: Registrar, switches: Switches, records: Records, outgoing: Outgoing, door: Door
    ) -> None:
        self.switches, self.outgoing, self._door = switches, outgoing, door
        self._registrar, self._records = registrar, records
        self._admission = Admission(registrar, switches)
        self._held: dict[str, Held] = {}
        settings = Settings("sip:xai@sip.voice.x.ai", product="xtel-sandbox", media_address="127.0.0.1")
        self.agent = UserAgent(settings, on_call=self._take, ladder=self._pass)
        self.address = self.private = Address("", 0)
        self.trust: ssl.SSLContext | None = None

    @property
    def names(self) -> set[str]:
        """The names of the SIP host, in lower case: the documented one, and the one that the API says."""
        return {NAME, str(self.switches["xai.sip_host"]).lower()}

    async def start(self, authority: Authority) -> None:
        """Takes calls from now on. Raises OSError."""
        tls, self.trust = authority.server(lambda: self.names), authority.client
        self.address = await self.agent.listen("127.0.0.1", 0, tls=tls)
        self.private = await self.agent.listen("127.0.0.1", 0, tls=tls, proxy_protocol=True)

    def _pass(self, step: Step) -> None:
        """Messages of telephones that this sandbox did not place the call of: the other side writes down its own.

        A trunk carries all of its calls over one connection: a message is of the call whose Call-ID it has.
        """
        if step.kind == "sip":
            named = _CALL_ID.search(step.text)
            record = self._records.dialog(named[1]) if named else None
        else:
            record = self._sounding({step.source, step.destination})
        if record is not None:
            record.step(step)

    def _sounding(self, ends: set[str]) -> Record | None:
        """The call from outside whose sound goes from or to an address of ours."""
        for held in self._held.values():
            media = held.call.talk.media
            if held.record.outside and media is not None and f"{media.address}:{media.port}" in ends:
                return held.record
        return None

    def _came(self, call: IncomingCall) -> Record:
        """The record of a call from outside; it is asked for again with credentials."""
        request = call.request
        record = self._records.dialog(request.call_id)
        if record is None:
            user = getattr(request.uri, "user", None) or ""
            record = self._records.outside(request.call_id, getattr(request.from_.uri, "user", None) or "", user)
            # Seen before anybody knew whose it is.
            record.note("sip", (str(call.peer), str(self.address)), request.first_line, str(request))
        record.again()
        return record

    async def _take(self, call: IncomingCall) -> None:
        record = self._records.expected(call.peer) or self._came(call)
        number = self._admission.admit(call)
        if isinstance(number, Failure):
            record.refuse(number)
            return
        record.failure = None
        try:
            id = record.id if record.id not in self._held else str(uuid.uuid4())
            await self._handle(Held(id, call, record, number))
        except SignalingError as error:
            record.refuse(Failure("sip", None, str(error)))
        finally:
            if record.outside:
                record.end()

    async def _handle(self, held: Held) -> None:
        self._held[held.id] = held
        try:
            if held.number.agent:
                await self._answer(held, f"agent:{held.number.agent}")
                await Hosted(held.call, held.record).run()
            elif held.number.webhook is not None:
                await self._announce(held, held.number.webhook)
            else:
                self._refuse(held, Failure("agent", 480, "the number has neither an agent nor a webhook"))
        finally:
            held.over.set()
            del self._held[held.id]

    async def _announce(self, held: Held, webhook: Webhook) -> None:
        """Rings until somebody joins. No document says how a call ends that nobody takes: 480 here."""
        held.call.ring()
        failure = await self._joined(held, webhook)
        if failure is not None:
            self._refuse(held, failure)
            return
        await self._answer(held, f"webhook:{webhook.url}")
        # Not before the call stands: who joined may transfer it at once.
        socket = held.socket.result()
        await socket.accept()
        await Realtime(self._session(socket, held), held.call, held.record).run()
        await held.call.hangup()

    def _session(self, socket: WebSocket, held: Held) -> Session:
        client = f"{socket.client.host}:{socket.client.port}" if socket.client else "client"

        def tell(of_client: bool, event: JsonObject) -> None:
            held.record.event((client, "xai") if of_client else ("xai", client), event)

        phone = Phone(held.call, played=self.switches["xai.call_audio"])
        return self._door.joined(socket, held.number.team, held.id, phone, tell)

    async def _joined(self, held: Held, webhook: Webhook) -> Failure | None:
        headers = [(name, value) for name, value in held.call.request.headers if name in _TOLD or name.startswith("X-")]
        pace = self.switches["xai.webhook_pace"]
        delivery = asyncio.ensure_future(self.outgoing.deliver(webhook, held.record, held.id, headers, pace))
        gone = asyncio.ensure_future(held.call.ended())
        deadline = asyncio.get_running_loop().time() + self.switches["xai.ring_seconds"]
        try:
            waiting: set[asyncio.Future[object]] = {held.socket, delivery, gone}  # type: ignore[arg-type]
            while not held.socket.done() and not gone.done():
                left = deadline - asyncio.get_running_loop().time()
                done, _ = await asyncio.wait(waiting, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
                if delivery in done and (error := delivery.exception()) is not None:
                    return Failure("webhook", 480, str(error))
                waiting.discard(delivery)  # type: ignore[arg-type]
                if not done:
                    undelivered = Failure("webhook", 480, f"{webhook.url} was not reached in time")
                    nobody = held.refused or "nobody joined the call"
                    return Failure("session", 480, nobody) if delivery.done() else undelivered
            if gone.done():
                return Failure("session", 487, "the caller gave up before anybody joined")
            return None
        except Undelivered as error:
            return Failure("webhook", 480, str(error))
        finally:
            for task in (delivery, gone):
                task.cancel()
            await asyncio.gather(delivery, gone, return_exceptions=True)

    async def _answer(self, held: Held, by: str) -> None:
        if held.record.state == "ringing":
            held.record.answered_by = by
        try:
            session = await held.call.answer(encryption=self.switches["xai.sip_encryption"])
        except NotAcceptable as error:
            held.record.refuse(Failure("media", error.status, error.reason))
            raise
        held.record.answer(session)

    @staticmethod
    def _refuse(held: Held, failure: Failure) -> None:
        if held.record.failure is None:  # who hung up first says why
            held.record.refuse(failure)
        if held.call.pending:
            held.call.reject(failure.code or 480)

    # --- joining a call ---

    async def join(self, socket: WebSocket) -> None:
        """``/v1/realtime?call_id=…``: joining is what answers the call."""
        call_id = socket.query_params.get("call_id", "")
        held = self._held.get(call_id)
        try:
            self._admit(socket, held)
        except Refused as refused:
            if held is not None:
                held.refused = f"who joined was refused: {refused.status} {refused.error}"
            await deny(socket, refused.status, refused.error)
        assert held is not None  # else it was refused
        held.record.note("websocket", ("client", "xai"), f"GET /v1/realtime?call_id={call_id}")
        held.socket.set_result(socket)
        await held.over.wait()
        if socket.application_state is WebSocketState.CONNECTING:
            await deny(socket, 404, "call_id_not_found")

    def _admit(self, socket: WebSocket, held: Held | None) -> None:
        """A call of another team is unknown; "ephemeral client secrets are not supported". Raises Refused."""
        client = self._door.client(socket)
        if client.ephemeral:
            raise Refused(401, "Ephemeral client secrets are not supported for SIP call_id sessions.")
        if held is None or held.number.team != client.team or not held.call.pending or held.socket.done():
            raise Refused(404, "call_id_not_found")

    # --- call control ---

    def hangup(self, team: str, call_id: str) -> bool:
        held = self._mine(team, call_id)
        if held is not None:
            self.agent.spawn(self._hang_up(held))
        return held is not None

    async def _hang_up(self, held: Held) -> None:
        if held.call.pending:
            self._refuse(held, Failure("session", 480, "the application hung up before it joined"))
        await held.call.hangup()

    def refer(self, team: str, call_id: str, target: str) -> Awaitable[Failure | None] | None:
        held = self._mine(team, call_id)
        return None if held is None or held.call.pending else self._transfer(held.call, target)

    async def _transfer(self, call: IncomingCall, target: str) -> Failure | None:
        """None: somebody took the call at the target. A failure without a code: nobody said how it went, in time."""
        try:
            async with asyncio.timeout(self.switches["xai.transfer_seconds"]):
                outcome = await (await call.refer(target)).outcome()
        except CallRefused as error:
            # The layer below says 408 where no answer came.
            return Failure("sip", None if error.status == 408 else error.status, error.reason)
        except (TimeoutError, CallEnded):
            return Failure("sip", None, "no outcome")
        if outcome.status >= 300:
            return Failure("sip", outcome.status, outcome.reason)
        await call.hangup()
        return None

    def _mine(self, team: str, call_id: str) -> Held | None:
        held = self._held.get(call_id)
        return held if held is not None and held.number.team == team else None

    async def close(self) -> None:
        """Ends all calls."""
        await self.agent.close()

    async def clear(self) -> None:
        """Ends the calls that there are, and takes new ones. Who never acknowledged a call is not waited for."""
        calls = [*self._held.values()]
        for held in calls:
            self.agent.spawn(held.call.hangup())
        try:
            async with asyncio.timeout(_PATIENCE):
                for held in calls:
                    await held.over.wait()
        except TimeoutError:
            for held in calls:
                held.call.give_up("the sandbox was reset")
