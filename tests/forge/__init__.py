"""A forge on this machine, over real HTTP: what `xtel comment` uses of GitHub and GitLab, as their documents say.

Written from "REST API endpoints for issue comments", "… for issues", "… for commits" (GitHub, version 2022-11-28) and from
"Notes API", "Issues API", "Commits API" (GitLab v4). It imports nothing of ours and refuses what they refuse: no token,
no User-Agent, another media type, a page of over a hundred, a body that is too long, the editing of what somebody else
wrote. What it was asked is in ``log``; ``faults`` are answered first, once each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

TOKEN = "forge-token-0123456789"
_GITHUB_BODY, _GITLAB_BODY = 65_536, 1_000_000


@dataclass
class Store:
    """One repository with its pull requests, comments and issues; logins are whose token it is, and what it may do."""

    repository: str = "acme/phones"
    me: str = "github-actions[bot]"
    #: Whether `GET /user` says who it is: it does not for a job's own GITHUB_TOKEN.
    knows_me: bool = False
    may: set[str] = field(default_factory=lambda: {"pulls:write", "issues:write"})
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: {7: []})
    issues: list[dict[str, Any]] = field(default_factory=list)
    merges: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    faults: list[Callable[[Request], Response | None]] = field(default_factory=list)
    #: Makes the change of the next write and answers this instead.
    after: list[Response] = field(default_factory=list)
    url: str = ""
    ids: int = 1000

    def next(self) -> int:
        self.ids += 1
        return self.ids

    def writes(self) -> list[str]:
        return [line for line in self.log if not line.startswith("GET ")]


class Refused(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, more


def may(store: Store, right: str) -> None:
    area = right.partition(":")[0]
    if right not in store.may and f"{area}:write" not in store.may:
        raise Refused(403, "Resource not accessible by integration")


def paged(request: Request, store: Store, items: list[Any], default: int) -> JSONResponse:
    """A page of a list, with a Link header while there are more (RFC 8288)."""
    size = min(int(request.query_params.get("per_page", default)), 100)
    page = int(request.query_params.get("page", 1))
    rest = len(items) > page * size
    query = {**request.query_params, "page": page + 1}
    following = "&".join(f"{name}={value}" for name, value in query.items())
    # As the real ones do: an address of the forge's own, by the repository's number.
    link = {"link": f'<https://forge.invalid/elsewhere?{following}>; rel="next"'} if rest else {}
    return JSONResponse(items[(page - 1) * size : page * size], headers=link)


def application(store: Store, vendor: Callable[[Request, Store], Any]) -> Starlette:
    async def answer(request: Request) -> Response:
        path = request.scope["raw_path"].decode()
        store.log.append(f"{request.method} {path}")
        for fault in list(store.faults):
            if (said := fault(request)) is not None:
                store.faults.remove(fault)
                return said
        try:
            body = await request.json() if await request.body() else {}
            request.state.body = body
            found = vendor(request, store)
        except Refused as refused:
            return JSONResponse({"message": refused.message}, refused.status, headers=refused.headers)
        if request.method != "GET" and store.after:
            return store.after.pop(0)
        return found

    app = Starlette()
    app.add_route("/{path:path}", answer, methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
    return app


@contextmanager
def serving(store: Store, vendor: Callable[[Request, Store], Any]) -> Generator[Store]:
    """The forge on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(application(store, vendor), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    store.url = f"http://127.0.0.1:{port}"
    try:
        yield store
    finally:
        server.should_exit = True
        thread.join(10)
