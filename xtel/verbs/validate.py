"""Check stack files."""

from __future__ import annotations

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, StackOrFile


def validate(
    stack: StackOrFile = "",
    json: Json = False,
) -> None:
    """Check stack files, without any request.

    Schema and rules; findings are printed as `file:line: path: message`. Without an argument every file in stacks/ is
    checked, and that no two of them declare the same number.

    \b
    Examples:
      xtel validate
      xtel validate sandbox
      xtel validate stacks/sandbox.yaml --json

    Exit codes: 0 valid (warnings included), 1 errors.
    """
    from xtel.authoring import validate as check

    found = layout.here()
    result = check.validate([found.file(stack)] if stack else map(layout.relative, found.stack_files()))
    if json:
        terminal.document(result.as_json())
    else:
        check.show(result)
    raise typer.Exit(0 if result.valid else 1)
