"""A telephone call that rings or stands at xAI: join it, transfer it, hang up.

For applications; it needs httpx and websockets. Joining is what answers a call: there is nothing else to accept.

>>> async def answer(event: Event) -> None:                          # doctest: +SKIP
...     call = Call(event.call_id)
...     async with call.join(voice="eve", instructions="Greet the caller.") as session:
...         await session.respond()
...         async for key in session.digits():
...             if key == "0":
...                 await call.refer("tel:+14155550188")
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, cast
from urllib.parse import quote, urlsplit

import httpx

from xai_resources import realtime
from xai_resources.realtime import Session, one_line

#: Seconds that a transfer may take: xAI answers when the destination has.
TRANSFER: Final = 120.0
_PATIENCE: Final = 15.0
_TARGET: Final = re.compile(r"(?:tel:\+?[0-9*#().-]+|sips?:[^\s<>]+)(?:;[^\s<>]*)?", re.IGNORECASE)
_SIP: Final = re.compile(r"\bSIP ([1-6][0-9]{2})\b ?(.*)")

#: ``answered``: the destination has the caller, the session is over. ``rejected``, ``unanswered``: the caller is still here,
#: and the session goes on. ``unknown``: no answer to the request came; look whether the session goes on before trying again.
Outcome = Literal["answered", "rejected", "unanswered", "unknown"]


class CallError(Exception):
    """xAI did not do what was asked of a call; ``status`` is its HTTP status, 0 where the request surely was not sent."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class NoSuchCall(CallError):
    """The call is over, or of another team; a transfer also needs somebody who joined it (404)."""


@dataclass(frozen=True)
class Transfer:
    """What became of a transfer. ``sip_code`` is the destination's refusal where it is known, else 0; ``reason`` in words."""

    outcome: Outcome
    sip_code: int = 0
    reason: str = ""

    @property
    def answered(self) -> bool:
        """Whether the caller is with somebody else now."""
        return self.outcome == "answered"


class Call:
    """One call, by the id that the webhook brought.

    ``api_key`` and ``base_url`` (an origin): left out, ``XAI_API_KEY`` and ``XAI_BASE_URL``. Raises ValueError.
    """

    def __init__(self, id: str, *, api_key: str = "", base_url: str = "") -> None:
        if not id:
            raise ValueError("a call has an id")
        self.id = id
        self._key, self._origin = realtime.key(api_key), realtime.origin(base_url)

    @asynccontextmanager
    async def join(self, **settings: Any) -> AsyncGenerator[Session]:
        """Answers the call, and leaves at the end, which ends it. ``settings``: those of ``session.update``, sent first.

        Raises realtime.SessionRefused (404: the call is over, or was joined already) and realtime.SessionError.
        """
        async with realtime.connect(call_id=self.id, api_key=self._key, base_url=self._origin) as session:
            if settings:
                await session.update(**settings)
            yield session

    async def refer(self, target: str) -> Transfer:
        """Transfers the caller (SIP REFER, RFC 3515) to a ``tel:`` or ``sip:`` URI; waits up to two minutes for the outcome.

        Sent once and never again: a second one may ring a second time. Meanwhile the session stays open and the caller
        hears dial tone. Raises ValueError for another target, NoSuchCall, CallError.
        """
        if not _TARGET.fullmatch(target):
            raise ValueError("a transfer goes to a tel: or sip: URI, such as tel:+14155550188")
        try:
            answer = await self._post("refer", {"target_uri": target}, TRANSFER)
        except httpx.TransportError as error:
            return Transfer("unknown", reason=f"no answer: {one_line(str(error)) or 'none in time'}")
        if answer.is_success:
            return Transfer("answered")
        told = _told(answer)
        if answer.status_code == 504:
            return Transfer("unanswered", reason=told) if told else Transfer("unknown", reason="HTTP 504")
        if answer.status_code == 502:
            found = _SIP.search(told)
            sip = (int(found[1]), found[2].strip()) if found else (0, told)
            return Transfer("rejected", *sip) if told else Transfer("unknown", reason="HTTP 502")
        raise _failed(answer, told)

    async def hangup(self) -> bool:
        """Ends the call; before it was joined, that refuses it. False where there was none any more. Raises CallError."""
        try:
            answer = await self._post("hangup", None, _PATIENCE)
        except httpx.TransportError as error:
            raise CallError(f"no answer to the hang-up: {one_line(str(error)) or 'none in time'}") from None
        if answer.is_success or answer.status_code == 404:
            return answer.is_success
        raise _failed(answer, _told(answer))

    async def _post(self, verb: str, body: dict[str, str] | None, seconds: float) -> httpx.Response:
        url = f"{self._origin}/v1/realtime/calls/{quote(self.id, safe='')}/{verb}"
        near = realtime.loopback(urlsplit(self._origin).hostname or "")
        async with httpx.AsyncClient(timeout=httpx.Timeout(_PATIENCE, read=seconds), trust_env=not near) as client:
            try:
                return await client.post(url, json=body, headers={"Authorization": f"Bearer {self._key}"})
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise CallError(
                    f"{self._origin} cannot be reached: {one_line(str(error)) or 'no connection'}"
                ) from None


def _failed(answer: httpx.Response, told: str) -> CallError:
    kind = NoSuchCall if answer.status_code == 404 else CallError
    return kind(f"xAI answered HTTP {answer.status_code}: {told or 'no reason given'}", answer.status_code)


def _told(answer: httpx.Response) -> str:
    """The message of an error body; empty for a page of a gateway."""
    try:
        body: Any = answer.json()
    except ValueError:
        return ""
    error: Any = cast(dict[str, Any], body).get("error") if isinstance(body, dict) else None
    message: Any = cast(dict[str, Any], error).get("message") if isinstance(error, dict) else error
    return one_line(str(message or ""))
