"""Say hop by hop whether calls reach who answers them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import stack_name

_NUMBER = re.compile(r"\+[0-9]+")


class Format(StrEnum):
    """How a trace is shown."""

    text, json = "text", "json"


def trace(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STACK] [NUMBER]",
            help="A stack, and numbers or their keys; the sandbox's stack and all its numbers when left out.",
            show_default=False,
        ),
    ] = None,
    *,
    declared: Annotated[
        bool, typer.Option("--declared", help="By the stack file alone: no Pulumi, no network.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also fail where nothing can tell, but for what only a call shows.")
    ] = False,
    explain: Annotated[str, typer.Option(metavar="ID", help="Explain a check, such as T042, and stop.")] = "",
    format: Annotated[Format, typer.Option(help="How it is shown.")] = Format.text,
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
) -> None:
    """Say hop by hop whether calls reach who answers them.

    Number, attachment, trunk, dns, tls, sip, registration, authentication, media, webhook, session, agent: at each hop
    pass, fail or cannot tell, why, what mends it, and which object decides it. By default as the state has it.

    \b
    Examples:
      xtel trace prod
      xtel trace prod support --declared
      xtel trace --explain T042

    Exit codes: 0 all reach who answers, 2 some do not, 1 error.
    """
    from xtel.proof.trace import catalogue, run

    if explain:
        for line in catalogue.explained(catalogue.find(explain)):
            terminal.line(line)
        return
    here, names = layout.here(), list(words or ())
    stack = _stack(here, names)
    found = run.trace(here, stack, names, source="declared" if declared else "state", strict=strict)
    if json or format is Format.json:
        terminal.document(found.as_json())
    else:
        run.show(found)
    raise typer.Exit(found.exit)


def _stack(here: layout.Project, names: list[str]) -> str:
    """The first word where it is no number, taken away from them."""
    from xtel.project.sandbox import STACK

    if not names or _NUMBER.fullmatch(names[0]):
        return STACK
    return stack_name(names.pop(0))
