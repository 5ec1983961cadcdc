"""What happens inside a realtime session: items, speech, functions, cancelling, resumption, errors, its end."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import websockets.exceptions
from websockets.sync.client import ClientConnection

from sandbox.realtime.conversation import Memory
from sandbox.realtime.sound import encode
from signaling.audio import RATE, tone
from tests.sandbox.conftest import Server
from tests.sandbox.test_sandbox_realtime import Event, answer, opened, send, session, until, words, write

SPEECH = tone(300, 500, seconds=0.6)
QUIET = bytes(2 * RATE)  # a second


def append(socket: ClientConnection, pcm: bytes, codec: str = "audio/pcm", rate: int = 24000) -> None:
    data = encode(pcm, codec, rate)
    for place in range(0, len(data), 4800):
        chunk = base64.b64encode(data[place : place + 4800]).decode()
        send(socket, "input_audio_buffer.append", audio=chunk)


def kinds(events: list[Event]) -> list[str]:
    """Their types, each once where it comes several times in a row."""
    return list(dict.fromkeys(event["type"] for event in events))


BAD: list[tuple[str, str, str]] = [
    ("{", "invalid_request_error", ""),
    ("[]", "invalid_request_error", "type"),
    ('{"type": "nonsense"}', "invalid_event", "type"),
    ('{"type": "conversation.item.retrieve", "item_id": "x"}', "invalid_event", "type"),
    ('{"type": "output_audio_buffer.clear"}', "invalid_event", "type"),
    ('{"type": "session.update"}', "invalid_request_error", "session"),
    ('{"type": "response.create", "respond": {}}', "invalid_request_error", "respond"),
    ('{"type": "response.create", "response": {"voice": "eve"}}', "invalid_request_error", "response.voice"),
    (
        '{"type": "response.create", "response": {"modalities": ["video"]}}',
        "invalid_request_error",
        "response.modalities",
    ),
    ('{"type": "input_audio_buffer.append", "audio": "%"}', "invalid_request_error", "audio"),
    ('{"type": "input_audio_buffer.commit"}', "invalid_request_error", "turn_detection"),
    ('{"type": "conversation.item.create", "item": {"type": "message"}}', "invalid_request_error", "item.role"),
    ('{"type": "conversation.item.create", "item": {"type": "image"}}', "invalid_request_error", "item.type"),
    ('{"type": "conversation.item.delete", "item_id": "msg_0"}', "invalid_request_error", "item_id"),
    ('{"type": "conversation.item.truncate", "item_id": "msg_0"}', "invalid_request_error", "content_index"),
]


@pytest.mark.parametrize(
    ("sent", "kind", "param"), BAD, ids=[f"{param or 'json'}-{n}" for n, (_, _, param) in enumerate(BAD)]
)
def test_errors_leave_the_session_open(sandbox: Server, sent: str, kind: str, param: str) -> None:
    with session(sandbox) as socket:
        opened(socket)
        socket.send(sent)
        (event,) = until(socket, "error")
        assert (event["error"]["type"], event["error"]["code"]) == (kind, kind)
        assert event["error"].get("param", "") == param
        assert event["error"]["message"]
        assert answer(socket)[-1]["response"]["status"] == "completed"


def test_items_are_placed_deleted_and_truncated(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        message: dict[str, Any] = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "One"}],
        }
        send(socket, "conversation.item.create", item={**message, "id": "mine"})
        (first,) = until(socket, "conversation.item.added")
        assert (first["item"]["id"], "previous_item_id" in first) == ("mine", False)
        send(socket, "conversation.item.create", item={**message, "id": "mine"})
        assert until(socket, "error")[-1]["error"]["param"] == "item.id"
        done = answer(socket)[-1]["response"]
        reply = done["output"][0]["id"]
        send(socket, "conversation.item.create", item=message, previous_item_id="mine")
        assert until(socket, "conversation.item.added")[-1]["previous_item_id"] == "mine"
        send(socket, "conversation.item.truncate", item_id=reply, content_index=0, audio_end_ms=900)
        assert until(socket, "conversation.item.truncated")[-1]["transcript"] == "This is the"
        send(socket, "conversation.item.delete", item_id="mine")
        assert until(socket, "conversation.item.deleted")[-1]["item_id"] == "mine"
        send(socket, "conversation.item.delete", item_id="mine")
        assert until(socket, "error")[-1]["error"]["param"] == "item_id"


def test_cancelling(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session={"instructions": "a long story " * 8})
        send(socket, "response.create", response={"metadata": {"n": "1"}})
        send(socket, "response.cancel")
        done = until(socket, "response.done")[-1]["response"]
        assert (done["status"], done["metadata"]) == ("cancelled", {"n": "1"})
        assert done["output"][0]["status"] == "cancelled"
        send(socket, "response.cancel", response_id="resp_other")
        assert answer(socket)[-1]["response"]["status"] == "completed"


def test_a_second_response_waits_for_the_first(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        for name in ("1", "2"):
            send(socket, "response.create", response={"metadata": {"n": name}})
        done = [until(socket, "response.done")[-1]["response"]["metadata"]["n"] for _ in range(2)]
    assert done == ["1", "2"]


@pytest.mark.parametrize(
    ("codec", "rate"),
    [("audio/pcm", 24000), ("audio/pcm", 16000), ("audio/pcmu", 8000), ("audio/pcma", 8000)],
    ids=["24k", "16k", "ulaw", "alaw"],
)
def test_speech_is_a_turn(sandbox: Server, codec: str, rate: int) -> None:
    with session(sandbox) as socket:
        opened(socket)
        form = {"type": codec, **({"rate": rate} if codec == "audio/pcm" else {})}
        turns = {"type": "server_vad", "silence_duration_ms": 300}
        send(socket, "session.update", session={"audio": {"input": {"format": form}}, "turn_detection": turns})
        until(socket, "session.updated")
        append(socket, QUIET + SPEECH + QUIET, codec, rate)
        found = until(socket, "response.done")
    assert kinds(found)[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
    ]
    started, stopped, committed, added = found[:4]
    assert abs(started["audio_start_ms"] - 1000) <= 40
    assert abs(stopped["audio_end_ms"] - 1600) <= 40
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == added["item"]["id"]
    assert "seconds of sound" in words(found)
    assert found[-1]["response"]["metadata"] is None


def forced(socket: ClientConnection, text: str, **more: Any) -> None:
    item = {"type": "force_message", "role": "assistant", "content": [{"type": "output_text", "text": text}], **more}
    send(socket, "conversation.item.create", item=item)


def test_speech_interrupts(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        forced(socket, "a long story " * 100)
        append(socket, SPEECH)
        found = until(socket, "response.done")
    assert "input_audio_buffer.speech_started" in kinds(found)
    assert found[-1]["response"]["status"] == "cancelled"


def test_turns_that_the_client_ends(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session={"turn_detection": None})
        until(socket, "session.updated")
        append(socket, SPEECH + QUIET)
        send(socket, "input_audio_buffer.clear")
        assert kinds(until(socket, "input_audio_buffer.cleared")) == ["input_audio_buffer.cleared"]
        send(socket, "input_audio_buffer.commit")
        assert until(socket, "error")[-1]["error"]["code"] == "input_audio_buffer_commit_empty"
        socket.send(encode(SPEECH, "audio/pcm", 24000))  # a binary frame is taken whatever the transport is
        send(socket, "input_audio_buffer.commit")
        found = until(socket, "conversation.item.input_audio_transcription.completed")
        assert found[-1]["transcript"] == "0.6 seconds of sound"
        assert "You said: 0.6 seconds of sound" in words(answer(socket))


def test_a_message_that_must_not_be_interrupted(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        forced(socket, "This call is recorded. " * 50, interruptible=False)
        append(socket, SPEECH)
        found = until(socket, "response.done")
        assert words(found) == ("This call is recorded. " * 50).strip()
        assert "input_audio_buffer.speech_started" not in kinds(found)


def test_a_function_is_called_and_its_result_used(sandbox: Server) -> None:
    parameters = {
        "type": "object",
        "properties": {"order": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["order"],
    }
    with session(sandbox) as socket:
        opened(socket)
        tool = {"type": "function", "name": "lookup_order", "description": "Looks up.", "parameters": parameters}
        send(socket, "session.update", session={"tools": [tool]})
        found = answer(socket, "Please lookup_order now")
        called = next(event for event in found if event["type"] == "response.function_call_arguments.done")
        assert (called["name"], json.loads(called["arguments"])) == ("lookup_order", {"order": "sandbox"})
        assert found[-1]["response"]["output"][0]["call_id"] == called["call_id"]
        output = {"type": "function_call_output", "call_id": called["call_id"], "output": '{"status": "sent"}'}
        send(socket, "conversation.item.create", item=output)
        assert words(answer(socket)).endswith('The function answered: {"status": "sent"}')


def test_silence_is_asked_about(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session={"turn_detection": {"idle_timeout_ms": 100}})
        answer(socket)
        found = until(socket, "response.done")
    assert kinds(found)[0] == "input_audio_buffer.timeout_triggered"


# --- resumption ---


def resumed(socket: ClientConnection, enabled: bool = True) -> None:
    send(socket, "session.update", session={"resumption": {"enabled": enabled}})


def told(sandbox: Server, enabled: bool = True) -> str:
    """The id of a conversation in which something was said."""
    with session(sandbox) as socket:
        _, id = opened(socket)
        resumed(socket, enabled)
        answer(socket, "My name is Ada.")
    return id


def replayed(sandbox: Server, id: str, enabled: bool = True, **more: Any) -> list[Event]:
    with session(sandbox, f"conversation_id={id}", **more) as socket:
        assert opened(socket)[1] == id
        resumed(socket, enabled)
        found = answer(socket, "And now?")
    return [event for event in found if event["type"] == "conversation.item.created"]


def test_a_conversation_is_resumed(sandbox: Server) -> None:
    id = told(sandbox)
    first = replayed(sandbox, id)
    assert [event["item"]["role"] for event in first] == ["user", "assistant"]
    assert first[0]["item"]["content"] == [{"type": "input_text", "text": "My name is Ada."}]
    assert first[1]["previous_item_id"] == first[0]["item"]["id"]
    assert len(replayed(sandbox, id)) == 4


def test_resumption_is_opted_into_both_ways(sandbox: Server) -> None:
    assert not replayed(sandbox, told(sandbox, enabled=False))
    id = told(sandbox)
    assert not replayed(sandbox, id, enabled=False)
    assert len(replayed(sandbox, id)) == 2


def test_a_conversation_of_another_team_is_unknown(sandbox: Server) -> None:
    other = sandbox.http.get("/_sandbox/env", params={"account": "other"}).json()["XAI_API_KEY"]
    assert not replayed(sandbox, told(sandbox), key=other)


def test_a_conversation_is_forgotten(sandbox: Server) -> None:
    id = told(sandbox)
    sandbox.switch(xai_resumption_seconds=0)
    assert not replayed(sandbox, id)
    now = 0.0
    memory = Memory(lambda: now)
    memory.keep("team", "conv", {"id": "a", "role": "user"})
    memory.keep("team", "conv", {"id": "b", "role": "system"})
    now = 1800
    assert [item["id"] for item in memory.recall("team", "conv", 1800)] == ["a"]
    now = 1801
    assert not memory.recall("team", "conv", 1800)


def test_the_longest_session(sandbox: Server) -> None:
    sandbox.switch(xai_session_seconds=0.3)
    with session(sandbox) as socket:
        opened(socket)
        assert until(socket, "error")[-1]["error"]["type"] == "max_duration"
        with pytest.raises(websockets.exceptions.ConnectionClosedOK):
            socket.recv(5)


def test_a_reset_ends_sessions(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        write(socket, "Hello")
        until(socket, "conversation.item.added")
        sandbox.control("POST", "reset")
        with pytest.raises(websockets.exceptions.ConnectionClosedOK):
            socket.recv(5)
