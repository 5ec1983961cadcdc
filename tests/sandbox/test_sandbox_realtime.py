"""Realtime sessions without a call: handshake, configuration, text, sound, functions, refusals, resumption."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
import websockets.exceptions
import websockets.sync.client
from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from sandbox.realtime.sound import decode
from signaling import audible
from signaling.audio import RATE, frames
from tests.sandbox.conftest import Server

Event = dict[str, Any]


@contextmanager
def session(sandbox: Server, query: str = "", key: str | None = None, secret: str = "") -> Generator[ClientConnection]:
    url = f"{sandbox.url.replace('http', 'ws')}/v1/realtime{query and '?'}{query}"
    key = sandbox.env["XAI_API_KEY"] if key is None and not secret else key
    with websockets.sync.client.connect(
        url,
        additional_headers={"Authorization": f"Bearer {key}"} if key else {},
        subprotocols=[Subprotocol(f"xai-client-secret.{secret}")] if secret else None,
        proxy=None,
    ) as socket:
        yield socket


def refused(sandbox: Server, *arguments: Any, **more: Any) -> int:
    with pytest.raises(websockets.exceptions.InvalidStatus) as error, session(sandbox, *arguments, **more):
        pass
    return error.value.response.status_code


def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    socket.send(json.dumps({"type": kind, **fields}))


def write(socket: ClientConnection, text: str) -> None:
    content = [{"type": "input_text", "text": text}]
    send(socket, "conversation.item.create", item={"type": "message", "role": "user", "content": content})


def until(socket: ClientConnection, kind: str) -> list[Event]:
    """The events up to the first of a kind."""
    found: list[Event] = []
    while not found or found[-1]["type"] != kind:
        found.append(json.loads(socket.recv(5)))
    return found


def opened(socket: ClientConnection) -> tuple[Event, str]:
    """The session as it begins, and the id of its conversation."""
    first, second = until(socket, "conversation.created")
    assert first["type"] == "session.created"
    return first["session"], second["conversation"]["id"]


def words(events: list[Event], kind: str = "response.output_audio_transcript.delta") -> str:
    return "".join(event["delta"] for event in events if event["type"] == kind)


def answer(socket: ClientConnection, text: str = "", **response: Any) -> list[Event]:
    if text:
        write(socket, text)
    send(socket, "response.create", **({"response": response} if response else {}))
    return until(socket, "response.done")


def test_a_message_is_answered_in_words_and_sound(sandbox: Server) -> None:
    with session(sandbox, "model=grok-voice-latest") as socket:
        began, _ = opened(socket)
        assert (began["object"], began["model"]) == ("realtime.session", "grok-voice-latest")
        send(socket, "session.update", session={"voice": "rex", "instructions": "Be brief."})
        (updated,) = until(socket, "session.updated")
        assert (updated["session"]["voice"], updated["session"]["instructions"]) == ("rex", "Be brief.")
        found = answer(socket, "Hello there", metadata={"from": "test"})
    kinds = list(dict.fromkeys(event["type"] for event in found))
    assert kinds == [
        "conversation.item.added",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    said = words(found)
    assert said == "This is the sandbox speaking. My voice is rex. I was told: Be brief. You said: Hello there"
    done = found[-1]["response"]
    assert (done["status"], done["metadata"]) == ("completed", {"from": "test"})
    assert done["usage"]["total_tokens"] == done["usage"]["input_tokens"] + done["usage"]["output_tokens"] > 0
    assert done["output"][0]["content"] == [{"type": "audio", "transcript": said}]
    assert len({event["event_id"] for event in found}) == len(found)


def test_the_same_session_gives_the_same_answer(sandbox: Server) -> None:
    heard: list[tuple[str, str]] = []
    for _ in range(2):
        with session(sandbox) as socket:
            opened(socket)
            found = answer(socket, "Hello")
            heard.append((words(found), words(found, "response.output_audio.delta")))
    assert heard[0] == heard[1]


@pytest.mark.parametrize(
    ("form", "rate", "width"),
    [
        ({"type": "audio/pcm", "rate": 24000}, 24000, 2),
        ({"type": "audio/pcm", "rate": 8000}, 8000, 2),
        ({"type": "audio/pcm", "rate": 44100}, 44100, 2),
        ({"type": "audio/pcmu"}, 8000, 1),
        ({"type": "audio/pcma"}, 8000, 1),
    ],
    ids=["24k", "8k", "44k1", "ulaw", "alaw"],
)
def test_formats_of_the_agents_sound(sandbox: Server, form: dict[str, Any], rate: int, width: int) -> None:
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session={"audio": {"output": {"format": form}}})
        found = answer(socket)
    sound = b"".join(base64.b64decode(e["delta"]) for e in found if e["type"] == "response.output_audio.delta")
    assert len(sound) / rate / width > 1
    pcm = decode(sound, form["type"], rate)
    assert abs(len(pcm) / RATE / 2 - len(sound) / rate / width) < 0.02
    assert all(map(audible, frames(pcm)[5:50]))


def test_binary_transport(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session={"audio": {"output": {"transport": "binary"}}})
        send(socket, "response.create")
        texts: list[str] = []
        sound = 0
        while "response.done" not in texts:
            frame = socket.recv(5)
            if isinstance(frame, bytes):
                sound += len(frame)
            else:
                texts.append(json.loads(frame)["type"])
    assert sound / 48000 > 1
    assert "response.output_audio.delta" not in texts


def test_text_alone(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        found = answer(socket, "Hi", modalities=["text"])
    assert words(found, "response.output_text.delta").endswith("You said: Hi")
    assert not [event for event in found if "audio" in event["type"]]


def test_other_names_of_events(sandbox: Server) -> None:
    sandbox.switch(xai_event_names="plain")
    with session(sandbox) as socket:
        opened(socket)
        spoken, written = answer(socket), answer(socket, modalities=["text"])
    assert {"response.audio.delta", "response.audio_transcript.delta"} <= {event["type"] for event in spoken}
    assert words(written, "response.text.delta").startswith("This is the sandbox speaking.")


def test_instructions_of_one_response(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session={"instructions": "Usual."})
        assert "I was told: Once." in words(answer(socket, instructions="Once."))
        assert "I was told: Usual." in words(answer(socket))


def stored(sandbox: Server, **agent: Any) -> str:
    made = sandbox.xai("POST", "/v1/agents", {"name": "Order Support", "instructions": "Help with orders.", **agent})
    return made.json()["agent"]["agent_id"]


def test_a_stored_agent_by_its_configuration(sandbox: Server) -> None:
    stored(sandbox)
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session={"voice": "leo", "instructions": "Help with orders."})
        said = words(answer(socket))
    assert said == ("This is the sandbox speaking. I am Order Support. My voice is leo. I was told: Help with orders.")


def test_a_stored_agent_by_its_id(sandbox: Server) -> None:
    id = stored(sandbox, voice={"voice_id": "sal", "vad_threshold": 1.0}, tools=[{"type": "web_search"}])
    with session(sandbox, f"agent_id={id}") as socket:
        began, _ = opened(socket)
        assert (began["voice"], began["instructions"]) == ("sal", "Help with orders.")
        assert began["tools"] == [{"type": "web_search"}]
        assert "I am Order Support." in words(answer(socket))
    assert refused(sandbox, "agent_id=agent_nobody") == 404


def test_an_ephemeral_secret(sandbox: Server) -> None:
    before = int(time.time())
    made = sandbox.xai("POST", "/v1/realtime/client_secrets", {"session": {"voice": "ara"}}).json()
    assert set(made) == {"value", "expires_at"}
    assert 600 <= made["expires_at"] - before <= 602
    for way in ({"secret": made["value"]}, {"key": made["value"]}):
        with session(sandbox, **way) as socket:
            assert opened(socket)[0]["voice"] == "ara"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"expires_after": {"seconds": 3601}}, 422),
        ({"expires_after": {"seconds": 0}}, 422),
        ({"expires_after": {"minutes": 1}}, 400),
        ({"session": {"voice": ""}}, 422),
        ({"seconds": 3}, 400),
    ],
)
def test_secrets_that_are_refused(sandbox: Server, body: Any, status: int) -> None:
    assert sandbox.xai("POST", "/v1/realtime/client_secrets", body).status_code == status


def test_who_is_refused(sandbox: Server) -> None:
    assert refused(sandbox, key="") == 401
    assert refused(sandbox, key="xai-wrong") == 400
    assert refused(sandbox, secret="nobodys") == 401
    made = sandbox.xai("POST", "/v1/realtime/client_secrets", {"expires_after": {"seconds": 1}}).json()
    while time.time() < made["expires_at"]:
        time.sleep(0.05)
    assert refused(sandbox, secret=made["value"]) == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("model=gpt-realtime", 404),
        ("reasoning.effort=low", 400),
        ("voice=eve", 400),
        ("call_id=00000000-0000-0000-0000-000000000000", 404),
    ],
)
def test_handshakes_that_are_refused(sandbox: Server, query: str, status: int) -> None:
    assert refused(sandbox, query) == status


def test_sessions_at_once(sandbox: Server) -> None:
    sandbox.switch(xai_sessions=1)
    with session(sandbox) as socket:
        opened(socket)
        assert refused(sandbox) == 429
    with session(sandbox) as socket:
        opened(socket)


UPDATES: list[tuple[dict[str, Any], str]] = [
    ({"voise": "eve"}, "session.voise"),
    ({"voice": 1}, "session.voice"),
    ({"model": "gpt-realtime"}, "session.model"),
    ({"turn_detection": {"type": "semantic_vad"}}, "session.turn_detection.type"),
    ({"turn_detection": {"threshold": 1.0}}, "session.turn_detection.threshold"),
    ({"turn_detection": {"silence_duration_ms": 10_001}}, "session.turn_detection.silence_duration_ms"),
    ({"audio": {"input": {"format": {"type": "pcm16"}}}}, "session.audio.input.format.type"),
    ({"audio": {"output": {"format": {"rate": 12000}}}}, "session.audio.output.format.rate"),
    ({"audio": {"output": {"speed": 2}}}, "session.audio.output.speed"),
    (
        {"audio": {"input": {"transcription": {"keyterms": ["x" * 51]}}}},
        "session.audio.input.transcription.keyterms[0]",
    ),
    ({"reasoning": {"effort": "low"}}, "session.reasoning.effort"),
    ({"resumption": {"enabled": "yes"}}, "session.resumption.enabled"),
    ({"tools": [{"type": "calculator"}]}, "session.tools[0].type"),
    ({"tools": [{"type": "function"}]}, "session.tools[0].name"),
    ({"tools": [{"type": "mcp", "server_label": "x"}]}, "session.tools[0].server_url"),
    (
        {"tools": [{"type": "web_search", "allowed_domains": ["a.example"], "excluded_domains": ["b.example"]}]},
        "session.tools[0].excluded_domains",
    ),
    ({"replace": {"a": 1}}, "session.replace"),
]


@pytest.mark.parametrize(("update", "param"), UPDATES, ids=[param for _, param in UPDATES])
def test_updates_that_are_refused_change_nothing(sandbox: Server, update: dict[str, Any], param: str) -> None:
    with session(sandbox) as socket:
        began, _ = opened(socket)
        send(socket, "session.update", event_id="mine", session={"instructions": "New.", **update})
        (error,) = until(socket, "error")
        assert (error["error"]["type"], error["error"]["param"]) == ("invalid_request_error", param)
        assert error["error"]["event_id"] == "mine"
        send(socket, "session.update", session={})
        assert until(socket, "session.updated")[-1]["session"] == began


EVERYTHING: dict[str, Any] = {
    "model": "grok-voice-think-fast-1.0",
    "instructions": "Help.",
    "reasoning": {"effort": "none"},
    "voice": "my-cloned-voice",
    "turn_detection": {
        "type": "server_vad",
        "threshold": 0.5,
        "silence_duration_ms": 300,
        "prefix_padding_ms": 200,
        "idle_timeout_ms": None,
    },
    "resumption": {"enabled": True},
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu", "rate": 8000},
            "transport": "binary",
            "transcription": {"language_hint": "en", "keyterms": ["xAI"], "model": "grok-transcribe"},
        },
        "output": {"format": {"type": "audio/pcma", "rate": 8000}, "transport": "json", "speed": 1.2},
    },
    "tools": [
        {"type": "function", "name": "one", "description": "One.", "parameters": {"type": "object"}},
        {"type": "function", "function": {"name": "two", "parameters": {}}},
        {"type": "web_search", "location": {"country": "US"}, "allowed_domains": ["example.com"]},
        {"type": "x_search", "allowed_x_handles": ["xai"], "from_date": "2026-01-01"},
        {"type": "file_search", "vector_store_ids": ["v"], "max_num_results": 3},
        {"type": "mcp", "server_label": "l", "server_url": "https://mcp.example.com", "allowed_tools": ["t"]},
    ],
    "replace": {"Acme Mobile": "Acme Mobull"},
}


def test_everything_that_is_documented_is_taken_and_echoed(sandbox: Server) -> None:
    with session(sandbox) as socket:
        opened(socket)
        send(socket, "session.update", session=EVERYTHING)
        updated = until(socket, "session.updated")[-1]["session"]
        assert {name: updated[name] for name in EVERYTHING} == EVERYTHING
        send(socket, "session.update", session={"turn_detection": None, "replace": None, "tools": []})
        updated = until(socket, "session.updated")[-1]["session"]
        assert (updated["turn_detection"], updated["tools"], "replace" in updated) == (None, [], False)


def test_unknown_fields_may_be_ignored(sandbox: Server) -> None:
    sandbox.switch(xai_unknown_fields="ignored")
    with session(sandbox, "intent=voice") as socket:
        opened(socket)
        send(socket, "session.update", session={"voice": "sal", "temperature": 1})
        updated = until(socket, "session.updated")[-1]["session"]
        assert (updated["voice"], "temperature" in updated) == ("sal", False)
