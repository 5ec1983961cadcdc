"""`xtel apply`: plans again, compares with what was reviewed, applies exactly that, and says what was done per number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from providers.kernel import reading
from providers.kernel.errors import InputError, XtelError
from xtel import terminal
from xtel.engine import fleet
from xtel.operations.gate import (
    ApplyResult,
    Order,
    Planned,
    carry_out,
    prepare,
    refused,
    show,
    show_numbers,
)
from xtel.project.layout import Project
from xtel.review import planning
from xtel.review.plan import Review

__all__ = ["ApplyResult", "Order", "Planned", "apply_all", "carry_out", "prepare", "refused", "show", "show_all"]


def reviewed(file: str, stack: str, checksum: str = "") -> Review:
    """The plan that `xtel plan --json` printed into a file. Raises InputError for what is none, or another than is meant."""
    try:
        found = Review.model_validate_json(reading.text(Path(file), reading.RECORDED))
    except reading.Unreadable as error:
        raise InputError(f"{file} {error}", step="name a saved plan") from None
    except ValidationError:
        raise InputError(f"{file} is no plan", step="save one: xtel plan STACK --refresh --json > FILE") from None
    if not found.plan.checksum:
        raise InputError(f"{file} is a plan without a checksum", step="make one without --base")
    if found.plan.stack != stack or (checksum and checksum != found.plan.checksum):
        told = f"{file} is plan {found.plan.checksum} of {found.plan.stack}"
        raise InputError(f"{told}, not {checksum or 'one'} of {stack}", step="name the plan that was reviewed")
    return found


def apply_all(
    project: Project, parallel: int, agreed: Callable[[], bool] | None, *, quiet: bool
) -> dict[str, ApplyResult | XtelError]:
    """Every stack of the project. ``agreed`` is asked once all are planned and shown; None: nobody is asked."""
    stacks, order = project.stacks(), Order()
    if agreed is None:
        return fleet.each(stacks, parallel, lambda stack, live: _whole(project, stack, live), _said)
    plans = fleet.each(
        stacks,
        parallel,
        lambda stack, live: prepare(project, stack, order, live),
        lambda plan: planning.summary(plan.review),
    )
    if not quiet:
        fleet.show(plans, lambda plan: planning.summary(plan.review))
    go = any(isinstance(plan, Planned) and refused(plan, order) is None for plan in plans.values()) and agreed()

    def work(stack: str, live: terminal.Live) -> ApplyResult:
        plan = plans[stack]
        if isinstance(plan, XtelError):
            raise plan
        return refused(plan, order, agreed=go) or carry_out(project, plan, order, live)

    return fleet.each(stacks, parallel, work, _said)


def _whole(project: Project, stack: str, live: terminal.Live) -> ApplyResult:
    planned = prepare(project, stack, order := Order(), live)
    return refused(planned, order) or carry_out(project, planned, order, live)


def _said(result: ApplyResult) -> str:
    return result.said


def show_all(results: Mapping[str, ApplyResult | XtelError]) -> None:
    """What was done to the numbers of each stack, and last a line for each."""
    for result in results.values():
        if isinstance(result, ApplyResult):
            show_numbers(result)
    fleet.show(results, _said)
