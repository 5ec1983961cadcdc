"""Calls as ladder diagrams: who told whom what, in time, as SVG and as a page that loads nothing. Pure.

Messages are foreign text: everything in them is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from providers.kernel.secrecy import one_line
from xtel.proof.calling import Result
from xtel.review.report import template

#: Sizes in pixels: between two ends, between two messages, above the first message, left of the first end.
_COLUMN, _ROW, _TOP, _LEFT = 380, 30, 56, 150
#: Characters of a message beside its arrow, and of the name of an end above its line.
_LINE, _NAME = 60, 30


@dataclass(frozen=True)
class End:
    """Who sends and receives: its name, and where its line stands."""

    name: str
    x: int


@dataclass(frozen=True)
class Arrow:
    """One message: from where to where, when, what, and all of it."""

    start: int
    stop: int
    y: int
    at: str
    line: str
    kind: str
    text: str

    @property
    def middle(self) -> int:
        """Where its text stands."""
        return (self.start + self.stop) // 2

    @property
    def tip(self) -> str:
        """The points of its head."""
        back = self.stop - 8 if self.stop > self.start else self.stop + 8
        return f"{self.stop},{self.y} {back},{self.y - 4} {back},{self.y + 4}"


@dataclass(frozen=True)
class Diagram:
    """One call, placed."""

    title: str
    good: bool
    top: int
    height: int
    width: int
    ends: tuple[End, ...]
    arrows: tuple[Arrow, ...]


def svg(results: Sequence[Result]) -> str:
    """All calls in one picture, one below the other."""
    drawn = _drawn(results, stacked=True)
    height = drawn[-1].top + drawn[-1].height if drawn else 0
    width = max((each.width for each in drawn), default=0)
    return template.render("ladder.svg.html.j2", diagrams=drawn, height=height, width=width, standing=True)


def page(results: Sequence[Result]) -> str:
    """A page with a picture for each call, and the whole of each message below it."""
    return template.render("ladder.html.j2", diagrams=_drawn(results, stacked=False), standing=False)


def _drawn(results: Sequence[Result], *, stacked: bool) -> list[Diagram]:
    found: list[Diagram] = []
    for result in results:
        top = found[-1].top + found[-1].height if stacked and found else 0
        found.append(_diagram(result, top))
    return found


def _diagram(result: Result, top: int) -> Diagram:
    steps = cast(Sequence[Mapping[str, Any]], result.call["ladder"])
    names = list(dict.fromkeys(str(step[side]) for step in steps for side in ("source", "destination")))
    ends = {name: End(one_line(name, _NAME), _LEFT + place * _COLUMN) for place, name in enumerate(names)}
    began = float(steps[0]["at"]) if steps else 0.0
    arrows = tuple(
        Arrow(
            ends[str(step["source"])].x, ends[str(step["destination"])].x, top + _TOP + (place + 1) * _ROW,
            f"{float(step['at']) - began:.3f}", one_line(str(step["line"]), _LINE), str(step["kind"]), str(step["text"]),
        )
        for place, step in enumerate(steps)
    )  # fmt: skip
    title = f"{result.line.key} · {result.line.number}: {result.problem or 'answered'}"
    width = max(_LEFT + len(ends) * _COLUMN - _COLUMN // 3, 640)
    return Diagram(title, result.good, top, _TOP + (len(steps) + 2) * _ROW, width, tuple(ends.values()), arrows)
