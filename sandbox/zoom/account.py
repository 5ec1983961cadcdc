"""Who may ask Zoom, and how Zoom says no."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox import credentials
from sandbox.exchange import Call

VENDOR = "zoom"
#: Zoom's own codes: a parameter or a duplicate; a token that is none.
VALIDATION, TOKEN = 300, 124


class Refusal(Exception):
    """Zoom says no: HTTP status, its own code, a sentence, and where a field is wrong its name."""

    def __init__(self, status: int, code: int, says: str, field: str = "") -> None:
        super().__init__(says)
        self.status, self.code, self.says, self.field = status, code, says, field


@dataclass(frozen=True, slots=True)
class Account:
    """An account, and a Server-to-Server OAuth app in it. In the vendor's format, and plainly no real one."""

    name: str
    account_id: str
    client_id: str
    client_secret: str = field(repr=False)
    access_token: str = field(repr=False)


def _made(name: str, what: str, size: int) -> str:
    return (f"Sandbox{name}" + hashlib.sha256(f"{name} {what}".encode()).hexdigest())[:size]


ACCOUNTS = tuple(
    Account(
        name,
        _made(name, "account", 22),
        _made(name, "client", 22),
        _made(name, "client secret", 32),
        _made(name, "access token", 60),
    )
    for name in ("main", "other")
)


def authenticate(authorization: str) -> Account:
    token = (credentials.bearer(authorization),)
    if account := credentials.holder(ACCOUNTS, lambda each: (each.access_token,), token):
        return account
    raise Refusal(401, TOKEN, "Invalid access token.")


def grant(authorization: str, form: Mapping[str, str]) -> Account | None:
    """Whose token it is that is asked for; None for who may not have one."""
    given = (*credentials.basic(authorization), form.get("account_id", ""))
    return credentials.holder(ACCOUNTS, lambda each: (each.client_id, each.client_secret, each.account_id), given)


def wrong(field: str, says: str) -> Refusal:
    return Refusal(400, VALIDATION, says, field)


def unknown(call: Call, status: int) -> Refusal:
    if status == 404:
        return Refusal(404, 2300, "This API endpoint is not recognized.")
    return Refusal(405, 405, "Request method is not supported.")
