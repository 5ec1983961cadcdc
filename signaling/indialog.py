"""Requests of ours within a dialog (RFC 3261 §12.2.1): over its connection, with its routes, challenges answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from signaling.core import Core
from signaling.dialog import Dialog
from signaling.digest import DigestClient
from signaling.errors import CallEnded, SignalingError
from signaling.headers import Headers
from signaling.message import Request, Response
from signaling.transport import Connection


class InDialog:
    """A dialog and the connection that carries it. ``user``: that of this side's Contact."""

    def __init__(self, agent: Core, connection: Connection, user: str | None) -> None:
        self.agent = agent
        self.connection = connection
        self._user = user
        self._dialog: Dialog | None = None
        self._digest: DigestClient | None = None

    @property
    def dialog(self) -> Dialog:
        """The dialog. Raises CallEnded where there is none (yet)."""
        if self._dialog is None:
            raise CallEnded("the call is not answered")
        return self._dialog

    def _contact(self) -> list[tuple[str, str]]:
        return [("Contact", self.agent.contact(self.connection, self._user))]

    async def transact(self, method: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Response:
        """Sends a request within the dialog and returns its final answer; answers a challenge, and a 2xx by its ACK.

        Raises CallRefused 408 when none comes, and ConnectionLost.
        """
        more: dict[str, str] = {}
        given = list(headers)
        while True:
            request = self.dialog.request(method, [*given, *more.items()], body)
            answer = await self._exchange(request)
            found = self._digest.answer(answer, request) if self._digest else None
            if found is None:
                return answer
            more[found[0]] = found[1]

    async def _exchange(self, request: Request) -> Response:
        self.connection = await self.agent.connections.flow(self.connection, self.dialog.next_hop)
        with_via(request, self.agent.via(self.connection))
        final: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def outcome(answer: Response | SignalingError) -> None:
            if isinstance(answer, Response):
                if request.method == "INVITE" and 200 <= answer.status < 300:
                    self.acknowledge(request)
                if answer.final and not final.done():
                    final.set_result(answer)
            elif not final.done():
                final.set_exception(answer)

        self.agent.layer.request(self.connection, request, outcome)
        return await final

    def acknowledge(self, invite: Request, body: bytes = b"") -> None:
        """Sends the ACK of a 2xx, with the credentials of its INVITE (RFC 3261 §22.1)."""
        names = ("Authorization", "Proxy-Authorization")
        headers = [(name, value) for name in names for value in invite.headers.all(name)]
        ack = self.dialog.ack(invite.cseq.number, headers, body)
        self.agent.send(self.connection, with_via(ack, self.agent.via(self.connection)))


def with_via(request: Request, via: str) -> Request:
    """The same request with this Via on top."""
    request.headers = Headers([("Via", via), *request.headers])
    return request
