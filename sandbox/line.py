"""The server's end of a connection, with one thing HTTP servers do not offer: cutting it without an answer."""

from __future__ import annotations

import asyncio
from typing import NoReturn, cast

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected

CUT = "sandbox.cut"


async def deny(socket: WebSocket, status: int, error: str) -> NoReturn:
    """Answer a WebSocket's handshake by an HTTP error, and leave.

    uvicorn 0.54 takes an application that returns after this for one that forgot to answer, and says so in its log:
    what it expects where nobody is there any more is this exception of its own.
    """
    await socket.send_denial_response(JSONResponse({"error": error}, status))
    raise ClientDisconnected


class Line(H11Protocol):
    """uvicorn's own protocol; each request finds, as an ASGI extension, the function that cuts its connection.

    An application that merely raises gets a 500 written for it. Aborting the transport closes the socket with
    nothing written, which is what a client sees when a server dies or a middlebox gives up.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = cast(ASGIApp, self.app)

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope["extensions"] = {CUT: {"abort": transport.abort}}
            await app(scope, receive, send)

        self.app = with_cut
