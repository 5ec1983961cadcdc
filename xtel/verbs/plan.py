"""Show what an apply would change, per number."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xtel import output, project


class Format(StrEnum):
    """How a plan is shown."""

    text, md, json, github, html = "text", "md", "json", "github", "html"


def plan(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The name of a stack.")],
    *,
    refresh: Annotated[bool, typer.Option("--refresh", help="Also ask every vendor what was changed outside.")] = False,
    base: Annotated[
        str, typer.Option(metavar="REF", help="Compare with the stack file of a git revision: no Pulumi, no network.")
    ] = "",
    format: Annotated[Format, typer.Option(help="md: a comment; github: annotations in a job's log.")] = Format.text,
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    out: Annotated[str, typer.Option(metavar="FILE", help="Write the report there; the verdict is still shown.")] = "",
    saved: Annotated[
        str, typer.Option("--from", metavar="FILE", help="A saved `pulumi preview --json` or event log; - for stdin.")
    ] = "",
) -> None:
    """Show what an apply would change, per number: what stops ringing, who can call in, what cannot be undone.

    Runs `pulumi preview`, which asks the vendors who holds each number and changes nothing. docs/plan.md explains the
    verdicts and the rules, and how the stack file accepts what a rule stops.

    \b
    Examples:
      xtel plan prod
      xtel plan prod --refresh --format html --out plan.html
      xtel plan prod --base origin/main --format md
      xtel plan prod --from preview.json --format github

    Exit codes: 0 nothing changes, 2 changes, 3 blocked, 1 error or incomplete.
    """
    from xtel import planning, report
    from xtel.report import text, view

    if sum(map(bool, (base, saved, refresh))) > 1:
        raise typer.BadParameter("--base, --from and --refresh exclude each other", param_hint="--base")
    found = project.here()
    chosen = Format.json if json else format
    review = planning.review(found, stack, base=base, saved=saved, refresh=refresh)
    if out:
        planning.write(Path(out), report.render(review, chosen.value, planning.links(found, stack)))
        output.note(f"{stack}: {view.worded(review)} · {review.headline}; written to {out}")
    elif chosen is Format.text:
        for line, style in text.lines(review):
            output.line(line, style)
    else:
        output.raw(report.render(review, chosen.value, planning.links(found, stack)))
    raise typer.Exit(review.exit)
