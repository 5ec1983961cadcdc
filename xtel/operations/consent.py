"""Consent that verbs hand on to the engine: the numbers in XTEL_ALLOW_REPLACE and XTEL_ALLOW_RELEASE."""

from __future__ import annotations

import os
from collections.abc import Iterable

REPLACE, RELEASE = "XTEL_ALLOW_REPLACE", "XTEL_ALLOW_RELEASE"


def given(*, replace: Iterable[str] = (), release: Iterable[str] = ()) -> dict[str, str]:
    """The variables with these numbers beside those that they hold already; nothing where there is nothing to add."""
    more = {REPLACE: list(replace), RELEASE: list(release)}
    return {name: ",".join([*_held(name), *numbers]) for name, numbers in more.items() if numbers}


def _held(name: str) -> list[str]:
    return [item for item in os.environ.get(name, "").split(",") if item.strip()]
