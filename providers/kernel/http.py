"""One HTTP policy for every vendor, under every SDK: time-outs, retry by verb, limits, bounds, errors of ours.

The policy is an httpx transport. The xAI client uses it directly; a vendor's SDK is given an HTTP client on top of it,
so that all vendors are retried, limited and explained alike, and the SDKs' own retries stay off.

Retried are: 429 for every verb (the request was not carried out; Retry-After is honoured), a connection that was never
made for every verb, and 5xx, time-outs, cut connections and unreadable answers for GET, HEAD and DELETE only. A POST,
PUT or PATCH whose outcome is not known is never repeated here: the reconciler looks first.
"""

from __future__ import annotations

import email.utils
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import httpx

from providers.kernel import errors, limits, operation, secrecy

#: Seconds: connecting, and waiting for the next byte of an answer.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
#: An answer larger than this is refused: no listing of these APIs comes near it.
MAX_BYTES = 16 * 1024 * 1024
_ATTEMPTS = 5
_REPEATABLE = frozenset({"GET", "HEAD", "DELETE"})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_process = limits.Limit(limits.PROCESS_LIMIT)


def network() -> httpx.BaseTransport:
    """The transport below the policy: TCP and TLS with the system's trust, never without verification."""
    return httpx.HTTPTransport(limits=httpx.Limits(max_connections=limits.PROCESS_LIMIT))


class Policy(httpx.BaseTransport):
    """The transport that every request of this project goes through."""

    def __init__(self, vendor: str, limit: limits.Limit, inner: httpx.BaseTransport | None = None) -> None:
        self._vendor = vendor
        self._limit = limit
        self._inner = inner or network()
        self._sleep: Callable[[float], None] = time.sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until it is answered, refused for good, or not worth another attempt."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(request)
            except errors.Temporary as error:
                wait = self._wait(request.method, attempt, error)
                if wait is None:
                    raise
                self._pause(wait, error)

    def _once(self, request: httpx.Request) -> httpx.Response:
        try:
            with self._limit.slot(self._turn), _process.slot():
                response = self._read(self._inner.handle_request(request), request)
        except _NEVER_SENT as error:
            raise errors.Unreachable(f"no connection to {request.url.host}: {error}", step=_network_step()) from None
        except httpx.TimeoutException:
            raise errors.Unavailable(f"no answer to {request.method} {request.url.path} in time") from None
        except httpx.TransportError as error:
            raise errors.Unavailable(f"connection lost during {request.method} {request.url.path}: {error}") from None
        if response.status_code == 429:
            self._limit.complain()
        elif response.status_code < 400:
            self._limit.praise()
        if response.headers.get("x-ratelimit-remaining") == "0":  # Telnyx: the last request of this window
            self._limit.hold(_retry_after(response.headers) or 0.0)
        return _accepted(response)

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
        asked = getattr(error, "retry_after", None)
        backoff = min(8.0, 0.25 * 2 ** min(attempt, 10)) * random.uniform(0.75, 1.25)
        wait = max(asked + random.uniform(0, 0.25), 0.0) if asked is not None else backoff
        return wait if wait < remaining else None

    def _pause(self, wait: float, error: errors.Temporary) -> None:
        if getattr(error, "retry_after", None) is not None:
            self._limit.hold(wait)  # what one request was told, all heed; the wait comes with the next slot
            return
        self._show(wait, str(error.status or error.reason))
        self._sleep(wait)

    def _turn(self, wait: float) -> None:
        """Wait for this request's turn, unless it would come after the operation's time."""
        if wait > operation.current().remaining():
            error = errors.RateLimited(f"asked to wait {wait:.0f} s more", status=429, step=_STEPS[429])
            vars(error)["retry_after"] = wait
            raise error
        self._show(wait, "at its limit")
        self._sleep(wait)

    def _show(self, wait: float, reason: str) -> None:
        if wait >= 1:
            operation.current().progress(f"{self._vendor}: {reason}, waiting {wait:.0f} s more")

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def client(vendor: str, limit: limits.Limit, *, base_url: str = "", **options: Any) -> httpx.Client:
    """An httpx client on the policy. Redirects are never followed: a credential must not travel to another host."""
    return httpx.Client(
        base_url=base_url, transport=Policy(vendor, limit), timeout=TIMEOUT, follow_redirects=False, **options
    )


def _accepted(response: httpx.Response) -> httpx.Response:
    """The response, if it is a success whose body can be read; else an error of ours."""
    status = response.status_code
    if status >= 300:
        raise _refusal(response)
    if status != 204 and response.content and _json(response) is None:
        raise errors.Unavailable(
            f"unreadable answer ({_kind(response)})", status=status, request_id=request_id(response)
        )
    if not response.content and response.request.method in {"GET", "POST", "PATCH", "PUT"} and status != 204:
        raise errors.Unavailable("empty answer", status=status, request_id=request_id(response))
    return response


def _refusal(response: httpx.Response) -> errors.CarrierError:
    code, message = explain(_json(response))
    if not message:
        message = f"{response.request.method} {response.request.url.path} was refused ({_kind(response)})"
    kind = errors.by_status(response.status_code)
    step = _STEPS.get(response.status_code, "")
    error = kind(message, status=response.status_code, code=code, request_id=request_id(response), step=step)
    if isinstance(error, errors.RateLimited | errors.Unavailable):
        vars(error)["retry_after"] = _retry_after(response.headers)
    return error


_STEPS = {
    401: "check this vendor's credentials (`xtel doctor` shows where they come from)",
    429: "wait a minute and run it again; what was made is kept",
}


def _network_step() -> str:
    return "check the network and the vendor's base URL, then run it again"


def _json(response: httpx.Response) -> object | None:
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def _kind(response: httpx.Response) -> str:
    return f"{response.headers.get('content-type', 'no content type')}, {len(response.content)} bytes"


def request_id(response: httpx.Response) -> str:
    """The id a vendor's support asks for, under whatever header this vendor sends it, or as Plivo's ``api_id``."""
    for header in ("twilio-request-id", "x-request-id", "request-id", "x-plivo-request-id"):
        if value := response.headers.get(header):
            return secrecy.one_line(value, 64)
    body = _json(response)
    return secrecy.one_line(str(cast(dict[str, object], body).get("api_id", "")), 64) if isinstance(body, dict) else ""


def explain(body: object) -> tuple[str, str]:
    """Vendor code and message out of any of the error bodies these vendors send.

    Twilio ``{code, message}``; Telnyx ``{errors: [{code, title, detail}]}``; xAI ``{code, error}`` where ``code`` is prose
    and ``error`` may be an object; Plivo ``{error}``, also an object of fields.
    """
    if not isinstance(body, dict):
        return "", ""
    fields = cast(dict[str, object], body)
    listed = fields.get("errors")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        first = cast(dict[str, object], listed[0])
        title, detail = str(first.get("title") or ""), str(first.get("detail") or "")
        return str(first.get("code") or ""), f"{title}: {detail}" if title and detail else title or detail
    code, message = fields.get("code"), fields.get("message")
    if message is None:
        message = fields.get("error") or fields.get("detail")
    if isinstance(message, dict):
        inner = cast(dict[str, object], message)
        message = inner.get("message") or json.dumps(inner, ensure_ascii=False)
    text = str(message or "")
    if isinstance(code, str) and " " in code:  # xAI: a sentence, not a code
        return "", text or code
    return str(code or ""), text


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds the vendor asks to wait: Retry-After as seconds or date (RFC 9110 §10.2.3), or Telnyx' reset header."""
    value = headers.get("retry-after") or headers.get("x-ratelimit-reset")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
