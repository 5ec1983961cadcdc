"""One HTTP policy for every vendor, under every SDK: time-outs, retry by verb, limits, bounds, errors of ours.

The policy is an httpx transport, and this the only module that imports httpx. A client of ours uses it directly; a
vendor's SDK is given an HTTP client on top of it, so that all vendors are retried, limited and explained alike, and the
SDKs' own retries stay off. What an API does its own way it declares: :mod:`providers.kernel.conventions`.

Retried are: 429 for every verb (the request was not carried out; Retry-After is honoured), a connection that was never
made for every verb, and 5xx, time-outs, cut connections and unreadable answers for GET, HEAD and DELETE only. A POST,
PUT or PATCH whose outcome is not known is never repeated here: the reconciler looks first.
"""

from __future__ import annotations

import email.utils
import json
import logging
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

import httpx

from providers.kernel import errors, limits, operation, secrecy
from providers.kernel.conventions import COMMON, ApiConventions, RateHeaders, Refusal, refusal_of

#: For annotations elsewhere.
Response: TypeAlias = httpx.Response

#: Seconds: connecting, and waiting for the next byte of an answer.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
#: An answer larger than this is refused: no listing of these APIs comes near it.
MAX_BYTES = 16 * 1024 * 1024
_ATTEMPTS = 5
_REPEATABLE = frozenset({"GET", "HEAD", "DELETE"})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_process = limits.Limit(limits.PROCESS_LIMIT)
_log = logging.getLogger(__name__)


def network() -> httpx.BaseTransport:
    """The transport below the policy: TCP and TLS with the system's trust, never without verification."""
    return httpx.HTTPTransport(limits=httpx.Limits(max_connections=limits.PROCESS_LIMIT))


