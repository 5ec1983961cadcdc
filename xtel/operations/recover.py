"""`xtel recover`: after a killed run, from whatever it left behind to exactly the network that is declared.

Three commands of Pulumi in their order: `cancel` (the lock), `refresh --clear-pending-creates` (what the state believes),
`up` (which looks before it makes anything, so that nothing is made twice). What was found and done is kept and told.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from providers.kernel.errors import XtelError
from xtel import terminal
from xtel.engine import backends, cli, events, outcome, state
from xtel.engine.outcome import Change
from xtel.engine.state import Pending
from xtel.engine.step import group_of, name_of, object_of
from xtel.operations import consent
from xtel.project import sandbox
from xtel.project.layout import Project

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
    locks: list[Lock] = field(default_factory=list[Lock])
    pending: list[Change] = field(default_factory=list[Change])
    outside: list[Change] = field(default_factory=list[Change])
    applied: list[Change] = field(default_factory=list[Change])
    #: Numbers whose signing secret is another than before.
    new_secrets: list[str] = field(default_factory=list[str])
    #: Numbers that were attached already when this run came: what they had before is not known.
    forgotten: list[str] = field(default_factory=list[str])
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        step = fail(self).step if self.error else ""
        return {**asdict(self), "recovered": not self.error, "exit": 1 if self.error else 0, "next": step}


def recover(project: Project, stack: str, agreed: Callable[[str], bool]) -> Recovery:
    """Bring the stack back. ``agreed`` is asked before a lock is cancelled whose process cannot be seen from here.

    Raises RecoveryRefused where nothing may be done; what fails later is the recovery's ``error``.
    """
    environment = sandbox.reading(project, stack)
    found = Recovery(stack)
    found.mended = backends.mend(stack, project.root, environment)
    left = state.of(stack, project.root, environment).pending
    found.pending = [Change(group_of(item.urn), object_of(item.urn), item.kind) for item in left]
    refreshed = _refresh(project.root, stack, environment, found, agreed)
    found.outside = list(outcome.changes(refreshed, outside=True))
    found.error = refreshed.error
    if not found.error:
        _apply(project.root, stack, {**environment, **_consent(left)}, found)
    return found


def _consent(left: Iterable[Pending]) -> dict[str, str]:
    """Leave to register anew those numbers whose registration was under way: their signing secret reached nobody."""
    numbers = [name_of(item.urn) for item in left if item.kind == "creating" and outcome.is_number(item.urn)]
    return consent.given(replace=numbers)


def _refresh(
    root: Path, stack: str, environment: dict[str, str], found: Recovery, agreed: Callable[[str], bool]
) -> events.Run:
    """The state as the vendors have it, without what was pending; a lock in the way is cancelled once."""
    arguments = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack]
    done = events.shown("asking every vendor what is there", arguments, root, environment)
    if not any(sign in done.text for sign in _LOCKED):
        return done
    found.locks = list(locks(done.text))
    may_cancel(stack, found.locks, agreed)
    cli.run(["cancel", "--yes", "--stack", stack], root, environment)
    return events.shown("asking every vendor what is there", arguments, root, environment)


def _apply(root: Path, stack: str, environment: dict[str, str], found: Recovery) -> None:
    done = events.shown("applying what is declared", ["up", "--yes", "--stack", stack], root, environment)
    found.error = done.error
    found.applied = list(outcome.changes(done))
    found.new_secrets = outcome.new_secrets(done)
    for step in done.ended:
        if outcome.took_over(done, step.urn) and "previous" in step.new_outputs and not step.new_outputs["previous"]:
            found.forgotten.append(group_of(step.urn))


# -- locks -------------------------------------------------------------------------------------------------------------


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
    for lock in found.locks:
        terminal.line(f"lock      {lock.holder}: cancelled")
    _list("pending", [str(change) for change in found.pending], "no operation was left open")
    _list("outside", [str(change) for change in found.outside], "nothing was changed outside")
    _list("applied", [str(change) for change in found.applied], "nothing had to be done")
    for number in found.new_secrets:
        command = f"pulumi stack output signing_secrets --show-secrets --stack {found.stack}"
        terminal.line(f"secret    {number} has a new signing secret, for its receiver: {command}")
    for number in found.forgotten:
        terminal.line(f"unknown   {number}: what it had before it was ours; destroy detaches it and puts nothing back")
    if not found.error:
        terminal.line(f"ok: the network is as {file} declares it")


def _list(head: str, lines: list[str], none: str) -> None:
    for line in lines or [none]:
        terminal.line(f"{head:<9} {line}")


def fail(found: Recovery) -> XtelError:
    """The error that a recovery ended in; what was done until then stays done, and it can be run again."""
    return XtelError(found.error, step=cli.advice(found.error) or f"when that is put right: xtel recover {found.stack}")
