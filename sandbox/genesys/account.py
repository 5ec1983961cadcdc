"""Who may ask Genesys Cloud, and how it says no."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import uuid
from dataclasses import dataclass, field

VENDOR = "genesys"


class Refusal(Exception):
    """Genesys says no: HTTP status, its own code, a sentence."""

    def __init__(self, status: int, code: str, says: str) -> None:
        super().__init__(says)
        self.status, self.code, self.says = status, code, says


@dataclass(frozen=True, slots=True)
class Account:
    """An organisation, and an OAuth client of grant type client credentials in it. Plainly no real one."""

    name: str
    org: str
    client_id: str
    client_secret: str = field(repr=False)
    access_token: str = field(repr=False)


def identifier(of: str = "") -> str:
    """A UUID: of these words, or a new one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"genesys {of}") if of else uuid.uuid4())


def _made(name: str, what: str, size: int) -> str:
    return (f"Sandbox{name}" + hashlib.sha256(f"genesys {name} {what}".encode()).hexdigest())[:size]


ACCOUNTS = tuple(
    Account(
        name,
        identifier(f"{name} organisation"),
        identifier(f"{name} client"),
        _made(name, "client secret", 43),
        _made(name, "access token", 64),
    )
    for name in ("main", "other")
)


def authenticate(authorization: str) -> Account:
    scheme, _, token = authorization.partition(" ")
    for account in ACCOUNTS if scheme.lower() == "bearer" else ():
        if secrets.compare_digest(token.encode(), account.access_token.encode()):
            return account
    raise Refusal(401, "bad.credentials", "Invalid login credentials.")


def grant(authorization: str) -> Account | None:
    """Whose token it is that is asked for; None for who may not have one."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    for account in ACCOUNTS if scheme.lower() == "basic" else ():
        known, given = (account.client_id, account.client_secret), (id, secret)
        if all(secrets.compare_digest(one.encode(), other.encode()) for one, other in zip(given, known, strict=True)):
            return account
    return None


def missing(what: str) -> Refusal:
    return Refusal(404, "not.found", f"The requested {what} was not found.")


def wrong(says: str, code: str = "bad.request") -> Refusal:
    return Refusal(400, code, says)
