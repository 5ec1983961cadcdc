"""`xtel recover`: after a killed run, from whatever it left behind to exactly the network that is declared.

The lock is cancelled, then the plan passes the gate of every live change (:mod:`xtel.operations.gate`), then Pulumi updates:
it looks before it makes anything, so that nothing is made twice. What the killed run had begun is continued; all else needs
what `apply` needs. What the state shows pending is cleared last: until then it is the only witness of a registration whose
signing secret reached nobody.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from providers.kernel.errors import XtelError
from stacks.resource import NUMBER
from xtel import terminal
from xtel.engine import backends, cli, events, outcome, state
from xtel.engine.outcome import Change
from xtel.engine.state import State
from xtel.engine.step import group_of, name_of, object_of
from xtel.operations import gate
from xtel.operations.gate import ApplyResult, Order, Planned
from xtel.project import sandbox
from xtel.project.layout import Project
from xtel.review import planning
from xtel.review.plan import Review
from xtel.review.plan.model import Drift, ObjectPlan

_HOLDER = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
#: What backends say of a stack that is locked: file and bucket backends, and Pulumi's service.
_LOCKED = ("the stack is currently locked", "Another update is currently in progress")
Where = Literal["running", "gone", "elsewhere"]


class RecoveryRefused(XtelError):
    """The lock may be that of a running update."""


@dataclass(frozen=True)
class Lock:
    """Who holds the stack; ``where`` says whether that process still runs, as far as this machine can tell."""

    holder: str
    where: Where
    pid: int | None = None

    def __str__(self) -> str:
        return f"{self.holder}, {'which is gone' if self.where == 'gone' else 'which may still run'}"


@dataclass
class Recovery:
    """What was found and done, in the order of doing it."""

    stack: str
    #: Metadata of Pulumi's file backend that were half-written.
    mended: list[str] = field(default_factory=list[str])
    #: The copy that was put in the place of a state that was cut or emptied.
    restored: str = ""
    locks: list[Lock] = field(default_factory=list[Lock])
    pending: list[Change] = field(default_factory=list[Change])
    outside: list[Change] = field(default_factory=list[Change])
    applied: list[Change] = field(default_factory=list[Change])
    #: Numbers whose signing secret is another than before.
    new_secrets: list[str] = field(default_factory=list[str])
    #: Numbers that were attached already when this run came: what they had before is not known.
    forgotten: list[str] = field(default_factory=list[str])
    error: str = ""
    #: How the plan ended; None where it came to none.
    result: ApplyResult | None = None

    @property
    def exit(self) -> int:
        """0 recovered, 3 blocked, 4 changed while it was planned, 130 ended by Ctrl-C, 1 everything else."""
        return self.result.exit if self.result and self.result.exit else int(bool(self.error))

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        told = {**asdict(replace(self, result=None)), "recovered": not self.error, "exit": self.exit}
        told.pop("result")
        result = self.result.as_json() if self.result else {}
        kept = {key: result[key] for key in ("outcome", "warnings", "standing", "review") if key in result}
        return {**told, **kept, "next": fail(self).step if self.error else ""}


@dataclass(frozen=True)
class Interrupted:
    """What a run that ended too early left in the state."""

    held: State
    locked: bool

    @property
    def lost(self) -> list[str]:
        """Numbers whose registration was under way: their signing secret reached nobody, so they are re-registered."""
        there = {item.urn for item in self.held.resources}
        return [
            name_of(item.urn)
            for item in self.held.pending
            if item.kind == "creating" and outcome.is_number(item.urn) and item.urn not in there
        ]

    def covers(self, review: Review) -> bool:
        """Whether a plan does nothing but go on with it: that was agreed to when the run was started."""
        alarming = any(finding.level == "danger" for finding in review.findings)
        return not alarming and all(map(self._begun, review.plan.objects))

    def _begun(self, item: ObjectPlan) -> bool:
        """Pending, or of a number of which something was; what is missing where a run was killed, or of a number begun."""
        pending = {one.urn for one in self.held.pending if one.kind != "deleting"}
        if item.op in {"create", "update", "replace"} and item.urn in pending:
            return True
        if item.op == "update":
            return bool(item.number) and item.number in {group_of(urn) for urn in pending}
        if item.op != "create" or item.type.endswith(":Purchase"):  # nothing is bought unasked
            return False
        begun = {one.name for one in self.held.resources if one.type == NUMBER}
        return self.locked or bool(self.held.pending) or item.number in begun


#: Asked with the plan: whether to go on.
Agreed = Callable[[str], bool]


def recover(project: Project, stack: str, order: Order, agreed: Agreed, shown: Callable[[Review], None]) -> Recovery:
    """Bring the stack back. ``agreed`` is asked before a lock is cancelled whose process cannot be seen from here, and before
    anything is changed that the killed run had not begun; ``shown`` gets the plan before that.

    Raises RecoveryRefused where nothing may be done; what fails later is the recovery's ``error``.
    """
    environment = sandbox.reading(project, stack)
    found = Recovery(stack)
    found.mended = backends.mend(stack, project.root, environment)
    _restore(project, found, environment, agreed)
    holders = backends.holders(stack, project.root, environment)
    if holders:
        _unlock(project, "\n".join(holders), found, agreed)
    left = Interrupted(state.of(stack, project.root, environment), bool(holders))
    found.pending = [Change(group_of(item.urn), object_of(item.urn), item.kind) for item in left.held.pending]
    order = replace(order, replace=(*order.replace, *left.lost))
    planned = gate.prepare(project, stack, order)
    found.outside = list(dict.fromkeys(map(_outside, planned.review.plan.drift)))
    found.result = gate.refused(planned, order)
    if found.result is None:
        shown(planned.review)
        go = left.covers(planned.review) or agreed("apply this plan?")
        found.result = gate.refused(planned, order, agreed=go) or _carry_out(project, planned, order, found, agreed)
    if found.result.exit:
        found.error = found.result.error
    else:
        _clear(project, found, agreed)
    return found


def _restore(project: Project, found: Recovery, environment: Mapping[str, str], agreed: Agreed) -> None:
    """Put a copy in the place of a state that is cut or emptied; what was made since is looked for by the plan."""
    if not (damage := backends.damage(found.stack, project.root, environment)):
        return
    told = f"the state of {found.stack} {damage.what}"
    if not agreed(f"{told}: put in its place {damage.remedy}?"):
        raise RecoveryRefused(
            f"{told}; nothing was done", step=f"xtel recover {found.stack} --yes puts in its place {damage.remedy}"
        )
    damage.restore()
    found.restored = damage.remedy


def _carry_out(project: Project, planned: Planned, order: Order, found: Recovery, agreed: Agreed) -> ApplyResult:
    result = gate.carry_out(project, planned, order)
    if result.run and _locked(result.run):
        _unlock(project, result.run.text, found, agreed)
        result = gate.carry_out(project, planned, order)
    if run := result.run:
        found.applied = list(outcome.changes(run))
        found.new_secrets = outcome.new_secrets(run)
        for step in run.ended:
            if outcome.took_over(run, step.urn) and "previous" in step.new_outputs and not step.new_outputs["previous"]:
                found.forgotten.append(group_of(step.urn))
    return result


def _clear(project: Project, found: Recovery, agreed: Agreed) -> None:
    """The state without what was pending: all of it exists now, or is not wanted any more."""
    environment = sandbox.reading(project, found.stack)
    if not state.of(found.stack, project.root, environment).pending and not (found.result and found.result.run is None):
        return
    arguments = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", found.stack]
    text = "clearing what was pending"
    done = events.shown(text, arguments, project.root, environment)
    if _locked(done):
        _unlock(project, done.text, found, agreed)
        done = events.shown(text, arguments, project.root, environment)
    found.error = done.error


def _outside(item: Drift) -> Change:
    return Change(item.number, object_of(item.urn), f"changed outside: {item.path}" if item.path else "gone")


# -- locks -------------------------------------------------------------------------------------------------------------


def _locked(run: events.Run) -> bool:
    return any(sign in run.text for sign in _LOCKED)


def _unlock(project: Project, text: str, found: Recovery, agreed: Agreed) -> None:
    """Cancel the locks of which a backend's text tells, where they may be cancelled."""
    found.locks += locks(text)
    may_cancel(found.stack, found.locks, agreed)
    environment = sandbox.reading(project, found.stack)
    cli.run(["cancel", "--yes", "--stack", found.stack], project.root, environment)


