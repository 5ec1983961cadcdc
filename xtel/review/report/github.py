"""Annotations on the lines of the stack file: GitHub workflow commands, written to a job's log. Pure."""

from __future__ import annotations

from xtel.review.plan.model import Review, RuleFinding
from xtel.review.report import view
from xtel.review.report.escape import command, option
from xtel.review.report.view import Links

#: GitHub shows so many of each kind per step.
_MOST = 10


def commands(review: Review, links: Links) -> str:
    """One line per finding, the worst first; the verdict is a notice."""
    plan = review.plan
    lines = [_line("notice", "", 0, f"{plan.stack}: {view.worded(review)}", f"{review.headline} ({view.counts(plan)})")]
    if plan.why_incomplete:
        lines.append(_line("error", "", 0, f"{plan.stack}: plan incomplete", plan.why_incomplete))
    found = view.alarming(review)
    errors = [finding for finding in found if finding.stops]
    file = links.file or plan.file
    for level, findings in (("error", errors), ("warning", [item for item in found if item not in errors])):
        lines += [_finding(level, file, finding) for finding in findings[:_MOST]]
        if len(findings) > _MOST:
            more = f"{len(findings) - _MOST} more {level}s are in the report"
            lines.append(_line("notice", "", 0, plan.stack, more))
    return "".join(f"{line}\n" for line in lines)


def _finding(level: str, file: str, finding: RuleFinding) -> str:
    where, what, why, rule = view.shown(finding)
    step = f"; next: {finding.step}" if finding.step else ""
    return _line(level, file, finding.line, f"{where}{': ' if rule else ''}{rule}", f"{what}: {why}{step}")


def _line(level: str, file: str, line: int, title: str, message: str) -> str:
    place = f"file={option(file)},line={line}," if file and line else ""
    return f"::{level} {place}title={option(title)}::{command(message)}"
