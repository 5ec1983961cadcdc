"""A network with Genesys Cloud numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.subjects.genesys import NUMBER, Genesys
from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
TAKEN = "+14155550192"
SUPPORT = """
  support:
    number: "+14155550191"
    route: {carrier: genesys, site: Cloud site}
    auth: {digest: {username: hq}}
"""
LAB = """
  lab:
    number: "+14155550192"
    take_over: true
    route: {carrier: genesys, site: Cloud site}
    auth: {allow: [203.0.113.32/29]}
"""


CALLED = """
  callers:
    number: "+14155550191"
    route: {carrier: genesys, site: Cloud site, did: "+14155550194", publish: true, greeting: "Guten Tag."}
    auth: {digest: {username: hq}}
"""
BY_HAND = """
  callers:
    number: "+14155550191"
    route: {carrier: genesys, site: Cloud site, did: "+14155550194"}
    auth: {digest: {username: hq}}
"""


def objects(sandbox: Sandbox) -> dict[str, Any]:
    """Sites with their number plans, trunks, outbound routes and DIDs."""
    return sandbox.state()["genesys"]


def wired(sandbox: Sandbox, number: str) -> None:
    """The first number plan for the number leads by its route to a trunk, and xAI knows it."""
    [plan] = [each for each in Genesys(sandbox).site()["number_plans"] if each["name"].endswith(f"/{number}")]
    assert plan["numbers"] == [{"start": number, "end": number}]
    [route] = [
        each for each in objects(sandbox)["outbound_routes"] if plan["classification"] in each["classificationTypes"]
    ]
    [trunk] = [each for each in objects(sandbox)["trunks"] if [{"id": each["id"]}] == route["externalTrunkBases"]]
    assert trunk["properties"]["trunk_transport_serverProxyList"]["value"]["instance"] == ["sip.voice.x.ai:5061"]
    assert [found["phone_number"] for found in sandbox.state()["xai"]["numbers"]].count(number) == 1


def changes(sandbox: Sandbox) -> list[str]:
    """Writes, but not the token that each run asks for."""
    return [line for line in sandbox.writes() if line != "POST /genesys/oauth/token"]


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    Genesys(sandbox).occupy(TAKEN)
    before = objects(sandbox)
    project.declare(SUPPORT, LAB)
    shown = project.up("--diff")
    assert "will be taken over: number plan theirs has its calls" in shown.split("Resources:")[0]
    wired(sandbox, NUMBER)
    wired(sandbox, TAKEN)
    others = [each for each in Genesys(sandbox).site()["number_plans"] if not each["name"].startswith("xtel/")]
    assert others == next(each for each in before["sites"] if each["name"] == "Cloud site")["number_plans"]
    sandbox.forget_log()
    again = project.up("--diff", "--refresh")
    assert "updated" not in again
    assert changes(sandbox) == []
    project.run("destroy", "--yes")
    assert objects(sandbox) == before


def test_callers_of_a_did_are_transferred_by_a_flow_that_is_published_only_when_asked(
    project: Project, sandbox: Sandbox
) -> None:
    before = objects(sandbox)
    project.declare(BY_HAND)
    shown = project.up("--diff")
    assert "apply these files to the Architect of the organisation (README.md, xai-14155550191.flow.yaml)" in shown
    assert (objects(sandbox)["flows"], objects(sandbox)["ivrs"]) == ([], [])
    assert objects(sandbox)["dids"] == before["dids"]
    project.declare(CALLED)
    project.up()
    [flow], [ivr] = objects(sandbox)["flows"], objects(sandbox)["ivrs"]
    assert flow["transfers"] == [NUMBER]
    assert "Guten Tag." in flow["text"]
    assert (ivr["dnis"], ivr["openHoursFlow"]["id"]) == (["+14155550194"], flow["id"])
    sandbox.forget_log()
    project.up("--refresh")
    assert changes(sandbox) == []
    project.run("destroy", "--yes")
    assert objects(sandbox) == before
