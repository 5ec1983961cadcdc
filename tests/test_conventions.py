"""Each vendor's own way to refuse, to name a request, and to tell its rate, by the bodies that its documents show."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from providers.kernel import errors, http, limits, registry
from providers.kernel.conventions import Refusal, refusal_of

GATEWAY = {"message": "upstream is down"}


def caught(vendor: str, answer: httpx.Response) -> errors.CarrierError:
    """The error that an answer of this vendor becomes."""
    conventions = registry.vendor(vendor).conventions
    transport = httpx.MockTransport(lambda request: answer)
    with (
        http.client(
            vendor, limits.Limit(4), conventions, base_url="https://api.example.com", inner=transport
        ) as client,
        pytest.raises(errors.CarrierError) as found,
    ):
        client.post("/v2/phone-numbers")
    return found.value


@pytest.mark.parametrize(
    ("vendor", "body", "code", "message"),
    [
        ("twilio", {"code": 20404, "message": "gone", "more_info": "…", "status": 404}, "20404", "gone"),
        (
            "telnyx",
            {"errors": [{"code": "10005", "title": "Not found", "detail": "no such id"}, {"code": "2"}]},
            "10005",
            "Not found: no such id",
        ),
        ("telnyx", {"errors": [{"code": "10005", "title": "Not found"}]}, "10005", "Not found"),
        ("xai", {"code": "The caller does not have permission", "error": "not enabled"}, "", "not enabled"),
        ("xai", {"code": "Some sentence only"}, "", "Some sentence only"),
        ("xai", {"error": {"message": "inner"}}, "", "inner"),
        ("plivo", {"error": {"number": ["bad"]}}, "", '{"number": ["bad"]}'),
        ("plivo", {"api_id": "x", "error": "Plivo says no"}, "", "Plivo says no"),
        *((vendor, GATEWAY, "", "upstream is down") for vendor in ("twilio", "telnyx", "xai", "plivo")),
    ],
)
def test_every_vendors_error_body_is_read(vendor: str, body: Any, code: str, message: str) -> None:
    error = caught(vendor, httpx.Response(422, json=body))
    assert (error.code, error.reason) == (code, message)


@pytest.mark.parametrize("vendor", ["twilio", "telnyx", "xai", "plivo"])
@pytest.mark.parametrize("body", [[], None, {"errors": []}, {"errors": ["x"]}, {"errors": 1}, "no", {"code": None}])
def test_a_body_of_no_known_form_says_what_was_refused(vendor: str, body: Any) -> None:
    error = caught(vendor, httpx.Response(422, json=body))
    assert error.reason.startswith("POST /v2/phone-numbers was refused (")
    assert error.code == ""


@pytest.mark.parametrize(
    ("vendor", "answer"),
    [
        ("twilio", httpx.Response(404, headers={"twilio-request-id": "RQ7"})),
        ("telnyx", httpx.Response(404, headers={"x-request-id": "RQ7"})),
        ("xai", httpx.Response(404, headers={"x-request-id": "RQ7"})),
        ("plivo", httpx.Response(404, json={"api_id": "RQ7", "error": "not found"})),
        ("plivo", httpx.Response(404, headers={"x-plivo-request-id": "RQ7"}, json={"api_id": "other"})),
    ],
)
def test_the_request_id_that_its_support_asks_for(vendor: str, answer: httpx.Response) -> None:
    assert caught(vendor, answer).request_id == "RQ7"


@pytest.mark.parametrize(
    ("status", "error", "step"),
    [
        (400, "Incorrect API key provided", "check XAI_API_KEY"),
        (403, "Provisioning is not enabled", "buy the number in xAI's console"),
        (403, "The agents endpoint is not enabled for you", "ask xAI to enable agents"),
        (409, "registered already", "`take_over: true`"),
        (404, "no such number", ""),
    ],
)
def test_xais_words_decide_the_step(status: int, error: str, step: str) -> None:
    found = caught("xai", httpx.Response(status, json={"code": "Some sentence", "error": error}))
    assert found.step.startswith(step)
    assert bool(found.step) is bool(step)


def test_telnyx_tells_the_seconds_until_the_next_window() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}
    conventions = registry.vendor("telnyx").conventions
    policy = http.Policy("telnyx", limits.Limit(4), httpx.MockTransport(lambda _: httpx.Response(200)), conventions)
    assert policy._answers.retry_after(httpx.Response(429, headers=headers)) == 7
    assert policy._answers.nothing_left(httpx.Response(200, headers=headers))


def test_the_common_form() -> None:
    assert refusal_of({"code": 7, "detail": "it is so", "title": "unused"}) == Refusal("7", "it is so")
    assert refusal_of({"message": "", "error": "second"}) == Refusal("", "second")
    assert refusal_of("text") == Refusal()
