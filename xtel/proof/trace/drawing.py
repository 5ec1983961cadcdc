"""The call path of each number as a picture, a box a hop: SVG that asks for nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from providers.kernel import values
from xtel.proof.trace.model import TracedHop, TracedNumber, TraceReport, Verdict

_SIGNS: dict[Verdict, str] = {"pass": "✓", "fail": "✕", "unknown": "?"}
#: Sizes in pixels: a box, the arrow after it, a number with its heading.
_BOX: Final = (92, 34)
_GAP: Final = 14
_ROW: Final = 74
_MARGIN: Final = 10
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#1d2430}.head{font-weight:600}"
    "rect{stroke-width:1.5;rx:6}.pass rect{fill:#e7f5ea;stroke:#1a7f37}.fail rect{fill:#fdeaea;stroke:#b42318;stroke-width:3}"
    ".unknown rect{fill:#fff6dc;stroke:#9a6700;stroke-dasharray:4}.beyond{opacity:.45}"
    "path{fill:none;stroke:#6b7480;stroke-width:1.5}.paper{fill:#fff;stroke:none}"
)


def svg(found: TraceReport) -> str:
    """All numbers below each other."""
    return _whole(found.numbers)


def one(number: TracedNumber) -> str:
    """One number alone, for a page that has its heading."""
    return _whole([number], headed=False)


def _whole(numbers: Sequence[TracedNumber], *, headed: bool = True) -> str:
    step = _BOX[0] + _GAP
    width = 2 * _MARGIN + max((len(each.hops) for each in numbers), default=1) * step - _GAP
    row = _ROW if headed else _BOX[1] + 2 * _MARGIN
    height = max(1, len(numbers)) * row + (_MARGIN if headed else 0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<style>{_STYLE}</style><rect class="paper" width="{width}" height="{height}"/>',
    ]
    for count, number in enumerate(numbers):
        lines += _row(number, count * row + _MARGIN, headed=headed)
    return "\n".join([*lines, "</svg>", ""])


def _row(number: TracedNumber, top: int, *, headed: bool) -> Iterator[str]:
    if headed:
        shown = values.pretty(number.number) if number.number else "not bought yet"
        verdict = f"ends at {number.ends_at}" if number.ends_at else f"reaches {number.answered_by or 'nobody known'}"
        yield f'<text class="head" x="{_MARGIN}" y="{top + 12}">{escape(f"{shown} · {number.key} · {verdict}")}</text>'
    y, beyond = top + (22 if headed else 0), False
    for count, hop in enumerate(number.hops):
        x = _MARGIN + count * (_BOX[0] + _GAP)
        if count:
            yield f'<path d="M{x - _GAP} {y + _BOX[1] // 2}h{_GAP - 2}m-4 -4l4 4l-4 4"/>'
        yield _box(hop, x, y, beyond=beyond)
        beyond = beyond or hop.verdict == "fail"


def _box(hop: TracedHop, x: int, y: int, *, beyond: bool) -> str:
    css = f"{hop.verdict}{' beyond' if beyond else ''}"
    why = escape(f"{hop.hop}: {hop.why}{f'; fix: {hop.fix}' if hop.fix else ''}")
    return (
        f'<g class="{css}"><title>{why}</title><rect x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}"/>'
        f'<text x="{x + 6}" y="{y + 21}">{_SIGNS[hop.verdict]} {hop.hop}</text></g>'
    )
