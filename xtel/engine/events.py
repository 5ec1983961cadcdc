"""Runs the Pulumi CLI and follows what its engine says while it works: the event log, one JSON object a line.

The one place that knows the form of these events. Values are the engine's own; secrets in them are one mark.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from providers.kernel import log
from providers.kernel.secrecy import one_line
from xtel import terminal
from xtel.engine import cli, interrupts
from xtel.engine.step import (
    Diagnostic,
    Step,
    diagnostic_of,
    group_of,
    is_object,
    message_of,
    object_of,
    parsed,
    step_of,
)

_POLL_SECONDS = 0.1
#: What the engine says of a state that it could not write: a full disk, a bucket that refuses.
_UNSAVED = "failed to save snapshot"


def _nothing() -> None:
    """What is done between two looks at the log, unless somebody wants more."""


@dataclass(frozen=True)
class Run:
    """What one command of the CLI did, and how it ended; ``error`` is empty where it succeeded."""

    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...]
    error: str = ""
    #: All that it printed, for what the events do not say (a lock stops it before there are any).
    text: str = ""
    #: The event log itself.
    log: str = ""

    @property
    def ended(self) -> list[Step]:
        """The steps that came to their end, in that order, of objects at vendors."""
        return [step for step in self.steps if step.done and is_object(step.urn)]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a command of the CLI; ``run`` is what it did until then."""

    def __init__(self, run: Run) -> None:
        super().__init__("interrupted")
        self.run = run


def follow(
    arguments: list[str],
    root: Path,
    environment: Mapping[str, str],
    seen: Callable[[Step | Diagnostic], None],
    between: Callable[[], None] = _nothing,
) -> Run:
    """Run ``pulumi ARGUMENTS`` to its end, however long that takes, and hand on each event as it comes.

    ``between`` is called each time all events so far were handed on. Raises Interrupted, with what was done until then,
    when Ctrl-C ended it.
    """
    with tempfile.TemporaryDirectory() as folder:
        written, printed = Path(folder) / "events", Path(folder) / "printed"
        variables = {**environment, "PULUMI_DEBUG_COMMANDS": "1"}  # without it there is no --event-log
        started = time.monotonic()
        command = [*arguments, "--event-log", str(written)]
        with (
            printed.open("w", encoding="utf-8") as stream,
            cli.start(command, root, variables, stream) as process,
        ):
            saves = True
            for event in _tail(written, lambda: process.poll() is not None, between):
                if saves and _UNSAVED in getattr(event, "text", ""):  # what is made from now on would be in no state
                    saves = False
                    interrupts.end(process)
                seen(event)
        cli.ended(arguments, process.returncode, started)
        text = printed.read_text(encoding="utf-8", errors="replace")
        # `up` writes its preview there first and then, from the beginning again, what it did: that is what counts.
        told = written.read_bytes() if written.is_file() else b""
        events = list(_events(told))
    steps = tuple(event for event in events if isinstance(event, Step))
    diagnostics = tuple(event for event in events if isinstance(event, Diagnostic))
    error = _error(diagnostics, text) if process.returncode else ""
    run = Run(steps, diagnostics, error, text, told.decode("utf-8", errors="replace"))
    if interrupts.asked() and process.returncode:
        raise Interrupted(run)
    return run


def shown(
    text: str, arguments: list[str], root: Path, environment: Mapping[str, str], live: terminal.Live = terminal.live
) -> Run:
    """The same under a line that says, on a terminal, how far it is and what it waits for."""
    with live(text) as show:
        return follow(arguments, root, environment, counted(show))


def counted(show: Callable[[str], None]) -> Callable[[Step | Diagnostic], None]:
    """Tells ``show`` how many objects are compared or done, and what is waited for."""
    ended: dict[str, set[str]] = {"compared": set(), "done": set()}

    def seen(event: Step | Diagnostic) -> None:
        if isinstance(event, Step) and event.done:
            what = "compared" if event.planned else "done"
            ended[what].add(event.urn)
            show(f"{len(ended[what])} {what}, {group_of(event.urn)} {object_of(event.urn)}")
        elif isinstance(event, Diagnostic) and event.urn and event.ephemeral:
            show(f"{len(ended['done'])} done, {group_of(event.urn)} {object_of(event.urn)}: {event.text}")

    return seen


def _error(diagnostics: Sequence[Diagnostic], text: str) -> str:
    """Why it failed: what a resource said itself, before the engine's own summary of it."""
    named = [item for item in diagnostics if item.severity == "error" and item.urn]
    if _UNSAVED in text:
        return one_line(f"the state cannot be saved: {text.partition(_UNSAVED)[2].splitlines()[0].strip(': ')}", 600)
    first = named[0].text if named else ""
    return one_line(first or cli.reason(text), 600)


def _tail(written: Path, ended: Callable[[], bool], between: Callable[[], None]) -> Iterator[Step | Diagnostic]:
    """Every event of a log that is still written, whole lines only, until its writer has ended."""
    place = 0
    while True:
        last = ended()
        data = written.read_bytes() if written.is_file() else b""
        place = place if place <= len(data) else 0
        whole = data.rfind(b"\n") + 1
        relay(data[place:whole])
        yield from _events(data[place:whole])
        place = max(place, whole)
        if last:
            return
        between()
        time.sleep(_POLL_SECONDS)


def relay(data: bytes) -> None:
    """Show the log of the provider process, where it is wanted: among events it is messages that only `--debug` shows."""
    if not log.wanted():
        return
    for line in data.splitlines():
        if b'"severity":"debug"' not in line:
            continue
        with suppress(ValueError):
            told: Any = parsed(line).get("diagnosticEvent")
            if told and log.is_line(text := message_of(told)):
                log.to_stderr(one_line(text, 600))


def _events(data: bytes) -> Iterator[Step | Diagnostic]:
    return (event for line in data.splitlines() if (event := _event(line)))


def _event(line: bytes) -> Step | Diagnostic | None:
    try:
        event: Any = parsed(line)
    except ValueError:
        return None
    for name, done in (("resourcePreEvent", False), ("resOutputsEvent", True), ("resOpFailedEvent", False)):
        if found := event.get(name):
            return replace(step_of(found["metadata"], "old", "new"), done=done, planned=bool(found.get("planning")))
    told: Any = event.get("diagnosticEvent")
    return diagnostic_of(told) if told and told.get("severity") != "debug" else None


def unplanned(step: Step) -> Step:
    """The same step whether a preview or an update says it."""
    return replace(step, planned=False)
