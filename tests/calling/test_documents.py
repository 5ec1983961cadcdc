"""Documents that say what a carrier does with a call: TwiML and Plivo XML, several at once, what comes after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from signaling import IncomingCall
from tests.calling import wiring
from tests.calling.test_answered import standing_in
from tests.calling.wiring import NUMBERS, PASSWORD, TARGET, WEBHOOK, Receiver
from tests.sandbox.conftest import Server

TWILIO, TELNYX, PLIVO = NUMBERS["twilio"], NUMBERS["telnyx"], NUMBERS["plivo"]
NEXT = "https://voice.example.com/next"
PBX = "<Sip>sip:desk@pbx.example.com;transport=tls</Sip>"


def xai(number: str = TWILIO, noun: str = "Sip", attributes: str = "") -> str:
    return f"<{noun}{attributes and ' '}{attributes}>sip:{number}@sip.voice.x.ai;transport=tls</{noun}>"


def document(*verbs: str) -> str:
    return f"<Response>{''.join(verbs)}</Response>"


def dial(*nouns: str, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<Dial{more}>{''.join(nouns)}</Dial>"


@pytest.fixture
def twiml(sandbox: Server, receiver: Receiver) -> Receiver:
    """A number of Twilio's that asks a URL, registered at xAI, and an application that answers."""
    wiring.twiml(sandbox)
    wiring.xai(sandbox, TWILIO)
    return receiver


def outcome(sandbox: Server, number: str = TWILIO) -> tuple[str | None, int | None, str | None]:
    found = wiring.call(sandbox, number, seconds=0.1)["outcome"]
    return found["hop"], found["code"], found["answered_by"]


ANSWERED = (None, 200, f"webhook:{WEBHOOK}")


class Desk:
    """A telephone that stands in for a PBX. ``does``: what it does with a call."""

    def __init__(self, does: Callable[[IncomingCall], Any]) -> None:
        self.does, self.cancelled = does, False

    async def take(self, call: IncomingCall) -> None:
        await self.does(call)
        if call.pending:
            await call.ended()
            self.cancelled = True

    def called(self, sandbox: Server, number: str = TWILIO) -> dict[str, Any]:
        return asyncio.run(standing_in(sandbox, ("pbx.example.com",), self.take, number))


async def answers(call: IncomingCall) -> None:
    await call.answer()
    await call.ended()


async def rings(call: IncomingCall) -> None:
    call.ring()


async def is_busy(call: IncomingCall) -> None:
    call.reject(486)


# --- several at once ---


def test_the_agent_answers_first_and_the_desk_is_cancelled(sandbox: Server, twiml: Receiver) -> None:
    twiml.twiml = document(dial(PBX, xai()))
    desk = Desk(rings)
    found = desk.called(sandbox)
    assert (found["state"], found["outcome"]["answered_by"]) == ("ended", f"webhook:{WEBHOOK}")
    assert desk.cancelled
    assert "CANCEL sip:desk@pbx.example.com;transport=tls SIP/2.0" in [step["line"] for step in found["ladder"]]


def test_the_desk_answers_first_and_the_agent_is_cancelled(sandbox: Server, twiml: Receiver) -> None:
    twiml.twiml, twiml.joins = document(dial(xai(), PBX)), False
    found = Desk(answers).called(sandbox)
    assert (found["state"], found["outcome"]["answered_by"]) == ("ended", "host:pbx.example.com")
    assert f"CANCEL sip:{TWILIO}@sip.voice.x.ai;transport=tls SIP/2.0" in [step["line"] for step in found["ladder"]]


def test_one_that_refuses_does_not_end_the_others(sandbox: Server, twiml: Receiver) -> None:
    twiml.twiml = document(dial(PBX, xai()))
    found = Desk(is_busy).called(sandbox)
    assert found["outcome"]["answered_by"] == f"webhook:{WEBHOOK}"


def test_two_numbers_of_xais_ring_as_two_calls(sandbox: Server, twiml: Receiver) -> None:
    wiring.xai(sandbox, PLIVO)
    twiml.twiml, twiml.joins = document(dial(xai(), xai(PLIVO))), False
    assert outcome(sandbox)[:2] == ("session", 480)
    assert len({body for _, body in twiml.deliveries if "call_id" in body}) == 2


def test_a_number_is_called_as_its_carrier_does(sandbox: Server, twiml: Receiver) -> None:
    wiring.telnyx(sandbox)
    wiring.xai(sandbox, TELNYX)
    for text in (dial(f"<Number>{TELNYX}</Number>"), dial(TELNYX), dial(PBX, f"<Number>{TELNYX}</Number>")):
        twiml.twiml = document(text)
        assert outcome(sandbox) == ANSWERED
    twiml.twiml = document(dial("<Number>+19995550100</Number>"))
    assert outcome(sandbox)[0] == "number"
    twiml.twiml = document(dial(f"<Number>{TWILIO}</Number>"))  # its own: it asks itself again
    assert outcome(sandbox)[0] == "attachment"


