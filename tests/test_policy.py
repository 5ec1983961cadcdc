"""What a policy pack is told becomes the preview that the engine would have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from providers.kernel.secrecy import MASK
from tests import record
from tests.test_plan import CASES, E164, judged, linked, registered, rules_of, urn
from xtel.engine.previews import PolicyEvent, Preview
from xtel.engine.step import UNKNOWN
from xtel.review import plan, rules
from xtel.review.policy.compared import DeclaredResource, preview

TRUNK = urn("twilio:Trunk", f"{E164}/trunk")
LINK = urn("twilio:Attachment", f"{E164}/attachment")
#: A preview that stops early never asks the pack.
CASES_THAT_END = {
    "accepted",
    "agents",
    "bought",
    "consented",
    "create",
    "delete",
    "dropped",
    "hostile",
    "policy",
    "shared",
    "twiml",
    "unchanged",
    "update",
}
SEALED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(resources)}}


def resource(urn: str, **inputs: Any) -> dict[str, Any]:
    return {"urn": urn, "id": "1", "inputs": {"__provider": "x", "blocked": "", **inputs}, "outputs": inputs}


def ops(found: Preview) -> dict[str, str]:
    return {step.name: step.op for step in found.steps}


def test_operations_are_found() -> None:
    before = state(resource(TRUNK, name="a", secure=False), resource(LINK, trunk_sid="TK1"))
    new = {TRUNK: DeclaredResource({"name": "b", "secure": False}), urn("acme:Line", "x"): DeclaredResource({})}
    assert ops(preview(before, new, new)) == {f"{E164}/trunk": "update", "x": "create", f"{E164}/attachment": "delete"}
    assert ops(preview(state(), {TRUNK: DeclaredResource({})}, {TRUNK})) == {f"{E164}/trunk": "create"}
    assert ops(preview({"version": 3, "deployment": {}}, {}, ())) == {}


def test_an_id_that_is_not_known_yet_is_no_change() -> None:
    before = state(resource(LINK, trunk_sid="TK1", phone_number=E164))
    same = {LINK: DeclaredResource({"trunk_sid": UNKNOWN, "phone_number": E164, "take_over": True})}
    assert ops(preview(before, same, same)) == {f"{E164}/attachment": "same"}
    other = {LINK: DeclaredResource({"trunk_sid": UNKNOWN, "phone_number": "+14155550101"})}
    assert ops(preview(before, other, other)) == {f"{E164}/attachment": "replace"}


def test_what_is_not_declared_and_stays_is_unchanged() -> None:
    """`pulumi preview --target` leaves the rest as it is; what only waits for its deletion is not there."""
    before = state(resource(TRUNK, name="a"), {**resource(LINK), "delete": True})
    assert ops(preview(before, {}, {TRUNK})) == {f"{E164}/trunk": "same"}


def test_another_name_is_no_other_object() -> None:
    before = state(resource(urn("xai:Agent", "old"), name="a"))
    new = {urn("xai:Agent", "new"): DeclaredResource({"name": "a"}, aliases=(urn("xai:Agent", "old"),))}
    assert ops(preview(before, new, new)) == {"new": "same"}


def test_no_secret_is_left_in_what_is_judged() -> None:
    told = {"password": {**SEALED, "value": "hunter2_Kx8vQ"}, "list": ["whsec_0123456789abcdef"]}
    found = preview(
        state(resource(TRUNK, password={**SEALED, "ciphertext": "v1:x"})), {TRUNK: DeclaredResource(told)}, {TRUNK}
    )
    assert "hunter2" not in repr(found) and "whsec_0" not in repr(found)
    [step] = found.steps
    assert step.old["password"] == step.new["password"] == MASK


@pytest.mark.parametrize("case", [case for case in CASES if case.name in CASES_THAT_END], ids=lambda case: case.name)
def test_recorded_cases_are_judged_alike(case: Path) -> None:
    """The same operations from the states and the declared inputs alone, without the engine's own comparison."""
    events = [json.loads(line) for line in (case / "events.jsonl").read_text().splitlines()]
    steps = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
    steps = [step for step in steps if step["op"] not in {"refresh", "create-replacement", "delete-replaced"}]
    old = [step["old"] for step in steps if step["op"] != "create" and step.get("old")]
    new = {
        step["urn"]: DeclaredResource(step["new"].get("inputs") or {}, bool(step["new"].get("protect")))
        for step in steps
        if step["op"] != "delete"
    }
    found = record.judged(preview(state(*old), new, new), case / "stack.yaml")
    expected = record.reviewed(case)
    assert rules_of(found) == rules_of(expected)
    assert [(item.name, item.kind) for item in found.plan.numbers] == [
        (item.name, item.kind) for item in expected.plan.numbers
    ]


def test_what_our_own_pack_found_is_not_said_twice() -> None:
    ours = PolicyEvent(rules.PACK, "number-keeps-inbound", "mandatory", f"{E164}: loses inbound: …")
    other = PolicyEvent("house", "no-twilio", "mandatory", "no")
    steps = (registered(E164), *linked(E164, op="delete"))
    found = plan.build(Preview(steps, failed=True, policy=(ours, other), whole=True), plan.Context("test"))
    review = rules.judge(found, rules.RuleSettings(record.TODAY))
    assert rules_of(review) == rules_of(judged(*steps)) | {("house/no-twilio", "")}
    assert (review.verdict, review.plan.complete) == ("blocked", True)
    unknown = PolicyEvent(rules.PACK, "a-rule-of-a-later-release", "mandatory", f"{E164}: no")
    found = plan.build(Preview(steps, failed=True, policy=(unknown,), whole=True), plan.Context("test"))
    review = rules.judge(found, rules.RuleSettings(record.TODAY))
    assert ("xtel/a-rule-of-a-later-release", "") in rules_of(review)
