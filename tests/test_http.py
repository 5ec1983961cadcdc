"""One policy for every vendor: what is repeated, what is not, and what an answer must look like."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from providers.kernel import answers, errors, http, limits, operation
from providers.kernel.conventions import ApiConventions, RateHeaders, Refusal
from providers.kernel.operation import Operation


class Line(httpx.BaseTransport):
    """Answers from a list, then 200 for ever; exceptions in it are raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers: Iterator[httpx.Response | Exception] = iter(answers)
        self.calls = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        answer = next(self.answers, httpx.Response(200, json={"ok": True}))
        if isinstance(answer, Exception):
            raise answer
        return answer


def send(
    method: str, *answers: httpx.Response | Exception, waits: list[float] | None = None
) -> tuple[httpx.Response, Line]:
    line = Line(*answers)
    policy = http.Policy("vendor", limits.Limit(4), line)
    policy._sleep = (waits if waits is not None else []).append
    return httpx.Client(transport=policy).request(method, "https://api.example.com/things"), line


def refused(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": 1, "message": "no"}, headers=headers)


LOST: list[Callable[[], httpx.Response | Exception]] = [
    lambda: refused(500),
    lambda: refused(503),
    lambda: httpx.ReadTimeout("slow"),
    lambda: httpx.ReadError("reset"),
    lambda: httpx.RemoteProtocolError("cut"),
    lambda: httpx.Response(200, content=b'{"cut'),
    lambda: httpx.Response(200, content=b"<html>", headers={"content-type": "text/html"}),
    lambda: httpx.Response(201, content=b""),
]


@pytest.mark.parametrize("lost", LOST)
def test_reads_are_repeated_and_writes_are_not_when_the_outcome_is_unknown(
    lost: Callable[[], httpx.Response | Exception],
) -> None:
    response, line = send("GET", lost())
    assert (response.status_code, line.calls) == (200, 2)
    for method in ("POST", "PATCH", "PUT"):
        line = Line(lost())
        with pytest.raises(errors.Unavailable):
            httpx.Client(transport=http.Policy("vendor", limits.Limit(4), line)).request(method, "https://a.example/")
        assert line.calls == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_surely_did_not_happen_is_repeated_for_every_verb(method: str) -> None:
    waits: list[float] = []
    response, line = send(method, refused(429, **{"Retry-After": "3"}), httpx.ConnectError("refused"), waits=waits)
    assert (response.status_code, line.calls) == (200, 3)
    assert 2.99 <= waits[0] <= 3.3  # of three seconds some are over when the wait begins


def test_waits_end_with_the_budget() -> None:
    shown: list[str] = []
    with (
        operation.operating(Operation(vendor="twilio", progress=shown.append, budget=10)),
        pytest.raises(
            errors.RateLimited, match=r"asked to wait 11 s, until ([\d:]+ UTC).*; next: run it again after \1"
        ) as told,
    ):
        send("GET", refused(429, **{"Retry-After": "11"}))
    assert told.value.retry_after == 11
    with operation.operating(Operation(progress=shown.append, started=time.monotonic())):
        send("GET", refused(429, **{"Retry-After": "5"}))
    assert shown == ["vendor: at its limit, waiting 5 s more"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_no_is_not_asked_again(status: int) -> None:
    with pytest.raises(errors.Permanent) as caught:
        send("GET", refused(status, **{"X-Request-Id": "RQ7"}))
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, "1", "RQ7")


def test_redirects_are_not_followed() -> None:
    with pytest.raises(errors.Invalid):
        send("GET", httpx.Response(302, headers={"location": "https://evil.example/"}))


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 100)
    with pytest.raises(errors.Unavailable, match="over 100 bytes"):
        send("POST", httpx.Response(200, content=b"x" * 101))


def test_limit_halves_and_recovers() -> None:
    limit = limits.Limit(8)
    limit.complain()
    limit.complain()
    assert limit.allowed == 2
    for _ in range(20):
        limit.praise()
    assert limit.allowed == 3
    for _ in range(20):
        limit.complain()
    assert limit.allowed == 1
    with limit.slot():
        pass


