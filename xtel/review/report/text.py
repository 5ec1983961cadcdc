"""The plan for a terminal: lines with a style each, and the same without styles for a file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from providers.kernel import escaping
from xtel.review.plan.model import BundlePlan, Drift, Review
from xtel.review.report import handed, view

Line = tuple[str, str]
_Item = TypeVar("_Item")
_STYLE = {"none": "green", "safe": "green", "needs a look": "yellow", "dangerous": "yellow"}
_SIGN_STYLE = {"+": "green", "-": "red", "±": "red", "~": "yellow", "!": "red"}
_MARKS = {"danger": "✗", "warning": "!"}
#: Lines of one list.
_MOST = 40
#: Names of one list, and characters of a line of them.
_NAMES, _WIDE = 60, 100


def plain(review: Review) -> str:
    """The lines as one text."""
    return "".join(f"{escaping.line(text)}\n" for text, _ in lines(review))


def lines(review: Review, *, onward: bool = True) -> list[Line]:
    """Verdict, what is alarming, routes before and after, the diff; ``onward``: and the command that applies it."""
    plan = review.plan
    style = _STYLE.get(review.verdict, "bold red")
    told: list[Line] = [(f"{plan.stack}: {view.worded(review)} · {review.headline}", style), (view.counts(plan), "dim")]
    if review.rehearsal:
        told.append((view.rehearsed(review), "green" if review.rehearsal.good else "red"))
    if plan.why_incomplete:
        told.append((f"plan incomplete: {plan.why_incomplete}", "red"))
    for text, names in view.problems(plan):
        told += [(f"  {text}", "red"), *_names(names)]
    told += _cut(view.told(review), "", _finding)
    told += _cut(view.routes(plan), "Routing", _route)
    told += _cut(handed.rows(plan), "Secrets", lambda item: [(f"  {item[0]} {item[1]}", _SIGN_STYLE.get(item[0], ""))])
    told += _cut(view.diff(plan), "Changes", _block)
    told += _cut(view.permanent(plan), "Cannot be undone", lambda text: [(f"  {text}", "red")])
    told += _cut(view.drift(plan), "Drift: changed outside, applying undoes it", _drift)
    told += _cut(view.bundles(plan), "By hand", _bundle)
    told += _accepting(review)
    return told + _closing(review, onward=onward)


def _finding(told: view.Told) -> list[Line]:
    tag = f" [{told.rule}]" if told.rule else ""
    fix = f"; to fix: {told.step}" if told.stops and told.step else ""
    text = f"{told.where}: {told.what}: {told.why}{fix}{tag}"
    if told.accepted:
        return [(f"✓ accepted {told.accepted}: {text}", ""), *_listed(told)]
    style = "red" if told.level == "danger" else "yellow"
    return [(f"{_MARKS[told.level]} {text}", style), *_listed(told)]


def _listed(told: view.Told) -> list[Line]:
    if told.each:
        return _cut_names([f"    {text}" for text in view.listed(told)])
    return _names(view.listed(told) if told.findings.many else [])


def _names(names: Sequence[str]) -> list[Line]:
    """What a line about many is about, some in each line."""
    shown: list[str] = []
    for name in names[:_NAMES]:
        if shown and len(shown[-1]) + len(name) < _WIDE:
            shown[-1] += f", {name}"
        else:
            shown.append(f"    {name}")
    more = [(f"    … {len(names) - _NAMES} more", "dim")] if len(names) > _NAMES else []
    return [*((text, "dim") for text in shown), *more]


def _cut_names(texts: list[str]) -> list[Line]:
    more = [(f"    … {len(texts) - _NAMES} more", "dim")] if len(texts) > _NAMES else []
    return [*((text, "dim") for text in texts[:_NAMES]), *more]


def _drift(told: tuple[str, list[str], Drift]) -> list[Line]:
    where, names, item = told
    part = item.name.partition("/")[2] if item.number else ""
    path, declared, live = view.sides(item)
    object = " ".join(filter(None, (item.type, part)))
    text = f"{object} {path}: {live}" if not item.path else f"{object} {path}: {declared} → {live}"
    return [(f"  {where}: {text}", ""), *_names(names)]


def _bundle(told: tuple[str, list[str], BundlePlan]) -> list[Line]:
    where, names, item = told
    return [(f"  {where}: {', '.join(item.files)}; {item.command}", ""), *_names(names)]


def _route(row: view.RouteRow) -> list[Line]:
    return [
        (f"  {row.numbers.where}  {row.note}", ""),
        (f"    - {row.before}", "red"),
        (f"    + {row.after}", "green"),
        *_names(row.numbers.names if row.numbers.many else ()),
    ]


def _block(block: view.Block) -> list[Line]:
    told = [(f"  {text}", _SIGN_STYLE.get(text[:1], "")) for text in block.lines]
    return [(block.title, "bold"), *_names(block.names if len(block.names) > 1 else ()), *told]


def _accepting(review: Review) -> list[Line]:
    entries = view.acceptance(review)
    if not entries:
        return []
    file = review.plan.file or "the stack file"
    title = f"If it is intended, in {file}, each with its reason (`accept` stands there once):"
    more = [(f"  … {len(entries) - _MOST} more lines (--format md or html)", "dim")] if len(entries) > _MOST else []
    return [("", ""), (title, "bold"), *((f"  {text}", "") for text in entries[:_MOST]), *more]


def _closing(review: Review, *, onward: bool) -> list[Line]:
    plan = review.plan
    sum = f"plan {plan.checksum} · " if plan.checksum else ""
    step = view.next_step(review) if onward else ""
    return [("", ""), (f"{sum}{view.policy(plan)}", "dim"), *([(f"next: {step}", "")] if step else [])]


def _cut(items: Sequence[_Item], title: str, shown: Callable[[_Item], list[Line]]) -> list[Line]:
    """A terminal shows the beginning of a long list; every other format has all of it."""
    told: list[Line] = []
    count = 0
    while count < len(items) and len(told) < _MOST:
        told += shown(items[count])
        count += 1
    if rest := len(items) - count:
        told.append((f"  … {rest} more (--format json or html shows all)", "dim"))
    return [("", ""), *([(title, "bold")] if title else []), *told] if told else []
