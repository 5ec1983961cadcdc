"""Who asks, as headers say it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

import pytest

from sandbox.credentials import basic, bearer, holder, named


@dataclass(frozen=True)
class Account:
    name: str
    user: str
    password: str


ACCOUNTS = (Account("main", "a", "1"), Account("other", "b", "2:3"))


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "given"),
    [
        (f"Basic {_encoded('b:2:3')}", ("b", "2:3")),
        (f"basic {_encoded('b')}", ("b", "")),
        (f"Bearer {_encoded('b:2:3')}", ("", "")),
        ("Basic b:2:3", ("", "")),
        ("Basic /w==", ("", "")),
        ("", ("", "")),
    ],
)
def test_basic(header: str, given: tuple[str, str]) -> None:
    assert basic(header) == given


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer x y", "x y"), ("bearer x", "x"), ("Basic x", ""), ("Bearer", ""), ("", "")]
)
def test_bearer(header: str, token: str) -> None:
    assert bearer(header) == token


@pytest.mark.parametrize(
    ("given", "name"),
    [(("a", "1"), "main"), (("b", "2:3"), "other"), (("a", "2:3"), ""), (("", ""), ""), (("a", "é"), "")],
)
def test_an_account_is_known_by_all_of_its_credentials(given: tuple[str, str], name: str) -> None:
    found = holder(ACCOUNTS, lambda each: (each.user, each.password), given)
    assert (found.name if found else "") == name
    assert not found or found is named(ACCOUNTS, name)
