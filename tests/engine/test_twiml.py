"""Twilio without a trunk, with the real engine: by a URL, by an application, to and from a trunk."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
NUMBER = "+14155550100"
BIN = "https://handler.twilio.com/twiml/EH0123456789abcdef0123456789abcdef"
DEMO = "https://demo.twilio.com/welcome/voice/"
TRUNK = "{carrier: twilio, transfer: true}"
URL = f'{{carrier: twilio, mode: twiml, voice_url: "{BIN}"}}'
APPLICATION = f'{{carrier: twilio, mode: twiml, application: true, voice_url: "{BIN}"}}'


def support(route: str, more: str = "") -> str:
    return f'\n  support:\n    number: "{NUMBER}"\n    route: {route}\n    auth: {{allow: [twilio]}}\n{more}'


def rings(sandbox: Sandbox) -> tuple[object, ...]:
    found = sandbox.numbers("twilio")[NUMBER]
    return found["trunk_sid"], found["voice_application_sid"] or None, found["voice_url"], found["voice_method"]


def number_is(sandbox: Sandbox, **settings: str) -> str:
    """The number as somebody configured it before; answers its path."""
    env = sandbox.env()
    auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
    base = f"/2010-04-01/Accounts/{auth[0]}"
    if "application" in settings:
        form = {"FriendlyName": settings.pop("application"), "VoiceUrl": "https://ivr.example.com/"}
        made = sandbox.http.post(f"{base}/Applications.json", data=form, auth=auth).raise_for_status().json()
        settings["VoiceApplicationSid"] = made["sid"]
    path = f"{base}/IncomingPhoneNumbers/{sandbox.numbers('twilio')[NUMBER]['sid']}.json"
    sandbox.http.post(path, data=settings, auth=auth).raise_for_status()
    return path


def test_by_a_url_with_a_digest(project: Project, sandbox: Sandbox) -> None:
    digest = support(URL.replace("twiml,", "twiml, headers: {X-Team: a & b},")).replace(
        "{allow: [twilio]}", "{digest: {username: xai-support}}"
    )
    project.declare(digest)
    assert project.counted()["create"] == 6
    done = project.shown
    assert "+ 6 created" in done
    assert (
        f"{BIN} must answer with the TwiML that this writes: xtel render STACK --number {NUMBER} --with-secrets" in done
    )
    assert rings(sandbox) == (None, None, BIN, "POST")
    sandbox.forget_log()
    assert "6 unchanged" in project.up()
    assert sandbox.writes() == []
    assert "6 unchanged" in project.run("refresh", "--yes")
    password = sandbox.secrets()["digest"][NUMBER]["password"]
    state = project.state()
    assert password not in state + done
    assert "<Sip" not in state, "the document holds the password"
    text = project.resources()[f"twilio:Twiml {NUMBER}/twiml"]["outputs"]["twiml"]["plaintext"]
    found = ET.fromstring(json.loads(text)).find("Dial/Sip")
    assert found is not None
    assert found.text == f"sip:{NUMBER}@sip.voice.x.ai;transport=tls?X-Team=a%20%26%20b"
    assert (found.get("username"), found.get("password")) == ("xai-support", password)
    project.run("destroy", "--yes")
    assert rings(sandbox) == (None, None, DEMO, "POST")
    assert sandbox.state()["counters"]["releases"] == 0


def test_by_an_application(project: Project, sandbox: Sandbox) -> None:
    project.declare(support(APPLICATION))
    assert project.counted()["create"] == 6
    assert "+ 6 created" in project.shown
    (application,) = sandbox.state()["twilio"]["applications"]
    assert application["friendly_name"].endswith(NUMBER)
    assert (application["voice_url"], rings(sandbox)[:2]) == (BIN, (None, application["sid"]))
    sandbox.forget_log()
    assert "6 unchanged" in project.up()
    assert sandbox.writes() == []
    project.run("destroy", "--yes")
    assert rings(sandbox) == (None, None, DEMO, "POST")
    assert sandbox.state()["twilio"]["applications"] == []


@pytest.mark.parametrize("to", [URL, APPLICATION])
def test_from_a_trunk_and_back_in_one_up_each(to: str, project: Project, sandbox: Sandbox) -> None:
    """What the number rang before this stack is put back at the end, whichever mode had it in between."""
    number_is(sandbox, VoiceUrl="https://old.example.com/", VoiceMethod="GET", application="IVR")
    before = rings(sandbox)
    project.declare(support(TRUNK, "    take_over: true\n"))
    project.up()
    trunk = rings(sandbox)[0]
    assert trunk
    project.change(TRUNK, to)
    expected = project.counted()
    assert rings(sandbox)[0] is None
    assert (rings(sandbox)[1] is None, rings(sandbox)[2] == BIN) == (to == URL, to == URL)
    assert (expected["update"], expected["delete"]) == (1, 2)
    state = sandbox.state()["twilio"]
    assert (state["trunks"], state["origination_urls"]) == ([], [])
    sandbox.forget_log()
    assert "unchanged" in project.up()
    assert sandbox.writes() == []

    project.change(to, TRUNK)
    project.up()
    assert rings(sandbox)[0] not in (None, trunk)
    assert [each["friendly_name"] for each in sandbox.state()["twilio"]["applications"]] == ["IVR"]
    project.change(TRUNK, to)
    project.up()
    project.run("destroy", "--yes")
    assert rings(sandbox) == before


def test_a_handler_in_use_is_taken_over_only_on_request(project: Project, sandbox: Sandbox) -> None:
    number_is(sandbox, VoiceUrl="https://ivr.example.com/")
    project.declare(support(URL))
    assert "it exists and is not ours: it rings https://ivr.example.com/" in project.up(code=1)
    assert rings(sandbox)[2] == "https://ivr.example.com/"
    project.change("    auth:", "    take_over: true\n    auth:")
    project.up()
    assert rings(sandbox)[2] == BIN
    project.run("destroy", "--yes")
    assert rings(sandbox)[2] == "https://ivr.example.com/"


def test_without_a_url_nothing_at_twilio_is_touched(project: Project, sandbox: Sandbox) -> None:
    project.declare(support("{carrier: twilio, mode: twiml}"))
    sandbox.forget_log()
    done = project.up()
    assert (
        f"set the number's handler in the Console to the TwiML that this writes: xtel render STACK --number {NUMBER}"
        in done
    )
    assert not [line for line in sandbox.writes() if "/v2/" not in line]
    assert rings(sandbox) == (None, None, DEMO, "POST")
