"""What an apply would change, seen per number: engine output in, a typed :class:`Plan` out. Pure, and without Pulumi."""

from __future__ import annotations

from xtel.plan.build import Context, Declared, build
from xtel.plan.model import Finding, Number, Plan, Review
from xtel.plan.steps import Preview, read

__all__ = ["Context", "Declared", "Finding", "Number", "Plan", "Preview", "Review", "build", "read"]
