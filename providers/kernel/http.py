"""One HTTP policy for every vendor, under every SDK: time-outs, retry by verb, limits, bounds, errors of ours.

The policy is an httpx transport, and this the only module that imports httpx. A client of ours uses it directly; a
vendor's SDK is given an HTTP client on top of it, so that all vendors are retried, limited and explained alike, and the
SDKs' own retries stay off. What an API does its own way it declares: :mod:`providers.kernel.conventions`.

Requests go to the vendor's own origins only, whoever built their URL. One takes at most :data:`DEADLINE` seconds over all
the bytes of its answer, and no more than is left to the operation, but :data:`LEAST` always: the look after a lost answer
must be possible.

Retried are: 429 for every verb (the request was not carried out; Retry-After is honoured), a connection that was never
made for every verb, and 5xx, time-outs, cut connections and unreadable answers for GET, HEAD and DELETE only. A POST,
PUT or PATCH whose outcome is not known is never repeated here: the reconciler looks first. All attempts and waits
together stay within the operation's time; a wait that would not is refused at once, naming when it ends.

A host that cannot be reached is found out once, by :mod:`providers.kernel.breaker`, and from then on refused at once.
"""

from __future__ import annotations

import logging
import math
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias, cast

import httpcore
import httpx

from providers.kernel import body, breaker, deadline, errors, limits, operation, origins, paging, secrecy, waiting
from providers.kernel.answers import SLOWER, Answers, as_json
from providers.kernel.conventions import COMMON, ApiConventions
from providers.kernel.tokens import Tokens

#: For annotations elsewhere.
Response: TypeAlias = httpx.Response

#: Seconds: connecting, and waiting for the next byte of an answer.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
#: Seconds: a whole request with its answer, and what it gets even when the operation's time is over.
DEADLINE, LEAST = 60.0, 10.0
#: An answer larger than this, as it comes or decoded, is refused: no listing of these APIs comes near it.
MAX_BYTES = 16 * 1024 * 1024
#: Of a compressed body so many bytes are decoded in one step.
_STEP = 64 * 1024
_ATTEMPTS = 5
_REPEATABLE = frozenset({"GET", "HEAD", "DELETE"})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_process = limits.Limit(limits.PROCESS_LIMIT)
_log = logging.getLogger(__name__)


def network() -> httpx.BaseTransport:
    """The transport below the policy: TCP and TLS with the system's trust, never without verification."""
    return _Network()


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates, which take a while to read: once in a process, however many hosts a vendor has."""
    return httpx.create_ssl_context()


class _Network(httpx.HTTPTransport):
    """httpx' own transport, on connections that know the time of the request."""

    def __init__(self) -> None:
        trusted = _trust()
        super().__init__(verify=trusted)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted,
            max_connections=limits.PROCESS_LIMIT,
            max_keepalive_connections=limits.PROCESS_LIMIT,
            keepalive_expiry=5.0,
            network_backend=deadline.Backend(),
        )


