"""Call numbers."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from providers.kernel import escaping
from providers.kernel.errors import InputError
from providers.kernel.wording import counted
from xtel import terminal
from xtel.project import layout
from xtel.verbs import agreed, stack_name

if TYPE_CHECKING:
    from xtel.proof.calling import Expected, Result


class Format(StrEnum):
    """How calls are shown."""

    text, json, svg, html = "text", "json", "svg", "html"


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
    expect: Annotated[
        str,
        typer.Option(metavar="WHAT", help="Of each call: answered-by=WHO,within=SECONDS; else it counts as failed."),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="On a live stack: do not ask; for pipelines.")] = False,
    junit: Annotated[str, typer.Option(metavar="F", help="Also write a JUnit report to this file.")] = "",
    format: Annotated[Format, typer.Option(help="svg, html: the ladders, drawn.")] = Format.text,
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    out: Annotated[str, typer.Option(metavar="FILE", help="Write it there; how it ended is still shown.")] = "",
) -> None:
    """Call numbers, and say who answers.

    Real calls in the sandbox: SIP over TLS and sound, as each carrier would place them from what its API holds. While they
    last a receiver of its own stands behind the network's webhooks and TwiML; it checks signatures with the secrets of the
    state. A call that nobody answers shows the hop at which it ended, and its ladder.

    On a live stack say how: --direct calls xAI's SIP host from this machine, with the number's login; --from N has Twilio
    place a real call from a number of the account. Your own receiver or agent answers, and both are billed.

    \b
    Examples:
      xtel call sandbox --all
      xtel call sandbox support --ladder
      xtel call +14155550100 --from +12025550143 --json
      xtel call sandbox support --format html --out call.html
      xtel call prod support --direct
      xtel call prod --all --direct --expect within=5 --yes

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
    chosen = Format.json if json else format
    if out and chosen is Format.text:
        raise typer.BadParameter("it goes with --format json, svg or html", param_hint="--out")
    wanted = _expected(expect)
    if calling.in_sandbox(stack):
        with terminal.working("calling"):
            results = calling.call(here, stack, names, caller=caller, direct=direct)
    else:
        if direct != bool(caller):
            _tellable(wanted, direct=direct)
        results = _live(here, stack, names, caller=caller, direct=direct, yes=yes)
    results = [wanted.judged(result) for result in results]
    if junit:
        _write(Path(junit), calling.junit(results))
    good = [result for result in results if result.good]
    text = _report(stack, results, chosen)
    if out:
        _write(Path(out), text)
    elif text:
        terminal.raw(text)
    else:
        calling.show(results, ladders=ladder)
    if out or not text:
        refused = sum(result.good and not result.answered for result in results)
        more = f", {refused} of them refused as declared" if refused else ""
        terminal.line("")
        how = "as expected" if expect else "answered"
        terminal.line(f"{len(good)} of {len(results)} numbers were {how}{more}")
    raise typer.Exit(0 if len(good) == len(results) else 2)


def _report(stack: str, results: list[Result], format: Format) -> str:
    """The calls as a whole document; empty for a terminal."""
    from xtel.proof import ladder

    if format is Format.json:
        told = {"stack": stack, "calls": [result.as_json() for result in results]}
        return escaping.json(told)
    drawn = {Format.svg: ladder.svg, Format.html: ladder.page}.get(format)
    return drawn(results) if drawn else ""


def _expected(text: str) -> Expected:
    from xtel.proof.calling import Expected

    try:
        return Expected.read(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expect") from None


def _tellable(wanted: Expected, *, direct: bool) -> None:
    """A live call shows its caller less than the sandbox does: what nobody could meet is refused, not found unmet."""
    told = "" if direct else "--from tells neither who answered nor when: Twilio says only that it was answered"
    if wanted.answered_by and direct:
        told = "answered-by: --direct does not tell who answered: your receiver's log or xAI's console does"
    if told and (wanted.answered_by or wanted.within is not None):
        raise typer.BadParameter(told, param_hint="--expect")


def _live(here: layout.Project, stack: str, names: list[str], *, caller: str, direct: bool, yes: bool) -> list[Result]:
    """Real calls: said how, and agreed to."""
    from xtel.proof import live

    if direct == bool(caller):
        told = "they exclude each other on a live stack" if caller else f"{stack} is live: say how it is called"
        raise typer.BadParameter(told, param_hint="--direct or --from N")
    carrier = live.carrier_of(here, stack, caller) if caller else None
    lines = live.lines(here, stack, names)
    billed = f"; {carrier.title} bills them {carrier.caller.price}" if carrier and carrier.caller else ""
    terminal.note(
        f"{counted(len(lines), 'call')} to {stack}, where a production receiver will ring; {live.PRICE}{billed}"
    )
    if not yes and not agreed(f"Place {counted(len(lines), 'call')}?"):
        raise InputError("nobody was called", step="agree to it, or say --yes")
    with terminal.working("calling"):
        return live.placed(here, stack, carrier, lines, caller) if carrier else live.direct(lines)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {layout.unwritten(error)}", step="name another file") from None
