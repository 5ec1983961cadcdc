"""Bundles for Asterisk and FreeSWITCH, read as these programs read them: options, what matches, where a login goes."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from providers.sip import bundle
from tests.test_sip import FALLBACK, NUMBER, PASSWORD, PLATFORMS, VARIANTS, inputs, shown, texts

OPTIONS = Path(__file__).parent / "cases" / "options"
FREESWITCH: dict[str, list[str]] = json.loads((OPTIONS / "freeswitch.json").read_text())
ASTERISK: dict[str, list[str]] = json.loads((OPTIONS / "asterisk.json").read_text())
GATEWAY = "sip_profiles/xai/xai-14155550123.xml"
DIALPLAN = "dialplan/public/xai-14155550123.xml"
PJSIP = "pjsip_xai_14155550123.conf"
MORE: dict[str, dict[str, Any]] = {
    **VARIANTS,
    "transfer": {"username": "hq", "transfer": True, "transfer_context": "desk", "fallback": FALLBACK},
    "everything": {"address": "pbx.example.com", "from_domain": "sip.example.com", "bind": "10.0.0.9:5099"},
}
every_variant = pytest.mark.parametrize("variant", MORE)
Sections = dict[tuple[str, str], dict[str, list[str]]]


def params(text: str, below: str) -> dict[str, str]:
    """The parameters of an XML file, each once."""
    found = [(each.attrib["name"], each.attrib["value"]) for each in ET.fromstring(text).iterfind(f".//{below}/param")]
    assert len(dict(found)) == len(found)
    return dict(found)


def sections(*files: str) -> Sections:
    """Sections of pjsip.conf by name and type, as Asterisk reads them: ``;`` begins a comment unless it is escaped."""
    found: Sections = {}
    name, options = "", defaultdict[str, list[str]](list)
    for line in [*"\n".join(files).splitlines(), "[]"]:
        plain = re.split(r"(?<!\\);", line)[0].replace("\\;", ";").strip()
        if opened := re.fullmatch(r"\[([\w-]*)\]", plain):
            if name:
                found[name, options["type"][0]] = dict(options)
            name, options = opened[1], defaultdict(list)
        elif plain and not plain.startswith("#include"):
            key, _, value = plain.partition("=")
            options[key.strip()].append(value.strip())
    return found


def asterisk(**given: Any) -> Sections:
    return sections(*(text for name, text in texts("asterisk", **given).items() if name.startswith("pjsip")))


# -- both ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["asterisk", "freeswitch"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_uri_says_its_transport_twice(platform: str, variant: str) -> None:
    """An AI vendor answers 403 to a Contact with two; FreeSWITCH adds one itself, for register-transport."""
    made = shown(platform, variant)
    for uri in re.findall(r"(?:sips?:|sofia/|value=\")[^\s,|\"\])]+", made):
        assert uri.count("transport=") <= 1, uri


def test_a_public_name_is_the_domain_in_from_unless_another_is_named() -> None:
    for given, domain in (
        ({"address": "pbx.example.com"}, "pbx.example.com"),
        ({"from_domain": "a.example"}, "a.example"),
    ):
        both = {"address": "pbx.example.com", **given}
        assert asterisk(**both)["xai-14155550123", "endpoint"]["from_domain"] == [domain]
        assert params(texts("freeswitch", **both)[GATEWAY], "gateway")["from-domain"] == domain


@pytest.mark.parametrize(
    "given",
    [
        {"bind": "5061"}, {"bind": "0.0.0.0"}, {"bind": "0.0.0.0:0"}, {"bind": "::1:5061"}, {"bind": "pbx:5061"},
        {"bind": "0.0.0.0:70000"}, {"media_address": "pbx.example.com"}, {"transport": "a]b"}, {"from_domain": "a;b"},
        {"bind": "0.0.0.0:5061\n[x]"}, {"bind": "5061:"}, {"bind": "[0.0.0.0]:5061"}, {"bind": "0.0.0.0:05061"},
    ],
)  # fmt: skip
def test_an_address_of_the_machine_is_one(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(given))):
        inputs("asterisk", **given)


@pytest.mark.parametrize(
    ("platform", "key", "text"),
    [
        *((platform, "address", "2001:db8::1") for platform in PLATFORMS),
        ("asterisk", "address", "[2606:4700::1111]"), ("freeswitch", "from_domain", "2606:4700::1111"),
        ("asterisk", "bind", "[::]:5061"), ("freeswitch", "bind", "[2001:db8::1]:5071"),
        ("asterisk", "media_address", "2001:db8::1"),
    ],
)  # fmt: skip
def test_an_ipv6_address_is_refused_with_its_reason(platform: str, key: str, text: str) -> None:
    with pytest.raises(
        ValidationError, match=rf"{key}\n.*is an IPv6 address, and sockets and media .* are IPv4"
    ) as refused:
        inputs(platform, **{key: text})
    assert refused.value.error_count() == 1


# -- Asterisk --------------------------------------------------------------------------------------------------------


@every_variant
def test_asterisk_knows_every_option(variant: str) -> None:
    found = asterisk(**MORE[variant])
    for (name, kind), options in found.items():
        assert set(options) <= set(ASTERISK[kind]), name
        assert all(len(values) == 1 for key, values in options.items() if key != "local_net"), name


def test_asterisk_checks_whom_it_tells_the_digest() -> None:
    found = asterisk(username="hq", fallback=FALLBACK)
    transport = found["transport-tls-xai", "transport"]
    assert transport["verify_server"] == ["yes"]
    assert transport["ca_list_file"]
    logged_in = [name for (name, kind), options in found.items() if kind == "endpoint" and "outbound_auth" in options]
    assert logged_in == ["xai-14155550123"]
    assert found["xai-14155550123", "endpoint"]["transport"] == ["transport-tls-xai"]


def test_asterisk_uses_a_transport_that_is_there() -> None:
    """Its own on the same port would not bind, and upset the one that is there."""
    made = texts("asterisk", username="hq", fallback=FALLBACK, transport="transport-tls")
    assert "pjsip_xai_transport.conf" not in made
    assert "pjsip_xai_transport.conf" not in made["README.md"]
    assert "`verify_server : Yes`" in made["README.md"]
    found = sections(made[PJSIP])
    assert found["xai-14155550123", "endpoint"]["transport"] == ["transport-tls"]
    assert found["xai-14155550123-fallback-1", "endpoint"]["transport"] == ["transport-tls"]
    assert not [name for name, kind in found if kind == "transport"]
    assert asterisk(bind="10.0.0.9:5071")["transport-tls-xai", "transport"]["bind"] == ["10.0.0.9:5071"]


def test_asterisk_sends_sound_from_an_address_of_its_own() -> None:
    found = asterisk(media_address="10.0.0.9", fallback=FALLBACK)
    for (name, kind), options in found.items():
        if kind == "endpoint":
            assert (options["media_address"], options["bind_rtp_to_media_address"]) == (["10.0.0.9"], ["yes"]), name


def test_asterisk_calls_also_while_options_are_not_answered() -> None:
    """A URI is dialled, not the contact whose OPTIONS may go unanswered: nobody documents that xAI answers them."""
    made = texts("asterisk")["extensions_xai_14155550123.conf"]
    [dialled] = re.findall(r"Dial\(([^,]*)", made)
    assert dialled == rf"PJSIP/xai-14155550123/sip:{NUMBER}@sip.voice.x.ai:5061\;transport=tls"


@pytest.mark.parametrize(
    ("platform", "shows"),
    [
        ("asterisk", 'asterisk -rx "dialplan show desk"'),
        ("freeswitch", 'fs_cli -x "xml_locate dialplan context name desk"'),
    ],
)
def test_the_context_of_transfers_is_somebodys_step(platform: str, shows: str) -> None:
    """No file has it: where it is missing transfers end, where it holds too much the agent dials anybody."""
    page = bundle.files(inputs(platform, transfer=True, transfer_context="desk")).page
    assert page is not None
    step = next(step for step in page.steps if step.startswith("Make the context `desk`"))
    assert f"`{shows}`" in step
    assert "only what they may dial" in step
    plain = bundle.files(inputs(platform)).page
    assert plain is not None
    assert not [step for step in plain.steps if step.startswith("Make the context")]


def test_freepbx_has_files_of_its_own_for_the_lines() -> None:
    page = bundle.files(inputs("asterisk")).page
    assert page is not None
    step = next(step for step in page.steps if step.startswith("On FreePBX"))
    for word in (
        "pjsip_custom_post.conf",
        "extensions_custom.conf",
        "[from-pstn-custom]",
        "include => xai-14155550123",
    ):
        assert word in step, word
    assert any(line.startswith("FreePBX") for line in page.unverified)


@pytest.mark.parametrize("profile", ["", "external"])
def test_a_change_reaches_a_freeswitch_that_runs(profile: str) -> None:
    """rescan passes over a gateway that is there; a profile's own values are read by a restart."""
    page = bundle.files(inputs("freeswitch", profile=profile)).page
    assert page is not None
    step = next(step for step in page.steps if step.startswith("After a change"))
    assert f'`fs_cli -x "sofia profile {profile or "xai"} killgw xai-14155550123"`' in step
    assert ('`fs_cli -x "sofia profile xai restart"`' in step) is (not profile)


