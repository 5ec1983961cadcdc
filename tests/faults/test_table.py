"""The fault table: whatever breaks at whichever request, afterwards there is exactly what is declared, once.

After the fault comes what a person does: look (refresh), and run it again. Then the sandbox's state must equal that of a
run that nothing disturbed, ids and secrets aside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from difflib import unified_diff
from typing import Any

import pytest

from providers.kernel import errors, http
from providers.kernel.object import Object
from tests.conformance.bench import Bench
from tests.conformance.subject import Sample, Subject, subjects
from tests.conftest import Sandbox
from tests.faults import xai
from tests.faults.line import (
    FAULTS,
    LIES,
    MISLEADING,
    Fault,
    Line,
    Misleading,
    Stranger,
    in_a_process_of_its_own,
    settle,
)

OPERATIONS = ("create", "update", "replace", "read", "delete")
_SUBJECTS = {**subjects(), "xai": xai.SUBJECT}


def impossible(subject: Subject, sample: Sample, operation: str, on: str) -> str:
    """Why an object has no such case; empty when it has."""
    if sample.kept:
        return "kept in the state alone: no request is made"
    if operation == "read" and on == "write":
        return "reading writes nothing"
    if sample.chosen and on == "write":
        return "chosen by reading alone"
    if sample.bought and on == "write" and operation != "create":
        return "what destroy is to do is kept in the state alone, and it keeps the number"
    if operation == "update" and not (sample.attaches or _change(subject, sample, replacing=False)):
        return "nothing of it changes in place"
    if operation == "replace" and not _change(subject, sample, replacing=True):
        return "nothing of it is replaced: what it is named by makes it another object"
    return ""


def _change(subject: Subject, sample: Sample, *, replacing: bool) -> dict[str, Any]:
    from providers.kernel import registry

    replaces = registry.vendor(subject.name).object(sample.kind).replaces
    return next((change for change in sample.changes if bool(replaces & set(change)) == replacing), {})


def cases() -> Iterator[Any]:
    """Every case that can be; each has a place in the short cut that `make test` runs."""
    count = 0
    for subject in _SUBJECTS.values():
        for sample in subject.samples:
            for operation in OPERATIONS:
                for on in ("read", "write"):
                    if impossible(subject, sample, operation, on):
                        continue
                    for fault in FAULTS:
                        count += 1
                        name = f"{subject.name}-{sample.name}-{operation}-{on}-{fault.name}"
                        marks = [] if count % 11 == 0 else [pytest.mark.whole_table]
                        yield pytest.param(subject, sample, operation, on, fault, id=name, marks=marks)


def lies() -> Iterator[Any]:
    """The column *accepted and not done*: every operation that writes."""
    count = 0
    for subject in _SUBJECTS.values():
        for sample in subject.samples:
            for operation in OPERATIONS:
                if impossible(subject, sample, operation, "write"):
                    continue
                for lie in LIES:
                    count += 1
                    marks = [] if count % 11 == 0 else [pytest.mark.whole_table]
                    name = f"{subject.name}-{sample.name}-{operation}-write-{lie.name}"
                    yield pytest.param(subject, sample, operation, lie, id=name, marks=marks)


def misled() -> Iterator[Any]:
    """The columns *endless pages*, *next page elsewhere* and *404 while listed*: every operation that reads."""
    count = 0
    for subject in _SUBJECTS.values():
        for sample in subject.samples:
            for operation in OPERATIONS:
                if impossible(subject, sample, operation, "read"):
                    continue
                for misleading in MISLEADING:
                    count += 1
                    marks = [] if count % 11 == 0 else [pytest.mark.whole_table]
                    name = f"{subject.name}-{sample.name}-{operation}-read-{misleading.name}"
                    yield pytest.param(subject, sample, operation, misleading, id=name, marks=marks)


class Case:
    """One operation on one object, up to the moment before it begins."""

    def __init__(self, subject: Subject, sample: Sample, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        sandbox.reset()
        self.sandbox = sandbox
        self.bench = Bench(subject, sample, subject.world(sandbox), monkeypatch)
        self.line = Line(sandbox)
        monkeypatch.setattr(http, "network", lambda: self.line)
        self.inputs = self.bench.inputs

    def begin(self, operation: str) -> Callable[[], Any]:
        """Bring the object to where the operation starts; answers the operation."""
        hand, sample = self.bench.hand, self.bench.sample
        if operation == "create":
            return lambda: hand.up(**self.inputs)
        if operation == "delete" and sample.falls_with:  # only what it had before makes it write
            self.bench.world.occupy(self.bench.number)
            self.inputs = {**self.inputs, "take_over": True}
        hand.up(**self.inputs)
        if operation in {"read", "delete"}:
            return hand.refresh if operation == "read" else hand.destroy
        if sample.attaches:
            self.bench.world.occupy(self.bench.number)
            assert hand.refresh()
        else:
            change = _change(self.bench.subject, sample, replacing=operation == "replace")
            self.inputs = {**self.inputs, **change}
        return lambda: hand.up(**self.inputs)

    def again(self, operation: str) -> None:
        """What a person does after a fault: look, and run it again."""
        hand = self.bench.hand
        if operation == "delete":
            if hand.id:
                hand.destroy()
            return
        if hand.id and not hand.refresh():
            assert operation != "read", "it was there all the time"
        if operation != "read":
            hand.up(**self.inputs)

    def snapshot(self) -> str:
        """Everything the vendors hold, without what differs between any two runs."""
        state = self.sandbox.state()
        return json.dumps(_stable(state), sort_keys=True, indent=1)


_VARIES = re.compile(
    r"[A-Z]{2}[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}|\b\d{17,20}\b|\d{4}-\d\d-\d\d[T ][0-9:.]+(Z|[+-]\d\d:?\d\d)?"
    r"|[a-z]+_[0-9a-f]{16,}|\buser[0-9a-f]{12}\b|Y2lzY29z[0-9A-Za-z+/]+"
)


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if "date" not in key and not key.endswith("_at")}
    if isinstance(value, list):
        return sorted((_stable(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return _VARIES.sub("*", value) if isinstance(value, str) else value


#: Seconds in which an order that was not taken is waited for in vain, and those in which one that was comes.
_NO_ORDER_COMES, _ORDER_COMES = 0.0, 120.0
_undisturbed: dict[tuple[str, str, str], tuple[str, int]] = {}


def _expected(
    subject: Subject, sample: Sample, operation: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, int]:
    """What is there after an operation that nothing disturbed, and how often that writes."""
    key = (subject.name, sample.name, operation)
    if key not in _undisturbed:
        case = Case(subject, sample, sandbox, monkeypatch)
        run = case.begin(operation)
        case.line.writes = 0
        run()
        _undisturbed[key] = (case.snapshot(), case.line.writes)
    return _undisturbed[key]


@pytest.mark.parametrize(("subject", "sample", "operation", "on", "fault"), list(cases()))
def test_exactly_what_is_declared(
    subject: Subject,
    sample: Sample,
    operation: str,
    on: str,
    fault: Fault,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected, _ = _expected(subject, sample, operation, sandbox, monkeypatch)
    case = Case(subject, sample, sandbox, monkeypatch)
    run = case.begin(operation)
    case.line.arm(fault, on)
    if fault.kills:
        in_a_process_of_its_own(case.line, run)
    else:
        try:
            run()
        except errors.XtelError as error:
            _one_clear_line(str(error))
        assert case.line.broken, f"{operation} makes no request that could {on}"
    case.line.disarm()
    settle(fault)
    if fault.kills:
        monkeypatch.setenv("XTEL_ALLOW_REPLACE", subject.number)  # `xtel recover` consents for what was begun
    case.again(operation)
    monkeypatch.delenv("XTEL_ALLOW_REPLACE", raising=False)
    differs = list(unified_diff(expected.splitlines(), case.snapshot().splitlines(), lineterm="", n=8))
    assert not differs, "\n".join(differs)
    if operation != "delete":
        hand = case.bench.hand
        assert hand.refresh()
        assert hand.up(**case.inputs) == "same"
        _secrets_are_the_vendors(case)
    assert case.bench.world.releases() == 0
    assert sandbox.faults_left() == []


@pytest.mark.parametrize(("subject", "sample", "operation", "lie"), list(lies()))
def test_accepted_and_not_done(
    subject: Subject, sample: Sample, operation: str, lie: Fault, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write of the operation in its turn: an error that says what is not as asked, or all is as declared."""
    expected, writes = _expected(subject, sample, operation, sandbox, monkeypatch)
    for turn in range(writes):
        case = Case(subject, sample, sandbox, monkeypatch)
        run = case.begin(operation)
        case.bench.hand.budget = _NO_ORDER_COMES
        case.line.arm(lie, "write", after=turn)
        try:
            run()
        except errors.XtelError as error:
            _one_clear_line(str(error))
            _names_what_differs(str(error), case.bench.hand.reconciler.object)
        else:
            assert case.snapshot() == expected, f"{case.line.broken}: passed in silence"
        assert case.line.broken
        case.line.disarm()
        case.bench.hand.budget = _ORDER_COMES
        case.again(operation)
        assert case.snapshot() == expected, case.line.broken
        assert case.bench.world.releases() == 0