class Policy(httpx.BaseTransport):
    """The transport that every request of this project goes through."""

    def __init__(
        self,
        vendor: str,
        limit: limits.Limit,
        inner: httpx.BaseTransport | None = None,
        conventions: ApiConventions = COMMON,
        *,
        own: Collection[origins.Origin] = (),
        tokens: Tokens | None = None,
    ) -> None:
        """``own``: where requests may go; none leaves for another origin. ``tokens``: whose bearer token they carry."""
        self._vendor = vendor
        self._own = frozenset(own)
        self._tokens = tokens
        self._limit = limit
        self._answers = Answers(conventions)
        self._inner = inner or network()
        self._sleep: Callable[[float], None] = waiting.pause
        self._breakers: dict[str, breaker.Breaker] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until it is answered, refused for good, or not worth another attempt."""
        self._require_own(request.url)
        request.headers["accept-encoding"] = body.ENCODINGS
        address, path = str(request.url), request.url.path
        answer = self._authorized(request)
        if request.method == "GET" and (walk := paging.walking()):
            walk.turned(path, address, as_json(answer))
        return answer

    def _require_own(self, url: httpx.URL) -> None:
        """A credential goes to no host that an answer named."""
        asked = origins.origin(url.scheme, url.host, url.port)
        if self._own and asked not in self._own:
            own = ", ".join(sorted(map(str, self._own)))
            raise errors.Invalid(
                f"nothing was sent to {secrecy.one_line(str(asked), 80)}: requests to {self._vendor} go to {own} alone",
                step="if an answer named that address, tell the vendor's support; else correct the base URL",
            )

    def _authorized(self, request: httpx.Request) -> httpx.Response:
        """The answer; a token that the vendor no longer takes is renewed once: a request with it was not carried out."""
        if self._tokens is None:
            return self._answered(request)
        token = self._tokens.current()
        try:
            return self._answered(_bearing(request, token))
        except errors.Denied as error:
            if error.status != 401:
                raise
            self._tokens.refused(token)
        return self._answered(_bearing(request, self._tokens.current()))

    def _answered(self, request: httpx.Request) -> httpx.Response:
        host = self._breaker(_netloc(request))
        attempt, since = 0, breaker.clock()
        while True:
            attempt += 1
            try:
                return self._once(request, attempt, host)
            except errors.Temporary as error:
                if _repeatable(request.method, error):
                    if attempt >= _ATTEMPTS and not isinstance(error, errors.RateLimited):
                        host.spent(since, _lost(request, error), silent=error.silent)
                    self._require_reachable(host)
                wait = self._wait(request.method, attempt, error)
                if wait is None:
                    raise _in_vain(error) from None
                self._pause(wait, error)

    def _breaker(self, host: str) -> breaker.Breaker:
        with self._lock:
            return self._breakers.setdefault(host, breaker.Breaker())

    def _require_reachable(self, host: breaker.Breaker) -> None:
        if why := host.refusal():
            raise errors.Unreachable(why, step=_NETWORK) from None  # one line, not what led to it

    def _once(self, request: httpx.Request, attempt: int, host: breaker.Breaker) -> httpx.Response:
        with self._turns(), self._logged(request, attempt) as answered:
            self._require_reachable(host)
            begun = breaker.clock()
            try:
                response = self._sent(request, host.look(attempt))
                answered.append(response)
                if request.method not in {"GET", "HEAD"}:
                    operation.current().write_ids.append(self._answers.request_id(response))
                self._heed(response)
                accepted = self._answers.accepted(response)
            except (errors.Unavailable, errors.Unreachable) as error:
                host.failed(begun, _lost(request, error), silent=error.silent)
                raise
            except errors.CarrierError:
                host.answered()
                raise
            host.answered()
            if request.method == "GET" and (walk := paging.walking()):
                walk.listed(request.url.path, as_json(accepted))  # asked again where it is no list
            return accepted

    @contextmanager
    def _turns(self) -> Generator[None]:
        """A place among the requests to this vendor and among those of the process, within the operation's time."""
        patience = max(operation.current().remaining(), LEAST)
        with ExitStack() as places:
            try:
                places.enter_context(self._limit.slot(self._turn, patience))
                places.enter_context(_process.slot(patience=patience))
            except TimeoutError as error:
                raise errors.RateLimited(str(error), step=SLOWER) from None
            yield

    def _sent(self, request: httpx.Request, look: float) -> httpx.Response:
        try:
            with deadline.within(min(DEADLINE, max(operation.current().remaining(), LEAST))):
                return self._read(self._inner.handle_request(_impatient(request, look)), request)
        except _NEVER_SENT as error:
            raise errors.Unreachable(f"cannot reach {_netloc(request)}: {_cause(error)}", step=_NETWORK) from None
        except httpx.TimeoutException:
            raise errors.Unavailable(f"no answer to {request.method} {request.url.path} in time", silent=True) from None
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
                id = self._answers.request_id(answered[0]) if answered else ""
                _log.debug(
                    "%s %s %s: %s in %.0f ms, attempt %d%s%s",
                    *(self._vendor, request.method, secrecy.one_line(request.url.path, 200)),
                    *(status, (time.monotonic() - started) * 1000, attempt, f", request {id}" if id else "", outcome),
                )

    def _heed(self, response: httpx.Response) -> None:
        """What the answer says about how many requests may follow."""
        if self._answers.too_many(response):
            self._limit.complain()
        elif response.status_code < 400:
            self._limit.praise()
        if self._answers.nothing_left(response):
            self._limit.hold(self._answers.retry_after(response) or 0.0)

    def _read(self, response: httpx.Response, request: httpx.Request) -> httpx.Response:
        try:
            content = body.decoded(_in_time(response.stream), response.headers.get("content-encoding", ""), MAX_BYTES)
        except ValueError as error:
            raise errors.Unavailable(f"unreadable answer to {request.method} {request.url.path}: {error}") from None
        except OverflowError:
            raise errors.Unavailable(
                f"the answer to {request.method} {request.url.path} is over {MAX_BYTES} bytes"
            ) from None
        finally:
            response.close()
        headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _OF_TRANSFER]
        whole = httpx.Response(response.status_code, headers=headers, content=content, request=request)
        whole.read()
        return whole

    def _wait(self, method: str, attempt: int, error: errors.Temporary) -> float | None:
        """Seconds until the next attempt; None when there must be none."""
        remaining = operation.current().remaining()
        patient = isinstance(error, errors.RateLimited)
        if not _repeatable(method, error) or remaining <= 0 or (attempt >= _ATTEMPTS and not patient):
            return None
        asked = error.retry_after
        backoff = min(8.0, 0.25 * 2 ** min(attempt, 10)) * random.uniform(0.75, 1.25)
        wait = asked + random.uniform(0, 0.25) if asked else backoff  # "again at once" is no leave to hammer
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
            raise _in_vain(errors.RateLimited("it is at its limit", status=429, step=SLOWER, retry_after=wait))
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
    own: Collection[str] = (),
    tokens: Tokens | None = None,
    inner: httpx.BaseTransport | None = None,
    timeout: httpx.Timeout | float = TIMEOUT,
    **options: Any,
) -> httpx.Client:
    """An httpx client on the policy: requests leave for ``base_url`` and ``own``, origins of the vendor, alone.

    Redirects are never followed: a credential must not travel to another host. Raises InputError for a base URL that is
    none, or that is in clear text and not on this machine.
    """
    try:
        allowed = [origins.read(url) for url in (base_url, *own) if url]
    except ValueError as error:
        raise errors.InputError(f"the base URL of {vendor} {error}", step="correct it or leave it out") from None
    if not allowed:
        raise ValueError("an HTTP client needs its vendor's origins")
    policy = Policy(vendor, limit, inner, conventions, own=allowed, tokens=tokens)
    return httpx.Client(base_url=base_url, transport=policy, timeout=timeout, follow_redirects=False, **options)


