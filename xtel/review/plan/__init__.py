"""What an apply would change, seen per number: engine output in, a typed :class:`Plan` out. Pure, and without Pulumi."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic import ValidationError

from providers.kernel.errors import InputError
from providers.kernel.secrecy import one_line
from xtel.engine.previews import Preview, read
from xtel.review.plan.build import Context, DeclaredNumber, build
from xtel.review.plan.model import NumberPlan, Plan, Review, RuleFinding

__all__ = [
    "Context",
    "DeclaredNumber",
    "NumberPlan",
    "Plan",
    "Preview",
    "Review",
    "RuleFinding",
    "build",
    "read",
    "saved",
]


def saved(text: str) -> Review | None:
    """What `xtel plan --json` printed; None for what is something else. Raises InputError for a broken one."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not {"verdict", "plan"} <= cast(dict[str, Any], told).keys():
        return None
    try:
        return Review.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            one_line(f"this plan cannot be read: {where}: {first['msg']}"), step="xtel plan STACK --json > plan.json"
        ) from None
