"""Faults: matching, counting, and what the client sees of each."""

from __future__ import annotations

import time

import httpx
import pytest
import requests

TRUNKS = "POST /v1/Trunks"


def trunks(sandbox) -> int:
    return len(sandbox.state()["twilio"]["trunks"])


def test_status_answers_in_the_vendors_shape_and_does_nothing(sandbox) -> None:
    sandbox.fault(TRUNKS, "status", status=429, headers={"Retry-After": "2"})
    refused = sandbox.twilio("POST", "/v1/Trunks")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.json()["code"] == 20429
    assert refused.headers["twilio-request-id"].startswith("RQ")
    assert trunks(sandbox) == 0
    assert sandbox.twilio("POST", "/v1/Trunks").status_code == 201
    sandbox.fault("* /v2/**", "status")
    refused = sandbox.xai("GET", "/v2/phone-numbers")
    assert (refused.status_code, set(refused.json())) == (503, {"code", "error"})
    assert refused.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "headers", "text", "media"),
    [
        ('{"sid": "TK', {}, '{"sid": "TK', "application/json; charset=utf-8"),
        ("<html>busy</html>", {"Content-Type": "text/html"}, "<html>busy</html>", "text/html"),
        ({"a": 1}, {}, '{"a": 1}', "application/json; charset=utf-8"),
        ("", {}, "", "application/json; charset=utf-8"),
    ],
)
def test_status_can_answer_anything(sandbox, body: object, headers: dict[str, str], text: str, media: str) -> None:
    sandbox.fault(TRUNKS, "status", status=201, body=body, headers=headers)
    answer = sandbox.twilio("POST", "/v1/Trunks")
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (201, text, media)


def test_a_reset_cuts_off_what_still_waits(sandbox) -> None:
    """Else a request that one test gave up would change the state of the next."""
    sandbox.fault(TRUNKS, "delay", seconds=0.4)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.twilio("POST", "/v1/Trunks", timeout=0.1)
    sandbox.control("POST", "reset")
    sandbox.twilio("GET", "/v1/Trunks")
    time.sleep(0.4)
    assert trunks(sandbox) == 0
    assert [entry["method"] for entry in sandbox.log()] == ["GET"]


def test_status_204_has_no_body(sandbox) -> None:
    sandbox.fault(TRUNKS, "status", status=204)
    assert sandbox.twilio("POST", "/v1/Trunks").content == b""
    assert sandbox.twilio("GET", "/v1/Trunks").status_code == 200


def test_delay_serves_late(sandbox) -> None:
    sandbox.fault(TRUNKS, "delay", seconds=0.15)
    answer = sandbox.twilio("POST", "/v1/Trunks")
    assert (answer.status_code, answer.elapsed.total_seconds() >= 0.15) == (201, True)


