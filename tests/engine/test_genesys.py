"""A network with Genesys Cloud numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.subjects.genesys import DID, NUMBER, Genesys
from tests.conftest import Sandbox
from tests.engine.conftest import Project
from tests.engine.test_import import EMPTY, forget, registered, stack_file, xtel

pytestmark = pytest.mark.engine
TAKEN = "+14155550192"
ALONE, ONE, TWO = "+14155550197", "+14155550198", "+14155550199"
PASSWORD = "canary-digest-9"
CHAINS = [
    {"name": "Support", "site": "Cloud site", "numbers": [ALONE], "username": "hq", "password": PASSWORD},
    {"name": "Sales", "site": "Cloud site", "numbers": [ONE, TWO], "username": "hq", "password": PASSWORD},
]
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


PUBLISHED = """
  callers:
    number: "+14155550191"
    route: {carrier: genesys, site: Cloud site, did: "+14155550194", publish: true}
    auth: {allow: [203.0.113.32/29]}
"""


def test_what_was_made_by_hand_and_what_a_lost_state_had_become_ours(project: Project, sandbox: Sandbox) -> None:
    """A number's own chain, a chain of two numbers that stays, and a number with its flow whose state was lost."""
    project.declare(PUBLISHED)
    project.up()
    forget(project)
    stack_file(project).write_text(EMPTY)
    sandbox.seed({"genesys": {"chains": CHAINS}})
    for number in (ALONE, ONE):
        registered(sandbox, number, sip_auth={"auth_username": "hq", "auth_password": PASSWORD})
    before = objects(sandbox)
    (project.folder / "known.yaml").write_text(f'"{ALONE}": {{digest_password: {PASSWORD}}}\n')
    sandbox.forget_log()
    asked = xtel(project, "--carrier", "genesys", code=1)
    assert changes(sandbox) == []
    assert f"stays as it is: {ALONE}: xAI asks for a digest (user hq) and never shows its password" in asked
    assert f"stays as it is: {ONE}: number plan Sales numbers of site Cloud site has other numbers too" in asked
    shown = xtel(project, "--carrier", "genesys", "--yes", "--secrets", "known.yaml")
    written = stack_file(project).read_text()
    assert PASSWORD not in shown + project.state() + written
    assert "ok: 2 numbers imported, and the plan is empty" in shown
    assert "{carrier: genesys, site: Cloud site, classification: Support}" in written
    assert f'{{carrier: genesys, site: Cloud site, did: "{DID}", publish: true}}' in written
    after = objects(sandbox)
    assert sorted(each["name"] for each in after["trunks"]) == [
        "Sales trunk", "xtel/xai-telephony/test/+14155550191", f"xtel/xai-telephony/test/{ALONE}",
    ]  # fmt: skip
    for kind in ("trunks", "outbound_routes", "flows", "ivrs", "dids"):
        assert [{**each, "name": ""} for each in after[kind]] == [{**each, "name": ""} for each in before[kind]]
    assert "unchanged" in project.run("refresh", "--yes", "--expect-no-changes")
    project.preview()
    again = xtel(project, "--carrier", "genesys", "--number", ALONE)
    assert f"imported already: {ALONE}\nok: nothing to import" in again
    project.run("destroy", "--yes")
    left = objects(sandbox)
    assert [each["name"] for each in left["trunks"]] == ["Sales trunk"]
    assert (left["flows"], left["ivrs"]) == ([], [])
    first, *_ = Genesys(sandbox).site()["number_plans"]
    assert first["name"] == "Sales numbers"
