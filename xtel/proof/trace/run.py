"""`xtel trace`: reads call paths from where it is told, puts the checks to them, shows what they say."""

from __future__ import annotations

from collections.abc import Sequence

from stacks import document
from xtel import terminal
from xtel.engine import state
from xtel.project import sandbox
from xtel.project.layout import Project
from xtel.proof.trace import sources, text, tracing
from xtel.proof.trace.model import Source, TraceReport


def trace(
    project: Project, stack: str, asked: Sequence[str], *, source: Source = "state", strict: bool = False
) -> TraceReport:
    """The trace of a stack's numbers, or of those that were asked for. Raises XtelError where nothing can be read."""
    found = document.read(project.stack_file(stack))
    if source == "declared":
        subjects = sources.declared(found)
    else:
        held = state.of(stack, project.root, sandbox.reading(project, stack))
        subjects = sources.applied(found, held)
    return tracing.report(stack, source, sources.chosen(subjects, asked, stack), strict=strict)


def show(found: TraceReport) -> None:
    """On the terminal."""
    for line, style in text.lines(found):
        terminal.line(line, style)
