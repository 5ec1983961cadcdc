"""What an apply would change, seen per number: engine output in, a typed :class:`Plan` out. Pure, and without Pulumi."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic import ValidationError

from providers.kernel import spec
from providers.kernel.errors import InputError
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
        first = spec.problems(error)[0]
        raise InputError(f"this plan cannot be read: {first}", step="xtel plan STACK --json > plan.json") from None
