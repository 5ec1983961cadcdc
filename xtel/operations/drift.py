"""`xtel drift`: what was changed outside since the last apply, per number, and what stopped ringing by it. Reads only.

The findings come from `pulumi refresh --preview-only`, which needs neither the stack file nor a lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from providers.kernel import operation
from providers.kernel.object import Object
from providers.kernel.reconciler import Reconciler
from providers.kernel.secrecy import one_line
from providers.kernel.values import SIP_HOST
from stacks import callpath
from xtel import terminal
from xtel.engine import cli, events, outcome
from xtel.engine.step import Diagnostic, Step, group_of, object_of
from xtel.project import sandbox
from xtel.project.layout import Project

#: Inputs that switch an object on, and those that say at xAI who answers.
_SWITCHES, _ANSWERS = frozenset({"enabled", "active"}), frozenset({"webhook", "agent_id"})
_HOST = re.compile(r"^(sips?:.*|([a-z0-9-]+\.)+[a-z]{2,})$", re.IGNORECASE)
_WIDEST = 60


@dataclass(frozen=True, order=True)
class DriftFinding:
    """One difference between what was applied and what is there."""

    number: str
    #: First in a number's list: its calls no longer arrive because of this.
    rings: bool
    object: str
    what: str
    #: What the next apply does about it.
    apply: str

    def __str__(self) -> str:
        stopped = "" if self.rings else "stopped ringing: "
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
        numbers = {
            number: [asdict(found) for found in self.findings if found.number == number] for number in self.numbers
        }
        return {
            "stack": self.stack,
            "drift": bool(self.findings),
            "stopped_ringing": self.silent,
            "numbers": numbers,
            "notes": list(self.notes),
        }


def drift(project: Project, stack: str) -> DriftReport:
    """Ask every vendor. Raises cli.PulumiUnavailable where one does not answer: no answer is no finding."""
    environment = {**sandbox.reading(project, stack), operation.LIST_UNMANAGED: "1"}
    arguments = ["refresh", "--preview-only", "--stack", stack]
    run = events.shown("asking every vendor what is there", arguments, project.root, environment)
    if run.error:
        raise cli.PulumiUnavailable(
            f"the vendors could not all be asked: {run.error}", step="put that right, then again"
        )
    steps = run.ended
    users = users_of(steps)
    found = [finding for step in steps for finding in _findings(step, steps, users)]
    found += [finding for said in run.diagnostics for finding in _unmanaged(said, users)]
    waiting = events.waiting(stack, project.root, environment)
    found += [_left(urn, kind, stack) for urn, kind in waiting]
    notes = {one_line(said.text) for said in run.diagnostics if said.severity == "warning" and not _is_stray(said.text)}
    numbers = {number for named in users.values() for number in named} | {finding.number for finding in found}
    return DriftReport(stack, tuple(sorted(numbers)), tuple(sorted(set(found))), tuple(sorted(notes)))


# -- whose object it is ------------------------------------------------------------------------------------------------


def users_of(steps: list[Step]) -> dict[str, tuple[str, ...]]:
    """The numbers that each object serves, by URN: its own, or for a shared one those whose objects refer to it."""
    users: dict[str, set[str]] = {step.urn: {group_of(step.urn)} for step in steps if "Number$" in step.urn}
    shared = [step for step in steps if step.urn not in users]
    for _ in range(len(shared)):  # a URL refers to a trunk that a number's attachment refers to
        for step in shared:
            near = [other for other in steps if other.urn in users and other is not step and _linked(step, other)]
            if near:
                users[step.urn] = users.get(step.urn, set()).union(*(users[other.urn] for other in near))
    return {step.urn: tuple(sorted(users.get(step.urn, {group_of(step.urn)}))) for step in steps}


def _linked(one: Step, other: Step) -> bool:
    """Whether one builds on the other: its inputs hold the other's id."""
    return one.id in _texts(other) or other.id in _texts(one)


def _texts(step: Step) -> set[str]:
    return {value for name, value in step.old.items() if isinstance(value, str) and value and name != "marker"}


# -- the way of a call -------------------------------------------------------------------------------------------------


def way(steps: list[Step], users: Mapping[str, tuple[str, ...]], number: str) -> set[str]:
    """URNs of the objects that the number's calls pass over: all between its attachment and what names the target.

    Objects are joined where one holds the other's id; what hangs on by one joint (a recording, a profile) is beside the
    way, and so is what names another host (a fallback).
    """
    mine = [step for step in steps if number in users[step.urn]]
    numbers = [step for step in mine if outcome.is_number(step.urn)]
    hosts = {str(step.old.get("sip_host") or SIP_HOST).lower() for step in numbers} or {SIP_HOST}
    carrying = [step for step in mine if not outcome.is_number(step.urn) and not _elsewhere(step, hosts)]
    ends = {step.urn for step in carrying if "phone_number" in step.old or _names(step, hosts)}
    while True:
        kept = [
            step
            for step in carrying
            if step.urn in ends or sum(_linked(step, other) for other in carrying if other is not step) > 1
        ]
        if len(kept) == len(carrying):
            return {step.urn for step in mine if outcome.is_number(step.urn) or step in kept}
        carrying = kept


