"""A realtime session of xAI's Voice Agent API: what it says, as typed events, and what is said to it.

For applications; it needs websockets alone. A session is either that of a call (:meth:`xai_resources.calls.Call.join`) or one
without a telephone (:func:`connect`), where text goes in and text and sound come out.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as _connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

BASE_URL: Final = "https://api.x.ai"
MODEL: Final = "grok-voice-latest"
#: Seconds for the connection and its handshake.
_OPEN: Final = 15.0
#: Bytes of the largest event: a second of 48 kHz sound is 128 kB in base64.
_LARGEST: Final = 8 * 1024 * 1024

#: Events that wait to be read: with fewer a session whose application is busy (with a transfer, for two minutes) would stop
#: reading, miss the answer to its own ping, and end the call.
_WAITING: Final = 4096


class SessionError(Exception):
    """A session that could not be opened, or broke off."""


class SessionRefused(SessionError):
    """xAI did not open the session; ``status`` is its HTTP status.

    400 and 401: the key. 404 with a call: it is over, was joined already, or belongs to another team.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class SessionLost(SessionError):
    """The connection broke, or xAI ended the session for a reason; ``code`` is the WebSocket's (RFC 6455 §7.4)."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class SessionEvent:
    """An event of a session; those that have a class of their own are its subclasses. ``data`` is all of it."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


@dataclass(frozen=True)
class KeyPressed(SessionEvent):
    """The caller pressed a key: 0 to 9, ``*``, ``#``, A to D. ``received_at`` in Unix seconds. Calls only.

    xAI passes keys on to the model by itself; this is the audit trail.
    """

    key: str = ""
    received_at: int = 0


@dataclass(frozen=True)
class SpeechStarted(SessionEvent):
    """The caller begins to speak, which interrupts the agent."""


@dataclass(frozen=True)
class SpeechStopped(SessionEvent):
    """The caller stopped."""


@dataclass(frozen=True)
class Words(SessionEvent):
    """A piece of what the agent says, as text; ``spoken`` where there is sound to it."""

    text: str = ""
    spoken: bool = False


@dataclass(frozen=True)
class Sound(SessionEvent):
    """A piece of what the agent says, as bytes in the session's output format. On a call it goes to the telephone."""

    audio: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class ResponseDone(SessionEvent):
    """The agent has said all; ``status`` is ``completed``, or ``cancelled`` where it was interrupted."""

    status: str = ""


@dataclass(frozen=True)
class Failed(SessionEvent):
    """xAI could not do something; the session goes on."""

    message: str = ""


def event_of(told: Mapping[str, Any]) -> SessionEvent:
    """An event from its JSON object. One of a type that is not known here keeps it in ``type``."""
    kind = str(told.get("type", ""))
    return _KINDS.get(kind, SessionEvent)(kind, told)


def _key_pressed(kind: str, told: Mapping[str, Any]) -> SessionEvent:
    at = told.get("received_at")
    return KeyPressed(kind, told, str(told.get("event", "")), at if isinstance(at, int) else 0)


def _failure(kind: str, told: Mapping[str, Any]) -> SessionEvent:
    error = told.get("error")
    return Failed(kind, told, str(_object(error).get("message") or error or "no reason given"))


def _words(spoken: bool) -> Callable[[str, Mapping[str, Any]], SessionEvent]:
    return lambda kind, told: Words(kind, told, str(told.get("delta", "")), spoken)


def _sound(kind: str, told: Mapping[str, Any]) -> SessionEvent:
    return Sound(kind, told, _decoded(told.get("delta")))


#: The reference gives names with and without ``output_`` side by side.
_KINDS: Final[Mapping[str, Callable[[str, Mapping[str, Any]], SessionEvent]]] = {
    "input_audio_buffer.dtmf_event_received": _key_pressed,
    "input_audio_buffer.speech_started": SpeechStarted,
    "input_audio_buffer.speech_stopped": SpeechStopped,
    "response.output_audio_transcript.delta": _words(True),
    "response.audio_transcript.delta": _words(True),
    "response.output_text.delta": _words(False),
    "response.text.delta": _words(False),
    "response.output_audio.delta": _sound,
    "response.audio.delta": _sound,
    "response.done": lambda kind, told: ResponseDone(kind, told, str(_object(told.get("response")).get("status", ""))),
    "error": _failure,
}


