"""Post plans as one comment of a pull request."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xtel import output
from xtel.verbs import Json


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
    checksum: Annotated[str, typer.Option(metavar="STACK", help="Print the checksum that was reviewed, instead.")] = "",
    commit: Annotated[str, typer.Option(metavar="SHA", help="With --checksum: the merge; a job knows its own.")] = "",
    drift: Annotated[bool, typer.Option("--drift", help="FILEs of `xtel drift --json`: keep one issue.")] = False,
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
      xtel comment --checksum prod
      xtel comment --drift drift/prod.json

    Exit codes: 0 done, 1 error (with --checksum also: none was reviewed).
    """
    from xtel import comment as posting
    from xtel.report import comment as text
    from xtel.report import outside

    paths = [Path(file) for file in files or []]
    if bool(paths) == bool(checksum):
        raise typer.BadParameter("expected either files or --checksum STACK", param_hint="FILE")
    if name and not re.fullmatch(r"[A-Za-z0-9._/]+(-[A-Za-z0-9._/]+)*", name):
        raise typer.BadParameter("expected letters, digits, dots, slashes and single dashes", param_hint="--name")
    where = forge.value if forge else ""
    if checksum:
        at = posting.at(where, repository, author)
        sum = posting.checksum(at, checksum, [pr] if pr else posting.merged(at, commit), name)
        return output.document({"stack": checksum, "checksum": sum}) if json else output.line(sum)
    if drift:
        found = posting.drifts(paths)
        if dry_run:
            return output.raw(f"{outside.title(found)}\n\n{outside.body(found, posting.job(where))}")
        note, done = posting.track(posting.at(where, repository, author), found)
    else:
        entries = posting.plans(paths)
        body = text.comment(entries, posting.links(entries), name=name, job=posting.job(where))
        if dry_run:
            return output.raw(body)
        at, number = posting.at(where, repository, author), posting.request(where, pr or 0)
        note, done = posting.publish(at, number, body)
        if note.author != at.me():
            output.note(f"the token writes as {note.author}: give --as '{note.author}', or the next run posts again")
    if note is None:
        return output.document({"done": "none", "url": ""}) if json else output.line("no drift, and no issue")
    if json:
        return output.document({"done": done, "url": note.url})
    return output.line(f"{done} {note.url}".rstrip())
