"""The receiver that stands behind a network's webhooks while calls are placed: whom it believes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from xtel.proof.receiver import Receiver, genuine

# The vector of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
TIME = 1614265330
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(TIME),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in HEADERS.items() if key != name}


@pytest.mark.parametrize(
    ("headers", "body", "now", "verdict"),
    [
        (HEADERS, BODY, TIME, True),
        (HEADERS, BODY, TIME + 300, True),
        (HEADERS, BODY, TIME + 301, False),
        (HEADERS, BODY, TIME - 301, False),
        (HEADERS, BODY + b" ", TIME, False),
        ({**HEADERS, "webhook-id": "msg_other"}, BODY, TIME, False),
        ({**HEADERS, "webhook-timestamp": "now"}, BODY, TIME, False),
        ({**HEADERS, "webhook-signature": f"v1,AAAA {HEADERS['webhook-signature']}"}, BODY, TIME, True),
        ({**HEADERS, "webhook-signature": HEADERS["webhook-signature"].replace("v1,", "v1a,")}, BODY, TIME, False),
        *((without(name), BODY, TIME, False) for name in HEADERS),
    ],
)
def test_whom_it_believes(headers: dict[str, str], body: bytes, now: float, verdict: bool) -> None:
    assert genuine(SECRET, headers, body, now) is verdict


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    spoken = {"https://voice.example.com/twiml": {"+14155550101": "<Response/>"}}
    made = Receiver({"+14155550100": SECRET}, spoken, "ws://127.0.0.1:9/v1/realtime", "key")
    yield made
    made.close()


def asked(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_a_forged_delivery_is_refused(receiver: Receiver) -> None:
    assert asked(receiver.calls, json.dumps({"data": {"call_id": "x"}}).encode(), HEADERS) == (401, "")


def test_twiml_of_the_number_that_is_called(receiver: Receiver) -> None:
    [place] = receiver.twiml.values()
    assert asked(place, b"To=%2B14155550101", {}) == (200, "<Response/>")
    assert asked(place, b"To=%2B14155550199", {}) == (404, "")
