"""Who may ask Webex, and how Webex says no."""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass

from sandbox import credentials
from sandbox.exchange import Call

VENDOR = "webex"


class Refusal(Exception):
    """Webex says no: HTTP status, its own code, a sentence."""

    def __init__(self, status: int, code: int, says: str) -> None:
        super().__init__(says)
        self.status, self.code, self.says = status, code, says


@dataclass(frozen=True, slots=True)
class Account:
    """An organisation and a service app that its administrator authorised. Plainly no real one."""

    name: str
    org: str
    client_id: str
    client_secret: str
    refresh_token: str
    access_token: str


def identifier(kind: str, of: str = "") -> str:
    """The base64 of a `ciscospark://` URI, without padding."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, of) if of else uuid.uuid4()
    return base64.b64encode(f"ciscospark://us/{kind}/{name}".encode()).decode().rstrip("=")


def _made(name: str, what: str) -> str:
    return f"Sandbox{name}" + hashlib.sha256(f"{name} {what}".encode()).hexdigest()[:57]


ACCOUNTS = tuple(
    Account(
        name,
        identifier("ORGANIZATION", f"https://{name}.sandbox.example"),
        *(_made(name, what) for what in ("client", "secret", "refresh", "access")),
    )
    for name in ("main", "other")
)


def authenticate(authorization: str) -> Account:
    token = (credentials.bearer(authorization),)
    if account := credentials.holder(ACCOUNTS, lambda each: (each.access_token,), token):
        return account
    raise Refusal(401, 0, "The request requires a valid access token set in the Authorization request header.")


def missing(what: str) -> Refusal:
    return Refusal(404, 4008, f"{what} not found")


def wrong(says: str) -> Refusal:
    return Refusal(400, 25008, says)


def unknown(call: Call, status: int) -> Refusal:
    return Refusal(status, 0, "The requested resource could not be found." if status == 404 else "Method not allowed")
