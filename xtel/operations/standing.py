"""How each number stands after an update that stopped half-way: what exists, what is missing, whether it rings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from providers.kernel.errors import XtelError
from stacks.callpath import CallNetwork
from stacks.resource import NUMBER
from xtel.engine import events, outcome, state
from xtel.engine.step import group_of, object_of
from xtel.project import sandbox
from xtel.project.layout import Project
from xtel.review.plan import Preview, Review, calls
from xtel.review.plan.calls import Part

_RINGS = {True: "it rings", False: "it does not ring", None: "whether it rings is not known"}


@dataclass(frozen=True)
class Done:
    """One number after an update: what was done, what is left, whether it rings now."""

    number: str
    done: tuple[str, ...]
    left: tuple[str, ...] = ()
    rings: bool | None = None

    def __str__(self) -> str:
        left = f"; not done: {', '.join(self.left)}: {_RINGS[self.rings]}" if self.left else ""
        return f"{self.number}: {', '.join(self.done) or 'nothing was done'}{left}"


@dataclass(frozen=True)
class Standing:
    """One number that is not finished, as the state has it; ``rings`` is what its call path says."""

    number: str
    exists: tuple[str, ...]
    missing: tuple[str, ...]
    rings: bool | None

    def __str__(self) -> str:
        exists, missing = ", ".join(self.exists) or "nothing", ", ".join(self.missing)
        told = f"; missing: {missing}" if missing else ""
        return f"  {self.number} now: there: {exists}{told}; {_RINGS[self.rings]}"


def numbers(review: Review, run: events.Run, rings: Mapping[str, bool], *, stopped: bool) -> Iterator[Done]:
    """Every number of the plan, and what several share under the name of their carrier."""
    done: dict[str, list[str]] = {}
    for change in outcome.changes(run):
        done.setdefault(change.number, []).append(f"{change.object} {change.what}")
    left = _left(review, run)
    for name in sorted(done.keys() | left.keys()):
        yield Done(name, tuple(done.get(name, ())), tuple(left.get(name, ())) if stopped else (), rings.get(name))


def _left(review: Review, run: events.Run) -> dict[str, list[str]]:
    ended = {step.urn for step in outcome.steps(run)}
    left: dict[str, list[str]] = {}
    for item in review.plan.objects:
        if item.urn not in ended:
            left.setdefault(group_of(item.urn), []).append(item.type.replace(":", " "))
    return left


def of(project: Project, review: Review, run: events.Run) -> tuple[Standing, ...]:
    """Each number that an update did not finish. Nothing where the state cannot be read."""
    stack = review.plan.stack
    try:
        held = state.of(stack, project.root, sandbox.reading(project, stack))
    except XtelError:
        return ()
    return tuple(_standing(review, held, name) for name in sorted(_left(review, run)))


def _standing(review: Review, held: state.State, name: str) -> Standing:
    there = {item.urn: item for item in held.resources if item.type != NUMBER and group_of(item.urn) == name}
    wanted = [item for item in review.plan.objects if group_of(item.urn) == name and item.op in {"create", "replace"}]
    missing = [item.type.replace(":", " ") for item in wanted if item.urn not in there]
    network = CallNetwork(held.resources)
    rings = calls.shown(network.path(name), {}).rings if name in network.numbers else None
    return Standing(name, tuple(sorted(object_of(urn) for urn in there)), tuple(sorted(missing)), rings)


def rings(preview: Preview, run: events.Run) -> dict[str, bool]:
    """Which numbers ring after an update that stopped half-way: what it ended is as planned, all else as before."""
    ended = {step.urn for step in outcome.steps(run)}
    gone = {step.urn for step in run.ended if step.op in {"delete", "delete-replaced"}}
    found = [_after(part, ended, gone) for part in calls.parts(preview)]
    groups, shared = calls.groups(found, preview)
    sides = {name: calls.side(group, shared, "before", {}, whole=True) for name, group in groups.items()}
    return {name: bool(side and side.rings) for name, side in sides.items()}


def _after(part: Part, ended: set[str], gone: set[str]) -> Part:
    """What was planned for an object as what stands now, on its side before."""
    urn = part.step.urn
    if urn in ended and part.op != "delete":
        return replace(part, old=part.new, step=replace(part.step, old=part.step.new))
    return replace(part, old=None, new=part.new or part.old) if urn in gone else part
