"""A rehearsal on the terminal."""

from __future__ import annotations

from xtel import terminal
from xtel.review.rehearsal import Rehearsal
from xtel.review.report.rehearsal import HEADS, cells, headline

#: No column gets narrower.
_LEAST = (17, 16, 16, 18)


def show(found: Rehearsal) -> None:
    """A table of the numbers, the messages of calls that should have been answered, and last how it ended."""
    terminal.table(HEADS, [cells(item) for item in found.numbers], _LEAST)
    for text in _below(found):
        terminal.line(text)
    terminal.line("")
    terminal.line(headline(found), "green" if found.good else "red")


def plain(found: Rehearsal) -> str:
    """The same as text for a file."""
    rows = [" | ".join(cell.replace("\n", " ") for cell in cells(item)) for item in found.numbers]
    return "\n".join([*rows, *_below(found), headline(found)]) + "\n"


def _below(found: Rehearsal) -> list[str]:
    told: list[str] = []
    for item in found.numbers:
        if item.after and item.after.ladder and not item.good:
            told += ["", f"{item.number} ({item.key}): {item.why}", *(f"  {text}" for text in item.after.ladder)]
    return [*told, *(text for problem in found.problems for text in ("", problem))]
