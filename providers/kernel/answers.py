"""Answers of one vendor's API read by its conventions: what is a success, what an error of ours, how long to wait."""

from __future__ import annotations

import email.utils
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from providers.kernel import body, errors, secrecy
from providers.kernel.conventions import ApiConventions, RateHeaders, Refusal, refusal_of

if TYPE_CHECKING:
    import httpx

#: Seconds: a vendor that asks for a longer wait asks for this one.
MAX_WAIT = 3600.0
SLOWER = "wait a minute and run it again; what was made is kept"
CREDENTIALS = "check this vendor's credentials (`xtel doctor` shows where they come from)"


class Answers:
    """Answers read by the conventions of one vendor's API."""

    def __init__(self, conventions: ApiConventions) -> None:
        self._conventions = conventions
        self._rate = conventions.rate

    def accepted(self, response: httpx.Response) -> httpx.Response:
        """The response, if it is a success whose body can be read; else an error of ours."""
        status = response.status_code
        if status >= 300:
            raise self._refused(response)
        if response.content:
            if status != 204:
                self._require_fulfilled(response, self._readable(response))
        elif status != 204 and response.request.method not in {"HEAD", *self._conventions.empty_answers}:
            raise self._unusable(response, "empty answer")
        return response

    def _readable(self, response: httpx.Response) -> object | None:
        """What it says, or None for XML. Its type then says what it is: JSON in UTF-8, whatever the vendor calls it."""
        if self._conventions.xml and body.is_xml(response.content):
            return None
        document = as_json(response)
        if document is None:
            raise self._unusable(response, f"unreadable answer ({_kind(response)})")
        if name := body.not_text(document, self._conventions.texts):
            raise self._unusable(response, f"unreadable answer: its {name} is no text")
        response.headers["content-type"] = "application/json"
        return document

    def _require_fulfilled(self, response: httpx.Response, document: object | None) -> None:
        """Raise for a success that refuses in its body."""
        if refusal := self._conventions.refused_in_success(document):
            raise self._error(
                response, refusal, self._conventions.kind(response.status_code, refusal) or errors.Invalid
            )

    def _unusable(self, response: httpx.Response, reason: str) -> errors.Unavailable:
        return errors.Unavailable(reason, status=response.status_code, request_id=self.request_id(response))

    def _refused(self, response: httpx.Response) -> errors.CarrierError:
        status = response.status_code
        refusal = self._named(self.refusal(as_json(response)), response)
        limited = errors.RateLimited if self.too_many(response) else None
        kind = self._conventions.kind(status, refusal) or limited or errors.by_status(status)
        return self._error(response, refusal, kind)

    def _error(
        self, response: httpx.Response, refusal: Refusal, kind: type[errors.CarrierError]
    ) -> errors.CarrierError:
        status, path = response.status_code, response.request.url.path
        usual = SLOWER if kind is errors.RateLimited else CREDENTIALS if status == 401 else ""
        if status < 300:
            usual = "see what it asks for, then run it again"
        return kind(
            refusal.message or f"{response.request.method} {path} was refused ({_kind(response)})",
            status=status,
            code=refusal.code,
            request_id=self.request_id(response),
            retry_after=self.retry_after(response) if issubclass(kind, errors.Temporary) else None,
            step=self._conventions.advice(status, refusal, path) or usual,
        )

    def _named(self, refusal: Refusal, response: httpx.Response) -> Refusal:
        """The refusal with the code that stands in a header, where this API puts it there: ``Name:more`` names ``Name``."""
        header = self._conventions.code_header
        code = response.headers.get(header, "").partition(":")[0] if header and not refusal.code else ""
        return Refusal(secrecy.one_line(code, 64), refusal.message) if code else refusal

    def refusal(self, document: object) -> Refusal:
        """The vendor's code and words, in its own form or in the common one."""
        found = self._conventions.refusal(document)
        return found if found.code or found.message else refusal_of(document)

    def request_id(self, response: httpx.Response) -> str:
        """The id that the vendor's support asks for; empty where the answer has none."""
        for header in self._conventions.request_id_headers:
            if value := response.headers.get(header):
                return secrecy.one_line(value, 64)
        name = self._conventions.request_id_field
        found = as_json(response) if name else None
        return (
            secrecy.one_line(str(cast(dict[str, object], found).get(name, "")), 64) if isinstance(found, dict) else ""
        )

    def nothing_left(self, response: httpx.Response) -> bool:
        """Whether this was the last request of a window."""
        return self._rate is not None and response.headers.get(self._rate.remaining) == "0"

    def too_many(self, response: httpx.Response) -> bool:
        """Whether it was refused because requests came too fast."""
        if response.status_code == 429 or self._rate is None:
            return response.status_code == 429
        told = self.nothing_left(response) or "retry-after" in response.headers
        return response.status_code in self._rate.statuses and told

    def retry_after(self, response: httpx.Response) -> float | None:
        """Seconds that the vendor asks to wait: Retry-After as seconds or date (RFC 9110 §10.2.3), or its own header."""
        if value := response.headers.get("retry-after"):
            return _seconds(value)
        return _until_reset(self._rate, response.headers) if self._rate else None


def _until_reset(rate: RateHeaders, headers: httpx.Headers) -> float | None:
    try:
        reset = float(headers[rate.reset])
    except (KeyError, ValueError):
        return None
    return _sane(max(0.0, reset - time.time()) if rate.epoch else reset)


def _seconds(value: str) -> float | None:
    try:
        return _sane(float(value))
    except ValueError:
        pass
    try:
        when = _date(value)
        zoned = when if when.tzinfo else when.replace(tzinfo=UTC)  # RFC 9110: a date is in UTC
        return _sane(max(0.0, (zoned - datetime.now(UTC)).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return None


def _date(value: str) -> datetime:
    """A date of RFC 9110, or one of ISO 8601, which some send instead. Raises ValueError, TypeError."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return email.utils.parsedate_to_datetime(value)


def _sane(seconds: float) -> float | None:
    """Seconds to wait; None for what is no wait."""
    return min(seconds, MAX_WAIT) if math.isfinite(seconds) and seconds >= 0 else None


def as_json(response: httpx.Response) -> object | None:
    """The JSON of an answer; None where it has none."""
    try:
        return body.parsed(response.content)
    except ValueError:
        return None


def _kind(response: httpx.Response) -> str:
    return f"{response.headers.get('content-type', 'no content type')}, {len(response.content)} bytes"
