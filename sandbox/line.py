"""The server's end of a connection, with one thing HTTP servers do not offer: cutting it without an answer."""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "sandbox.cut"


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
