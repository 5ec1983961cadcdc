"""Transfer calls, and end them."""

from __future__ import annotations

from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, group

app = group(no_args_is_help=True)
Call = Annotated[str, typer.Argument(metavar="CALL", help="The call's id, as its webhook brought it.")]


@app.callback()
def calls() -> None:
    """Transfer or end a call that stands at xAI. With XAI_API_KEY, of the team whose call it is.

    \b
    Examples:
      xtel calls refer CALL +14155550188
      xtel calls hangup CALL
    """


@app.command()
def refer(
    call: Call,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A number, or a tel: or sip: URI.")],
    *,
    json: Json = False,
) -> None:
    """Transfer a call to a number or a SIP URI, and wait for what becomes of it: up to two minutes.

    Sent once, and never again by itself. The carrier must allow transfers (transfer: true in the route).

    \b
    Examples:
      xtel calls refer 00000000-0000-0000-0000-000000000000 +14155550188
      xtel calls refer 00000000-0000-0000-0000-000000000000 "sip:desk@pbx.example.com"

    Exit codes: 0 answered there, 1 not, or error.
    """
    from xtel.engine import access
    from xtel.operations import calls as control

    done = control.refer(access.of(layout.here()), call, target)
    if json:
        told = {"outcome": done.outcome, "sip_code": done.sip_code or None, "reason": done.reason}
        terminal.document({"call_id": call, "target": target, **told})
    else:
        control.show(call, done)
    raise typer.Exit(0 if done.answered else 1)


@app.command()
def hangup(call: Call, *, json: Json = False) -> None:
    """End a call; one that nobody joined yet is refused.

    \b
    Examples:
      xtel calls hangup 00000000-0000-0000-0000-000000000000

    Exit codes: 0 ended, or over already, 1 error.
    """
    from xtel.engine import access
    from xtel.operations import calls as control

    ended = control.hangup(access.of(layout.here()), call)
    if json:
        terminal.document({"call_id": call, "ended": ended})
    else:
        terminal.line(f"{call}: {'ended' if ended else 'was over already, or never was: xAI knows no call of this id'}")