def _names(step: Step, hosts: set[str]) -> bool:
    return any(host in text.lower() for text in _texts(step) for host in hosts)


def _elsewhere(step: Step, hosts: set[str]) -> bool:
    return not _names(step, hosts) and any(_HOST.match(text) for text in _texts(step))


# -- what differs ------------------------------------------------------------------------------------------------------


def _findings(step: Step, steps: list[Step], users: Mapping[str, tuple[str, ...]]) -> Iterator[DriftFinding]:
    if step.op not in {"delete", "update"}:
        return
    object = object_of(step.urn)
    for number in users[step.urn]:
        passed = way(steps, users, number)
        if step.op == "delete":
            yield DriftFinding(number, step.urn not in passed, object, "is gone", _again(step))
            continue
        for path, breaks, undone in _changes(step, steps, passed, number):
            what = f"{path}: {_shown(_at(step.old, path))} → {_shown(_at(step.new, path))}"
            yield DriftFinding(number, not breaks, object, what, undone)


def _changes(step: Step, steps: list[Step], passed: set[str], number: str) -> Iterator[tuple[str, bool, str]]:
    """Path, whether calls no longer arrive because of it, and what an apply does about it."""
    declared = callpath.declaration(step.type)
    if declared is None:
        return
    ids = {other.id for other in steps if other.urn in passed}
    for path in _differing(declared, step):
        name = path.split(".")[0]
        before, after = step.old.get(name), step.new.get(name)
        breaks = _away(declared, name, before, after, ids) if step.urn in passed else False
        refused = declared.guarded and name in declared.replaces
        back = f"apply sets it back only with XTEL_ALLOW_REPLACE={number}: it registers the number anew"
        yield path, breaks, back if refused else "apply sets it back"


def _differing(declared: Object[Any, Any], step: Step) -> tuple[str, ...]:
    """Compared as the engine's face compares them: spelling and defaults of another release are no change."""
    old, new = (
        {name: value for name, value in side.items() if name in declared.spec.model_fields}
        for side in (step.old, step.new)
    )
    return Reconciler(declared, cast(Any, None)).diff(old, new).changed


def _away(declared: Object[Any, Any], name: str, before: Any, after: Any, ids: set[str]) -> bool:
    """Whether a change of one input takes a number's calls elsewhere, or nowhere."""
    if name in _SWITCHES:
        return before is True and after is not True
    if name in declared.references:
        return before in ids
    if name == "sip_auth":
        was, now = cast(Mapping[str, Any], before or {}), cast(Mapping[str, Any], after or {})
        shut_out = set(was.get("allowed_addresses") or ()) - set(now.get("allowed_addresses") or ())
        return bool(shut_out) or was.get("auth_username") != now.get("auth_username")
    return name in _ANSWERS or (isinstance(before, str) and bool(_HOST.match(before)))


def _again(step: Step) -> str:
    if outcome.is_number(step.urn):
        return "apply registers it anew, with a new signing secret"
    return "apply makes it again"


def _at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for part in path.split("."):
        found = cast(Mapping[str, Any], found).get(part) if isinstance(found, dict) else None
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(map(str, cast(list[Any], value))) if isinstance(value, list) else str(value)
    return one_line(text, _WIDEST)


# -- what this stack did not make --------------------------------------------------------------------------------------


def _is_stray(text: str) -> bool:
    return text.startswith(operation.UNMANAGED)


def _unmanaged(said: Diagnostic, users: Mapping[str, tuple[str, ...]]) -> Iterator[DriftFinding]:
    if _is_stray(said.text):
        object = object_of(said.urn)
        what = one_line(said.text.removeprefix(operation.UNMANAGED).strip())
        for number in users.get(said.urn, ()):
            yield DriftFinding(number, True, object, what, "apply leaves it: remove it there")


def _left(urn: str, kind: str, stack: str) -> DriftFinding:
    what = f"was left {kind} by a run that was killed"
    return DriftFinding(group_of(urn), True, object_of(urn), what, f"xtel recover {stack} finds out")


# -- showing -----------------------------------------------------------------------------------------------------------


def show(found: DriftReport) -> None:
    """A line a finding, the number first; the count last."""
    for finding in found.findings:
        terminal.line(str(finding), "" if finding.rings else "red")
    for note in found.notes:
        terminal.note(note)
    count, silent = len(found.findings), len(found.silent)
    if not count:
        terminal.line(f"none: {_counted(len(found.numbers), 'number')} as applied")
        return
    numbers = len({finding.number for finding in found.findings})
    stopped = f"{_counted(silent, 'number')} stopped ringing" if silent else "all still ring"
    terminal.line(f"{_counted(count, 'change')} outside on {_counted(numbers, 'number')}, {stopped}; next: pulumi up")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