def test_asterisk_carries_a_transfer_out_in_its_context_alone() -> None:
    refused = asterisk()["xai-14155550123", "endpoint"]
    assert (refused["allow_transfer"], refused["context"]) == (["no"], ["xai-14155550123-refused"])
    allowed = asterisk(transfer=True, transfer_context="desk")["xai-14155550123", "endpoint"]
    assert (allowed["allow_transfer"], allowed["context"]) == (["yes"], ["desk"])


# -- FreeSWITCH ------------------------------------------------------------------------------------------------------


@every_variant
def test_freeswitch_knows_every_parameter(variant: str) -> None:
    made = texts("freeswitch", **MORE[variant])
    assert set(params(made[GATEWAY], "gateway")) <= set(FREESWITCH["gateway"])
    assert set(params(made["sip_profiles/xai.xml"], "settings")) <= set(FREESWITCH["profile"])
    root = ET.fromstring(made[DIALPLAN])
    actions = [each.attrib for each in root.iterfind(".//action")]
    assert {each["application"] for each in actions} <= set(FREESWITCH["applications"])
    names = set[str]()
    for each in actions:
        if each["application"] == "bridge":
            for group in re.findall(r"[\[{]([^\]}]*)[\]}]", each["data"]):
                names |= {pair.partition("=")[0] for pair in group.split(",")}
        else:
            names.add(each["data"].partition("=")[0].removeprefix("nolocal:"))
    assert names <= set(FREESWITCH["variables"])


