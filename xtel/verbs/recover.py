"""Bring a stack back after a killed run."""

from __future__ import annotations

from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack, agreed


def recover(
    stack: Stack,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Cancel a lock that another machine left, without asking.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring a stack back after a killed run.

    Cancels the lock, asks every vendor what is there, and applies the stack file: afterwards there is exactly the declared
    network, one object each. A lock whose process still runs on this machine is never cancelled; one of another machine
    only when you say so. A number whose signing secret got lost is re-registered.

    \b
    Examples:
      xtel recover prod
      xtel recover prod --yes --json

    Exit codes: 0 recovered, 1 error (it says what to do; run it again).
    """
    from xtel.operations import recover as recovery

    here = layout.here()
    file = here.stack_file(stack)
    found = recovery.recover(here, stack, lambda question: yes or (not json and agreed(question)))
    if json:
        terminal.document(found.as_json())
        raise typer.Exit(1 if found.error else 0)
    recovery.show(found, file)
    if found.error:
        raise recovery.fail(found)
