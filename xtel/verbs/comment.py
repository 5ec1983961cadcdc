"""Post plans as one comment of a pull request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xtel import terminal
from xtel.verbs import Json, complete_stack, stack_name

if TYPE_CHECKING:
    from xtel.review.forge import Forge, Note


class Where(StrEnum):
    """Who hosts the repository."""

    github, gitlab = "github", "gitlab"


def comment(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE...", help="What `xtel plan --json` printed, a file per stack.")
    ] = None,
    *,
    pr: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Pull or merge request; a job knows its own.")
    ] = None,
    forge: Annotated[Where | None, typer.Option(help="Who hosts it; a job knows.")] = None,
    repository: Annotated[str, typer.Option(metavar="OWNER/NAME", help="A job knows its own.")] = "",
    author: Annotated[str, typer.Option("--as", metavar="LOGIN", help="Whom the token writes as; of an app's.")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="Keeps apart the comments of several projects.")] = "",
    checksum: Annotated[
        str,
        typer.Option(
            metavar="STACK",
            callback=stack_name,
            autocompletion=complete_stack,
            help="Print the checksum that was reviewed, instead.",
        ),
    ] = "",
    commit: Annotated[str, typer.Option(metavar="SHA", help="With --checksum: the merge; a job knows its own.")] = "",
    rehearsed: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="What `xtel rehearse --json` printed of a stack; once for each."),
    ] = None,
    drift: Annotated[
        bool, typer.Option("--drift", help="FILEs of `xtel drift --json`, of trace and call too: keep one issue.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it, ask nobody.")] = False,
    json: Json = False,
) -> None:
    """Post the plans of a pull request as one comment of it, or edit the one that is there.

    A FILE that is missing or empty stands for a plan that failed: the comment says so, and why, when the .log beside
    it (what `xtel plan` wrote to stderr) holds an error. The token comes from GITHUB_TOKEN or GITLAB_TOKEN.
    docs/pipelines.md shows whole pipelines, and what the token must be allowed.

    \b
    Examples:
      xtel comment plans/prod.json plans/eu.json
      xtel comment plans/prod.json --dry-run
      xtel comment plans/prod.json --rehearsed plans/prod.rehearsal.json
      xtel comment --checksum prod
      xtel comment --drift drift/prod.json

    Exit codes: 0 done, 1 error (with --checksum also: none was reviewed).
    """
    paths = [Path(file) for file in files or []]
    if bool(paths) == bool(checksum):
        raise typer.BadParameter("expected either files or --checksum STACK", param_hint="FILE")
    if name and not re.fullmatch(r"[A-Za-z0-9._/]+(-[A-Za-z0-9._/]+)*", name):
        raise typer.BadParameter("expected letters, digits, dots, slashes and single dashes", param_hint="--name")
    place = _Place(forge.value if forge else "", repository, author, pr or 0)
    if checksum:
        sum = _reviewed(place, checksum, commit, name)
        return terminal.document({"stack": checksum, "checksum": sum}) if json else terminal.line(sum)
    work = (
        _track(place, paths, dry_run=dry_run)
        if drift
        else _publish(place, paths, name, rehearsed or [], dry_run=dry_run)
    )
    if isinstance(work, str):
        return terminal.document({"done": "printed", "url": "", "body": work}) if json else terminal.raw(work)
    note, done = work
    if json:
        return terminal.document({"done": done, "url": note.url if note else ""})
    return terminal.line(f"{done} {note.url}".rstrip() if note else "no drift, and no issue")


@dataclass(frozen=True)
class _Place:
    """What the command line says of where to; a job knows the rest."""

    forge: str
    repository: str
    author: str
    request: int

    def at(self) -> Forge:
        """The forge itself."""
        from xtel.review import comment as posting

        return posting.at(self.forge, self.repository, self.author)


def _reviewed(place: _Place, stack: str, commit: str, name: str) -> str:
    """The checksum in the comment of the request that was merged."""
    from xtel.review import comment as posting

    at = place.at()
    return posting.checksum(at, stack, [place.request] if place.request else posting.merged(at, commit), name)


def _publish(
    place: _Place, paths: list[Path], name: str, rehearsed: list[str], *, dry_run: bool
) -> str | tuple[Note, str]:
    """The comment and what was done with it; its text where nobody is to be asked."""
    from xtel.review import comment as posting
    from xtel.review.report import comment as text

    entries = posting.plans(paths, [Path(file) for file in rehearsed])
    body = text.comment(
        entries, posting.links(entries), name=name, job=posting.job(place.forge), planned=posting.planned(paths)
    )
    if dry_run:
        return body
    at = place.at()
    note, done = posting.publish(at, posting.request(place.forge, place.request), body)
    if note.author != at.me():
        terminal.note(f"the token writes as {note.author}: give --as '{note.author}', or the next run posts again")
    return note, done


def _track(place: _Place, paths: list[Path], *, dry_run: bool) -> str | tuple[Note | None, str]:
    """The issue about drift and what was done with it; its text where nobody is to be asked."""
    from xtel.review import comment as posting
    from xtel.review.report import outside

    found = posting.drifts(paths)
    if dry_run:
        return f"{outside.title(found)}\n\n{outside.body(found, posting.job(place.forge))}"
    return posting.track(place.at(), found)
