"""Fills the templates of reports; HTML is escaped by itself, Markdown by the template's own filters. Pure.

Whatever they forget, the page as a whole holds nothing that is not seen.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from providers.kernel import escaping

if TYPE_CHECKING:
    import jinja2


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("templates", "report"),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(name: str, **values: Any) -> str:
    """A template with its values."""
    return escaping.page(_environment().get_template(name).render(**values))
