"""Who may ask Vonage, and how Vonage says no."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import credentials
from sandbox.exchange import Call

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
    given = credentials.basic(authorization)
    if account := credentials.holder(ACCOUNTS, lambda each: (each.key, each.secret), given):
        return account
    raise Refusal(401, "authentication failed")


def failed() -> Refusal:
    """ "method failed": the number is not this account's, or not for sale; which of the two is not said."""
    return Refusal(420, "method failed")


def unknown(call: Call, status: int) -> Refusal:
    return Refusal(status, "not found" if status == 404 else "method not allowed")
