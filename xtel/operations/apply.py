"""`xtel apply`: plans again, compares with what was reviewed, applies exactly that, and says what was done per number.

Between the plan and its update there is time in which somebody may change something. So the update stops before its first
resource, when it holds the stack's lock and has read every object anew, and asks (:mod:`providers.kernel.gate`): only when
all that it read, and every file, is what the plan was made from does it go on. `pulumi up --plan` is no such means: it
does not bind the state, stops half-way, and prints the values of secrets that it finds other than planned.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from providers.kernel import gate
from providers.kernel.errors import XtelError
from providers.kernel.gate import Gate
from providers.kernel.wording import counted
from xtel import terminal
from xtel.engine import events, fleet, outcome
from xtel.engine.step import Diagnostic, Step, group_of, is_object
from xtel.operations import consent
from xtel.project import sandbox, sources
from xtel.project.layout import Project
from xtel.review import planning
from xtel.review.plan import Preview, Review, calls
from xtel.review.plan.calls import Part

Outcome = Literal["applied", "nothing to do", "failed", "incomplete", "not agreed to", "blocked", "stale"]
_EXIT: Mapping[Outcome, int] = {"applied": 0, "nothing to do": 0, "blocked": 3, "stale": 4}
#: How long the events may take to say all that was read, once the program asks.
_SECONDS = 5.0


@dataclass(frozen=True)
class Order:
    """What is wanted: the plan that was reviewed, if one was, and consent for single numbers."""

    checksum: str = ""
    replace: tuple[str, ...] = ()
    release: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The consent, for the engine."""
        return consent.given(replace=self.replace, release=self.release)


@dataclass(frozen=True)
class Planned:
    """A fresh plan, and what it was made from: the objects as they were read, the files as they were."""

    review: Review
    preview: Preview
    read: Mapping[str, Step]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Done:
    """One number after an update: what was done, what is left, whether it rings now."""

    number: str
    done: tuple[str, ...]
    left: tuple[str, ...] = ()
    rings: bool | None = None

    def __str__(self) -> str:
        rings = {True: "it rings", False: "it does not ring", None: "whether it rings is not known"}[self.rings]
        left = f"; not done: {', '.join(self.left)}: {rings}" if self.left else ""
        return f"{self.number}: {', '.join(self.done) or 'nothing was done'}{left}"


@dataclass(frozen=True)
class ApplyResult:
    """How an apply ended."""

    stack: str
    outcome: Outcome
    review: Review
    numbers: tuple[Done, ...] = ()
    #: Numbers whose signing secret is another than before.
    new_secrets: tuple[str, ...] = ()
    error: str = ""
    step: str = ""

    @property
    def exit(self) -> int:
        """0 done or nothing to do, 3 blocked, 4 stale, 1 everything else."""
        return _EXIT.get(self.outcome, 1)

    @property
    def said(self) -> str:
        """What happened, in one line."""
        if self.outcome == "applied":
            known = {number.name for number in self.review.plan.numbers}  # what is shared is no number
            return f"applied: {counted(sum(item.number in known for item in self.numbers), 'number')} changed"
        if self.outcome == "nothing to do":
            return f"nothing to do: {self.review.headline}"
        return f"{self.error}{f'; next: {self.step}' if self.step else ''}"

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        numbers = [
            {"number": item.number, "done": item.done, "left": item.left, "rings": item.rings} for item in self.numbers
        ]
        told = {"outcome": self.outcome, "exit": self.exit, "checksum": self.review.plan.checksum}
        rest = {"new_secrets": self.new_secrets, "error": self.error, "next": self.step}
        return {"stack": self.stack, **told, "numbers": numbers, **rest, "review": self.review.as_json()}


