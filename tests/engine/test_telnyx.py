"""A network with nothing but Telnyx numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.subjects.telnyx import Telnyx
from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
LONDON_NUMBER, CHICAGO_NUMBER = "+442079460011", "+13125550142"
LONDON = """
  london:
    number: "+442079460011"
    route: {carrier: telnyx, sip_region: Europe, codecs: [G711U, G711A, G722], transfer: {countries: [GB]}}
    auth: {allow: [telnyx:europe, 203.0.113.0/28]}
    fallback: ["sip:pbx.example.com;transport=tls"]
"""
CHICAGO = """
  chicago:
    number: "+13125550142"
    take_over: true
    route: {carrier: telnyx}
"""


def wired(sandbox: Sandbox, number: str) -> dict[str, Any]:
    """Telnyx' own records say: this number's calls go to sip:<number>@sip.voice.x.ai over TLS; answers its connection."""
    state = sandbox.state()["telnyx"]
    [connection] = [found for found in state["fqdn_connections"] if found["connection_name"].endswith(number)]
    assert sandbox.numbers("telnyx")[number]["connection_id"] == connection["id"]
    assert (connection["transport_protocol"], connection["active"]) == ("TLS", True)
    inbound = connection["inbound"]
    assert (inbound["dnis_number_format"], inbound["ani_number_format"]) == ("+e164", "+E.164")
    [primary] = [found for found in state["fqdns"] if found["id"] == inbound["default_primary_fqdn_id"]]
    assert (primary["fqdn"], primary["port"], primary["dns_record_type"]) == ("sip.voice.x.ai", 5061, "a")
    assert primary["connection_id"] == connection["id"]
    return connection


def objects(sandbox: Sandbox) -> list[int]:
    state = sandbox.state()["telnyx"]
    return [len(state[kind]) for kind in ("fqdn_connections", "fqdns", "outbound_voice_profiles")]


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    Telnyx(sandbox).occupy(CHICAGO_NUMBER)
    before = sandbox.numbers("telnyx")[CHICAGO_NUMBER]["connection_id"]
    made = objects(sandbox)
    project.declare(LONDON, CHICAGO)
    shown = project.up("--diff")
    assert f"will be taken over: it is assigned to connection {before}" in shown.split("Resources:")[0]
    london = wired(sandbox, LONDON_NUMBER)
    wired(sandbox, CHICAGO_NUMBER)
    fqdns = {found["id"]: found["fqdn"] for found in sandbox.state()["telnyx"]["fqdns"]}
    assert fqdns[london["inbound"]["default_secondary_fqdn_id"]] == "pbx.example.com"
    assert london["inbound"]["sip_region"] == "Europe"
    [profile] = sandbox.state()["telnyx"]["outbound_voice_profiles"]
    assert profile["whitelisted_destinations"] == ["GB"]
    registered = sandbox.numbers("xai")[CHICAGO_NUMBER]["sip_auth"]["allowed_addresses"]
    assert sorted(registered) == [
        "192.76.120.10/32",
        "64.16.250.10/32",
    ]  # auth left out: the region the calls leave from

    sandbox.forget_log()
    assert set(project.preview()) == {"same"}
    project.run("refresh", "--yes")
    project.up("--expect-no-changes")
    assert sandbox.writes() == []

    project.run("destroy", "--yes")
    assert objects(sandbox) == made
    assert sandbox.numbers("telnyx")[LONDON_NUMBER]["connection_id"] in {None, ""}
    assert sandbox.numbers("telnyx")[CHICAGO_NUMBER]["connection_id"] == before
    assert sandbox.state()["counters"]["releases"] == 0


def test_transfers_fallback_and_region_come_and_go(project: Project, sandbox: Sandbox) -> None:
    """Each change in place, in an order that Telnyx takes: what is in use is never deleted."""
    project.declare(LONDON)
    project.up()
    project.change(", transfer: {countries: [GB]}", "")
    project.up()
    project.change('    fallback: ["sip:pbx.example.com;transport=tls"]\n', "")
    project.up()
    project.change("sip_region: Europe", "sip_region: US, srtp: true")
    project.change("telnyx:europe", "telnyx:us")  # another allowlist registers the number anew
    project.up(XTEL_ALLOW_REPLACE=LONDON_NUMBER)
    wired(sandbox, LONDON_NUMBER)
    assert set(project.preview()) == {"same"}
    assert objects(sandbox) == [1, 1, 0]
