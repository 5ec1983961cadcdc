"""Make a user's own project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xtel import output
from xtel.verbs import Json


def new(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder to make: a new one, or an empty one.")],
    stack: Annotated[str, typer.Option(metavar="NAME", help="The name of its stack.")] = "dev",
    carrier: Annotated[str, typer.Option(metavar="NAME", help="Who delivers the calls.")] = "twilio",
    json: Json = False,
) -> None:
    """Make a project of your own, ready for `pulumi up`.

    A stack file to begin with, and all that Pulumi needs around it; where Pulumi and its backend are there, its stack is
    created and selected. Nothing that exists is overwritten.

    \b
    Examples:
      xtel new demo && cd demo && pulumi preview
      xtel new phones --stack prod
      xtel new phones --carrier twilio --json

    Exit codes: 0 made, 1 error (then nothing was written).
    """
    from providers.kernel.carrier import carriers
    from xtel import new as start

    if not folder:
        raise typer.BadParameter("expected the name of a folder", param_hint="DIR")
    if not start.STACK.fullmatch(stack):
        raise typer.BadParameter("expected letters, digits, dots, dashes and underscores", param_hint="--stack")
    if carrier not in carriers():
        raise typer.BadParameter(f"expected one of {', '.join(carriers())}", param_hint="--carrier")
    made = start.make(Path(folder), stack, carrier)
    if json:
        output.document(made.as_json())
    else:
        start.show(made)
