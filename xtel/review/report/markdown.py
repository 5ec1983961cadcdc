"""The plan as a comment in a pull request: at most 60,000 characters, the verdict and the dangers never cut off. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from providers.kernel.escaping import code, markdown, mermaid
from xtel.review.plan.model import Drift, Review
from xtel.review.report import handed, template, view
from xtel.review.report.view import Links

#: GitHub takes 65,536 characters for a comment.
BUDGET = 60_000
#: How many numbers a picture shows.
_DRAWN = 12
#: What stands before the folds: a reviewer with a phone reads about one screen.
_FINDINGS, _ROUTES = 12, 6
_MARKS = {"danger": "⛔", "warning": "⚠️"}


@dataclass(frozen=True)
class Room:
    """How many lines each part may have, and how many names a list; what is cut says so."""

    diff: int = 2000
    routes: int = 2000
    drift: int = 2000
    findings: int = 2000
    accept: int = 400
    names: int = 1000


#: Tried in this order: what is folded goes first.
_ROOMS = (
    Room(), Room(diff=400), Room(100, drift=100, names=200), Room(0, drift=20, accept=200, names=100),
    Room(0, 200, 20, names=50, accept=100), Room(0, 60, 20, 200, 50, 20), Room(0, 20, 10, 60, 20, 10),
    Room(0, 0, 0, 25, 0, 0), Room(0, 0, 0, 10, 0, 0),
)  # fmt: skip


def report(review: Review, links: Links, budget: int = BUDGET) -> str:
    """The comment; of a plan that does not fit whole, as much as fits into ``budget`` characters."""
    plan = review.plan
    parts: dict[str, Sequence[Any]] = {
        "findings": view.told(review), "routes": view.routes(plan), "diff": view.diff(plan),
        "drift": view.drift(plan), "accept": view.acceptance(review),
    }  # fmt: skip
    known: dict[str, Any] = {
        "review": review, "plan": plan, "view": view, "links": links, "commit": links.commit[:7],
        "places": _places(review, links), "picture": _picture(parts["routes"]), "code": code, "text": markdown,
        "problems": view.problems(plan), "permanent": view.permanent(plan), "bundles": view.bundles(plan),
        "secrets": handed.rows(plan),
        "shown": {"findings": _FINDINGS, "routes": _ROUTES},
    }  # fmt: skip
    made = ""
    for room in _ROOMS:
        rows, more = _rows(parts, room, links)
        if sum(len(line) + 1 for lines in rows.values() for line in lines) > budget and room is not _ROOMS[-1]:
            continue
        fold = partial(_fold, room.names)
        made = template.render("plan.md.j2", rows=rows, more=more, fold=fold, **known)
        if len(made) <= budget:
            break
    return made


def _rows(parts: Mapping[str, Sequence[Any]], room: Room, links: Links) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The lines of each part as far as there is room, and how many are left out."""
    diff = [line for block in parts["diff"][: room.diff + 1] for line in _block(block)]
    rows = {
        "findings": [_finding(told, links, room.names) for told in parts["findings"][: room.findings]],
        "routes": [_route(row, links, room.names) for row in parts["routes"][: room.routes]],
        "diff": [" ".join(line.splitlines()) for line in diff[: room.diff]],
        "drift": [_drift(item, room.names) for item in parts["drift"][: room.drift]],
        "accept": [line.replace("`", "'") for line in parts["accept"][: room.accept]],
    }
    lengths = {name: len(part) for name, part in parts.items()}
    lengths["diff"] = sum(len(block.lines) + 1 for block in parts["diff"])
    return rows, {name: lengths[name] - len(rows[name]) for name in rows}


