"""A network with Webex numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.subjects.webex import NUMBER, Webex
from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
TAKEN = "+14155550172"
SUPPORT = """
  support:
    number: "+14155550171"
    route: {carrier: webex, trunk: HQ gateway}
    auth: {allow: [203.0.113.10]}
"""
LAB = """
  lab:
    number: "+14155550172"
    take_over: true
    route: {carrier: webex, trunk: HQ gateway, tag: 911}
    auth: {digest: {username: lab}}
"""

OWN = """
  support:
    number: "+14155550171"
    route: {carrier: webex, location: Headquarters}
    auth: {allow: [203.0.113.10]}
"""

GROUP = """
  group:
    number: "+14155550173"
    route:
      carrier: webex
      tag: 921
      route_group:
        name: main
        trunks: [HQ gateway, {location: Branch}, {location: Headquarters, certificate: &sbc
          {address: sbc1, domain: example.com, port: 5062}}]
    auth: {allow: [203.0.113.10]}
"""
CERTIFIED = """
  certified:
    number: "+14155550174"
    route: {carrier: webex, location: Headquarters, certificate: *sbc, tag: 931}
    auth: {allow: [203.0.113.10]}
"""


def plans(sandbox: Sandbox) -> dict[str, list[str]]:
    """Every dial plan's patterns, by its name."""
    return {plan["name"]: plan["patterns"] for plan in sandbox.state()["webex"]["dial_plans"]}


def objects(sandbox: Sandbox) -> dict[str, Any]:
    """All that the organisation holds."""
    return sandbox.state()["webex"]


def led(sandbox: Sandbox, group: dict[str, Any]) -> list[str]:
    """What a route group has, in its order: a trunk by its name, one of ours by its host or its location."""
    trunks = {each["id"]: each for each in objects(sandbox)["trunks"]}
    found: list[str] = []
    for gateway in sorted(group["localGateways"], key=lambda each: each["priority"]):
        trunk = trunks[gateway["id"]]
        own = trunk["location"]["name"] if trunk["name"].startswith("xtel ") else trunk["name"]
        host = f"{trunk['address']}.{trunk['domain']}:{trunk['port']}" if "address" in trunk else ""
        found.append(host or own)
    return found


def wired(sandbox: Sandbox, number: str) -> None:
    """One plan has the number, and xAI knows it."""
    [plan] = [each for each in objects(sandbox)["dial_plans"] if number in each["patterns"]]
    trunk = next(each for each in objects(sandbox)["trunks"] if each["id"] == plan["routeId"])
    assert (plan["routeType"], trunk["name"]) == ("TRUNK", "HQ gateway")
    assert [found["phone_number"] for found in sandbox.state()["xai"]["numbers"]].count(number) == 1


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    Webex(sandbox).occupy(TAKEN)
    before = objects(sandbox)
    project.declare(SUPPORT, LAB)
    shown = project.up("--diff")
    assert "will be taken over: it is a pattern of dial plan theirs" in shown.split("Resources:")[0]
    assert "someone must apply these files to the local gateway (README.md, from-webex-14155550171.ios, " in shown
    [ours] = plans(sandbox).keys() - {"theirs"}
    assert ours.startswith("xtel ")
    assert {name: sorted(found) for name, found in plans(sandbox).items()} == {"theirs": [], ours: [NUMBER, TAKEN]}
    wired(sandbox, NUMBER)
    wired(sandbox, TAKEN)
    project.stays()
    assert [entry["method"] for entry in sandbox.log() if entry["path"] == "/v1/access_token"]
    project.run("destroy", "--yes")
    assert objects(sandbox) == before


def test_a_trunk_of_our_own_is_made_with_a_password_and_goes_again(project: Project, sandbox: Sandbox) -> None:
    before = objects(sandbox)
    project.declare(OWN)
    shown = project.up("--diff")
    assert "someone must connect the local gateway to trunk xtel " in shown
    [trunk] = [each for each in objects(sandbox)["trunks"] if each not in before["trunks"]]
    [plan] = objects(sandbox)["dial_plans"]
    assert (plan["routeId"], plan["patterns"], trunk["location"]["name"]) == (trunk["id"], [NUMBER], "Headquarters")
    [kept] = [each["outputs"] for name, each in project.resources().items() if name.startswith("webex:Trunk ")]
    assert kept["trunk_name"] == trunk["name"]
    assert {"line_port", "otg_dtg_id", "outbound_proxy", "sip_username"} <= kept.keys()
    password = json.loads(kept["password"]["plaintext"])
    assert len(password) == 24
    assert password not in project.state() + shown, "it stands there encrypted alone"
    sandbox.forget_log()
    assert "updated" not in project.up("--diff", "--refresh")
    assert sandbox.writes() == []
    project.run("destroy", "--yes")
    assert objects(sandbox) == before


def test_a_route_group_of_our_own_is_changed_in_place_and_goes_before_its_trunks(
    project: Project, sandbox: Sandbox
) -> None:
    before = objects(sandbox)
    project.declare(GROUP, CERTIFIED)
    shown = project.up("--diff")
    assert "its certificate is for sbc1.example.com" in shown
    [group] = [each for each in objects(sandbox)["route_groups"] if each not in before["route_groups"]]
    assert led(sandbox, group) == ["HQ gateway", "Branch", "sbc1.example.com:5062"]
    assert {each["routeType"]: each["patterns"] for each in objects(sandbox)["dial_plans"]} == {
        "ROUTE_GROUP": ["+14155550173"],
        "TRUNK": ["+14155550174"],
    }
    ours = {each["id"]: each for each in objects(sandbox)["dial_plans"]}
    project.change("[HQ gateway, {location: Branch}, ", "[{location: Branch}, HQ gateway, ")
    project.change("port: 5062", "port: 5063")
    sandbox.forget_log()
    project.up("--diff")
    assert not [write for write in sandbox.writes() if write.endswith("/dialPatterns")], "no pattern moves"
    [group] = [each for each in objects(sandbox)["route_groups"] if each not in before["route_groups"]]
    assert led(sandbox, group) == ["Branch", "HQ gateway", "sbc1.example.com:5063"]
    assert objects(sandbox)["trunks"][:-2] == before["trunks"], "that of the old port is gone"
    assert {each["id"] for each in objects(sandbox)["dial_plans"]} == ours.keys()
    sandbox.forget_log()
    assert "updated" not in project.up("--diff", "--refresh")
    assert sandbox.writes() == []
    project.run("destroy", "--yes")
    assert objects(sandbox) == before
