"""Whose certificate it is (RFC 5922 §7), as a table."""

from __future__ import annotations

from typing import Any

import pytest

from signaling import certificate
from signaling.errors import NameMismatch


def made(*alternatives: tuple[str, str], common: str = "") -> dict[str, Any]:
    subject = {"subject": ((("commonName", common),),)} if common else {}
    return {**subject, **({"subjectAltName": alternatives} if alternatives else {})}


@pytest.mark.parametrize(
    ("peer", "domain"),
    [
        (made(("DNS", "sip.voice.x.ai")), "sip.voice.x.ai"),
        (made(("DNS", "other.example"), ("DNS", "SIP.voice.x.ai")), "sip.VOICE.x.ai."),
        (made(("URI", "sip:sip.voice.x.ai")), "sip.voice.x.ai"),
        (made(("URI", "https://x"), ("DNS", "sip.voice.x.ai")), "sip.voice.x.ai"),
        (made(common="sip.voice.x.ai"), "sip.voice.x.ai"),
        (made(("IP Address", "127.0.0.1")), "127.0.0.1"),
    ],
)
def test_made_out_to_it(peer: dict[str, Any], domain: str) -> None:
    certificate.check(peer, domain)


@pytest.mark.parametrize(
    ("peer", "domain"),
    [
        ({}, "sip.voice.x.ai"),
        (made(("DNS", "*.voice.x.ai")), "sip.voice.x.ai"),
        (made(("DNS", "voice.x.ai")), "sip.voice.x.ai"),
        (made(("DNS", "sip.voice.x.ai.example")), "sip.voice.x.ai"),
        (made(("URI", "sip:other.example"), ("DNS", "sip.voice.x.ai")), "sip.voice.x.ai"),
        (made(("URI", "sip:user@sip.voice.x.ai")), "sip.voice.x.ai"),
        (made(("URI", "sips:sip.voice.x.ai")), "sip.voice.x.ai"),
        (made(("DNS", "other.example"), common="sip.voice.x.ai"), "sip.voice.x.ai"),
        (made(("DNS", "127.0.0.1")), "127.0.0.1"),
        (made(("IP Address", "127.0.0.2")), "127.0.0.1"),
    ],
)
def test_made_out_to_somebody_else(peer: dict[str, Any], domain: str) -> None:
    with pytest.raises(NameMismatch, match=r"not to .*RFC 5922"):
        certificate.check(peer, domain)
