"""A trace as Markdown and as a page with the paths drawn. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.kernel import escaping, values
from providers.kernel.escaping import code, markdown
from xtel.proof.trace import drawing, text
from xtel.proof.trace.model import TracedNumber, TraceReport
from xtel.review.report import template

if TYPE_CHECKING:
    from markupsafe import Markup

_MARKS = {"pass": "✅", "fail": "❌", "unknown": "❔"}


def render(found: TraceReport, format: str) -> str:
    """The report in one of the formats ``md``, ``html``, ``svg``."""
    return escaping.page({"md": _markdown, "html": _page, "svg": drawing.svg}[format](found))


def _markdown(found: TraceReport) -> str:
    """A table a number, for a comment or a job's summary."""
    return template.render(
        "trace.md.j2", found=found, summary=text.summary(found), marks=_MARKS, words=text.WORDS, shown=_shown, code=code,
        text=markdown,
    )  # fmt: skip


def _page(found: TraceReport) -> str:
    """A page that a browser shows without asking for anything else."""
    return template.render(
        "trace.html.j2", found=found, summary=text.summary(found), words=text.WORDS, shown=_shown, drawn=_drawn
    )


def _shown(number: TracedNumber) -> str:
    return values.pretty(number.number) if number.number else "not bought yet"


def _drawn(number: TracedNumber) -> Markup:
    from markupsafe import Markup

    return Markup(drawing.one(number))  # noqa: S704 -- every text in it is escaped where it is drawn
