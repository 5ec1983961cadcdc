"""The plan as a comment in a pull request: at most 60,000 characters, the verdict and the dangers never cut off. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xtel.review.plan.model import NumberPlan, Review, RuleFinding, Side
from xtel.review.report import template, view
from xtel.review.report.escape import code, markdown, mermaid
from xtel.review.report.view import Links

#: GitHub takes 65,536 characters for a comment.
BUDGET = 60_000
#: How many numbers a picture shows.
_DRAWN = 12
_MARKS = {"danger": "⛔", "warning": "⚠️"}


@dataclass(frozen=True)
class Room:
    """How many lines each part may have; what is cut says so."""

    diff: int = 2000
    routes: int = 2000
    drift: int = 2000
    findings: int = 2000


#: Tried in this order: what is folded goes first.
_ROOMS = (
    Room(), Room(diff=400), Room(100, drift=100), Room(0, drift=20), Room(0, 200, 20), Room(0, 60, 20, 200),
    Room(0, 20, 10, 60), Room(0, 0, 0, 25), Room(0, 0, 0, 10),
)  # fmt: skip


def report(review: Review, links: Links, budget: int = BUDGET) -> str:
    """The comment; of a plan that does not fit whole, as much as fits into ``budget`` characters."""
    plan = review.plan
    rows: dict[str, list[str]] = {
        "findings": [_finding(finding) for finding in view.alarming(review)],
        "routes": [_route(route) for route in view.routes(plan)],
        "diff": view.diff(plan),
        "drift": [
            _row(item.type + " " + item.name, item.path or "is gone", item.declared, item.live) for item in plan.drift
        ],
    }
    known: dict[str, Any] = {
        "review": review, "plan": plan, "view": view, "commit": links.commit[:7], "places": _places(review, links),
        "picture": _picture(review), "code": code, "text": markdown,
    }  # fmt: skip
    made = ""
    for room in _ROOMS:
        cut = {name: lines[: getattr(room, name)] for name, lines in rows.items()}
        more = {name: len(lines) - len(cut[name]) for name, lines in rows.items()}
        if sum(len(line) + 1 for lines in cut.values() for line in lines) > budget and room is not _ROOMS[-1]:
            continue
        made = template.render("plan.md.j2", rows=cut, more=more, **known)
        if len(made) <= budget:
            break
    return made


def _finding(finding: RuleFinding) -> str:
    where, what, why, _ = view.shown(finding)
    accepted = f" accepted {markdown(finding.accepted)}" if finding.accepted else ""
    told = " | ".join(map(markdown, (where, what, why)))
    return f"| {_MARKS[finding.level]} | {told} | {code(finding.rule)}{accepted} |"


def _route(route: view.RouteRow) -> str:
    before = code(route.before) if route.before != "none" else "—"
    after = code(route.after) if route.after != "none" else "— **none**"
    return f"| {markdown(view.named(route.number))} | {before} | {after} | {markdown(route.note)} |"


def _row(*cells: str) -> str:
    return f"| {' | '.join(map(code, cells))} |"


def _places(review: Review, links: Links) -> list[str]:
    """The lines that declare what changes, as links where the repository is known."""
    plan = review.plan
    shown: list[str] = []
    for line in view.lines_of([*plan.objects, *plan.numbers])[:30]:
        place = f"{plan.file}:{line}"
        shown.append(f"[{markdown(place)}]({url})" if (url := links.to(line)) else code(place))
    return shown


def _picture(review: Review) -> list[str]:
    """The routes that change, as lines of a Mermaid flowchart; none where they would be too many to read."""
    moved = [route.number for route in view.routes(review.plan)]
    if not 0 < len(moved) <= _DRAWN:
        return []
    drawn = [line for index, number in enumerate(moved) for line in _drawn(index, number)]
    return [*drawn, "  classDef gone stroke:#c00,stroke-dasharray:4"]


def _drawn(index: int, number: NumberPlan) -> list[str]:
    root = f"n{index}"
    lines = [f'  {root}(["{mermaid(view.named(number))}"])']
    before, after = number.before, number.after
    if before and before.rings and (after is None or view.routed(before) != view.routed(after)):
        lines += _path(f"{root}b", root, before, "-.->")
        lines += [f"  class {root}b0 gone"]
    if after and after.rings:
        lines += _path(f"{root}a", root, after, "-->")
    return lines


def _path(name: str, root: str, side: Side, arrow: str) -> list[str]:
    boxes = [f"agent {label}" if kind == "agent" else label for kind, label in view.hops(side) if kind != "else"]
    lines: list[str] = []
    for count, label in enumerate(boxes):
        start = root if count == 0 else f"{name}{count - 1}"
        lines.append(f'  {start} {arrow} {name}{count}["{mermaid(label)}"]')
    return lines
