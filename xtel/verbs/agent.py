"""Try a hosted agent."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, complete_stack, group, stack_name

app = group(no_args_is_help=True)


class Format(StrEnum):
    """Formats of sound."""

    pcm16, g711_ulaw, g711_alaw = "pcm16", "g711_ulaw", "g711_alaw"


@app.callback()
def agent() -> None:
    """Try a hosted agent, without a telephone.

    \b
    Examples:
      xtel agent try sales --say "Do you open on Sundays?"
    """


@app.command("try")
def try_(
    agent: Annotated[
        str, typer.Argument(metavar="KEY|ID", help="A key of `agents:` in a stack file, or an id at xAI.")
    ],
    *,
    say: Annotated[str, typer.Option(metavar="TEXT", help="What is written to it.")],
    stack: Annotated[
        str,
        typer.Option(
            metavar="STACK",
            help="Whose key; needed where several stacks have it.",
            callback=stack_name,
            autocompletion=complete_stack,
        ),
    ] = "",
    voice: Annotated[str, typer.Option(metavar="ID", help="Another voice than the stored one.")] = "",
    model: Annotated[str, typer.Option(metavar="NAME", help="Another model than the stored one.")] = "",
    format: Annotated[
        Format, typer.Option(help="Format of its sound: as a computer's, or as a telephone's.")
    ] = Format.pcm16,
    json: Json = False,
) -> None:
    """Write something to a stored agent, and show what it answers.

    A realtime session with the agent's stored instructions, voice and tools; nobody is called, and nothing of the agent is
    changed. A function that it would call is shown, and not called; MCP servers are left out. xAI charges for the session.

    \b
    Examples:
      xtel agent try sales --say "Do you open on Sundays?"
      xtel agent try agent_frontdesk0001 --say Hello --voice leo --format g711_ulaw --json

    Exit codes: 0 it answered, 1 error.
    """
    from xtel.engine import access
    from xtel.proof import talking

    here = layout.here()
    known = agent.startswith(talking.ID_PREFIX)
    of = stack or ("" if known else talking.stack_of(here, agent))
    id = agent if known else talking.id_of(here, of, agent)
    wanted = talking.Wanted(say, voice, model, format.value)
    with terminal.working("talking"):
        reply = talking.tried(access.of(here, of), id, wanted)
    if json:
        terminal.document(reply.as_json())
    else:
        talking.show(reply)
