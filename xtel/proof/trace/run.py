"""`xtel trace`: reads call paths from where it is told, puts the checks to them, shows what they say.

What a source needs is loaded with it: a trace of the file alone takes little longer than reading the file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from providers.kernel import escaping
from providers.kernel.errors import InputError
from providers.kernel.wording import counted
from stacks import document
from stacks.document import Document
from stacks.resource import NUMBER
from xtel import terminal
from xtel.project.layout import Project
from xtel.proof.trace import sources, text, tracing
from xtel.proof.trace.model import Source, TraceReport
from xtel.proof.trace.subject import Subject

if TYPE_CHECKING:
    from xtel.engine.previews import Preview


def trace(
    project: Project,
    stack: str,
    asked: Sequence[str],
    *,
    source: Source = "state",
    saved: str = "",
    probed: bool = False,
    strict: bool = False,
) -> TraceReport:
    """The trace of a stack's numbers, or of those that were asked for. Raises XtelError where nothing can be read.

    ``saved``: of ``plan``, a preview that was kept in a file; ``-`` is standard input.
    """
    notes: list[str] = []
    if source == "live":
        from xtel.proof.trace import live_stack

        subjects = live_stack.subjects(project, stack, asked, notes)
    else:
        subjects = sources.chosen(_told(project, stack, source, saved, notes), asked, stack)
    if probed:
        subjects = _probed(subjects)
    return tracing.report(stack, source, subjects, strict=strict, probed=probed, notes=notes)


def show(found: TraceReport) -> None:
    """On the terminal."""
    for line, style in text.lines(found):
        terminal.line(line, style)


def written(found: TraceReport, format: str) -> str:
    """The report as it stands in a file."""
    if format == "text":
        return "".join(f"{escaping.line(line)}\n" for line, _ in text.lines(found))
    if format == "json":
        return found.as_json()
    from xtel.proof.trace import reports

    return reports.render(found, format)


def _told(project: Project, stack: str, source: Source, saved: str, notes: list[str]) -> list[Subject]:
    found = document.read(project.stack_file(stack))
    if source == "declared":
        return sources.declared(found)
    if source == "plan":
        preview = _preview(project, stack, saved, found)
        if preview.failed:
            notes.append("the preview stopped before its end: what it did not come to is as the state has it")
        return sources.planned(found, preview)
    from xtel.engine import state
    from xtel.project import sandbox

    held = state.of(stack, project.root, sandbox.reading(project, stack))
    if held.pending:
        left = counted(len(held.pending), "operation")
        notes.append(f"{left} left open by a run that was killed: xtel recover {stack}")
    return sources.applied(found, held)


def _preview(project: Project, stack: str, saved: str, found: Document) -> Preview:
    """What an apply would do; a saved plan of `xtel plan` tells of numbers, and has no objects."""
    from xtel.engine import previews
    from xtel.review import planning

    if not saved:
        preview = planning.read(planning.run(project, stack))
        return planning.completed(project, stack, preview, found) if preview.failed else preview
    preview = previews.read(planning.saved_text(saved))
    if not any(step.type != NUMBER and ":" in step.type for step in preview.steps):
        raise InputError(f"{saved} holds no object", step="pulumi preview --json > preview.json")
    return preview


def _probed(subjects: Sequence[Subject]) -> list[Subject]:
    from xtel.proof.trace import probe

    targets = {way.uri: way.target for each in subjects for way in each.ours if way.target}
    urls = [url for each in subjects if (url := each.registration.webhook)]
    with terminal.working("looking at hosts and certificates"):
        seen = probe.probe(targets, urls, probe.vantage(os.environ.get))
    return [replace(each, probed=seen) for each in subjects]
