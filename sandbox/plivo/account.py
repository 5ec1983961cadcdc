"""Who may ask Plivo, and how Plivo says no."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from sandbox import credentials, shapes
from sandbox.exchange import Call

VENDOR = "plivo"


class Refusal(Exception):
    """Plivo says no: an HTTP status and the sentence that stands in `error`."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


@dataclass(frozen=True, slots=True)
class Account:
    """An account and its token. In the vendor's format (20 and 40 characters), and plainly no real one."""

    name: str
    auth_id: str
    token: str


ACCOUNTS = tuple(
    Account(name, f"MASANDBOX{name.upper()}".ljust(20, "0"), f"Sandbox{name}".ljust(40, "0"))
    for name in ("main", "other")
)


def authenticate(authorization: str) -> Account:
    """HTTP Basic with auth id and auth token."""
    given = credentials.basic(authorization)
    if account := credentials.holder(ACCOUNTS, lambda each: (each.auth_id, each.token), given):
        return account
    raise unauthenticated()


def unauthenticated() -> Refusal:
    return Refusal(401, "authentication failed")


def missing() -> Refusal:
    return Refusal(404, "not found")


def misread(error: shapes.Wrong, absent: int) -> Refusal:
    """400 is "a parameter is missing or is invalid"; some pages say 422 for the missing ones."""
    field = error.pointer.strip("/").replace("/", ".")
    status = absent if error.kind == shapes.MISSING else 400
    return Refusal(status, error.says if error.kind != shapes.INVALID or not field else f"{field}: {error.says}")


def new_number() -> str:
    """Trunks and applications share one space of ids: both may be a number's `app_id`."""
    return str(10**16 + secrets.randbelow(9 * 10**16))


def new_uuid() -> str:
    return str(uuid.uuid4())


def unknown(call: Call, status: int) -> Refusal:
    """A path without its trailing slash is another path, and leads nowhere."""
    return missing() if status == 404 else Refusal(status, "method not allowed")
