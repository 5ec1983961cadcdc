"""What an apply would change, seen per number: engine output in, a typed :class:`Plan` out. Pure, and without Pulumi."""

from __future__ import annotations

from xtel.plan.build import Context, Declared, build
from xtel.plan.model import Finding, Plan, Review
from xtel.plan.steps import Preview, read

__all__ = ["Context", "Declared", "Finding", "Plan", "Preview", "Review", "build", "read"]
