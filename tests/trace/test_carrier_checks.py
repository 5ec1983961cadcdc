"""What is wrong before the SIP URI: number, attachment, trunk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.trace.network import altered, hop, subject, traced
from xtel.proof.trace.subject import Ownership


@pytest.mark.parametrize(
    ("key", "part", "inputs", "ends", "check", "why"),
    [
        ("support", "attachment", {}, "attachment", "T011", "nothing takes its calls"),
        ("support", "attachment", {"receives": "fax"}, "attachment", "T012", "it receives faxes"),
        ("chicago", "connection", {"active": False}, "trunk", "T021", "off"),
        ("chicago", "connection", {"channel_limit": 0}, "trunk", "T023", "its channel limit is 0"),
        ("chicago", "attachment", {"screening": "reject_calls"}, "number", "T002", "its call screening rejects calls"),
        ("chicago", "attachment", {"call_forwarding": "+15"}, "attachment", "T012", "its calls are forwarded to +15"),
        ("chicago", "attachment", {"tech_prefix": True}, "attachment", "T012", "a prefix is put before"),
        ("nyc", "trunk", {"enabled": False}, "trunk", "T021", "off"),
    ],
)
def test_what_ends_a_call_at_its_carrier(
    tmp_path: Path, key: str, part: str, inputs: dict[str, Any], ends: str, check: str, why: str
) -> None:
    found = traced(altered(tmp_path, key, part, **inputs))
    assert found.ends_at == ends
    failed = [each for each in hop(found, ends).checks if each.verdict == "fail"]
    assert check in {each.check for each in failed}
    assert any(why in each.why for each in failed) and all(each.fix for each in failed)


def test_a_url_without_a_readable_uri_has_nowhere_to_go(tmp_path: Path) -> None:
    found = traced(altered(tmp_path, "nyc", "uri", uri="nobody"))
    assert (found.ends_at, hop(found, "trunk").why) == ("trunk", "nobody is no SIP URI")


@pytest.mark.parametrize(
    ("key", "name", "why", "told_by"),
    [
        ("spoken", "attachment", "the carrier asks https://voice.example.com/twiml", "call"),
        ("pasted", "attachment", "a person sets it up", "call"),
        ("hq", "attachment", "a person sets it up", "call"),
        ("hq", "number", "a person connects it", "call"),
        ("bare", "attachment", "no carrier is declared", "call"),
        ("support", "number", "whether the account owns it is not asked", "live"),
        ("frontdesk", "number", "whether xAI has it is not asked", "live"),
    ],
)
def test_what_a_file_cannot_tell(tmp_path: Path, key: str, name: str, why: str, told_by: str) -> None:
    found = hop(traced(subject(tmp_path, key)), name)
    assert (found.verdict, found.told_by) == ("unknown", told_by) and found.why.startswith(why)


@pytest.mark.parametrize(
    ("ownership", "verdict", "why"),
    [
        (Ownership("twilio"), "pass", "the account at twilio owns it"),
        (Ownership(), "fail", "no account in reach owns it"),
        (
            Ownership(unasked={"plivo": "no key"}),
            "unknown",
            "no account that was asked owns it; not asked: plivo: no key",
        ),
    ],
)
def test_who_owns_a_number_live(tmp_path: Path, ownership: Ownership, verdict: str, why: str) -> None:
    found = hop(traced(replace(subject(tmp_path, "support"), source="live", ownership=ownership)), "number")
    assert (found.verdict, found.why) == (verdict, why)


def test_a_number_of_xai_passes_no_carrier(tmp_path: Path) -> None:
    names = [each.hop for each in traced(subject(tmp_path, "frontdesk")).hops]
    assert names == ["number", "registration", "agent"]
