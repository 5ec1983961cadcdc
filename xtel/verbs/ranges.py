"""Show published networks; move allowlists to the newest."""

from __future__ import annotations

from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack, agreed, group

app = group(invoke_without_command=True)


@app.callback()
def ranges(context: typer.Context, json: Json = False) -> None:
    """Show the networks that carriers publish.

    Their calls come from these networks, so these are what an allowlist names; with the day they were read.

    \b
    Examples:
      xtel ranges
      xtel ranges --json | jq '.[].networks'
      xtel ranges update prod

    Exit codes: 0 shown.
    """
    from xtel.review import ranges as published

    if context.invoked_subcommand:
        return
    if json:
        terminal.document(published.as_json())
    else:
        published.show()


@app.command()
def update(
    stack: Stack,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    json: Json = False,
) -> None:
    """Move a stack file's allowlists to the newest ranges.

    `twilio` and an older dated name become the newest dated name. Shows what changes for each number, asks, and writes
    nothing but these names. A number whose networks differ is re-registered by the next `pulumi up`, with consent.

    \b
    Examples:
      xtel ranges update prod
      xtel ranges update prod --yes

    Exit codes: 0 nothing to do or written, 2 changes that are not written, 1 error.
    """
    from xtel.engine import cli
    from xtel.operations import ranges as moving
    from xtel.review import ranges as published

    found = layout.here()
    file = found.stack_file(stack)
    try:
        with terminal.working("asking Pulumi what is registered"):
            known = published.registered(found, stack)
    except cli.PulumiUnavailable as error:
        known = None
        terminal.note(f"compared with what the names mean today, because what is registered is not known: {error}")
    wanted = published.compare(file, known)
    if not json:
        moving.show_update(wanted)
    consented = yes or (not json and bool(wanted.moves) and agreed(f"write {file}?"))
    if wanted.moves and consented:
        moving.write(wanted)
    if json:
        terminal.document(wanted.as_json(written=bool(wanted.moves) and consented))
    elif wanted.moves:
        text = f"{file}: written; next: xtel validate {stack}, pulumi preview"
        terminal.line(text if consented else f"nothing was written; next: xtel ranges update {stack} --yes")
    raise typer.Exit(2 if wanted.moves and not consented else 0)
