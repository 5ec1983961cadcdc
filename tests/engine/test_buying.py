"""Numbers that are bought, with the real engine: chosen in sight, bought once, kept, and given back by two keys alone."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import Any

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, Project

pytestmark = pytest.mark.engine

BUY = {
    "twilio": "POST /2010-04-01/Accounts/*/IncomingPhoneNumbers.json",
    "telnyx": "POST /v2/number_orders",
    "plivo": "POST /v1/Account/*/PhoneNumber/*/",
}
PRICES = {"twilio": "1.15 USD a month", "telnyx": "1.00 USD a month, 1.00 USD once", "plivo": "0.80 a month"}
each_carrier = pytest.mark.parametrize("carrier", BUY)


def entry(carrier: str, key: str = "helpline", more: str = "") -> str:
    return f"\n  {key}:\n    route: {{carrier: {carrier}, buy: {{country: US, area_code: 415}}}}\n{more}"


def counters(sandbox: Sandbox) -> dict[str, int]:
    return sandbox.state()["counters"]


def outputs(project: Project) -> dict[str, dict[str, Any]]:
    return json.loads(project.run("stack", "output", "--json", "--stack", STACK))["numbers"]


def connected(sandbox: Sandbox, carrier: str, number: str) -> bool:
    """Whether the vendor's record of the number says that a trunk or connection gets its calls."""
    if carrier == "plivo":
        records = {"+" + each["number"]: each for each in sandbox.state()["plivo"]["numbers"]}
        return "/Zentrunk/Trunk/" in (records[number]["application"] or "")
    return bool(sandbox.numbers(carrier)[number][{"twilio": "trunk_sid", "telnyx": "connection_id"}[carrier]])


def owned(sandbox: Sandbox, carrier: str) -> set[str]:
    return {
        "+" + (each.get("phone_number") or each["number"]).lstrip("+") for each in sandbox.state()[carrier]["numbers"]
    }


@each_carrier
def test_chosen_in_sight_bought_once_and_kept(project: Project, sandbox: Sandbox, carrier: str) -> None:
    before = owned(sandbox, carrier)
    project.declare(entry(carrier))
    sandbox.forget_log()
    shown = project.run("preview")
    offer = re.search(r"would buy (\+1 415-555-\d{4}), a local number in US with area code 415, (.*)", shown)
    assert offer, shown
    assert offer[2].strip() == PRICES[carrier]
    assert sandbox.writes() == []

    done = project.up()
    assert counters(sandbox) == {"purchases": 1, "releases": 0}
    [number] = owned(sandbox, carrier) - before
    assert number == "+" + re.sub(r"\D", "", offer[1])
    assert connected(sandbox, carrier, number)
    found = outputs(project)["helpline"]
    assert (found["number"], found["target"]) == (number, f"sip:{number}@sip.voice.x.ai;transport=tls")
    assert number in sandbox.numbers("xai")
    if carrier == "telnyx":
        assert "ordered (purchase-pending), waiting until it can be used" in done

    sandbox.forget_log()
    assert set(project.counted()) == {"same"}
    assert "unchanged" in project.up("--refresh")
    assert sandbox.writes() == []

    kept = project.run("destroy", "--yes")
    assert f"{number} stays in this account and is billed" in kept
    assert owned(sandbox, carrier) - before == {number}
    assert not (connected(sandbox, carrier, number) and carrier != "plivo")
    assert number not in sandbox.numbers("xai")
    assert counters(sandbox) == {"purchases": 1, "releases": 0}


@each_carrier
@pytest.mark.parametrize("action", ["delay", "status"])
def test_a_killed_run_goes_on_with_its_choice(project: Project, sandbox: Sandbox, carrier: str, action: str) -> None:
    """Killed while the purchase is under way, or while the carrier refuses it: the same number, once."""
    before = owned(sandbox, carrier)
    project.declare(entry(carrier))
    more = {"seconds": 1} if action == "delay" else {"status": 429, "headers": {"Retry-After": "30"}}
    sandbox.fault(BUY[carrier], action, **more)
    running = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while sandbox.faults_left():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    project.run("cancel", "--yes")
    [chosen] = [item["id"] for name, item in project.resources().items() if ":Choice " in name]
    time.sleep(2)
    project.up()
    assert counters(sandbox) == {"purchases": 1, "releases": 0}
    assert owned(sandbox, carrier) - before == {chosen}
    assert "unchanged" in project.up()


