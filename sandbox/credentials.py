"""Whose request it is, in the ways that several vendors ask for it: HTTP Basic (RFC 7617), a bearer token (RFC 6750)."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar


class _Named(Protocol):
    @property
    def name(self) -> str: ...


AccountT = TypeVar("AccountT", bound=_Named)


def named(accounts: Iterable[AccountT], name: str) -> AccountT:
    """The account that the control API calls `name`."""
    return next(account for account in accounts if account.name == name)


def basic(authorization: str) -> tuple[str, str]:
    """User and password; both empty where there are none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")


def bearer(authorization: str) -> str:
    """The token; empty where there is none."""
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" else ""


def holder(
    accounts: Iterable[AccountT], known: Callable[[AccountT], tuple[str, ...]], given: tuple[str, ...]
) -> AccountT | None:
    """Whose credentials they are, all of them."""
    for account in accounts:
        both = zip(given, known(account), strict=True)
        if all(secrets.compare_digest(one.encode(), other.encode()) for one, other in both):
            return account
    return None
