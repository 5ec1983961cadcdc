"""GitHub's REST API (version 2022-11-28): comments of pull requests, issues. Also GitHub Enterprise Server."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from providers.kernel import errors, reading, secrecy
from providers.kernel.conventions import ApiConventions, RateHeaders
from providers.kernel.secrecy import one_line
from providers.kernel.vendor import checked_base_url
from xtel.review.forge import Change, Note
from xtel.review.forge.wire import Wire, named

TITLE = "GitHub"
#: Under this login every job's own GITHUB_TOKEN writes; `GET /user` is closed to it.
ACTIONS = "github-actions[bot]"
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_READ, _WRITE = "`pull-requests: read` in the job's permissions", "`pull-requests: write` in the job's permissions"
_ISSUES = "`issues: write` in the job's permissions"


#: "Too fast" is also a 403 here, and the reset header names a time.
_CONVENTIONS = ApiConventions(
    request_id_headers=("x-github-request-id",),
    rate=RateHeaders("x-ratelimit-remaining", "x-ratelimit-reset", epoch=True, statuses=frozenset({403})),
)


class GitHub:
    """One repository; ``author`` is the login of the token, where it cannot be asked."""

    title = TITLE

    def __init__(self, repository: str = "", author: str = "") -> None:
        self.repository = repository or os.environ.get("GITHUB_REPOSITORY", "")
        if not _REPOSITORY.fullmatch(self.repository):
            raise errors.InputError("which repository is meant is not known", step="--repository OWNER/NAME")
        token = os.environ.get("GITHUB_TOKEN", "")
        if not token:
            raise errors.CredentialError(
                "GITHUB_TOKEN is not set", step="in the step's env: GITHUB_TOKEN: ${{ github.token }}"
            )
        secrecy.register(token)
        base = checked_base_url("GITHUB_API_URL", os.environ.get("GITHUB_API_URL") or "https://api.github.com")
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._wire = Wire(TITLE, base, headers, "GITHUB_TOKEN", _CONVENTIONS)
        self._wire.subject = self.repository
        self._path, self._author = f"/repos/{self.repository}", author
        self.job = job()

    def me(self) -> str:
        """The login: as given, as `GET /user` says, or of Actions' own token, to which that is closed."""
        if not self._author:
            try:
                self._author = str(self._wire.ask("GET", "/user", "to be a person's")["login"])
            except errors.Denied:
                if os.environ.get("GITHUB_ACTIONS") != "true":
                    raise errors.InputError(
                        "GitHub does not say whose token this is", step="--as LOGIN, such as --as 'my-app[bot]'"
                    ) from None
                self._author = ACTIONS
        return self._author

    def comments(self, request: int) -> Iterator[Note]:
        """Every comment of a pull request."""
        self._about(request)
        for found in self._wire.pages(f"{self._path}/issues/{request}/comments", _READ):
            yield _note(found)

    def post(self, request: int, body: str) -> Note:
        """Write a new comment."""
        self._about(request)
        return _note(self._wire.ask("POST", f"{self._path}/issues/{request}/comments", _WRITE, body={"body": body}))

    def edit(self, request: int, note: int, body: str) -> Note:
        """Give a comment another text."""
        self._about(request)
        return _note(self._wire.ask("PATCH", f"{self._path}/issues/comments/{note}", _WRITE, body={"body": body}))

    def merged(self, commit: str) -> list[int]:
        """The pull requests whose merge, squash or last rebased commit this is."""
        found = self._wire.pages(f"{self._path}/commits/{commit}/pulls", _READ)
        return [int(pull["number"]) for pull in found if pull["merged_at"] and pull["merge_commit_sha"] == commit]

    def issues(self) -> Iterator[Note]:
        """Every open issue of this login; GitHub lists pull requests among them."""
        for found in self._wire.pages(f"{self._path}/issues", _ISSUES, state="open", creator=self.me()):
            if "pull_request" not in found:
                yield _issue(found)

    def open(self, title: str, body: str) -> Note:
        """Open an issue."""
        return _issue(self._wire.ask("POST", f"{self._path}/issues", _ISSUES, body={"title": title, "body": body}))

    def update(self, issue: int, title: str, body: str, *, close: bool) -> Note:
        """Give an issue another text; it may be closed by that."""
        state = {"state": "closed", "state_reason": "completed"} if close else {}
        told = {"title": title, "body": body, **state}
        return _issue(self._wire.ask("PATCH", f"{self._path}/issues/{issue}", _ISSUES, body=told))

    def _about(self, request: int) -> None:
        self._wire.subject = f"{self.repository}#{request}"


def request() -> int:
    """The pull request this job runs for; 0 where it runs for none."""
    try:
        return int(_event("pull_request", "number"))
    except ValueError:
        found = re.fullmatch(r"refs/pull/(\d+)/\w+", os.environ.get("GITHUB_REF", ""))
        return int(found[1]) if found else 0


def job() -> str:
    """A link to this run."""
    server, run = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_RUN_ID", "")
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def change() -> Change:
    """The last commit of the pull request and who opened it; of a push its commit and who wrote that."""
    commit = _event("pull_request", "head", "sha") or os.environ.get("GITHUB_SHA", "")
    author = _event("pull_request", "user", "login") or _event("head_commit", "author", "name")
    server, repository = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    files = f"{server}/{repository}/blob/{commit}/" if server and repository and commit else ""
    return Change(commit, one_line(author or os.environ.get("GITHUB_ACTOR", ""), 80), files)


def _event(*path: str) -> str:
    """What the event that started this job says there; nothing where it does not, or where there is none."""
    try:
        found: Any = json.loads(reading.text(Path(os.environ.get("GITHUB_EVENT_PATH", "")), reading.RECORDED))
        for name in path:
            found = found[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return str(found) if isinstance(found, str | int) else ""


def _note(found: dict[str, Any]) -> Note:
    return Note(int(found["id"]), named(found["user"], "login"), found["body"] or "", found["html_url"])


def _issue(found: dict[str, Any]) -> Note:
    return Note(int(found["number"]), named(found["user"], "login"), found["body"] or "", found["html_url"])
