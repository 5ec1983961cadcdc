"""`xtel webhook test`: whether a receiver takes what xAI signed, and nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from providers.kernel.errors import InputError, XtelError
from providers.kernel.origins import is_loopback
from providers.kernel.secrecy import one_line
from xtel import terminal
from xtel.proof.announced import Announced
from xtel.proof.deliveries import Delivery, Forge

#: Seconds that a receiver may take to answer, and from which on it is said that it is slow: xAI says neither.
_PATIENCE, _SLOW = 10.0, 3.0


@dataclass(frozen=True)
class Verdict:
    """What a receiver answered to one delivery; status 0: nothing, and ``said`` why."""

    delivery: Delivery
    status: int
    milliseconds: int
    said: str = ""

    @property
    def right(self) -> bool:
        """Taken (2xx) or refused (4xx; to what is far too large, or is no text, cutting the connection is one too)."""
        if self.delivery.genuine:
            return 200 <= self.status < 300
        return 400 <= self.status < 500 or (self.status == 0 and len(self.delivery.body) > 2**16)

    @property
    def wanted(self) -> str:
        """What it should answer."""
        return "2xx" if self.delivery.genuine else "4xx"

    @property
    def answered(self) -> str:
        """In words."""
        return f"{self.status} in {self.milliseconds} ms" if self.status else self.said

    @property
    def advice(self) -> str:
        """What it does not do, where it is wrong; empty else."""
        if self.right:
            slow = self.delivery.genuine and self.milliseconds > _SLOW * 1000
            return "it is slow: answer first, then join the call" if slow else ""
        return f"it breaks on it ({self.status}): {self.delivery.means}" if self.status >= 500 else self.delivery.means

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        told = {"name": self.delivery.name, "genuine": self.delivery.genuine, "wanted": self.wanted}
        answer = {"status": self.status or None, "milliseconds": self.milliseconds, "said": self.said}
        return {**told, **answer, "right": self.right, "advice": self.advice}


def deliver(number: Announced, url: str) -> list[Verdict]:
    """Sends each delivery once, the genuine ones first.

    Raises InputError for a number whose secret is not known, or a URL to which a delivery must not go; XtelError where
    nothing listens.
    """
    if not number.secrets:
        raise InputError(
            f"the signing secret of {number.number} is not known here", step="xtel rotate, or `signing_secret:` on it"
        )
    place = _place(url)
    forge = Forge(number.number, number.secrets[0], time.time())
    more = {"content-type": "application/json", "user-agent": "xtel-webhook-test", **_bearer(number, url)}
    verdicts: list[Verdict] = []
    with httpx.Client(timeout=_PATIENCE, trust_env=not is_loopback(place), follow_redirects=False) as client:
        genuine = forge.genuine()
        for delivery in [*genuine, *forge.forged(genuine[0])]:
            verdicts.append(_sent(client, url, delivery, more))
    return verdicts


def _place(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if "@" in parts.netloc:
        raise InputError("a receiver's URL holds no user and no password", step="--url without them")
    if (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host))) or not host:
        raise InputError("a receiver is asked by https; by http: on this machine alone", step="--url https://…")
    return host


def _bearer(number: Announced, url: str) -> Mapping[str, str]:
    """The token of deliveries goes to where it was declared for, and to this machine."""
    here, declared = urlsplit(url), urlsplit(number.url)
    known = (here.scheme, here.netloc) == (declared.scheme, declared.netloc) or is_loopback(here.hostname or "")
    if number.token_url:
        terminal.note(f"xAI's deliveries carry a token from {number.token_url}; these carry none")
    elif number.token and not known:
        terminal.note(f"the webhook's token is for {declared.netloc}: these deliveries carry none")
    elif number.token:
        return {"authorization": f"Bearer {number.token}"}
    return {}


def _sent(client: httpx.Client, url: str, delivery: Delivery, more: Mapping[str, str]) -> Verdict:
    began = time.monotonic()
    try:
        answer = client.post(url, content=delivery.body, headers={**more, **delivery.headers})
        status, said = answer.status_code, ""
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        reason = re.sub(r"^\[Errno -?\d+\] ", "", one_line(str(error)))
        raise XtelError(
            f"nothing listens at {url}: {reason or 'no connection in time'}",
            step="start the receiver, or name another: --url URL",
        ) from None
    except httpx.TimeoutException:
        status, said = 0, f"no answer in {_PATIENCE:.0f} s"
    except httpx.TransportError:
        status, said = 0, "the connection was cut"
    return Verdict(delivery, status, round((time.monotonic() - began) * 1000), said)


def show(number: Announced, url: str, verdicts: list[Verdict]) -> None:
    """A line for each, and what a wrong one means."""
    terminal.line(f"{number.number} ({number.key}) at {url}")
    width = max(len(verdict.delivery.name) for verdict in verdicts)
    for verdict in verdicts:
        word = "ok   " if verdict.right else "WRONG"
        told = f"{word}  {verdict.delivery.name:<{width}}  {verdict.answered}"
        wanted = "" if verdict.right else f", {verdict.wanted} is right"
        advice = f": {verdict.advice}" if verdict.advice else ""
        terminal.line(f"{told}{wanted}{advice}", "" if verdict.right else "red")
    wrong = sum(not verdict.right for verdict in verdicts)
    terminal.line("")
    terminal.line(f"{len(verdicts) - wrong} of {len(verdicts)} deliveries were answered as they should be")
