"""The realtime session of a call: what goes by telephone and what by WebSocket, and what the session may do."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from signaling import Call, IncomingRefer, audible
from signaling.audio import tone
from tests.calling import wiring
from tests.calling.test_answered import control
from tests.calling.wiring import NUMBERS, Receiver
from tests.sandbox.conftest import Server

NUMBER = NUMBERS["sip"]
Refer = Callable[[Call, IncomingRefer], Awaitable[None]]


@pytest.fixture
def line(sandbox: Server, receiver: Receiver) -> Receiver:
    """A number that anybody may call, and an application that says nothing by itself."""
    wiring.xai(sandbox, NUMBER)
    receiver.script = lambda socket, call_id: None
    return receiver


def called(sandbox: Server, seconds: float, speak: bytes = b"", takes: Refer | None = None) -> float:
    """A call of so many seconds after its answer; how many of them something was heard."""

    async def main() -> float:
        async with wiring.phone(sandbox, on_refer=takes) as agent:
            call = await agent.call(f"sip:{NUMBER}@sip.voice.x.ai;transport=tls")
            await call.answered(10)
            call.media.write(speak)
            heard = 0.0

            async def listen() -> None:
                nonlocal heard
                async for frame in call.media.frames():
                    heard += 0.02 if audible(frame.pcm) else 0

            listening = asyncio.ensure_future(listen())
            await asyncio.sleep(seconds)
            await call.hangup()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            return heard

    return asyncio.run(main())


def send(socket: Any, kind: str, **fields: Any) -> None:
    socket.send(json.dumps({"type": kind, **fields}))


@pytest.mark.parametrize("by_socket", [False, True], ids=["by telephone", "by WebSocket too"])
def test_where_the_agents_sound_goes(sandbox: Server, line: Receiver, by_socket: bool) -> None:
    sandbox.switch(xai_call_audio=by_socket)
    line.script = lambda socket, call_id: send(socket, "response.create")
    assert called(sandbox, 1.8) > 1
    assert line.closed.wait(2)
    sound = [base64.b64decode(e["delta"]) for e in line.events if e["type"] == "response.output_audio.delta"]
    assert bool(sound) == by_socket
    assert "response.output_audio_transcript.delta" in line.kinds()
    assert line.kinds()[-1] == "response.done"


def test_sound_that_the_application_sends_is_no_callers(sandbox: Server, line: Receiver) -> None:
    def script(socket: Any, call_id: str) -> None:
        chunk = base64.b64encode(tone(300, seconds=1)).decode()
        send(socket, "input_audio_buffer.append", audio=chunk)

    line.script = script
    called(sandbox, 0.5)
    assert line.closed.wait(2)
    assert line.kinds() == ["session.created", "conversation.created"]


def test_what_a_caller_says_is_answered(sandbox: Server, line: Receiver) -> None:
    called(sandbox, 1.5, speak=tone(300, seconds=0.5))
    assert line.closed.wait(2)
    kinds = list(dict.fromkeys(line.kinds()))
    assert kinds[2:8] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
    ]


def test_cancelling_silences_the_telephone(sandbox: Server, line: Receiver) -> None:
    def script(socket: Any, call_id: str) -> None:
        send(socket, "response.create")
        time.sleep(0.3)
        send(socket, "response.cancel")

    line.script = script
    assert 0 < called(sandbox, 1.6) < 0.9


def test_a_scripted_line_is_heard(sandbox: Server, line: Receiver) -> None:
    content = [{"type": "output_text", "text": "This call is recorded."}]
    item = {"type": "force_message", "role": "assistant", "content": content}
    line.script = lambda socket, call_id: send(socket, "conversation.item.create", item=item)
    assert called(sandbox, 1.8) > 1
    assert line.closed.wait(2)
    done = [event["response"] for event in line.events if event["type"] == "response.done"]
    assert [each["output"][0]["content"][0]["transcript"] for each in done] == ["This call is recorded."]


def test_an_ephemeral_secret_joins_no_call(sandbox: Server, line: Receiver) -> None:
    line.key = sandbox.xai("POST", "/v1/realtime/client_secrets", {}).json()["value"]
    found = wiring.call(sandbox, NUMBER, seconds=0.1, leg={"uri": f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"})
    assert line.refused == [401]
    assert (found["outcome"]["hop"], found["outcome"]["code"]) == ("session", 480)


def test_an_earlier_call_is_resumed(sandbox: Server, line: Receiver) -> None:
    ids: list[str] = []

    def script(socket: Any, call_id: str) -> None:
        ids.append(call_id)
        send(socket, "session.update", session={"resumption": {"enabled": True}})
        send(socket, "response.create")

    line.script = script
    called(sandbox, 0.5)
    assert line.closed.wait(2)
    assert "conversation.item.created" not in line.kinds()
    line.query, line.events = f"&conversation_id={ids[0]}", []
    line.closed.clear()
    called(sandbox, 0.5)
    assert line.closed.wait(2)
    (created,) = [event for event in line.events if event["type"] == "conversation.created"]
    assert created["conversation"]["id"] == ids[0] != ids[1]
    (again,) = [event for event in line.events if event["type"] == "conversation.item.created"]
    assert again["item"]["role"] == "assistant"


def test_a_refused_transfer_leaves_the_session(sandbox: Server, receiver: Receiver) -> None:
    wiring.twilio(sandbox, TransferMode="disable-all")
    wiring.xai(sandbox, NUMBERS["twilio"])

    def script(socket: Any, call_id: str) -> None:
        assert control(sandbox, call_id, "refer", {"target_uri": "tel:+14155550188"}).status_code == 502
        send(socket, "response.create")

    receiver.script = script
    assert wiring.call(sandbox, NUMBERS["twilio"], seconds=1)["state"] == "ended"
    assert receiver.closed.wait(2)
    assert "response.done" in receiver.kinds()


def test_a_transfer_that_nobody_reports_on(sandbox: Server, line: Receiver) -> None:
    sandbox.switch(xai_transfer_seconds=0.2)
    answers: list[tuple[int, str]] = []

    def script(socket: Any, call_id: str) -> None:
        answer = control(sandbox, call_id, "refer", {"target_uri": "tel:+14155550188"})
        answers.append((answer.status_code, answer.json()["error"]))

    async def takes(call: Call, refer: IncomingRefer) -> None:
        await refer.accept()

    line.script = script
    called(sandbox, 0.8, takes=takes)
    assert answers == [(504, "transfer did not resolve in time")]


def test_a_hangup_before_anybody_joined(sandbox: Server, receiver: Receiver) -> None:
    wiring.xai(sandbox, NUMBER)
    receiver.joins = False
    original = receiver.take

    def take(request: Any, body: str) -> None:
        original(request, body)
        assert control(sandbox, json.loads(body)["data"]["call_id"], "hangup").status_code == 200

    receiver.take = take
    found = wiring.call(sandbox, NUMBER, leg={"uri": f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"})
    assert (found["outcome"]["hop"], found["outcome"]["code"]) == ("session", 480)
    assert "hung up" in found["outcome"]["reason"]
