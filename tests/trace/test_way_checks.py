"""What is wrong with a SIP URI, as it is written and as a probe saw it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.trace.network import altered, hop, subject, traced
from xtel.proof.trace.seen import Probed, ProbedWay

HERE = ProbedWay(("127.0.0.1",), "A", tls_version="TLSv1.3", days_left=90, options=200)
URI = "sip:+14155550100@sip.voice.x.ai;transport=tls"


@pytest.mark.parametrize(
    ("url", "ends", "check"),
    [
        ("sip:+14155550100@sip.voice.example.com;transport=tls", "dns", "T031"),
        ("sip:+14155550100@sip.voice.x.ai", "tls", "T041"),
        ("sip:+14155550100@sip.voice.x.ai;transport=tcp", "tls", "T041"),
        ("sip:+14155550100@sip.voice.x.ai:5062;transport=tls", "tls", "T042"),
    ],
)
def test_a_uri_that_does_not_lead_to_xai(tmp_path: Path, url: str, ends: str, check: str) -> None:
    found = traced(altered(tmp_path, "support", "origination-url", sip_url=url))
    assert found.ends_at == ends
    assert [each.check for each in hop(found, ends).checks if each.verdict == "fail"] == [check]


@pytest.mark.parametrize(
    ("key", "part", "inputs"),
    [
        ("chicago", "fqdn", {"port": 5060}),
        ("support", "origination-url", {"sip_url": "sip:+14155550100@sip.voice.x.ai:5060;transport=tls"}),
        ("nyc", "uri", {"uri": "sip:+12125550177@sip.voice.x.ai:5060;transport=tls"}),
    ],
)
def test_port_5060_with_tls_cannot_be_told(tmp_path: Path, key: str, part: str, inputs: dict[str, object]) -> None:
    """xAI's own page says both."""
    found = traced(altered(tmp_path, key, part, **inputs))
    assert found.ends_at is None
    [port] = [each for each in hop(found, "tls").checks if each.check == "T042"]
    assert port.verdict == "unknown" and "5060" in port.why and "5061" in port.why


def test_the_first_uri_that_nothing_stands_against_counts(tmp_path: Path) -> None:
    found = traced(subject(tmp_path, "support"))
    assert found.targets == (URI, "sip:+14155550999@pbx.example.com;transport=tls")
    assert hop(found, "dns").checks[0].verdict == "pass"


def test_a_host_that_is_tried_before_xai_is_said(tmp_path: Path) -> None:
    found = hop(traced(altered(tmp_path, "support", "fallback-1", priority=1)), "dns")
    [first] = [each for each in found.checks if each.check == "T032"]
    assert first.verdict == "unknown" and "pbx.example.com;transport=tls is tried first" in first.why


@pytest.mark.parametrize(
    ("seen", "ends", "check"),
    [
        (HERE, None, ""),
        (ProbedWay(dns_error="no such name"), "dns", "T033"),
        (replace(HERE, tls_error="not trusted", days_left=None, options=None), "tls", "T043"),
        (replace(HERE, days_left=-1), "tls", "T044"),
        (replace(HERE, options=None, options_error="408"), "sip", "T051"),
    ],
)
def test_what_a_probe_saw(tmp_path: Path, seen: ProbedWay, ends: str | None, check: str) -> None:
    found = traced(replace(subject(tmp_path, "support"), probed=Probed({URI: seen})))
    assert found.ends_at == ends
    assert hop(found, "tls").verdict == ("unknown" if seen.dns_error else "fail" if ends == "tls" else "pass")
    if ends:
        assert check in {each.check for each in hop(found, ends).checks if each.verdict == "fail"}
        return
    assert [hop(found, name).verdict for name in ("dns", "tls", "sip")] == ["pass"] * 3
    assert "says nothing of the number" in hop(found, "sip").why


def test_a_certificate_that_runs_out_soon_is_said(tmp_path: Path) -> None:
    probed = Probed({URI: replace(HERE, days_left=3)})
    assert hop(traced(replace(subject(tmp_path, "support"), probed=probed)), "tls").why.endswith("runs out in 3 days")
