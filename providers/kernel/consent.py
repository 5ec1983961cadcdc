"""Consent that is given in the environment, for one run and by number."""

from __future__ import annotations

import os


def consented(number: str, variable: str = "XTEL_ALLOW_REPLACE") -> bool:
    """Whether the environment consents for this number: numbers in E.164, comma-separated."""
    return number in {item.strip() for item in os.environ.get(variable, "").split(",") if item.strip()}
