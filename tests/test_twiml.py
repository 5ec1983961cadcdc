"""Twilio without a trunk: what the TwiML says (goldens), what it cannot say, and what gets a number's calls."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.kernel import errors
from providers.kernel.files import intact
from providers.kernel.route import Fallback, Leg, Login
from providers.kernel.values import Target
from providers.twilio import Route, twiml
from tests.conftest import ROOT, Sandbox
from tests.reconciling import Hand
from tests.test_twilio import Account, account

__all__ = ["account"]

CASES = Path(__file__).parent / "cases" / "twiml"
E164 = "+14155550100"
MARK = f"xtel/p/s/{E164}"
TARGET = f"sip:{E164}@sip.voice.x.ai;transport=tls"
BIN = "https://handler.twilio.com/twiml/EH0123456789abcdef0123456789abcdef"
DEMO = "https://demo.twilio.com/welcome/voice/"
PASSWORD = "Made<&\"'>{}'20261121"
WAYS = ("sip:+14155550999@pbx.example.com;transport=tls", "sip:desk.example.com:5080;transport=udp")
DIGEST = Login("xai-nyc", "not known here")
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "digest": ({}, {"login": DIGEST}),
    "headers": ({"headers": {"X-Team": "support & <sales>", "x-note": '50% "off"; a=b?c\'d'}}, {}),
    "transfer-and-after": (
        {"refer_url": "https://voice.example.com/refer?a=1&b=2", "action_url": "https://voice.example.com/after"},
        {},
    ),
    "srtp-from-an-edge": ({"secure": True, "edge": "ashburn", "region": "us1"}, {}),
    "fallback": ({"sequential": True}, {"fallback": tuple(Fallback(uri=uri) for uri in WAYS)}),
    "everything": (
        {
            "secure": True,
            "sequential": True,
            "headers": {"X-Team": "a"},
            "refer_url": "https://voice.example.com/refer",
            "action_url": "https://voice.example.com/after",
        },
        {"login": DIGEST, "fallback": (Fallback(uri=WAYS[0]),)},
    ),
}


def leg(**more: Any) -> Leg:
    return Leg(E164, Target(number=E164), **more)


def shown(variant: str) -> str:
    keys, more = VARIANTS[variant]
    made = Route(mode="twiml", **keys).files(leg(**more))
    assert made
    files = dict(made.texts) | ({made.secret: made.sealed(PASSWORD)} if made.sealed else {})
    return "".join(f"==> {name} <==\n{text}\n" for name, text in sorted(files.items()))


@pytest.mark.parametrize("variant", VARIANTS)
def test_golden(variant: str) -> None:
    golden = CASES / f"{variant}.txt"
    if os.environ.get("XTEL_WRITE_GOLDENS") == "1":
        golden.write_text(shown(variant))
    assert shown(variant) == golden.read_text(), "look at it, then XTEL_WRITE_GOLDENS=1 pytest tests/test_twiml.py"


def test_no_golden_is_left_over() -> None:
    assert {file.stem for file in CASES.iterdir()} == set(VARIANTS)


def test_the_plain_document_is_what_xai_shows() -> None:
    """docs.x.ai, SIP phone calls, Twilio: blanks between elements aside."""
    said = twiml.document(twiml.Dial(phone_number=E164, target=TARGET))
    assert re.sub(r"\s*\n\s*", "", said) == (
        f'<Response><Dial answerOnBridge="true"><Sip>sip:{E164}@sip.voice.x.ai;transport=tls</Sip></Dial></Response>'
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_file_is_well_formed_and_notices_a_change(variant: str, tmp_path: Path) -> None:
    for part in shown(variant).split("==> ")[1:]:
        name, _, rest = part.partition(" <==\n")
        text = rest[:-1]
        assert intact(text), name
        assert not intact(text + "\n"), name
        if not name.endswith(".xml"):
            continue
        (tmp_path / name).write_text(text)
        assert ET.parse(tmp_path / name).getroot().tag == "Response"
        if xmllint := shutil.which("xmllint"):
            subprocess.run([xmllint, "--noout", name], cwd=tmp_path, check=True)


def test_with_a_digest_the_document_is_the_secret_file() -> None:
    made = Route(mode="twiml").files(leg(login=DIGEST))
    assert made and made.sealed
    assert (made.secret, made.username, made.platform) == ("xai-14155550100.xml", "xai-nyc", "twiml")
    assert set(made.texts) == {"README.md", ".gitignore"}
    assert made.secret in made.texts[".gitignore"].splitlines()
    open_to_listed = Route(mode="twiml").files(leg())
    assert open_to_listed and not open_to_listed.secret and set(open_to_listed.texts) == {
        "README.md", "xai-14155550100.xml",
    }  # fmt: skip


# --- whatever the values are, they stay values ---

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40).filter(str.strip)
NAME = st.from_regex(r"[Xx]-[A-Za-z0-9-]{1,20}", fullmatch=True).filter(lambda n: not n.lower().startswith("x-twilio"))
HEADERS = st.dictionaries(NAME, TEXT, max_size=4).filter(lambda h: len({n.lower() for n in h}) == len(h))


@given(headers=HEADERS, password=st.from_regex(r"[!-~]{1,60}", fullmatch=True).filter(lambda text: "{{" not in text))
def test_any_value_comes_out_as_it_went_in(headers: dict[str, str], password: str) -> None:
    dial = twiml.Dial(
        phone_number=E164, target=TARGET, username="u", headers=headers, action_url="https://a.example/?b=&c"
    )
    root = ET.fromstring(twiml.document(dial, password))
    found = root.find("Dial/Sip")
    assert found is not None and found.text
    uri, _, query = found.text.partition("?")
    pairs = [pair.split("=") for pair in query.split("&")] if query else []
    assert (uri, {name: unquote(value) for name, value in pairs}) == (TARGET, headers)
    assert (found.get("username"), found.get("password")) == ("u", password)
    assert root.find("Dial").get("action") == "https://a.example/?b=&c"  # type: ignore[union-attr]
    assert [child.tag for child in root.iter()] == ["Response", "Dial", "Sip"]


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x00b", "\u202ea", "é", "", "  ", "a\u2028b", "\x7f"])
def test_a_header_that_sip_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="X-A must be one line of ASCII"):
        Route(mode="twiml", headers={"X-A": text})


@pytest.mark.parametrize(
    "name", ["A", "X-", "X-A B", "X-A=1&X-B", "X-A\n", "X-Twilio-A", "x-twilio", "X-é", "User-to-User"]
)
def test_a_header_that_twilio_does_not_send_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a header's name is X-"):
        Route(mode="twiml", headers={name: "a"})


def test_the_documented_limits() -> None:
    Route(mode="twiml", headers={"X-A": "a" * 1019})
    with pytest.raises(ValidationError, match="more than 1023 characters together"):
        Route(mode="twiml", headers={"X-A": "a" * 1020})
    with pytest.raises(ValidationError, match="X-A stands here twice|x-a stands here twice"):
        Route(mode="twiml", headers={"X-A": "a", "x-a": "b"})
    long = tuple(Fallback(uri=f"sip:{'a' * 200}@{'b' * 40}.example.com") for _ in range(1))
    with pytest.raises(ValidationError, match="at most 255 characters"):
        Route(mode="twiml", sequential=True).objects(leg(fallback=long))
    ten = tuple(Fallback(uri=f"sip:a{count}@b.example") for count in range(10))
    assert Route(mode="twiml", sequential=True).objects(leg(fallback=ten[:9]))
    with pytest.raises(ValidationError, match="at most 10 URIs: 9 fallbacks"):
        Route(mode="twiml", sequential=True).objects(leg(fallback=ten))


@pytest.mark.parametrize("password", ["", "a b", "a\nb", "é", "{{From}}", "a" * 129])
def test_a_password_that_the_document_cannot_hold_is_refused(password: str) -> None:
    dial = twiml.Dial(phone_number=E164, target=TARGET, username="u")
    with pytest.raises(ValueError, match="password: must be 1 to 128 ASCII characters") as refused:
        twiml.document(dial, password)
    assert not password or password not in str(refused.value)


# --- the route ---


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({}, ["twiml"]),
        ({"voice_url": BIN}, ["twiml", "attachment"]),
        ({"voice_url": BIN, "application": True}, ["twiml", "application", "attachment"]),
    ],
)
def test_pieces_in_order(keys: dict[str, Any], names: list[str]) -> None:
    pieces = Route(mode="twiml", **keys).objects(leg(take_over=True))
    assert [piece.name for piece in pieces] == names
    assert not any(piece.shared for piece in pieces)
    if len(pieces) > 1:
        assert pieces[-1].last and pieces[-1].inputs["take_over"]


def test_every_key_of_one_mode_is_refused_in_the_other() -> None:
    from providers.twilio import _ONLY

    other = {
        "trunk": "shared",
        "transfer": True,
        "transfer_caller_id": "from-transferor",
        "cnam_lookup": True,
        "recording": "record-from-answer",
        "disaster_recovery": {"url": BIN},
        "host_only": True,
        "port": 5061,
        "priority": 1,
        "voice_url": BIN,
        "voice_method": "GET",
        "application": True,
        "headers": {"X-A": "a"},
        "refer_url": BIN,
        "action_url": BIN,
        "sequential": True,
    }
    assert set(other) == set(_ONLY["trunk"]) | set(_ONLY["twiml"])
    both = {"carrier", "mode", "buy", "secure", "edge", "region"}
    assert set(other) | both == set(Route.model_fields)
    for mode, wrong in (("trunk", "twiml"), ("twiml", "trunk")):
        for name in _ONLY[wrong]:
            with pytest.raises(ValidationError, match=f"{name} is for mode {wrong}: remove it"):
                Route.model_validate({"mode": mode, name: other[name]})
            assert Route.model_fields[name].get_default(call_default_factory=True) == _ONLY[wrong][name][0]


# --- what gets a number's calls ---


def attachment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand("twilio:Attachment", sandbox.env(), monkeypatch)


def link(**to: Any) -> dict[str, Any]:
    return {"marker": MARK, "phone_number": E164, **to}


VOICE = link(voice={"url": BIN})


def rings(sandbox: Sandbox) -> tuple[Any, ...]:
    found = sandbox.numbers("twilio")[E164]
    return found["trunk_sid"], found["voice_application_sid"] or None, found["voice_url"], found["voice_method"]


def test_every_way_from_one_to_another_and_back(
    sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was at first is put back, whatever it was in between."""
    ours = Hand("twilio:Trunk", sandbox.env(), monkeypatch)
    ours.up(marker=MARK)
    application = Hand("twilio:Application", sandbox.env(), monkeypatch)
    application.up(marker=MARK, voice={"url": BIN})
    theirs = account.post("/v1/Trunks", FriendlyName="theirs")["sid"]
    ivr = account.post(f"{account.base}/Applications.json", FriendlyName="IVR", VoiceUrl="https://ivr.example.com/")[
        "sid"
    ]
    number = f"{account.base}/IncomingPhoneNumbers/{sandbox.numbers('twilio')[E164]['sid']}.json"
    kinds = {
        "trunk": (link(trunk_sid=ours.id), (ours.id, None)),
        "application": (link(application_sid=application.id), (None, application.id)),
        "voice": (VOICE, (None, None)),
    }
    for earlier in ({"TrunkSid": theirs}, {"VoiceApplicationSid": ivr}, {"VoiceUrl": "https://old.example.com/"}, {}):
        for first in kinds:
            for second in kinds:
                sandbox.forget_log()
                if earlier:
                    account.post(number, VoiceMethod="GET", **earlier)
                before = rings(sandbox)
                hand = attachment(sandbox, monkeypatch)
                hand.up(**kinds[first][0], take_over=True)
                assert rings(sandbox)[:2] == kinds[first][1], (earlier, first)
                assert hand.up(**kinds[second][0]) == ("same" if first == second else "update")
                assert rings(sandbox)[:2] == kinds[second][1], (earlier, first, second)
                assert second != "voice" or rings(sandbox)[2:] == (BIN, "POST")
                assert hand.refresh()
                assert hand.up(**kinds[second][0]) == "same"
                hand.destroy()
                assert rings(sandbox) == before, (earlier, first, second)
                account.post(number, TrunkSid="")
                account.post(number, VoiceApplicationSid="", VoiceUrl=DEMO, VoiceMethod="POST")


