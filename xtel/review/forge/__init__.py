"""Where pull requests live: GitHub or GitLab, as a pipeline's environment says. Only what comments and issues need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Note:
    """A comment, or an issue, as the forge holds it."""

    id: int
    author: str
    body: str
    url: str

    @property
    def marker(self) -> str:
        """Its first line: what is quoted further down marks nothing."""
        return self.body.partition("\n")[0].strip()


@dataclass(frozen=True)
class Change:
    """The change that a job runs for, as its environment says; empty where it does not."""

    commit: str = ""
    author: str = ""
    #: What a file's path in the repository is added to, to read it at that commit.
    files: str = ""


class Forge(Protocol):
    """One repository at a forge; every method may raise XtelError."""

    title: str
    #: What messages call this repository.
    repository: str
    #: A link to the job that runs this, or nothing.
    job: str

    def me(self) -> str:
        """The login under which this token writes."""
        ...

    def comments(self, request: int) -> Iterator[Note]:
        """Every comment of a pull or merge request, over all pages, the oldest first."""
        ...

    def post(self, request: int, body: str) -> Note:
        """Write a new comment."""
        ...

    def edit(self, request: int, note: int, body: str) -> Note:
        """Give a comment another text."""
        ...

    def merged(self, commit: str) -> list[int]:
        """The pull or merge requests that a commit of the main branch is the merge of."""
        ...

    def issues(self) -> Iterator[Note]:
        """Every open issue that this token's login opened."""
        ...

    def open(self, title: str, body: str) -> Note:
        """Open an issue."""
        ...

    def update(self, issue: int, title: str, body: str, *, close: bool) -> Note:
        """Give an issue another text; it may be closed by that."""
        ...
