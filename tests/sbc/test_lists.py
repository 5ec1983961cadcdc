"""Bundles that are lists for a person: every value to type in, what to ask the vendor, and the step that proves it."""

from __future__ import annotations

import re

import pytest

from providers.kernel.files import FrontPage
from providers.sip import bundle
from tests.test_sip import FALLBACK, NUMBER, inputs

VENDORS = ("ringcentral", "cxone")
THROUGH = ("teams", "zoom")


def page(platform: str, **given: object) -> FrontPage:
    found = bundle.files(inputs(platform, **given)).page
    assert found is not None
    return found


@pytest.mark.parametrize("platform", [*VENDORS, "ribbon", "zoom", "other"])
def test_every_value_to_type_in_is_there(platform: str) -> None:
    steps = " ".join(page(platform, username="hq", codecs=["PCMA"]).steps)
    for value in ("sip.voice.x.ai", "5061", "TLS", "SRTP", "hq", "PCMA"):
        assert value in steps, value
    assert NUMBER in steps
    assert "SRTP" not in " ".join(page(platform, srtp="off").steps).replace("TLS with SRTP", "").replace(
        "5061, SRTP", ""
    )


@pytest.mark.parametrize("platform", VENDORS)
def test_what_to_ask_the_vendor_is_one_text(platform: str) -> None:
    request = next(
        step for step in page(platform, username="hq", fallback=FALLBACK).steps if step.startswith("Ask these")
    )
    for number in range(1, 11):
        assert f"{number}. " in request, number
    for word in ("No REGISTER", "SNI", f"exactly {NUMBER}", "user hq", "OPTIONS", "REFER", "404", FALLBACK[0]):
        assert word in request, word
    listed = " ".join(page(platform).only_you_know)
    assert "auth: {allow: [CIDR]}" in listed, "without a digest its addresses have to be asked for"
    assert "auth: {allow: [CIDR]}" not in " ".join(page(platform, username="hq").only_you_know)


def test_zoom_is_asked_for_a_trunk_to_the_sbc() -> None:
    steps = " ".join(page("zoom").steps)
    assert "Request to Zoom" in steps
    assert "route group" in steps


def test_ribbon_answers_a_challenge_whoever_calls() -> None:
    steps = " ".join(page("ribbon", username="hq").steps)
    assert "**From URI User Match**: Regex, `.*`" in steps
    assert "From URI User Match" not in " ".join(page("ribbon").steps)


def test_numbers_share_no_login_on_ribbon() -> None:
    """Two entries for any caller in one table: nobody says which one wins, and a number would log in as another."""
    one = page("ribbon", username="ua")
    other = page("ribbon", username="ub", phone_number="+14155550124")
    for words in (
        "Remote Authorization Tables",
        "SIP Server Tables",
        "Signaling Groups: new",
        "Media List: new",
        "Call Routing",
    ):
        step, its = (next(step for step in each.steps if words in step) for each in (one, other))
        assert "`xai-14155550123`" in step and "`xai-14155550124`" in its, words
        assert not re.search(r"(new|group|table|list),? `xAI`", step), words
    assert "`xai-14155550123`: signaling group" in " ".join(one.take_back)


def test_ringcentral_may_need_the_bundle_of_an_sbc() -> None:
    assert "platform: audiocodes" in " ".join(page("ringcentral").only_you_know)


@pytest.mark.parametrize("platform", [*VENDORS, *THROUGH])
def test_where_its_calls_come_from_is_a_choice_and_said(platform: str) -> None:
    said = {calls: page(platform, calls=calls) for calls in ("delivered", "dialled", "both")}
    steps = {calls: set(each.steps) for calls, each in said.items()}
    assert steps["delivered"] != steps["dialled"]
    assert steps["delivered"] | steps["dialled"] >= steps["both"]
    for each in said.values():
        assert each.delivered and each.dialled
    assert {each.value for each in said["dialled"].filled if each.name == "calls"} == {"dialled"}


@pytest.mark.parametrize("platform", [*VENDORS, *THROUGH])
def test_the_way_that_its_calls_do_not_come_is_not_described(platform: str) -> None:
    ways = {"delivered": "The DID is delivered here", "dialled": "A user or a flow dials"}
    for calls, other in (("delivered", "dialled"), ("dialled", "delivered")):
        made = bundle.files(inputs(platform, username="hq", calls=calls))
        assert made.page is not None
        assert getattr(made.page, other) == f"No call comes this way: `calls: {calls}`."
        assert getattr(made.page, calls) in made.texts["README.md"]
        assert ways[calls] in made.texts["README.md"]
        assert ways[other] not in made.texts["README.md"]


@pytest.mark.parametrize("platform", THROUGH)
def test_a_platform_without_a_part_in_the_calls_is_asked_for_nothing(platform: str) -> None:
    made = bundle.files(inputs(platform, calls="delivered"))
    assert made.page is not None
    assert "has no part in its calls" in " ".join(made.page.steps)
    for asked in ("BYOC-P", "SIP group", "voice routing policy", "pstnhub", "Teams Phone licence", ".ps1"):
        assert asked not in made.texts["README.md"].replace("`voice_routing_policy`", ""), asked


@pytest.mark.parametrize("platform", [*VENDORS, *THROUGH, "ribbon", "audiocodes", "cube"])
def test_the_step_that_proves_it_names_the_command(platform: str) -> None:
    proof = " ".join(page(platform).test)
    assert f"xtel trace STACK {NUMBER} --probe" in proof
    assert f"xtel call sandbox {NUMBER}" in proof


@pytest.mark.parametrize("platform", VENDORS)
def test_the_way_without_a_trunk_is_offered(platform: str) -> None:
    assert "Try the agent this way first" in " ".join(page(platform).steps)


def test_a_vendors_own_ranges_are_not_promised() -> None:
    for platform in VENDORS:
        assert any(line.startswith("Everything on ") for line in page(platform).unverified)
