"""The application of a network, as far as a call needs one: takes webhooks, joins calls, says what TwiML says.

It listens on this machine alone, and stands in at the sandbox for the URLs that the network names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs

from providers.kernel.errors import InputError

#: Seconds that a webhook's time may be off (Standard Webhooks).
_TOLERANCE = 300
_SESSION = {
    "voice": "eve",
    "instructions": "Greet the caller in one sentence.",
    "turn_detection": {"type": "server_vad"},
}


def genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a delivery is signed with this secret (Standard Webhooks, ``v1``); names of ``headers`` in lower case."""
    told = headers.get("webhook-timestamp", "")
    if not told.isdecimal() or abs(now - int(told)) > _TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    signed = f"{headers.get('webhook-id', '')}.{told}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers.get("webhook-signature", "").split(" "))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that left before it was answered: its side of the call says so."""


class Receiver:
    """Listens from its making to ``close``.

    ``secrets``: signing secrets of the numbers, any of which may have signed a delivery. ``documents``: TwiML by URL and
    called number. ``realtime``: where calls are joined, with ``key``.
    """

    def __init__(
        self, secrets: Mapping[str, str], documents: Mapping[str, Mapping[str, str]], realtime: str, key: str
    ) -> None:
        try:
            self._client: Any = importlib.import_module("websockets.sync.client")
            self._wrong: Any = importlib.import_module("websockets.exceptions").WebSocketException
        except ImportError:
            raise InputError("calls need websockets", step="pip install 'xai-telephony[calls]'") from None
        self._secrets, self._documents = secrets, list(documents.values())
        self._realtime, self._key = realtime, key
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
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not any(genuine(secret, headers, body, time.time()) for secret in self._secrets.values()):
            return 401, ""
        event = cast(dict[str, Any], json.loads(body))
        threading.Thread(target=self._join, args=(str(event["data"]["call_id"]),), daemon=True).start()
        return 200, ""

    def _join(self, call_id: str) -> None:
        """Answers the call, speaks, and stays until it ends. What goes wrong shows at the caller's side."""
        url, headers = f"{self._realtime}?call_id={call_id}", {"Authorization": f"Bearer {self._key}"}
        with (
            suppress(OSError, self._wrong),
            self._client.connect(url, additional_headers=headers, proxy=None) as socket,
        ):
            socket.send(json.dumps({"type": "session.update", "session": _SESSION}))
            socket.send(json.dumps({"type": "response.create"}))
            for _ in socket:
                pass

    def close(self) -> None:
        """Takes nothing more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
