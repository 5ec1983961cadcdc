"""The demo's network, all carriers at once: what the vendors themselves say, up, again, and after destroy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import ROOT, Sandbox
from tests.engine import test_plivo, test_telnyx
from tests.engine.conftest import STACK, Project

pytestmark = [pytest.mark.engine, pytest.mark.plain]
#: What a vendor's record of a number says of who gets its calls.
HELD = (
    "trunk_sid",
    "voice_url",
    "voice_method",
    "voice_application_sid",
    "connection_id",
    "app_id",
    "agent_id",
    "name",
)


def held(sandbox: Sandbox) -> dict[str, Mapping[str, Any]]:
    state = sandbox.state()
    return {
        f"{vendor} {number.get('phone_number') or number['number']}": {name: number.get(name) for name in HELD}
        for vendor in ("twilio", "telnyx", "plivo", "xai")
        for number in state[vendor]["numbers"]
    }


def objects(sandbox: Sandbox) -> dict[str, int]:
    state = sandbox.state()
    return {
        f"{vendor} {kind}": len(found)
        for vendor in ("twilio", "telnyx", "plivo", "xai")
        for kind, found in state[vendor].items()
        if isinstance(found, list)
    }


def trunked(sandbox: Sandbox, number: str) -> None:
    """Twilio's records: the number's trunk calls exactly its target first."""
    trunk = sandbox.numbers("twilio")[number]["trunk_sid"]
    urls = [
        url for url in sandbox.state()["twilio"]["origination_urls"] if url["trunk_sid"] == trunk and url["enabled"]
    ]
    assert min(urls, key=lambda url: url["priority"])["sip_url"] == f"sip:{number}@sip.voice.x.ai;transport=tls"


def test_the_demo_network(project: Project, sandbox: Sandbox) -> None:
    shutil.copy(ROOT / "stacks/sandbox.yaml", project.folder / f"stacks/{STACK}.yaml")
    before, had = held(sandbox), objects(sandbox)
    project.up()
    for number in ("+14155550100", "+12125550110"):
        trunked(sandbox, number)
    for number in ("+442079460011", "+13125550142"):
        test_telnyx.wired(sandbox, number)
    test_plivo.wired(sandbox, "+12125550177")
    state = sandbox.state()
    denver = test_plivo.linked(sandbox, "+13035550164")
    [shared] = [trunk for trunk in state["plivo"]["trunks"] if trunk["trunk_id"] == denver]
    [uri] = [uri for uri in state["plivo"]["uris"] if uri["uri_uuid"] == shared["primary_uri_uuid"]]
    assert uri["uri"] == "sip:sip.voice.x.ai;transport=tls"  # Plivo puts the dialled number in front
    application = sandbox.numbers("twilio")["+14155550101"]["voice_application_sid"]
    [asks] = [found for found in state["twilio"]["applications"] if found["sid"] == application]
    assert asks["voice_url"] == "https://voice.example.com/twiml"
    twiml = project.resources()["twilio:Twiml +14155550101/twiml"]["outputs"]["twiml"]
    assert ">sip:+14155550101@sip.voice.x.ai;transport=tls</Sip>" in json.loads(twiml["plaintext"])

    sandbox.forget_log()
    assert set(project.counted("--expect-no-changes")) == {"same"}
    project.run("refresh", "--yes", "--expect-no-changes")
    assert sandbox.writes() == []

    project.run("destroy", "--yes")
    assert (held(sandbox), objects(sandbox)) == (before, had)
    assert sandbox.state()["counters"] == {"purchases": 0, "releases": 0}