def test_a_url_somebody_set_is_not_taken_unasked(
    sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = f"{account.base}/IncomingPhoneNumbers/{sandbox.numbers('twilio')[E164]['sid']}.json"
    account.post(number, VoiceUrl="https://ivr.example.com/")
    with pytest.raises(errors.Conflict, match="it rings https://ivr.example.com/; next: `take_over: true`"):
        attachment(sandbox, monkeypatch).up(**VOICE)
    assert rings(sandbox)[2] == "https://ivr.example.com/"


def test_a_handler_set_by_hand_is_ours_already(
    sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = f"{account.base}/IncomingPhoneNumbers/{sandbox.numbers('twilio')[E164]['sid']}.json"
    account.post(number, VoiceUrl=BIN)
    sandbox.forget_log()
    hand = attachment(sandbox, monkeypatch)
    assert hand.up(**VOICE) == "create"
    assert sandbox.writes() == []
    hand.destroy()
    assert rings(sandbox)[2] == "", "nobody knows what it had before that"


def test_what_is_gone_is_not_put_back_but_the_url_goes(
    sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = account.post("/v1/Trunks", FriendlyName="theirs")["sid"]
    account.post(f"/v1/Trunks/{theirs}/PhoneNumbers", PhoneNumberSid=sandbox.numbers("twilio")[E164]["sid"])
    hand = attachment(sandbox, monkeypatch)
    hand.up(**VOICE, take_over=True)
    account.delete(f"/v1/Trunks/{theirs}")
    hand.destroy()
    assert rings(sandbox) == (None, None, DEMO, "POST")
    assert ", which it had before, is gone" in hand.warnings[-1]


def test_what_somebody_else_moved_is_left_there(
    sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = attachment(sandbox, monkeypatch)
    hand.up(**VOICE)
    number = f"{account.base}/IncomingPhoneNumbers/{sandbox.numbers('twilio')[E164]['sid']}.json"
    account.post(number, VoiceUrl="https://ivr.example.com/")
    sandbox.forget_log()
    hand.destroy()
    assert sandbox.writes() == []
    assert rings(sandbox)[2] == "https://ivr.example.com/"


def test_another_url_is_drift_and_the_earlier_one_is_detached(
    sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = attachment(sandbox, monkeypatch)
    hand.up(**VOICE)
    number = f"{account.base}/IncomingPhoneNumbers/{sandbox.numbers('twilio')[E164]['sid']}.json"
    account.post(number, VoiceUrl="http://ivr.example.com/", VoiceMethod="GET")
    assert hand.refresh()
    assert hand.up(**VOICE) == "update"
    account.post(number, VoiceUrl=DEMO)
    assert not hand.refresh()


@pytest.mark.parametrize("lost", ["**/IncomingPhoneNumbers/*", "/v1/Trunks/*/PhoneNumbers/*"])
def test_a_cut_connection_loses_no_way_back(
    lost: str, sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = account.post("/v1/Trunks", FriendlyName="theirs")["sid"]
    account.post(f"/v1/Trunks/{theirs}/PhoneNumbers", PhoneNumberSid=sandbox.numbers("twilio")[E164]["sid"])
    before = rings(sandbox)
    verb = "DELETE" if lost.startswith("/v1") else "POST"
    sandbox.fault(f"{verb} {lost}", "drop_after")
    hand = attachment(sandbox, monkeypatch)
    hand.up(**VOICE, take_over=True)
    assert rings(sandbox) == (None, None, BIN, "POST")
    assert sandbox.faults_left() == []
    hand.destroy()
    assert rings(sandbox) == before


@pytest.mark.parametrize("to", ["trunk", "application", "voice"])
def test_a_change_whose_answer_is_lost_is_put_back_like_any_other(
    to: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {kind: Hand(f"twilio:{kind}", sandbox.env(), monkeypatch) for kind in ("Trunk", "Application")}
    made["Trunk"].up(marker=MARK)
    made["Application"].up(marker=MARK, voice={"url": BIN})
    links = {
        "trunk": link(trunk_sid=made["Trunk"].id),
        "application": link(application_sid=made["Application"].id),
        "voice": VOICE,
    }
    before = rings(sandbox)
    hand = attachment(sandbox, monkeypatch)
    hand.up(**links["application" if to == "trunk" else "trunk"])
    sandbox.fault("POST /v1/Trunks/*/PhoneNumbers" if to == "trunk" else "POST **/IncomingPhoneNumbers/*", "drop_after")
    assert hand.up(**links[to]) == "update"
    assert sandbox.faults_left() == []
    hand.destroy()
    assert rings(sandbox) == before


# --- the document in the state ---


def test_a_new_document_says_who_must_do_what(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand("twilio:Twiml", sandbox.env(), monkeypatch)
    plain = {"marker": MARK, "phone_number": E164, "target": TARGET}
    hand.up(**plain)
    assert hand.warnings == [
        "set the number's handler in the Console to the TwiML that this writes: xtel render STACK --number +14155550100"
    ]
    assert hand.up(**plain, hosted=BIN) == "update"
    assert hand.warnings[1].startswith(f"{BIN} must answer with the TwiML that this writes: ")
    assert hand.up(**plain, hosted=BIN, username="u", password=PASSWORD) == "update"
    assert hand.warnings[2].endswith("--number +14155550100 --with-secrets")
    assert ET.fromstring(hand.state["twiml"]).find("Dial/Sip").get("password") == PASSWORD  # type: ignore[union-attr]
    assert (
        hand.up(**{**plain, "marker": "xtel/p/t/+14155550100"}, hosted=BIN, username="u", password=PASSWORD) == "update"
    )
    assert len(hand.warnings) == 3, "the document is the same"
    assert PASSWORD not in "".join(hand.warnings)


def test_a_template_of_a_new_release_shows_as_a_change(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand("twilio:Twiml", sandbox.env(), monkeypatch)
    plain = {"marker": MARK, "phone_number": E164, "target": TARGET}
    hand.up(**plain)
    real = (ROOT / "templates/twiml/dial.xml.j2").read_text()
    newer = jinja2.Environment(autoescape=True).from_string(real.replace("<Response>", '<Response version="2">'))
    monkeypatch.setattr(twiml, "_template", lambda name: newer)
    assert hand.up(**plain) == "update"
    assert 'version="2"' in hand.state["twiml"]