class Policy(httpx.BaseTransport):
    """The transport that every request of this project goes through."""

    def __init__(
        self,
        vendor: str,
        limit: limits.Limit,
        inner: httpx.BaseTransport | None = None,
        conventions: ApiConventions = COMMON,
    ) -> None:
        self._vendor = vendor
        self._limit = limit
        self._reading = _Reading(conventions)
        self._inner = inner or network()
        self._sleep: Callable[[float], None] = time.sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until it is answered, refused for good, or not worth another attempt."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(request, attempt)
            except errors.Temporary as error:
                wait = self._wait(request.method, attempt, error)
                if wait is None:
                    raise
                self._pause(wait, error)

    def _once(self, request: httpx.Request, attempt: int) -> httpx.Response:
        with self._limit.slot(self._turn), _process.slot(), self._logged(request, attempt) as answered:
            response = self._sent(request)
            answered.append(response)
            if request.method not in {"GET", "HEAD"}:
                operation.current().write_ids.append(self._reading.request_id(response))
            self._heed(response)
            return self._reading.accepted(response)

    def _sent(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._read(self._inner.handle_request(request), request)
        except _NEVER_SENT as error:
            raise errors.Unreachable(f"no connection to {request.url.host}: {error}", step=_network_step()) from None
        except httpx.TimeoutException:
            raise errors.Unavailable(f"no answer to {request.method} {request.url.path} in time") from None
        except httpx.DecodingError:
            raise errors.Unavailable(f"unreadable answer to {request.method} {request.url.path}") from None
        except httpx.TransportError as error:
            raise errors.Unavailable(f"connection lost during {request.method} {request.url.path}: {error}") from None

    @contextmanager
    def _logged(self, request: httpx.Request, attempt: int) -> Generator[list[httpx.Response]]:
        """One line for an attempt: how it was answered, after how long. Never its query, headers or bodies."""
        answered: list[httpx.Response] = []
        started, outcome = time.monotonic(), ""
        try:
            yield answered
        except errors.CarrierError as error:
            outcome = f", {type(error).__name__}"
            raise
        finally:
            if _log.isEnabledFor(logging.DEBUG):
                status = str(answered[0].status_code) if answered else "no answer"
                id = self._reading.request_id(answered[0]) if answered else ""
                _log.debug(
                    "%s %s %s: %s in %.0f ms, attempt %d%s%s",
                    *(self._vendor, request.method, secrecy.one_line(request.url.path, 200)),
                    *(status, (time.monotonic() - started) * 1000, attempt, f", request {id}" if id else "", outcome),
                )

    def _heed(self, response: httpx.Response) -> None:
        """What the answer says about how many requests may follow."""
        if self._reading.too_many(response):
            self._limit.complain()
        elif response.status_code < 400:
            self._limit.praise()
        if self._reading.nothing_left(response):
            self._limit.hold(self._reading.retry_after(response) or 0.0)

    def _read(self, response: httpx.Response, request: httpx.Request) -> httpx.Response:
        chunks: list[bytes] = []
        size = 0
        try:
            for chunk in cast(httpx.SyncByteStream, response.stream):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise errors.Unavailable(
                        f"the answer to {request.method} {request.url.path} is over {MAX_BYTES} bytes"
                    )
                chunks.append(chunk)
        finally:
            response.close()
        whole = httpx.Response(
            response.status_code, headers=response.headers, stream=httpx.ByteStream(b"".join(chunks)), request=request
        )
        whole.read()
        return whole

    def _wait(self, method: str, attempt: int, error: errors.Temporary) -> float | None:
        """Seconds until the next attempt; None when there must be none."""
        repeatable = method in _REPEATABLE or isinstance(error, errors.RateLimited | errors.Unreachable)
        remaining = operation.current().remaining()
        patient = isinstance(error, errors.RateLimited)
        if not repeatable or remaining <= 0 or (attempt >= _ATTEMPTS and not patient):
            return None
        asked = error.retry_after
        backoff = min(8.0, 0.25 * 2 ** min(attempt, 10)) * random.uniform(0.75, 1.25)
        wait = max(asked + random.uniform(0, 0.25), 0.0) if asked is not None else backoff
        return wait if wait < remaining else None

    def _pause(self, wait: float, error: errors.Temporary) -> None:
        if error.retry_after is not None:
            self._limit.hold(wait)  # what one request was told, all heed; the wait comes with the next slot
            return
        self._show(wait, str(error.status or error.reason))
        self._sleep(wait)

    def _turn(self, wait: float) -> None:
        """Wait for this request's turn, unless it would come after the operation's time."""
        if wait > operation.current().remaining():
            told = f"asked to wait {wait:.0f} s more"
            raise errors.RateLimited(told, status=429, step=_SLOWER, retry_after=wait)
        self._show(wait, "at its limit")
        self._sleep(wait)

    def _show(self, wait: float, reason: str) -> None:
        _log.debug("%s waits %.1f s: %s", self._vendor, wait, secrecy.one_line(reason, 100))
        if wait >= 1:
            operation.current().progress(f"{self._vendor}: {reason}, waiting {wait:.0f} s more")

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def client(
    vendor: str,
    limit: limits.Limit,
    conventions: ApiConventions = COMMON,
    *,
    base_url: str = "",
    inner: httpx.BaseTransport | None = None,
    timeout: httpx.Timeout | float = TIMEOUT,
    **options: Any,
) -> httpx.Client:
    """An httpx client on the policy. Redirects are never followed: a credential must not travel to another host."""
    policy = Policy(vendor, limit, inner, conventions)
    return httpx.Client(base_url=base_url, transport=policy, timeout=timeout, follow_redirects=False, **options)


_SLOWER = "wait a minute and run it again; what was made is kept"
_CREDENTIALS = "check this vendor's credentials (`xtel doctor` shows where they come from)"


def _network_step() -> str:
    return "check the network and the vendor's base URL, then run it again"


class _Reading:
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
            if status != 204 and _json(response) is None:
                raise self._unusable(response, f"unreadable answer ({_kind(response)})")
        elif status != 204 and response.request.method not in {"HEAD", *self._conventions.empty_answers}:
            raise self._unusable(response, "empty answer")
        return response

    def _unusable(self, response: httpx.Response, reason: str) -> errors.Unavailable:
        return errors.Unavailable(reason, status=response.status_code, request_id=self.request_id(response))

    def _refused(self, response: httpx.Response) -> errors.CarrierError:
        status, path = response.status_code, response.request.url.path
        refusal = self.refusal(_json(response))
        limited = self.too_many(response)
        kind = errors.RateLimited if limited else errors.by_status(status)
        return kind(
            refusal.message or f"{response.request.method} {path} was refused ({_kind(response)})",
            status=status,
            code=refusal.code,
            request_id=self.request_id(response),
            retry_after=self.retry_after(response) if issubclass(kind, errors.Temporary) else None,
            step=self._conventions.advice(status, refusal, path)
            or (_SLOWER if limited else _CREDENTIALS if status == 401 else ""),
        )

    def refusal(self, body: object) -> Refusal:
        """The vendor's code and words, in its own form or in the common one."""
        found = self._conventions.refusal(body)
        return found if found.code or found.message else refusal_of(body)

    def request_id(self, response: httpx.Response) -> str:
        """The id that the vendor's support asks for; empty where the answer has none."""
        for header in self._conventions.request_id_headers:
            if value := response.headers.get(header):
                return secrecy.one_line(value, 64)
        body, name = _json(response), self._conventions.request_id_field
        return secrecy.one_line(str(cast(dict[str, object], body).get(name, "")), 64) if isinstance(body, dict) else ""

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
    return max(0.0, reset - time.time() if rate.epoch else reset)


def _seconds(value: str) -> float | None:
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _json(response: httpx.Response) -> object | None:
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def _kind(response: httpx.Response) -> str:
    return f"{response.headers.get('content-type', 'no content type')}, {len(response.content)} bytes"
