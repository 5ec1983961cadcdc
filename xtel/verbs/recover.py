"""Bring a stack back after a killed run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Release, Replace, Stack, agreed

if TYPE_CHECKING:
    from xtel.review.plan import Review


def recover(
    stack: Stack,
    *,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Cancel a lock that another machine left, and apply, without asking what no rule stops."
        ),
    ] = False,
    allow_replace: Replace = None,
    allow_release: Release = None,
    json: Json = False,
) -> None:
    """Bring a stack back after a killed run.

    Cancels the lock, asks every vendor what is there, shows the plan, and applies it: afterwards there is exactly the
    declared network, one object each. What the killed run had begun is continued; anything else needs what `xtel apply`
    needs. A lock whose process still runs on this machine is never cancelled; one of another machine only when you say so.
    A number whose signing secret got lost is re-registered.

    \b
    Examples:
      xtel recover prod
      xtel recover prod --yes --json

    Exit codes: 0 recovered, 1 error or not agreed to (it says what to do; run it again),
    3 blocked, 4 changed while it was planned.
    """
    from xtel.operations import recover as recovery
    from xtel.operations.gate import Order
    from xtel.review import planning

    here = layout.here()
    file = here.stack_file(stack)
    order = Order(replace=tuple(allow_replace or ()), release=tuple(allow_release or ()), command="xtel recover")
    shown: Callable[[Review], None] = _nothing if json else planning.show
    found = recovery.recover(here, stack, order, lambda question: yes or (not json and agreed(question)), shown)
    if json:
        terminal.document(found.as_json())
        raise typer.Exit(found.exit)
    recovery.show(found, file)
    if found.error:
        terminal.error(str(recovery.fail(found)))
    raise typer.Exit(found.exit)


def _nothing(review: Review) -> None:
    """With --json the plan is part of the one document."""
