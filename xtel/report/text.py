"""The plan for a terminal: lines with a style each, and the same without styles for a file. Pure."""

from __future__ import annotations

from xtel.plan.model import Number, Review
from xtel.report import view

Line = tuple[str, str]
_STYLE = {"none": "green", "safe": "green", "needs a look": "yellow"}
_SIGN_STYLE = {"+": "green", "-": "red", "!": "yellow"}
_MARKS = {"danger": "✗", "warning": "!"}
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
    told += _findings(review)
    told += _cut([item for route in view.routes(plan) for item in _route(route.number)], "Routing")
    told += _cut([(text, _SIGN_STYLE.get(text[:1], "")) for text in view.diff(plan)], "Changes")
    told += _cut([(f"  {text}", "red") for text in view.permanent(plan)], "Cannot be undone, in this order")
    drift = [(f"  {item.name} {item.path or 'is gone'}: {item.declared} → {item.live}", "") for item in plan.drift]
    told += _cut(drift, "Drift: changed outside, applying undoes it")
    told += _cut(
        [(f"  {item.number}: {', '.join(item.files)}; {item.command}", "") for item in plan.bundles], "By hand"
    )
    told += _cut([(f"  {step}", "") for step in view.steps(review)], "To go on")
    return told + _closing(review)


def _findings(review: Review) -> list[Line]:
    told: list[Line] = []
    for finding in view.alarming(review):
        where, what, why, rule = view.shown(finding)
        tag = f" [{rule}]" if rule else ""
        style = "red" if finding.level == "danger" else "yellow"
        told.append((f"{_MARKS[finding.level]} {where}: {what}: {why}{tag}", style))
    return _cut(told, "")


def _route(number: Number) -> list[Line]:
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


def _titled(title: str, found: list[Line]) -> list[Line]:
    return [("", ""), *([(title, "bold")] if title else []), *found] if found else []


def _cut(found: list[Line], title: str) -> list[Line]:
    """A terminal shows the beginning of a long list; every other format has all of it."""
    rest = len(found) - _MOST
    more = [(f"  … {rest} more lines (--format md, json or html shows all)", "dim")] if rest > 0 else []
    return _titled(title, [*found[:_MOST], *more])
