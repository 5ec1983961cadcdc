"""Webhook deliveries of xAI, verified (Standard Webhooks, https://www.standardwebhooks.com), and an ASGI endpoint for them.

For the application behind a number's webhook; it needs the standard library alone.

>>> webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
>>> webhook.verify(b"{}", {})
Traceback (most recent call last):
xai_resources.webhook.Forged: the header webhook-id is missing
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

#: Seconds that a delivery's time may be off, in either direction (Standard Webhooks).
TOLERANCE: Final = 300
#: Signing secrets of all numbers, separated by blanks: what ``xtel secrets STACK --format env`` writes.
VARIABLE: Final = "XAI_SIGNING_SECRETS"
INCOMING: Final = "realtime.call.incoming"
#: Bytes of the largest body that is read. An event is a few kilobytes.
LARGEST: Final = 256 * 1024
_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_USER: Final = re.compile(r"(?:(?:sips?|tel):)?(\+?[0-9]+)(?=[@;>\s]|$)", re.IGNORECASE)
#: A display name: it may hold anything, brackets too.
_QUOTED: Final = re.compile(r'^\s*"(?:\\.|[^"\\])*"')
_log = logging.getLogger(__name__)
#: Signed, and by none of the secrets that are known.
UNKNOWN_SIGNER = "no signature matches"

Headers = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]


class WebhookError(ValueError):
    """A delivery that must not be acted on; ``status`` is the HTTP status to answer it with."""

    status = 401


class Forged(WebhookError):
    """Nobody who knows a signing secret sent this now: 401."""


class Replayed(WebhookError):
    """A copy of a delivery that was taken before, header for header: 409."""

    status = 409


class Repeated(WebhookError):
    """Genuine, and sent again by xAI, of an event or a call that was taken before: 200, and nothing else to do."""

    status = 200


class TooLarge(WebhookError):
    """A body larger than any event, which nobody read: 413."""

    status = 413


class Malformed(WebhookError):
    """Genuine, but not an event that this release can read: 400."""

    status = 400


@dataclass(frozen=True)
class Event:
    """An event as xAI sent it.

    ``created_at`` is in Unix seconds; ``data`` is the body's object of that name, whole.
    """

    id: str
    type: str
    created_at: int = 0
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def call_id(self) -> str:
        """The call that rings, to be joined; empty for an event that is about none."""
        return str(self.data.get("call_id") or "")

    @property
    def sip_headers(self) -> list[tuple[str, str]]:
        """Headers of the INVITE that xAI passes on, in its order; one may be there several times (RFC 3261 §7.3)."""
        listed: Any = self.data.get("sip_headers")
        entries = [each for each in cast(list[Any], listed if isinstance(listed, list) else []) if _is_object(each)]
        return [(str(each.get("name", "")), str(each.get("value", ""))) for each in entries]

    def sip_header(self, name: str) -> str:
        """The first SIP header of a name, in any letter case; empty where there is none."""
        return next((value for found, value in self.sip_headers if found.lower() == name.lower()), "")

    @property
    def caller(self) -> str:
        """Who calls, as the From header says: a number where it holds one, else as it stands. Nobody proved it."""
        return _party(self.sip_header("From"))

    @property
    def called(self) -> str:
        """The number that was dialled, from the To header."""
        return _party(self.sip_header("To"))


class Seen(Protocol):
    """Remembers what was taken. Several processes of one receiver share one (a Redis, say: ``SET key 1 NX EX seconds``)."""

    def add(self, key: str, seconds: int) -> bool:
        """Remember a key for so many seconds; whether it was new."""
        ...


class SeenHere:
    """:class:`Seen` in the memory of this process."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now, self._until = now, dict[str, float]()
        self._lock, self._sweep = threading.Lock(), 0.0

    def add(self, key: str, seconds: int) -> bool:
        """Remember a key for so many seconds; whether it was new."""
        with self._lock:
            now = self._now()
            if now >= self._sweep:
                self._until = {known: until for known, until in self._until.items() if until > now}
                self._sweep = now + 60
            new = self._until.get(key, 0.0) <= now
            if new:
                self._until[key] = now + seconds
            return new


