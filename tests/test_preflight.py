"""What can be known before a number's first write is known before it: in previews, and again in the update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from providers.kernel import errors, marker, preflight
from providers.kernel.preflight import Ahead
from providers.kernel.session import Session
from providers.kernel.values import UNKNOWN
from tests.conformance.subjects.twilio import NUMBER, Twilio
from tests.conftest import Sandbox
from tests.engine.conftest import HEAD
from tests.face import Face

GOOD = """
  good:
    number: "+14155550100"
    route: {carrier: twilio}
"""


@dataclass(frozen=True)
class Case:
    """A number that cannot be wired, and why."""

    number: str
    carrier: str
    says: str
    seed: Mapping[str, Any] | None = None
    #: Further keys of the route: what numbers share is made all the same.
    route: str = ""
    #: What would take its calls.
    taker: str = "attachment"

    @property
    def entry(self) -> str:
        return f'\n  bad:\n    number: "{self.number}"\n    route: {{carrier: {self.carrier}{self.route}}}\n'


OWN = ", connector: own"
CASES = {
    "twilio: not owned": Case("+14155550147", "twilio", "does not own this number; next: buy or port it at Twilio"),
    "telnyx: not owned": Case("+14155550147", "telnyx", "does not own the number; next: buy or port it at Telnyx"),
    "plivo: not owned": Case(
        "+14155550147", "plivo", "does not own the number (HTTP 404); next: buy or port it at Plivo"
    ),
    "twilio: no voice": Case("+14155550148", "twilio", "the number takes no voice calls", {"voice": False}),
    "telnyx: pending": Case(
        "+14155550148", "telnyx", "the number is port-pending, not active", {"status": "port-pending"}
    ),
    "plivo: inactive": Case("+14155550148", "plivo", "the number is not active", {"active": False}),
    "chime: not owned": Case(
        "+14155550147", "chime", "does not own the number (HTTP 404); next: order or port it at Amazon"
    ),
    "chime: another product": Case(
        *("+14155550148", "chime", "its product type is SipMediaApplicationDialIn"),
        {"product_type": "SipMediaApplicationDialIn"},
    ),
    "chime: not active": Case("+14155550148", "chime", "its status is AcquireFailed", {"status": "AcquireFailed"}),
    "chime: a rule for a number of connectors": Case(
        *("+14155550148", "chime", "its product type is VoiceConnector: no SIP rule gets its calls"),
        {"product_type": "VoiceConnector"},
        ", lambda_arn: 'arn:aws:lambda:us-east-1:111111111111:function:xai'",
        "rule",
    ),
    "chime: a Lambda of another account": Case(
        *("+14155550148", "chime", "the Lambda is in account 222222222222, the credentials are of 111111111111"),
        {"product_type": "SipMediaApplicationDialIn"},
        ", lambda_arn: 'arn:aws:lambda:us-east-1:222222222222:function:xai'",
        f"application-{marker.digest('arn:aws:lambda:us-east-1:222222222222:function:xai')}",
    ),
    "connect: not claimed": Case(
        *("+14155550147", "connect", "no such number is claimed to instance 5fbd9c4e-4f7e-4c1a-9f0e-2b1f6c3d8a10"),
        route=OWN,
    ),
    "connect: not claimed yet": Case(
        *("+14155550148", "connect", "its status is IN_PROGRESS"),
        {"instance": "5fbd9c4e-4f7e-4c1a-9f0e-2b1f6c3d8a10", "status": "IN_PROGRESS"},
        OWN,
    ),
    "connect: of several regions": Case(
        *(
            "+14155550148",
            "connect",
            "it belongs to the traffic distribution group 5fbd9c4e, and not to the instance alone",
        ),
        {
            "instance": "5fbd9c4e-4f7e-4c1a-9f0e-2b1f6c3d8a10",
            "target": "arn:aws:connect:us-east-1:111111111111:traffic-distribution-group/5fbd9c4e",
        },
        OWN,
    ),
    "plivo: no voice": Case("+14155550148", "plivo", "the number takes no voice calls", {"voice_enabled": False}),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def declared(face: Face, sandbox: Sandbox, case: Case) -> None:
    if case.seed is not None:
        sandbox.seed({case.carrier: {"numbers": [{"phone_number": case.number, **case.seed}]}})
    face.declare(HEAD + case.entry + GOOD)


def registered(sandbox: Sandbox) -> list[str]:
    """The numbers that xAI has for a carrier of ours."""
    return [each["phone_number"] for each in sandbox.state()["xai"]["numbers"] if each["origin"] == "byo_trunk"]


@each_case
def test_a_preview_refuses_it_where_it_would_fail_and_nothing_else(face: Face, sandbox: Sandbox, case: Case) -> None:
    declared(face, sandbox, case)
    blocked = face.preview()
    assert list(blocked) == [f"{case.number}/{case.taker}"]
    assert case.says in blocked[f"{case.number}/{case.taker}"]
    assert sandbox.writes() == []


@each_case
def test_an_update_makes_nothing_of_it_and_all_of_the_others(face: Face, sandbox: Sandbox, case: Case) -> None:
    declared(face, sandbox, case)
    face.up(fails=True)
    assert {name.partition("/")[0] for name in face.state} == {"+14155550100"}
    assert {name.partition("/")[0] for name in face.errors} == {case.number}
    assert all(case.says in error for error in face.errors.values())
    assert registered(sandbox) == ["+14155550100"]
    made = {item["friendly_name"] for item in sandbox.state()["twilio"]["trunks"]}
    assert made == {"xtel/xai-telephony/test/+14155550100"}


def test_a_number_that_somebody_holds_is_not_registered(face: Face, sandbox: Sandbox) -> None:
    Twilio(sandbox).occupy(NUMBER)
    face.declare(HEAD + GOOD)
    face.up(fails=True)
    assert "it exists and is not ours: it is attached to trunk" in face.errors[NUMBER]
    assert face.state == {}
    assert registered(sandbox) == []


@pytest.mark.parametrize("taken", [99, 100])
def test_the_number_of_trunks_of_an_account_has_a_limit(face: Face, sandbox: Sandbox, taken: int) -> None:
    sandbox.seed({"twilio": {"trunks": [{"friendly_name": f"theirs {count}"} for count in range(taken)]}})
    face.declare(HEAD + GOOD + GOOD.replace("good", "more").replace("0100", "0101"))
    blocked = face.preview()
    assert len(blocked) == taken - 98
    assert all("at most 100 of these" in why and "write `trunk: shared`" in why for why in blocked.values())
    face.up(fails=True)
    assert len(sandbox.state()["twilio"]["trunks"]) == 100
    assert len(registered(sandbox)) == 100 - taken


@pytest.mark.parametrize("name", ["XAI_API_KEY", "TWILIO_AUTH_TOKEN"])
def test_a_credential_that_is_missing_or_refused_is_in_the_way(
    face: Face, sandbox: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    face.declare(HEAD + GOOD)
    monkeypatch.setenv(name, "" if name == "XAI_API_KEY" else "0" * 32)
    assert any(f"{name} is not set" in why or "code 20003, HTTP 401" in why for why in face.preview().values())
    sandbox.forget_log()
    face.up(fails=True)
    assert (face.state, sandbox.writes()) == ({}, [])


def test_nothing_is_bought_that_could_not_be_registered(
    face: Face, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    face.declare(HEAD + "\n  helpline:\n    route: {carrier: twilio, buy: {country: US}}\n")
    monkeypatch.setenv("XAI_API_KEY", "")
    assert any("XAI_API_KEY is not set" in why for why in face.preview().values())
    face.up(fails=True)
    assert list(face.state) == ["helpline/choice"]
    assert sandbox.state()["counters"]["purchases"] == 0


def test_a_chosen_number_that_is_still_to_be_bought_is_no_obstacle(face: Face, sandbox: Sandbox) -> None:
    face.declare(HEAD + "\n  helpline:\n    route: {carrier: twilio, buy: {country: US}}\n")
    sandbox.fault("POST /2010-04-01/Accounts/*/IncomingPhoneNumbers.json", "status", status=503)
    face.up(fails=True)
    assert list(face.state) == ["helpline/choice"]
    assert face.preview() == {}


@pytest.mark.parametrize(
    ("carrier", "path", "most"),
    [("twilio", "IncomingPhoneNumbers", 4), ("telnyx", "/v2/phone_numbers", 8), ("plivo", "/Number/", 4)],
)
def test_many_numbers_are_looked_at_by_one_listing(
    face: Face, sandbox: Sandbox, carrier: str, path: str, most: int
) -> None:
    """Three single looks, then all at once; Telnyx has a number's voice settings apart from the number."""
    numbers = [f"+1415555{count}" for count in range(2000, 2012)]
    sandbox.seed({carrier: {"numbers": [{"phone_number": number} for number in numbers]}})
    route = f"{{carrier: {carrier}}}"
    face.declare(HEAD + "".join(f'\n  n{n[1:]}: {{number: "{n}", route: {route}}}' for n in numbers) + "\n")
    sandbox.forget_log()
    assert face.preview() == {}
    asked = [entry for entry in sandbox.log() if path in entry["path"]]
    assert len(asked) <= most, asked