_NETWORK = "check the network, the vendor's status page and its base URL, then run it again"


def _bearing(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["authorization"] = f"Bearer {token}"
    return request


def _repeatable(method: str, error: errors.Temporary) -> bool:
    """Whether another attempt can do no harm."""
    return method in _REPEATABLE or isinstance(error, errors.RateLimited | errors.Unreachable)


def _in_vain(error: errors.Temporary) -> errors.Temporary:
    """The error, with the time at which the wait ends that the vendor asked for: it is longer than anybody waits here."""
    if not error.retry_after:
        return error
    until = (datetime.now(UTC) + timedelta(seconds=error.retry_after)).strftime("%H:%M:%S UTC")
    return error.reworded(
        reason=f"{error.reason}; asked to wait {error.retry_after:.0f} s, until {until}",
        step=f"run it again after {until}; what was made is kept",
    )


def _lost(request: httpx.Request, error: errors.Temporary) -> str:
    """What is said of a host that cannot be reached, by whoever needs it."""
    if isinstance(error, errors.Unreachable):
        return error.reason
    if error.silent:
        return f"{_netloc(request)} does not answer ({request.method} {request.url.path})"
    return f"{_netloc(request)} is out of order: {f'HTTP {error.status}: ' if error.status else ''}{error.reason}"


def _impatient(request: httpx.Request, look: float) -> httpx.Request:
    """A read waits for its first byte no longer than ``look``; a write that was sent is waited for."""
    timeouts = request.extensions.get("timeout")
    if request.method in {"GET", "HEAD"} and timeouts and look < (timeouts.get("read") or math.inf):
        extensions = {**request.extensions, "timeout": {**timeouts, "read": look}}
        return httpx.Request(
            request.method, request.url, headers=request.headers, stream=request.stream, extensions=extensions
        )
    return request


def _netloc(request: httpx.Request) -> str:
    return request.url.netloc.decode("ascii", errors="replace")


def _cause(error: BaseException) -> str:
    """Why there is no connection, in words without a library's decoration."""
    if isinstance(error, httpx.TimeoutException):
        return "no connection in time"
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return f"TLS failed: {getattr(seen, 'verify_message', '') or seen.reason or 'the handshake was cut'}"
        if isinstance(seen, socket.gaierror):
            return f"its name is not found in DNS ({seen.strerror})"
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror.lower()
        seen = seen.__cause__ or seen.__context__
    return str(error) or "no connection"


#: Headers that speak of bytes on the wire, not of those that are handed on.
_OF_TRANSFER = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def _in_time(stream: object) -> Iterator[bytes]:
    """The bytes as they come, a few at a time, for as long as the request has time."""
    for chunk in cast(httpx.SyncByteStream, stream):
        if deadline.passed():
            raise httpx.ReadTimeout("the time of the request is over")
        for start in range(0, len(chunk), _STEP):
            yield chunk[start : start + _STEP]
