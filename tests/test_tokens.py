"""Access tokens: fetched once, renewed in time, renewed once more when the vendor takes one no longer, never shown."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import pytest

from providers.kernel import errors, http, limits, secrecy
from providers.kernel.tokens import Token, Tokens


class Desk:
    """Hands out tokens, each under another name, on a clock of its own."""

    def __init__(self, seconds: float = 3600) -> None:
        self.seconds, self.now, self.asked = seconds, 0.0, 0
        self.tokens = Tokens(self.fetch, lambda: self.now)

    def fetch(self) -> Token:
        self.asked += 1
        return Token(f"token-number-{self.asked}", self.seconds)


def client(desk: Desk, answer: Callable[[str], httpx.Response]) -> httpx.Client:
    line = httpx.MockTransport(lambda request: answer(request.headers["authorization"]))
    return http.client("vendor", limits.Limit(4), base_url="https://api.example.com", inner=line, tokens=desk.tokens)


def test_one_token_serves_until_it_ends() -> None:
    desk = Desk(seconds=3600)
    assert {desk.tokens.current() for _ in range(5)} == {"token-number-1"}
    desk.now = 3600 - 61
    assert desk.tokens.current() == "token-number-1"
    desk.now = 3600 - 59
    assert desk.tokens.current() == "token-number-2"


def test_a_token_that_is_good_for_seconds_is_still_used() -> None:
    desk = Desk(seconds=10)
    assert desk.tokens.current() == desk.tokens.current()
    desk.now = 6
    assert desk.tokens.current() == "token-number-2"


def test_all_who_come_at_once_share_one() -> None:
    desk = Desk()
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(desk.tokens.current())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (set(seen), desk.asked) == ({"token-number-1"}, 1)


def test_a_refused_token_is_renewed_once() -> None:
    desk = Desk()
    taken = client(desk, lambda shown: httpx.Response(200 if shown.endswith("-2") else 401, json={"ok": True}))
    assert taken.post("/things").status_code == 200
    assert desk.asked == 2
    never = client(desk, lambda shown: httpx.Response(401, json={"message": "no"}))
    with pytest.raises(errors.Denied, match="credentials"):
        never.get("/things")
    assert desk.asked == 3


def test_a_token_that_is_refused_is_a_refusal_of_the_credentials() -> None:
    def fetch() -> Token:
        raise errors.Invalid("Invalid client_id", status=400, code="4735")

    with pytest.raises(
        errors.Unauthenticated, match=r"Invalid client_id \(code 4735, HTTP 400\); next: check this vendor's"
    ):
        Tokens(fetch).current()


def test_what_is_forbidden_renews_nothing() -> None:
    desk = Desk()
    with pytest.raises(errors.Denied):
        client(desk, lambda shown: httpx.Response(403, json={"message": "no"})).get("/things")
    assert desk.asked == 1


def test_a_token_is_in_no_text() -> None:
    desk = Desk()
    token = desk.tokens.current()
    assert token not in secrecy.redact(f"Bearer {token}")
    assert "token-number" not in repr(desk.fetch())