def test_an_account_without_enhanced_features_dials_one_sip(sandbox: Server, twiml: Receiver) -> None:
    sandbox.switch(twilio_enhanced_sip=False)
    twiml.twiml = document(dial(PBX, xai()))
    assert outcome(sandbox)[0] == "attachment"
    twiml.twiml = document(dial(xai()))
    assert outcome(sandbox) == ANSWERED


# --- one after the other ---


def test_what_follows_a_dial_that_failed(sandbox: Server, twiml: Receiver) -> None:
    twiml.twiml = document("<Say>Wait.</Say>", dial(xai("+14155550199")), dial(xai()))
    assert outcome(sandbox) == ANSWERED


@pytest.mark.parametrize("last", ["<Hangup/>", "<Reject/>", "<Enqueue>desk</Enqueue>"])
def test_verbs_that_end_it(sandbox: Server, twiml: Receiver, last: str) -> None:
    twiml.twiml = document(last, dial(xai()))
    assert outcome(sandbox)[0] == "attachment"
    twiml.twiml = document(dial(xai("+14155550199")), last, dial(xai()))
    assert outcome(sandbox)[:2] == ("registration", 404)


@pytest.mark.parametrize("url", [NEXT, "next", "/next"])
def test_a_redirection(sandbox: Server, twiml: Receiver, url: str) -> None:
    twiml.twiml = document(f"<Redirect>{url}</Redirect>", dial(PBX))
    twiml.serves(NEXT, document(dial(xai())))
    assert outcome(sandbox) == ANSWERED


def test_a_redirection_without_end(sandbox: Server, twiml: Receiver) -> None:
    twiml.twiml = document(f"<Redirect>{wiring.TWIML}</Redirect>")
    assert outcome(sandbox)[0] == "attachment"
    assert len(twiml.asked) == 10


@pytest.mark.parametrize(
    ("does", "told"),
    [(is_busy, {"DialCallStatus": "busy", "DialSipResponseCode": "486"}), (answers, {"DialCallStatus": "completed"})],
    ids=["busy", "completed"],
)
def test_the_action_hears_how_it_ended(
    sandbox: Server, twiml: Receiver, does: Callable[[IncomingCall], Any], told: dict[str, str]
) -> None:
    twiml.twiml = document(dial(PBX, action="/next"), dial(PBX))
    twiml.serves(NEXT, document(dial(xai())))
    found = Desk(does).called(sandbox)
    by = "host:pbx.example.com" if does is answers else f"webhook:{WEBHOOK}"
    assert found["outcome"]["answered_by"] == by
    (_, form) = twiml.asked[-1]
    assert form.items() >= {**told, "To": TWILIO}.items()
    assert len(twiml.asked) == 2


REFUSED = [
    ("no such verb", document("<Call/>", dial(xai()))),
    ("lower case", "<Response><dial/></Response>"),
    ("no such noun", document(dial("<Phone>1</Phone>", xai()))),
    ("eleven nouns", document(dial(*[xai()] * 11))),
    ("another root", "<Answer/>"),
    ("a timeout in words", document(dial(xai(), timeout="soon"))),
    ("a timeout below zero", document(dial(xai(), timeout="-4"))),
    ("nobody that SIP reaches", document(dial("<Client>ada</Client>"))),
    ("nothing", document()),
]


@pytest.mark.parametrize(("name", "text"), REFUSED, ids=[name for name, _ in REFUSED])
def test_documents_that_lead_nowhere(sandbox: Server, twiml: Receiver, name: str, text: str) -> None:
    twiml.twiml = text
    assert outcome(sandbox)[0] == "attachment"


def test_the_fallback_url_is_for_documents_alone(sandbox: Server, receiver: Receiver) -> None:
    wiring.twiml(sandbox, VoiceFallbackUrl=NEXT)
    wiring.xai(sandbox, TWILIO)
    receiver.serves(NEXT, document(dial(xai())))
    receiver.twiml = "<Response>"
    assert outcome(sandbox) == ANSWERED
    receiver.twiml = document(dial(xai("+14155550199")))
    assert outcome(sandbox)[:2] == ("registration", 404)


# --- disaster recovery of a trunk ---


@pytest.mark.parametrize(("number", "recovered"), [(TWILIO, True), ("+14155550199", False)], ids=["480", "404"])
def test_disaster_recovery(sandbox: Server, receiver: Receiver, number: str, recovered: bool) -> None:
    wiring.twilio(sandbox, urls=[f"sip:{number}@sip.voice.x.ai;transport=tls"], DisasterRecoveryUrl=NEXT)
    wiring.xai(sandbox, TWILIO)
    receiver.joins = False
    receiver.serves(NEXT, document(dial(PBX)))
    found = Desk(answers).called(sandbox)
    assert found["outcome"]["answered_by"] == ("host:pbx.example.com" if recovered else None)
    assert len(receiver.asked) == recovered


