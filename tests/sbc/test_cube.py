"""Bundles for Cisco CUBE, as ciscoconfparse2 reads them: every class that is named is there, and values stay values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.kernel import registry
from providers.kernel.route import Leg, Login
from providers.kernel.values import target
from providers.sip import Route, bundle, render
from tests.sbc import ios
from tests.test_sip import FALLBACK, NUMBER, inputs

FILE = "xai-14155550123.ios"
UNDO = "xai-14155550123-undo.ios"
SECRET = "xai-14155550123-secret.ios"
#: What the box of the leg that asks a dial-peer group has already.
THERE = frozenset({"voice class tenant 200", "voice class stun-usage 200"})
WEBEX = {"match": "request", "tenant": 200, "stun": 200, "srtp": True}
VARIANTS: dict[str, dict[str, Any]] = {
    "least": {},
    "digest": {"username": "hq"},
    "no-srtp": {"srtp": "off", "codecs": ["PCMA"]},
    "all": {
        "username": "hq", "fallback": FALLBACK, "address": "203.0.113.10", "interface": "GigabitEthernet1", "keepalive": True,
        "transfer": True, "did": ["0891234", "+49891234"], "tag": 4001,
    },
    "passed": {"transfer": "pass"},
    "webex": {"inbound": WEBEX, "fallback": FALLBACK, "did": ["0891234"]},
    "called": {"inbound": {"match": "called", "tenant": 200}},
    "via": {"inbound": {"match": "via"}},
}  # fmt: skip


def made(**given: Any) -> str:
    return bundle.files(inputs("cube", **given)).texts[FILE]


def peer(text: str, tag: int = 901) -> list[str]:
    return ios.blocks(text)[f"dial-peer voice {tag} voip"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_everything_that_is_named_is_there(variant: str) -> None:
    assert ios.problems(made(**VARIANTS[variant]), there=THERE) == []


@pytest.mark.parametrize("sbc", ["cube"])
@pytest.mark.parametrize("platform", ["teams", "zoom"])
def test_it_is_the_sbc_of_a_platform(platform: str, sbc: str) -> None:
    wanted = inputs(platform, sbc=sbc, username="hq", interface="GigabitEthernet1", inbound=WEBEX)
    files = bundle.files(wanted)
    assert ios.problems(files.texts[FILE], there=THERE) == []
    assert files.secret == SECRET
    assert "authentication username hq password 0 pw" in render.secret(wanted, "pw")
    assert "`copy xai-14155550123.ios running-config`" in files.texts["README.md"]


def test_the_secret_adds_to_the_tenant() -> None:
    whole = made(username="hq") + render.secret(inputs("cube", username="hq"), "pw")
    tenant = ios.blocks(whole)["voice class tenant 901"]
    assert "authentication username hq password 0 pw" in tenant
    assert [problem for problem in ios.problems(whole) if not problem.startswith("twice: voice class tenant")] == []


BROKEN = {
    "a class is missing": ("voice class codec 901", "voice class codec 902", "no voice class codec 901"),
    "a group names nobody": (
        " dial-peer 901 preference 1",
        " dial-peer 911 preference 1",
        "no dial-peer voice 911 voip",
    ),
    "a profile is missing": (
        "voice translation-profile XAI-NUMBER-901",
        "voice translation-profile OTHER",
        "no voice translation-profile XAI-NUMBER-901",
    ),
    "the name is not checked": (
        " cn-san validate server\n",
        "",
        "voice class tls-profile 901: no cn-san validate server",
    ),
    "no name is sent": (" sni send\n", "", "voice class tls-profile 901: no sni send"),
    "calls go nowhere": (
        " session target dns:sip.voice.x.ai:5061\n",
        "",
        "dial-peer voice 901 voip: no session target",
    ),
    "a line of a description": (
        "description xAI for",
        "description xAI\nno voice class tenant 901\n for",
        "at the margin: no voice class tenant 901",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_is_refused(name: str) -> None:
    before, after, words = BROKEN[name]
    text = made(inbound=WEBEX)
    assert before in text
    assert words in "\n".join(ios.problems(text.replace(before, after, 1), there=THERE))


# -- what real configurations taught -----------------------------------------------------------------------------------


def test_behind_nat_the_public_address_stands_in_contact_and_sdp() -> None:
    text = made(address="203.0.113.10")
    rules = ios.blocks(text)["voice class sip-profiles 901"]
    assert [rule for rule in rules if "203.0.113.10" not in rule] == []
    assert {(rule.split()[2], rule.split()[5]) for rule in rules} == {
        (message, header)
        for message in ("request", "response")
        for header in ("Contact", "Audio-Attribute", "Session-Owner", "Connection-Info", "Audio-Connection-Info")
    }
    assert "sip-profiles 901" in ios.blocks(text)["voice class tenant 901"]
    with pytest.raises(ValidationError, match="address: CUBE writes it into SDP"):
        made(address="cube.example.com")


def test_both_binds_stand_in_the_tenant_and_in_each_fallback() -> None:
    text = made(interface="GigabitEthernet1", fallback=FALLBACK)
    tenant = ios.blocks(text)["voice class tenant 901"]
    assert {f"bind {what} source-interface GigabitEthernet1" for what in ("control", "media")} <= set(tenant)
    for tag in (902, 903):
        binds = {line for line in peer(text, tag) if line.startswith("voice-class sip bind")}
        assert len(binds) == 2


def test_fallbacks_follow_in_their_order() -> None:
    text = made(fallback=FALLBACK)
    for count in range(3):
        assert f"preference {count}" in peer(text, 901 + count)
    targets = [line for tag in (902, 903) for line in peer(text, tag) if line.startswith("session target")]
    assert targets == ["session target dns:pbx.example.com", "session target dns:desk.example.com:5080"]


def test_no_setting_of_the_whole_box_is_touched_but_what_sip_to_sip_needs() -> None:
    text = made(**VARIANTS["all"])
    assert "sip-ua" not in ios.blocks(text)
    assert "trustpool" not in text, "an import with clean removes every root that the box has"
    assert ios.blocks(text)["voice service voip"] == [
        "allow-connections sip to sip",
        "supplementary-service media-renegotiate",
    ]
    assert "early-offer forced" in ios.blocks(text)["voice class tenant 4001"]
    assert "voice-class sip early-offer forced" in peer(text, 4002)
    page = bundle.files(inputs("cube", **VARIANTS["all"])).page
    assert page is not None
    assert "`supplementary-service media-renegotiate`" in " ".join(page.steps)
    assert "Never with `clean`" in bundle.files(inputs("cube")).texts["README.md"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_undo_takes_away_what_the_file_made_and_nothing_else(variant: str) -> None:
    """In an order in which nothing is removed that something still there names."""
    files = bundle.files(inputs("cube", **VARIANTS[variant]))
    text = files.texts[FILE]
    undone = [line.removeprefix("no ") for line in files.texts[UNDO].splitlines() if not line.startswith("!")]
    there = ios.blocks(text)
    made = {line for line in there if line[0] != "!"} - {"voice service voip", "crypto pki trustpoint XAI-TP"}
    assert sorted(undone) == sorted(made)
    assert [line for line in files.texts[UNDO].splitlines() if not line.startswith(("no ", "!"))] == []
    for block in undone:
        del there[block]
        left = [problem for problem in ios.missing(there, THERE) if problem.endswith(f": no {block}")]
        assert left == [], f"{block} goes too early"


def test_what_a_change_leaves_on_the_box_is_taken_away_by_the_undo_before_it() -> None:
    """A spelling that is no longer delivered would still have its inbound dial peer: a copy takes nothing away."""
    before = bundle.files(inputs("cube", inbound=WEBEX, did=["0891234"]))
    after = ios.blocks(made(inbound=WEBEX))
    left = {line for line in ios.blocks(before.texts[FILE]) if line[0] != "!"} - set(after)
    assert left == {"dial-peer voice 10902 voip", "voice class uri 902 sip"}
    assert {f"no {line}" for line in left} <= set(before.texts[UNDO].splitlines())
    page = before.page
    assert page is not None
    step = next(step for step in page.steps if f"`{UNDO}` **of the files that are on the box**" in step)
    assert "then the new file: in between" in step
    digest = bundle.files(inputs("cube", username="hq")).page
    assert digest is not None
    assert f"then the new file and `{SECRET}`, whose line goes with the tenant" in " ".join(digest.steps)
    back = " ".join(page.take_back)
    assert f"`copy {UNDO} running-config`" in back
    assert "`no crypto pki trustpoint XAI-TP`" in back


def test_a_silent_answer_to_options_takes_nothing_down_unless_asked_for() -> None:
    assert "keepalive" not in made()
    text = made(keepalive=True)
    assert "voice-class sip options-keepalive profile 901" in peer(text)
    assert "retry 3" in ios.blocks(text)["voice class sip-options-keepalive 901"]


@pytest.mark.parametrize("transfer", ["refuse", "consume", "pass"])
def test_a_refer_goes_where_the_route_says(transfer: str) -> None:
    text = made(transfer=transfer)
    here = "no supplementary-service sip refer" in peer(text)
    refused = any("Refer-To" in rule for rule in ios.blocks(text).get("voice class sip-profiles 902", []))
    assert (here, refused) == {"refuse": (True, True), "consume": (True, False), "pass": (False, False)}[transfer]
    assert ("sip-profiles 902 inbound" in ios.blocks(text)["voice class tenant 901"]) is refused


def test_every_spelling_becomes_the_number() -> None:
    found = ios.blocks(made(did=["0891234", "+49891234"]))
    spelled = ["e164 +14155550123$", "e164 14155550123$", "e164 +49891234$", "e164 0891234$"]
    assert found["voice class e164-pattern-map 901"] == spelled
    assert found["voice translation-rule 901"] == [f"rule 1 /^.*/ /{NUMBER}/"]


def test_a_leg_that_asks_a_group_gets_dial_peers_of_the_number_before_its_own() -> None:
    """Cisco: an inbound dial peer with a group ignores patterns; a user-id is preferred to a pattern."""
    found = ios.blocks(made(**VARIANTS["webex"]))
    assert found["voice class uri 901 sip"] == ["user-id ^[+]*14155550123$"]
    assert found["voice class uri 902 sip"] == ["user-id ^[+]*0891234$"]
    assert found["voice class dpg 901"][1:] == [f"dial-peer {tag} preference {tag - 900}" for tag in (901, 902, 903)]
    inbound = found["dial-peer voice 10901 voip"]
    settings = ("destination dpg 901", "voice-class sip tenant 200", "voice-class stun-usage 200", "srtp")
    assert set(settings) < set(inbound)
    called = ios.blocks(made(**VARIANTS["called"]))
    assert "incoming called e164-pattern-map 901" in called["dial-peer voice 10901 voip"]
    readme = bundle.files(inputs("cube", **VARIANTS["via"])).texts["README.md"]
    assert "voice class dpg" not in made(**VARIANTS["via"])
    assert "no dial peer of these files can come before it" in readme


def test_what_a_bare_leg_needs_to_be_told_is_on_the_page() -> None:
    page = bundle.files(inputs("cube")).page
    assert page is not None
    told = " ".join((*page.only_you_know, *page.steps))
    for word in (
        "mode border-element",
        "trusted list",
        "dial peer 0",
        "destination dpg",
        "outbound-proxy",
        "takes none away",
        "interface",
    ):
        assert word in told, word


def test_a_leg_that_is_matched_by_host_comes_first_unless_the_box_says_otherwise() -> None:
    """Cisco: the full URI, host, user, tel. The setting is the whole box's, so it is a step."""
    said = {
        match: [step for step in page.steps if "voice class uri sip preference user-id" in step]
        for match in ("patterns", "request", "called", "via")
        if (page := bundle.files(inputs("cube", inbound={"match": match})).page)
    }
    assert {match: len(steps) for match, steps in said.items()} == {"patterns": 0, "request": 1, "called": 0, "via": 0}
    assert "whole box" in said["request"][0]
    assert "preference user-id" not in made(inbound=WEBEX)


