"""Errors are one line, name the subject, and never hold a secret."""

from __future__ import annotations

import pytest

from providers.kernel import errors, operation, secrecy
from providers.kernel.operation import Operation


def test_an_error_names_everything_and_ends_in_a_step() -> None:
    with operation.operating(Operation(vendor="twilio", object="Trunk", number="+14155550100")):
        error = errors.NotFound("gone", status=404, code="20404", request_id="RQ1", step="look again")
    assert str(error) == "twilio Trunk +14155550100: gone (code 20404, HTTP 404, request RQ1); next: look again"


def test_a_long_reason_is_cut_and_the_step_stays() -> None:
    error = errors.Invalid("x" * 1000 + "\n\x1b[31mred", step="do this")
    assert len(str(error)) <= 300
    assert str(error).endswith("; next: do this")
    assert "\n" not in str(error)
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Authorization: Bearer abc.def-123",
        "Basic QUM6dG9rZW4=",
        "xai-abcdefghijklmnop",
        "https://user:hunter2@host/",
        "my registered-secret here",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    secrecy.register("registered-secret")
    shown = str(errors.XtelError(text))
    assert secrecy.MASK in shown
    assert not any(word in shown for word in ("MfKQ", "abc.def", "QUM6", "abcdefgh", "hunter2", "registered-secret"))


def test_classes_by_status() -> None:
    found = {
        status: errors.by_status(status).__name__ for status in (400, 401, 403, 404, 405, 409, 422, 429, 500, 501, 503)
    }
    assert found == {
        400: "Invalid", 401: "Denied", 403: "Denied", 404: "NotFound", 405: "Unsupported", 409: "Conflict",
        422: "Invalid", 429: "RateLimited", 500: "Unavailable", 501: "Unsupported", 503: "Unavailable",
    }  # fmt: skip


def test_ours_behind_an_sdk_exception() -> None:
    ours = errors.Denied("no")
    try:
        try:
            raise ours
        except errors.Denied as error:
            raise RuntimeError("sdk") from error
    except RuntimeError as wrapped:
        assert errors.of(wrapped) is ours
    assert errors.of(ValueError()) is None


def test_a_text_that_was_seen_before_its_secret_was_known_is_redacted_from_then_on() -> None:
    assert secrecy.redact("it is late-comer-7") == "it is late-comer-7"
    secrecy.register("late-comer-7")
    assert secrecy.redact("it is late-comer-7") == secrecy.one_line("it is\nlate-comer-7") == "it is [secret]"
    assert "late-comer-7" not in f"{vars(secrecy)['_secrets']!r}"