def _finding(told: view.Told, links: Links, names: int) -> str:
    mark = "☑️" if told.accepted else _MARKS[told.level]
    fix = f" Fix: {markdown(told.step)}." if told.stops and told.step else ""
    accepted = f" **Accepted** {markdown(told.accepted)}." if told.accepted else ""
    rule = f" ({code(told.rule)})" if told.rule else ""
    text = f"{markdown(told.what)}: {markdown(told.why)}.{fix}{accepted}{rule}"
    listed = view.listed(told) if told.findings.many else []
    return f"- {mark} {_where(told.where, told.findings.many, links.to(told.line))} {text}{_fold(names, listed)}"


def _where(where: str, many: bool, url: str) -> str:
    """What a line is about: a number linked to the line that declares it, or how many."""
    shown = f"**{markdown(where)}:**" if many else code(where)
    return f"[{shown}]({url})" if url and not many else shown


def _fold(most: int, names: Sequence[str]) -> str:
    """The list of what a line is about, folded, inside the list that the line is in."""
    if not names or not most:
        return ""
    cut = f" and {len(names) - most} more" if len(names) > most else ""
    return f"\n  <details><summary>which</summary>\n\n  {', '.join(map(code, names[:most]))}{cut}\n  </details>\n"


def _route(row: view.RouteRow, links: Links, names: int) -> str:
    before = code(row.before) if row.before != "none" else "—"
    after = code(row.after) if row.after != "none" else "— **none**"
    where = _where(row.numbers.where, row.numbers.many, links.to(row.line))
    listed = row.numbers.names if row.numbers.many else ()
    return f"- {where} {markdown(row.note)}<br>before: {before}<br>after: {after}{_fold(names, listed)}"


def _block(block: view.Block) -> list[str]:
    """The changes of a number, or of many: their names stand with the findings and the routes."""
    few = f" ({', '.join(block.names[:3])}{', …' if len(block.names) > 3 else ''})" if len(block.names) > 1 else ""
    return [f"@@ {block.title}{few} @@", *block.lines]


def _drift(told: tuple[str, list[str], Drift], names: int) -> str:
    where, listed, item = told
    part = item.name.partition("/")[2] if item.number else ""
    path, declared, live = view.sides(item)
    object = " ".join(filter(None, (item.type, part)))
    difference = markdown(live) if not item.path else f"{code(declared)} → {code(live)}"
    about = _where(where, bool(listed), "")
    return f"- {about} {code(object)} {code(path)}: {difference}{_fold(names, listed)}"


def _places(review: Review, links: Links) -> list[str]:
    """The lines that declare what changes, as links where the repository is known."""
    plan = review.plan
    shown: list[str] = []
    for line in view.lines_of([*plan.objects, *plan.numbers])[:30]:
        place = f"{plan.file}:{line}"
        shown.append(f"[{markdown(place)}]({url})" if (url := links.to(line)) else code(place))
    return shown


def _picture(routes: Sequence[view.RouteRow]) -> list[str]:
    """The routes that change, as lines of a Mermaid flowchart; none where they would be too many to read."""
    if not 0 < len(routes) <= _DRAWN:
        return []
    drawn = [line for index, row in enumerate(routes) for line in _drawn(index, row)]
    return [*drawn, "  classDef gone stroke:#c00,stroke-dasharray:4"]


def _drawn(index: int, row: view.RouteRow) -> list[str]:
    root = f"n{index}"
    lines = [f'  {root}(["{mermaid(row.numbers.where)}"])']
    if row.hops_before and row.before != row.after:
        lines += _path(f"{root}b", root, row.hops_before, "-.->")
        lines += [f"  class {root}b0 gone"]
    return lines + _path(f"{root}a", root, row.hops_after, "-->")


def _path(name: str, root: str, hops: Sequence[tuple[str, str]], arrow: str) -> list[str]:
    boxes = [f"agent {label}" if kind == "agent" else label for kind, label in hops if kind != "else"]
    lines: list[str] = []
    for count, label in enumerate(boxes):
        start = root if count == 0 else f"{name}{count - 1}"
        lines.append(f'  {start} {arrow} {name}{count}["{mermaid(label)}"]')
    return lines
