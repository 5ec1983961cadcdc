"""Who may ask Genesys Cloud, and how it says no."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field

from sandbox import credentials
from sandbox.exchange import Call

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
    token = (credentials.bearer(authorization),)
    if account := credentials.holder(ACCOUNTS, lambda each: (each.access_token,), token):
        return account
    raise Refusal(401, "bad.credentials", "Invalid login credentials.")


def grant(authorization: str) -> Account | None:
    """Whose token it is that is asked for; None for who may not have one."""
    given = credentials.basic(authorization)
    return credentials.holder(ACCOUNTS, lambda each: (each.client_id, each.client_secret), given)


def missing(what: str) -> Refusal:
    return Refusal(404, "not.found", f"The requested {what} was not found.")


def wrong(says: str, code: str = "bad.request") -> Refusal:
    return Refusal(400, code, says)


def unknown(call: Call, status: int) -> Refusal:
    if status == 404:
        return Refusal(404, "not.found", "The requested resource was not found.")
    return Refusal(405, "method.not.allowed", "The method is not allowed.")