# -- hostile values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["+14155550123", "+442079460011", "+498912345678901"])
@pytest.mark.parametrize("length", [38, 39, 60])
def test_a_description_is_no_longer_than_ios_takes(number: str, length: int) -> None:
    wanted = inputs("cube", phone_number=number, description="d" * length, inbound=WEBEX, fallback=FALLBACK)
    text = bundle.files(wanted).texts[f"xai-{number[1:]}.ios"]
    assert ios.problems(text, there=THERE) == []
    assert "d" * length in text


@given(text=st.text(max_size=60))
def test_a_description_is_a_description_whatever_it_holds(text: str) -> None:
    try:
        made_of_it = made(description=text, inbound=WEBEX)
    except ValidationError as error:
        assert "description: " in str(error)
        return
    plain = ios.blocks(made(description="", inbound=WEBEX))
    assert ios.problems(made_of_it, there=THERE) == []
    differ = {block for block, lines in ios.blocks(made_of_it).items() if lines != plain.get(block) and block[0] != "!"}
    assert differ <= {"dial-peer voice 901 voip"}


@given(password=st.text(max_size=30))
def test_a_password_is_a_word_or_refused(password: str) -> None:
    wanted = inputs("cube", username="hq")
    try:
        text = render.secret(wanted, password)
    except ValueError as error:
        assert str(error).startswith("password: ")
        return
    assert ios.blocks(text)["voice class tenant 901"] == [f"authentication username hq password 0 {password}"]


