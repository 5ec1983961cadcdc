"""One response of a session, from ``response.created`` to ``response.done``."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from sandbox.exchange import JsonObject
from sandbox.realtime import sound
from sandbox.realtime.conversation import new_id
from sandbox.realtime.mind import Thought, tokens
from sandbox.realtime.settings import Settings

#: Seconds between two pieces of an answer: a model is much faster than its voice, but can be interrupted.
_PACE: Final = 0.005
#: Seconds of sound per word, and the least there is: any answer is heard.
_WORD, _LEAST = 0.3, 1.3


class Emit(Protocol):
    """Sends a server event."""

    def __call__(self, kind: str, /, **fields: object) -> None: ...


@dataclass
class Wanted:
    """A response that somebody asked for. ``metadata`` is None where no client did; ``text``: to be said as it stands."""

    instructions: str | None = None
    spoken: bool | None = None
    metadata: JsonObject | None = None
    text: str | None = None
    voice: str = ""
    interruptible: bool = True


@dataclass
class Response:
    """A response under way."""

    wanted: Wanted
    thought: Thought
    settings: Settings
    emit: Emit
    #: Raw sound for the WebSocket; None where it goes to a telephone alone.
    play: Callable[[bytes], None] | None
    input_tokens: int = 0
    id: str = field(default_factory=lambda: new_id("resp"))
    item_id: str = field(default_factory=lambda: new_id("msg"))
    cancelled: bool = False
    _said: str = ""
    _binary: bool = False

    def begin(self) -> None:
        """``response.created``, at once."""
        self._binary = self.settings.binary  # "Mid-session changes apply at the next response boundary."
        self.emit("response.created", response=self._whole("in_progress", []))

    async def run(self) -> JsonObject:
        """The rest. Gives the item that the conversation keeps."""
        item = await (self._call() if self.thought.function else self._say())
        usage = {"input_tokens": self.input_tokens, "output_tokens": tokens(self._said)}
        whole = self._whole(item["status"], [item])
        self.emit("response.done", response={**whole, "usage": {**usage, "total_tokens": sum(usage.values())}})
        return item

    def _whole(self, status: str, output: list[JsonObject]) -> JsonObject:
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "output": output,
            "metadata": self.wanted.metadata,
        }

    @property
    def _status(self) -> str:
        return "cancelled" if self.cancelled else "completed"

    @property
    def _place(self) -> JsonObject:
        return {"response_id": self.id, "item_id": self.item_id, "output_index": 0}

    async def _say(self) -> JsonObject:
        spoken = self.settings.spoken if self.wanted.spoken is None else self.wanted.spoken
        item: JsonObject = {"id": self.item_id, "object": "realtime.item", "type": "message", "role": "assistant"}
        self._added({**item, "status": "in_progress", "content": []})
        place, part = {**self._place, "content_index": 0}, "audio" if spoken else "text"
        self.emit("response.content_part.added", **place, part={"type": part})
        await self._pieces(place, spoken)
        if spoken:
            self.emit("response.output_audio.done", **place)
            self.emit("response.output_audio_transcript.done", **place, transcript=self._said)
        content = {"type": part, "transcript" if spoken else "text": self._said}
        self.emit("response.content_part.done", **place, part=content)
        return self._finished({**item, "status": self._status, "content": [content]})

    async def _pieces(self, place: JsonObject, spoken: bool) -> None:
        """A word at a time, and with it the sound that falls to it."""
        words = [*self.thought.text.split()]
        kind = "response.output_audio_transcript.delta" if spoken else "response.output_text.delta"
        waiting = self._sound(len(words)) if spoken and self.play else []
        share = -(-len(waiting) // max(len(words), 1))
        for number, word in enumerate(words):
            if self.cancelled:
                return
            for chunk in waiting[number * share : (number + 1) * share]:
                self._sounds(place, chunk)
            delta = f" {word}" if number else word
            self._said += delta
            self.emit(kind, **place, delta=delta)
            await asyncio.sleep(_PACE)

    def _sound(self, words: int) -> list[bytes]:
        seconds = round(max(_LEAST, words * _WORD) / self.settings.speed, 1)
        codec, rate = self.settings.form("output")
        pcm = sound.speech(self.wanted.voice or self.settings.voice, seconds)
        return [sound.encode(chunk, codec, rate) for chunk in sound.chunks(pcm)]

    def _sounds(self, place: JsonObject, chunk: bytes) -> None:
        if self.play is not None and self._binary:
            self.play(chunk)
        else:
            self.emit("response.output_audio.delta", **place, delta=base64.b64encode(chunk).decode())

    async def _call(self) -> JsonObject:
        item: JsonObject = {"id": self.item_id, "object": "realtime.item", "type": "function_call"}
        item |= {"call_id": new_id("call"), "name": self.thought.function}
        self._added({**item, "status": "in_progress"})
        place, arguments = {**self._place, "call_id": item["call_id"]}, self.thought.arguments
        self._said = arguments
        self.emit("response.function_call_arguments.delta", **place, delta=arguments)
        await asyncio.sleep(_PACE)
        self.emit("response.function_call_arguments.done", **place, name=item["name"], arguments=arguments)
        return self._finished({**item, "status": self._status, "arguments": arguments})

    def _added(self, item: JsonObject) -> None:
        self.emit("response.output_item.added", response_id=self.id, output_index=0, item=item)

    def _finished(self, item: JsonObject) -> JsonObject:
        self.emit("response.output_item.done", response_id=self.id, output_index=0, item=item)
        return item