def test_a_client_that_gave_up_waiting_has_made_the_change_all_the_same(sandbox) -> None:
    sandbox.fault(TRUNKS, "delay", seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.twilio("POST", "/v1/Trunks", timeout=0.1)
    logged = sandbox.log()[-1]
    assert (logged["path"], logged["status"]) == ("/v1/Trunks", None)  # logged on arrival
    time.sleep(0.4)
    assert trunks(sandbox) == 1


@pytest.mark.parametrize(("action", "made"), [("drop_before", 0), ("drop_after", 1)])
def test_a_cut_connection_is_no_answer_at_all(sandbox, action: str, made: int) -> None:
    sandbox.fault(TRUNKS, action)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sandbox.twilio("POST", "/v1/Trunks")
    assert trunks(sandbox) == made
    assert sandbox.log()[-1]["status"] is None
    assert sandbox.log()[-1]["fault"] == action
    sandbox.fault(TRUNKS, action)
    auth = (sandbox.env["TWILIO_ACCOUNT_SID"], sandbox.env["TWILIO_AUTH_TOKEN"])
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{sandbox.url}/v1/Trunks", auth=auth, timeout=5)


def test_a_cut_ends_one_connection_only(sandbox) -> None:
    with httpx.Client(base_url=sandbox.url, verify=False) as other:
        other.get("/_sandbox/health")
        sandbox.fault("GET /v1/Trunks", "drop_before")
        with pytest.raises(httpx.RemoteProtocolError):
            sandbox.twilio("GET", "/v1/Trunks")
        assert other.get("/_sandbox/health").json() == {"ok": True}


@pytest.mark.parametrize(
    ("match", "method", "path", "hits"),
    [
        ("GET /v1/Trunks", "GET", "/v1/Trunks", True),
        ("GET /v1/Trunks", "GET", "/v1/Trunks?PageSize=1", True),
        ("GET /v1/Trunks", "POST", "/v1/Trunks", False),
        ("GET /v1/Trunks", "GET", "/v1/Trunks/TK1", False),
        ("GET /v1/Trunks/*", "GET", "/v1/Trunks/TK1", True),
        ("GET /v1/Trunks/*", "GET", "/v1/Trunks/TK1/PhoneNumbers", False),
        ("GET /v1/Trunks/*/PhoneNumbers", "GET", "/v1/Trunks/TK1/PhoneNumbers", True),
        ("GET /v1/**", "GET", "/v1/Trunks/TK1/PhoneNumbers", True),
        ("* /v1/**", "DELETE", "/v1/Trunks/TK1", True),
        ("GET **", "GET", "/v2/phone-numbers", True),
        ("GET /**/Incoming*.json", "GET", "/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json", True),
        ("GET /v1/Trunk.", "GET", "/v1/Trunks", False),
    ],
)
def test_matching(sandbox, match: str, method: str, path: str, hits: bool) -> None:
    sandbox.fault(match, "status", status=418)
    assert (sandbox.http.request(method, path).status_code == 418) is hits


def test_faults_queue_in_order_and_are_used_up(sandbox) -> None:
    sandbox.fault(TRUNKS, "status", status=500, times=2)
    sandbox.fault("* /v1/**", "status", status=502)
    sandbox.fault(TRUNKS, "status", status=503, times=0)
    seen = [sandbox.twilio("POST", "/v1/Trunks").status_code for _ in range(5)]
    assert seen == [500, 500, 502, 503, 201]
    assert sandbox.control("GET", "faults") == []


def test_every_nth_request(sandbox) -> None:
    sandbox.fault("GET /v1/Trunks", "status", status=429, every=3, times=-1)
    seen = [sandbox.twilio("GET", "/v1/Trunks").status_code for _ in range(7)]
    assert seen == [200, 200, 429, 200, 200, 429, 200]
    assert sandbox.control("GET", "faults")[0]["times"] == -1


def test_a_fault_that_waits_lets_the_next_one_have_its_turn(sandbox) -> None:
    sandbox.fault("GET /v1/Trunks", "status", status=429, every=2, times=1)
    sandbox.fault("GET /v1/Trunks", "status", status=500, times=2)
    seen = [sandbox.twilio("GET", "/v1/Trunks").status_code for _ in range(4)]
    assert seen == [500, 429, 500, 200]


def test_faults_can_be_read_and_cleared(sandbox) -> None:
    sandbox.fault(TRUNKS, "delay", times=3)
    (fault,) = sandbox.control("GET", "faults")
    assert (fault["match"], fault["action"], fault["times"]) == (TRUNKS, "delay", 3)
    sandbox.control("DELETE", "faults")
    assert sandbox.control("GET", "faults") == []


def test_controls_are_never_hit(sandbox) -> None:
    sandbox.fault("* /**", "drop_before")
    assert sandbox.control("GET", "health") == {"ok": True}


GOOD = {"match": TRUNKS, "action": "status"}


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"match": TRUNKS}, "action"),
        ({"action": "status"}, "match"),
        ({**GOOD, "match": "/v1/Trunks"}, "match"),
        ({**GOOD, "match": "POST v1/Trunks"}, "match"),
        ({**GOOD, "match": "FETCH /v1/Trunks"}, "match"),
        ({**GOOD, "action": "explode"}, "action"),
        ({**GOOD, "times": -2}, "times"),
        ({**GOOD, "times": "1"}, "times"),
        ({**GOOD, "every": 0}, "every"),
        ({**GOOD, "status": 99}, "status"),
        ({**GOOD, "status": True}, "status"),
        ({**GOOD, "headers": ["a"]}, "headers"),
        ({**GOOD, "headers": {"A": "1\r\nB: 2"}}, "headers"),
        ({**GOOD, "headers": {"Content-Length": "1"}}, "headers"),
        ({**GOOD, "body": 1}, "body"),
        ({**GOOD, "seconds": -1}, "seconds"),
        ({**GOOD, "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_fault_is_refused_by_name(sandbox, wrong: object, names: str) -> None:
    answer = sandbox.http.post("/_sandbox/faults", json=wrong)
    assert answer.status_code == 400
    assert names in answer.json()["error"]
    assert sandbox.control("GET", "faults") == []
