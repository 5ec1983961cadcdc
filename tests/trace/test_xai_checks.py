"""What is wrong at xAI's end: registration, authentication, media, webhook, agent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.trace.network import altered, hop, subject, traced
from xtel.proof.trace.seen import Probed, ProbedWebhook

AWAY = {"allowed_addresses": ["203.0.113.0/28"]}


@pytest.mark.parametrize(
    ("key", "part", "inputs", "ends", "why"),
    [
        ("support", None, {}, "registration", "nothing registers it"),
        (
            "support",
            "origination-url",
            {"sip_url": "sip:14155550100@sip.voice.x.ai;transport=tls"},
            "registration",
            "+ is",
        ),
        (
            "support",
            "origination-url",
            {"sip_url": "sip:sales@sip.voice.x.ai;transport=tls"},
            "registration",
            "calls sales",
        ),
        ("chicago", "connection", {"dnis_number_format": "e164"}, "registration", "the + is missing"),
        ("chicago", "connection", {"dnis_number_format": "national"}, "registration", "it calls 3125550142"),
        ("chicago", "attachment", {"translated_number": "sales"}, "registration", "it calls sales"),
        ("support", None, {"sip_auth": AWAY}, "authentication", "which is not let in"),
        (
            "chicago",
            None,
            {"sip_auth": {"allow": ["telnyx:us"]}},
            "authentication",
            "calls of telnyx:europe come from 185",
        ),
        (
            "support",
            None,
            {"sip_auth": {"auth_username": "u"}},
            "authentication",
            "without a login, and xAI asks for u",
        ),
        ("nyc", None, {"sip_auth": {"auth_username": "u"}}, "authentication", "registered is u"),
        ("open", None, {"sip_auth": {"auth_username": "u"}}, "authentication", "without a login"),
        ("chicago", "connection", {"codecs": ["G729", "OPUS"]}, "media", "offers G729, OPUS"),
        ("support", None, {"webhook": None}, "agent", "neither an agent nor a webhook answers"),
    ],
)
def test_what_ends_a_call_at_xai(
    tmp_path: Path, key: str, part: str | None, inputs: dict[str, Any], ends: str, why: str
) -> None:
    found = traced(altered(tmp_path, key, part, **inputs))
    assert found.ends_at == ends
    assert why in hop(found, ends).why and hop(found, ends).fix


def test_a_list_that_lacks_some_addresses_refuses_now_and_then(tmp_path: Path) -> None:
    some = {"allowed_addresses": ["54.172.60.0/30", "54.244.51.0/30"]}
    found = hop(traced(altered(tmp_path, "support", None, sip_auth=some)), "authentication")
    assert found.verdict == "fail" and "(6 of 8 networks: refused now and then)" in found.why


@pytest.mark.parametrize(
    ("key", "name", "verdict", "why"),
    [
        ("support", "authentication", "pass", "lets in twilio"),
        ("chicago", "authentication", "pass", "lets in telnyx:europe"),
        ("open", "authentication", "pass", "open: anyone may call it"),
        ("nyc", "authentication", "unknown", "whether the passwords agree nobody shows"),
        ("spoken", "authentication", "unknown", "nobody published where its calls come from"),
        ("chicago", "agent", "pass", "agent sales"),
        ("console-agent", "agent", "unknown", "agent agent_console1 is one of xAI's console: not asked"),
        ("frontdesk", "agent", "unknown", "who answers was chosen in xAI's console"),
        ("support", "session", "unknown", "whether the application joins in time"),
    ],
)
def test_what_a_file_says(tmp_path: Path, key: str, name: str, verdict: str, why: str) -> None:
    found = hop(traced(subject(tmp_path, key)), name)
    assert found.verdict == verdict and why in found.why


def test_media_never_pass(tmp_path: Path) -> None:
    """No document says which encryption xAI takes."""
    for key in ("support", "chicago", "nyc", "hq"):
        found = hop(traced(subject(tmp_path, key)), "media")
        assert (found.verdict, found.told_by) == ("unknown", "call")


@pytest.mark.parametrize(
    ("agents", "verdict"), [({"agent_console1": "Console"}, "pass"), ({}, "fail"), (None, "unknown")]
)
def test_an_agent_live(tmp_path: Path, agents: dict[str, str] | None, verdict: str) -> None:
    found = replace(subject(tmp_path, "console-agent"), source="live", agents=agents)
    assert hop(traced(found), "agent").verdict == verdict


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [(ProbedWebhook(days_left=30), "pass"), (ProbedWebhook("no such name"), "fail"), (None, "unknown")],
)
def test_a_webhook_as_a_probe_saw_it(tmp_path: Path, seen: ProbedWebhook | None, verdict: str) -> None:
    probed = Probed({}, {"https://voice.example.com/calls": seen} if seen else {})
    [found] = [
        each
        for each in hop(traced(replace(subject(tmp_path, "support"), probed=probed)), "webhook").checks
        if each.check == "T091"
    ]
    assert found.verdict == verdict
