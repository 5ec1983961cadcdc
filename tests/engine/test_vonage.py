"""A network with nothing but Vonage numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.subjects.vonage import NUMBER
from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
FORWARDED = "+442079460044"
SAN_FRANCISCO = """
  sf:
    number: "+14155550164"
    route: {carrier: vonage}
    auth: {allow: ["216.147.0.0/21"]}
"""
LONDON = """
  london:
    number: "+442079460044"
    take_over: true
    route: {carrier: vonage, port: 5061}
    auth: {allow: ["216.147.0.0/21"]}
"""


def objects(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Every number's record."""
    return {f"+{each['msisdn']}": each for each in sandbox.state()["vonage"]["numbers"]}


def wired(sandbox: Sandbox, number: str, port: str = "") -> None:
    """Vonage's own record says: this number's calls go to its target."""
    record = objects(sandbox)[number]
    assert record["voiceCallbackType"] == "sip"
    assert record["voiceCallbackValue"] == f"sip:{number}@sip.voice.x.ai{port};transport=tls"
    assert [found["phone_number"] for found in sandbox.state()["xai"]["numbers"]].count(number) == 1


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    before = objects(sandbox)
    project.declare(SAN_FRANCISCO, LONDON)
    shown = project.up("--diff")
    assert "will be taken over: its calls are forwarded to 442079460045" in shown.split("Resources:")[0]
    wired(sandbox, NUMBER)
    wired(sandbox, FORWARDED, ":5061")
    assert "created" not in shown.split("Resources:")[0]
    project.stays()
    project.run("destroy", "--yes")
    assert objects(sandbox) == before
    assert sandbox.state()["counters"]["releases"] == 0
