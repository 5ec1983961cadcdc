"""One suite for every carrier: what holds for each of its objects, whoever the carrier is.

Run with the carrier's real SDK over HTTP against its simulator. A case that an object cannot have (a setting cannot be
deleted outside) asserts that, instead of leaving it out.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.kernel import errors, registry, secrecy, verification
from providers.kernel.session import Session
from providers.kernel.spec import CONTROL
from tests.conformance import wire as wires
from tests.conformance.bench import STATES, Bench
from tests.conformance.subject import Sample, Subject, subjects
from tests.reconciling import Hand
from xtel.operations.inventory import survey

SUBJECTS = subjects()
SAMPLES = [(subject, sample) for subject in SUBJECTS.values() for sample in subject.samples]
every_object = pytest.mark.parametrize(
    ("subject", "sample"), SAMPLES, ids=[f"{subject.name}-{sample.name}" for subject, sample in SAMPLES]
)


@pytest.fixture
def bench(subject: Subject, sample: Sample, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bench:
    world = subject.world(request.getfixturevalue("sandbox"))
    return Bench(subject, sample, world, monkeypatch)


@every_object
def test_create_then_no_change(bench: Bench, request: pytest.FixtureRequest) -> None:
    assert bench.hand.up(**bench.inputs) == "create"
    bench.wire.log.clear()
    assert bench.hand.up(**bench.inputs) == "same"
    assert bench.wire.writes() == []
    assert bench.hand.refresh()
    assert bench.hand.up(**bench.inputs) == "same"
    if bench.sample.chosen:
        assert bench.wire.writes() == []
    if request.config.getoption("--write-states", default=False):
        bench.keep()


@every_object
def test_each_field_changed_then_no_change(bench: Bench) -> None:
    bench.hand.up(**bench.inputs)
    inputs = dict(bench.inputs)
    for change in bench.sample.changes:
        inputs |= change
        assert bench.hand.up(**inputs) in {"update", "replace"}, change
        assert bench.hand.refresh()
        bench.wire.log.clear()
        assert bench.hand.up(**inputs) == "same", change
        assert bench.wire.writes() == []
    for change in bench.sample.final:
        checked = bench.hand.reconciler.check(bench.hand.inputs, {**inputs, **change, "replace": "accept"})
        assert " cannot change: " in checked.refusal, change


@every_object
def test_no_field_is_left_out_of_the_changes(bench: Bench) -> None:
    declared = bench.hand.reconciler.object
    changed = {name for change in bench.sample.changes for name in change}
    fixed = CONTROL | declared.references | declared.replaces | declared.final | bench.sample.together | {"marker"}
    assert set(declared.spec.model_fields) <= changed | fixed
    assert declared.final == {name for change in bench.sample.final for name in change}


def _attaching(subject: Subject) -> list[Sample]:
    """The first link of each number."""
    found = [each for each in subject.samples if each.attaches]
    return [each for each in found if each is found[0] or each.number] or [subject.samples[0]]


ATTACHED = {
    f"{subject.name}-{sample.name}": (subject, sample)
    for subject in SUBJECTS.values()
    for sample in _attaching(subject)
}


@pytest.mark.parametrize(("subject", "sample"), ATTACHED.values(), ids=list(ATTACHED))
def test_the_inventory_tells_what_was_made(
    subject: Subject, sample: Sample, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier = registry.carriers()[subject.name]
    if not carrier.inventory:
        assert (subject.name in survey.carriers()) == bool(carrier.route_import)
        return
    bench = Bench(subject, sample, subject.world(request.getfixturevalue("sandbox")), monkeypatch)
    session = Session(carrier, lambda key: None)
    before = {each.number: each for each in session.ask(lambda api: list(carrier.inventory.numbers(api)))}
    bench.hand.up(**bench.inputs)
    bench.wire.log.clear()
    session = Session(carrier, lambda key: None)
    after = {each.number: each for each in session.ask(lambda api: list(carrier.inventory.numbers(api)))}
    objects = session.ask(lambda api: list(carrier.inventory.objects(api)))
    assert bench.wire.writes() == []
    attached = after.pop(bench.number).attached
    assert attached
    if objects:  # where nothing carries a name, nothing can be an orphan
        assert attached in objects
    assert attached.name == (bench.inputs["marker"] if objects else "")
    assert after == {number: each for number, each in before.items() if number != bench.number}


@every_object
def test_order_and_spelling_are_never_a_change(bench: Bench) -> None:
    bench.hand.up(**bench.inputs)
    assert bench.sample.same, "an object without two spellings would be a surprise"
    for spelled in bench.sample.same:
        assert bench.hand.up(**{**bench.inputs, **spelled}) == "same", spelled


@every_object
def test_drift_is_seen_and_repaired(bench: Bench) -> None:
    bench.hand.up(**bench.inputs)
    if bench.sample.kept:
        _stays_unasked(bench)
        return
    if bench.sample.chosen or bench.sample.bought:
        _stays_without_a_write(bench)
        return
    if bench.sample.attaches:
        bench.world.occupy(bench.number)
    else:
        outside = bench.another()
        outside.id, outside.state, outside.inputs = bench.hand.id, dict(bench.hand.state), dict(bench.hand.inputs)
        assert outside.up(**{**bench.inputs, **bench.sample.changes[0]}) == "update"
    assert bench.hand.refresh()
    assert bench.hand.up(**bench.inputs) == "update"
    assert bench.hand.refresh()
    assert bench.hand.up(**bench.inputs) == "same"


SWITCHED = [(subject, sample, name) for subject, sample in SAMPLES for name in sample.switched]


@pytest.mark.parametrize(
    ("subject", "sample", "name"),
    SWITCHED,
    ids=[f"{subject.name}-{sample.name}-{name}" for subject, sample, name in SWITCHED],
)
def test_what_stops_or_diverts_calls_is_seen_and_set_right(bench: Bench, name: str) -> None:
    bench.hand.up(**bench.inputs)
    bench.sample.switched[name](bench.world, bench.hand.id)
    before = bench.hand.inputs.get(name)
    assert bench.hand.refresh()
    assert bench.hand.inputs.get(name) != before, "nobody would see it"
    assert bench.hand.up(**bench.inputs) == "update"
    assert bench.hand.refresh()
    assert bench.hand.inputs.get(name) == before
    assert bench.hand.up(**bench.inputs) == "same"


def _stays_unasked(bench: Bench) -> None:
    """What is kept in the state alone: nobody is asked for more than whose account it is, and nothing changes."""
    state = dict(bench.hand.state)
    assert bench.hand.refresh()
    assert bench.hand.up(**bench.inputs) == "same"
    assert bench.hand.state == state
    asked = {entry[:2] for entry in bench.wire.log}
    bench.wire.log.clear()
    bench.another().reconciler.session.account()
    assert asked <= {entry[:2] for entry in bench.wire.log}


def _stays_without_a_write(bench: Bench) -> None:
    """What the vendor knows by the number alone: there is nothing that could be changed outside."""
    state = dict(bench.hand.state)
    bench.wire.log.clear()
    assert bench.hand.refresh()
    assert bench.hand.up(**bench.inputs) == "same"
    assert bench.hand.state == state
    assert bench.wire.writes() == []


def _chosen_anew(bench: Bench) -> None:
    """A number that somebody else has now is forgotten, and another one is chosen; a bought one that was given back is
    proposed again, and is not for sale any more."""
    number = bench.hand.id
    if bench.sample.chosen:
        buyer = Hand(f"{bench.subject.name}:Purchase", bench.world.env(), bench.monkeypatch)
        buyer.up(phone_number=number)
        _stays_without_a_write(bench)
    bench.shop.give_back(number)
    assert not bench.hand.refresh()
    if bench.sample.chosen:
        assert bench.hand.up(**bench.inputs) == "create"
        assert bench.hand.id != number
        return
    with pytest.raises(errors.Permanent, match="it was not bought: .* next: .*`pulumi up --refresh` chooses another"):
        bench.hand.up(**bench.inputs)
    assert bench.shop.purchases() == 1


@every_object
def test_deleted_outside_then_proposed_again(bench: Bench) -> None:
    bench.hand.up(**bench.inputs)
    if bench.sample.chosen or bench.sample.bought:
        _chosen_anew(bench)
        return
    outside = bench.another()
    outside.id, outside.state = bench.hand.id, dict(bench.hand.state)
    outside.destroy()
    if bench.sample.kept:
        _stays_unasked(bench)
        return
    if bench.sample.setting:
        assert bench.hand.refresh()
        assert bench.hand.up(**bench.inputs) == "update"
        return
    if bench.sample.falls_with:
        assert bench.hand.refresh()
        bench.remake(bench.sample.falls_with)
    else:
        assert not bench.hand.refresh()
    assert bench.hand.up(**bench.inputs) == "create"
    assert bench.hand.up(**bench.inputs) == "same"


@every_object
def test_lost_answer_is_taken_over_and_not_doubled(bench: Bench) -> None:
    bench.wire.fault = wires.lost_after
    if bench.sample.setting:
        with pytest.raises(errors.Unavailable):
            bench.hand.up(**bench.inputs)
    assert bench.hand.up(**bench.inputs) == "create"
    assert bench.hand.up(**bench.inputs) == "same"
    again = bench.another()
    bench.wire.log.clear()
    assert again.up(**bench.inputs) == "create"
    assert again.id == bench.hand.id
    assert not [entry for entry in bench.wire.writes() if entry[2] == 201 and not bench.sample.setting]


@every_object
def test_a_busy_vendor_is_waited_for_within_the_budget(bench: Bench) -> None:
    bench.wire.fault = wires.status(429, **{"Retry-After": "7"})
    assert bench.hand.up(**bench.inputs) == "create"
    if bench.sample.kept:
        _stays_unasked(bench)
        return
    if bench.sample.chosen:
        assert bench.waits == []
        bench.wire.on = "read"
        assert bench.hand.refresh()
    looks = 1.0 if bench.sample.bought else 0.0  # seconds between looks at an order that takes its time
    assert 7 <= sum(wait for wait in bench.waits if wait != looks) < 9
    bench.wire.fault = wires.status(429, **{"Retry-After": "100000"})
    bench.hand.inputs = {}
    other = bench.another()
    bench.wire.on = "read"
    with pytest.raises(errors.RateLimited):
        other.up(**bench.inputs)


@every_object
@pytest.mark.parametrize("code", [500, 502, 503])
def test_a_failed_post_is_not_repeated_blindly(bench: Bench, code: int) -> None:
    bench.wire.fault = wires.status(code)
    if bench.sample.kept:
        assert bench.hand.up(**bench.inputs) == "create"
        _stays_unasked(bench)
        return
    if bench.sample.chosen:
        assert bench.hand.up(**bench.inputs) == "create"
        assert bench.wire.writes() == []
        return
    with pytest.raises(errors.Unavailable, match="run `pulumi up` again|by the suite"):
        bench.hand.up(**bench.inputs)
    assert [entry[2] for entry in bench.wire.writes()] == [code]
    assert bench.hand.up(**bench.inputs) == "create"


@every_object
def test_what_is_accepted_and_not_done_is_an_error_and_never_stored(bench: Bench) -> None:
    sample, hand = bench.sample, bench.hand
    ignored = wires.not_done(bench.world.ignore)
    bench.wire.fault, hand.budget = ignored, 0.0  # an order that was not taken never comes
    if sample.kept or sample.chosen:
        assert hand.up(**bench.inputs) == "create"
        assert bench.wire.writes() == []
        return
    with pytest.raises(errors.Temporary, match="accepted|ordered"):
        hand.up(**bench.inputs)
    hand.budget = 120.0
    assert (hand.id, hand.state) == ("", {})
    assert hand.up(**bench.inputs) == "create"
    changes = [change for change in sample.changes if not hand.reconciler.object.replaces & change.keys()]
    if changes and not sample.bought:
        bench.wire.fault = ignored
        with pytest.raises(errors.NotApplied, match=f"not done: .*({'|'.join(changes[0])})"):
            hand.up(**{**bench.inputs, **changes[0]})
        assert hand.up(**{**bench.inputs, **changes[0]}) == "update"
    if not (sample.bought or sample.falls_with):  # those are kept, or fall with what they are on
        bench.wire.fault, bench.wire.lasts = ignored, True
        with pytest.raises(errors.NotApplied, match="deleting it was accepted, but not done: .* is still"):
            hand.destroy()
        bench.wire.fault, bench.wire.lasts = None, False
        hand.destroy()


@every_object
def test_every_field_is_shown_or_declared_unreadable(bench: Bench) -> None:
    bench.hand.up(**bench.inputs)
    declared, session = bench.hand.reconciler.object, bench.hand.reconciler.session
    seen = session.ask(declared.read, bench.hand.id, bench.hand.state, fresh=True)
    assert seen
    assert verification.readable(declared) <= seen.inputs.keys()
    assert {name.split(".")[0] for name in declared.unreadable} <= declared.spec.model_fields.keys()


@every_object
def test_a_foreign_object_is_left_alone(bench: Bench) -> None:
    if bench.sample.attaches or bench.sample.setting:
        assert bench.sample.foreign is None, "it has no foreign twin: it is a link or a setting of its parent"
        return
    assert bench.sample.foreign
    theirs = bench.another()
    theirs.up(**bench.sample.foreign(bench.made))
    before = dict(theirs.state)
    assert bench.hand.up(**bench.inputs) == "create"
    assert bench.hand.id != theirs.id
    bench.hand.destroy()
    assert theirs.refresh()
    assert theirs.state == before


@every_object
def test_a_number_in_use_is_refused_taken_over_and_put_back(bench: Bench) -> None:
    bench.world.occupy(bench.number)
    before = bench.world.owned(bench.number)
    if not bench.sample.attaches:
        assert bench.hand.up(**bench.inputs) == "create"
        assert bench.world.owned(bench.number) == before
        return
    bench.wire.log.clear()
    with pytest.raises(errors.Conflict, match="next: `take_over: true`"):
        bench.hand.up(**bench.inputs)
    assert bench.wire.writes() == []
    assert bench.hand.up(**bench.inputs, take_over=True) == "create"
    assert bench.world.owned(bench.number) != before
    bench.hand.destroy()
    assert bench.world.owned(bench.number) == before


@every_object
def test_another_account_is_an_error_and_never_gone(bench: Bench) -> None:
    bench.hand.up(**bench.inputs)
    state = dict(bench.hand.state)
    bench.as_account("other")
    bench.wire.log.clear()
    if bench.sample.kept and not bench.world.env():  # without credentials there is no account
        _stays_unasked(bench)
        return
    steps = [bench.hand.refresh, bench.hand.destroy, lambda: bench.hand.up(**{**bench.inputs, **_change(bench.sample)})]
    if bench.sample.chosen:
        assert steps.pop()() == "same", "nothing of it changes"
    for step in steps:
        with pytest.raises(errors.AccountError, match="the credentials are of"):
            step()
    assert bench.wire.writes() == []
    bench.as_account("main")
    bench.hand.state = state
    assert bench.hand.refresh()


def _change(sample: Sample) -> dict[str, Any]:
    return sample.changes[0] if sample.changes else {"marker": "xtel/p/renamed/+14155550100"}


@every_object
def test_secrets_are_in_no_text(bench: Bench) -> None:
    if not (bench.sample.chosen or bench.sample.bought):  # those meet the vendor only when they are made
        bench.hand.up(**bench.inputs)
    if bench.sample.attaches:  # a link that is as declared needs no write
        bench.world.occupy(bench.number)
        assert bench.hand.refresh()
    declared = bench.hand.reconciler.object
    canaries = [*bench.sample.canaries, *(str(bench.hand.state[name]) for name in declared.secrets)]
    named = {each.env for each in bench.hand.reconciler.session.vendor.credentials if each.secret}
    credentials = [value for name, value in bench.world.env().items() if name in named]
    declared_texts = [repr(declared), repr(bench.hand.reconciler.session)]
    if bench.sample.kept:
        texts = [*bench.hand.warnings, *declared_texts]
        assert all(canary not in text for canary in canaries for text in texts)
        _stays_unasked(bench)
        return
    bench.wire.fault = lambda request, send: _echo(request, canaries + credentials)
    bench.wire.on = "read" if bench.sample.chosen else "write"
    with pytest.raises(errors.CarrierError) as caught:
        bench.hand.up(**{**bench.inputs, **_change(bench.sample)})
    texts = [str(caught.value), repr(caught.value), *bench.hand.warnings, *declared_texts]
    for canary in canaries + credentials:
        assert all(canary not in text for text in texts)
        assert canary not in json.dumps({k: v for k, v in bench.hand.state.items() if k not in declared.secrets})
    assert secrecy.MASK in str(caught.value) or not credentials


def _echo(request: Any, words: list[str]) -> Any:
    """A vendor that repeats in its error what it was sent."""
    import httpx

    return httpx.Response(400, json={"code": 1, "message": "you sent " + " ".join(words)[:200]}, request=request)


@every_object
def test_destroy_detaches_and_keeps_the_number(bench: Bench) -> None:
    before = bench.world.owned(bench.number)
    bench.hand.up(**bench.inputs)
    bench.hand.destroy()
    for made in reversed(list(bench.made.values())):
        made.destroy()
    if bench.sample.bought:
        assert bench.world.owned(bench.inputs["phone_number"])
        assert bench.shop.purchases() == 1
    assert bench.world.owned(bench.number) == before
    assert bench.world.releases() == 0


@every_object
def test_a_state_of_an_earlier_release_still_loads(bench: Bench) -> None:
    files = sorted(STATES.glob(f"*/{bench.subject.name}.{bench.sample.name}.json"))
    assert files, "write it with: pytest tests/conformance --write-states"
    for file in files:
        kept = json.loads(file.read_text())
        checked = bench.hand.reconciler.check(kept["inputs"], kept["declared"])
        assert not checked.problems
        changed = bench.hand.reconciler.diff(kept["state"], checked.inputs).changed
        assert {path.split(".")[0] for path in changed} <= bench.sample.computed


@pytest.mark.parametrize(
    ("name", "kind", "inputs", "words"),
    [(subject.name, *refusal) for subject in SUBJECTS.values() for refusal in subject.refusals],
)
def test_what_cannot_be_is_refused_before_any_request(
    name: str, kind: str, inputs: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = Hand(f"{name}:{kind}", {}, monkeypatch).reconciler.check({}, {"marker": "m", **inputs})
    assert any(words in str(problem) for problem in checked.problems), checked.problems


def test_every_object_of_every_carrier_has_a_sample() -> None:
    from providers.kernel import registry

    for name, declared in registry.carriers().items():
        kinds = {kind.kind for kind in declared.objects}
        assert kinds == {sample.kind for sample in SUBJECTS[name].samples}
