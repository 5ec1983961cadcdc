"""The application of docs/receiver.md takes real calls in the sandbox; what the page says of a call holds."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.calling import wiring
from tests.calling.wiring import NUMBERS, WEBHOOK
from tests.conftest import ROOT
from tests.sandbox.conftest import Server
from tests.serving import serving
from xai_resources import realtime
from xai_resources.calls import Call, CallError, NoSuchCall, Transfer
from xai_resources.realtime import KeyPressed, ResponseDone, Session, SessionRefused, Words
from xai_resources.webhook import Endpoint, Event, Webhook

PAGE = (ROOT / "docs/receiver.md").read_text()
PHONE, OTHER, *STORES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TWILIO = NUMBERS["twilio"]
DESK = "tel:+14155550188"


@pytest.fixture
def line(sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A number whose calls are announced; answers its signing secret. The environment is as an application finds it."""
    wiring.twilio(sandbox, TransferMode="enable-all")
    wiring.xai(sandbox, TWILIO)
    secret = sandbox.control("GET", "secrets")["signing_secrets"][TWILIO]
    for name in ("XAI_API_KEY", "XAI_BASE_URL"):
        monkeypatch.setenv(name, sandbox.env[name])
    monkeypatch.setenv("XAI_SIGNING_SECRETS", secret)
    return secret


def called(sandbox: Server, app: Any, **more: Any) -> dict[str, Any]:
    """A call that an application takes."""
    with serving(app) as url:
        sandbox.control("POST", "receivers", {"url": WEBHOOK, "deliver_to": url})
        return wiring.call(sandbox, TWILIO, **more)


def answering(sandbox: Server, take: Callable[[Call, Session], Any], **more: Any) -> dict[str, Any]:
    """A call that is joined, and what is done with it then. What goes wrong there is raised here."""
    wrong: list[BaseException] = []

    async def answer(event: Event) -> None:
        try:
            call = Call(event.call_id)
            async with call.join(voice="eve", instructions="Help.") as session:
                await take(call, session)
        except BaseException as error:
            wrong.append(error)

    found = called(sandbox, Endpoint(answer, Webhook()), **more)
    for error in wrong:
        raise error
    return found


def application(code: str, **known: Any) -> dict[str, Any]:
    names = dict(known)
    exec(compile(code, "phone.py", "exec"), names)
    return names


@pytest.mark.parametrize("place", range(len(STORES)))
def test_programs_for_stores_are_python(place: int) -> None:
    """Their providers are not installed here."""
    names = {node.id for node in ast.walk(ast.parse(STORES[place])) if isinstance(node, ast.Name)}
    assert "secrets" in names


def test_twenty_lines() -> None:
    assert len([text for text in PHONE.splitlines() if text.strip()]) <= 20


def test_the_application_of_the_page_answers_and_transfers(sandbox: Server, line: str) -> None:
    found = called(sandbox, application(PHONE)["app"], digits="0", seconds=10)
    assert (found["state"], found["outcome"]["answered_by"]) == ("ended", f"webhook:{WEBHOOK}")
    lines = [step["line"] for step in found["ladder"]]
    assert any(text.startswith("REFER ") for text in lines)
    assert any(f"Refer-To: <{DESK}>" in step["text"] for step in found["ladder"])


def test_a_transfer_that_fails_leaves_the_caller_with_it(sandbox: Server, line: str) -> None:
    wiring.ok(sandbox.twilio("POST", f"/v1/Trunks/{trunk(sandbox)}", {"TransferMode": "disable-all"}))
    found = called(sandbox, application(PHONE)["app"], digits="0", seconds=3)
    said = [step["text"] for step in found["ladder"] if step["kind"] == "websocket"]
    assert any("Nobody is there just now." in text for text in said)


def trunk(sandbox: Server) -> str:
    [one] = sandbox.state()["twilio"]["trunks"]
    return str(one["sid"])


def test_a_framework_of_ones_own(line: str) -> None:
    taken: list[str] = []

    async def answer(event: Event) -> None:
        taken.append(event.call_id)

    async def main() -> list[int]:
        from tests.test_webhook import incoming, signed

        delivered = application(OTHER, answer=answer)["delivered"]
        now = int(__import__("time").time())
        statuses = [delivered(incoming(), signed(incoming(), line, at=now)), delivered(b"{}", {})]
        await asyncio.sleep(0)
        return statuses

    assert asyncio.run(main()) == [200, 401]
    assert taken == ["call_1"]


# -- a session ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", ["output", "plain"])
def test_events_have_types(sandbox: Server, line: str, names: str) -> None:
    """The reference gives two names for some, side by side."""
    sandbox.control("POST", "switches", {"xai.event_names": names})
    events: list[realtime.SessionEvent] = []

    async def take(call: Call, session: Session) -> None:
        await session.respond()
        async for event in session:
            events.append(event)

    answering(sandbox, take, digits="15#", seconds=0.5)
    assert [event.key for event in events if isinstance(event, KeyPressed)] == ["1", "5", "#"]
    assert {"completed"} == {event.status for event in events if isinstance(event, ResponseDone)}
    assert any(isinstance(event, Words) and event.spoken and event.text for event in events)
    assert [event.type for event in events[:2]] == ["session.created", "conversation.created"]


