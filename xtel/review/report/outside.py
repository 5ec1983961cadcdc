"""What was changed outside, as the text of an issue: a table for each stack. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.kernel.escaping import markdown
from providers.kernel.secrecy import one_line
from xtel.review.report.comment import Missing
from xtel.review.report.markdown import BUDGET

MARKER = "<!-- xtel:drift -->"
_CELL = 300


@dataclass(frozen=True)
class Outside:
    """One stack's drift: ``found`` is what `xtel drift --json` printed."""

    stack: str
    found: Mapping[str, Any]

    @property
    def drifted(self) -> bool:
        """Whether anything was changed."""
        return bool(self.found["drift"])


Entry = Outside | Missing


def clean(entries: Sequence[Entry]) -> bool:
    """Whether every stack was asked and nothing was found."""
    return all(isinstance(entry, Outside) and not entry.drifted for entry in entries)


def title(entries: Sequence[Entry]) -> str:
    """The title of the issue."""
    named = [entry.stack for entry in entries if isinstance(entry, Missing) or entry.drifted]
    silent = sum(len(entry.found["stopped_ringing"]) for entry in entries if isinstance(entry, Outside))
    stopped = f": {silent} number{'s' * (silent != 1)} stopped ringing" if silent else ""
    return f"Phone network changed outside ({one_line(', '.join(named), 120)}){stopped}"


def body(entries: Sequence[Entry], job: str) -> str:
    """The text of the issue, at most as long as a comment may be."""
    if clean(entries):
        return f"{MARKER}\nNothing is changed outside any more.{_link(job)}\n"
    begin = f"{MARKER}\nFound by `xtel drift`, which changed nothing.{_link(job)} Closed by itself when all is as applied.\n"
    parts = [_stack(entry) for entry in entries if isinstance(entry, Missing) or entry.drifted]
    share = (BUDGET - len(begin)) // max(1, len(parts))
    return begin + "".join(_cut(lines, share) for lines in parts)


def _stack(entry: Entry) -> list[str]:
    head = f"\n### {markdown(entry.stack)}\n"
    if isinstance(entry, Missing):
        return [head, f"Not every vendor could be asked: {markdown(one_line(entry.reason))}"]
    rows: list[str] = []
    for number, findings in entry.found["numbers"].items():
        for item in findings:
            mark = "" if item["rings"] else "⛔ stopped ringing: "
            cells = (number, f"{mark}{item['object']} {item['what']}", item["apply"])
            rows.append(f"| {' | '.join(markdown(one_line(cell, _CELL)) for cell in cells)} |")
    return [head, "| Number | Changed outside | The next apply |", "|--|--|--|", *rows]


def _cut(lines: list[str], room: int) -> str:
    kept, left = "", room - 80
    for count, line in enumerate(lines):
        if len(line) + 1 > left:
            return f"{kept}\n… and {len(lines) - count} more; `xtel drift` shows all.\n"
        kept, left = f"{kept}{line}\n", left - len(line) - 1
    return kept


def _link(job: str) -> str:
    return f" [Run]({job})." if job else ""
