"""The same network by its file, its state and a plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from providers.kernel.errors import InputError
from stacks.resource import UNKNOWN, Resource
from tests.trace.network import hop, read, resources, traced
from xtel.engine.previews import Preview
from xtel.engine.state import State
from xtel.engine.step import Step
from xtel.proof.trace import sources


def applied(folder: Path) -> list[Resource]:
    """As a state would hold it: with ids, and references to them."""
    found = resources(read(folder))
    ids = {each.name: f"id-{each.name}" for each in found}
    sid = {"trunk_sid": "trunk", "connection_id": "connection", "trunk_id": "trunk", "primary": "uri"}

    def known(each: Resource) -> Resource:
        refs = {name: _id(each, part, ids) for name, part in sid.items() if each.inputs.get(name) == UNKNOWN}
        return replace(each, id=ids[each.name], inputs={**each.inputs, **refs})

    return [known(each) for each in found]


def _id(each: Resource, part: str, ids: dict[str, str]) -> str:
    part = "fqdn" if part == "uri" and each.vendor == "telnyx" else part
    return ids.get(f"{each.parent}/{part}") or ids[f"{each.vendor}/{part}"]


def test_a_state_says_what_was_applied(tmp_path: Path) -> None:
    found = {each.key: traced(each) for each in sources.applied(read(tmp_path), State(tuple(applied(tmp_path))))}
    assert hop(found["support"], "number").why == "twilio held it at the last apply"
    assert hop(found["support"], "registration").why == "registered at the last apply"
    assert {key: each.ends_at for key, each in found.items() if each.ends_at} == {}


@pytest.mark.parametrize(
    ("gone", "ends"),
    [("support/attachment", "attachment"), ("support/trunk", "attachment"), ("support", "registration")],
)
def test_a_state_with_a_part_missing(tmp_path: Path, gone: str, ends: str) -> None:
    name = gone.replace("support", "+14155550100")
    kept = tuple(each for each in applied(tmp_path) if each.name != name)
    found = next(each for each in sources.applied(read(tmp_path), State(kept)) if each.key == "support")
    assert traced(found).ends_at == ends


def test_a_number_that_was_never_applied_reaches_nobody(tmp_path: Path) -> None:
    found = {each.key: traced(each) for each in sources.applied(read(tmp_path), State())}
    assert found["support"].ends_at == "attachment"
    assert hop(found["support"], "registration").why == "the state holds no registration of it"
    assert hop(found["support"], "registration").fix == "xtel apply STACK registers it"


def test_a_plan_shows_what_would_be_there(tmp_path: Path) -> None:
    def step(each: Resource, op: str) -> Step:
        urn = f"urn:pulumi:prod::net::pulumi-python:dynamic/{each.type}::{each.name}"
        old, new = ({}, each.inputs) if op == "create" else (each.inputs, {})
        return Step(op, urn, old, new)

    found = resources(read(tmp_path))
    assert not any(traced(each).ends_at for each in planned(tmp_path, [step(each, "create") for each in found]))
    deleted = [step(each, "delete" if each.name == "+14155550100/attachment" else "create") for each in found]
    assert next(traced(each).ends_at for each in planned(tmp_path, deleted) if each.key == "support") == "attachment"


def planned(folder: Path, steps: list[Step]) -> list[sources.Subject]:
    return sources.planned(read(folder), Preview(tuple(steps), whole=True))


def test_an_agent_that_is_still_to_be_made_has_the_name_of_the_file(tmp_path: Path) -> None:
    """The engine has a made-up id for what it does not know yet."""
    found = [
        replace(each, inputs={**each.inputs, "agent_id": UNKNOWN}) if each.inputs.get("agent_id") else each
        for each in resources(read(tmp_path))
    ]
    steps = [
        Step("create", f"urn:pulumi:prod::net::pulumi-python:dynamic/{each.type}::{each.name}", {}, each.inputs)
        for each in found
    ]
    answering = {each.key: each.path.answered_by for each in planned(tmp_path, steps)}
    assert any(who.startswith("agent ") for who in answering.values())
    assert not any(UNKNOWN in who for who in answering.values())
    hops = [hop(traced(each), "agent") for each in planned(tmp_path, steps) if "sales" in each.path.answered_by]
    assert {each.verdict for each in hops} == {"pass"}


def test_numbers_are_chosen_by_number_or_key(tmp_path: Path) -> None:
    found = sources.declared(read(tmp_path))
    assert [each.key for each in sources.chosen(found, ["+12125550177", "support", "nyc"], "prod")] == [
        "nyc",
        "support",
    ]
    with pytest.raises(InputError, match="nobody is no number of prod"):
        sources.chosen(found, ["nobody"], "prod")
