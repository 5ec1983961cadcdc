"""The plan for a terminal: lines with a style each, and the same without styles for a file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from xtel.review.plan.model import BundlePlan, Drift, NumberPlan, Review, RuleFinding
from xtel.review.report import view

Line = tuple[str, str]
_Item = TypeVar("_Item")
_STYLE = {"none": "green", "safe": "green", "needs a look": "yellow"}
_SIGN_STYLE = {"+": "green", "-": "red", "!": "yellow"}
_MARKS = {"danger": "✗", "warning": "!"}
#: Lines of one list.
_MOST = 40


def plain(review: Review) -> str:
    """The lines as one text."""
    return "".join(f"{text}\n" for text, _ in lines(review))


def lines(review: Review) -> list[Line]:
    """Verdict, what is alarming, routes before and after, the diff, how to go on."""
    plan = review.plan
    style = _STYLE.get(review.verdict, "bold red")
    told: list[Line] = [(f"{plan.stack}: {view.worded(review)} · {review.headline}", style), (view.counts(plan), "dim")]
    if plan.why_incomplete:
        told.append((f"plan incomplete: {plan.why_incomplete}", "red"))
    told += [(f"  {text}", "red") for text in view.problems(plan) if text != plan.why_incomplete]
    told += _cut(view.alarming(review), "", _finding)
    told += _cut(view.routes(plan), "Routing", lambda route: _route(route.number))
    told += _cut(view.diff(plan), "Changes", lambda text: [(text, _SIGN_STYLE.get(text[:1], ""))])
    told += _cut(view.permanent(plan), "Cannot be undone, in this order", lambda text: [(f"  {text}", "red")])
    told += _cut(plan.drift, "Drift: changed outside, applying undoes it", _drift)
    told += _cut(plan.bundles, "By hand", _bundle)
    told += _cut(view.steps(review), "To go on", lambda step: [(f"  {step}", "")])
    return told + _closing(review)


def _finding(finding: RuleFinding) -> list[Line]:
    where, what, why, rule = view.shown(finding)
    tag = f" [{rule}]" if rule else ""
    return [(f"{_MARKS[finding.level]} {where}: {what}: {why}{tag}", "red" if finding.level == "danger" else "yellow")]


def _drift(item: Drift) -> list[Line]:
    return [(f"  {item.name} {item.path or 'is gone'}: {item.declared} → {item.live}", "")]


def _bundle(item: BundlePlan) -> list[Line]:
    return [(f"  {item.number}: {', '.join(item.files)}; {item.command}", "")]


def _route(number: NumberPlan) -> list[Line]:
    return [
        (f"  {view.named(number)}  {view.noted(number)}", ""),
        (f"    - {view.routed(number.before)}", "red"),
        (f"    + {view.routed(number.after)}", "green"),
    ]


def _closing(review: Review) -> list[Line]:
    plan = review.plan
    sum = f"plan {plan.checksum} · " if plan.checksum else ""
    step = view.next_step(review)
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
