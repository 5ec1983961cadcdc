"""`xtel drift`: what was changed outside since the last apply, per number, and what stopped ringing by it. Reads only.

The findings come from `pulumi refresh --preview-only`, which needs neither the stack file nor a lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from providers.kernel import errors, operation
from providers.kernel.object import Object
from providers.kernel.reconciler import Reconciler
from providers.kernel.secrecy import one_line
from providers.kernel.wording import counted
from stacks import callpath
from stacks.callpath import CallNetwork
from stacks.resource import NUMBER, Resource
from xtel import terminal
from xtel.engine import cli, events, outcome, state
from xtel.engine.state import Pending, State
from xtel.engine.step import Diagnostic, Step, group_of, name_of, object_of, type_of
from xtel.project import sandbox
from xtel.project.layout import Project
from xtel.review.plan import calls

_WIDEST = 60


@dataclass(frozen=True, order=True)
class DriftFinding:
    """One difference between what was applied and what is there."""

    number: str
    #: First in a number's list: its calls no longer arrive because of this.
    rings: bool
    object: str
    what: str
    #: What `xtel apply` does about it.
    apply: str
    #: Who answers now because of this, where that is somebody else.
    answers: str = ""

    def __str__(self) -> str:
        stopped = f"rings {self.answers}: " if self.answers else ""
        stopped = stopped if self.rings else "stopped ringing: "
        return f"{self.number}  {stopped}{self.object} {self.what}; {self.apply}"


@dataclass(frozen=True)
class DriftReport:
    """All findings of a stack, sorted by number, what stopped ringing first; and the numbers it has."""

    stack: str
    numbers: tuple[str, ...]
    findings: tuple[DriftFinding, ...]
    notes: tuple[str, ...] = ()

    @property
    def silent(self) -> list[str]:
        """Numbers whose calls no longer arrive."""
        return sorted({found.number for found in self.findings if not found.rings})

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        named = sorted(
            {*self.numbers, *(found.number for found in self.findings)}
        )  # an agent that answers none, as well
        numbers = {name: [asdict(found) for found in self.findings if found.number == name] for name in named}
        return {
            "stack": self.stack,
            "drift": bool(self.findings),
            "stopped_ringing": self.silent,
            "numbers": numbers,
            "notes": list(self.notes),
        }


def drift(project: Project, stack: str) -> DriftReport:
    """Ask every vendor. Raises cli.PulumiUnavailable where one does not answer: no answer is no finding; InputError for a
    stack that there is not.
    """
    environment = {**sandbox.reading(project, stack), operation.LIST_UNMANAGED: "1"}
    arguments = ["refresh", "--preview-only", "--stack", stack]
    run = events.shown("asking every vendor what is there", arguments, project.root, environment)
    if run.error:
        told, step = errors.parted(run.error)
        if "no stack named" in told:
            raise errors.InputError(
                f"there is no stack {stack} in this backend", step="`pulumi stack ls` shows those there are"
            )
        raise cli.PulumiUnavailable(
            f"the vendors could not all be asked: {told}", step=step or "put that right, then again"
        )
    outside = OutsideChanges(run.ended, _said(run.diagnostics, operation.INSTEAD))
    found = list(outside.findings)
    found += _unmanaged(_said(run.diagnostics, operation.UNMANAGED), outside.users)
    applied = state.of(stack, project.root, environment)
    found += [_left(item, stack) for item in applied.pending]
    found += incomplete(applied, stack, {finding.number for finding in found})
    notes = {
        one_line(said.text) for said in run.diagnostics if said.severity == "warning" and not _told_of_others(said.text)
    }
    numbers = _numbers(applied)
    numbers |= {group_of(item.urn) for item in applied.pending if NUMBER in item.urn}
    return DriftReport(stack, tuple(sorted(numbers)), tuple(sorted(set(found))), tuple(sorted(notes)))


# -- what differs ------------------------------------------------------------------------------------------------------


class OutsideChanges:
    """What a refresh saw: each object as it was applied, and as it is there now.

    ``instead``: by URN, what is where an object was.
    """

    def __init__(self, steps: Iterable[Step], instead: Mapping[str, Sequence[str]] | None = None) -> None:
        self._instead = instead or {}
        self._steps = [step for step in steps if step.type != NUMBER]
        applied = [calls.before(step) for step in self._steps]
        self._applied, self.users = CallNetwork(applied), callpath.users(applied)
        self._there = CallNetwork(calls.after(step) for step in self._steps if step.op != "delete")

    @property
    def findings(self) -> Iterator[DriftFinding]:
        """Every difference, for each number that the object serves."""
        differing: dict[str, list[tuple[Step, DriftFinding]]] = {}
        for step in self._steps:
            if step.op in {"delete", "update"}:
                for number in sorted(self.users[step.type, step.name]):
                    differing.setdefault(number, []).extend((step, found) for found in self._of(step, number))
                if not self.users[step.type, step.name]:
                    yield from (replace(found, rings=True) for found in self._of(step, group_of(step.urn)))
        for number, found in differing.items():
            yield from self._judged(number, found)

    def _judged(self, number: str, found: list[tuple[Step, DriftFinding]]) -> Iterator[DriftFinding]:
        """What ends calls by itself says so; where only all of it together does, everything on their way."""
        before, after = self._applied.path(number), self._there.path(number, self._applied)
        still = not callpath.stopped(before, after)
        together = not still and all(finding.rings for _, finding in found)
        passed = {hop.resource for hop in before.hops}
        for step, finding in found:
            yield replace(finding, rings=still or (step.name not in passed if together else finding.rings))

    def _of(self, step: Step, number: str) -> Iterator[DriftFinding]:
        object = object_of(step.urn)
        now = "".join(f": {text}" for text in self._instead.get(step.urn, ()))
        if step.op == "delete":
            yield DriftFinding(number, not self.stops(step, number, None), object, f"is gone{now}", _again(step))
            return
        for path, undone in _changes(step, number):
            name = path.split(".")[0]
            inputs = {key: value for key, value in step.old.items() if key != name}
            there = {**inputs, **({name: step.new[name]} if name in step.new else {})}
            changed = replace(calls.before(step), inputs=there)
            what = f"{path}: {spelled(_at(step.old, path))} → {spelled(_at(step.new, path))}{now}"
            yield DriftFinding(
                number, not self.stops(step, number, changed), object, what, undone, self._answers(number, changed)
            )

    def _answers(self, number: str, there: Resource) -> str:
        """Who answers with this one difference, where that is somebody else than before."""
        before, after = self._applied.path(number), self._applied.instead(there, there).path(number, self._applied)
        return after.answered_by if before.answered_by and after.answered_by != before.answered_by else ""

    def stops(self, step: Step, number: str, there: Resource | None) -> bool:
        """Whether this one difference would end calls that came through before."""
        before = self._applied.path(number)
        after = self._applied.instead(calls.before(step), there).path(number, self._applied)
        return bool(callpath.stopped(before, after))


def _changes(step: Step, number: str) -> Iterator[tuple[str, str]]:
    """The paths that differ, and what an apply does about each."""
    declared = callpath.declaration(step.type)
    if declared is None:
        return
    for path in _differing(declared, step):
        refused = declared.guarded and path.split(".")[0] in declared.replaces
        back = f"apply sets it back only with --allow-replace {number}: it re-registers the number"
        yield path, back if refused else "apply sets it back"


def _differing(declared: Object[Any, Any], step: Step) -> tuple[str, ...]:
    """Compared as the engine's face compares them: spelling and defaults of another release are no change."""
    old, new = (
        {name: value for name, value in side.items() if name in declared.spec.model_fields}
        for side in (step.old, step.new)
    )
    return Reconciler(declared, cast(Any, None)).diff(old, new).changed


