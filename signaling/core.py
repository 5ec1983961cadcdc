"""What calls need of the user agent they belong to: identity, connections, transactions, and who is told."""

from __future__ import annotations

import asyncio
import logging
import secrets
from abc import ABC
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from signaling import ladder, offer
from signaling.connections import Connections
from signaling.dialog import Dialog, Identity
from signaling.errors import ConnectionLost, NotAcceptable, ParseError
from signaling.headers import quoted
from signaling.inspection import METHODS, SUPPORTED
from signaling.layer import Layer, ServerExchange
from signaling.message import Request
from signaling.offer import Codec, Encryption
from signaling.refer import IncomingRefer
from signaling.sessiontimer import MINIMUM
from signaling.transaction import Timers
from signaling.transport import Connection
from signaling.uri import SipUri

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """How a user agent behaves.

    ``identity``: From of its calls. ``media_address``: where it hears RTP, if not where it hears SIP. ``session_expires``:
    seconds, 0 for no session timer in its own calls. ``min_se``: below this a peer is answered 422; RFC 4028 forbids
    less than 90, which only tests do.
    """

    identity: str = "sip:anonymous@anonymous.invalid"
    product: str = "xai-telephony"
    codecs: Sequence[Codec] = offer.CODECS
    encryption: Encryption = "optional"
    media_address: str | None = None
    session_expires: int = 1800
    min_se: int = MINIMUM
    timers: Timers = field(default_factory=Timers)
    connect_timeout: float = 10.0


class Usage(Protocol):
    """A call, as who hands it its requests sees it."""

    @property
    def dialog(self) -> Dialog:
        """Its dialog."""
        ...

    def requested(self, exchange: ServerExchange) -> None:
        """A request within its dialog came."""
        ...

    def acknowledged(self, request: Request) -> None:
        """An ACK within its dialog came."""
        ...

    async def hangup(self) -> None:
        """Ends it."""
        ...


class Core(ABC):
    """The part of a user agent that its calls use."""

    settings: Settings
    layer: Layer
    connections: Connections
    ladder: ladder.Listener | None
    on_refer: Callable[[Any, IncomingRefer], Coroutine[Any, Any, None]] | None

    def __init__(self) -> None:
        self.calls: dict[Identity, Usage] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def token(self) -> str:
        """A word that nobody used before: tags, branches, Call-IDs (§19.3)."""
        return secrets.token_hex(8)

    def via(self, connection: Connection) -> str:
        """A Via with a new branch."""
        place = self.connections.heard_at(connection)
        return f"SIP/2.0/{connection.protocol} {place};branch=z9hG4bK{self.token()};rport"

    def contact(self, connection: Connection, user: str | None = None) -> str:
        """Where requests of a dialog reach this agent: where it listens, else over this very connection."""
        host, _, port = self.connections.heard_at(connection).rpartition(":")
        parameters = (("transport", connection.protocol.lower()),)
        return f"<{SipUri(host, user, int(port), parameters)}>"

    @property
    def allowed(self) -> list[str]:
        """The methods that are taken; REFER only where the application takes it."""
        return [method for method in METHODS if method != "REFER" or self.on_refer]

    def abilities(self) -> list[tuple[str, str]]:
        """Allow, Supported and User-Agent, as INVITE, its 2xx and OPTIONS say them."""
        return [
            ("Allow", ", ".join(self.allowed)),
            ("Supported", ", ".join(SUPPORTED)),
            ("User-Agent", self.settings.product),
        ]

    def explain(self, error: ParseError | NotAcceptable) -> list[tuple[str, str]]:
        """The header fields that belong to a failure."""
        match error.status:
            case 405 | 501:
                return [("Allow", ", ".join(self.allowed))]
            case 415:
                return [("Accept", "application/sdp")]
            case 420:
                return [("Unsupported", error.reason)]
            case 422:
                return [("Min-SE", str(self.settings.min_se))]
            case _:
                return [("Warning", f"399 {self.settings.product} {quoted(error.reason)}")]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something beside everything else; what it raises is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a task of a call failed: %s", error, exc_info=error)

    def add(self, call: Usage) -> None:
        """Requests of this call's dialog go to it."""
        self.calls[call.dialog.identity] = call

    def remove(self, call: Usage) -> None:
        """Requests of this call's dialog are answered 481."""
        self.calls = {identity: known for identity, known in self.calls.items() if known is not call}

    def send(self, connection: Connection, ack: Request) -> None:
        """Sends an ACK; one that gets lost is asked for again by the peer."""
        try:
            self.layer.send(connection, ack)
        except ConnectionLost:
            _log.debug("an ACK was not sent: the connection is closed")

    def report_media(self, source: str, destination: str, line: str) -> None:
        """A step of a media stream."""
        if self.ladder is not None:
            self.ladder(ladder.step(source, destination, "rtp", line))

    def report(self, connection: Connection, text: str, *, sent: bool) -> None:
        """A message that went over the wire."""
        if self.ladder is not None:
            here, there = str(connection.local), str(connection.peer)
            self.ladder(ladder.step(here if sent else there, there if sent else here, "sip", text))
