"""Reports of a plan: pure functions of it, the same plan gives the same bytes. Names in a plan are foreign text."""

from __future__ import annotations

from collections.abc import Callable

from providers.kernel import escaping
from xtel.review.plan import Review
from xtel.review.report import github, html, markdown, text
from xtel.review.report.view import Links

__all__ = ["FORMATS", "Links", "as_json", "render"]


def as_json(review: Review) -> str:
    """The review as one JSON document (``xtel/review/plan/plan.schema.json``)."""
    return escaping.json_text(review.model_dump_json(indent=2)) + "\n"


FORMATS: dict[str, Callable[[Review, Links], str]] = {
    "text": lambda review, links: text.plain(review),
    "md": markdown.report,
    "json": lambda review, links: as_json(review),
    "github": github.commands,
    "html": html.page,
}


def render(review: Review, format: str, links: Links) -> str:
    """The report in one of :data:`FORMATS`."""
    return FORMATS[format](review, links)