# -- bundles that another carrier's route has written -----------------------------------------------------------------

#: By the carrier, its route, and the part of it that has the keys of a CUBE.
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "webex": ({"trunk": "HQ gateway"}, ""),
    "zoom": ({"sip_group": "SBC East", "sbc": {"platform": "cube"}}, "sbc"),
}


def test_every_carrier_that_has_a_cube_written_is_among_them() -> None:
    found = {
        name
        for name, carrier in registry.carriers().items()
        if {"sbc", "tag"} & carrier.route.model_fields.keys() and name != "sip"
    }
    assert found == set(OTHERS)


@pytest.mark.parametrize("login", [False, True], ids=["allowlist", "digest"])
@pytest.mark.parametrize("carrier", OTHERS)
def test_a_page_names_no_key_that_its_own_route_refuses(carrier: str, login: bool) -> None:
    said, part = OTHERS[carrier]
    declared = registry.carriers()[carrier].route
    leg = Leg(NUMBER, target(f"sip:{NUMBER}@sip.voice.x.ai"), login=Login("hq", None) if login else None)
    files = declared.model_validate(said).files(leg)
    assert files is not None
    named = set(re.findall(r"`([a-z_]+)(?:: [^`]*)?`", files.texts["README.md"])) & {*Route.model_fields, "did"}
    assert named
    assert named <= (Route.model_fields.keys() if part else declared.model_fields.keys())
