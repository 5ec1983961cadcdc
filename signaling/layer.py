"""Runs transaction machines over connections: matching (RFC 3261 §17.1.3 and §17.2.3), timers, failures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from signaling.errors import CallRefused, ConnectionLost, SignalingError
from signaling.headers import CSeq
from signaling.message import Request, Response
from signaling.transaction import (
    Action,
    Deliver,
    InviteClient,
    InviteServer,
    Key,
    NonInviteClient,
    NonInviteServer,
    Send,
    State,
    TimedOut,
    Timers,
    client_key,
    server_key,
)
from signaling.transport import Connection

_log = logging.getLogger(__name__)
Outcome = Callable[[Response | SignalingError], None]


class User(Protocol):
    """The transaction user: who answers requests and sees what goes over the wire."""

    def requested(self, exchange: ServerExchange) -> None:
        """A new request came."""
        ...

    def acknowledged(self, connection: Connection, request: Request) -> None:
        """An ACK came that belongs to no failure: it is of a 2xx."""
        ...

    def passed(self, connection: Connection, message: Request | Response, *, sent: bool) -> None:
        """A message went over the wire."""
        ...


class _Exchange:
    """A machine, its connection and its timer."""

    def __init__(self, layer: Layer, connection: Connection) -> None:
        self.connection = connection
        self._layer = layer
        self._timer: asyncio.TimerHandle | None = None

    def _run(
        self, machine: InviteClient | NonInviteClient | InviteServer | NonInviteServer, actions: list[Action]
    ) -> None:
        for action in actions:
            if isinstance(action, Send):
                self._send(action.message)
            elif isinstance(action, Deliver):
                self.deliver(action.message)
            else:
                self.fail(CallRefused(408, "Request Timeout") if isinstance(action, TimedOut) else self._lost())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if machine.state is State.TERMINATED:
            self.forget()
        elif machine.deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(machine.deadline, self.expire)

    def _send(self, message: Request | Response) -> None:
        try:
            self._layer.send(self.connection, message)
        except ConnectionLost:
            # The layer tells all exchanges of a lost connection, this one among them.
            _log.debug("%s was not sent: the connection is closed", message.first_line)

    def _lost(self) -> ConnectionLost:
        return ConnectionLost(f"the connection to {self.connection.peer} was closed before the answer came")

    def deliver(self, message: Request | Response) -> None:
        raise NotImplementedError

    def fail(self, error: SignalingError) -> None:
        raise NotImplementedError

    def expire(self) -> None:
        raise NotImplementedError

    def forget(self) -> None:
        raise NotImplementedError


class ClientExchange(_Exchange):
    """A request of ours and its answers; ``outcome`` is told each response, or the one failure."""

    def __init__(self, layer: Layer, connection: Connection, request: Request, outcome: Outcome) -> None:
        super().__init__(layer, connection)
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        self.machine = kind(request, layer.timers)
        self._outcome = outcome
        self.key = client_key(request)

    def start(self) -> None:
        self._run(self.machine, self.machine.start(self._layer.now()))

    def receive(self, response: Response) -> None:
        self._run(self.machine, self.machine.receive(response, self._layer.now()))

    def expire(self) -> None:
        self._run(self.machine, self.machine.timeout(self._layer.now()))

    def disconnect(self) -> None:
        self._run(self.machine, self.machine.transport_failed())

    def deliver(self, message: Request | Response) -> None:
        if isinstance(message, Response):
            self._outcome(message)

    def fail(self, error: SignalingError) -> None:
        self._outcome(error)

    def forget(self) -> None:
        self._layer.clients.pop(self.key, None)


class ServerExchange(_Exchange):
    """A request of the peer, to be answered by ``respond``.

    ``on_failure`` is called when the connection goes, or nobody acknowledges a final answer.
    """

    def __init__(self, layer: Layer, connection: Connection, request: Request) -> None:
        super().__init__(layer, connection)
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        self.request = request
        self.machine = kind(request, layer.timers)
        self.key = server_key(request)
        self.on_failure: Callable[[SignalingError], None] = lambda error: None
        self.on_cancel: Callable[[], None] = lambda: None

    @cached_property
    def origin(self) -> tuple[str, str | None, CSeq]:
        """What a request keeps on every way (§8.2.2.2); read once, as each INVITE is compared with all that there are."""
        return self.request.call_id, self.request.from_.tag, self.request.cseq

    def start(self) -> None:
        self._run(self.machine, self.machine.start(self._layer.now()))

    def respond(self, response: Response) -> None:
        """Sends an answer; what the machine's state does not allow any more is dropped."""
        self._run(self.machine, self.machine.respond(response, self._layer.now()))

    def receive(self, request: Request) -> None:
        self._run(self.machine, self.machine.receive(request, self._layer.now()))

    def expire(self) -> None:
        self._run(self.machine, self.machine.timeout(self._layer.now()))

    def disconnect(self) -> None:
        self._run(self.machine, self.machine.transport_failed())

    def deliver(self, message: Request | Response) -> None:
        if message is self.request:
            self._layer.user.requested(self)
        elif isinstance(message, Request):
            self._layer.user.acknowledged(self.connection, message)

    def fail(self, error: SignalingError) -> None:
        self.on_failure(error)

    def forget(self) -> None:
        self._layer.servers.pop(self.key, None)


class Layer:
    """All transactions of one user agent."""

    def __init__(self, user: User, timers: Timers) -> None:
        self.user = user
        self.timers = timers
        self.clients: dict[Key, ClientExchange] = {}
        self.servers: dict[Key, ServerExchange] = {}

    def now(self) -> float:
        """The event loop's clock."""
        return asyncio.get_running_loop().time()

    def send(self, connection: Connection, message: Request | Response) -> None:
        """Puts a message on the wire. Raises ConnectionLost."""
        connection.send(message.encode())
        self.user.passed(connection, message, sent=True)

    def request(self, connection: Connection, request: Request, outcome: Outcome) -> ClientExchange:
        """Sends a request of ours."""
        exchange = ClientExchange(self, connection, request, outcome)
        self.clients[exchange.key] = exchange
        if connection.closed:
            exchange.disconnect()
        else:
            exchange.start()
        return exchange

    def receive(self, connection: Connection, message: Request | Response) -> None:
        """A message came."""
        self.user.passed(connection, message, sent=False)
        if isinstance(message, Response):
            client = self.clients.get(client_key(message))
            if client is not None:
                client.receive(message)
            return
        server = self.servers.get(server_key(message))
        if server is not None:
            server.receive(message)
        elif message.method == "ACK":
            self.user.acknowledged(connection, message)
        else:
            exchange = ServerExchange(self, connection, message)
            self.servers[exchange.key] = exchange
            exchange.start()

    def invited(self, cancel: Request) -> ServerExchange | None:
        """The INVITE that a CANCEL is for (§9.2)."""
        return self.servers.get(server_key(cancel, "INVITE"))

    def merged(self, exchange: ServerExchange) -> bool:
        """Whether the same INVITE is under way already, having come by another way (§8.2.2.2)."""
        return any(each.origin == exchange.origin for each in self.servers.values() if each is not exchange)

    def lost(self, connection: Connection) -> None:
        """A connection is gone: nobody who waits on it is answered any more."""
        for exchange in [*self.clients.values(), *self.servers.values()]:
            if exchange.connection is connection:
                exchange.disconnect()
