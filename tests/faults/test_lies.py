"""A vendor that leaves out of its writes, and alters in their answers, whatever it likes: never success over a wrong network.

In each operation every write is answered by a lie of chance, or by the truth. Then either an error says that it did not
hold, or everything is as an undisturbed run leaves it; and when the lies have ended, one more run leaves it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.kernel import errors
from tests.conformance.subject import Sample, Subject
from tests.conftest import Sandbox
from tests.faults import test_table as table
from tests.faults.line import Fault, Line

#: Of Genesys: what a template sets by default, and the format of somebody else's number plans, written with ours.
_NOT_OURS = {"default", "normalizedFormat"}
#: Told to nobody but a caller: a lie about these shows in a call alone.
#: Plivo assigns an application of its own where none is named: then somebody else has the number, as the error says.
_PROVEN_BY_A_CALL = {"app_id", "auth_password", "auth_url", "auth_token", "url", "password", "headers", "authorization"}
#: More than any operation of one object sends.
_WRITES = 20
_OTHERS: tuple[Any, ...] = ("", "x", "sip:+19995550100@elsewhere.example.com", None, 0, -1, True, [], {})


def cases() -> Iterator[Any]:
    """Every operation that writes, of every object of every vendor."""
    for subject in table._SUBJECTS.values():
        for sample in subject.samples:
            for operation in ("create", "update"):
                if not table.impossible(subject, sample, operation, "write"):
                    yield pytest.param(subject, sample, operation, id=f"{subject.name}-{sample.name}-{operation}")


class Lying(Line):
    """Every write in its turn gets what ``lies`` holds for it."""

    def __init__(self, sandbox: Sandbox, lies: list[Fault | None]) -> None:
        super().__init__(sandbox)
        self.lies = lies

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        writes = request.method not in {"GET", "HEAD"}
        lie = self.lies.pop(0) if writes and self.lies else None
        return lie.breaks(self, request) if lie else self.send(request)


def names(value: Any) -> Iterator[str]:
    """The fields that a request speaks of, at any depth."""
    for key, item in cast(dict[str, Any], value).items() if isinstance(value, dict) else ():
        yield key
        yield from names(item)
    for item in cast(list[Any], value) if isinstance(value, list) else ():
        yield from names(item)


def left_out(fields: tuple[str, ...], echo: str) -> Fault:
    """Of what was asked, these are not done; the answer says what is, or what was asked."""
    return Fault("left out", lambda line, request: line.stage(request, "ignore", fields=fields, echo=echo))


def altered(dice: list[int], other: Any) -> Fault:
    """It is done; one value of the answer is another."""

    def breaks(line: Line, request: httpx.Request) -> httpx.Response:
        answer = line.send(request)
        answer.read()
        try:
            told = answer.json()
        except ValueError:  # what was read is not to be had from the line again
            return httpx.Response(answer.status_code, content=answer.content)
        _alter(told, dice, other)
        return httpx.Response(answer.status_code, json=told)

    return Fault("altered", breaks)


def _alter(value: Any, dice: list[int], other: Any) -> None:
    """Change one value, found by going down as the dice say."""
    for turn in dice:
        keys: list[Any] = list(cast(Any, value)) if isinstance(value, dict) else list(range(len(cast(Any, value))))
        if not keys:
            return
        key = keys[turn % len(keys)]
        if isinstance(value[key], dict | list) and value[key] and turn is not dice[-1]:
            value = value[key]
            continue
        value[key] = other
        return


def lies(fields: list[str]) -> st.SearchStrategy[list[Fault | None]]:
    """What the vendor does to each write."""
    some = st.lists(st.sampled_from(fields), min_size=1, unique=True).map(tuple)
    leaving = st.builds(left_out, some, st.sampled_from(["unchanged", "asked"]))
    altering = st.builds(altered, st.lists(st.integers(0, 40), min_size=1, max_size=3), st.sampled_from(_OTHERS))
    return st.lists(st.one_of(st.none(), leaving, altering), min_size=1, max_size=4)


class Trial:
    """One operation that writes, with a vendor that lies while it runs."""

    def __init__(
        self, subject: Subject, sample: Sample, operation: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.subject, self.sample, self.operation = subject, sample, operation
        self.sandbox, self.monkeypatch = sandbox, monkeypatch
        self.expected, _ = table._expected(subject, sample, operation, sandbox, monkeypatch)
        self.fields = self._asked()

    def _asked(self) -> list[str]:
        """The fields that its writes speak of."""
        run = table.Case(self.subject, self.sample, self.sandbox, self.monkeypatch).begin(self.operation)
        self.sandbox.forget_log()
        run()
        asked = [entry["body"] for entry in self.sandbox.log() if entry["method"] not in {"GET", "HEAD"}]
        return sorted({*names(asked)} - _PROVEN_BY_A_CALL - _NOT_OURS)

    def holds(self, told: list[Fault | None]) -> None:
        """Success means that it is so; and when the lies have ended, one more run makes it so."""
        case = table.Case(self.subject, self.sample, self.sandbox, self.monkeypatch)
        run = case.begin(self.operation)
        case.bench.hand.budget = table._NO_ORDER_COMES
        lying = Lying(self.sandbox, list(told))
        self.monkeypatch.setattr(table.http, "network", lambda: lying)
        try:
            run()
        except errors.XtelError as error:
            table._one_clear_line(str(error))
            orphan = re.search(r"next: look at (\S+) there: if nobody uses it, remove it", str(error))
        else:
            orphan = None
            assert case.snapshot() == self.expected, "passed in silence"
        self.monkeypatch.setattr(table.http, "network", lambda: case.line)
        self.sandbox.http.delete("/_sandbox/faults").raise_for_status()
        self._mended(case, orphan[1] if orphan else "")

    def _mended(self, case: table.Case, orphan: str) -> None:
        case.bench.hand.budget = table._ORDER_COMES
        if orphan:  # made without our name: what the error says is done by a person
            case.bench.hand.restart()
            kernel = case.bench.hand.reconciler
            kernel.session.ask(kernel.object.delete, orphan, case.inputs)
        earlier = self.subject.samples[: self.subject.samples.index(self.sample)]
        for before in {
            sample.kind: sample for sample in earlier
        }.values():  # an update refreshes what it builds on, too
            if hand := case.bench.made.get(before.kind):
                assert hand.refresh()
                hand.up(**before.inputs(case.bench.made))
        # Whoever has the secret, no state of ours does.
        self.monkeypatch.setenv("XTEL_ALLOW_REPLACE", self.subject.number)
        case.again(self.operation)
        self.monkeypatch.delenv("XTEL_ALLOW_REPLACE")
        assert case.snapshot() == self.expected, "one more run did not mend it"
        assert case.bench.world.releases() == 0


@pytest.mark.whole_table
@pytest.mark.parametrize("echo", ["unchanged", "asked"])
@pytest.mark.parametrize(("subject", "sample", "operation"), list(cases()))
def test_no_field_is_ignored_in_silence(
    subject: Subject, sample: Sample, operation: str, echo: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The column *field ignored*: each field that a write asks for, left out of every write of the operation."""
    trial = Trial(subject, sample, operation, sandbox, monkeypatch)
    fallen: list[str] = []
    for field in trial.fields:
        try:
            trial.holds([left_out((field,), echo)] * _WRITES)
        except AssertionError as error:
            fallen.append(f"{field}: {str(error).splitlines()[0]}")
    assert not fallen


@pytest.mark.parametrize(("subject", "sample", "operation"), list(cases()))
def test_success_means_that_it_is_so(
    subject: Subject, sample: Sample, operation: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    trial = Trial(subject, sample, operation, sandbox, monkeypatch)
    examples = 10 if request.config.getoption("--whole-table", default=False) else 2

    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(lies(trial.fields or ["nothing"]))
    def holds(told: list[Fault | None]) -> None:
        trial.holds(told)

    holds()
