"""The conversation behind an answered call: a realtime session over WebSocket, or a hosted agent's own.

Client and server events as docs.x.ai names them (Voice Agent API; SIP, "DTMF"). The caller's sound stays on the phone:
whether a SIP session's WebSocket carries audio frames is unverified. What is said is a sound of this sandbox's.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.edge.keypad import Keypad
from sandbox.edge.record import Record
from sandbox.exchange import JsonObject, is_object
from signaling import IncomingCall, MediaStream, audible
from signaling.audio import FRAME_SECONDS, SILENCE, tone

#: Seconds of sound that count as speech, and of silence that end it.
_SPEECH, _PAUSE = 0.1, 0.5
_WORDS: Final = "This is the sandbox speaking."
_SOUND: Final = 1.3


@cache
def _speech() -> bytes:
    """A sound of two tones, as loud as a voice."""
    return tone(440, 620, seconds=_SOUND, dbfs=-15)


def say(media: MediaStream) -> None:
    """Speaks: more than a second that anybody can hear."""
    media.write(_speech())


class Listening:
    """What a caller does on the phone: speaks, and presses keys. Hands it on until the call ends."""

    def __init__(self, call: IncomingCall, record: Record) -> None:
        self._call, self._record = call, record
        self._keypad = Keypad()
        self.on_key: Callable[[str], None] = lambda key: None
        self.on_submit: Callable[[str], None] = lambda keys: None
        self.on_speech: Callable[[bool], None] = lambda begins: None

    async def run(self) -> None:
        """Until the call ends."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keys())
            group.create_task(self._sound())

    async def _keys(self) -> None:
        async for key in self._call.media.digits():
            self._record.digits += key
            self.on_key(key)
            self._submit(self._keypad.press(key, time.monotonic()))

    async def _sound(self) -> None:
        """A frame comes each 20 ms: it is the clock too."""
        loud = quiet = 0.0
        speaking = False
        async for frame in self._call.media.frames():
            self._submit(self._keypad.idle(time.monotonic()))
            heard = audible(frame.pcm)
            loud, quiet = (loud + FRAME_SECONDS, 0.0) if heard else (0.0, quiet + FRAME_SECONDS)
            if not speaking and loud >= _SPEECH:
                speaking = True
                self._submit(self._keypad.flush())
                self.on_speech(True)
            elif speaking and quiet >= _PAUSE:
                speaking = False
                self.on_speech(False)

    def _submit(self, keys: str) -> None:
        if keys:
            self.on_submit(keys)


class Hosted:
    """A hosted agent: greets at once, and answers what it is told."""

    def __init__(self, call: IncomingCall, record: Record) -> None:
        self._call, self._listening = call, Listening(call, record)

    async def run(self) -> None:
        """Until the call ends."""
        self._call.media.write(SILENCE * 5)
        say(self._call.media)
        self._listening.on_submit = lambda keys: say(self._call.media)
        self._listening.on_speech = lambda begins: None if begins else say(self._call.media)
        await self._listening.run()


class Realtime:
    """The session that an application joined by the call's id."""

    def __init__(self, socket: WebSocket, call: IncomingCall, record: Record) -> None:
        self._socket, self._call, self._record = socket, call, record
        self._listening = Listening(call, record)
        self._outbox: asyncio.Queue[JsonObject] = asyncio.Queue()
        self._session: JsonObject = {"model": "grok-voice-latest", "voice": "eve", "instructions": ""}
        client = socket.client
        self._client = f"{client.host}:{client.port}" if client else "client"

    async def run(self) -> None:
        """Until one side leaves: the call ends with the session, and the session with the call."""
        self._listening.on_key = self._pressed
        self._listening.on_submit = self._submitted
        self._listening.on_speech = self._spoke
        self._send("conversation.created", conversation={"id": self._record.id, "object": "realtime.conversation"})
        works = [self._read(), self._write(), self._listening.run(), self._call.ended()]
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            await asyncio.wait([tasks[0], tasks[3]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket.client_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):  # it leaves at this very moment
                await self._socket.close(1000)

    async def _read(self) -> None:
        try:
            async for text in self._socket.iter_text():
                self._take(text)
        except (WebSocketDisconnect, KeyError):
            return  # a binary frame is no event: the documents know text alone

    async def _write(self) -> None:
        while True:
            event = await self._outbox.get()
            self._record.event(("xai", self._client), event)
            try:
                await self._socket.send_text(json.dumps(event))
            except (WebSocketDisconnect, RuntimeError):
                return

    def _take(self, text: str) -> None:
        try:
            event: Any = json.loads(text)
        except ValueError:
            event = None
        if not is_object(event):
            return self._error("expected a JSON object with a type")
        self._record.event((self._client, "xai"), event)
        match event.get("type"):
            case "session.update" if is_object(event.get("session")):
                self._session |= event["session"]
                self._send("session.updated", session=self._session)
            case "response.create":
                self._respond()
            case "response.cancel":
                self._call.media.flush()
            case "conversation.item.create" if is_object(event.get("item")):
                self._send("conversation.item.added", item={"id": _id("item"), **event["item"]})
            case "input_audio_buffer.append" | "input_audio_buffer.commit":
                pass  # the caller's sound comes by phone
            case "input_audio_buffer.clear":
                self._send("input_audio_buffer.cleared")
            case other:
                self._error(f"{str(other)[:60]!r} is no client event, or lacks its object")
        return None

    def _respond(self) -> None:
        """The model speaks; its words are there before they are heard."""
        response, item = _id("resp"), _id("item")
        said = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        self._send(
            "response.created", response={"id": response, "object": "realtime.response", "status": "in_progress"}
        )
        entry = {"id": item, "object": "realtime.item", "type": "message", "role": "assistant", "status": "in_progress"}
        self._send("response.output_item.added", response_id=response, output_index=0, item={**entry, "content": []})
        self._send("response.output_audio_transcript.delta", **said, delta=_WORDS)
        say(self._call.media)
        self._send("response.output_audio_transcript.done", **said, transcript=_WORDS)
        self._send("response.output_audio.done", **said)
        whole = {"id": response, "object": "realtime.response", "status": "completed"}
        self._send("response.done", response=whole)

    def _pressed(self, key: str) -> None:
        self._send("input_audio_buffer.dtmf_event_received", event=key, received_at=int(time.time()))

    def _submitted(self, keys: str) -> None:
        """Text input to the model, which answers it."""
        content = [{"type": "input_text", "text": keys}]
        item = {"id": _id("item"), "object": "realtime.item", "type": "message", "role": "user", "content": content}
        self._send("conversation.item.added", item=item)
        self._respond()

    def _spoke(self, begins: bool) -> None:
        """Who speaks interrupts the model."""
        if begins:
            self._call.media.flush()
            self._send("input_audio_buffer.speech_started", item_id=_id("item"))
            return
        self._send("input_audio_buffer.speech_stopped", item_id=_id("item"))
        self._send("input_audio_buffer.committed", item_id=_id("item"))
        self._respond()

    def _error(self, message: str) -> None:
        self._send("error", error={"type": "invalid_request_error", "message": message})

    def _send(self, kind: str, **fields: object) -> None:
        # The audit event of a key is documented field by field, without an event_id.
        own = {} if kind == "input_audio_buffer.dtmf_event_received" else {"event_id": _id("event")}
        self._outbox.put_nowait({"type": kind, **own, **fields})


def _id(kind: str) -> str:
    return f"{kind}_{uuid.uuid4().hex}"