def prepare(project: Project, stack: str, order: Order, live: terminal.Live = terminal.live) -> Planned:
    """A fresh plan; every vendor is asked what is there."""
    files = sources.sources(project, stack, project.stack_file(stack))
    run = planning.run(project, stack, refresh=True, environment=order.environment, live=live)
    preview = planning.read(run)
    review = planning.judged(project, stack, preview, "engine", refreshed=True)
    return Planned(review, preview, _read(run.steps), files)


def refused(planned: Planned, order: Order, *, agreed: bool = True) -> ApplyResult | None:
    """The end of an apply whose plan must not be applied, or need not be; None where it may."""
    review = planned.review
    stack, verdict, known = review.plan.stack, review.verdict, review.plan.checksum
    again = f"review the plan above, then: xtel apply {stack} --checksum {known}"
    if verdict == "incomplete":
        why = review.plan.why_incomplete or "something was not compared"
        return ApplyResult(stack, "incomplete", review, error=f"the plan is incomplete: {why}; nothing was applied")
    if order.checksum and order.checksum != known:
        step = {"none": "nothing is left to do", "blocked": f"see what stops it, then: xtel plan {stack}"}
        told = f"{stack} is not any more what plan {order.checksum} was made from; nothing was applied"
        return ApplyResult(stack, "stale", review, error=told, step=step.get(verdict, again))
    if verdict == "blocked":
        step = f"correct it, or accept it in {review.plan.file} as the plan says, then: xtel plan {stack}"
        return ApplyResult(stack, "blocked", review, error=f"{stack} is blocked; nothing was applied", step=step)
    if verdict == "none":
        return ApplyResult(stack, "nothing to do", review)
    if not agreed:
        step = f"xtel apply {stack} --checksum {known}, or --yes"
        return ApplyResult(stack, "not agreed to", review, error="nothing was applied", step=step)
    return None


def carry_out(project: Project, planned: Planned, order: Order, live: terminal.Live = terminal.live) -> ApplyResult:
    """Apply a plan. Where something moved since, nothing is changed and the new plan is the result's."""
    stack = planned.review.plan.stack
    environment = {**sandbox.reading(project, stack), **order.environment}
    # What one number cannot have must not keep the others from what they can.
    arguments = ["up", "--yes", "--skip-preview", "--refresh", "--continue-on-error", "--stack", stack]
    with tempfile.TemporaryDirectory() as folder:
        keeper = _Keeper(project, planned, Gate(Path(folder)))
        with live("applying") as show:
            count, variables = events.counted(show), {**environment, gate.VARIABLE: folder}

            def seen(event: Step | Diagnostic) -> None:
                keeper.see(event)
                count(event)

            run = events.follow(arguments, project.root, variables, seen, keeper.attend)
    if keeper.refused:
        order = Order(planned.review.plan.checksum, order.replace, order.release)
        again = prepare(project, stack, order, live)
        told = f"{stack} was changed while it was planned; nothing was applied"
        step = f"review the plan above, then: xtel apply {stack} --checksum {again.review.plan.checksum}"
        return ApplyResult(stack, "stale", again.review, error=told, step=step)
    rings = _rings(planned.preview, run) if run.error else {}
    numbers, secrets = tuple(_numbers(planned.review, run, rings)), tuple(outcome.new_secrets(run))
    if run.error:
        step = f"when that is put right: xtel recover {stack}"
        return ApplyResult(stack, "failed", planned.review, numbers, secrets, run.error, step)
    return ApplyResult(stack, "applied", planned.review, numbers, secrets)


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


# -- the gate ----------------------------------------------------------------------------------------------------------


