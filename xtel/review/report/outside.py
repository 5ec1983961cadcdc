"""What was changed outside, and calls that do not arrive, as the text of an issue: a table for each stack. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.kernel.escaping import markdown
from providers.kernel.secrecy import one_line
from providers.kernel.wording import counted
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


@dataclass(frozen=True)
class Unreached:
    """One stack's numbers whose calls do not arrive: by which verb it is known, and of each where and why."""

    stack: str
    by: str
    rows: tuple[tuple[str, str], ...]


Entry = Outside | Unreached | Missing


def clean(entries: Sequence[Entry]) -> bool:
    """Whether every stack was asked and nothing was found."""
    return not any(map(_told, entries))


def _told(entry: Entry) -> bool:
    """Whether there is something to say of it."""
    if isinstance(entry, Unreached):
        return bool(entry.rows)
    return isinstance(entry, Missing) or entry.drifted


def title(entries: Sequence[Entry]) -> str:
    """The title of the issue."""
    named = dict.fromkeys(entry.stack for entry in entries if _told(entry))
    lost = {(entry.stack, number) for entry in entries if isinstance(entry, Unreached) for number, _ in entry.rows}
    if lost and not any(_told(entry) for entry in entries if not isinstance(entry, Unreached)):
        return (
            f"Phone network ({one_line(', '.join(named), 120)}): calls do not arrive at {counted(len(lost), 'number')}"
        )
    silent = sum(len(entry.found["stopped_ringing"]) for entry in entries if isinstance(entry, Outside))
    stopped = f": {silent} number{'s' * (silent != 1)} stopped ringing" if silent else ""
    return f"Phone network changed outside ({one_line(', '.join(named), 120)}){stopped}"


def body(entries: Sequence[Entry], job: str) -> str:
    """The text of the issue, at most as long as a comment may be."""
    if clean(entries):
        return f"{MARKER}\nNothing is changed outside any more.{_link(job)}\n"
    found = "Found by `xtel drift`, `trace` and `call`, which changed nothing."
    begin = f"{MARKER}\n{found}{_link(job)} Closed by itself when all is as applied.\n"
    parts = [_stack(entry) for entry in entries if _told(entry)]
    share = (BUDGET - len(begin)) // max(1, len(parts))
    return begin + "".join(_cut(lines, share) for lines in parts)


def _stack(entry: Entry) -> list[str]:
    head = f"\n### {markdown(entry.stack)}\n"
    if isinstance(entry, Missing):
        return [head, f"Not every vendor could be asked: {markdown(one_line(entry.reason))}"]
    if isinstance(entry, Unreached):
        shown = [f"| {' | '.join(markdown(one_line(cell, _CELL)) for cell in row)} |" for row in entry.rows]
        return [head, f"Calls that do not arrive, by `{entry.by}`:\n", "| Number | Where, and why |", "|--|--|", *shown]
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
