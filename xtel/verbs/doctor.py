"""Check what is needed here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack


def doctor(
    stack: Stack = "",
    json: Json = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no vendor.")] = False,
    matrix: Annotated[str, typer.Option(hidden=True, help="Write the matrix of capabilities into this file.")] = "",
) -> None:
    """Check what is needed here, and what can be reached.

    Tools, credentials (where they are set, never what they are), accounts (asked, nothing is changed), the age of
    published ranges, files that hide a package, what each carrier can. With a stack: what that stack needs.

    \b
    Examples:
      xtel doctor
      xtel doctor sandbox
      xtel doctor prod --offline --json

    Exit codes: 0 good (warnings included), 1 something is missing or wrong.
    """
    from xtel.authoring import doctor as examination

    if matrix:
        from xtel.authoring import matrix as capabilities

        changed = capabilities.write(Path(matrix))
        terminal.line(f"{matrix}: {'written' if changed else 'nothing to write'}")
        raise typer.Exit()
    report = examination.examine(layout.here(), stack, offline=offline)
    if json:
        terminal.document(report.as_json())
    else:
        examination.show(report)
    raise typer.Exit(0 if report.ok else 1)
