"""Faults: matching, counting, and what the client sees of each."""

from __future__ import annotations

import time
from pathlib import Path

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


REGISTERED = {
    "origin": "byo_trunk",
    "name": "Support",
    "phone_number": "+14155550100",
    "sip_auth": {"allowed_addresses": ["192.0.2.0/24"]},
}


def registered(sandbox) -> dict[str, object]:
    return sandbox.xai("POST", "/v2/phone-numbers", json=REGISTERED).json()["phone_number"]


def renamed(sandbox, id: object, *paths: str) -> httpx.Response:
    changes = {"name": "Help", "outbound_sms_enabled": True}
    body = {"phone_number": {path: changes[path] for path in paths}, "field_mask": {"paths": list(paths)}}
    return sandbox.xai("PATCH", f"/v2/phone-numbers/{id}", json=body)


@pytest.mark.parametrize(("echo", "shown"), [("unchanged", "disable-all"), ("asked", "sip-only")])
def test_an_ignored_change_is_answered_as_one_that_was_made(sandbox, echo: str, shown: str) -> None:
    sid = sandbox.twilio("POST", "/v1/Trunks").json()["sid"]
    before = sandbox.state()["twilio"]
    sandbox.fault("POST /v1/Trunks/*", "ignore", echo=echo)
    answer = sandbox.twilio("POST", f"/v1/Trunks/{sid}", {"TransferMode": "sip-only"})
    assert (answer.status_code, answer.json()["transfer_mode"]) == (200, shown)
    assert sandbox.state()["twilio"] == before


def test_an_ignored_creation_shows_an_object_that_there_is_not(sandbox) -> None:
    sandbox.fault(TRUNKS, "ignore")
    made = sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "a"})
    assert (made.status_code, made.json()["friendly_name"]) == (201, "a")
    assert trunks(sandbox) == 0
    assert sandbox.twilio("GET", f"/v1/Trunks/{made.json()['sid']}").status_code == 404


def test_a_list_is_no_answer_to_a_creation(sandbox) -> None:
    """Telnyx wraps both in `data`."""
    sandbox.fault("POST /v2/fqdn_connections", "ignore")
    made = sandbox.telnyx("POST", "/fqdn_connections", {"connection_name": "a"}).json()["data"]
    assert made["connection_name"] == "a"
    assert sandbox.telnyx("GET", f"/fqdn_connections/{made['id']}").status_code == 404


def test_an_ignored_deletion_leaves_the_object(sandbox) -> None:
    sid = sandbox.twilio("POST", "/v1/Trunks").json()["sid"]
    sandbox.fault("DELETE /v1/Trunks/*", "ignore")
    assert sandbox.twilio("DELETE", f"/v1/Trunks/{sid}").status_code == 204
    assert trunks(sandbox) == 1


@pytest.mark.parametrize(("echo", "name"), [("unchanged", "Support"), ("asked", "Help")])
def test_named_fields_alone_are_left_out_also_of_a_field_mask(sandbox, echo: str, name: str) -> None:
    id = registered(sandbox)["phone_number_id"]
    sandbox.fault("PATCH /v2/phone-numbers/*", "ignore", fields=["name"], echo=echo)
    answer = renamed(sandbox, id, "name", "outbound_sms_enabled").json()["phone_number"]
    assert (answer["name"], answer["outbound_sms_enabled"]) == (name, True)
    now = sandbox.xai("GET", f"/v2/phone-numbers/{id}").json()["phone_number"]
    assert (now["name"], now["outbound_sms_enabled"]) == ("Support", True)


def test_named_fields_are_left_out_of_a_form_and_of_what_is_created(sandbox) -> None:
    sandbox.fault(TRUNKS, "ignore", fields=["secure"])
    made = sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "a", "Secure": "true"}).json()
    assert (made["friendly_name"], made["secure"]) == ("a", False)
    sandbox.fault("POST /v2/phone-numbers", "ignore", fields=["sip_auth"])
    assert "sip_auth" not in registered(sandbox)


def test_nothing_is_done_where_the_rest_cannot_stand_alone(sandbox) -> None:
    before = sandbox.state()["xai"]
    sandbox.fault("POST /v2/phone-numbers", "ignore", fields=["phone_number"])
    assert registered(sandbox)["phone_number"] == REGISTERED["phone_number"]
    assert sandbox.state()["xai"] == before


def test_what_a_vendor_refuses_is_refused_all_the_same(sandbox) -> None:
    sandbox.fault(TRUNKS, "ignore")
    assert sandbox.twilio("POST", "/v1/Trunks", {"Secure": "perhaps"}).status_code == 400
    sandbox.fault("GET /v1/Trunks", "ignore")
    assert sandbox.twilio("GET", "/v1/Trunks").json()["trunks"] == []


@pytest.mark.parametrize("others", [0, 2])
def test_another_id_in_the_answer_to_what_was_done(sandbox, others: int) -> None:
    sids = [sandbox.twilio("POST", "/v1/Trunks").json()["sid"] for _ in range(others)]
    sandbox.fault(TRUNKS, "swap_id")
    told = sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "a"}).json()
    made = next(trunk["sid"] for trunk in sandbox.state()["twilio"]["trunks"] if trunk["friendly_name"] == "a")
    assert told["friendly_name"] == "a"
    assert told["sid"] != made
    assert (told["sid"] in sids) is bool(others)
    assert made not in str(told)