class Webhook:
    """Verifies deliveries against signing secrets, any of which may have signed them: the new and the old one of a rotation.

    ``secrets``: ``whsec_…``, several in one text separated by blanks or commas, or a list; left out: the environment's
    ``XAI_SIGNING_SECRETS``. Raises ValueError for none, and for one of another form.
    """

    def __init__(
        self,
        secrets: str | Iterable[str] | None = None,
        *,
        tolerance: int = TOLERANCE,
        seen: Seen | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = _keys(os.environ.get(VARIABLE, "") if secrets is None else secrets)
        self._tolerance, self._now = tolerance, now
        self._seen = seen if seen is not None else SeenHere(now)

    def verify(self, body: bytes, headers: Headers) -> Event:
        """The event of a delivery, from the raw body as it came: parsed and written again it is another text.

        Header names count in any letter case. Raises WebhookError, whose ``status`` is to be answered: Forged, Replayed,
        Repeated (genuine, but taken already), Malformed.
        """
        id, sent, signatures = self._told(headers)
        self._in_time(sent)
        signed = f"{id}.{sent}.".encode() + body
        if not self._matches(signed, signatures):
            raise Forged(UNKNOWN_SIGNER)
        # Twice the tolerance: a clock ahead of ours sends what stays valid for that long.
        lifetime = 2 * self._tolerance
        if not self._seen.add(f"delivery {id} {sent}", lifetime):
            raise Replayed("this delivery was taken already")
        event = _event(body)
        again = not self._seen.add(f"event {id}", lifetime)
        if event.type == INCOMING and not self._seen.add(f"call {event.call_id}", lifetime):
            again = True
        if again:
            raise Repeated("this event was taken already")
        return event

    def _told(self, headers: Headers) -> tuple[str, str, str]:
        found: dict[str, list[str]] = {}
        pairs: Iterable[tuple[str | bytes, str | bytes]]
        pairs = [*cast(Mapping[str, str], headers).items()] if isinstance(headers, Mapping) else headers
        for name, value in pairs:
            found.setdefault(_text(name).lower(), []).append(_text(value))
        for name in _HEADERS:
            if name not in found:
                raise Forged(f"the header {name} is missing")
        for name in _HEADERS[:2]:
            if len(found[name]) > 1:
                raise Forged(f"the header {name} is there twice")
        return found[_HEADERS[0]][0], found[_HEADERS[1]][0], " ".join(found[_HEADERS[2]])

    def _in_time(self, sent: str) -> None:
        if not re.fullmatch(r"[0-9]{1,15}", sent):
            raise Forged("webhook-timestamp is no time in Unix seconds")
        late = self._now() - int(sent)
        if abs(late) > self._tolerance:
            off = f"{abs(late):.0f} s {'old' if late > 0 else 'ahead'}"
            raise Forged(f"it is {off}, {self._tolerance} s are allowed: a copy, or a clock that is wrong")

    def _matches(self, signed: bytes, signatures: str) -> bool:
        """Every pair is compared, each in constant time: how long it takes tells nothing."""
        wanted = [b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in self._keys]
        given = [each.encode("utf-8", "replace") for each in signatures.split(" ")]
        return sum(hmac.compare_digest(one, other) for one in wanted for other in given) > 0


def _keys(secrets: str | Iterable[str]) -> list[bytes]:
    told = re.split(r"[\s,]+", secrets.strip()) if isinstance(secrets, str) and not _pasted(secrets) else secrets
    keys = [_key(each) for each in ([told] if isinstance(told, str) else told) if each]
    if not keys:
        raise ValueError(f"no signing secret: give one, or set {VARIABLE} (xtel secrets STACK --format env)")
    return keys


def _pasted(secret: str) -> bool:
    """Whether the version that stands before a signature was pasted before a secret."""
    return bool(re.match(r"\s*v1a?,", secret))


def _key(secret: str) -> bytes:
    """The bytes that sign (base64 behind ``whsec_``). The value stands in no error."""
    if _pasted(secret):
        raise ValueError("a signing secret begins with whsec_: take away the v1, before it")
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if text == secret or not key:
        raise ValueError("a signing secret is whsec_ and base64 (xtel secrets STACK shows it)")
    return key


def _event(body: bytes) -> Event:
    try:
        told: Any = json.loads(body)
    except ValueError:  # no JSON, or not even UTF-8
        raise Malformed("the body is no JSON") from None
    if not _is_object(told):
        raise Malformed("the body is no JSON object")
    data, created = cast(dict[str, Any], told.get("data") or {}), told.get("created_at")
    if not _is_object(data) or not isinstance(told.get("type"), str):
        raise Malformed("the body lacks type or data")
    event = Event(str(told.get("id") or ""), told["type"], created if isinstance(created, int) else 0, data)
    if event.type == INCOMING and not event.call_id:
        raise Malformed("the body lacks data.call_id")
    return event


def _party(value: str) -> str:
    """A name-addr, addr-spec or bare number (RFC 3261 §25.1): the number in it."""
    bare = _QUOTED.sub("", value)
    address = bare.partition("<")[2].partition(">")[0] or bare
    found = _USER.match(address.strip())
    return found[1] if found else value


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def _logged(error: WebhookError) -> None:
    if not isinstance(error, Repeated):
        _log.warning("a delivery was refused: %s", error)


class Endpoint:
    """An ASGI application that takes deliveries: it answers at once, and hands each call on to ``on_call``, once.

    Runs under any ASGI server, and mounted in Starlette or FastAPI. ``webhook``: left out, one with the environment's
    secrets. ``path``: left out, every path. ``drain``: seconds that calls get to end when the server stops. What ``on_call``
    raises is logged. ``refused`` gets each refusal; left out, it is logged. Events of other types are acknowledged and left
    alone.
    """

    def __init__(
        self,
        on_call: Callable[[Event], Awaitable[None]],
        webhook: Webhook | None = None,
        *,
        path: str = "",
        drain: float = 30.0,
        refused: Callable[[WebhookError], None] = _logged,
    ) -> None:
        self._on_call, self._webhook = on_call, webhook or Webhook()
        self._path, self._drain, self._refused = path, drain, refused
        self._calls: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3: lifespan and HTTP."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            status, more = await self._answer(scope, receive)
            headers = [(b"content-length", b"0"), *more]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            raise RuntimeError(f"a webhook takes HTTP, not {scope['type']}")

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]]]:
        if self._path and scope["path"] != self._path:
            return 404, []
        if scope["method"] != "POST":
            return 405, [(b"allow", b"POST")]
        body = await _body(receive)
        if body is None:
            return self._refuse(TooLarge(f"the body is over {LARGEST} bytes, or was cut")), [(b"connection", b"close")]
        try:
            # In a thread: what remembers deliveries may be a database.
            event = await asyncio.to_thread(self._webhook.verify, body, scope["headers"])
        except WebhookError as error:
            return self._refuse(error), []
        if event.type == INCOMING:
            task = asyncio.get_running_loop().create_task(self._take(event))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
        return 200, []

    def _refuse(self, error: WebhookError) -> int:
        self._refused(error)
        return error.status

    async def _take(self, event: Event) -> None:
        try:
            await self._on_call(event)
        except Exception:
            _log.exception("call %s", event.call_id)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._calls:
            await asyncio.wait(self._calls, timeout=self._drain)
        for task in [*self._calls]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Receive) -> bytes | None:
    """The raw body; None where it is larger than any event."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)
