"""A realtime session: client events in, server events out (voice-realtime.ws.json), until one side leaves.

What no document says is marked; the switches ``xai.unknown_fields``, ``xai.event_names`` and ``xai.call_audio`` play the
other ways.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.exchange import JsonObject
from sandbox.realtime import events, mind, sound
from sandbox.realtime.answering import Response, Wanted
from sandbox.realtime.conversation import Conversation, Memory, new_id
from sandbox.realtime.hearing import PAUSE, Ear
from sandbox.realtime.reading import Complaint
from sandbox.realtime.settings import Settings

#: Events for whose names the documents give two: with ``output_``, and without.
_RENAMED: Final = ("response.output_text.", "response.output_audio.", "response.output_audio_transcript.")


@dataclass(frozen=True)
class Manner:
    """How xAI behaves where its documents leave a choice. Times in seconds."""

    strict: bool = True
    plain_names: bool = False
    longest: float = 7200
    expiry: float = 1800


class Line(Protocol):
    """What is behind a session besides its WebSocket: a telephone, or nothing."""

    #: Whether sound comes in by the WebSocket, and whether the agent's goes out by it.
    heard: bool
    played: bool

    def speak(self) -> None:
        """The agent speaks."""
        ...

    def hush(self) -> None:
        """It is interrupted."""
        ...


class Nobody:
    """No telephone: all sound goes by the WebSocket."""

    heard = played = True

    def speak(self) -> None:
        """Nothing to speak into."""

    def hush(self) -> None:
        """Nothing to silence."""


@dataclass
class Who:
    """Whose session it is, and how the stored agent with given instructions is called (empty: there is none)."""

    team: str
    named: Callable[[str], str] = lambda instructions: ""


class Session:
    """A session of a conversation. ``tell``: every event, for a ladder; True for those of the client."""

    def __init__(
        self,
        socket: WebSocket,
        *,
        who: Who,
        conversation_id: str,
        settings: Settings,
        manner: Manner,
        memory: Memory,
        line: Line | None = None,
        tell: Callable[[bool, JsonObject], None] = lambda client, event: None,
    ) -> None:
        self._socket, self._who, self._id, self._settings = socket, who, conversation_id, settings
        self._manner, self._memory, self._tell = manner, memory, tell
        self._line: Line = line or Nobody()
        self._conversation = Conversation()
        self._outbox: asyncio.Queue[JsonObject | bytes] = asyncio.Queue()
        self._ear = Ear(self.spoke)
        self._buffer = bytearray()
        self._turn = new_id("msg")
        self._pending: deque[Wanted] = deque()
        self._running: Response | None = None
        self._task: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._resumed = self._speaking = False

    async def run(self, *beside: Awaitable[object], until: Awaitable[object] | None = None) -> None:
        """Until the client leaves, or ``until`` is done. ``beside`` runs as long."""
        self.send("session.created", session=self._settings.document())
        self.send("conversation.created", conversation={"id": self._id, "object": "realtime.conversation"})
        writer = asyncio.ensure_future(self._write())
        ends = [asyncio.ensure_future(self._read()), *([asyncio.ensure_future(until)] if until else [])]
        tasks = [writer, *ends, *(asyncio.ensure_future(work) for work in beside)]
        try:
            done, _ = await asyncio.wait(ends, timeout=self._manner.longest, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self.send(
                    "error", error={"type": "max_duration", "code": "max_duration", "message": "Session too long."}
                )
                await asyncio.sleep(0.05)  # until it is written
            elif ends[0] in done:
                ends[0].result()
        finally:
            await self._stop([*tasks, *([self._task] if self._task else [])])
        if self._socket.client_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):  # it leaves at this very moment
                await self._socket.close(1000)

    async def _stop(self, tasks: Sequence[asyncio.Future[object]]) -> None:
        if self._idle is not None:
            self._idle.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the wire ---

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if message["type"] == "websocket.disconnect":
                return
            if (text := message.get("text")) is not None:
                self._take(text)
            elif (data := message.get("bytes")) is not None:
                self._append(data)

    async def _write(self) -> None:
        while True:
            event = await self._outbox.get()
            try:
                if isinstance(event, bytes):
                    await self._socket.send_bytes(event)
                else:
                    self._tell(False, event)
                    await self._socket.send_text(json.dumps(event))
            except (WebSocketDisconnect, RuntimeError):
                return

    def send(self, kind: str, /, **fields: object) -> None:
        """A server event."""
        if self._manner.plain_names and kind.startswith(_RENAMED):
            kind = kind.replace("output_", "", 1)
        # The page on SIP documents the audit event of a key field by field, without an event_id.
        own = {} if kind == "input_audio_buffer.dtmf_event_received" else {"event_id": new_id("event")}
        self._outbox.put_nowait({"type": kind, **own, **fields})

    def _take(self, text: str) -> None:
        event: JsonObject = {}
        try:
            event = events.parse(text)
            self._tell(True, event)
            self._serve(events.check(event, self._manner.strict))
        except Complaint as complaint:
            told = {"type": complaint.kind, "code": complaint.code, "message": complaint.message}
            if complaint.param:
                told["param"] = complaint.param
            if isinstance(event.get("event_id"), str):
                told["event_id"] = event["event_id"]
            self.send("error", error=told)

    # --- client events ---

    def _serve(self, event: JsonObject) -> None:
        match event["type"]:
            case "session.update":
                self._update(event["session"])
            case "input_audio_buffer.append":
                self._append(events.sound(event["audio"]))
            case "input_audio_buffer.commit":
                self._commit()
            case "input_audio_buffer.clear":
                self._buffer.clear()
                self.send("input_audio_buffer.cleared")
            case "conversation.item.create":
                self._create(event["item"], event.get("previous_item_id"))
            case "conversation.item.delete":
                self._conversation.delete(event["item_id"])
                self._memory.drop(self._who.team, self._id, event["item_id"])
                self.send("conversation.item.deleted", item_id=event["item_id"])
            case "conversation.item.truncate":
                self._truncate(event)
            case "response.create":
                self._respond(_wanted(event.get("response") or {}))
            case _:
                self._cancel(event.get("response_id"))

    def _update(self, wanted: JsonObject) -> None:
        self._settings.update(wanted)
        turns = self._settings.turns
        self._ear.pause = turns.get("silence_duration_ms", PAUSE * 1000) / 1000 if turns else PAUSE
        self.send("session.updated", session=self._settings.document())
        if self._settings.resumes and not self._resumed:
            self._resume()

    def _resume(self) -> None:
        """Prior turns, before the first new one, "echoed back as conversation.item.created events"."""
        self._resumed = True
        held = self._memory.recall(self._who.team, self._id, self._manner.expiry)
        new, self._conversation.items = self._conversation.items, []
        before = None
        for item in held:
            if all(item["id"] != each["id"] for each in new):
                kept, before = self._conversation.add(item)
                self.send("conversation.item.created", **_after(before), item=kept)
        self._conversation.items += new
        for item in new:
            self._keep(item)

    def _keep(self, item: JsonObject) -> None:
        if self._settings.resumes:
            self._memory.keep(self._who.team, self._id, item)

    def _append(self, data: bytes) -> None:
        """Sound from the client; of a call's session nothing is documented, its caller is heard by phone."""
        if not self._line.heard:
            return
        pcm = sound.decode(data, *self._settings.form("input"))
        self._buffer += pcm
        if self._settings.turns is not None:
            self._ear.feed(pcm)

    def _commit(self) -> None:
        if self._settings.turns is not None:
            raise Complaint("Commit is only available when turn_detection type is null.", "turn_detection")
        if not self._buffer:
            raise Complaint("The input audio buffer is empty.", code="input_audio_buffer_commit_empty")
        self._heard()

    def _heard(self) -> None:
        """A turn of the user's that was spoken. Its words are its length: nobody recognises speech here."""
        seconds = len(self._buffer) / 16000
        self._buffer.clear()
        text = f"{seconds:.1f} seconds of sound" if self._line.heard else "what the caller said"
        content = [{"type": "input_audio", "transcript": text}]
        item = {"id": self._turn, "type": "message", "role": "user", "content": content}
        kept, before = self._conversation.add(item)
        self._turn = new_id("msg")
        self.send("input_audio_buffer.committed", **_after(before), item_id=kept["id"])
        self.send("conversation.item.added", **_after(before), item=kept)
        self.send(
            "conversation.item.input_audio_transcription.completed",
            item_id=kept["id"],
            content_index=0,
            transcript=text,
        )
        self._keep(kept)

    def _create(self, item: JsonObject, after: str | None) -> None:
        if item["type"] == "force_message":
            text = "".join(part["text"] for part in item["content"])
            self._respond(Wanted(text=text, voice=item.get("voice", ""), interruptible=item.get("interruptible", True)))
            return
        kept, before = self._conversation.add(item, after)
        self.send("conversation.item.added", **_after(before), item=kept)
        self._keep(kept)

    def _truncate(self, event: JsonObject) -> None:
        item = self._conversation.get(event["item_id"])
        content = item.get("content", [])
        if item.get("role") != "assistant" or not 0 <= event["content_index"] < len(content):
            raise Complaint("Only the audio of an assistant's message can be truncated.", "item_id")
        part = content[event["content_index"]]
        words = (part.get("transcript") or part.get("text") or "").split()
        # A word is as long as the sandbox's voice makes it.
        text = " ".join(words[: int(event["audio_end_ms"] / 300)])
        part["transcript"] = text
        told = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
        self.send("conversation.item.truncated", **told, transcript=text)
        self._keep(item)

    # --- what happens by itself ---

    def spoke(self, begins: bool, at: int | None = None) -> None:
        """Somebody begins to speak, which interrupts the agent, or stops, which has it answer."""
        if self._settings.turns is None:
            return
        if begins:
            self._begin_turn(at)
        elif self._speaking:
            self._end_turn(at)

    def _begin_turn(self, at: int | None) -> None:
        """Over a message that cannot be interrupted, what is said is dropped."""
        if self._running is not None and not self._running.wanted.interruptible:
            return
        self._speaking = True
        if self._idle is not None:
            self._idle.cancel()
        self._cancel(None)
        told = {} if at is None else {"audio_start_ms": at}
        self.send("input_audio_buffer.speech_started", item_id=self._turn, **told)

    def _end_turn(self, at: int | None) -> None:
        self._speaking = False
        told = {} if at is None else {"audio_end_ms": at}
        self.send("input_audio_buffer.speech_stopped", item_id=self._turn, **told)
        self._heard()
        self._respond(Wanted())

    def submit(self, text: str) -> None:
        """Text input that is no event of the client's: keys of a telephone. The model answers it."""
        content = [{"type": "input_text", "text": text}]
        kept, before = self._conversation.add({"type": "message", "role": "user", "content": content})
        self.send("conversation.item.added", **_after(before), item=kept)
        self._keep(kept)
        self._respond(Wanted())

    def _quiet_too_long(self) -> None:
        silent = {"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": ""}]}
        kept, before = self._conversation.add(silent)
        self.send("input_audio_buffer.timeout_triggered", item_id=kept["id"], previous_item_id=before)
        self._respond(Wanted())

    # --- responses, one after the other ---

    def _respond(self, wanted: Wanted) -> None:
        """What happens to a second response while one is under way is not documented: it waits its turn."""
        self._pending.append(wanted)
        if self._running is None:
            self._next()

    def _next(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        wanted, items = self._pending.popleft(), self._conversation.items
        instructions = self._settings.instructions if wanted.instructions is None else wanted.instructions
        thought = mind.Thought(wanted.text or "")
        if wanted.text is None:
            thought = mind.answer(self._who.named(self._settings.instructions), self._settings, instructions, items)
        used = mind.tokens(instructions) + sum(mind.tokens(mind.said(item)) for item in items)
        play = self._outbox.put_nowait if self._line.played else None
        self._running = Response(wanted, thought, self._settings, self.send, play, used)
        self._running.begin()
        if not thought.function:
            self._line.speak()
        self._task = asyncio.get_running_loop().create_task(self._run(self._running))

    async def _run(self, response: Response) -> None:
        kept, _ = self._conversation.add(await response.run())
        self._keep(kept)
        self._running = None
        if self._pending:
            self._next()
        elif (wait := (self._settings.turns or {}).get("idle_timeout_ms")) is not None:
            self._idle = asyncio.get_running_loop().call_later(wait / 1000, self._quiet_too_long)

    def _cancel(self, id: str | None) -> None:
        """No document says what cancelling nothing gives; nothing here."""
        if self._running is not None and id in (None, self._running.id):
            self._running.cancelled = True
        self._line.hush()


def _after(id: str | None) -> JsonObject:
    """The field that names the item before; the first has none."""
    return {} if id is None else {"previous_item_id": id}


def _wanted(response: JsonObject) -> Wanted:
    modalities = response.get("modalities")
    return Wanted(
        instructions=response.get("instructions"),
        spoken=None if modalities is None else "audio" in modalities,
        metadata=response.get("metadata"),
    )
