"""The receiver that stands behind a network's webhooks while calls are placed: whom it believes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from xtel.proof.receiver import Receiver

# The vector of the Standard Webhooks specification, years old.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TIME = 1614265330
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(TIME),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    spoken = {"https://voice.example.com/twiml": {"+14155550101": "<Response/>"}}
    made = Receiver({"+14155550100": SECRET}, spoken, "http://127.0.0.1:9", "key")
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
