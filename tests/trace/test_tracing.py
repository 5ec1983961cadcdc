"""Checks put together to hops, numbers and a report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from tests.trace.network import altered, hop, read, subject, traced
from xtel.proof.trace import model, sources, tracing
from xtel.proof.trace.model import CheckResult

SCHEMA = Path(model.__file__).with_name("trace.schema.json")


def test_the_schema_is_the_model(tmp_path: Path) -> None:
    told = "python -m xtel.proof.trace.model > xtel/proof/trace/trace.schema.json"
    assert SCHEMA.read_text() == model.schema(), told
    found = tracing.report("prod", "declared", sources.declared(read(tmp_path)), notes=["a note"])
    jsonschema.validate(json.loads(found.as_json()), json.loads(SCHEMA.read_text()))


def test_a_failure_decides_a_hop_then_what_can_still_be_told() -> None:
    by_call, by_probe = (CheckResult("T1", "unknown", told, told_by=told) for told in ("call", "probe"))
    failed, passed = CheckResult("T2", "fail", "no"), CheckResult("T3", "pass", "yes")
    assert model.hop("tls", [passed, by_call, by_probe, failed]).why == "no"
    assert model.hop("tls", [passed, by_call, by_probe]).told_by == "probe"
    assert model.hop("tls", [passed, by_call]).verdict == "unknown"
    assert model.hop("tls", [passed]).verdict == "pass"


def test_what_comes_after_the_end_is_not_reached(tmp_path: Path) -> None:
    found = traced(altered(tmp_path, "nyc", "uri", uri="nobody"))
    assert found.ends_at == "trunk"
    assert hop(found, "dns").why == "the call does not come this far"
    assert hop(traced(subject(tmp_path, "bare")), "dns").why == "no SIP URI is known"


@pytest.mark.parametrize(("strict", "exit"), [(False, 0), (True, 2)])
def test_strict_counts_what_another_source_would_tell(tmp_path: Path, strict: bool, exit: int) -> None:
    assert tracing.report("prod", "declared", [subject(tmp_path, "support")], strict=strict).exit == exit


def test_strict_leaves_to_a_call_what_only_a_call_shows(tmp_path: Path) -> None:
    by_hand = traced(subject(tmp_path, "hq"))
    told = [each for each in by_hand.hops if each.hop in {"number", "attachment", "media", "session"}]
    assert {each.told_by for each in told} == {"call"}
    assert model.reaches(replace(by_hand, hops=tuple(told)), strict=True)
    assert not model.reaches(by_hand, strict=True)


def test_one_number_that_fails_fails_all(tmp_path: Path) -> None:
    subjects = [subject(tmp_path, "support"), altered(tmp_path, "chicago", "connection", active=False)]
    assert tracing.report("prod", "state", subjects).exit == 2


def test_who_decides_is_named(tmp_path: Path) -> None:
    found = traced(altered(tmp_path, "chicago", "connection", dnis_number_format="e164"))
    assert hop(found, "registration").object == "telnyx Connection +13125550142/connection"
