"""Show what was changed outside."""

from __future__ import annotations

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack


def drift(stack: Stack, json: Json = False) -> None:
    """Show what was changed outside since the last apply, and what stopped ringing by it.

    Asks every vendor and changes nothing, neither there nor in the state. A line per change, the number first; also what
    others hung on this stack's objects. Made for a nightly run: no questions, always the same order.

    \b
    Examples:
      xtel drift prod
      xtel drift prod --json | jq '.stopped_ringing[]'

    Exit codes: 0 none, 2 something was changed, 1 error (a vendor that does not
    answer is an error, never a finding).
    """
    from xtel.operations import drift as view

    found = view.drift(layout.here(), stack)
    if json:
        terminal.document(found.as_json())
    else:
        view.show(found)
    raise typer.Exit(2 if found.findings else 0)
