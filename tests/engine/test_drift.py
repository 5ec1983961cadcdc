"""`xtel drift` with the real engine: what was changed outside, per number, without changing anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project
from tests.engine.test_lifecycle import NUMBER, OTHER, SALES
from tests.killing import killed, xtel

pytestmark = pytest.mark.engine


class Console:
    """Somebody at the vendors' consoles."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, env = sandbox, sandbox.env()
        self._auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
        self.account = env["TWILIO_ACCOUNT_SID"]
        self._bearer = {"Authorization": f"Bearer {env['XAI_API_KEY']}"}

    def twilio(self, path: str, method: str = "POST", **data: str) -> Any:
        answer = self.sandbox.http.request(method, path, data=data, auth=self._auth).raise_for_status()
        return answer.json() if answer.content else None

    def xai(self, method: str, number: str, **body: Any) -> None:
        id = self.sandbox.numbers("xai")[number]["phone_number_id"]
        self.sandbox.http.request(
            method, f"/v2/phone-numbers/{id}", json=body or None, headers=self._bearer
        ).raise_for_status()

    def trunk(self, number: str) -> str:
        return self.sandbox.numbers("twilio")[number]["trunk_sid"]

    def url(self, number: str) -> str:
        [url] = [
            url
            for url in self.sandbox.state()["twilio"]["origination_urls"]
            if url["sip_url"].startswith(f"sip:{number}")
        ]
        return f"/v1/Trunks/{url['trunk_sid']}/OriginationUrls/{url['sid']}"


def lines(project: Project, code: int) -> list[str]:
    return xtel(project, "drift", STACK, code=code).stdout.splitlines()


def test_what_was_changed_outside(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES)
    project.up()
    sandbox.forget_log()
    assert lines(project, 0) == ["none: 2 numbers as applied"]

    console = Console(sandbox)
    console.twilio(console.url(NUMBER), Enabled="false")
    console.twilio(f"/v1/Trunks/{console.trunk(NUMBER)}", Secure="true")
    trunk = console.trunk(OTHER)
    stranger = {
        "FriendlyName": "mine",
        "SipUrl": "sip:pbx.example.com",
        "Priority": "5",
        "Weight": "1",
        "Enabled": "true",
    }
    console.twilio(f"/v1/Trunks/{trunk}/OriginationUrls", **stranger)
    sandbox.forget_log()
    state = project.state()
    assert lines(project, 2) == [
        f"{OTHER}  twilio Trunk origination URL sip:pbx.example.com (priority 5, weight 1); apply leaves it: remove it there",
        f"{NUMBER}  stopped ringing: twilio OriginationUrl enabled: true → false; apply sets it back",
        f"{NUMBER}  twilio Trunk secure: false → true; apply sets it back",
        "3 changes outside on 2 numbers, 1 number stopped ringing; "
        "next: xtel apply test (or pulumi up --refresh: without --refresh it looks at nothing)",
    ]
    told = json.loads(xtel(project, "drift", STACK, "--json", code=2).stdout)
    assert told["stopped_ringing"] == [NUMBER]
    assert sandbox.writes() == []
    assert project.state() == state


def test_every_way_to_stop_ringing(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES)
    project.up()
    console = Console(sandbox)
    theirs = console.twilio("/v1/Trunks", FriendlyName="theirs")["sid"]
    ours, sid = console.trunk(NUMBER), sandbox.numbers("twilio")[NUMBER]["sid"]
    console.twilio(f"/v1/Trunks/{theirs}/PhoneNumbers", PhoneNumberSid=sid)
    console.twilio(console.url(NUMBER), method="DELETE")
    console.xai("DELETE", OTHER)
    sold = sandbox.numbers("twilio")[OTHER]
    console.twilio(f"/v1/Trunks/{sold['trunk_sid']}/PhoneNumbers/{sold['sid']}", method="DELETE")
    console.twilio(
        f"/2010-04-01/Accounts/{console.account}/IncomingPhoneNumbers/{sold['sid']}.json",
        VoiceUrl="https://ivr.example.com/",
    )
    assert lines(project, 2) == [
        f"{OTHER}  stopped ringing: twilio Attachment is gone: it rings https://ivr.example.com/; apply makes it again",
        f"{OTHER}  stopped ringing: xai PhoneNumber is gone; apply re-registers it, with a new signing secret",
        f"{NUMBER}  stopped ringing: twilio Attachment trunk_sid: {ours} → {theirs}: "
        f"it is attached to trunk {theirs}; apply sets it back",
        f"{NUMBER}  stopped ringing: twilio OriginationUrl is gone; apply makes it again",
        "4 changes outside on 2 numbers, 2 numbers stopped ringing; "
        "next: xtel apply test (or pulumi up --refresh: without --refresh it looks at nothing)",
    ]


def test_what_carries_no_call_stops_none(project: Project, sandbox: Sandbox) -> None:
    pbx = "sip:pbx.example.com;transport=tls"
    shared = "{carrier: twilio, trunk: shared, recording: record-from-answer}"
    declared = "".join(
        f'\n  n{number[1:]}:\n    number: "{number}"\n    route: {shared}\n    fallback: ["{pbx}"]\n'
        for number in (NUMBER, OTHER)
    )
    project.declare(declared)
    project.up()
    console = Console(sandbox)
    urls = {url["sip_url"]: url for url in sandbox.state()["twilio"]["origination_urls"]}
    trunk = urls[pbx]["trunk_sid"]
    console.twilio(f"/v1/Trunks/{trunk}/OriginationUrls/{urls[pbx]['sid']}", method="DELETE")
    console.twilio(f"/v1/Trunks/{trunk}/Recording", Mode="do-not-record")
    told = json.loads(xtel(project, "drift", STACK, "--json", code=2).stdout)
    assert told["stopped_ringing"] == []
    assert {number: len(found) for number, found in told["numbers"].items()} == {NUMBER: 2, OTHER: 2}
    target = urls["sip:sip.voice.x.ai;transport=tls"]["sid"]
    console.twilio(f"/v1/Trunks/{trunk}/OriginationUrls/{target}", Weight="20", Enabled="false")
    told = json.loads(xtel(project, "drift", STACK, "--json", code=2).stdout)
    assert told["stopped_ringing"] == [OTHER, NUMBER]


def test_no_answer_is_an_error_and_no_finding(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    project.up()
    failed = xtel(project, "drift", STACK, code=1, TWILIO_AUTH_TOKEN="0" * 32)
    assert failed.stdout == ""
    assert "the vendors could not all be asked: " in failed.stderr


def test_after_a_killed_run(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    killed(project, "POST /v1/Trunks", "both")
    left = lines(project, 2)
    assert f"{NUMBER}  twilio Trunk was left creating by a run that was killed; xtel recover test finds out" in left
