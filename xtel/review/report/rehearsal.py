"""A rehearsal for people: a table of its numbers, on a terminal and in Markdown. Pure."""

from __future__ import annotations

from providers.kernel import values
from providers.kernel.escaping import code, markdown
from xtel.review.rehearsal import Rehearsal, RehearsedNumber, Ring
from xtel.review.report.view import titled

HEADS = ("NUMBER", "BEFORE", "AFTER", "VERDICT")
#: Messages of a failed call that Markdown shows.
_LADDER = 30


def headline(found: Rehearsal) -> str:
    """How it ended, in one line."""
    over = f"over {found.base}" if found.base else "from nothing"
    return f"{found.stack} rehearsed {over}: {found.said}"


def cells(item: RehearsedNumber) -> tuple[str, str, str, str]:
    """A row of the table on a terminal; cells may have several lines."""
    carrier = f" ({titled(item.carrier)})" if item.carrier else ""
    number = values.pretty(item.number) if item.number.startswith("+") else item.number
    verdict = "\n".join(filter(None, (item.verdict, item.why, item.note)))
    return f"{number}\n{item.key}{carrier}", _ring(item.before), _ring(item.after), verdict


def report(found: Rehearsal) -> str:
    """The whole of it in Markdown: for a job's summary, and for a comment."""
    mark = "✅" if found.good else "⛔"
    lines = [f"### ☎️ {mark} {markdown(headline(found))}", "", *table(found)]
    return "\n".join([*lines, *_failed(found)]) + "\n"


def table(found: Rehearsal) -> list[str]:
    """The lines of the table, and of what is no single number's."""
    rows = [
        f"| {code(f'{item.key} · {item.number}')} | {_cell(item.before)} | {_cell(item.after)} | {_verdict(item)} |"
        for item in found.numbers
    ]
    problems = [f"- ⛔ {markdown(text)}" for text in found.problems]
    heads = ["| Number | Before | After | Verdict |", "|--|--|--|--|"]
    return [*heads, *rows, *(["", *problems] if problems else [])]


def _failed(found: Rehearsal) -> list[str]:
    """The messages of each call that should have been answered, folded."""
    lines: list[str] = []
    for item in found.numbers:
        if item.good or not item.after or not item.after.ladder:
            continue
        shown = [text.replace("`", "'") for text in item.after.ladder[:_LADDER]]
        cut = [f"… {len(item.after.ladder) - _LADDER} more"] if len(item.after.ladder) > _LADDER else []
        summary = f"<details><summary>the call to {markdown(item.key)}</summary>"
        lines += ["", summary, "", "```", *shown, *cut, "```", "</details>"]
    return lines


def _ring(ring: Ring | None) -> str:
    return ring.said if ring else "-"


def _cell(ring: Ring | None) -> str:
    return code(ring.said) if ring else "—"


def _verdict(item: RehearsedNumber) -> str:
    note = f"; {item.note}" if item.note else ""
    return f"{item.verdict}{note}" if item.good else f"⛔ **{item.verdict}**: {markdown(item.why)}{note}"
