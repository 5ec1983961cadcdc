"""Who may ask Telnyx, and how Telnyx says no."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox import credentials, shapes
from sandbox.exchange import Call

VENDOR = "telnyx"

# https://developers.telnyx.com/development/api-fundamentals/api-errors, read 2026-11-21: code and title.
INACTIVE = "10001"
URL_INVALID = "10003"
MISSING = "10004"
NOT_FOUND = "10005"
UNEXPECTED = "10007"
UNAUTHENTICATED = "10009"
FORBIDDEN = "10010"
TOO_MANY = "10011"
MEDIA = "10014"
BAD = "10015"
NOT_E164 = "10016"
NO_ASSOCIATE = "10017"
NOT_SEARCHED = "85000"
UNAVAILABLE = "85001"
TITLES = {
    INACTIVE: "Inactive phone number",
    URL_INVALID: "Invalid URL",
    MISSING: "Missing required parameter",
    NOT_FOUND: "Resource not found",
    UNEXPECTED: "Unexpected error",
    UNAUTHENTICATED: "Authentication failed",
    FORBIDDEN: "Authorization failed",
    TOO_MANY: "Too many requests",
    MEDIA: "Unsupported Media Type",
    BAD: "Bad Request",
    NOT_E164: "Phone number must be in +E.164 format",
    NO_ASSOCIATE: "Associated resource does not exist",
    NOT_SEARCHED: "Must search phone number via search API first",
    # Unverified: the title of 85001 could not be read; that an order can fail for want of the number is certain.
    UNAVAILABLE: "Phone number is not available",
}


class Refusal(Exception):
    """Telnyx says no: HTTP status, its own error code, a sentence, and what part of the request it means."""

    def __init__(self, status: int, code: str, detail: str, pointer: str = "", parameter: str = "") -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.source = {"parameter": parameter} if parameter else {"pointer": pointer} if pointer else {}


@dataclass(frozen=True, slots=True)
class Account:
    """An organisation, its owner and one API key. In the vendor's format, and plainly no real one."""

    name: str
    organization_id: str
    user_id: str
    key: str


ACCOUNTS = tuple(
    Account(
        name,
        f"00000000-0000-4000-8000-{number:012d}",
        f"00000000-0000-4000-9000-{number:012d}",
        f"KEY{number:032X}_Sandbox{name.title()}".ljust(58, "0"),
    )
    for number, name in enumerate(("main", "other"), 1)
)


def authenticate(authorization: str) -> Account:
    key = (credentials.bearer(authorization),)
    if account := credentials.holder(ACCOUNTS, lambda each: (each.key,), key):
        return account
    raise Refusal(401, UNAUTHENTICATED, "Could not understand the provided credentials.")


def missing() -> Refusal:
    return Refusal(404, NOT_FOUND, "The requested resource or URL could not be found.", "/")


def wrong(pointer: str, detail: str, code: str = BAD) -> Refusal:
    """422 with 10015, as in the example that the OpenAPI file gives for a value that is not acceptable."""
    return Refusal(422, code, detail, pointer)


def misread(error: shapes.Wrong) -> Refusal:
    """400 is for what cannot be read at all: POST and PATCH of connections document no 400 for wrong values."""
    if error.kind == shapes.UNREADABLE:
        return Refusal(400, BAD, "The request failed because it was not well-formed.", "/")
    return Refusal(422, MISSING if error.kind == shapes.MISSING else BAD, error.says, error.pointer)


def new_id() -> str:
    """An int64, written as a string."""
    return str(10**18 + secrets.randbelow(8 * 10**18))


def new_uuid() -> str:
    return str(uuid.uuid4())


def now() -> str:
    """2018-02-02T22:25:27.521Z"""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unknown(call: Call, status: int) -> Refusal:
    return missing() if status == 404 else Refusal(status, BAD, f"{call.method} is not allowed here", "/")
