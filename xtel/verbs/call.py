"""Call numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from providers.kernel.errors import InputError
from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, stack_name

_NUMBER = re.compile(r"\+[0-9]+")


def call(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STACK] NUMBER",
            help="Numbers, or their keys after the stack's name; the sandbox's when left out.",
            show_default=False,
        ),
    ] = None,
    *,
    all: Annotated[bool, typer.Option("--all", help="Every number that is applied.")] = False,
    direct: Annotated[bool, typer.Option("--direct", help="Past the carrier, straight to xAI's SIP host.")] = False,
    caller: Annotated[str, typer.Option("--from", metavar="N", help="Who calls, in E.164.")] = "",
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Show each call's messages, not only of those that fail.")
    ] = False,
    junit: Annotated[str, typer.Option(metavar="F", help="Also write a JUnit report to this file.")] = "",
    json: Json = False,
) -> None:
    """Call numbers, and say who answers.

    Real calls in the sandbox: SIP over TLS and sound, as each carrier would place them from what its API holds. While they
    last a receiver of its own stands behind the network's webhooks and TwiML; it checks signatures with the secrets of the
    state. A call that nobody answers shows the hop at which it ended, and its ladder.

    \b
    Examples:
      xtel call sandbox --all
      xtel call sandbox support --ladder
      xtel call +14155550100 --from +12025550143 --json

    Exit codes: 0 all were answered, 2 some were not, 1 error.
    """
    from xtel.project.sandbox import STACK
    from xtel.proof import calling

    here, names = layout.here(), list(words or ())
    stack = stack_name(names.pop(0)) if names and names[0] in here.names() else STACK
    if bool(names) == all:
        raise typer.BadParameter("--all is every number: name none" if all else "name a number, or say --all")
    if caller and not _NUMBER.fullmatch(caller):
        raise typer.BadParameter("expected a number like +12025550143", param_hint="--from")
    calling.sandbox_only(stack)
    with terminal.working("calling"):
        results = calling.call(here, stack, names, caller=caller, direct=direct)
    if junit:
        _write(Path(junit), calling.junit(results))
    answered = [result for result in results if result.answered]
    if json:
        terminal.document({"stack": stack, "calls": [result.as_json() for result in results]})
    else:
        calling.show(results, ladders=ladder)
        terminal.line("")
        terminal.line(f"{len(answered)} of {len(results)} numbers were answered")
    raise typer.Exit(0 if len(answered) == len(results) else 2)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}", step="name another file") from None