def test_what_comes_after_keeps_unknown_values_and_tells_no_secret() -> None:
    text = preflight.written([Ahead("twilio:Trunk", {"marker": "m", "codecs": ["a", UNKNOWN], "sid": UNKNOWN})])
    assert "UNKNOWN" not in text
    with pytest.raises(TypeError, match="has no place"):
        preflight.written([Ahead("twilio:Trunk", {"marker": object()})])
    assert preflight.written([]) == ""


def test_a_carrier_that_does_not_answer_is_no_obstacle_to_a_preview(face: Face, sandbox: Sandbox) -> None:
    face.declare(HEAD + GOOD)
    sandbox.fault("GET /2010-04-01/**", "status", status=503, times=50)
    assert face.preview() == {}
    assert any("could not look who holds it now" in said for said in face.said)


def test_an_update_begins_nothing_that_it_could_not_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(vendor: str) -> Session:
        raise errors.Unavailable(f"{vendor} does not answer")

    with pytest.raises(errors.Unavailable, match="twilio does not answer"):
        preflight.require(preflight.written([Ahead("twilio:Attachment", {"phone_number": "+14155550100"})]), silent)


@pytest.mark.parametrize(
    ("match", "fault"),
    [
        ("POST /v2/phone-numbers", {"status": 403}),
        ("POST /v2/phone-numbers", {"status": 409}),
        ("POST /v2/phone-numbers", {"status": 422}),
        ("POST /v1/Trunks", {"status": 400}),
        ("POST /v1/Trunks", {"status": 503}),
        ("POST /v1/Trunks/*/OriginationUrls", {"status": 409}),
        ("POST /v1/Trunks", {"action": "drop_before"}),
        ("POST /v1/Trunks", {"action": "swap_id"}),
    ],
)
def test_what_is_sent_to_the_engine_is_in_our_words(
    face: Face, sandbox: Sandbox, match: str, fault: dict[str, Any]
) -> None:
    face.declare(HEAD + GOOD)
    sandbox.fault(match, **{"action": "status", "times": 9, **fault})
    face.up(fails=None)
    assert all(len(error) <= 300 for error in face.errors.values())
    assert face.errors or fault.get("action")
