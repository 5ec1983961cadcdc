"""Say hop by hop whether calls reach who answers them."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import stack_name

if TYPE_CHECKING:
    from xtel.proof.trace.model import Source

_NUMBER = re.compile(r"\+[0-9]+")


class Format(StrEnum):
    """How a trace is shown."""

    text, md, json, html, svg = "text", "md", "json", "html", "svg"


def trace(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STACK] [NUMBER]",
            help="Numbers, or their keys after the stack's name; all of them, of the sandbox's stack, when left out.",
            show_default=False,
        ),
    ] = None,
    *,
    declared: Annotated[
        bool, typer.Option("--declared", help="By the stack file alone: no Pulumi, no network.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="By what stands at the vendors, whoever made it.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="As it would be after an apply: runs a preview.")] = False,
    saved: Annotated[
        str, typer.Option("--from", metavar="FILE", help="--plan by a saved `pulumi preview --json`, or - for stdin.")
    ] = "",
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Also try DNS, TLS and OPTIONS from this machine, and webhooks' certificates."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also fail where nothing can tell, but for what only a call shows.")
    ] = False,
    explain: Annotated[str, typer.Option(metavar="ID", help="Explain a check, such as T042, and stop.")] = "",
    format: Annotated[Format, typer.Option(help="md: tables; html and svg: the paths drawn.")] = Format.text,
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    out: Annotated[str, typer.Option(metavar="FILE", help="Write the report there; the count is still shown.")] = "",
) -> None:
    """Say hop by hop whether calls reach who answers them.

    Number, attachment, trunk, dns, tls, sip, registration, authentication, media, webhook, session, agent: at each hop
    pass, fail or cannot tell, why, what mends it, and by which object. As the state has it, unless an option says another
    source. No call is placed: what only a call shows is said to be so. docs/trace.md lists every check.

    \b
    Examples:
      xtel trace prod
      xtel trace prod support --live --probe
      xtel trace prod --declared --format html --out trace.html
      xtel trace prod --plan --strict
      xtel trace --explain T042

    Exit codes: 0 all reach who answers, 2 some do not, 1 error.
    """
    from xtel.proof.trace import catalogue, run, text

    if explain:
        for line in catalogue.explained(catalogue.find(explain)):
            terminal.line(line)
        return
    source = _source(declared=declared, live=live, plan=plan or bool(saved))
    here, names = layout.here(), list(words or ())
    stack = _stack(names)
    chosen = Format.json if json else format
    found = run.trace(here, stack, names, source=source, saved=saved, probed=probe, strict=strict)
    if out:
        from xtel.review import planning

        planning.write(Path(out), run.written(found, chosen.value))
        terminal.note(f"{stack}: {text.summary(found)}; written to {out}")
    elif chosen is Format.text:
        run.show(found)
    else:
        terminal.raw(run.written(found, chosen.value))
    raise typer.Exit(found.exit)


def _source(*, declared: bool, live: bool, plan: bool) -> Source:
    if declared + live + plan > 1:
        raise typer.BadParameter("--declared, --live and --plan exclude each other", param_hint="--declared")
    return "declared" if declared else "live" if live else "plan" if plan else "state"


def _stack(names: list[str]) -> str:
    """The first word where it is no number, taken away from them."""
    return layout.SANDBOX if not names or _NUMBER.fullmatch(names[0]) else stack_name(names.pop(0))
