"""Take existing numbers and routes over."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from providers.kernel import escaping
from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack, agreed

if TYPE_CHECKING:
    from xtel.operations.gate import ApplyResult
    from xtel.operations.importing.survey import Survey


def import_(
    stack: Stack,
    *,
    carrier: Annotated[str, typer.Option(metavar="NAME", help="Who delivers the calls.")],
    number: Annotated[
        list[str] | None, typer.Option(metavar="E164", help="Only this number; may be given several times.")
    ] = None,
    webhook: Annotated[
        str, typer.Option(metavar="URL", help="Where the webhooks are; default: the stack file's default.")
    ] = "",
    secrets: Annotated[
        str, typer.Option(metavar="FILE", help="Digest passwords and signing secrets by number, as YAML.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Import without asking.")] = False,
    json: Json = False,
) -> None:
    """Take existing numbers and routes over.

    Looks at xAI and at the carrier, matches numbers whose calls go to their target at xAI, and shows the entries that the
    stack file would get, what would be renamed, and what stays as it is and why. After a yes it writes the entries,
    imports the objects into Pulumi's state and renames them; the plan is empty then, or everything is undone.

    \b
    Examples:
      xtel import prod --carrier twilio
      xtel import prod --carrier twilio --number +14155550100 --webhook https://voice.example.com/calls
      xtel import prod --carrier plivo --secrets secrets.yaml --yes

    Exit codes: 0 imported or nothing to do, 1 error, not confirmed, or a number asked for that stays as it is,
    3 the plan after it is blocked.
    """
    from providers.kernel.registry import carriers
    from xtel.operations.importing import answers, findings
    from xtel.operations.importing import survey as surveying

    if carrier not in carriers():
        raise typer.BadParameter(f"expected one of {', '.join(carriers())}", param_hint="--carrier")
    wanted, url = _spelled(tuple(number or ())), _url(webhook)
    found = layout.here()
    ask = _asked if sys.stdin.isatty() and not json else None
    known = answers.Answers(url, answers.known(secrets, wanted), ask)
    with terminal.working(f"asking xAI and {carrier}"):
        survey = surveying.survey(found, stack, carrier, wanted, known)
    if not json:
        findings.show(survey)
    consented = bool(survey.taken) and (yes or (not json and agreed("import them?")))
    result = None
    if consented:
        with terminal.working("importing"):
            result = _take_over(found, stack, survey)
    if json:
        terminal.document(findings.as_json(stack, carrier, survey, result))
    else:
        findings.conclude(stack, survey, result)
    raise typer.Exit(1 if (survey.taken and not consented) or (wanted and survey.left) else 0)


def _take_over(found: layout.Project, stack: str, survey: Survey) -> ApplyResult:
    """Imports; a plan that is stopped ends as `xtel apply` ends."""
    from xtel.operations.importing import takeover

    try:
        return takeover.take_over(found, stack, survey)
    except takeover.ImportRefused as refused:
        terminal.error(str(refused))
        raise typer.Exit(refused.exit) from None


def _asked(question: str) -> str:
    return getpass.getpass(escaping.line(f"{question}: "))


def _spelled(numbers: tuple[str, ...]) -> tuple[str, ...]:
    from providers.kernel import values

    try:
        return tuple(dict.fromkeys(values.e164(number) for number in numbers))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--number") from None


def _url(text: str) -> str:
    from providers.kernel import values

    try:
        return values.https_url(text) if text else ""
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--webhook") from None