def locks(text: str) -> Iterator[Lock]:
    """The holders that a backend names; Pulumi's service names none."""
    named = list(_HOLDER.finditer(text))
    for match in named:
        pid = int(match["pid"])
        holder = f"{match['user']}@{match['host']}, process {pid}, since {_shown(match['since'])}"
        yield Lock(holder, _where(match["host"], pid), pid)
    if not named:
        yield Lock("an update of this stack", "elsewhere")


def may_cancel(stack: str, found: list[Lock], agreed: Callable[[str], bool]) -> None:
    """Refuse where an update runs; ask where that cannot be seen; a process that is gone needs no asking."""
    for lock in found:
        if lock.where == "running":
            raise RecoveryRefused(
                f"an update of {stack} is running here: {lock.holder}; nothing was done",
                step=f"wait until it ends, or end it: kill {lock.pid}",
            )
    unseen = [lock for lock in found if lock.where == "elsewhere"]
    question = "; ".join(f"locked by {lock}" for lock in unseen)
    if unseen and not agreed(f"{question}: cancel the lock? Only when no update runs any more"):
        raise RecoveryRefused(
            f"{stack} is {question}; nothing was done",
            step=f"when no update runs any more: xtel recover {stack} --yes",
        )


def _where(host: str, pid: int) -> Where:
    if host != socket.gethostname():
        return "elsewhere"
    return "running" if "pulumi" in _command(pid) else "gone"


