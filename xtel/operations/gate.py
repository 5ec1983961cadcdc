"""The one way to a live change, for `apply`, `recover`, `rotate` and `import`: plan, have it judged, ask, then change.

A plan that the rules stop, that is incomplete, or that is another one than was reviewed is never carried out, whichever verb
made it. Between the plan and its update there is time in which somebody may change something. So the update stops before
its first resource, when it holds the stack's lock and has read every object again, and asks (:mod:`providers.kernel.gate`):
only when all that it read, and every file, is what the plan was made from does it go on. `pulumi up --plan` is no such
means: it does not bind the state, stops half-way, and prints the values of secrets that it finds other than planned.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from providers.kernel import gate
from providers.kernel.errors import XtelError
from providers.kernel.gate import Gate
from providers.kernel.wording import counted
from xtel import terminal
from xtel.engine import events, outcome
from xtel.engine.outcome import Warned
from xtel.engine.step import Diagnostic, Step, is_object
from xtel.operations import consent, standing
from xtel.operations.standing import Done, Standing
from xtel.project import sandbox, sources
from xtel.project.layout import Project
from xtel.review import planning
from xtel.review.plan import Preview, Review
from xtel.review.report import reviewed

Outcome = Literal[
    "applied", "nothing to do", "failed", "incomplete", "not agreed to", "blocked", "stale", "interrupted"
]
EXIT: Mapping[Outcome, int] = {"applied": 0, "nothing to do": 0, "blocked": 3, "stale": 4, "interrupted": 130}
#: How long the events may take to say all that was read, once the program asks.
_SECONDS = 5.0
#: So many numbers are named in one line.
_NAMED = 3


@dataclass(frozen=True)
class Order:
    """What is wanted: the plan that was reviewed, if one was, and consent for single numbers."""

    checksum: str = ""
    replace: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    #: The plan that was reviewed, as `xtel plan --json` printed it; None where it is not at hand.
    reviewed: Review | None = None
    #: The command that wants it, for the steps that are told.
    command: str = "xtel apply"
    #: Options that narrow Pulumi's preview and update to what is meant.
    narrowed: tuple[str, ...] = ()

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
class ApplyResult:
    """How it ended."""

    stack: str
    outcome: Outcome
    review: Review
    numbers: tuple[Done, ...] = ()
    #: Numbers whose signing secret is another than before.
    new_secrets: tuple[str, ...] = ()
    #: What the providers warned of while they changed something.
    warnings: tuple[Warned, ...] = ()
    error: str = ""
    step: str = ""
    #: After an update that stopped half-way: each number that is not finished, what of it exists and what is missing.
    standing: tuple[Standing, ...] = ()
    #: Where the plan is another one than was reviewed: what differs.
    differs: tuple[str, ...] = ()
    #: What the engine did; None where it was not asked to change anything.
    run: events.Run | None = None

    @property
    def exit(self) -> int:
        """0 done or nothing to do, 3 blocked, 4 stale, 130 ended by Ctrl-C, 1 everything else."""
        return EXIT.get(self.outcome, 1)

    @property
    def said(self) -> str:
        """What happened, in one line."""
        if self.outcome == "applied":
            known = {number.name for number in self.review.plan.numbers}  # what is shared is no number
            return f"applied: {counted(sum(item.number in known for item in self.numbers), 'number')} changed"
        if self.outcome == "nothing to do":
            return f"nothing to do: {self.review.headline}"
        return str(XtelError(self.error, step=self.step))

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        numbers = [
            {"number": item.number, "done": item.done, "left": item.left, "rings": item.rings} for item in self.numbers
        ]
        told = {"outcome": self.outcome, "exit": self.exit, "checksum": self.review.plan.checksum}
        rest = {"new_secrets": self.new_secrets, "error": self.error, "next": self.step, "differs": self.differs}
        found = {"numbers": numbers, "warnings": [asdict(item) for item in self.warnings]}
        found |= {"standing": [asdict(item) for item in self.standing]}
        return {"stack": self.stack, **told, **found, **rest, "review": self.review.as_json()}


def prepare(project: Project, stack: str, order: Order, live: terminal.Live = terminal.live) -> Planned:
    """A fresh plan; every vendor is asked what is there."""
    files = sources.sources(project, stack, project.stack_file(stack))
    environment = order.environment
    run = planning.run(project, stack, refresh=True, environment=environment, narrowed=order.narrowed, live=live)
    preview = planning.read(run)
    review = planning.judged(project, stack, preview, "engine", refreshed=True)
    return Planned(review, preview, _read(run.steps), files)


def refused(planned: Planned, order: Order, *, agreed: bool = True) -> ApplyResult | None:
    """The end of what must not be carried out, or need not be; None where it may."""
    review = planned.review
    stack, verdict, known = review.plan.stack, review.verdict, review.plan.checksum
    if verdict == "incomplete":
        why = review.plan.why_incomplete or "something was not compared"
        return ApplyResult(stack, "incomplete", review, error=f"the plan is incomplete: {why}; nothing was applied")
    if order.checksum and order.checksum != known:
        told = f"{stack} is not any more what plan {order.checksum} was made from; nothing was applied"
        return _stale(review, told, order, order.reviewed)
    if verdict == "blocked":
        told = f"{stack} is blocked; nothing was applied"
        return ApplyResult(stack, "blocked", review, error=told, step=_allowing(review, order))
    if verdict == "none":
        return ApplyResult(stack, "nothing to do", review)
    if not agreed:
        step = f"{order.command} {stack} --yes"
        if order.command == Order.command:
            step = f"{order.command} {stack} --checksum {known}, or --yes"
        return ApplyResult(stack, "not agreed to", review, error="nothing was applied", step=step)
    return None


def _stale(review: Review, told: str, order: Order, before: Review | None) -> ApplyResult:
    stack, sum = review.plan.stack, review.plan.checksum
    again = f"review what differs, then: {order.command} {stack}"
    steps = {"none": "nothing is left to do", "blocked": f"see what stops it, then: xtel plan {stack}"}
    step = steps.get(review.verdict, f"{again} --checksum {sum}" if order.command == Order.command else again)
    return ApplyResult(stack, "stale", review, error=told, step=step, differs=tuple(reviewed.differing(before, review)))


def _allowing(review: Review, order: Order) -> str:
    """What would let a plan through that is stopped."""
    stopping = [item for item in review.findings if item.stops]
    file, stack = review.plan.file, review.plan.stack
    replace = [item.number for item in review.plan.objects if item.blocked and item.op == "replace"]
    release = [item.number for item in stopping if item.rule == "no-release"]
    ways = [f"accept it in {file} as the plan says"] if any(item.rule != "refused" for item in stopping) else []
    ways += [f"--allow-replace {number}" for number in dict.fromkeys(replace)][:_NAMED]
    ways += [f"--allow-release {number} to give it back" for number in dict.fromkeys(release)][:_NAMED]
    ways = ways or [f"accept it in {file} as the plan says"]
    return f"correct it, or {', or '.join(ways)}, then: xtel plan {stack}"


def carry_out(project: Project, planned: Planned, order: Order, live: terminal.Live = terminal.live) -> ApplyResult:
    """Apply a plan. Where something moved since, nothing is changed and the new plan is the result's."""
    stack = planned.review.plan.stack
    environment = {**sandbox.reading(project, stack), **order.environment}
    # What one number cannot have must not keep the others from what they can.
    arguments = ["up", "--yes", "--skip-preview", "--refresh", "--continue-on-error", "--stack", stack, *order.narrowed]
    stopped = ""
    with tempfile.TemporaryDirectory() as folder:
        keeper = _Keeper(project, planned, Gate(Path(folder)))
        with live("applying") as show:
            count, variables = events.counted(show), {**environment, gate.VARIABLE: folder}

            def seen(event: Step | Diagnostic) -> None:
                keeper.see(event)
                count(event)

            try:
                run = events.follow(arguments, project.root, variables, seen, keeper.attend)
            except events.Interrupted as interrupted:
                run, stopped = interrupted.run, "interrupted by Ctrl-C"
    if keeper.refused and not stopped:
        again = prepare(project, stack, order, live)
        told = f"{stack} was changed while it was planned; nothing was applied"
        return _stale(again.review, told, order, planned.review)
    return _ended(project, planned, run, order, stopped)


