"""The application of a network, as far as a call needs one: takes webhooks, joins calls, says what TwiML says.

It listens on this machine alone, and stands in at the sandbox for the URLs that the network names.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs

from providers.kernel.errors import InputError
from xai_resources.webhook import INCOMING, Webhook, WebhookError

_INSTRUCTIONS = "Greet the caller in one sentence."


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that left before it was answered: its side of the call says so."""


class Receiver:
    """Listens from its making to ``close``.

    ``secrets``: signing secrets of the numbers, any of which may have signed a delivery. ``documents``: TwiML by URL and
    called number. ``origin``: of the API by which calls are joined, with ``key``.
    """

    def __init__(
        self, secrets: Mapping[str, str], documents: Mapping[str, Mapping[str, str]], origin: str, key: str
    ) -> None:
        if find_spec("websockets") is None:
            raise InputError("calls need websockets", step="pip install 'xai-telephony[calls]'")
        self._webhook = Webhook(secrets.values()) if secrets else None
        self._documents = list(documents.values())
        self._origin, self._key = origin, key
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        place = f"http://127.0.0.1:{self._server.server_port}"
        #: Where each URL of TwiML, and any webhook, is to be delivered.
        self.calls = f"{place}/calls"
        #: Where an OAuth client gets its token.
        self.tokens = f"{place}/tokens"
        self.twiml = {url: f"{place}/twiml/{index}" for index, url in enumerate(documents)}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self, self.rfile.read(int(self.headers.get("content-length", 0))))

            def do_GET(self) -> None:
                receiver.take(self, self.path.partition("?")[2].encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: what happened stands in the ladder."""

        return Handler

    def take(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answers one request."""
        path = request.path.partition("?")[0]
        if path == "/tokens":
            status, text = 200, json.dumps({"access_token": "sandbox", "token_type": "Bearer"})
        elif path.startswith("/twiml/"):
            status, text = self._spoken(path, body)
        else:
            status, text = self._announced(request, body)
        data = text.encode()
        request.send_response(status)
        request.send_header("content-type", "text/xml" if text else "text/plain")
        request.send_header("content-length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _spoken(self, path: str, body: bytes) -> tuple[int, str]:
        called = parse_qs(body.decode()).get("To", [""])[0]
        text = self._documents[int(path.rpartition("/")[2])].get(called)
        return (200, text) if text else (404, "")

    def _announced(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, str]:
        if self._webhook is None:
            return 401, ""
        try:
            event = self._webhook.verify(body, request.headers.items())
        except WebhookError as error:
            return error.status, ""
        if event.type == INCOMING:
            threading.Thread(target=asyncio.run, args=(self._join(event.call_id),), daemon=True).start()
        return 200, ""

    async def _join(self, call_id: str) -> None:
        """Answers the call, speaks, and stays until it ends. What goes wrong shows at the caller's side."""
        from xai_resources.calls import Call
        from xai_resources.realtime import SessionError

        call, listen = Call(call_id, api_key=self._key, base_url=self._origin), {"type": "server_vad"}
        with suppress(SessionError):
            async with call.join(voice="eve", instructions=_INSTRUCTIONS, turn_detection=listen) as session:
                await session.respond()
                async for _ in session:
                    pass

    def close(self) -> None:
        """Takes nothing more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
