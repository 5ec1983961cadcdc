"""HTTP towards the outside world, which here is whoever stands in for a URL: deliveries of webhooks, questions for TwiML."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx

from sandbox.calling import Ask, Webhook
from sandbox.edge.receivers import Receivers
from sandbox.edge.record import Record
from signaling.ladder import MASK

#: Seconds until a delivery is tried again.
RETRIES: Final = (1, 5, 15)
_PATIENCE: Final = 10.0
#: Stand-ins are on this machine and speak plain HTTP: to read the system's certificates for each request would take longer
#: than the request.
_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Undelivered(Exception):
    """A request that was not answered by a success; the text says why."""


class Outgoing:
    """Sends to stand-ins alone."""

    def __init__(self, receivers: Receivers) -> None:
        self._receivers = receivers

    async def deliver(
        self, webhook: Webhook, record: Record, call_id: str, headers: list[tuple[str, str]], pace: float
    ) -> None:
        """Announces a call, again after 1, 5 and 15 s. Raises Undelivered after the last try.

        Each try is signed anew: a receiver refuses what is five minutes old.
        """
        for wait in (*RETRIES, None):
            try:
                await self._announce(webhook, record, call_id, headers)
            except Undelivered:
                if wait is None:
                    raise
                await asyncio.sleep(wait * pace)
            else:
                return

    async def _announce(self, webhook: Webhook, record: Record, call_id: str, headers: list[tuple[str, str]]) -> None:
        signed, body = webhook.sign(call_id, headers)
        more = {"content-type": "application/json", "user-agent": "xAI-Webhooks/1.0"}
        if webhook.token:
            token = await self._exchanged(webhook, record) if webhook.auth_url else webhook.token
            more["authorization"] = f"Bearer {token}"
        await self._send(record, "xai", ("POST", webhook.url), {**signed, **more}, body=body)

    async def _exchanged(self, webhook: Webhook, record: Record) -> str:
        """OAuth client credentials for a bearer token (RFC 6749 §4.4); the exact exchange is unverified."""
        form = urlencode({"grant_type": "client_credentials", "client_secret": webhook.token})
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await self._send(record, "xai", ("POST", webhook.auth_url), headers, body=form, told=False)
        try:
            return str(answer.json()["access_token"])
        except (ValueError, KeyError, TypeError):
            raise Undelivered(f"{webhook.auth_url} gave no access_token") from None

    async def ask(self, ask: Ask, record: Record) -> str:
        """What a URL says is to be done with a call. Raises Undelivered."""
        form, url = urlencode(ask.form), ask.url
        headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": ask.product}
        body, query = ("", form) if ask.method == "GET" else (form, "")
        return (await self._send(record, "carrier", (ask.method, url), headers, body=body, query=query)).text

    async def _send(
        self,
        record: Record,
        source: str,
        request: tuple[str, str],
        headers: Mapping[str, str],
        *,
        body: str = "",
        query: str = "",
        told: bool = True,
    ) -> httpx.Response:
        method, url = request
        host, place = urlsplit(url).netloc, self._receivers.url(url)
        record.note(
            "http",
            (source, host),
            f"{method} {url}",
            f"{method} {url}\n{record.headers(headers, body if told else MASK)}",
        )
        if place is None:
            raise Undelivered(f"nobody stands in for {url}")
        if query:
            place = f"{place}{'&' if '?' in place else '?'}{query}"
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False, verify=_NOBODY) as client:
                answer = await client.request(method, place, headers=dict(headers), content=body.encode())
        except httpx.HTTPError as error:
            raise Undelivered(f"{url} does not answer: {type(error).__name__}") from None
        record.note("http", (host, source), f"HTTP {answer.status_code} {answer.reason_phrase}")
        if not answer.is_success:
            raise Undelivered(f"{url} answered {answer.status_code}")
        return answer
