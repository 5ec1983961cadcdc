"""Annotations on the lines of the stack file: GitHub workflow commands, written to a job's log. Pure."""

from __future__ import annotations

from providers.kernel.escaping import command, option
from xtel.review.plan.model import Review
from xtel.review.report import handed, view
from xtel.review.report.view import Links

#: GitHub shows so many of each kind per step.
_MOST = 10
#: Numbers that one line names.
_NAMES = 100


def commands(review: Review, links: Links) -> str:
    """One line per finding, the worst first, what is said of many numbers once; the verdict is a notice."""
    plan = review.plan
    lines = [_line("notice", "", 0, f"{plan.stack}: {view.worded(review)}", f"{review.headline} ({view.counts(plan)})")]
    if said := view.rehearsed(review):
        lines.append(_line("notice", "", 0, f"{plan.stack}: rehearsal", said))
    if plan.why_incomplete:
        lines.append(_line("error", "", 0, f"{plan.stack}: plan incomplete", plan.why_incomplete))
    if secrets := handed.rows(plan):
        lines.append(_line("notice", "", 0, f"{plan.stack}: secrets", "; ".join(text for _, text in secrets)))
    shown: dict[str, list[view.Told]] = {"error": [], "warning": [], "notice": []}
    for told in view.told(review):
        shown["error" if told.stops else "notice" if told.accepted else "warning"].append(told)
    for level, found in shown.items():
        lines += [_finding(level, links.file or plan.file, told) for told in found[:_MOST]]
        if len(found) > _MOST:
            more = f"{len(found) - _MOST} more {level}s are in the report"
            lines.append(_line("notice", "", 0, plan.stack, more))
    return "".join(f"{line}\n" for line in lines)


def _finding(level: str, file: str, told: view.Told) -> str:
    step = f"; next: {told.step}" if told.step else ""
    many = told.findings.names[:_NAMES] if told.findings.many else ()
    more = ", …" if many and len(told.findings.names) > _NAMES else ""
    names = f" ({', '.join(many)}{more})" if many else ""
    accepted = f"accepted {told.accepted}: " if told.accepted else ""
    title = f"{told.where}{': ' if told.rule else ''}{told.rule}"
    return _line(level, file, told.line, title, f"{accepted}{told.what}: {told.why}{step}{names}")


def _line(level: str, file: str, line: int, title: str, message: str) -> str:
    place = f"file={option(file)},line={line}," if file and line else ""
    return f"::{level} {place}title={option(title)}::{command(message)}"
