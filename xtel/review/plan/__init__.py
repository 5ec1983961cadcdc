"""What an apply would change, seen per number: engine output in, a typed :class:`Plan` out. Pure, and without Pulumi."""

from __future__ import annotations

from xtel.engine.previews import Preview, read
from xtel.review.plan.build import Context, DeclaredNumber, build
from xtel.review.plan.model import NumberPlan, Plan, Review, RuleFinding

__all__ = ["Context", "DeclaredNumber", "NumberPlan", "Plan", "Preview", "Review", "RuleFinding", "build", "read"]