def test_a_bought_number_stays_what_was_asked_for(project: Project, sandbox: Sandbox) -> None:
    project.declare(entry("twilio"))
    project.up()
    project.change("area_code: 415", "area_code: 212")
    refused = project.up(code=1, XTEL_ALLOW_REPLACE=outputs(project)["helpline"]["number"])
    assert "buy.area_code cannot change: a number was chosen and bought for it" in refused
    assert "To buy another one, declare it under another key" in refused
    assert "cannot change" in project.up("--skip-preview", code=1)
    assert counters(sandbox) == {"purchases": 1, "releases": 0}


def test_a_renamed_key_keeps_the_number(project: Project, sandbox: Sandbox) -> None:
    project.declare(entry("twilio"))
    project.up()
    number, secret = outputs(project)["helpline"]["number"], project.secret("helpline")
    project.change("  helpline:", "  support:\n    was: [helpline]")
    assert not project.counted().keys() & {"create", "delete", "replace"}
    assert outputs(project)["support"]["number"] == number
    assert project.secret("support") == secret
    assert "unchanged" in project.up()
    assert counters(sandbox) == {"purchases": 1, "releases": 0}


def test_a_bought_number_can_be_declared_as_ones_own(project: Project, sandbox: Sandbox) -> None:
    """`buy` gives way to `number` with `was`: nothing is made anew, nothing given back, whatever the keys say."""
    project.declare(entry("twilio", more="    on_delete: release\n"))
    project.up()
    number, secret = outputs(project)["helpline"]["number"], project.secret("helpline")
    project.declare(f'\n  support:\n    number: "{number}"\n    was: [helpline]\n    route: {{carrier: twilio}}\n')
    project.up(XTEL_ALLOW_RELEASE=number)
    assert project.secret("support") == secret
    assert connected(sandbox, "twilio", number)
    assert not [name for name in project.resources() if "Purchase" in name or "Choice" in name]
    assert "unchanged" in project.up()
    assert counters(sandbox) == {"purchases": 1, "releases": 0}


def test_two_keys_release_it(project: Project, sandbox: Sandbox) -> None:
    """Both through the engine: the file's key out of the state; more of it in ``tests/test_giving_back.py``."""
    project.declare(entry("twilio", more="    on_delete: release\n"))
    project.up()
    number = outputs(project)["helpline"]["number"]
    project.run("destroy", "--yes", XTEL_ALLOW_RELEASE=number)
    assert counters(sandbox) == {"purchases": 1, "releases": 1}
    assert number not in owned(sandbox, "twilio")


def test_numbers_alike_are_different_numbers(project: Project, sandbox: Sandbox) -> None:
    project.declare(*(entry("plivo", key) for key in ("one", "two", "three")))
    project.up()
    assert len({found["number"] for found in outputs(project).values()}) == 3
    assert counters(sandbox)["purchases"] == 3
    project.declare(*(entry("plivo", key) for key in ("one", "two", "three", "four")))
    project.up()
    assert counters(sandbox)["purchases"] == 4


def test_a_number_that_somebody_else_bought_is_chosen_anew(project: Project, sandbox: Sandbox) -> None:
    project.declare(entry("twilio"))
    sandbox.fault(BUY["twilio"], "status", status=503)
    project.up(code=1)
    [chosen] = [item["id"] for name, item in project.resources().items() if ":Choice " in name]
    sandbox.http.post(
        "/_sandbox/seed", json={"twilio": {"account": "other", "numbers": [{"phone_number": chosen}]}}
    ).raise_for_status()
    failed = project.up(code=1)
    assert f"twilio Purchase {chosen}: it was not bought: {chosen} is not available. (code 21422, HTTP 400" in failed
    assert "next: if somebody else has it by now, `pulumi up --refresh` chooses another one" in failed
    project.up("--refresh")
    assert outputs(project)["helpline"]["number"] not in {"", chosen}
    assert counters(sandbox)["purchases"] == 1


def test_previews_search_only_when_they_may_and_say_what_is_not_for_sale(project: Project, sandbox: Sandbox) -> None:
    project.declare(entry("telnyx"))
    sandbox.forget_log()
    assert "would buy" not in project.run("preview", XTEL_OFFLINE="1")
    assert sandbox.log() == []
    project.change("area_code: 415", "area_code: 999")
    refused = project.up(code=1)
    assert "no local number in US with area code 999 is for sale now; next: try another area code" in refused
    assert sandbox.writes() == []