def test_disaster_recovery_that_nobody_answers(sandbox: Server, receiver: Receiver) -> None:
    wiring.twilio(sandbox, urls=["sip:nobody.example.com;transport=tls"], DisasterRecoveryUrl=NEXT)
    assert outcome(sandbox)[:2] == ("dns", None)


def test_disaster_recovery_is_not_asked_when_all_is_well(sandbox: Server, receiver: Receiver) -> None:
    wiring.twilio(sandbox, urls=["sip:nobody.example.com;transport=tls", TARGET], DisasterRecoveryUrl=NEXT)
    wiring.xai(sandbox, TWILIO)
    receiver.serves(NEXT, document(dial(PBX)))
    assert outcome(sandbox) == ANSWERED
    assert not receiver.asked


# --- an application of Plivo's ---

USER = xai(PLIVO, "User")
APPLICATIONS: list[tuple[str, str, str | None, int | None]] = [
    ("a user", document(dial(USER)), None, 200),
    ("after words", document("<Speak>Hi</Speak>", "<Wait/>", dial(USER)), None, 200),
    ("several at once", document(dial("<User>sip:desk@pbx.example.com;transport=tls</User>", USER)), None, 200),
    ("one after the other", document(dial(xai("+12125550199", "User")), dial(USER)), None, 200),
    ("a redirection", document(f"<Redirect>{NEXT}</Redirect>"), None, 200),
    ("an action", document(dial(xai("+12125550199", "User"), action=NEXT)), None, 200),
    (
        "an action that only listens",
        document(dial(xai("+1", "User"), action=NEXT, redirect="false")),
        "registration",
        404,
    ),
    ("no login", document(dial(USER)), "authentication", 401),
    ("a login", document(dial(xai(PLIVO, "User", f'sipAuthUsername="u" sipAuthPassword="{PASSWORD}"'))), None, 200),
    ("hung up", document("<Hangup/>", dial(USER)), "attachment", None),
    ("an empty Dial", document("<Dial/>"), "attachment", None),
    ("a verb of Twilio's", document("<Say>Hi</Say>", dial(USER)), "attachment", None),
    ("no URI", document(dial("<User>nobody</User>")), "trunk", None),
]


@pytest.mark.parametrize(("name", "text", "hop", "code"), APPLICATIONS, ids=[each[0] for each in APPLICATIONS])
def test_an_application(
    sandbox: Server, receiver: Receiver, name: str, text: str, hop: str | None, code: int | None
) -> None:
    wiring.application(sandbox)
    wiring.xai(sandbox, PLIVO, digest="u" if "login" in name else "")
    receiver.twiml = text
    receiver.serves(NEXT, document(dial(USER)))
    assert outcome(sandbox, PLIVO)[:2] == (hop, code)
    assert receiver.asked[0][1].items() >= {"From": "14155550142", "To": PLIVO[1:], "Event": "StartApp"}.items()


def test_an_applications_fallback_url(sandbox: Server, receiver: Receiver) -> None:
    wiring.application(sandbox, answer_url="https://elsewhere.example.com/", fallback_answer_url=NEXT)
    wiring.xai(sandbox, PLIVO)
    receiver.serves(NEXT, document(dial(USER)))
    assert outcome(sandbox, PLIVO) == ANSWERED


def test_an_application_without_a_url(sandbox: Server, receiver: Receiver) -> None:
    wiring.application(sandbox, answer_url="")
    assert outcome(sandbox, PLIVO)[0] == "attachment"


def test_headers_of_a_user(sandbox: Server, receiver: Receiver) -> None:
    wiring.application(sandbox)
    wiring.xai(sandbox, PLIVO)
    receiver.twiml = document(dial(xai(PLIVO, "User", 'sipHeaders="Customer=42,PH-Own=1"')))
    assert outcome(sandbox, PLIVO) == ANSWERED
    told = next(body for _, body in receiver.deliveries if "sip_headers" in body)
    assert '"42"' in told
    assert "Own" not in told


def test_nobody_answers_in_time(sandbox: Server, receiver: Receiver) -> None:
    wiring.application(sandbox)
    receiver.twiml = document(dial("<User>sip:desk@pbx.example.com;transport=tls</User>", timeout="1", action="/next"))
    receiver.serves(NEXT, document("<Hangup/>"))
    desk = Desk(rings)
    found = desk.called(sandbox, PLIVO)
    assert (found["outcome"]["hop"], found["outcome"]["code"]) == ("sip", None)
    assert "nobody answered within 1 s" in found["outcome"]["reason"]
    assert receiver.asked[-1][1]["DialStatus"] == "no-answer"
    assert desk.cancelled
