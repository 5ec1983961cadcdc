"""Look before you leap: a preview says who holds each number, and applies nothing that would fail half-way."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import SUPPORT, Project
from tests.engine.test_lifecycle import NUMBER, SALES, wired
from tests.wording import assert_ours

pytestmark = pytest.mark.engine


def occupied(sandbox: Sandbox) -> str:
    """Somebody else's trunk that gets the number's calls."""
    env = sandbox.env()
    auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
    trunk = sandbox.http.post("/v1/Trunks", data={"FriendlyName": "pbx"}, auth=auth).raise_for_status().json()["sid"]
    sid = sandbox.numbers("twilio")[NUMBER]["sid"]
    link = {"PhoneNumberSid": sid}
    sandbox.http.post(f"/v1/Trunks/{trunk}/PhoneNumbers", data=link, auth=auth).raise_for_status()
    return trunk


def test_everybody_in_the_way_is_named_before_anything_is_applied(project: Project, sandbox: Sandbox) -> None:
    trunk = occupied(sandbox)
    sandbox.seed({"xai": {"numbers": [{"phone_number": "+12125550110", "origin": "byo_trunk", "name": "Theirs"}]}})
    project.declare(SUPPORT, SALES)
    sandbox.forget_log()
    shown = project.up(code=1)
    assert f"it exists and is not ours: it is attached to trunk {trunk}; next: `take_over: true` on the number" in shown
    assert "it exists and is not ours: +12125550110 of this team, called 'Theirs'" in shown
    assert "2 changes refused (see the warnings above); nothing was applied" in shown
    assert sandbox.writes() == []


def test_what_will_be_taken_over_is_a_warning_on_the_resource(project: Project, sandbox: Sandbox) -> None:
    trunk = occupied(sandbox)
    project.declare(SUPPORT.replace("    auth:", "    take_over: true\n    auth:"))
    shown = project.run("preview")
    assert f"warning: will be taken over: it is attached to trunk {trunk}" in shown
    project.up()
    wired(sandbox, NUMBER)
    assert "6 unchanged" in project.up()


def test_offline_previews_ask_nobody(project: Project, sandbox: Sandbox) -> None:
    occupied(sandbox)
    project.declare(SUPPORT)
    sandbox.forget_log()
    assert "+ 6 to create" in project.run("preview", XTEL_OFFLINE="1")
    assert sandbox.log() == []


def test_a_preview_without_credentials_refuses_and_shows_the_whole_plan(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    shown = project.run("preview", code=1, XAI_API_KEY="", TWILIO_AUTH_TOKEN="")
    assert "warning: xAI: XAI_API_KEY is not set; next: export XAI_API_KEY=…" in shown
    assert "+ 6 to create" in shown
    assert "4 changes refused, for 2 reasons (see the warnings above); nothing was applied" in shown


def test_a_bad_key_is_found_out_once(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES)
    sandbox.forget_log()
    shown = project.run("preview", code=1, TWILIO_AUTH_TOKEN="0" * 32)
    told = set(re.findall(r"warning: (.*)", shown))
    assert len(told) == 1 and "Twilio: Authenticate (code 20003, HTTP 401, request RQ" in told.pop()
    assert re.search(r"\d changes refused, for 1 reason \(see the warnings above\)", shown)
    assert len([entry for entry in sandbox.log() if entry["status"] == 401]) < 4


def test_a_vendor_out_of_reach_is_told_once(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES)
    told = re.findall(r"warning: (.*)", project.run("preview", TWILIO_BASE_URL="http://127.0.0.1:9"))
    assert set(told) == {
        "Twilio: cannot reach 127.0.0.1:9: connection refused; next: check the network, the vendor's status page and its"
        " base URL, then run it again"
    }


def test_a_number_that_nobody_owns_is_refused_and_stops_only_itself(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES.replace("+12125550110", "+14155550147"))
    shown = project.up(code=1)
    assert "does not own this number; next: buy or port it at Twilio, or correct the number" in shown
    assert "1 change refused (see the warnings above); nothing was applied" in shown
    assert sandbox.writes() == []
    shown = project.up("--skip-preview", "--continue-on-error", code=1)
    assert "error: twilio Attachment +14155550147: account" in shown
    for line in re.findall(r"^ *(?:error|warning): (.*)", shown, re.MULTILINE):
        assert_ours(line)
    assert " has a problem: " not in shown, "what needs the number is left out without a word"
    assert {name.split()[-1].partition("/")[0] for name in project.resources()} == {NUMBER}
    wired(sandbox, NUMBER)


SHARED = """
  support:
    number: "+14155550100"
    route: &shared {carrier: twilio, trunk: shared, recording: record-from-answer}
    fallback: &pbx ["sip:pbx.example.com;transport=tls"]
  sales:
    number: "+12125550110"
    route: *shared
    fallback: *pbx
"""


def test_a_shared_trunk_serves_many_numbers(project: Project, sandbox: Sandbox) -> None:
    project.declare(SHARED)
    assert "+ 11 created" in project.up()
    assert "11 unchanged" in project.up()
    state = sandbox.state()["twilio"]
    [trunk] = state["trunks"]
    assert trunk["friendly_name"] == "xtel/xai-telephony/test/twilio"
    urls = sorted((url["priority"], url["sip_url"]) for url in state["origination_urls"])
    assert urls == [(10, "sip:sip.voice.x.ai;transport=tls"), (20, "sip:pbx.example.com;transport=tls")]
    numbers = sandbox.numbers("twilio")
    assert {numbers[number]["trunk_sid"] for number in (NUMBER, "+12125550110")} == {trunk["sid"]}
    project.run("destroy", "--yes")
    assert sandbox.state()["twilio"]["trunks"] == []


def test_a_number_moves_from_its_own_trunk_to_the_shared_one(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    secret = project.secret("support")
    project.change("{carrier: twilio, transfer: true}", "{carrier: twilio, trunk: shared}")
    project.up()
    state = sandbox.state()["twilio"]
    assert [trunk["friendly_name"] for trunk in state["trunks"]] == ["xtel/xai-telephony/test/twilio"]
    assert sandbox.numbers("twilio")[NUMBER]["trunk_sid"] == state["trunks"][0]["sid"]
    assert project.secret("support") == secret
    assert "unchanged" in project.up()