def test_an_answer_without_an_id_stays_as_it_is(sandbox) -> None:
    sandbox.fault("GET /v1/api-key", "swap_id")
    plain, swapped = (sandbox.xai("GET", "/v1/api-key").json() for _ in range(2))
    assert plain == swapped


def test_gone_for_a_while_and_listed_all_the_time(sandbox) -> None:
    sid = sandbox.twilio("POST", "/v1/Trunks").json()["sid"]
    sandbox.fault("GET /v1/Trunks/*", "gone", seconds=0.3)
    seen = [sandbox.twilio("GET", f"/v1/Trunks/{sid}") for _ in range(2)]
    assert [(answer.status_code, answer.json()["code"]) for answer in seen] == [(404, 20404)] * 2
    assert [trunk["sid"] for trunk in sandbox.twilio("GET", "/v1/Trunks").json()["trunks"]] == [sid]
    time.sleep(0.3)
    assert sandbox.twilio("GET", f"/v1/Trunks/{sid}").status_code == 200
    assert sandbox.control("GET", "faults") == []


def test_a_body_that_drips_comes_whole_in_the_end(sandbox) -> None:
    sandbox.fault("GET /v1/Trunks", "drip", seconds=0.001)
    answer = sandbox.twilio("GET", "/v1/Trunks")
    assert answer.json()["trunks"] == []
    assert answer.elapsed.total_seconds() >= 0.001 * len(answer.content)
    sandbox.fault("GET /v1/Trunks", "drip", seconds=600)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.twilio("GET", "/v1/Trunks", timeout=0.1)
    sandbox.control("POST", "reset")


def test_a_bomb_is_small_on_the_wire_and_the_same_json(sandbox) -> None:
    plain = sandbox.twilio("GET", "/v1/Trunks").json()
    sandbox.fault("GET /v1/Trunks", "bomb")
    answer = sandbox.twilio("GET", "/v1/Trunks")
    assert answer.num_bytes_downloaded < 200_000
    assert len(answer.content) > 60_000_000
    assert answer.json() == plain


#: A list of each vendor as the fixture asks for it, how its answer leads to the next page, and the field with its items.
LISTS = [
    ("twilio", "/v1/Trunks", lambda page: page["meta"]["next_page_url"], "trunks"),
    ("twilio", "~/IncomingPhoneNumbers.json", lambda page: page["next_page_uri"], "incoming_phone_numbers"),
    ("plivo", "/Number/", lambda page: page["meta"]["next"], "objects"),
    ("telnyx", "/phone_numbers", lambda page: page["meta"]["total_pages"], "data"),
]


@pytest.mark.parametrize(("vendor", "path", "following", "items"), LISTS)
def test_a_list_without_end_and_one_that_goes_on_elsewhere(sandbox, vendor, path, following, items) -> None:
    ask = getattr(sandbox, vendor)
    ask("GET", path)
    whole = sandbox.log()[-1]["path"]
    true = ask("GET", path).json()
    sandbox.fault(f"GET {whole}", "endless", times=-1)
    first = ask("GET", path).json()
    assert first[items] == true[items]
    if vendor == "telnyx":
        second = ask("GET", f"{path}?page[number]=2").json()
        assert (second[items], second["meta"]["page_number"]) == (first[items], 2)
        assert following(first) > 10**5
    else:
        assert following(first).removeprefix(sandbox.url) == whole
    sandbox.control("DELETE", "faults")
    sandbox.fault(f"GET {whole}", "elsewhere", host="127.0.0.1:9")
    page = ask("GET", path).json()
    assert page[items] == true[items]
    if vendor != "telnyx":  # its pages name no address
        assert following(page) == f"http://127.0.0.1:9{whole}"


def test_what_is_no_list_has_no_pages(sandbox) -> None:
    plain = sandbox.xai("GET", "/v2/phone-numbers").json()
    sandbox.fault("GET **", "endless", times=-1)
    assert sandbox.xai("GET", "/v2/phone-numbers").json() == plain


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
        ({**GOOD, "fields": "name"}, "fields"),
        ({**GOOD, "fields": [1]}, "fields"),
        ({**GOOD, "echo": "loud"}, "echo"),
        ({**GOOD, "host": "evil.example"}, "host"),
        ({**GOOD, "action": "elsewhere"}, "host"),
        ({**GOOD, "action": "elsewhere", "host": "evil.example/path"}, "host"),
        ({**GOOD, "action": "elsewhere", "host": "user@evil.example"}, "host"),
        ({**GOOD, "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_fault_is_refused_by_name(sandbox, wrong: object, names: str) -> None:
    answer = sandbox.http.post("/_sandbox/faults", json=wrong)
    assert answer.status_code == 400
    assert names in answer.json()["error"]
    assert sandbox.control("GET", "faults") == []


def test_every_action_is_documented(sandbox) -> None:
    refused = sandbox.http.post("/_sandbox/faults", json={**GOOD, "action": "explode"}).json()["error"]
    actions = refused.partition("one of ")[2].split(", ")
    pages = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text()
    table = pages.partition("## Faults of the sandbox")[2].partition("\n## ")[0]
    assert len(actions) >= 11
    assert [action for action in actions if f"`{action}`" not in table] == []
