"""A network with Zoom Phone numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.subjects.zoom import GROUP, NUMBER, Zoom
from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
TAKEN, KNOWN = "+14155550182", "+14155550183"
SUPPORT = """
  support:
    number: "+14155550181"
    route: {carrier: zoom, sip_group: SBC East, sbc: {platform: cube}}
    auth: {allow: [203.0.113.20]}
"""
LAB = """
  lab:
    number: "+14155550182"
    take_over: true
    route: {carrier: zoom, sip_group: SBC East, sbc: {platform: cube, tag: 911}}
    auth: {digest: {username: lab}}
"""
BYOC = """
  byoc:
    number: "+14155550183"
    route: {carrier: zoom, sip_group: SBC East, byoc_carrier: Example Telecom, sbc: {platform: cube, tag: 921}}
    auth: {allow: [203.0.113.20]}
"""


def objects(sandbox: Sandbox) -> dict[str, Any]:
    """Rules, SIP groups and numbers."""
    return sandbox.state()["zoom"]


def wired(sandbox: Sandbox, number: str) -> None:
    """The number's routing rule leads to the SIP group, and it is registered."""
    rule: dict[str, Any] = Zoom(sandbox).rule(number)
    assert rule["name"].endswith(f"/{number}")
    assert rule["routing_path"]["sip_group"]["name"] == GROUP
    assert [found["phone_number"] for found in sandbox.state()["xai"]["numbers"]].count(number) == 1


def changes(sandbox: Sandbox) -> list[str]:
    """Writes, but not the token that each run asks for."""
    return [line for line in sandbox.writes() if line != "POST /oauth/token"]


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    Zoom(sandbox).occupy(TAKEN)
    before: dict[str, Any] = sandbox.state()["zoom"]
    project.declare(SUPPORT, LAB, BYOC)
    shown = project.up("--diff")
    assert "will be taken over: routing rule theirs sends its calls elsewhere" in shown.split("Resources:")[0]
    assert "someone must apply these files to the SBC" in shown
    wired(sandbox, NUMBER)
    wired(sandbox, TAKEN)
    wired(sandbox, KNOWN)
    added = Zoom(sandbox).byoc(KNOWN)
    assert (added["carrier"]["name"], added["sip_group"]["display_name"]) == ("Example Telecom", GROUP)
    wrote = [line for line in sandbox.writes() if "byoc_numbers" in line or "routing_rules" in line]
    assert wrote[-1] == "POST /v2/phone/byoc_numbers", "its rule first"
    sandbox.forget_log()
    again = project.up("--diff", "--refresh")
    assert "updated" not in again
    assert changes(sandbox) == []
    project.run("destroy", "--yes")
    assert sandbox.state()["zoom"] == before
    gone = [line for line in changes(sandbox) if line.startswith("DELETE /v2/phone/")]
    assert gone[0] == "DELETE /v2/phone/numbers", "before its rule"


def test_calls_that_a_carrier_delivers_to_the_sbc_need_its_files_alone(project: Project, sandbox: Sandbox) -> None:
    project.declare("""
  hq:
    number: "+498912345670"
    route: {carrier: zoom, calls: carrier, sbc: {platform: cube}}
    auth: {digest: {username: hq}}
""")
    assert "xai-498912345670.ios" in project.up("--diff")
    assert not [entry for entry in sandbox.log() if entry["path"].startswith(("/oauth", "/v2/phone/"))]
    project.run("destroy", "--yes")
