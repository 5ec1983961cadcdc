"""`xtel import` with the real engine: what somebody else made becomes ours, and nothing rings otherwise than before."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project
from tests.engine.test_lifecycle import NUMBER, SALES
from tests.engine.test_readme import blocks, commands

pytestmark = pytest.mark.engine
SALES_NUMBER = "+12125550110"
RANGES = [
    *("54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30"),
    *("54.65.63.192/30", "54.169.127.128/30", "54.252.254.64/30", "177.71.206.192/30"),
]
EMPTY = """# Our phones. Ask Ada before you change this.
version: 1   # of the format
defaults:
  webhook: {url: https://voice.example.com/calls}
numbers: {}  # none yet
"""


def xtel(project: Project, *arguments: str, code: int | None = 0, given: str = "", **env: str) -> str:
    command = [project.python, "-m", "xtel.cli", "import", STACK, *arguments]
    done = subprocess.run(
        command, cwd=project.folder, env=project.env | env, input=given, capture_output=True, text=True, check=False
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def stack_file(project: Project) -> Path:
    return project.folder / "stacks" / f"{STACK}.yaml"


def forget(project: Project) -> None:
    """The state is lost; everything at the vendors stays."""
    project.run("stack", "rm", "--force", "--yes", STACK)
    project.run("stack", "select", "--create", STACK)


def xai(sandbox: Sandbox, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {sandbox.env()['XAI_API_KEY']}"}
    answer = sandbox.http.post("/v2/phone-numbers", json=body, headers=headers)
    return answer.raise_for_status().json()


def twilio(sandbox: Sandbox, path: str, **data: Any) -> dict[str, Any]:
    env = sandbox.env()
    auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
    return sandbox.http.post(path, data=data, auth=auth).raise_for_status().json()


def trunk(sandbox: Sandbox, number: str, name: str = "pbx", target: str = "", **settings: Any) -> str:
    """Made by hand: a trunk to xAI (or elsewhere) with a number on it."""
    sid = twilio(sandbox, "/v1/Trunks", FriendlyName=name, **settings)["sid"]
    way = target or f"sip:{number}@sip.voice.x.ai;transport=tls"
    url = {"SipUrl": way, "Priority": 10, "Weight": 10, "Enabled": "true", "FriendlyName": name}
    twilio(sandbox, f"/v1/Trunks/{sid}/OriginationUrls", **url)
    twilio(sandbox, f"/v1/Trunks/{sid}/PhoneNumbers", PhoneNumberSid=sandbox.numbers("twilio")[number]["sid"])
    return sid


def registered(sandbox: Sandbox, number: str, name: str = "Support line", **more: Any) -> str:
    webhook = {} if "agent_id" in more else {"webhook": {"url": "https://voice.example.com/calls"}}
    body = {"origin": "byo_trunk", "name": name, "phone_number": number, **webhook, **more}
    return xai(sandbox, body)["webhook"]["dispatch_signing_secret"] if webhook else str(xai(sandbox, body))


def test_a_lost_state_comes_back_as_it_was(project: Project, sandbox: Sandbox) -> None:
    project.declare(
        SUPPORT, SALES.replace("{carrier: twilio}", "{carrier: twilio, secure: true, recording: record-from-answer}")
    )
    project.up()
    before, secret = project.resources(), project.secret("support")
    forget(project)
    stack_file(project).write_text(EMPTY)
    sandbox.forget_log()
    (project.folder / "known.yaml").write_text(f'"{NUMBER}": {{signing_secret: "{secret}"}}\n')
    shown = xtel(project, "--carrier", "twilio", "--yes", "--secrets", "known.yaml")
    assert "ok: 2 numbers imported, and the plan is empty" in shown
    assert sandbox.writes() == []
    assert secret not in shown + project.state() + stack_file(project).read_text()
    assert project.preview() == {"same": 12}
    assert project.secret("support") == secret
    after = project.resources()
    assert after.keys() == before.keys()
    for name, resource in before.items():
        kept = [resource.get(key) for key in ("id", "parent", "protect", "inputs")]
        assert [after[name].get(key) for key in ("id", "parent", "protect", "inputs")] == kept or "PhoneNumber" in name
        assert sorted(after[name].get("dependencies", [])) == sorted(resource.get("dependencies", [])), name
    sandbox.forget_log()
    again = xtel(project, "--carrier", "twilio", "--number", NUMBER, "--number", SALES_NUMBER)
    assert f"imported already: {NUMBER}, {SALES_NUMBER}\nok: nothing to import" in again
    assert sandbox.writes() == []
    project.run("destroy", "--yes")
    assert sandbox.state()["twilio"]["trunks"] == []


LONDON = """
  london:
    number: "+442079460011"
    route: {carrier: telnyx, sip_region: Europe, srtp: true, transfer: {countries: [GB]}}
    auth: {allow: [telnyx:europe, 203.0.113.0/28]}
    fallback: ["sip:pbx.example.com;transport=tls"]
"""
NYC = """
  nyc:
    number: "+12125550177"
    route: {carrier: plivo, secure: true}
    auth: {digest: {username: xai-nyc, password: {secret: nycPassword}}}
    fallback: ["sip:pbx.example.com;transport=tls"]
"""


def renamed(sandbox: Sandbox, carrier: str) -> None:
    """Somebody changes every name at the carrier by hand."""
    env, state = sandbox.env(), sandbox.state()[carrier]
    if carrier == "telnyx":
        headers = {"Authorization": f"Bearer {env['TELNYX_API_KEY']}"}
        for found in state["fqdn_connections"]:
            path, body = f"/v2/fqdn_connections/{found['id']}", {"connection_name": "Old PBX"}
            sandbox.http.patch(path, json=body, headers=headers).raise_for_status()
        return
    auth = (env["PLIVO_AUTH_ID"], env["PLIVO_AUTH_TOKEN"])
    root = f"/v1/Account/{auth[0]}/Zentrunk"
    for found in state["trunks"]:
        body = {"name": "Old PBX", "trunk_direction": "inbound"}
        sandbox.http.post(f"{root}/Trunk/{found['trunk_id']}/", json=body, auth=auth).raise_for_status()
    for found in state["uris"]:
        body = {"name": f"Old PBX {found['uri_uuid']}"}
        sandbox.http.post(f"{root}/URI/{found['uri_uuid']}/", json=body, auth=auth).raise_for_status()


@pytest.mark.parametrize(("carrier", "entry"), [("telnyx", LONDON), ("plivo", NYC)])
def test_other_names_become_ours(project: Project, sandbox: Sandbox, carrier: str, entry: str) -> None:
    password = "canary_digest_1"
    project.run("config", "set", "--secret", "nycPassword", password)
    project.declare(entry)
    project.up()
    before = project.resources()
    forget(project)
    stack_file(project).write_text(EMPTY)
    renamed(sandbox, carrier)
    shown = xtel(project, "--carrier", carrier, "--yes", "--secrets", known(project, "+12125550177", password))
    assert password not in shown + project.state() + stack_file(project).read_text()
    after = project.resources()
    assert {name: (item["id"], item["inputs"]["marker"]) for name, item in after.items()} == {
        name: (item["id"], item["inputs"]["marker"]) for name, item in before.items()
    }
    assert "Old PBX" not in json.dumps(sandbox.state()[carrier])
    assert "unchanged" in project.run("refresh", "--yes", "--expect-no-changes")
    project.run("destroy", "--yes")
    assert not [name for name in project.resources() if carrier in name]


def known(project: Project, number: str, password: str) -> str:
    (project.folder / "known.yaml").write_text(f'"{number}": {{digest_password: "{password}"}}\n')
    return "known.yaml"


HOSTILE = "Sales: {x} #1 \"quoted\" 'yes' \u202e%s &a *b\t|"


def test_a_url_as_guides_write_it_is_imported_as_it_is_and_what_others_use_is_given_back(
    project: Project, sandbox: Sandbox
) -> None:
    registered(sandbox, NUMBER, sip_auth={"allowed_addresses": RANGES})
    way = "sip:sip.voice.x.ai:5061;transport=tls"
    made = trunk(sandbox, NUMBER, "pbx", way, DomainName="pbx.pstn.twilio.com")
    [url] = sandbox.state()["twilio"]["origination_urls"]
    twilio(sandbox, f"/v1/Trunks/{made}/OriginationUrls/{url['sid']}", Priority=1)
    twilio(sandbox, f"/v1/Trunks/{made}/CredentialLists", CredentialListSid="CL" + "0" * 32)
    stack_file(project).write_text(EMPTY)
    shown = xtel(project, "--carrier", "twilio", "--yes", XTEL_LOG="debug")
    assert "host_only: true, port: 5061, priority: 1" in stack_file(project).read_text()
    assert re.search(r"operation: twilio Attachment \+14155550100: unchanged$", shown, re.MULTILINE), "of its previews"
    [url] = sandbox.state()["twilio"]["origination_urls"]
    assert (url["sip_url"], url["priority"]) == (way, 1)
    assert project.preview() == {"same": 6}
    wanted = project.run("destroy", "--yes")
    assert "it stays, called 'pbx', for it also carries termination domain pbx.pstn.twilio.com, credential" in wanted
    [left] = sandbox.state()["twilio"]["trunks"]
    assert (left["friendly_name"], left["domain_name"]) == ("pbx", "pbx.pstn.twilio.com")
    assert sandbox.state()["twilio"]["origination_urls"] == []


def test_what_was_made_by_hand_becomes_ours(project: Project, sandbox: Sandbox) -> None:
    registered(sandbox, NUMBER, HOSTILE, sip_auth={"allowed_addresses": ["203.0.113.5", *RANGES]})
    made = trunk(sandbox, NUMBER, "pbx [bold]old[/bold]", TransferMode="sip-only", CnamLookupEnabled="true")
    fallback = {"SipUrl": "sip:pbx.example.com;transport=tls", "Priority": 20, "Weight": 7, "Enabled": "true"}
    twilio(sandbox, f"/v1/Trunks/{made}/OriginationUrls", FriendlyName="pbx", **fallback)
    stack_file(project).write_text(EMPTY)
    sandbox.forget_log()
    refused = xtel(project, "--carrier", "twilio", code=1)
    assert {entry["method"] for entry in sandbox.log()} == {"GET"}
    assert stack_file(project).read_text() == EMPTY
    assert project.resources() == {}
    assert f"renames twilio Trunk {made}: 'pbx [bold]old[/bold]' -> 'xtel/xai-telephony/test/{NUMBER}'" in refused
    assert "nothing was written; next: the same command with --yes imports 1 number into test" in refused
    assert "its signing secret is not known" in refused

    told = json.loads(xtel(project, "--carrier", "twilio", "--yes", "--json"))
    [number] = told["numbers"]
    assert told["imported"] is True
    assert number["entry"]["route"] == {"carrier": "twilio", "transfer": "sip-only", "cnam_lookup": True}
    assert number["entry"]["auth"] == {"allow": ["twilio", "203.0.113.5/32"]}
    assert number["entry"]["fallback"] == [{"uri": "sip:pbx.example.com;transport=tls", "weight": 7}]
    assert number["entry"]["name"] == HOSTILE
    written = stack_file(project).read_text()
    assert written.startswith(EMPTY.replace("numbers: {}  # none yet", "numbers:  # none yet"))
    [trunk_now] = sandbox.state()["twilio"]["trunks"]
    assert trunk_now["friendly_name"] == f"xtel/xai-telephony/test/{NUMBER}"
    assert sandbox.numbers("xai")[NUMBER]["name"].startswith(f"{HOSTILE} [xtel:")
    assert project.secret(number["key"]) == ""
    assert "unchanged" in project.run("refresh", "--yes", "--expect-no-changes")
    assert project.preview() == {"same": 7}
    assert "ok: nothing to import" in xtel(project, "--carrier", "twilio", "--number", NUMBER)


def test_what_no_entry_can_say_stays_with_a_reason(project: Project, sandbox: Sandbox) -> None:
    more = ["+14155550111", "+14155550112", "+14155550113", "+14155550114", "+14155550115", "+14155550116"]
    sandbox.seed({"twilio": {"numbers": [{"phone_number": number} for number in more]}})
    elsewhere, shared, sharer, urgent, foreign, narrow = more
    for number in (NUMBER, *more, "+442079460011"):
        name = "Other [xtel:0123abcd]" if number == foreign else "Some line"
        registered(sandbox, number, name, sip_auth={"allowed_addresses": RANGES[number == narrow :]})
    trunk(sandbox, narrow)
    trunk(sandbox, elsewhere, target="sip:pbx.example.com;transport=tls")
    both = trunk(sandbox, shared)
    twilio(sandbox, f"/v1/Trunks/{both}/PhoneNumbers", PhoneNumberSid=sandbox.numbers("twilio")[sharer]["sid"])
    several = trunk(sandbox, urgent)
    second = {"SipUrl": "sip:pbx.example.com;transport=tls", "Priority": 11, "Weight": 10, "Enabled": "true"}
    twilio(sandbox, f"/v1/Trunks/{several}/OriginationUrls", FriendlyName="pbx", **second)
    trunk(sandbox, foreign)
    trunk(sandbox, SALES_NUMBER)
    stack_file(project).write_text(EMPTY)
    sandbox.forget_log()
    told = json.loads(xtel(project, "--carrier", "twilio", "--json", "--yes"))
    assert {entry["method"] for entry in sandbox.log()} == {"GET"}
    assert (told["imported"], told["numbers"]) == (False, [])
    reasons = {left["number"]: left["reason"] for left in told["left"]}
    assert reasons[NUMBER].startswith("it is on no trunk")
    assert reasons[elsewhere].startswith("its calls go to sip:pbx.example.com;transport=tls, not to sip:")
    assert f"{both} carries 1 other number" in reasons[shared]
    assert f"{both} carries 1 other number" in reasons[sharer]
    assert "fallback-1: priority is 11, an entry would make it 20" in reasons[urgent]
    assert "auth.allow: 1 of Twilio's 8 networks are missing" in reasons[narrow]
    assert "marked by another stack: [xtel:0123abcd]" in reasons[foreign]
    assert reasons[SALES_NUMBER].endswith("where it is not registered; next: declare it, then pulumi up")
    assert reasons["+442079460011"].startswith("registered at xAI, but not a number of Twilio account AC")
    assert reasons["+16505550123"].startswith("a number of xAI's needs no import")
    asked = xtel(project, "--carrier", "twilio", "--number", urgent, "--number", "+442079460022", code=1)
    assert "+442079460022: it is on no trunk" in asked


def test_a_digest_is_given_and_stays_secret(project: Project, sandbox: Sandbox) -> None:
    """Twilio cannot log in; the number may have one all the same, and only the plan tells."""
    digest = {"auth_username": "hq", "auth_password": "canary-digest-1"}
    registered(sandbox, NUMBER, sip_auth=digest, agent_id="agent_frontdesk0001")
    trunk(sandbox, NUMBER)
    stack_file(project).write_text(EMPTY)
    assert "never shows its password; next: give it with --secrets FILE" in xtel(project, "--carrier", "twilio")
    only = ("--carrier", "twilio", "--number", NUMBER, "--yes")
    refused = xtel(project, *only, code=1, XTEL_DIGEST_PASSWORD="canary-digest-1")
    assert "its entry would be refused: auth.digest: Twilio cannot log in with a digest" in refused
    assert "canary" not in refused + project.state()
    assert stack_file(project).read_text() == EMPTY
    assert project.resources() == {}
    assert "Pulumi.test.yaml" not in refused


def test_a_plan_with_changes_undoes_everything(project: Project, sandbox: Sandbox) -> None:
    """Somebody else's program declares more than the stack file: the plan is not empty, so nothing is kept."""
    registered(sandbox, NUMBER, sip_auth={"allowed_addresses": RANGES})
    made = trunk(sandbox, NUMBER)
    stack_file(project).write_text(EMPTY)
    program = project.folder / "__main__.py"
    program.write_text(
        "import dataclasses, stacks.graph, stacks.program\n"
        "plain = stacks.graph.of_number\n"
        "def other(item):\n"
        "    inputs = {**item.inputs, 'agent_id': 'agent_frontdesk0001', 'webhook': None}\n"
        "    return dataclasses.replace(item, inputs=inputs) if item.type == 'xai:PhoneNumber' else item\n"
        "stacks.graph.of_number = lambda *given: tuple(other(item) for item in plain(*given))\n"
        "stacks.program.main()\n"
    )
    config = project.folder / f"Pulumi.{STACK}.yaml"
    before = config.read_bytes() if config.exists() else b""
    sandbox.forget_log()
    (project.folder / "known.yaml").write_text(f'"{NUMBER}": {{signing_secret: "whsec_canary0123456789"}}\n')
    refused = xtel(project, "--carrier", "twilio", "--yes", "--secrets", "known.yaml", code=1)
    assert f"error: the plan would change {NUMBER}: agent_id, webhook; undone" in refused
    assert {entry["method"] for entry in sandbox.log()} == {"GET"}
    assert stack_file(project).read_text() == EMPTY
    assert (config.read_bytes() if config.exists() else b"") == before
    assert project.resources() == {}
    assert sandbox.state()["twilio"]["trunks"][0]["sid"] == made


def test_a_stack_with_other_changes_is_left_alone(project: Project, sandbox: Sandbox) -> None:
    registered(sandbox, NUMBER, sip_auth={"allowed_addresses": RANGES})
    trunk(sandbox, NUMBER)
    project.declare(SALES)
    before = stack_file(project).read_text()
    refused = xtel(project, "--carrier", "twilio", "--yes", code=1)
    assert f"error: the stack has changes that are not applied ({SALES_NUMBER}" in refused
    assert stack_file(project).read_text() == before


def test_a_bundle_has_nothing_to_import(project: Project) -> None:
    stack_file(project).write_text(EMPTY)
    assert "SIP has no API here, so there is nothing to import; next: declare the number" in xtel(
        project, "--carrier", "sip", code=1
    )


def test_the_page_is_true(project: Project, sandbox: Sandbox) -> None:
    page = (ROOT / "docs/import.md").read_text()
    registered(sandbox, NUMBER, sip_auth={"allowed_addresses": RANGES})
    trunk(sandbox, NUMBER)
    (project.folder / "stacks/prod.yaml").write_text(EMPTY)
    [secrets] = blocks(page, "yaml")
    (project.folder / "secrets.yaml").write_text(secrets)
    found = commands(page)
    assert len(found) == 4
    for command in found:
        look = command == "xtel import prod --carrier twilio"
        done = subprocess.run(
            command, shell=True, cwd=project.folder, env=project.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == (1 if look else 0), f"{command}\n{done.stdout}{done.stderr}"
    outputs = project.run("stack", "output", "signing_secrets", "--show-secrets", "--json", "--stack", "prod")
    assert list(json.loads(outputs).values()) == ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