def test_a_reply_as_text(sandbox: Server, line: str) -> None:
    heard: list[str] = []

    async def take(call: Call, session: Session) -> None:
        await session.write("Who are you?")
        await session.respond()
        heard.append(await session.reply())

    answering(sandbox, take, seconds=1)
    [text] = heard
    assert text.startswith("This is the sandbox speaking.") and text.endswith("You said: Who are you?")


def test_what_xai_does_not_understand(sandbox: Server, line: str) -> None:
    async def take(call: Call, session: Session) -> None:
        await session.send("nonsense")
        await session.reply()

    with pytest.raises(realtime.SessionError, match="nonsense"):
        answering(sandbox, take, seconds=1)


def test_after_the_call_nothing_can_be_said(sandbox: Server, line: str) -> None:
    async def take(call: Call, session: Session) -> None:
        async for _ in session:
            pass
        with pytest.raises(realtime.SessionLost):
            await session.respond()
        with pytest.raises(NoSuchCall) as caught:
            await call.refer(DESK)
        assert caught.value.status == 404
        assert not await call.hangup()

    answering(sandbox, take, seconds=0.1)


def test_a_second_one_cannot_join(sandbox: Server, line: str) -> None:
    async def take(call: Call, session: Session) -> None:
        with pytest.raises(SessionRefused, match="was joined already") as caught:
            async with call.join():
                pass
        assert caught.value.status == 404

    answering(sandbox, take, seconds=0.5)


def test_hanging_up_before_joining_refuses_the_call(sandbox: Server, line: str) -> None:
    done: list[bool] = []

    async def answer(event: Event) -> None:
        done.append(await Call(event.call_id).hangup())

    found = called(sandbox, Endpoint(answer, Webhook()))
    assert (done, found["state"], found["outcome"]["hop"]) == ([True], "failed", "session")


@pytest.mark.parametrize(
    ("mode", "target", "transfer"),
    [
        ("enable-all", DESK, Transfer("answered")),
        ("disable-all", DESK, Transfer("rejected", 603, "Decline")),
        ("sip-only", "sip:+14155550188@x.pstn.twilio.com", Transfer("answered")),
    ],
)
def test_transfers(sandbox: Server, line: str, mode: str, target: str, transfer: Transfer) -> None:
    wiring.ok(sandbox.twilio("POST", f"/v1/Trunks/{trunk(sandbox)}", {"TransferMode": mode}))
    done: list[Transfer] = []

    async def take(call: Call, session: Session) -> None:
        done.append(await call.refer(target))

    answering(sandbox, take, seconds=5)
    assert done == [transfer]
    refers = [each for each in sandbox.log() if each["path"].endswith("/refer")]
    assert len(refers) == 1


#: What the API answers to a transfer, and what that means; no answer is ever a reason to send it again.
ANSWERS: list[tuple[int, object, Transfer | int]] = [
    (504, {"error": "it did not resolve"}, Transfer("unanswered", 0, "it did not resolve")),
    (502, {"error": "no route"}, Transfer("rejected", 0, "no route")),
    (502, "<html>", Transfer("unknown", 0, "HTTP 502")),
    (504, "<html>", Transfer("unknown", 0, "HTTP 504")),
    (500, {"error": {"message": "broken"}}, 500),
    (403, [], 403),
    (429, {}, 429),
]


@pytest.mark.parametrize("place", range(len(ANSWERS)))
def test_what_is_answered_to_a_transfer(sandbox: Server, place: int) -> None:
    status, body, meant = ANSWERS[place]
    sandbox.fault("POST /v1/realtime/calls/*/refer", "status", status=status, body=body)
    call = Call("call_1", api_key=sandbox.env["XAI_API_KEY"], base_url=sandbox.url)
    if isinstance(meant, Transfer):
        assert asyncio.run(call.refer(DESK)) == meant
    else:
        with pytest.raises(CallError) as caught:
            asyncio.run(call.refer(DESK))
        assert caught.value.status == meant
    assert len([each for each in sandbox.log() if each["path"].endswith("/refer")]) == 1


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_transfer_without_an_answer_is_unknown_and_not_sent_again(sandbox: Server, action: str) -> None:
    sandbox.fault("POST /v1/realtime/calls/*/refer", action)
    call = Call("call_1", api_key=sandbox.env["XAI_API_KEY"], base_url=sandbox.url)
    assert asyncio.run(call.refer(DESK)).outcome == "unknown"
    assert len([each for each in sandbox.log() if each["path"].endswith("/refer")]) == 1


@pytest.mark.parametrize("key", ["", "xai-wrong"])
def test_a_wrong_key(sandbox: Server, line: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not key:
        monkeypatch.delenv("XAI_API_KEY")
        with pytest.raises(ValueError, match="no API key"):
            Call("call_1")
        return

    async def join() -> None:
        async with Call("call_1", api_key=key).join():
            pass

    with pytest.raises(SessionRefused, match="the API key is wrong"):
        asyncio.run(join())
    with pytest.raises(CallError) as caught:
        asyncio.run(Call("call_1", api_key=key).hangup())
    assert key not in str(caught.value)
