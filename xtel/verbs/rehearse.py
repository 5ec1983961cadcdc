"""Apply and call a change in a private sandbox."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Stack


class Format(StrEnum):
    """How a rehearsal is shown."""

    text, md, json = "text", "md", "json"


def rehearse(
    stack: Stack,
    *,
    base: Annotated[
        str, typer.Option(metavar="REF", help="Apply the project of this git revision first, as if it lived.")
    ] = "",
    format: Annotated[Format, typer.Option(help="md: for a job's summary.")] = Format.text,
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    out: Annotated[str, typer.Option(metavar="FILE", help="Write the report there; how it ended is still shown.")] = "",
) -> None:
    """Apply a change with the real engine to a private sandbox, and call every number before and after.

    No credential is used, no vendor asked, nothing of the project changed: copies of it are applied, in a temporary folder,
    to a phone network that has the numbers and agents which the stack files name; secrets are made up. Each number is
    called before and after, and the plan after the change must be empty. Without --base the network is made from nothing.

    \b
    Examples:
      xtel rehearse sandbox
      xtel rehearse prod --base origin/main
      xtel rehearse prod --base origin/main --json --out rehearsal.json
      xtel plan prod --rehearsed rehearsal.json

    Exit codes: 0 all numbers answer as declared, 2 some do not, 1 error.
    """
    from providers.kernel import escaping
    from xtel.proof import rehearsal
    from xtel.review import planning
    from xtel.review.report import rehearsal as report

    found = rehearsal.rehearse(layout.here(), stack, base=base)
    chosen = Format.json if json else format
    if chosen is Format.text and not out:
        rehearsal.show(found)
        raise typer.Exit(found.exit)
    texts = {Format.json: escaping.json_text(found.model_dump_json(indent=2)) + "\n", Format.md: report.report(found)}
    text = texts.get(chosen) or escaping.lines(rehearsal.plain(found))
    if out:
        planning.write(Path(out), text)
        terminal.note(f"{report.headline(found)}; written to {out}")
    else:
        terminal.raw(text)
    raise typer.Exit(found.exit)
