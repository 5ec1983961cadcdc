"""Who may ask Vonage, and how Vonage says no."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass

VENDOR = "vonage"


class Refusal(Exception):
    """Vonage says no: an HTTP status, which is also its `error-code`, and a label."""

    def __init__(self, status: int, label: str) -> None:
        super().__init__(label)
        self.status, self.label = status, label


@dataclass(frozen=True, slots=True)
class Account:
    """An API key and its secret. In the vendor's format (8 and 16 characters), and plainly no real one."""

    name: str
    key: str
    secret: str


ACCOUNTS = tuple(
    Account(name, f"sb{name}".ljust(8, "0"), f"Sandbox{name}".ljust(16, "0")) for name in ("main", "other")
)


def authenticate(authorization: str) -> Account:
    """HTTP Basic with key and secret; the older query parameters are not in the specification any more."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        key = secret = ""
    for account in ACCOUNTS if scheme.lower() == "basic" else ():
        if key == account.key and secrets.compare_digest(secret.encode(), account.secret.encode()):
            return account
    raise Refusal(401, "authentication failed")


def failed() -> Refusal:
    """ "method failed": the number is not this account's, or not for sale; which of the two is not said."""
    return Refusal(420, "method failed")
