"""GitLab's half: notes of merge requests, issues, the merge requests of a commit, the current user."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse

from tests.forge import _GITLAB_BODY, TOKEN, Refused, Store, paged

PROJECT = "42"


def answer(request: Request, store: Store) -> JSONResponse:
    if request.headers.get("private-token") != TOKEN:
        raise Refused(401, "401 Unauthorized")
    path = request.scope["raw_path"].decode()
    if path == "/user":
        return JSONResponse({"id": 5, "username": store.me})
    found = re.fullmatch(r"/projects/([^/]+)(/.*)", path)
    if not found or unquote(found[1]) not in {PROJECT, store.repository}:
        raise Refused(404, "404 Project Not Found")
    routes = {
        r"GET /merge_requests/(\d+)/notes": _list,
        r"POST /merge_requests/(\d+)/notes": _post,
        r"PUT /merge_requests/(\d+)/notes/(\d+)": _edit,
        r"GET /repository/commits/([0-9a-f]+)/merge_requests": _merges,
        r"GET /issues": _issues,
        r"POST /issues": _open,
        r"PUT /issues/(\d+)": _update,
    }
    for route, does in routes.items():
        if match := re.fullmatch(route, f"{request.method} {found[2]}"):
            if request.method != "GET" and "api" not in store.may:
                raise Refused(403, "403 Forbidden")
            return does(request, store, *match.groups())
    raise Refused(404, "404 Not Found")


def note(store: Store, number: int, login: str, body: str, system: bool = False) -> dict[str, Any]:
    made = {"id": store.next(), "author": {"username": login}, "body": body, "system": system}
    store.comments[number].append(made)
    return made


def _of(store: Store, number: str) -> list[dict[str, Any]]:
    if int(number) not in store.comments:
        raise Refused(404, "404 Merge Request Not Found")
    return store.comments[int(number)]


def _text(request: Request, key: str) -> str:
    body = request.state.body.get(key) or ""
    if not body and key == "body":
        raise Refused(400, '400 (Bad request) "Note {:note=>["can\'t be blank"]}" not given')
    if len(body) > _GITLAB_BODY:
        raise Refused(400, "note is too long (maximum is 1000000 characters)")
    assert not re.search(r"(?m)^\s*/\w", body), "a quick action was given"
    return body


def _list(request: Request, store: Store, number: str) -> JSONResponse:
    newest_first = request.query_params.get("sort", "desc") == "desc"
    return paged(request, store, _of(store, number)[:: -1 if newest_first else 1], 20)


def _post(request: Request, store: Store, number: str) -> JSONResponse:
    _of(store, number)
    return JSONResponse(note(store, int(number), store.me, _text(request, "body")), 201)


def _edit(request: Request, store: Store, number: str, id: str) -> JSONResponse:
    for found in _of(store, number):
        if found["id"] == int(id):
            if found["author"]["username"] != store.me:
                raise Refused(403, "403 Forbidden")
            found["body"] = _text(request, "body")
            return JSONResponse(found)
    raise Refused(404, "404 Note Not Found")


def _merges(request: Request, store: Store, commit: str) -> JSONResponse:
    if commit not in store.merges:
        raise Refused(404, "404 Commit Not Found")
    return paged(request, store, store.merges[commit], 20)


def _issues(request: Request, store: Store) -> JSONResponse:
    query = request.query_params
    assert query.get("scope") == "all"
    found = [item for item in store.issues if item["state"] == query.get("state")]
    found = [item for item in found if item["author"]["username"] == query.get("author_username")]
    return paged(request, store, found, 20)


def _open(request: Request, store: Store) -> JSONResponse:
    number = store.next()
    made = {
        "iid": number,
        "author": {"username": store.me},
        "title": request.state.body["title"],
        "description": _text(request, "description"),
        "state": "opened",
        "web_url": f"https://gitlab.example/{store.repository}/-/issues/{number}",
    }
    store.issues.append(made)
    return JSONResponse(made, 201)


def _update(request: Request, store: Store, number: str) -> JSONResponse:
    told = dict(request.state.body)
    for found in store.issues:
        if found["iid"] == int(number):
            if told.pop("state_event", "") == "close":
                found["state"] = "closed"
            found.update(title=told["title"], description=_text(request, "description"))
            return JSONResponse(found)
    raise Refused(404, "404 Issue Not Found")
