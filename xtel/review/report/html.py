"""The plan as one page with the call paths drawn: nothing is loaded from anywhere. Pure."""

from __future__ import annotations

from xtel.review.plan.model import Review, Side
from xtel.review.report import template, view
from xtel.review.report.view import Links

_TONES = {"none": "good", "safe": "good", "needs a look": "look"}


def page(review: Review, links: Links) -> str:
    """A page that a browser shows without asking for anything else."""
    return template.render(
        "plan.html.j2", review=review, plan=review.plan, view=view, links=links, hops=hops,
        tone=_TONES.get(review.verdict, "bad"), findings=view.alarming(review), routes=view.routes(review.plan),
        places=view.lines_of([*review.plan.objects, *review.plan.numbers]),
    )  # fmt: skip


def hops(side: Side | None) -> list[tuple[str, str]]:
    """A number's way as boxes: what it is, and its name."""
    if side is None or not side.rings:
        return [("nobody", "nobody")]
    carriers = " and ".join(map(view.titled, side.carriers))
    found = [("carrier", carriers or ("xAI" if side.auth == "xai" else ""))]
    found += [("target", uri) for uri in side.targets[:1]]
    found.append(("agent" if side.agent else "webhook", side.agent or side.webhook))
    found += [("else", uri) for uri in side.targets[1:]]
    return [hop for hop in found if hop[1]] or [("carrier", "as before")]
