"""Renew a number's digest password or signing secret."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from providers.kernel.errors import InputError
from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack

if TYPE_CHECKING:
    from xtel.operations.gate import ApplyResult
    from xtel.operations.rotate import Applied, Rotation


class What(StrEnum):
    """What a number has to renew."""

    password, secret = "password", "secret"


def rotate(
    stack: Stack,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="One number: its key, or the number itself.")],
    *,
    what: Annotated[What | None, typer.Option(help="Needed only when the number has both.")] = None,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Renew nothing; forget the previous signing secret."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without typing the number.")] = False,
    json: Json = False,
) -> None:
    """Renew a number's digest password or signing secret.

    Either re-registers the number at xAI, which has no other way: says first what breaks and for how long, and what the
    receiver of the webhook must be able to do, and shows the plan. Only made passwords; one of yours is set in
    Pulumi's config.

    \b
    Examples:
      xtel rotate prod support
      xtel rotate prod +14155550100 --what secret --yes
      xtel rotate prod support --forget

    Exit codes: 0 renewed (or forgotten), 1 error or not agreed to, 3 blocked, 4 changed while it was planned.
    """
    from xtel.operations import gate
    from xtel.operations import rotate as rotation

    here = layout.here()
    file = here.stack_file(stack)
    found = rotation.applied(here, stack, number)
    if forget:
        return _forget(here, found, json=json)
    chosen = rotation.choose(found, what.value if what else None)
    if chosen is None and not json and _terminal():
        answer = typer.prompt("which one", type=What)
        chosen = rotation.choose(found, What(answer).value)
    if chosen is None:
        raise typer.BadParameter("the number has both: password or secret", param_hint="--what")
    wanted = rotation.Rotation(found, chosen)
    if not json:
        rotation.explain(wanted)
    result = _through(here, wanted, yes=yes, json=json)
    if json:
        told = result.as_json()
        kept = told if result.exit else {"warnings": told["warnings"]}
        terminal.document({**wanted.as_json(done=not result.exit), **kept})
    elif result.exit:
        gate.show(result)
    else:
        gate.show_warnings(result)
        rotation.show(wanted, file)
    raise typer.Exit(result.exit)


def _forget(here: layout.Project, found: Applied, *, json: bool) -> None:
    from xtel.operations import secrets

    gone = secrets.forget(here, found.stack, [found.number])
    if json:
        terminal.document({"stack": found.stack, "forgotten": [each.key for each in gone]})
    else:
        secrets.show_forgotten(found.stack, gone)


def _through(here: layout.Project, wanted: Rotation, *, yes: bool, json: bool) -> ApplyResult:
    """Plans the rotation, has it judged, asks, and does it."""
    from xtel.operations import gate
    from xtel.operations import rotate as rotation
    from xtel.review import planning

    found, order = wanted.applied, rotation.order(wanted)
    rotation.ready(here, found)
    planned = gate.prepare(here, found.stack, order)
    if refused := gate.refused(planned, order):
        return refused
    if not json:
        planning.show(planned.review, onward=False)
    if not (yes or (not json and _typed(found.number))):
        step = f"xtel rotate {found.stack} {found.number} --what {wanted.what} --yes"
        raise InputError("nothing was rotated", step=step)
    return rotation.rotate(here, wanted, planned)


def _typed(number: str) -> bool:
    """Whether somebody is there, and types the number."""
    return _terminal() and typer.prompt("type the number to go on", default="", show_default=False).strip() == number


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