@dataclass
class _Keeper:
    """Watches an update until its program asks, and lets it go on only when what it read is what was planned."""

    project: Project
    planned: Planned
    gate: Gate
    seen: list[Step] = field(default_factory=list[Step])
    since: float = 0.0
    refused: bool = False
    answered: bool = False

    def see(self, event: Step | Diagnostic) -> None:
        if isinstance(event, Step) and not self.answered:
            self.seen.append(event)

    def attend(self) -> None:
        if self.answered or not self.gate.asked:
            return
        self.since = self.since or time.monotonic()
        go = self._unmoved()
        if go or time.monotonic() - self.since > _SECONDS:
            self.answered, self.refused = True, not go
            self.gate.answer(go=go)

    def _unmoved(self) -> bool:
        stack = self.planned.review.plan.stack
        files = sources.sources(self.project, stack, self.project.stack_file(stack))
        return files == self.planned.files and _read(self.seen) == self.planned.read


def _read(found: Iterable[Step]) -> dict[str, Step]:
    """Every object as a refresh found it, with what the state said before."""
    return {
        step.urn: events.unplanned(step) for step in found if step.done and step.op == "refresh" and is_object(step.urn)
    }


# -- what was done -----------------------------------------------------------------------------------------------------


def _numbers(review: Review, run: events.Run, rings: Mapping[str, bool]) -> Iterator[Done]:
    """Every number of the plan, and what several share under the name of their carrier."""
    done: dict[str, list[str]] = {}
    for change in outcome.changes(run):
        done.setdefault(change.number, []).append(f"{change.object} {change.what}")
    ended = {step.urn for step in outcome.steps(run)}
    left: dict[str, list[str]] = {}
    for item in review.plan.objects:
        if item.urn not in ended:
            left.setdefault(group_of(item.urn), []).append(item.type.replace(":", " "))
    for name in sorted(done.keys() | left.keys()):
        yield Done(name, tuple(done.get(name, ())), tuple(left.get(name, ())) if run.error else (), rings.get(name))


def _rings(preview: Preview, run: events.Run) -> dict[str, bool]:
    """Which numbers ring after an update that stopped half-way: what it ended is as planned, all else as before."""
    ended = {step.urn for step in outcome.steps(run)}
    gone = {step.urn for step in run.ended if step.op in {"delete", "delete-replaced"}}
    found = [_after(part, ended, gone) for part in calls.parts(preview)]
    numbers, shared = calls.groups(found, preview)
    sides = {name: calls.side(group, shared, "before", {}, whole=True) for name, group in numbers.items()}
    return {name: bool(side and side.rings) for name, side in sides.items()}


def _after(part: Part, ended: set[str], gone: set[str]) -> Part:
    """What was planned for an object as what stands now, on its side before."""
    urn = part.step.urn
    if urn in ended and part.op != "delete":
        return replace(part, old=part.new, step=replace(part.step, old=part.step.new))
    return replace(part, old=None, new=part.new or part.old) if urn in gone else part


# -- showing -----------------------------------------------------------------------------------------------------------


def show(result: ApplyResult) -> None:
    """The plan where nothing was applied; else a line a number, what is left to people, and last how it ended."""
    if result.outcome in {"incomplete", "blocked", "stale"}:
        planning.show(result.review)
    _show_numbers(result)
    if result.outcome == "applied":
        terminal.line(f"ok: {result.stack} is as {result.review.plan.file} declares it; {result.said}")
    elif result.outcome == "nothing to do":
        terminal.line(f"{result.stack}: {result.said}")
    else:
        terminal.error(result.said)


def show_all(results: Mapping[str, ApplyResult | XtelError]) -> None:
    """What was done to the numbers of each stack, and last a line for each."""
    for result in results.values():
        if isinstance(result, ApplyResult):
            _show_numbers(result)
    fleet.show(results, _said)


def _show_numbers(result: ApplyResult) -> None:
    for number in result.numbers:
        terminal.line(str(number), "red" if number.left else "")
    for number in result.new_secrets:
        command = f"pulumi stack output signing_secrets --show-secrets --stack {result.stack}"
        terminal.line(f"{number}: has a new signing secret, for its receiver: {command}")
    for bundle in result.review.plan.bundles if result.outcome == "applied" else ():
        terminal.line(f"{bundle.number}: by hand: {bundle.command}")
