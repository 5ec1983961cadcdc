"""The lives of a carrier's objects, for tests that look at what was sent and answered meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.subject import Subject
from tests.reconciling import Hand


def lived(subject: Subject, env: Mapping[str, str], patch: pytest.MonkeyPatch) -> dict[str, Hand]:
    """Each kind of object: made, changed in every way, read, and as it was made again."""
    made: dict[str, Hand] = {}
    for sample in subject.samples:
        hand = made[sample.kind] = Hand(f"{subject.name}:{sample.kind}", dict(env), patch)
        inputs = sample.inputs(made)
        assert hand.up(**inputs) == "create"
        for change in sample.changes:
            hand.up(**{**inputs, **change})
        assert hand.refresh()
        hand.up(**inputs)
    return made
