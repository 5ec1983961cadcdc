"""Apply what was reviewed, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from xtel import terminal
from xtel.engine import fleet
from xtel.project import layout
from xtel.verbs import All, Json, Parallel, Release, Replace, Stack, agreed, one_or_all

if TYPE_CHECKING:
    from xtel.operations.apply import Order


def _sum(given: str) -> str:
    if given and not re.fullmatch(r"[0-9a-f]{16}", given):
        raise typer.BadParameter("it is not the 16 hex digits that `xtel plan` printed")
    return given


def apply(
    stack: Stack = "",
    *,
    checksum: Annotated[
        str,
        typer.Option(
            metavar="SUM", callback=_sum, help="Apply only the plan with this checksum, as `xtel plan` printed it."
        ),
    ] = "",
    reviewed: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="The same, of a plan that `xtel plan --json` saved; if stale, says what differs."
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking what the rules do not stop.")] = False,
    allow_replace: Replace = None,
    allow_release: Release = None,
    all: All = False,
    parallel: Parallel = fleet.PARALLEL,
    json: Json = False,
) -> None:
    """Apply what was reviewed, and nothing else.

    Plans again, and asks every vendor what is there. With --checksum or --reviewed it goes on only when the plan is still
    the one that was reviewed; else it says what differs. A plan that is blocked or incomplete is never applied. If something
    moves between the plan and its update, nothing is changed. `xtel plan --refresh` shows beforehand what others changed.

    \b
    Examples:
      xtel apply prod
      xtel apply prod --checksum 9f3c71ab00c4d512 --yes
      xtel apply prod --reviewed plan.json
      xtel apply --all --parallel 8 --yes

    Exit codes: 0 applied or nothing to do, 1 error, failed or not agreed to,
    3 blocked, 4 stale: not what was reviewed, 130 ended by Ctrl-C. With --all the worst of them.
    """
    from xtel.operations import apply as applying

    one_or_all(stack, all)
    if all and (checksum or reviewed or allow_replace or allow_release):
        raise typer.BadParameter("it names one plan or number: apply that stack by itself", param_hint="--all")
    known = applying.reviewed(reviewed, stack, checksum) if reviewed else None
    sum = known.plan.checksum if known else checksum
    order = applying.Order(sum, tuple(allow_replace or ()), tuple(allow_release or ()), known)
    ask = not yes and not sum
    raise typer.Exit(_all(parallel, ask=ask, json=json) if all else _one(stack, order, ask=ask, json=json))


def _one(stack: str, order: Order, *, ask: bool, json: bool) -> int:
    """Plans one stack, asks where nobody agreed yet, applies it."""
    from xtel.operations import apply as applying
    from xtel.review import planning

    here = layout.here()
    planned = applying.prepare(here, stack, order)
    result = applying.refused(planned, order)
    if result is None and ask:
        if not json:
            planning.show(planned.review)
        result = applying.refused(planned, order, agreed=not json and agreed("apply this plan?"))
    elif result is None and not json:
        terminal.line(f"{stack}: {planning.summary(planned.review)}")
    result = result or applying.carry_out(here, planned, order)
    if json:
        terminal.document(result.as_json())
    else:
        applying.show(result)
    return result.exit


def _all(parallel: int, *, ask: bool, json: bool) -> int:
    """Applies every stack of the project; the worst of their exit codes."""
    from xtel.operations import apply as applying

    question = (lambda: not json and agreed("apply these plans?")) if ask else None
    results = applying.apply_all(layout.here(), parallel, question, quiet=json)
    if json:
        terminal.document(fleet.as_json(results))
    else:
        applying.show_all(results)
    return fleet.worst(results)
