"""A network with Zoom Phone numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.subjects.zoom import GROUP, NUMBER, RULES, Zoom
from tests.conftest import Sandbox
from tests.engine.conftest import Project
from tests.engine.test_import import EMPTY, forget, registered, stack_file, xtel
from tests.killing import xtel as run_xtel

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


def test_drift_and_trace_tell_of_a_rule_that_takes_the_calls_and_of_another_account(
    project: Project, sandbox: Sandbox
) -> None:
    zoom = Zoom(sandbox)
    project.declare(SUPPORT)
    project.up()
    group = zoom.group("SBC West")
    zoom.send(
        "POST", RULES, {"name": "All US", "number_pattern": r"^\+1.*$", "type": "sip_group", "sip_group_id": group}
    )
    zoom.change(NUMBER, order=9)
    drift = told(project, "drift", "test")
    assert "sip_group" in drift and "routing rule All US takes its calls first" in drift
    traced = told(project, "trace", "test", "--live")
    assert "ends at attachment" in traced and "routing rule All US takes its calls first" in traced
    zoom.send("DELETE", f"{RULES}/{zoom.rule(NUMBER)['routing_rule_id']}")
    traced = told(project, "trace", "test", "--live")
    assert "ends at attachment" in traced and "xtel apply test" in traced
    project.env |= {name: value for name, value in sandbox.env(account="other").items() if name.startswith("ZOOM_")}
    assert "but the credentials are of" in told(project, "trace", "test", "--live", code=1)
    project.env |= sandbox.env()
    project.run("destroy", "--yes")


def told(project: Project, *words: str, code: int = 2) -> str:
    done = run_xtel(project, *words, code=code)
    return " ".join((done.stdout + done.stderr).split())


def test_a_rule_that_somebody_made_is_imported(project: Project, sandbox: Sandbox) -> None:
    """Its name alone changes: order, pattern and what it is to Zoom stay, and so does its BYOC number."""
    zoom = Zoom(sandbox)
    zoom.send("POST", RULES, {"name": "first", "number_pattern": r"^\+1999$", "type": "pstn"})
    zoom.occupy(NUMBER)
    registered(sandbox, NUMBER, sip_auth={"allowed_addresses": ["203.0.113.20/32"]})
    registered(sandbox, TAKEN, "Lab", sip_auth={"allowed_addresses": ["203.0.113.20/32"]})
    zoom.occupy(KNOWN)
    before = objects(sandbox)
    stack_file(project).write_text(EMPTY)
    sandbox.forget_log()
    secrets = project.folder / "known.yaml"
    secrets.write_text('"+14155550199": {digest_password: canary-1}\n')
    shown = xtel(project, "--carrier", "zoom", "--number", TAKEN, code=1)
    assert f"stays as it is: {TAKEN}: no routing rule at Zoom is for it; next: declare the number" in shown
    shown = xtel(project, "--carrier", "zoom", "--secrets", str(secrets), code=1)
    assert TAKEN not in shown, "Zoom knows nothing of it"
    assert "secrets of no number that is imported: +14155550199" in shown
    calls = "its calls go to the SBC of SIP group SBC West, and it is not registered at xAI; next: declare it"
    assert f"stays as it is: {KNOWN}: {calls}" in shown
    assert changes(sandbox) == []
    assert "route: {carrier: zoom, sip_group: SBC West}" in shown
    assert "nobody can see whom the SBC of SIP group SBC West calls: make sure that it is sip:+14155550181@" in shown
    assert f"renames zoom Attachment {NUMBER}: 'theirs' -> 'xtel/xai-telephony/test/{NUMBER}'" in shown
    shown = xtel(project, "--carrier", "zoom", "--yes")
    assert "ok: 1 number imported, and the plan is empty" in shown
    [changed] = [line for line in changes(sandbox) if "/v2/phone/" in line and "/v2/phone-" not in line]
    assert changed.startswith(f"PATCH {RULES}/")
    after = objects(sandbox)
    zoom.change(NUMBER, name="theirs")
    assert (after != before, objects(sandbox)) == (True, before)
    zoom.change(NUMBER, name=f"xtel/xai-telephony/test/{NUMBER}")
    assert "unchanged" in project.run("refresh", "--yes", "--expect-no-changes")
    project.run("preview", "--expect-no-changes")
    project.run("destroy", "--yes")
    assert [rule["name"] for rule in zoom.rules()] == ["first", "theirs"]
    assert objects(sandbox)["byoc_numbers"] == before["byoc_numbers"]


def test_a_lost_state_comes_back(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT.replace(", sbc: {platform: cube}", ""))
    project.up()
    before = {name: (item["id"], item["inputs"], item["outputs"]) for name, item in project.resources().items()}
    forget(project)
    stack_file(project).write_text(EMPTY)
    sandbox.forget_log()
    assert "ok: 1 number imported" in xtel(project, "--carrier", "zoom", "--yes")
    assert changes(sandbox) == []
    after = {name: (item["id"], item["inputs"], item["outputs"]) for name, item in project.resources().items()}
    assert after.keys() == before.keys()
    same = [name for name in before if "zoom" in name]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
