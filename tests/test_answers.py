"""Answers that no document describes: whatever a vendor sends, there is one clear line and never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.kernel import errors, http
from tests.conformance.bench import Bench
from tests.conformance.subject import Sample, Subject, subjects
from tests.conftest import Sandbox
from tests.faults import xai

SAMPLES = [
    pytest.param(subject, sample, id=f"{subject.name}-{sample.name}")
    for subject in (*subjects().values(), xai.SUBJECT)
    for sample in subject.samples
    if not sample.kept  # those ask nobody
]
ODD = st.sampled_from([None, True, 0, -1, 1.5, "", "x", "\x00\x1b[31m", [], [None], {}, {"id": None}, "9" * 400])


class Garbler(httpx.BaseTransport):
    """Real answers of the sandbox, each changed in one place by what hypothesis draws."""

    def __init__(self, draw: Any) -> None:
        self._inner = httpx.HTTPTransport()
        self._draw = draw

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        answer.read()
        try:
            body = json.loads(answer.content)
        except ValueError:
            return httpx.Response(answer.status_code, content=answer.content)
        garbled = json.dumps(self._garbled(body)).encode()
        return httpx.Response(answer.status_code, content=garbled, headers={"content-type": "application/json"})

    def _garbled(self, value: Any) -> Any:
        deeper = isinstance(value, dict | list) and value and self._draw(st.integers(0, 4))
        if not deeper:
            return self._draw(ODD)
        key = self._draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        copy: Any = dict(value) if isinstance(value, dict) else list(value)
        if isinstance(copy, dict) and self._draw(st.booleans()) and not isinstance(copy[key], dict | list):
            del copy[key]
        else:
            copy[key] = self._garbled(copy[key])
        return copy


@pytest.mark.parametrize(("subject", "sample"), SAMPLES)
@pytest.mark.parametrize("step", ["create", "read", "update", "delete"])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_answer_is_a_traceback(
    subject: Subject, sample: Sample, step: str, data: st.DataObject, sandbox: Sandbox
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        sandbox.reset()
        bench = Bench(subject, sample, subject.world(sandbox), patch)
        change = sample.changes[0] if sample.changes else {"marker": "xtel/p/renamed/+14155550100"}
        run: Callable[[], Any] = {
            "create": lambda: bench.hand.up(**bench.inputs),
            "read": bench.hand.refresh,
            "update": lambda: bench.hand.up(**{**bench.inputs, **change}),
            "delete": bench.hand.destroy,
        }[step]
        if step != "create":
            bench.hand.up(**bench.inputs)
        patch.setattr(http, "network", lambda: Garbler(data.draw))
        try:
            run()
        except errors.XtelError as error:
            assert str(error).isprintable()
            assert len(str(error)) <= 300