class Clock:
    """Time that only passes when somebody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(limits, "clock", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


def test_a_published_rate_is_kept_in_every_window(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limit = limits.Limit(8, limits.Rate(300, 5.0))
    starts: list[float] = []
    for _ in range(1000):
        with limit.slot(clock.wait):
            starts.append(clock.now)
            clock.now += 0.001
    assert all(starts[index + 300] - starts[index] >= 4.999 for index in range(700))
    assert starts[-1] < 16


def test_what_one_request_is_told_all_heed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limit = limits.Limit(8)
    line = Line(refused(429, **{"Retry-After": "4"}), refused(429, **{"Retry-After": "9"}))
    first, other = http.Policy("vendor", limit, line), http.Policy("vendor", limit, line)
    for policy in (first, other):
        policy._sleep = clock.wait
    with operation.operating(Operation(budget=3)), pytest.raises(errors.RateLimited):
        httpx.Client(transport=first).post("https://a.example/")
    limit.hold(4)
    with operation.operating(Operation(budget=2)), pytest.raises(errors.RateLimited, match="asked to wait 4 s, until"):
        httpx.Client(transport=other).post("https://a.example/")
    assert line.calls == 1
    httpx.Client(transport=other).post("https://a.example/")
    assert clock.now >= 13


WINDOW = ApiConventions(rate=RateHeaders("x-left", "x-reset"))


def test_the_last_request_of_a_window_holds_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    last = httpx.Response(200, json={}, headers={"x-left": "0", "x-reset": "2"})
    policy = http.Policy("vendor", limits.Limit(8), Line(last), WINDOW)
    policy._sleep = clock.wait
    with httpx.Client(transport=policy) as client:
        client.get("https://a.example/")
        client.get("https://a.example/")
    assert clock.now == 2


def reading(line: Line, conventions: ApiConventions) -> httpx.Client:
    policy = http.Policy("vendor", limits.Limit(8), line, conventions)
    policy._sleep = lambda wait: None
    return httpx.Client(transport=policy, base_url="https://a.example")


def test_a_limit_in_another_status_is_a_limit_only_where_it_is_told() -> None:
    github = ApiConventions(rate=RateHeaders("x-left", "x-reset", epoch=True, statuses=frozenset({403})))
    line = Line(refused(403, **{"x-left": "0", "x-reset": str(int(time.time()))}), refused(403, **{"Retry-After": "0"}))
    assert (reading(line, github).post("/things").status_code, line.calls) == (200, 3)
    line = Line(refused(403, **{"x-left": "7"}))
    with pytest.raises(errors.Denied):
        reading(line, github).post("/things")
    with (
        operation.operating(Operation(budget=5)),
        pytest.raises(errors.RateLimited) as caught,
    ):
        reading(Line(refused(403, **{"x-left": "0", "x-reset": str(time.time() + 60)})), github).get("/things")
    assert caught.value.retry_after == pytest.approx(60, abs=2)
    assert caught.value.status == 403


def test_what_comes_without_a_body_is_declared() -> None:
    silent = ApiConventions(empty_answers=frozenset({"POST"}))
    assert reading(Line(httpx.Response(202)), silent).post("/things").status_code == 202
    line = Line(*(httpx.Response(200) for _ in range(9)))
    with pytest.raises(errors.Unavailable, match="empty answer"):
        reading(line, silent).delete("/things")
    assert line.calls == 5
    assert reading(Line(httpx.Response(204)), silent).delete("/things").status_code == 204
    assert reading(Line(httpx.Response(200)), ApiConventions()).delete("/things").status_code == 200


def test_the_vendors_own_step_wins() -> None:
    own = ApiConventions(advice=lambda status, refusal, path: f"{status} {refusal.message} {path}")
    with pytest.raises(errors.Denied) as caught:
        reading(Line(refused(401)), own).get("/things")
    assert caught.value.step == "401 no /things"
    with pytest.raises(errors.Denied, match="xtel doctor"):
        reading(Line(refused(401)), ApiConventions()).get("/things")


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ("3", 3, 3.3), ("0", 0.1, 1), ("-5", 0.1, 1), ("nan", 0.1, 1), ("inf", 0.1, 1), ("-inf", 0.1, 1), ("soon", 0.1, 1),
        ("", 0.1, 1), ("Fri, 31 Dec 1999 23:59:59 GMT", 0.1, 1), ("Fri, 31 Dec 1999 23:59:59", 0.1, 1),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0.1, 1), ("Fri, 99 Foo 2000 00:00:00 -0000", 0.1, 1), ("1e999", 0.1, 1),
    ],
)  # fmt: skip
def test_a_wait_that_is_none_is_our_own(told: str, least: float, most: float) -> None:
    waits: list[float] = []
    response, line = send("GET", refused(503, **{"Retry-After": told}), waits=waits)
    assert (response.status_code, line.calls) == (200, 2)
    assert least <= waits[0] <= most


@pytest.mark.parametrize("told", ["99999999999", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59"])
def test_a_wait_without_end_is_an_hour(told: str) -> None:
    with pytest.raises(errors.RateLimited) as caught:
        send("GET", refused(429, **{"Retry-After": told}))
    assert caught.value.retry_after == answers.MAX_WAIT


@pytest.mark.parametrize("reset", ["nan", "inf", "-1", "soon", "1e400"])
def test_a_window_that_is_none_holds_nobody(monkeypatch: pytest.MonkeyPatch, reset: str) -> None:
    clock = Clock(monkeypatch)
    line = Line(httpx.Response(200, json={}, headers={"x-left": "0", "x-reset": reset}))
    policy = http.Policy("vendor", limits.Limit(8), line, WINDOW)
    policy._sleep = clock.wait
    with httpx.Client(transport=policy) as client:
        client.get("https://a.example/")
        client.get("https://a.example/")
    assert clock.now == 0


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    def bomb() -> httpx.Response:
        stream = httpx.ByteStream(gzip.compress(b" " * 20_000_000))
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)

    with pytest.raises(errors.Unavailable, match="over 16777216 bytes"):
        send("POST", bomb())
    response, line = send("GET", bomb())
    assert (response.status_code, line.calls) == (200, 2)


def test_what_is_handed_on_is_plain_json_in_utf_8() -> None:
    import gzip

    packed = httpx.ByteStream(gzip.compress('{"name": "Zoë"}'.encode()))
    headers = {"content-encoding": "gzip", "content-type": "text/plain; charset=latin-1", "x-other": "kept"}
    response, line = send("GET", httpx.Response(200, headers=headers, stream=packed))
    assert (response.text, line.calls) == ('{"name": "Zoë"}', 1)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-other"] == "kept"
    assert "content-encoding" not in response.headers


def test_ids_of_another_type_are_read_again() -> None:
    typed = ApiConventions(texts=frozenset({"id"}))
    line = Line(httpx.Response(200, json={"data": [{"id": 7}]}), httpx.Response(200, json={"data": [{"id": "7"}]}))
    assert reading(line, typed).get("/things").json() == {"data": [{"id": "7"}]}
    with pytest.raises(errors.Unavailable, match="its id is no text"):
        reading(Line(httpx.Response(200, json={"id": 7})), typed).post("/things")


def test_an_answer_that_cannot_be_decompressed_is_unreadable() -> None:
    line = Line(httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")))
    assert (reading(line, ApiConventions()).get("/things").status_code, line.calls) == (200, 2)


def conventional(answer: httpx.Response, conventions: ApiConventions, method: str = "POST") -> httpx.Response:
    line = Line(answer)
    policy = http.Policy("vendor", limits.Limit(4), line, conventions)
    policy._sleep = lambda seconds: None
    try:
        return httpx.Client(transport=policy).request(method, "https://api.example.com/things")
    finally:
        assert line.calls == 1 or answer.status_code == 423


BUSY = ApiConventions(kind=lambda status, refusal: errors.RateLimited if status == 423 else None)
STALE = ApiConventions(kind=lambda status, refusal: errors.Conflict if "version" in refusal.message else None)
SPENT = ApiConventions(kind=lambda status, refusal: errors.Invalid if refusal.code == "LimitExceeded" else None)


@pytest.mark.parametrize(
    ("answer", "conventions", "kind"),
    [
        (httpx.Response(400, json={"message": "version 3 is stale"}), STALE, errors.Conflict),
        (httpx.Response(408, json={"message": "version 3 is stale"}), STALE, errors.Conflict),
        (httpx.Response(400, json={"message": "no such site"}), STALE, errors.Invalid),
        (httpx.Response(429, json={"code": "LimitExceeded", "message": "10 flows"}), SPENT, errors.Invalid),
    ],
)
def test_a_vendor_says_what_its_refusals_mean(
    answer: httpx.Response, conventions: ApiConventions, kind: type[errors.CarrierError]
) -> None:
    with pytest.raises(errors.CarrierError) as told:
        conventional(answer, conventions)
    assert type(told.value) is kind


def test_a_busy_object_is_waited_for_with_every_verb() -> None:
    busy = httpx.Response(423, json={"message": "locked"}, headers={"retry-after": "2"})
    assert conventional(busy, BUSY).status_code == 200


def test_the_header_names_what_the_body_does_not() -> None:
    answer = httpx.Response(
        404, json={"Message": "gone"}, headers={"x-amzn-errortype": "NotFoundException:http://internal/", "x-rid": "R1"}
    )
    conventions = ApiConventions(code_header="x-amzn-errortype", request_id_headers=("x-rid",))
    with pytest.raises(errors.NotFound) as told:
        conventional(answer, conventions)
    assert (told.value.code, told.value.request_id) == ("NotFoundException", "R1")


def test_a_success_that_refuses_is_an_error() -> None:
    def refused_inside(body: object) -> Refusal | None:
        code = str(body.get("error-code", "")) if isinstance(body, dict) else ""
        return Refusal(code, "not yours") if code not in {"", "200"} else None

    conventions = ApiConventions(refused_in_success=refused_inside)
    assert conventional(httpx.Response(200, json={"error-code": "200"}), conventions).status_code == 200
    with pytest.raises(errors.Invalid, match="not yours"):
        conventional(httpx.Response(200, json={"error-code": "420"}), conventions)


@pytest.mark.parametrize(
    ("content", "readable"),
    [
        (b"<a><b>1</b></a>", True),
        (b'<?xml version="1.0"?>\n<a/>', True),
        (b"<html><p>", False),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', False),
        (b"plain", False),
    ],
)
def test_xml_is_handed_on_where_an_api_answers_with_it(content: bytes, readable: bool) -> None:
    answer = httpx.Response(200, content=content, headers={"content-type": "text/xml"})
    if readable:
        assert conventional(answer, ApiConventions(xml=True)).content == content
    else:
        with pytest.raises(errors.Unavailable, match="unreadable"):
            conventional(answer, ApiConventions(xml=True))
    with pytest.raises(errors.Unavailable, match="unreadable"):
        conventional(httpx.Response(200, content=content), ApiConventions())


@pytest.mark.parametrize("verb", ["PUT", "POST"])
def test_an_empty_success_is_one_where_the_api_has_such(verb: str) -> None:
    assert conventional(httpx.Response(200), ApiConventions(empty_answers=frozenset({verb})), verb).status_code == 200
    with pytest.raises(errors.Unavailable, match="empty"):
        conventional(httpx.Response(200), ApiConventions(), verb)


def test_a_date_of_iso_8601_is_a_wait_too() -> None:
    later = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    waits: list[float] = []
    send("GET", refused(429, **{"Retry-After": later}), waits=waits)
    assert 25 < waits[0] < 31
