"""What a preview did not come to: the state and the stack file say the same of it as the engine would have said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stacks import document
from stacks.resource import NUMBER
from tests import record
from xtel.engine.previews import Preview
from xtel.engine.state import State
from xtel.engine.step import STACK, Diagnostic
from xtel.review import plan, rules
from xtel.review.plan import calls, declared, unseen

CASES = sorted(path.parent for path in record.CASES.glob("*/stack.yaml"))
COMPARED = [case for case in CASES if case.name not in {"failed", "protected"}]


def parts_of(case: Path) -> tuple[Preview, list[calls.Part], State]:
    """A recorded preview, its objects, and the state it began with."""
    preview = plan.read((case / "events.jsonl").read_text())
    parts = calls.parts(preview)
    held = [replace(calls.before(part.step), urn=part.step.urn) for part in parts if part.old]
    return preview, parts, State(tuple(held))


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.name)
def test_without_any_step_it_is_what_the_engine_said(case: Path) -> None:
    preview, parts, held = parts_of(case)
    said = {part.step.urn: part.op for part in parts}
    if case.name == "refused":  # here the engine stopped before any deletion, and there is none
        assert "delete" not in said.values()
    root = tuple(step for step in preview.steps if step.type == STACK)
    found = unseen.completed(replace(preview, steps=root), held, document.read(case / "stack.yaml"), "test")
    now = {part.step.urn: part.op for part in calls.parts(found)}
    files = {
        urn for urn in said if ":Bundle::" in urn
    }  # a release writes files its own way: they may differ from the recorded
    assert {urn: op for urn, op in now.items() if urn not in files} == {
        urn: op for urn, op in said.items() if urn not in files
    }
    assert found.recalled == now.keys() == said.keys()


def test_what_the_engine_said_counts_more() -> None:
    case = record.CASES / "delete"
    preview, parts, held = parts_of(case)
    deleted = {part.step.urn for part in parts if part.op == "delete"}
    stopped = replace(
        preview,
        steps=tuple(step for step in preview.steps if step.urn not in deleted),
        failed=True,
        diagnostics=(*preview.diagnostics, Diagnostic("error", "no answer")),
    )
    found = unseen.completed(stopped, held, document.read(case / "stack.yaml"), "test")
    assert found.recalled == deleted
    review = record.judged(found, case / "stack.yaml")
    whole = record.reviewed(case)
    assert [(item.name, item.kind, item.before, item.after) for item in review.plan.numbers] == [
        (item.name, item.kind, item.before, item.after) for item in whole.plan.numbers
    ]
    assert {item.urn for item in review.plan.objects if not item.previewed} == deleted
    assert review.headline == "1 number stops ringing; not previewed: 4 changes, read from the state and the stack file"
    assert (review.verdict, review.plan.why_incomplete) == ("incomplete", "no answer")


def test_without_a_state_the_stacks_outputs_tell_of_numbers_that_leave() -> None:
    """A saved preview that stopped early, read where nobody can be asked: the way of before, and who is missing."""
    case = record.CASES / "delete"
    preview, _, _ = parts_of(case)
    kept = tuple(step for step in preview.steps if step.op != "delete")
    stopped = replace(preview, steps=kept, failed=True, diagnostics=(Diagnostic("error", "no answer"),))
    found = record.judged(stopped, case / "stack.yaml")
    [gone] = [item for item in found.plan.numbers if item.kind == "loses inbound"]
    assert gone.before and gone.before.carriers == ("twilio",)
    assert (gone.name, gone.before.targets, gone.after) == (
        "+14155550100", ("sip:+14155550100@sip.voice.x.ai;transport=tls",), None,
    )  # fmt: skip
    assert found.plan.labels["+14155550100"] == "support · +14155550100"
    assert ("number-keeps-inbound", "+14155550100") in {(item.rule, item.number) for item in found.findings}
    assert found.headline == "1 number stops ringing; not known: what else would change or be deleted"


def test_a_plan_that_could_not_begin_still_says_what_the_file_drops() -> None:
    case = record.CASES / "delete"
    _, _, held = parts_of(case)
    nothing = Preview((), (Diagnostic("error", "the backend is locked"),), failed=True)
    preview = unseen.completed(nothing, held, document.read(case / "stack.yaml"), "test")
    review = rules.judge(plan.build(preview, plan.Context("test")), rules.RuleSettings(record.TODAY))
    assert {item.name: item.kind for item in review.plan.numbers}["+14155550100"] == "loses inbound"


@pytest.mark.parametrize("known", ["digest", "signing secret"])
def test_a_secret_that_only_the_engine_has_is_no_change_of_a_number(tmp_path: Path, known: str) -> None:
    """Masked on both sides: neither its shape nor what the state spells out beside it re-registers anything."""
    auth = "auth: {digest: {username: nyc}}" if known == "digest" else "signing_secret: {secret: sig}"
    file = tmp_path / "test.yaml"
    number = f'  nyc: {{number: "+12125550177", route: {{carrier: plivo}}, {auth}}}\n'
    file.write_text(f"version: 1\ndefaults: {{webhook: {{url: https://voice.example.com/calls}}}}\nnumbers:\n{number}")
    wanted = declared.resources("test", document.read(file), {})
    empty: dict[str, Any] = {"allow": [], "allowed_addresses": []}
    held = [
        replace(each, inputs={**each.inputs, "sip_auth": empty | each.inputs["sip_auth"]})
        if each.inputs.get("sip_auth")
        else each
        for each in wanted.values()
    ]
    found = unseen.completed(Preview((), whole=False), State(tuple(held)), document.read(file), "test")
    assert {step.op for step in found.steps if step.type != NUMBER} <= {"same"}