def _again(step: Step) -> str:
    if outcome.is_number(step.urn):
        return "apply re-registers it, with a new signing secret"
    return "apply buys one again" if object_of(step.urn).endswith(" Purchase") else "apply makes it again"


def _at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for part in path.split("."):
        found = cast(Mapping[str, Any], found).get(part) if isinstance(found, dict) else None
    return found


def spelled(value: Any) -> str:
    """A value on one line, for a person."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return one_line(_written(value), _WIDEST)


def _written(value: Any) -> str:
    """As a stack file would say it, without its marks: ``trunk HQ gateway, certificate sbc1.example.com``."""
    if isinstance(value, Mapping):
        pairs = cast(Mapping[str, Any], value).items()
        return " ".join(f"{name} {_written(each)}" for name, each in pairs if each is not None)
    return ", ".join(map(_written, cast(list[Any], value))) if isinstance(value, list) else str(value)


# -- what this stack did not make --------------------------------------------------------------------------------------


def _told_of_others(text: str) -> bool:
    return text.startswith((operation.UNMANAGED, operation.INSTEAD))


def _said(diagnostics: Iterable[Diagnostic], beginning: str) -> dict[str, list[str]]:
    """By URN, what providers said with this beginning."""
    said: dict[str, list[str]] = {}
    for each in diagnostics:
        if each.text.startswith(beginning):
            said.setdefault(each.urn, []).append(one_line(each.text.removeprefix(beginning).strip()))
    return said


def _unmanaged(
    said: Mapping[str, Sequence[str]], users: Mapping[tuple[str, str], frozenset[str]]
) -> Iterator[DriftFinding]:
    for urn, texts in said.items():
        for number in sorted(users.get((type_of(urn), name_of(urn)), ())):
            for what in texts:
                yield DriftFinding(number, True, object_of(urn), what, "apply leaves it: remove it there")


def _numbers(applied: State) -> set[str]:
    return {each.name if each.type == NUMBER else each.parent for each in applied.resources} - {""}


def incomplete(applied: State, stack: str, told: Collection[str]) -> Iterator[DriftFinding]:
    """What no apply has made yet: nothing at a vendor differs from the state, and still no call gets through."""
    network = CallNetwork(applied.resources)
    for number in sorted(_numbers(applied) - {*told}):
        path = network.path(number)
        if ends := path.ends_at or path.unregistered:
            what = f"was applied in part: {ends.name} {ends.state}"
            yield DriftFinding(number, True, "call path", what, f"xtel apply {stack} makes the rest")


def _left(pending: Pending, stack: str) -> DriftFinding:
    what = f"was left {pending.kind} by a run that was killed"
    return DriftFinding(group_of(pending.urn), True, object_of(pending.urn), what, f"xtel recover {stack} finds out")


# -- showing -----------------------------------------------------------------------------------------------------------


def show(found: DriftReport) -> None:
    """A line a finding, the number first; the count last."""
    for finding in found.findings:
        terminal.line(str(finding), "" if finding.rings else "red")
    for note in found.notes:
        terminal.note(note)
    count, silent = len(found.findings), len(found.silent)
    if not count:
        told = (
            f"none: {counted(len(found.numbers), 'number')} as applied"
            if found.numbers
            else "none: nothing is applied yet"
        )
        terminal.line(told)
        return
    numbers = len({finding.number for finding in found.findings} & {*found.numbers})
    stopped = f"{counted(silent, 'number')} stopped ringing" if silent else "as far as can be told all still ring"
    terminal.line(
        f"{counted(count, 'change')} outside on {counted(numbers, 'number')}, {stopped}; "
        f"next: xtel apply {found.stack} (or pulumi up --refresh: without --refresh it looks at nothing)"
    )