@pytest.mark.parametrize(("subject", "sample", "operation", "misleading"), list(misled()))
def test_reads_that_mislead(
    subject: Subject,
    sample: Sample,
    operation: str,
    misleading: Misleading,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error, or what is declared: nothing is forgotten, made twice, or told to a stranger."""
    expected, _ = _expected(subject, sample, operation, sandbox, monkeypatch)
    case = Case(subject, sample, sandbox, monkeypatch)
    run, hand, stranger = case.begin(operation), case.bench.hand, Stranger()
    kept, number = dict(hand.state), subject.number
    ids = (hand.id, number, number.lstrip("+"), *(made.id for made in case.bench.made.values()))
    case.line.arm_reads(misleading.stages(ids, stranger.host))
    try:
        run()
    except errors.XtelError as error:
        _one_clear_line(str(error))
        if operation == "read":
            assert hand.state == kept
    assert operation != "read" or hand.id, "what was there all the time was forgotten"
    case.line.disarm()
    sandbox.http.delete("/_sandbox/faults").raise_for_status()
    assert not stranger.visited()
    stranger.close()
    case.again(operation)
    differs = list(unified_diff(expected.splitlines(), case.snapshot().splitlines(), lineterm="", n=8))
    assert not differs, "\n".join(differs)
    assert case.bench.world.releases() == 0
    _secrets_are_the_vendors(case)


def _names_what_differs(text: str, declared: Object[Any, Any]) -> None:
    """A declared field, the vendor's name of a link, what is still there, or a number that was ordered and never came."""
    names = {*declared.spec.model_fields, getattr(declared, "link", ""), "still", "ordered"}
    assert names & set(re.findall(r"\w+", text)), text


def _one_clear_line(text: str) -> None:
    assert len(text) <= 300
    assert text.isprintable()
    assert "next: " in text or "HTTP 4" in text, text


def _secrets_are_the_vendors(case: Case) -> None:
    """The signing secret we hold is the one that the vendor signs with."""
    held = case.bench.hand.state.get("signing_secret")
    if held:
        assert case.sandbox.secrets()["signing_secrets"][case.bench.number] == held
