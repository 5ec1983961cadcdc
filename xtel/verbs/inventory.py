"""Show every number in reach."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json


def inventory(
    carrier: Annotated[
        str, typer.Option(metavar="NAME", help="Only the numbers of this carrier, beside xAI.", show_default=False)
    ] = "",
    format: Annotated[
        Literal["text", "csv", "json"], typer.Option(help="csv is for spreadsheets, json for scripts.")
    ] = "text",
    json: Json = False,
) -> None:
    """Show every number in reach: who holds it, where it rings.

    Asks xAI and each carrier whose credentials the environment has, all at once, and changes nothing. For each number its
    account, what gets its calls and where they go, its registration at xAI, the stack that declares it; then the orphans:
    registrations without a number, numbers that go to xAI unregistered, objects of this project that no stack file declares.

    \b
    Examples:
      xtel inventory
      xtel inventory --carrier twilio
      xtel inventory --format csv
      xtel inventory --json

    Exit codes: 0 shown, 1 a vendor failed or a stack file could not be read: the rest is shown.
    """
    from xtel.operations.inventory import declared, shown, survey

    known = survey.carriers()
    if carrier and carrier not in known:
        raise typer.BadParameter(f"expected one of {', '.join(known)}", param_hint="--carrier")
    if json and format == "csv":
        raise typer.BadParameter("csv or json: say one", param_hint="--format")
    stacks = declared.read(layout.here())
    with terminal.patience("asking xAI and the carriers") as told:
        found = survey.survey(stacks, carrier, lambda title: told(f"{title} is done"))
    shown.tell_gaps(found)
    if json or format == "json":
        terminal.document(found.model_dump(mode="json"))
    elif format == "csv":
        terminal.raw(shown.as_csv(found))
    else:
        shown.show(found)
    raise typer.Exit(found.exit)
