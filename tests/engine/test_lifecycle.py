"""A number from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import SUPPORT, Project

pytestmark = pytest.mark.engine
NUMBER, OTHER, CONSOLE = "+14155550100", "+12125550110", "+16505550123"
SALES = """
  sales:
    number: "+12125550110"
    name: Sales line
    route: {carrier: twilio}
"""
CONSOLE_NUMBER = """
  frontdesk:
    origin: xai_provisioned
    number: "+16505550123"
    agent: agent_frontdesk0001
"""
DEMO_URL = "https://demo.twilio.com/welcome/voice/"


@pytest.mark.plain
def test_up_again_and_destroy(project: Project, sandbox: Sandbox) -> None:
    before = sandbox.numbers("twilio")[NUMBER], sandbox.numbers("xai")[CONSOLE]
    project.declare(SUPPORT, SALES, CONSOLE_NUMBER)
    assert "+ 13 created" in project.up()
    sandbox.forget_log()
    assert "13 unchanged" in project.up()
    assert sandbox.writes() == []
    wired(sandbox, NUMBER)
    assert sandbox.numbers("xai")[CONSOLE]["name"].startswith("frontdesk [xtel:")
    assert project.secret("support") == sandbox.secrets()["signing_secrets"][NUMBER]
    outputs = json.loads(project.run("stack", "output", "--json"))
    assert outputs["signing_secrets"] == "[secret]"
    assert outputs["numbers"]["support"]["target"] == f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"
    assert "whsec_" not in project.state()

    project.run("destroy", "--yes")
    state = sandbox.state()
    assert (state["twilio"]["trunks"], state["twilio"]["origination_urls"]) == ([], [])
    after = sandbox.numbers("twilio")[NUMBER], sandbox.numbers("xai")[CONSOLE]
    assert (after[0]["trunk_sid"], after[0]["voice_url"]) == (None, before[0]["voice_url"])
    assert (after[1]["name"], after[1]["agent_id"]) == (before[1]["name"], before[1]["agent_id"])
    assert list(sandbox.numbers("xai")) == [CONSOLE]
    assert state["counters"]["releases"] == 0


def wired(sandbox: Sandbox, number: str) -> None:
    """The vendors' own records say: this number's calls go to exactly its target, over exactly one trunk."""
    state = sandbox.state()["twilio"]
    mine = [trunk for trunk in state["trunks"] if trunk["friendly_name"].endswith(number)]
    assert len(mine) == 1
    urls = [url for url in state["origination_urls"] if url["trunk_sid"] == mine[0]["sid"]]
    assert [url["sip_url"] for url in urls] == [f"sip:{number}@sip.voice.x.ai;transport=tls"]
    assert sandbox.numbers("twilio")[number]["trunk_sid"] == mine[0]["sid"]
    registered = [item for item in sandbox.state()["xai"]["numbers"] if item["phone_number"] == number]
    assert len(registered) == 1


def test_renamed_key_changes_only_the_defaulted_name(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES)
    project.up()
    sandbox.forget_log()
    project.change("  support:", "  helpline:")
    project.change("  sales:", "  verkauf:")
    assert "~ 1 updated" in project.up()
    registered = sandbox.numbers("xai")[NUMBER]["phone_number_id"]
    assert sandbox.writes() == [f"PATCH /v2/phone-numbers/{registered}"]
    assert sandbox.numbers("xai")[NUMBER]["name"].startswith("helpline [xtel:")


def test_replacing_needs_consent_and_every_refusal_is_shown(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES)
    project.up()
    secret = project.secret("support")
    sandbox.forget_log()
    project.change("/calls", "/v2/calls")
    refused = project.up(code=1)
    assert refused.count("`replace: accept` on the number, or XTEL_ALLOW_REPLACE=+14155550100") >= 1
    assert refused.count("`replace: accept` on the number, or XTEL_ALLOW_REPLACE=+12125550110") >= 1
    assert "2 changes refused" in refused
    assert "webhook.url cannot change in place" in refused
    assert "XTEL_ALLOW_REPLACE" in project.up("--skip-preview", code=1)
    assert sandbox.writes() == []

    done = project.up(XTEL_ALLOW_REPLACE=f"{NUMBER},{OTHER}")
    assert "+-2 replaced" in done
    assert project.secret("support") != secret
    assert project.secret("support") == sandbox.secrets()["signing_secrets"][NUMBER]
    wired(sandbox, NUMBER)
    project.change("auth: {allow: [twilio]}", "auth: {allow: [twilio, 203.0.113.0/28]}\n    replace: accept")
    assert "+-1 replaced" in project.up()
    assert "203.0.113.0/28" in sandbox.numbers("xai")[NUMBER]["sip_auth"]["allowed_addresses"]


def test_preview_names_what_changes_and_counts_what_up_does(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    project.change("transfer: true", "transfer: sip-only, secure: true")
    project.change("    auth:", "    name: Support line\n    auth:")
    assert project.counted("--diff") == {"same": 4, "update": 2}
    assert 'transfer_mode: "enable-all" => "sip-only"' in project.shown
    assert 'name: "support" => "Support line"' in project.shown.replace("  ", "")
    assert "~ 2 updated\n    4 unchanged" in project.shown


def test_refused_password_change_prints_no_password(project: Project, sandbox: Sandbox) -> None:
    digest = """
  pbx:
    number: "+12125550177"
    auth: {digest: {username: xai-nyc, password: {secret: pbxPassword}}}
