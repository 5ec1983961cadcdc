"""The ASGI application: takes requests off the wire, and cuts connections where a fault says so."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from sandbox import callers
from sandbox.control import control
from sandbox.edge.desk import Desk
from sandbox.exchange import Answer, Call, pairs
from sandbox.line import CUT, deny
from sandbox.network import Network

CONTROL = "/_sandbox"
REALTIME = "/v1/realtime"


class Sandbox:
    """`/_sandbox` goes to the control API; everything else is a call to a vendor."""

    def __init__(self, network: Network, desk: Desk) -> None:
        self.network, self.desk = network, desk
        self.control = control(network, desk)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._connect(WebSocket(scope, receive, send))
            return
        if scope["type"] != "http":
            return
        if stranger := callers.refused(scope):
            await JSONResponse({"error": stranger}, 403)(scope, receive, send)
            return
        path = scope["path"]
        if path == CONTROL or path.startswith(CONTROL + "/"):
            await self.control(scope, receive, send)
            return
        try:
            call = await _call(Request(scope, receive))
        except ClientDisconnect:
            return  # gone before the request was complete: nothing arrived
        answer = await self.network.serve(call)
        if answer is None:
            await _cut(scope, receive)
            return
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        if answer.status in (204, 304):
            headers = dict(answer.headers)
        response = Response(answer.body, answer.status, headers)
        if answer.drip and answer.body:
            response = StreamingResponse(self._dripping(answer), answer.status, headers)
        await response(scope, receive, send)

    async def _connect(self, socket: WebSocket) -> None:
        """The one WebSocket that there is: a realtime session."""
        refused = callers.refused(socket.scope) or ("" if socket.url.path == REALTIME else "no such WebSocket")
        if refused:
            await deny(socket, 403, refused)
        await self.desk.join(socket)

    async def _dripping(self, answer: Answer) -> AsyncIterator[bytes]:
        for index in range(len(answer.body)):
            if not await self.network.pause(answer.drip):
                return
            yield answer.body[index : index + 1]


async def _call(request: Request) -> Call:
    return Call(
        method=request.method,
        path=request.scope["path"],
        query=pairs(request.scope["query_string"]),
        headers=dict(request.headers.items()),
        body=await request.body(),
        origin=f"http://{request.headers.get('host', request.url.netloc)}",
    )


async def _cut(scope: Scope, receive: Receive) -> None:
    scope["extensions"][CUT]["abort"]()
    # The server learns of the cut in its next turn; returning earlier would have it complain of a missing answer.
    while (await receive())["type"] != "http.disconnect":
        pass
