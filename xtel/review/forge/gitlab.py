"""GitLab's REST API (v4): notes of merge requests, issues. Also GitLab of one's own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from providers.kernel import errors, secrecy
from providers.kernel.secrecy import one_line
from providers.kernel.vendor import checked_base_url
from xtel.review.forge import Change, Note
from xtel.review.forge.wire import Wire, named

TITLE = "GitLab"
_NEED = "the scope `api` and the role Reporter or higher"
#: A line that begins with a slash is a command to GitLab (`/merge`): foreign text must not give one.
_COMMAND = re.compile(r"^(\s*)/", re.MULTILINE)


class GitLab:
    """One project, by its number or path; ``author`` is not needed, every token can ask who it is."""

    title = TITLE

    def __init__(self, repository: str = "", author: str = "") -> None:
        found = os.environ.get("CI_MERGE_REQUEST_PROJECT_ID") or os.environ.get("CI_PROJECT_ID", "")
        self.repository = repository or os.environ.get("CI_PROJECT_PATH", "") or found
        if not (repository or found):
            raise errors.InputError("which project is meant is not known", step="--repository GROUP/PROJECT")
        token = os.environ.get("GITLAB_TOKEN", "")
        if not token:
            raise errors.CredentialError(
                "GITLAB_TOKEN is not set; CI_JOB_TOKEN may not write comments",
                step="a project access token with the scope api, as a masked CI/CD variable GITLAB_TOKEN",
            )
        secrecy.register(token)
        base = checked_base_url("CI_API_V4_URL", os.environ.get("CI_API_V4_URL") or "https://gitlab.com/api/v4")
        self._wire = Wire(TITLE, base, {"PRIVATE-TOKEN": token}, "GITLAB_TOKEN")
        self._wire.subject = self.repository
        self._path, self._author = f"/projects/{quote(repository or found, safe='')}", author
        self.job = job()

    def me(self) -> str:
        """The user name of the token."""
        if not self._author:
            self._author = str(self._wire.ask("GET", "/user", _NEED)["username"])
        return self._author

    def comments(self, request: int) -> Iterator[Note]:
        """Every note of a merge request that somebody wrote."""
        for found in self._wire.pages(self._notes(request), _NEED, sort="asc", order_by="created_at"):
            if not found["system"]:
                yield self._note(request, found)

    def post(self, request: int, body: str) -> Note:
        """Write a new note."""
        return self._note(request, self._wire.ask("POST", self._notes(request), _NEED, body={"body": _plain(body)}))

    def edit(self, request: int, note: int, body: str) -> Note:
        """Give a note another text."""
        path = f"{self._notes(request)}/{note}"
        return self._note(request, self._wire.ask("PUT", path, _NEED, body={"body": _plain(body)}))

    def merged(self, commit: str) -> list[int]:
        """The merge requests whose merge or squash commit this is, or whose last one, where none is made."""
        found = self._wire.pages(f"{self._path}/repository/commits/{commit}/merge_requests", _NEED)
        keys = ("merge_commit_sha", "squash_commit_sha", "sha")
        return [
            int(item["iid"])
            for item in found
            if item["state"] == "merged" and commit in {item.get(key) for key in keys}
        ]

    def issues(self) -> Iterator[Note]:
        """Every open issue of this user."""
        query = {"state": "opened", "scope": "all", "author_username": self.me()}
        for found in self._wire.pages(f"{self._path}/issues", _NEED, **query):
            yield _issue(found)

    def open(self, title: str, body: str) -> Note:
        """Open an issue."""
        told = {"title": title, "description": _plain(body)}
        return _issue(self._wire.ask("POST", f"{self._path}/issues", _NEED, body=told))

    def update(self, issue: int, title: str, body: str, *, close: bool) -> Note:
        """Give an issue another text; it may be closed by that."""
        told = {"title": title, "description": _plain(body), **({"state_event": "close"} if close else {})}
        return _issue(self._wire.ask("PUT", f"{self._path}/issues/{issue}", _NEED, body=told))

    def _notes(self, request: int) -> str:
        self._wire.subject = f"{self.repository}!{request}"
        return f"{self._path}/merge_requests/{request}/notes"

    def _note(self, request: int, found: dict[str, Any]) -> Note:
        page = os.environ.get("CI_MERGE_REQUEST_PROJECT_URL") or os.environ.get("CI_PROJECT_URL", "")
        url = f"{page}/-/merge_requests/{request}#note_{found['id']}" if page else ""
        return Note(int(found["id"]), named(found["author"], "username"), found["body"] or "", url)


def request() -> int:
    """The merge request this job runs for; 0 where it runs for none."""
    number = os.environ.get("CI_MERGE_REQUEST_IID", "")
    return int(number) if number.isdecimal() else 0


def job() -> str:
    """A link to this pipeline."""
    return os.environ.get("CI_PIPELINE_URL", "")


def change() -> Change:
    """The last commit of the merge request's branch and who wrote it, without the address."""
    commit = os.environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or os.environ.get("CI_COMMIT_SHA", "")
    author = os.environ.get("CI_COMMIT_AUTHOR", "").partition("<")[0] or os.environ.get("GITLAB_USER_LOGIN", "")
    url = os.environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_URL") or os.environ.get("CI_PROJECT_URL", "")
    return Change(commit, one_line(author, 80), f"{url}/-/blob/{commit}/" if url and commit else "")


def _issue(found: dict[str, Any]) -> Note:
    author = named(found["author"], "username")
    return Note(int(found["iid"]), author, found["description"] or "", found["web_url"])


def _plain(body: str) -> str:
    return _COMMAND.sub("\\1\N{ZERO WIDTH SPACE}/", body)