"""
    project.declare(digest)
    missing = project.up(code=1)
    assert "the config secret pbxPassword is not set; next: pulumi config set --secret pbxPassword" in missing
    project.run("config", "set", "--secret", "pbxPassword", "canary-old-1234")
    output = project.up()
    assert sandbox.secrets()["digest"]["+12125550177"] == {"username": "xai-nyc", "password": "canary-old-1234"}
    project.run("config", "set", "--secret", "pbxPassword", "canary-new-5678")
    refused = project.up("--diff", code=1) + project.up("--skip-preview", code=1)
    assert "sip_auth.auth_password cannot change in place" in refused
    assert "canary" not in output + refused + project.state()


def test_made_password_survives_replacement(project: Project, sandbox: Sandbox) -> None:
    project.declare('\n  nyc:\n    number: "+12125550177"\n    auth: {digest: {username: xai-nyc}}\n')
    project.up()
    made = sandbox.secrets()["digest"]["+12125550177"]["password"]
    assert re.fullmatch(r"[A-Za-z0-9]\w{18}[A-Za-z0-9]", made)
    assert made not in project.state()
    project.change("/calls", "/v2/calls")
    assert "+-1 replaced" in project.up(XTEL_ALLOW_REPLACE="+12125550177")
    assert sandbox.secrets()["digest"]["+12125550177"]["password"] == made


def test_outside_changes_are_seen_and_repaired(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    trunk = sandbox.state()["twilio"]["trunks"][0]["sid"]
    env = sandbox.env()
    auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
    sandbox.http.post(f"/v1/Trunks/{trunk}", data={"TransferMode": "disable-all"}, auth=auth).raise_for_status()
    number = sandbox.numbers("twilio")[NUMBER]["sid"]
    sandbox.http.delete(f"/v1/Trunks/{trunk}/PhoneNumbers/{number}", auth=auth).raise_for_status()
    seen = project.run("refresh", "--yes", "--diff")
    assert 'transfer_mode: "enable-all" => "disable-all"' in seen
    assert project.counted() == {"same": 4, "update": 1, "create": 1}
    wired(sandbox, NUMBER)
    assert sandbox.state()["twilio"]["trunks"][0]["transfer_mode"] == "enable-all"
    assert "6 unchanged" in project.run("refresh", "--yes")


def test_number_in_use_is_taken_over_only_on_request_and_put_back(project: Project, sandbox: Sandbox) -> None:
    env = sandbox.env()
    auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
    theirs = sandbox.http.post("/v1/Trunks", data={"FriendlyName": "pbx"}, auth=auth).json()["sid"]
    number = sandbox.numbers("twilio")[NUMBER]["sid"]
    sandbox.http.post(
        f"/v1/Trunks/{theirs}/PhoneNumbers", data={"PhoneNumberSid": number}, auth=auth
    ).raise_for_status()
    project.declare(SUPPORT)
    refused = project.up(code=1)
    assert f"it exists and is not ours: it is attached to trunk {theirs}" in refused
    assert sandbox.numbers("twilio")[NUMBER]["trunk_sid"] == theirs
    project.change("    auth:", "    take_over: true\n    auth:")
    project.up()
    wired(sandbox, NUMBER)
    project.run("destroy", "--yes")
    assert sandbox.numbers("twilio")[NUMBER]["trunk_sid"] == theirs


@pytest.mark.plain
def test_an_error_is_one_readable_line(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    twilio = _errors(project.up("--skip-preview", code=1, TWILIO_AUTH_TOKEN="0" * 32))
    assert "twilio Trunk +14155550100: " in twilio
    assert "code 20003, HTTP 401, request RQ" in twilio
    assert "next: check this vendor's credentials" in twilio
    xai = _errors(project.up("--skip-preview", code=1, XAI_API_KEY=""))
    assert "XAI_API_KEY is not set; next: export XAI_API_KEY=… or `pulumi config set --secret xai:apiKey …`" in xai
    assert sandbox.state()["twilio"]["trunks"] == []


def _errors(failed: str) -> str:
    assert "Traceback" not in failed
    return "\n".join(line for line in failed.splitlines() if line.strip().startswith("error: "))


def test_another_account_is_an_error_and_never_gone(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    other = sandbox.env(account="other")
    seen = project.run("refresh", "--yes", code=1, **other)
    assert "but the credentials are of" in seen
    assert "6 unchanged" in project.up()


@pytest.mark.plain
def test_bad_file_stops_before_any_request(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT.replace('"+14155550100"', "+14155550100"))
    sandbox.forget_log()
    failed = project.up(code=1)
    assert (
        'stacks/test.yaml:6: numbers.support.number: quote it, or YAML reads a number and drops the +: "+14155550100"'
        in failed
    )
    assert sandbox.log() == []


def test_python_says_the_same_as_the_file(project: Project) -> None:
    project.declare(SUPPORT)
    steps = json.loads(project.run("preview", "--json"))["steps"]
    (project.folder / "__main__.py").write_text(
        "from providers.twilio import Route\n"
        "from stacks import Number\n"
        "Number('support', number='+1 (415) 555-0100', webhook={'url': 'https://VOICE.example.com/calls'},\n"
        "       route=Route(transfer=True), auth={'allow': ['Twilio']})\n"
    )
    again = json.loads(project.run("preview", "--json"))["steps"]
    both = [
        {
            step["urn"]: step["newState"].get("inputs")
            for step in found
            if "::Number" not in step["urn"] and "Stack" not in step["urn"]
        }
        for found in (steps, again)
    ]
    assert both[0] == both[1]
