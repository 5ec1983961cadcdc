"""Whatever is wrong with what a user wrote, the words are ours: every place of every model, with every kind of bad value."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from providers.kernel import registry, spec
from providers.kernel.errors import InputError
from providers.kernel.reconciler import Reconciler
from providers.kernel.session import Session
from providers.kernel.values import UNKNOWN
from providers.kernel.wording import did_you_mean
from stacks import agent, document, graph, model, wording
from stacks.reference import SecretRef
from tests.conftest import ROOT
from tests.wording import assert_ours
from xtel.operations.importing.answers import Known
from xtel.review import plan

BAD: list[Any] = [None, True, -7, 1.5, "", " \u202e ", "colour", [], [[]], [None], {}, {"odd": 1}, 10**30]
EXAMPLE = ROOT / "stacks/prod.example.yaml"
PLAN = ROOT / "tests/cases/plan/agents/report.json"
OBJECTS = [(vendor.name, declared) for vendor in registry.vendors().values() for declared in vendor.objects]


def places(value: Any, place: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """Every place in a tree, the first item of each list alone."""
    if place:
        yield place
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from places(inner, (*place, key))
    elif isinstance(value, list | tuple) and value:
        yield from places(value[0], (*place, 0))


def spoiled(tree: Any, place: tuple[int | str, ...], bad: Any) -> Any:
    """A copy with something else at one place."""
    changed = copy.deepcopy(tree)
    inside = changed
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] = bad
    return changed


def said(kind: type[BaseModel], given: Any) -> list[str]:
    """What is told of values, as a provider's check and as a stack file's reader tell it."""
    try:
        kind.model_validate(given)
    except ValidationError as error:
        return [*map(str, spec.problems(error)), *(wording.worded(kind, each)[1] for each in spec.details(error))]
    return []


def test_a_stack_file_with_something_bad_at_any_place(tmp_path: Path) -> None:
    tree = json.loads(json.dumps(YAML(typ="safe").load(EXAMPLE.read_text()), default=str))
    file, refused = tmp_path / "stack.yaml", 0
    for index, place in enumerate(places(tree)):
        for bad in BAD[index % 6 :: 6]:
            file.write_text(json.dumps(spoiled(tree, place, bad)))
            try:
                document.read(file, lambda _: "Greet.")
            except document.Refused as error:
                refused += 1
                for finding in error.findings:
                    assert_ours(finding.message)
    assert refused > 150


@pytest.mark.parametrize("kind", [model.Number, model.Common, agent.Agent, model.Accept, model.Limits, Known])
def test_a_model_with_something_bad_in_any_field(kind: type[BaseModel]) -> None:
    assert [assert_ours(each) for field in kind.model_fields for bad in BAD for each in said(kind, {field: bad})]


@pytest.mark.parametrize("name", registry.carriers())
def test_a_route_with_something_bad_in_any_field(name: str) -> None:
    kind = registry.carriers()[name].route
    for field in kind.model_fields:
        for bad in BAD:
            for each in said(kind, {"carrier": name, field: bad}):
                assert_ours(each)
    assert said(kind, {"carrier": name, "no_such_key": 1})


@pytest.mark.parametrize(("vendor", "declared"), OBJECTS, ids=[f"{vendor}-{each.kind}" for vendor, each in OBJECTS])
def test_a_providers_check_of_something_bad_in_any_field(vendor: str, declared: Any) -> None:
    reconciler = Reconciler(declared(), Session(registry.vendor(vendor), {}.get))
    found = 0
    for field in declared.spec.model_fields:
        for bad in BAD:
            checked = reconciler.check({}, {field: bad})
            found += len(checked.problems)
            for problem in checked.problems:
                assert_ours(str(problem))
    assert found


def _filled(value: Any) -> Any:
    """Inputs of the graph in the engine's values."""
    if isinstance(value, Mapping):
        return {key: _filled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item) for item in value]
    stands = graph.OutputOf | graph.MadePassword | graph.NumberText | SecretRef
    return UNKNOWN if isinstance(value, stands) else value


def test_a_providers_check_of_something_bad_at_any_place_of_whole_inputs() -> None:
    found = 0
    for resource in graph.of_document(document.read(EXAMPLE)):
        vendor, _, kind = resource.type.partition(":")
        if vendor not in registry.vendors():
            continue
        reconciler = Reconciler(registry.vendor(vendor).object(kind), Session(registry.vendor(vendor), {}.get))
        inputs = _filled(resource.inputs)
        for index, place in enumerate(places(inputs)):
            for bad in BAD[index % 3 :: 3]:
                for problem in reconciler.check({}, spoiled(inputs, place, bad)).problems:
                    found += 1
                    assert_ours(str(problem))
    assert found > 100


def test_a_saved_plan_with_something_bad_at_any_place() -> None:
    tree = json.loads(PLAN.read_text())
    refused = 0
    for index, place in enumerate(places(tree)):
        for bad in BAD[index % 3 :: 3]:
            try:
                plan.saved(json.dumps(spoiled(tree, place, bad)))
            except InputError as error:
                refused += 1
                assert_ours(str(error))
    assert refused > 50


def test_of_a_region_that_is_not_there_no_other_continent_is_guessed() -> None:
    """A connector there would have calls come from the other side of an ocean."""
    regions = ("us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "eu-west-2")
    guesses = {word: did_you_mean(word, regions) for word in ("eu-west-9", "eu-north-1", "us-east-2")}
    assert guesses == {
        "eu-west-9": "", "eu-north-1": "did you mean eu-central-1?", "us-east-2": "did you mean us-west-2?",
    }  # fmt: skip
