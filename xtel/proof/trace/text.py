"""A trace on the terminal: a line a hop, what stands in the way in full. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel import values
from xtel.proof.trace.model import TracedHop, TracedNumber, TraceReport, Verdict, reaches

WORDS: dict[Verdict, str] = {"pass": "pass", "fail": "fail", "unknown": "cannot tell"}
_STYLES: dict[Verdict, str] = {"pass": "green", "fail": "red", "unknown": "yellow"}
_TELLERS = {"state": "after an apply", "live": "--live tells", "probe": "--probe tells", "call": "only a call shows"}
#: So many numbers are shown with every hop; of more, those that pass and what only a call shows are one line.
_FEW = 5


def lines(found: TraceReport) -> Iterator[tuple[str, str]]:
    """Each line with its style."""
    whole = len(found.numbers) <= _FEW
    for number in found.numbers:
        yield _headline(number), _STYLES[number.verdict] if number.verdict == "fail" else "bold"
        for each in number.hops:
            if whole or each.verdict == "fail":
                yield from _hop(each)
    for note in found.notes:
        yield f"note: {note}", "dim"
    yield summary(found), ""


def summary(found: TraceReport) -> str:
    """The count, last."""
    reach = sum(reaches(each, strict=found.strict) for each in found.numbers)
    doubts = sum(each.verdict == "unknown" for each in found.numbers)
    told = f", {doubts} of them as far as can be told" if doubts and reach else ""
    return f"{reach} of {len(found.numbers)} numbers reach who answers{told} ({origin(found)})"


def origin(found: TraceReport) -> str:
    """Who told."""
    told = {"declared": "the stack file", "state": "the state", "plan": "the plan", "live": "the vendors"}[found.source]
    return f"by {told}{' and a probe from here' if found.probed else ''}"


def _headline(number: TracedNumber) -> str:
    shown = values.pretty(number.number) if number.number else "not bought yet"
    if number.ends_at:
        return f"{shown}  {number.key}  ends at {number.ends_at}"
    answers = number.answered_by or "nobody known"
    return f"{shown}  {number.key}  reaches {answers}{'' if number.verdict == 'pass' else ', as far as can be told'}"


def _hop(each: TracedHop) -> Iterator[tuple[str, str]]:
    teller = f" [{_TELLERS[each.told_by]}]" if each.verdict == "unknown" and each.told_by else ""
    yield f"  {WORDS[each.verdict]:<11}  {each.hop:<14}  {each.why}{teller}", _STYLES[each.verdict]
    if each.verdict == "fail":
        deciding = next(check for check in each.checks if check.verdict == "fail")
        if each.object:
            yield f"{'':31}by {each.object}", ""
        yield f"{'':31}fix: {each.fix} ({deciding.check})", ""
