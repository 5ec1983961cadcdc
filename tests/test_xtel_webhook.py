"""`xtel webhook`: what a receiver takes and should not, found out from outside; and a receiver of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from providers.kernel.errors import InputError, XtelError
from tests.serving import serving
from xai_resources.webhook import Endpoint, Event, Webhook
from xtel.proof import deliveries, webhook
from xtel.proof.announced import Announced

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
NUMBER = Announced("support", "+14155550100", "https://voice.example.com/calls", (SECRET,), "canary-token")
FORGED = 12


async def nothing(event: Event) -> None:
    """Joins no call."""


def answering(status: int | Callable[[dict[str, str], bytes], int]) -> Callable[..., Awaitable[None]]:
    """A receiver that answers what it is told to, by header and body."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        answer = status if isinstance(status, int) else status(headers, body)
        await send({"type": "http.response.start", "status": answer, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return app


def wrong(app: Any, number: Announced = NUMBER) -> list[str]:
    """Which deliveries a receiver answers as it should not."""
    with serving(app) as url:
        verdicts = webhook.deliver(number, url)
    assert len(verdicts) == 3 + FORGED
    return [verdict.delivery.name for verdict in verdicts if not verdict.right]


ALL = [each.name for each in deliveries.Forge("+1", SECRET, 0).genuine()]
ALL += [each.name for each in deliveries.Forge("+1", SECRET, 0).forged(deliveries.Forge("+1", SECRET, 0).genuine()[0])]


def test_ours_takes_what_is_genuine_and_refuses_twelve_forgeries() -> None:
    assert wrong(Endpoint(nothing, Webhook(SECRET))) == []
    assert wrong(Endpoint(nothing, Webhook([OTHER, SECRET]))) == []


def test_a_receiver_that_verifies_nothing_takes_all_of_them() -> None:
    assert wrong(answering(200)) == ALL[3:]
    assert len(set(ALL[3:])) == FORGED


def test_a_receiver_that_refuses_everything_takes_no_genuine_one() -> None:
    assert wrong(answering(401)) == ALL[:3]


def test_a_receiver_with_another_secret() -> None:
    assert wrong(Endpoint(nothing, Webhook(OTHER))) == ALL[:3]


def test_a_receiver_that_breaks_refuses_nothing_by_intent() -> None:
    assert wrong(answering(500)) == ALL


class Forgetful:
    """Remembers nothing."""

    def add(self, key: str, seconds: int) -> bool:
        return True


def first_signature_alone(headers: dict[str, str], body: bytes) -> int:
    one = {**headers, "webhook-signature": headers.get("webhook-signature", "").split(" ")[0]}
    return verified(Webhook(SECRET, seen=Forgetful()), one, body)


def parsed_and_written_again(headers: dict[str, str], body: bytes) -> int:
    try:
        told = json.dumps(json.loads(body)).encode()
    except ValueError:
        return 500
    return verified(Webhook(SECRET, seen=Forgetful()), headers, told)


def verified(known: Webhook, headers: dict[str, str], body: bytes) -> int:
    try:
        known.verify(body, headers)
    except ValueError:
        return 401
    return 200


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("remembers nothing", ["sent again"]),
        ("any time", ["ten minutes old", "ten minutes ahead"]),
        ("first signature", ["genuine: two signatures", "sent again"]),
        ("parses first", ["sent again", "the same JSON, spaced otherwise", "not UTF-8"]),
    ],
)
def test_each_fault_is_told_from_the_others(fault: str, found: list[str]) -> None:
    receivers = {
        "remembers nothing": Endpoint(nothing, Webhook(SECRET, seen=Forgetful())),
        "any time": Endpoint(nothing, Webhook(SECRET, tolerance=10**9)),
        "first signature": answering(first_signature_alone),
        "parses first": answering(parsed_and_written_again),
    }
    assert wrong(receivers[fault]) == found


def test_the_token_goes_to_its_own_host_and_to_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def take(headers: dict[str, str], body: bytes) -> int:
        seen.append(headers.get("authorization", ""))
        return 200

    wrong(answering(take))
    assert set(seen) == {"Bearer canary-token"}
    assert webhook._bearer(NUMBER, "https://voice.example.com/other") == {"authorization": "Bearer canary-token"}
    assert webhook._bearer(NUMBER, "https://elsewhere.example.com/calls") == {}
    assert "the webhook's token is for voice.example.com" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://voice.example.com/calls", "a receiver is asked by https"),
        ("ftp://127.0.0.1/", "a receiver is asked by https"),
        ("https://a:b@c.example/", "holds no user and no password"),
        ("calls", "a receiver is asked by https"),
    ],
)
def test_where_deliveries_do_not_go(url: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        webhook.deliver(NUMBER, url)


def test_nobody_listens() -> None:
    with pytest.raises(XtelError, match="nothing listens at http://127.0.0.1:9/calls"):
        webhook.deliver(NUMBER, "http://127.0.0.1:9/calls")


def test_a_secret_that_nobody_knows() -> None:
    with pytest.raises(InputError, match=r"the signing secret of \+14155550100 is not known here"):
        webhook.deliver(Announced("support", "+14155550100", "https://voice.example.com/calls"), "http://127.0.0.1:9/")


def test_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answering(200)) as url:
        verdicts = webhook.deliver(NUMBER, url)
    webhook.show(NUMBER, url, verdicts)
    text = capsys.readouterr().out
    assert "WRONG  another secret" in text and ", 4xx is right: verify the signature" in text
    assert "3 of 15 deliveries were answered as they should be" in text
    told = json.dumps([verdict.as_json() for verdict in verdicts])
    for secret in (SECRET, "canary-token"):
        assert secret not in text + told
