"""Show which number rings where."""

from __future__ import annotations

from typing import Annotated

import typer

from xtel import output, project
from xtel.verbs import Json


def routes(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The name of a stack.")], json: Json = False
) -> None:
    """Show which number rings where.

    For each number the SIP URI that its carrier calls, who answers, and whether what is declared is applied. Without
    a Pulumi, or without its backend, only what is declared is shown.

    \b
    Examples:
      xtel routes sandbox
      xtel routes sandbox --json | jq '.numbers[].target'

    Exit codes: 0 shown, 1 error.
    """
    from xtel import engine, local
    from xtel import routes as view

    found = project.here()
    rows = view.declared(found.stack_file(stack))
    asked = True
    try:
        rows = list(view.joined(rows, view.applied(stack, found.root, local.reading(found, stack))))
    except engine.Unavailable as error:
        asked = False
        output.note(f"only the declared routes are shown: {error}")
    if json:
        output.document(view.as_json(stack, rows, asked=asked))
    else:
        view.show(rows)
