"""Who may ask Twilio, and how Twilio says no."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox import credentials
from sandbox.exchange import Call

VENDOR = "twilio"
API_VERSION = "2010-04-01"

# https://www.twilio.com/docs/api/errors, read 2026-11-21. The 20xxx ones are common to all Twilio APIs.
INVALID_PARAMETER = 20001  # also unknown and missing ones
AUTHENTICATE = 20003
METHOD_NOT_ALLOWED = 20004
PAGE_SIZE = 20007
NOT_FOUND = 20404
APPLICATION_INVALID = 21218
DOMAIN_INVALID = 21244
DOMAIN_TAKEN = 21245
DEPENDENCIES = 21247
LIMIT = 21248
NUMBER_INVALID = 21421
NUMBER_UNAVAILABLE = 21422
AREA_CODE_INVALID = 21451
AREA_CODE_EMPTY = 21452


class Refusal(Exception):
    """Twilio says no: HTTP status, its own error code, and a sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Account:
    """An account, its token and one API key. In the vendor's format, and plainly no real one."""

    name: str
    sid: str
    token: str
    key: str
    secret: str


def _account(number: int, name: str) -> Account:
    token = name.encode().hex().rjust(32, "0")
    return Account(name, f"AC{number:032x}", token, f"SK{number:032x}", f"Sandbox{name}".ljust(32, "0"))


ACCOUNTS = tuple(_account(number, name) for number, name in enumerate(("main", "other"), 1))


def authenticate(authorization: str) -> tuple[Account, bool]:
    """HTTP Basic with account SID and token, or with API key and secret. Also whether it was the API key."""
    given = credentials.basic(authorization)
    if account := credentials.holder(ACCOUNTS, lambda each: (each.sid, each.token), given):
        return account, False
    if account := credentials.holder(ACCOUNTS, lambda each: (each.key, each.secret), given):
        return account, True
    raise unauthenticated()


def unauthenticated() -> Refusal:
    return Refusal(401, AUTHENTICATE, "Authenticate")


def missing(path: str) -> Refusal:
    return Refusal(404, NOT_FOUND, f"The requested resource {path} was not found")


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unknown(call: Call, status: int) -> Refusal:
    return missing(call.path) if status == 404 else Refusal(status, METHOD_NOT_ALLOWED, "Method not allowed")