def test_freeswitch_says_its_transport_once() -> None:
    """It puts ``transport=`` of register-transport into Contact itself, after whatever contact-params holds."""
    gateway = params(texts("freeswitch", username="hq")[GATEWAY], "gateway")
    contact = f"{gateway.get('contact-params', '')};transport={gateway['register-transport']}"
    assert contact.count("transport=") == 1


def test_a_freeswitch_gateway_stays_up_while_options_are_not_answered() -> None:
    assert "ping" not in params(texts("freeswitch")[GATEWAY], "gateway")


def test_freeswitch_without_a_digest_has_nothing_to_log_in_with() -> None:
    """It needs a name and a password only to register."""
    assert not {"username", "auth-username", "password"} & set(params(texts("freeswitch")[GATEWAY], "gateway"))


def test_freeswitch_tells_its_login_to_no_fallback() -> None:
    """For a leg without a gateway it looks for one by the realm that is asked for, which the far end chooses."""
    data = _bridge(username="hq", fallback=FALLBACK)
    ours, *others = data.split("|")
    assert "sip_auth" not in ours
    assert ["sip_auth_username=nobody,sip_auth_password=nobody" in each for each in others] == [True, True]
    assert "sip_auth" not in _bridge(fallback=FALLBACK)


def test_freeswitch_goes_on_to_the_fallback_after_early_media() -> None:
    assert _bridge(fallback=FALLBACK).startswith("{ignore_early_media=true}[")
    assert "ignore_early_media" not in _bridge()


