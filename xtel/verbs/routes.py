"""Show which number rings where."""

from __future__ import annotations

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack


def routes(stack: Stack, json: Json = False) -> None:
    """Show which number rings where.

    For each number the SIP URI that its carrier calls, who answers, and whether what is declared is applied, as the
    objects in the state say. Without
    a Pulumi, or without its backend, only what is declared is shown.

    \b
    Examples:
      xtel routes sandbox
      xtel routes sandbox --json | jq '.numbers[].target'

    Exit codes: 0 shown, 1 error.
    """
    from stacks import document
    from xtel.engine import cli, state
    from xtel.project import sandbox
    from xtel.review import routes as view

    found = layout.here()
    declared = document.read(found.stack_file(stack))
    rows = view.declared(declared)
    asked = True
    try:
        held = state.of(stack, found.root, sandbox.reading(found, stack))
        rows = list(view.joined(rows, view.applied(declared, held)))
    except cli.PulumiUnavailable as error:
        asked = False
        terminal.note(f"only the declared routes are shown: {error}")
    if json:
        terminal.document(view.as_json(stack, rows, asked=asked))
    else:
        view.show(rows)