class Session:
    """An open session. Iterating it gives its events until it ends, which is when the caller hangs up.

    One reader at a time: :meth:`digits` and :meth:`reply` read the same stream, and pass over what they do not look for.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def __aiter__(self) -> AsyncIterator[SessionEvent]:
        """The events as they come. Raises SessionLost where the session does not end in order."""
        while True:
            try:
                text = await self._socket.recv()
            except ConnectionClosed as error:
                if ended := _lost(error):
                    raise ended from None
                return
            if found := _parsed(text):
                yield event_of(found)

    async def digits(self) -> AsyncIterator[str]:
        """The keys that the caller presses, one by one, until the session ends."""
        async for event in self:
            if isinstance(event, KeyPressed):
                yield event.key

    async def reply(self) -> str:
        """What the agent says until its response is done, as text. Raises SessionLost where the session ends before.

        Raises SessionError where xAI answers with an error.
        """
        parts: list[str] = []
        async for event in self:
            if isinstance(event, Words):
                parts.append(event.text)
            elif isinstance(event, Failed):
                raise SessionError(one_line(event.message))
            elif isinstance(event, ResponseDone):
                return "".join(parts)
        raise SessionLost(1000, "the session ended before the response was done")

    async def update(self, **settings: Any) -> None:
        """``session.update``: ``instructions``, ``voice``, ``tools``, ``turn_detection`` and what else xAI documents."""
        await self.send("session.update", session=settings)

    async def respond(self, instructions: str = "") -> None:
        """``response.create``: the agent speaks now; ``instructions`` are for this response alone."""
        await self.send("response.create", **({"response": {"instructions": instructions}} if instructions else {}))

    async def say(self, text: str) -> None:
        """Has the agent say a text as it stands (``force_message``)."""
        content = [{"type": "output_text", "text": text}]
        await self.send(
            "conversation.item.create", item={"type": "force_message", "role": "assistant", "content": content}
        )

    async def write(self, text: str) -> None:
        """``conversation.item.create``: what a user writes, for the next response."""
        content = [{"type": "input_text", "text": text}]
        await self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})

    async def send(self, type: str, **fields: Any) -> None:
        """Any client event. Raises SessionLost when the session is over."""
        try:
            await self._socket.send(json.dumps({"type": type, **fields}))
        except ConnectionClosed as error:
            raise _lost(error) or SessionLost(1000, "the session is over") from None

    async def close(self) -> None:
        """Leaves; a call ends with its session."""
        await self._socket.close()


class _NoRedirects(_connect):
    """The key goes to xAI alone, whatever an answer says."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@asynccontextmanager
async def connect(
    *, model: str = MODEL, call_id: str = "", api_key: str = "", base_url: str = ""
) -> AsyncGenerator[Session]:
    """Opens a session, that of a call where ``call_id`` names one (``model`` is not used then), and closes it at the end.

    ``api_key`` and ``base_url`` (an origin): left out, ``XAI_API_KEY`` and ``XAI_BASE_URL``. Raises SessionRefused;
    SessionError where nothing answers; ValueError for a base URL that would show the key.
    """
    query = {"call_id": call_id} if call_id else {"model": model}
    place = origin(base_url)
    url = f"{place.replace('http', 'ws', 1)}/v1/realtime?{urlencode(query, quote_via=quote)}"
    opening = _NoRedirects(
        url,
        additional_headers={"Authorization": f"Bearer {key(api_key)}"},
        open_timeout=_OPEN,
        max_size=_LARGEST,
        max_queue=_WAITING,
        proxy=None if loopback(urlsplit(place).hostname or "") else True,
    )
    try:
        socket = await opening
    except InvalidStatus as error:
        raise SessionRefused(error.response.status_code, _refusal(error)) from None
    except (OSError, TimeoutError, WebSocketException) as error:
        raise SessionError(f"{place} does not answer: {one_line(str(error)) or 'no connection in time'}") from None
    try:
        yield Session(socket)
    finally:
        await socket.close()


def key(given: str) -> str:
    """The API key: as given, else ``XAI_API_KEY``. Raises ValueError where there is none."""
    found = given or os.environ.get("XAI_API_KEY", "")
    if not found:
        raise ValueError("no API key: give api_key, or set XAI_API_KEY")
    return found


def origin(given: str) -> str:
    """The origin of the API: as given, else ``XAI_BASE_URL``, else xAI's. Raises ValueError for plain HTTP to elsewhere."""
    found = (given or os.environ.get("XAI_BASE_URL", "") or BASE_URL).rstrip("/")
    parts = urlsplit(found)
    secure = parts.scheme == "https" or (parts.scheme == "http" and loopback(parts.hostname or ""))
    if not (secure and parts.hostname and found == f"{parts.scheme}://{parts.netloc}") or "@" in parts.netloc:
        raise ValueError(f"the base URL must be an https origin like {BASE_URL}; http: only on this machine")
    return found


def loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or as localhost."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refusal(error: InvalidStatus) -> str:
    status = error.response.status_code
    why = {
        400: "the API key is wrong",
        401: "no API key was taken",
        404: "no such call: it is over, or was joined already",
    }
    body = one_line((error.response.body or b"").decode("utf-8", "replace"))
    return f"xAI opened no session: HTTP {status}, {why.get(status) or body or 'no reason given'}"


def _lost(error: ConnectionClosed) -> SessionLost | None:
    """None where the session ended in order."""
    ended = error.rcvd or error.sent
    code = ended.code if ended else 1006
    if code in (1000, 1001):
        return None
    reason = one_line(ended.reason if ended else "") or "the connection broke"
    return SessionLost(code, f"the session ended: {reason} (code {code})")


def _parsed(text: str | bytes) -> Mapping[str, Any]:
    """A JSON object; empty for a frame that is none, of which the documents know nothing."""
    try:
        told: Any = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return {}
    return _object(told)


def _object(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value or ""))
    except (binascii.Error, ValueError):
        return b""


def one_line(text: str, room: int = 200) -> str:
    """Foreign text for a message: without control characters, which would drive a terminal, and cut."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:room]
