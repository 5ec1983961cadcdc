"""The plan as one page with the call paths drawn: nothing is loaded from anywhere. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from providers.kernel import escaping
from xtel.review.plan.model import Review
from xtel.review.report import handed, template, view
from xtel.review.report.view import Links

if TYPE_CHECKING:
    from markupsafe import Markup

_TONES = {"none": "good", "safe": "good", "needs a look": "look", "dangerous": "look"}
#: After what a long text may go on in the next line: never inside a word or a number.
_BREAKS = re.compile(r"(?<=[/@;,&?=_])(?=[A-Za-z])|(?<=[a-z])(?=[.])")
#: What stays on one line: numbers as people write them, days.
_WHOLE = re.compile(r"(\+\d[\d ()-]{5,}\d|\d{4}-\d\d-\d\d)")


def page(review: Review, links: Links) -> str:
    """A page that a browser shows without asking for anything else."""
    plan = review.plan
    return template.render(
        "plan.html.j2", review=review, plan=plan, view=view, links=links, tone=_TONES.get(review.verdict, "bad"),
        findings=view.told(review), routes=view.routes(plan), diff=view.diff(plan), drift=view.drift(plan),
        bundles=view.bundles(plan), permanent=view.permanent(plan), problems=view.problems(plan),
        secrets=handed.rows(plan), acceptance=view.acceptance(review),
        places=view.lines_of([*plan.objects, *plan.numbers]), soft=soft,
    )  # fmt: skip


def soft(text: str) -> Markup:
    """Escaped text that a narrow screen may break between its parts: after a slash, an @, before a dot."""
    from markupsafe import Markup, escape

    def broken(part: str) -> Markup:
        return Markup("<wbr>").join(escape(escaping.visible(piece)) for piece in _BREAKS.split(part))

    whole = Markup('<span class="number">{}</span>')
    return Markup("").join(
        whole.format(part) if count % 2 else broken(part) for count, part in enumerate(_WHOLE.split(text))
    )