def _command(pid: int) -> str:
    """What a process was started as; empty for one that is gone, or ended and not yet waited for."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    told = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "stat=,command="], capture_output=True, text=True, check=False
    )
    return "" if told.stdout.startswith("Z") else told.stdout


def _shown(since: str) -> str:
    try:
        return datetime.fromisoformat(since).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return since


# -- showing -----------------------------------------------------------------------------------------------------------


def show(found: Recovery, file: Path) -> None:
    """What was found and done, a line a thing, and last how it ended."""
    for name in found.mended:
        terminal.line(f"backend   {name} was half-written: removed (the state beside it is whole)")
    if found.restored:
        terminal.line(f"state     replaced by {found.restored}")
        terminal.line(f"          a secret that was forgotten since is back in it: xtel secrets {found.stack} --forget")
    for lock in found.locks:
        terminal.line(f"lock      {lock.holder}: cancelled")
    _list("pending", [str(change) for change in found.pending], "no operation was left open")
    _list("outside", [str(change) for change in found.outside], "nothing was changed outside")
    _list("applied", [str(change) for change in found.applied], "" if found.error else "nothing had to be done")
    for number in found.new_secrets:
        command = f"pulumi stack output signing_secrets --show-secrets --stack {found.stack}"
        terminal.line(f"secret    {number} has a new signing secret, for its receiver: {command}")
    for number in found.forgotten:
        terminal.line(f"unknown   {number}: what it had before it was ours; destroy detaches it and puts nothing back")
    if found.result:
        _show_end(found.result)
    if not found.error:
        terminal.line(f"ok: the network is as {file} declares it")


def _show_end(result: ApplyResult) -> None:
    """What was warned of; of what was not carried out the plan that stopped it, or how each unfinished number stands."""
    if result.outcome in {"incomplete", "blocked"}:
        planning.show(result.review)
    for text in result.differs:
        terminal.line(text)
    gate.show_warnings(result)
    gate.show_standing(result)


def _list(head: str, lines: list[str], none: str) -> None:
    for line in lines or ([none] if none else []):
        terminal.line(f"{head:<9} {line}")


def fail(found: Recovery) -> XtelError:
    """The error that a recovery ended in; what was done until then stays done, and it can be run again."""
    step = cli.advice(found.error) or f"when that is put right: xtel recover {found.stack}"
    return XtelError(found.error, step=found.result.step if found.result and found.result.step else step)
