"""GitHub's half: issue comments, issues, the pull requests of a commit, the authenticated user."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from tests.forge import _GITHUB_BODY, TOKEN, Refused, Store, may, paged


def answer(request: Request, store: Store) -> JSONResponse:
    if not request.headers.get("user-agent"):
        raise Refused(
            403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
        )
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise Refused(401, "Bad credentials")
    if request.headers.get("accept") != "application/vnd.github+json":
        raise Refused(415, "Must accept 'application/json'")
    if request.headers.get("x-github-api-version") not in {None, "2022-11-28"}:
        raise Refused(400, "API version is not supported")
    path, base = request.url.path, re.escape(f"/repos/{store.repository}")
    if path == "/user":
        return _user(store)
    routes = {
        rf"GET {base}/issues/(\d+)/comments": _list,
        rf"POST {base}/issues/(\d+)/comments": _post,
        rf"PATCH {base}/issues/comments/(\d+)": _edit,
        rf"GET {base}/commits/([0-9a-f]+)/pulls": _pulls,
        rf"GET {base}/issues": _issues,
        rf"POST {base}/issues": _open,
        rf"PATCH {base}/issues/(\d+)": _update,
    }
    for route, found in routes.items():
        if match := re.fullmatch(route, f"{request.method} {path}"):
            return found(request, store, *match.groups())
    raise Refused(404, "Not Found")


def comment(store: Store, number: int, login: str, body: str) -> dict[str, Any]:
    made = {
        "id": store.next(),
        "user": {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"},
        "body": body,
        "html_url": f"https://github.example/{store.repository}/pull/{number}#issuecomment-{store.ids}",
    }
    store.comments[number].append(made)
    return made


def _user(store: Store) -> JSONResponse:
    if not store.knows_me:
        raise Refused(403, "Resource not accessible by integration")
    return JSONResponse({"login": store.me, "id": 1, "type": "User"})


def _text(request: Request, required: bool = True) -> str:
    body = request.state.body.get("body")
    if required and not body:
        raise Refused(422, 'Invalid request. "body" wasn\'t supplied.')
    if len(body or "") > _GITHUB_BODY:
        raise Refused(422, "Body is too long (maximum is 65536 characters)")
    return body or ""


def _list(request: Request, store: Store, number: str) -> JSONResponse:
    may(store, "pulls:read")
    if int(number) not in store.comments:
        raise Refused(404, "Not Found")
    return paged(request, store, store.comments[int(number)], 30)


def _post(request: Request, store: Store, number: str) -> JSONResponse:
    may(store, "pulls:write")
    if int(number) not in store.comments:
        raise Refused(404, "Not Found")
    return JSONResponse(comment(store, int(number), store.me, _text(request)), 201)


def _edit(request: Request, store: Store, id: str) -> JSONResponse:
    may(store, "pulls:write")
    for found in (item for items in store.comments.values() for item in items):
        if found["id"] == int(id):
            assert found["user"]["login"] == store.me, "somebody else's comment was edited"
            found["body"] = _text(request)
            return JSONResponse(found)
    raise Refused(404, "Not Found")


def _pulls(request: Request, store: Store, commit: str) -> JSONResponse:
    may(store, "pulls:read")
    if commit not in store.merges:
        raise Refused(422, f"No commit found for SHA: {commit}")
    return paged(request, store, store.merges[commit], 30)


def _issues(request: Request, store: Store) -> JSONResponse:
    may(store, "issues:read")
    query = request.query_params
    found = [item for item in store.issues if item["state"] == query.get("state", "open")]
    if creator := query.get("creator"):
        found = [item for item in found if item["user"]["login"] == creator]
    return paged(request, store, found, 30)


def issue(store: Store, login: str, title: str, body: str, **more: Any) -> dict[str, Any]:
    number = store.next()
    url = f"https://github.example/{store.repository}/issues/{number}"
    made = {"number": number, "user": {"login": login}, "title": title, "body": body, "state": "open", "html_url": url}
    store.issues.append({**made, **more})
    return store.issues[-1]


def _open(request: Request, store: Store) -> JSONResponse:
    may(store, "issues:write")
    title = request.state.body.get("title")
    if not title or len(title) > 256:
        raise Refused(422, "Validation Failed")
    return JSONResponse(issue(store, store.me, title, _text(request, required=False)), 201)


def _update(request: Request, store: Store, number: str) -> JSONResponse:
    may(store, "issues:write")
    told = request.state.body
    if set(told) - {"title", "body", "state", "state_reason"} or told.get("state") not in {None, "open", "closed"}:
        raise Refused(422, "Validation Failed")
    for found in store.issues:
        if found["number"] == int(number):
            assert found["user"]["login"] == store.me, "somebody else's issue was edited"
            found.update(told)
            return JSONResponse(found)
    raise Refused(404, "Not Found")