def _ended(project: Project, planned: Planned, run: events.Run, order: Order, stopped: str) -> ApplyResult:
    stack, review = planned.review.plan.stack, planned.review
    failed = bool(run.error or stopped)
    rings = standing.rings(planned.preview, run) if failed else {}
    numbers = tuple(standing.numbers(review, run, rings, stopped=failed))
    secrets, told = tuple(outcome.new_secrets(run)), outcome.warned(run)
    done = ApplyResult(stack, "applied", review, numbers, secrets, warnings=told, run=run)
    if not failed:
        return done
    found = standing.of(project, review, run)
    if stopped:
        step = f"xtel recover {stack}, or {order.command} again: it goes on from there"
        return replace(done, outcome="interrupted", error=stopped, step=step, standing=found)
    failed = XtelError(run.error, step=f"when that is put right: xtel recover {stack}")
    return replace(done, outcome="failed", error=failed.summary, step=failed.step, standing=found)


# -- between the plan and its update -----------------------------------------------------------------------------------


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


# -- showing -----------------------------------------------------------------------------------------------------------


def show(result: ApplyResult) -> None:
    """The plan where nothing was applied; else a line a number, what is left to people, and last how it ended."""
    if result.outcome in {"incomplete", "blocked"}:
        planning.show(result.review)
    for text in result.differs:
        terminal.line(text)
    show_numbers(result)
    if result.outcome == "applied":
        terminal.line(f"ok: {result.stack} is as {result.review.plan.file} declares it; {result.said}")
    elif result.outcome == "nothing to do":
        terminal.line(f"{result.stack}: {result.said}")
    else:
        terminal.error(result.said)


def show_numbers(result: ApplyResult) -> None:
    """What was done to each number, what was warned of, and how those stand that are not finished."""
    for number in result.numbers:
        terminal.line(str(number), "red" if number.left else "")
    show_warnings(result)
    show_standing(result)
    for number in result.new_secrets:
        command = f"pulumi stack output signing_secrets --show-secrets --stack {result.stack}"
        terminal.line(f"{number}: has a new signing secret, for its receiver: {command}")
    for bundle in result.review.plan.bundles if result.outcome == "applied" else ():
        terminal.line(f"{bundle.number}: by hand: {bundle.command}")


def show_warnings(result: ApplyResult) -> None:
    """What the providers warned of: most of it is a step that is left to people."""
    for item in result.warnings:
        terminal.line(f"warning: {item}", "yellow")


def show_standing(result: ApplyResult) -> None:
    """What exists and what is missing of each number that an update did not finish."""
    for item in result.standing:
        terminal.line(str(item), "red")
    if result.standing:
        terminal.line(f"what exists is kept: xtel apply {result.stack} goes on from there, and makes nothing twice")
