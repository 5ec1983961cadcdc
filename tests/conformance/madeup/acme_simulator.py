"""Acme's API, in memory: two accounts, lines, numbers."""

from __future__ import annotations

import copy
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCOUNTS = {"acme-main-key-0001": "acme-1", "acme-other-key-0002": "acme-2"}


class Acme:
    """The state, and a server on a free loopback port."""

    def __init__(self) -> None:
        self.ids = itertools.count(1)
        self.lines: dict[str, dict[str, Any]] = {}
        self.numbers: dict[str, dict[str, Any]] = {"+14155550100": {"line": ""}}
        self.ignoring = ("", "")
        acme = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(length) or b"{}")
                account = ACCOUNTS.get(self.headers.get("authorization", "").removeprefix("Bearer "))
                before = copy.deepcopy((acme.lines, acme.numbers))
                status, result = acme.serve(account, self.command, self.path.strip("/").split("/"), body)
                if acme.ignoring == (self.command, self.path):
                    acme.ignoring, (acme.lines, acme.numbers) = ("", ""), before
                data = json.dumps(result).encode() if status != 204 else b""
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, account: str | None, method: str, path: list[str], body: dict[str, Any]) -> tuple[int, Any]:
        if account is None:
            return 401, {"error": "who are you"}
        if path == ["account"]:
            return 200, {"id": account}
        if path[0] == "numbers":
            return self.number(method, path[1], body)
        if path == ["lines"] and method == "GET":
            return 200, list(self.lines.values())
        if path == ["lines"]:
            id = f"line-{next(self.ids)}"
            self.lines[id] = {"id": id, **body}
            return 201, self.lines[id]
        if path[1] not in self.lines:
            return 404, {"error": "no such line"}
        if method == "DELETE":
            del self.lines[path[1]]
            return 204, None
        self.lines[path[1]] |= body
        return 200, self.lines[path[1]]

    def number(self, method: str, number: str, body: dict[str, Any]) -> tuple[int, Any]:
        if number not in self.numbers:
            return 404, {"error": "not yours"}
        if method == "PUT":
            self.numbers[number] |= body
        return 200, {"number": number, **self.numbers[number]}
