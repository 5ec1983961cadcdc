"""Show what an apply would change, per number."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xtel import terminal
from xtel.engine import fleet
from xtel.project import layout
from xtel.verbs import All, Parallel, Stack, one_or_all


class Format(StrEnum):
    """How a plan is shown."""

    text, md, json, github, html = "text", "md", "json", "github", "html"


def plan(
    stack: Stack = "",
    *,
    refresh: Annotated[bool, typer.Option("--refresh", help="Also ask every vendor what was changed outside.")] = False,
    base: Annotated[
        str, typer.Option(metavar="REF", help="Compare with the stack file of a git revision: no Pulumi, no network.")
    ] = "",
    format: Annotated[Format, typer.Option(help="md: a comment; github: annotations in a job's log.")] = Format.text,
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    out: Annotated[str, typer.Option(metavar="FILE", help="Write the report there; the verdict is still shown.")] = "",
    saved: Annotated[
        str,
        typer.Option(
            "--from", metavar="FILE", help="A saved plan (--json), `pulumi preview --json` or event log; - for stdin."
        ),
    ] = "",
    rehearsed: Annotated[
        str, typer.Option(metavar="FILE", help="Also show what `xtel rehearse --json` found of this change.")
    ] = "",
    all: All = False,
    parallel: Parallel = fleet.PARALLEL,
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
      xtel plan prod --base origin/main --rehearsed rehearsal.json
      xtel plan --all --parallel 8

    Exit codes: 0 nothing changes, 2 changes, 3 blocked, 1 error or incomplete.
    With --all the worst of them.
    """
    from xtel.review import planning, report
    from xtel.review.report import view

    if sum(map(bool, (base, saved, refresh))) > 1:
        raise typer.BadParameter("--base, --from and --refresh exclude each other", param_hint="--base")
    one_or_all(stack, all)
    found = layout.here()
    chosen = Format.json if json else format
    if all:
        if base or saved or out or rehearsed or chosen not in {Format.text, Format.json}:
            raise typer.BadParameter("it goes with --refresh and --json only", param_hint="--all")
        reviews = planning.review_all(found, parallel, refresh=refresh)
        if chosen is Format.json:
            terminal.document(fleet.as_json(reviews))
        else:
            planning.show_all(reviews)
        raise typer.Exit(fleet.worst(reviews))
    review = planning.review(found, stack, base=base, saved=saved, refresh=refresh)
    review = planning.rehearsed(review, Path(rehearsed)) if rehearsed else review
    if out:
        planning.write(Path(out), report.render(review, chosen.value, planning.links(found, stack)))
        terminal.note(f"{stack}: {view.worded(review)} · {review.headline}; written to {out}")
    elif chosen is Format.text:
        planning.show(review)
    else:
        terminal.raw(report.render(review, chosen.value, planning.links(found, stack)))
    raise typer.Exit(review.exit)
