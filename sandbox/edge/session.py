"""The conversation behind an answered call: a realtime session that an application joined, or a hosted agent's own.

Keys are buffered and submitted as docs.x.ai says (SIP, "DTMF"). The caller's sound stays on the phone, and so does the
agent's unless the switch ``xai.call_audio`` says else: no document says what of it a SIP session's WebSocket carries.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cache
from typing import Final

from sandbox.edge.keypad import Keypad
from sandbox.edge.record import Record
from sandbox.realtime.session import Session as RealtimeSession
from signaling import IncomingCall, MediaStream, audible
from signaling.audio import FRAME_SECONDS, SILENCE, tone

#: Seconds of sound that count as speech, and of silence that end it.
_SPEECH, _PAUSE = 0.1, 0.5
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


class Phone:
    """The telephone behind a session: the agent speaks into it. The caller's sound comes by it, never by the WebSocket."""

    heard = False

    def __init__(self, call: IncomingCall, *, played: bool) -> None:
        self._media, self.played = call.media, played

    def speak(self) -> None:
        """A sound, whatever the words are."""
        say(self._media)

    def hush(self) -> None:
        """What was not heard yet is not heard any more."""
        self._media.flush()


class Realtime:
    """The session that an application joined by the call's id."""

    def __init__(self, session: RealtimeSession, call: IncomingCall, record: Record) -> None:
        self._session, self._call = session, call
        self._listening = Listening(call, record)

    async def run(self) -> None:
        """Until one side leaves: the call ends with the session, and the session with the call."""
        self._listening.on_key = self._pressed
        self._listening.on_submit = self._session.submit
        self._listening.on_speech = self._session.spoke
        await self._session.run(self._listening.run(), until=self._call.ended())

    def _pressed(self, key: str) -> None:
        self._session.send("input_audio_buffer.dtmf_event_received", event=key, received_at=int(time.time()))
