"""Deliveries for a test of somebody's receiver: genuine ones, and twelve forged ones that it must refuse. Pure.

What is signed, and how, is that of Standard Webhooks (https://www.standardwebhooks.com), independent of our own verification.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

#: What the metadata of a test says; xAI's own is empty.
MARK = "xtel webhook test"
#: Seconds by which the stale ones are off: twice what is tolerated.
_STALE = 600
#: Bytes of the large one.
_LARGE = 1024 * 1024


@dataclass(frozen=True)
class Delivery:
    """One request. ``means``: what a receiver that takes it wrongly, or refuses it wrongly, does not do."""

    name: str
    genuine: bool
    means: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Forge:
    """Makes deliveries of calls to a number that do not exist. ``now`` in Unix seconds."""

    def __init__(self, number: str, secret: str, now: float) -> None:
        self._number, self._secret, self._now = number, secret, int(now)

    def genuine(self) -> list[Delivery]:
        """Those that must be taken."""
        plain, titled, several = (self._signed(_body(self._number)) for _ in range(3))
        wrong = _signature(_other_key(), several, b"")
        return [
            Delivery("genuine", True, "take what xAI signed", plain.headers, plain.body),
            Delivery(
                "genuine: header names in other letters",
                True,
                "read header names in any letter case, as HTTP has them",
                {name.title(): value for name, value in titled.headers.items()},
                titled.body,
            ),
            Delivery(
                "genuine: two signatures",
                True,
                "try every signature of the header: while secrets are renewed there are several",
                {**several.headers, "webhook-signature": f"{wrong} {several.headers['webhook-signature']}"},
                several.body,
            ),
        ]

    def forged(self, taken: Delivery) -> list[Delivery]:
        """Those that must be refused; ``taken`` is one that was taken already."""
        return [
            self._wrong("another secret", "verify the signature", key=_other_key()),
            self._wrong("ten minutes old", "refuse old deliveries", late=_STALE),
            self._wrong("ten minutes ahead", "refuse deliveries of the future", late=-_STALE),
            Delivery("sent again", False, "remember what was taken", taken.headers, taken.body),
            self._changed(
                "another body", "verify the signature over the body that came", lambda body: _body(self._number)
            ),
            self._changed("the same JSON, spaced otherwise", "verify the raw bytes, not parsed JSON", _respaced),
            self._as_another("another id", "verify the id with the body: it is signed too"),
            self._wrong("signed with the secret's text", "decode the base64 behind whsec_", key=self._secret.encode()),
            self._twice("two signatures, both wrong", "ask for one that matches"),
            Delivery("no signature", False, "ask for a signature", {}, _body(self._number)),
            self._wrong("a megabyte", "refuse what is no event", key=_other_key(), body=_large(self._number)),
            self._wrong("not UTF-8", "verify before reading", key=_other_key(), body=b'{"type": "\xff\xfe"}'),
        ]

    def _signed(self, body: bytes, *, key: bytes = b"", late: int = 0) -> Delivery:
        told = {"webhook-id": f"evt_{uuid.uuid4().hex}", "webhook-timestamp": str(self._now - late)}
        made = Delivery("", True, "", told, body)
        signature = _signature(key or _key(self._secret), made, body)
        return Delivery("", True, "", {**told, "webhook-signature": signature}, body)

    def _wrong(self, name: str, means: str, *, key: bytes = b"", late: int = 0, body: bytes = b"") -> Delivery:
        made = self._signed(body or _body(self._number), key=key, late=late)
        return Delivery(name, False, means, made.headers, made.body)

    def _changed(self, name: str, means: str, change: Callable[[bytes], bytes]) -> Delivery:
        made = self._signed(_body(self._number))
        return Delivery(name, False, means, made.headers, change(made.body))

    def _as_another(self, name: str, means: str) -> Delivery:
        made = self._signed(_body(self._number))
        return Delivery(name, False, means, {**made.headers, "webhook-id": f"evt_{uuid.uuid4().hex}"}, made.body)

    def _twice(self, name: str, means: str) -> Delivery:
        made = self._signed(_body(self._number))
        both = " ".join(_signature(_other_key(), made, made.body) for _ in range(2))
        return Delivery(name, False, means, {**made.headers, "webhook-signature": both}, made.body)


def _signature(key: bytes, delivery: Delivery, body: bytes) -> str:
    signed = f"{delivery.headers['webhook-id']}.{delivery.headers['webhook-timestamp']}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def _key(secret: str) -> bytes:
    text = secret.removeprefix("whsec_")
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _other_key() -> bytes:
    return secrets.token_bytes(32)


def _body(number: str) -> bytes:
    """An event of a call that does not exist; its metadata says so, which xAI's own is empty."""
    headers = [
        {"name": "From", "value": "<sip:+12025550143@sip.example.com>"},
        {"name": "To", "value": f"<sip:{number}>"},
    ]
    data = {"call_id": str(uuid.uuid4()), "sip_headers": headers, "metadata": {"test": MARK}}
    told = {"object": "event", "id": f"evt_{uuid.uuid4().hex}", "type": "realtime.call.incoming", "created_at": 0}
    return json.dumps({**told, "data": data}).encode()


def _respaced(body: bytes) -> bytes:
    return json.dumps(json.loads(body), indent=1).encode()


def _large(number: str) -> bytes:
    return _body(number)[:-1] + b" " * _LARGE + b"}"