def test_a_fallback_leaves_by_a_profile_that_speaks_its_transport() -> None:
    legs = [each.partition("]sofia/")[2].partition("/")[0] for each in _bridge(fallback=FALLBACK).split("|")]
    assert legs == ["gateway", "xai", "external"]
    legs = [
        each.partition("]sofia/")[2].partition("/")[0] for each in _bridge(fallback=FALLBACK, profile="own").split("|")
    ]
    assert legs == ["gateway", "own", "own"]


def _bridge(**given: Any) -> str:
    text = next(text for name, text in texts("freeswitch", **given).items() if name.startswith("dialplan/"))
    [data] = [
        each.attrib["data"]
        for each in ET.fromstring(text).iterfind(".//action")
        if each.attrib["application"] == "bridge"
    ]
    return data


def test_freeswitch_matches_every_spelling_and_nothing_else() -> None:
    made = texts("freeswitch", did=["0891234", "+49891234"], extension="8000")[DIALPLAN]
    condition = ET.fromstring(made).find(".//condition")
    assert condition is not None
    spelled = re.compile(condition.attrib["expression"])
    for text in (NUMBER, NUMBER[1:], "0891234", "+49891234", "8000"):
        assert spelled.search(text), text
    for text in ("49891234", "00891234", "08912345", "80001", f"0{NUMBER[1:]}", "8000;x"):
        assert not spelled.search(text), text


def test_freeswitch_uses_a_profile_that_is_there() -> None:
    made = texts("freeswitch", profile="external", context="trunks", extension="8000")
    assert {name for name in made if "/" in name} == {
        "sip_profiles/external/xai-14155550123.xml",
        "dialplan/trunks/xai-14155550123.xml",
    }
    assert "`tls-verify-policy=out|subjects_out`" in made["README.md"]
    assert params(made["sip_profiles/external/xai-14155550123.xml"], "gateway")["extension"] == "8000"


def test_the_profile_checks_the_far_end_and_listens_where_it_is_told() -> None:
    given = {"bind": "10.0.0.9:5099", "address": "pbx.example.com"}
    profile = params(texts("freeswitch", **given)["sip_profiles/xai.xml"], "settings")
    assert (profile["tls"], profile["tls-only"], profile["tls-version"]) == ("true", "true", "tlsv1.2")
    assert profile["tls-verify-policy"].split("|") == ["out", "subjects_out"]
    assert (profile["sip-ip"], profile["rtp-ip"], profile["tls-sip-port"]) == ("10.0.0.9", "10.0.0.9", "5099")
    assert (profile["ext-sip-ip"], profile["ext-rtp-ip"]) == ("host:pbx.example.com", "host:pbx.example.com")
    address = params(texts("freeswitch", address="203.0.113.10")["sip_profiles/xai.xml"], "settings")
    assert (address["sip-ip"], address["ext-rtp-ip"]) == ("$${local_ip_v4}", "203.0.113.10")


@pytest.mark.parametrize(
    ("given", "refuses", "passes", "context"),
    [
        ({}, "true", None, None),
        ({"transfer": True, "transfer_context": "desk"}, "false", None, "desk"),
        ({"transfer": "pass"}, "false", "true", None),
    ],
)
def test_freeswitch_does_with_a_transfer_what_the_route_says(
    given: dict[str, Any], refuses: str, passes: str | None, context: str | None
) -> None:
    made = texts("freeswitch", **given)
    profile = params(made["sip_profiles/xai.xml"], "settings")
    assert (profile["disable-transfer"], profile.get("proxy-refer")) == (refuses, passes)
    named = re.findall(r"force_transfer_context=(\w+)", made[DIALPLAN])
    assert named == ([context] if context else [])


def test_the_secret_file_is_read_as_the_password() -> None:
    made = shown("freeswitch", "digest")
    assert f'<param name="password" value="{PASSWORD}"/>' in made
    assert 'data="xai-14155550123.secret"' in made


def test_what_no_freeswitch_has_read_says_so() -> None:
    page = bundle.files(inputs("freeswitch", bind="10.0.0.9:5099", extension="8000")).page
    assert page is not None
    told = {each.name: each.unverified for each in page.filled}
    assert told["bind"] == told["extension"] == "no FreeSWITCH has read it yet"
    assert told["phone_number"] == ""
