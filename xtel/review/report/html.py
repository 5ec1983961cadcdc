"""The plan as one page with the call paths drawn: nothing is loaded from anywhere. Pure."""

from __future__ import annotations

from xtel.review.plan.model import Review, Side
from xtel.review.report import template, view
from xtel.review.report.view import Links

_TONES = {"none": "good", "safe": "good", "needs a look": "look"}


def page(review: Review, links: Links) -> str:
    """A page that a browser shows without asking for anything else."""
    return template.render(
        "plan.html.j2", review=review, plan=review.plan, view=view, links=links, hops=_boxes,
        tone=_TONES.get(review.verdict, "bad"), findings=view.alarming(review), routes=view.routes(review.plan),
        places=view.lines_of([*review.plan.objects, *review.plan.numbers]),
    )  # fmt: skip


def _boxes(side: Side | None) -> list[tuple[str, str]]:
    """A number's way as boxes: what each is, and its name."""
    return view.hops(side) or [("nobody", "nobody")]
