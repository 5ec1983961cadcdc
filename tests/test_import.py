"""What `xtel import` reads, without the engine: how carriers map routes back, what is given, what stays and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from providers.kernel import engine, registry
from providers.kernel.errors import InputError
from providers.kernel.route_import import Found, Unmapped
from providers.kernel.session import Session
from tests.conformance.subjects.plivo import Plivo
from tests.conformance.subjects.telnyx import Telnyx
from tests.conftest import Sandbox
from tests.reconciling import Hand
from xtel import cli
from xtel.operations.importing import answers
from xtel.operations.importing import survey as surveying
from xtel.project.layout import Project

LONDON, CHICAGO, NYC, DENVER = "+442079460011", "+13125550142", "+12125550177", "+13035550164"


@pytest.fixture
def known(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    for name, value in sandbox.env().items():
        monkeypatch.setenv(name, value)
    return sandbox


def found(name: str, number: str) -> Found:
    declared = registry.carriers()[name]
    assert declared.route_import
    return Session(declared, lambda key: None).ask(declared.route_import.found, number)


def refused(name: str, number: str) -> str:
    with pytest.raises(Unmapped) as reason:
        found(name, number)
    return str(reason.value)


def test_telnyx_says_why_a_route_stays(known: Sandbox) -> None:
    telnyx = Telnyx(known)
    assert refused("telnyx", LONDON) == "it is assigned to no connection"
    id = telnyx.ask("POST", "fqdn_connections", connection_name="a").json()["data"]["id"]
    numbers = known.numbers("telnyx")
    telnyx.ask("PATCH", f"phone_numbers/{numbers[LONDON]['id']}", connection_id=id)
    assert refused("telnyx", LONDON) == f"connection {id} has chosen no primary FQDN"
    fqdn = {"connection_id": id, "dns_record_type": "a"}
    first, other = (
        telnyx.ask("POST", "fqdns", fqdn=host, port=port, **fqdn).json()["data"]["id"]
        for host, port in (("sip.voice.x.ai", 5061), ("pbx.example.com", 5070))
    )
    telnyx.ask("PATCH", f"fqdn_connections/{id}", inbound={"default_primary_fqdn_id": first})
    assert refused("telnyx", LONDON) == f"connection {id} has FQDNs that it has not chosen: pbx.example.com"
    chosen = {"default_primary_fqdn_id": first, "default_secondary_fqdn_id": other}
    profile = telnyx.ask("POST", "outbound_voice_profiles", name="out", whitelisted_destinations=["GB"])
    out = {"outbound_voice_profile_id": profile.json()["data"]["id"]}
    telnyx.ask("PATCH", f"fqdn_connections/{id}", inbound=chosen, outbound=out)
    route = found("telnyx", LONDON)
    assert route.route["transfer"] == {"countries": ["GB"]}
    assert [way.uri for way in route.uris] == [
        f"sip:{LONDON}@sip.voice.x.ai;transport=tls",
        "sip:pbx.example.com:5070;transport=tls",
    ]
    telnyx.ask("POST", "fqdn_connections", connection_name="b", outbound=out)
    assert "serves 2 connections" in refused("telnyx", LONDON)
    telnyx.ask("PATCH", f"phone_numbers/{numbers[CHICAGO]['id']}", connection_id=id)
    assert f"{id} carries 1 other number: a shared one is not imported; next: give {LONDON}" in refused(
        "telnyx", LONDON
    )


@pytest.mark.parametrize(
    ("carrier", "why", "declare"),
    [
        ("sip", "SIP has no API here, so there is nothing to import", "route: {carrier: sip}"),
        ("webex", "Webex does not show what the local gateway does", "route: {carrier: webex, trunk: HQ gateway}"),
    ],
)
def test_a_carrier_that_cannot_be_imported_says_why(tmp_path: Path, carrier: str, why: str, declare: str) -> None:
    with pytest.raises(InputError) as refusal:
        surveying.survey(Project(tmp_path), "prod", carrier, (), answers.Answers())
    assert str(refusal.value).startswith(why)
    assert f"declare the number with `{declare}` and `take_over: true`" in str(refusal.value)


def test_plivo_says_why_a_route_stays(known: Sandbox) -> None:
    plivo = Plivo(known)
    assert refused("plivo", DENVER) == "it is on no trunk: application 29986316244302815 gets its calls"
    assert refused("plivo", NYC) == "it is on no trunk"
    plivo.occupy(NYC)
    assert [way.uri for way in found("plivo", NYC).uris] == ["sip:pbx.example.com"]
    [uri] = known.state()["plivo"]["uris"]
    assert found("plivo", NYC).route == {"secure": False, "port": None, "host_only": True}
    more = {"name": "more", "trunk_direction": "inbound", "primary_uri_uuid": uri["uri_uuid"]}
    second = plivo.ask("POST", "Zentrunk/Trunk/", **more).json()["trunk_id"]
    assert refused("plivo", NYC).startswith(f"URI {uri['uri_uuid']} serves 2 trunks")
    for number in (NYC, DENVER):
        plivo.link(number, second)
    assert f"{second} carries 1 other number" in refused("plivo", NYC)


def test_secrets_come_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "known.yaml"
    file.write_text('"+1 415 555 0100": {signing_secret: whsec_aaaa}\n')
    assert answers.known(str(file), ())["+14155550100"].signing_secret == "whsec_aaaa"
    monkeypatch.setenv("XTEL_SIGNING_SECRET", "whsec_bbbb")
    monkeypatch.setenv("XTEL_DIGEST_PASSWORD", "canary-1")
    both = answers.known(str(file), ("+14155550100",))["+14155550100"]
    assert (both.signing_secret, both.digest_password) == ("whsec_aaaa", "canary-1")
    assert answers.known("", (NYC, LONDON)) == {}
    asked = list[str]()
    told = answers.Answers(ask=lambda question: asked.append(question) or "typed")
    assert told.secret(NYC, "digest_password", "which?") == "typed"
    assert answers.Answers().secret(NYC, "digest_password", "which?") == ""
    assert asked == ["which?"]


def test_secrets_of_other_numbers_are_told() -> None:
    known = {NYC: answers.Known.model_validate({"digest_password": "canary-1"}), LONDON: answers.Known()}
    assert answers.Answers(known=known).unused([LONDON]) == (NYC,)
    assert answers.Answers(known=known).unused([NYC]) == ()


def test_a_secret_in_the_environment_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XTEL_SIGNING_SECRET", "v1,whsec_canary000")
    with pytest.raises(InputError, match="XTEL_SIGNING_SECRET must be a signing secret") as refused:
        answers.known("", (NYC,))
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- canary-1\n", "must be a mapping"),
        ('"+14155550100": {pasword: canary-1}\n', "pasword: is not a known key"),
        ('"14155550100": {signing_secret: whsec_aaaa}\n', "must start with +"),
        ('"+14155550100": {signing_secret: canary-1}\n', "must be a signing secret as it was shown once"),
        ('"+14155550100": {digest_password: "canary-1\\n"}\n', "digest_password: ends in a line break"),
        (
            "\n14155550100: {signing_secret: canary-1}\n",
            'known.yaml:2: quote it, or YAML reads a number and drops the +: "+1',
        ),
        ("+14155550100: {digest_password: canary-1}\n", "known.yaml:1: quote it, or YAML reads a number"),
        ("{canary-1", "is not YAML"),
        ("", ""),
    ],
)
def test_a_bad_file_of_secrets_shows_no_value(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(text)
    if not text:
        assert answers.known(str(file), ()) == {}
        return
    with pytest.raises(InputError, match=message.replace("+", r"\+")) as error:
        answers.known(str(file), ())
    assert "canary" not in str(error.value)
    assert "; next: " in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Missing option '--carrier'"),
        (("--carrier", "nosuch"), f"expected one of {', '.join(registry.carriers())}"),
        (("--carrier", "twilio", "--number", "4155550100"), "must start with +"),
        (("--carrier", "twilio", "--webhook", "http://a.example"), "must be an https:// URL"),
    ],
)
def test_wrong_usage(options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        cli.main(["import", "prod", *options])
    assert ending.value.code == cli.USAGE
    assert message in capsys.readouterr().err


def test_secrets_of_an_import_file_are_in_the_form_the_engine_encrypts() -> None:
    inputs: dict[str, Any] = {
        "name": "Support",
        "sip_auth": {"auth_username": "hq", "auth_password": "canary-1"},
        "webhook": {"url": "https://a.example/", "auth_token": "canary-2"},
        "known_secret": "canary-3",
    }
    entry = engine.imported("xai", "PhoneNumber", inputs, {**inputs, "signing_secret": "canary-4"})
    sign = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    assert entry["type"] == "pulumi-python:dynamic/xai:PhoneNumber"
    assert entry["inputs"]["sip_auth"] == {"auth_username": "hq", "auth_password": {**sign, "plaintext": '"canary-1"'}}
    assert entry["inputs"]["webhook"]["auth_token"] == {**sign, "plaintext": '"canary-2"'}
    for part, count in (("inputs", 3), ("outputs", 4)):
        assert str(entry[part]).count("canary") == str(entry[part]).count("plaintext") == count


def test_a_secret_that_becomes_known_later_reaches_the_state(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    number = Hand("xai:PhoneNumber", sandbox.env(), monkeypatch)
    given = {
        "marker": "xtel/p/s/+14155550100",
        "name": "Support",
        "phone_number": "+14155550100",
        "webhook": {"url": "https://voice.example.com/calls"},
        "sip_auth": {"allow": ["twilio"]},
    }
    number.up(**given)
    made = number.state["signing_secret"]
    assert number.up(**given, known_secret="whsec_stale000") == "update"
    assert number.state["signing_secret"] == made
    number.state["signing_secret"] = ""
    number.state.pop("known_secret")
    assert number.up(**given, known_secret=made) == "update"
    assert number.state["signing_secret"] == made
