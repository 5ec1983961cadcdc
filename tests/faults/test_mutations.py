"""Answers that are wrong in ways nobody thought of: an error of ours or what is declared, and afterwards all is as declared.

Random, and the same in every run: the seed is the case's own name.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import httpx
import pytest

from providers.kernel import errors
from tests.conformance.subject import Sample, Subject
from tests.conftest import Sandbox
from tests.faults.line import Fault, Line
from tests.faults.mutations import mutated
from tests.faults.test_table import _SUBJECTS, OPERATIONS, Case, _expected, _one_clear_line, impossible

_RUNS = 5
#: What an error must not speak of: classes of Python, of a library or of ours.
_INTERNAL = re.compile(
    r"\b(\w+Error|\w+Exception|NoneType|Traceback|subscriptable|has no attribute|positional argument)\b"
)


def cases() -> Iterator[Any]:
    count = 0
    for subject in _SUBJECTS.values():
        for sample in subject.samples:
            for operation in OPERATIONS:
                for on in ("read", "write"):
                    if impossible(subject, sample, operation, on):
                        continue
                    count += 1
                    marks = [] if count % 11 == 0 else [pytest.mark.whole_table]
                    name = f"{subject.name}-{sample.name}-{operation}-{on}-mutated"
                    yield pytest.param(subject, sample, operation, on, id=name, marks=marks)


@pytest.mark.parametrize(("subject", "sample", "operation", "on"), list(cases()))
def test_only_errors_of_ours_come_out(
    subject: Subject, sample: Sample, operation: str, on: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = _expected(subject, sample, operation, sandbox, monkeypatch)
    for run in range(_RUNS):
        seed = f"{subject.name} {sample.name} {operation} {on} {run}"
        chance = random.Random(seed)
        told: list[tuple[str, int, dict[str, Any], bytes]] = []

        def breaks(
            line: Line, request: httpx.Request, chance: random.Random = chance, told: Any = told
        ) -> httpx.Response:
            if sample.copied and request.url.path.endswith(sample.copied):
                return line.send(request)
            status, headers, content = mutated(line.send(request), chance)
            told.append((f"{request.method} {request.url.path}", status, headers, content[:500]))
            return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))

        case = Case(subject, sample, sandbox, monkeypatch)
        begin, hand = case.begin(operation), case.bench.hand
        hand.budget = 0.0 if run % 2 or sample.bought else 120.0
        case.line.arm(Fault("mutated", breaks), on, after=chance.choice((0, 0, 1, 2)))
        try:
            begin()
        except errors.XtelError as error:
            _one_clear_line(str(error))
            assert not _INTERNAL.search(str(error)), f"{seed}: {error}: {told}"
        json.dumps(hand.state, allow_nan=False).encode()
        assert "None" not in {hand.id, *map(str, hand.state.values())} - {
            str(None) if None in hand.state.values() else ""
        }
        case.line.disarm()
        hand.budget = 120.0
        try:
            case.again(operation)
        except errors.AccountError:
            assert "account" in str(told) or "organi" in str(told), seed  # another account was named, and is believed
            continue
        differs = list(unified_diff(expected.splitlines(), case.snapshot().splitlines(), lineterm="", n=4))
        assert not differs, "\n".join([seed, str(told), *differs])
        assert case.bench.world.releases() == 0
