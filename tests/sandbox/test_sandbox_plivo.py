"""Plivo on the wire and through its own SDK, which knows nothing of Zentrunk: authentication, strictness, shapes, rules."""

from __future__ import annotations

import re
from typing import Any

import plivo
import plivo.rest.client
import pytest
from plivo.exceptions import (
    AuthenticationError,
    InvalidRequestError,
    PlivoRestError,
    ResourceNotFoundError,
    ValidationError,
)

XAI = "sip.voice.x.ai;transport=tls"
NUMBER, OTHER = "12125550177", "13035550164"  # without an application, and with the default one
DEFAULT = "29986316244302815"
NOBODY = "00000000-0000-4000-8000-000000000000"
PASSWORD = "Abcdefgh_123"


def ask(sandbox, method: str, path: str, document: object = None, status: int = 200, **options: Any) -> dict[str, Any]:
    """A request that succeeds: its answer without the id that each one carries."""
    answer = sandbox.plivo(method, path, document, **options)
    assert answer.status_code == status, answer.text
    if status == 204:
        assert answer.content == b""
        return {}
    body = answer.json()
    assert re.fullmatch(r"[0-9a-f-]{36}", body.pop("api_id"))
    return body


def assert_refused(answer, status: int, says: str = "") -> None:
    """Plivo's one error body."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"api_id", "error"}
    assert says in body["error"], answer.text
    assert "retry-after" not in answer.headers


def uri(sandbox, **more: Any) -> str:
    return ask(sandbox, "POST", "/Zentrunk/URI/", {"name": "xai", "uri": XAI, **more}, 201)["uri_uuid"]


def trunk(sandbox, name: str = "inbound", **more: Any) -> str:
    """An inbound trunk."""
    body = {"name": name, "trunk_direction": "inbound", **more}
    if "primary_uri_uuid" not in body:
        body["primary_uri_uuid"] = uri(sandbox)
    return ask(sandbox, "POST", "/Zentrunk/Trunk/", body, 201)["trunk_id"]


def outbound(sandbox) -> str:
    acl = ask(sandbox, "POST", "/Zentrunk/IPAccessControlList/", {"ip_addresses": ["192.0.2.1"]}, 201)
    body = {"name": "out", "trunk_direction": "outbound", "ipacl_uuid": acl["ipacl_uuid"]}
    return ask(sandbox, "POST", "/Zentrunk/Trunk/", body, 201)["trunk_id"]


def application(sandbox, number: str = NUMBER) -> str | None:
    return ask(sandbox, "GET", f"/Number/{number}/")["application"]


def route(sandbox, trunk_id: str) -> str:
    return f"/v1/Account/{sandbox.env['PLIVO_AUTH_ID']}/Zentrunk/Trunk/{trunk_id}/"


# --- who asks -------------------------------------------------------------------------------------------------------


def test_credentials(sandbox) -> None:
    user, token = sandbox.env["PLIVO_AUTH_ID"], sandbox.env["PLIVO_AUTH_TOKEN"]
    for path in ("/", "/Number/", "/Zentrunk/Trunk/"):
        assert sandbox.plivo("GET", path).status_code == 200
        for wrong in ((user, "x"), ("", ""), (sandbox.other["PLIVO_AUTH_ID"], token), (user.lower(), token)):
            assert_refused(sandbox.plivo("GET", path, auth=wrong), 401)
    for header in ({}, {"Authorization": "Basic !"}, {"Authorization": f"Bearer {token}"}):
        answer = sandbox.http.get(f"/v1/Account/{user}/", headers=header)
        assert_refused(answer, 401)
        assert "Basic" in answer.headers["www-authenticate"]


def test_account(sandbox) -> None:
    account = ask(sandbox, "GET", "/")
    assert set(account) == {
        *("account_type", "address", "auth_id", "auto_recharge", "billing_mode", "cash_credits", "city", "name"),
        *("resource_uri", "state", "timezone"),
    }
    assert account["auth_id"] == sandbox.env["PLIVO_AUTH_ID"]


def test_another_account_is_an_error_and_its_objects_do_not_exist(sandbox) -> None:
    own = (sandbox.env["PLIVO_AUTH_ID"], sandbox.env["PLIVO_AUTH_TOKEN"])
    for path in ("/", "/Number/", f"/Number/{NUMBER}/"):
        assert_refused(sandbox.plivo("GET", path, env=sandbox.other, auth=own), 401)
    made, part = trunk(sandbox), uri(sandbox)
    for path in (
        f"/Zentrunk/Trunk/{made}/",
        f"/Zentrunk/URI/{part}/",
        f"/Number/{NUMBER}/",
        f"/Application/{DEFAULT}/",
    ):
        assert_refused(sandbox.plivo("GET", path, env=sandbox.other), 404)
        assert_refused(sandbox.plivo("DELETE", path, env=sandbox.other), 404)
    for path in ("/Zentrunk/Trunk/", "/Number/", "/Application/"):
        assert ask(sandbox, "GET", path, env=sandbox.other)["objects"] == []
    body = {"name": "a", "trunk_direction": "inbound", "primary_uri_uuid": part}
    assert_refused(sandbox.plivo("POST", "/Zentrunk/Trunk/", body, env=sandbox.other), 404, part)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_staged_errors_have_the_shape_of_real_ones(sandbox, status: int) -> None:
    sandbox.fault("* /v1/Account/**", "status", status=status)
    assert_refused(sandbox.plivo("GET", "/Number/"), status)
    assert ask(sandbox, "GET", "/Number/")["objects"], "one answer was staged"


def test_rate(sandbox) -> None:
    sandbox.switch(plivo_rate=3)
    for _ in range(3):
        ask(sandbox, "GET", "/")
    assert_refused(sandbox.plivo("GET", "/"), 429)
    assert_refused(sandbox.plivo("POST", "/Zentrunk/URI/", {"uri": XAI}), 429)
    ask(sandbox, "GET", "/", env=sandbox.other)
    assert sandbox.state()["plivo"]["uris"] == []
    sandbox.switch(plivo_rate=0)
    ask(sandbox, "GET", "/")
    sandbox.switch(plivo_rate=3)
    assert_refused(sandbox.plivo("GET", "/"), 429)
    sandbox.control("POST", "reset")
    assert sandbox.control("GET", "switches")["plivo.rate"] == 300
    sandbox.switch(plivo_rate=1)
    ask(sandbox, "GET", "/")


# --- strictness -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Number", 404),
        ("GET", "/Zentrunk/Trunk", 404),
        ("POST", "/Zentrunk/URI", 404),
        ("GET", "", 404),
        ("GET", "/Zentrunk/Trunk/1/", 404),
        ("POST", "/Zentrunk/Trunk/1/", 404),
        ("DELETE", "/Zentrunk/Trunk/1/", 404),
        ("GET", f"/Zentrunk/URI/{NOBODY}/", 404),
        ("POST", f"/Zentrunk/URI/{NOBODY}/", 404),
        ("DELETE", f"/Zentrunk/URI/{NOBODY}/", 404),
        ("DELETE", f"/Zentrunk/Credential/{NOBODY}/", 404),
        ("DELETE", f"/Zentrunk/IPAccessControlList/{NOBODY}/", 404),
        ("GET", "/Zentrunk/Uri/", 404),
        ("GET", f"/Number/+{NUMBER}/", 404),
        ("GET", "/Number/12125550000/", 404),
        ("DELETE", "/Number/12125550000/", 404),
        ("GET", "/Application/1/", 404),
        ("PUT", "/Number/", 405),
        ("PATCH", f"/Number/{NUMBER}/", 405),
        ("DELETE", "/Zentrunk/Trunk/", 405),
    ],
)
def test_what_is_not_there(sandbox, method: str, path: str, status: int) -> None:
    before = sandbox.state()
    assert_refused(sandbox.plivo(method, path), status)
    assert sandbox.state() == before


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": "{"}, 400),
        ({"content": "[]"}, 400),
        ({"content": '{"uri": "a.example", "uri": "b.example"}'}, 400),
        ({"content": ""}, 422),
        ({"content": "{}"}, 422),
        ({"content": "uri=a.example", "type": "application/x-www-form-urlencoded"}, 400),
        ({"content": '{"uri": "a.example"}', "type": "text/plain"}, 400),
        ({"content": '{"uri": "a.example"}', "params": {"name": "a"}}, 400),
    ],
)
def test_requests_are_json(sandbox, options: dict[str, Any], status: int) -> None:
    headers = {"content-type": options.pop("type", "application/json")}
    assert_refused(sandbox.plivo("POST", "/Zentrunk/URI/", headers=headers, **options), status)
    assert sandbox.state()["plivo"]["uris"] == []


@pytest.mark.parametrize("path", ["/Number/", "/Zentrunk/Trunk/", "/Zentrunk/URI/", "/Application/", "/PhoneNumber/"])
@pytest.mark.parametrize(
    "params", [{"limit": "21"}, {"limit": "0"}, {"limit": "x"}, {"offset": "-1"}, {"page": "1"}, {"phone_number": "1"}]
)
def test_list_parameters_are_checked(sandbox, path: str, params: dict[str, str]) -> None:
    params = {**params, "country_iso": "US"} if path == "/PhoneNumber/" else params
    assert_refused(sandbox.plivo("GET", path, params=params), 400)


def test_lists_are_pages(sandbox) -> None:
    part = uri(sandbox)
    for n in range(5):
        trunk(sandbox, f"t{n}", primary_uri_uuid=part)
    path = f"/v1/Account/{sandbox.env['PLIVO_AUTH_ID']}/Zentrunk/Trunk/"
    first = ask(sandbox, "GET", "/Zentrunk/Trunk/", params={"limit": "2"})
    assert [each["name"] for each in first["objects"]] == ["t4", "t3"]
    assert first["meta"] == {
        "limit": 2,
        "offset": 0,
        "total_count": 5,
        "previous": None,
        "next": f"{path}?limit=2&offset=2",
    }
    last = ask(sandbox, "GET", "/Zentrunk/Trunk/", params={"limit": "2", "offset": "4", "trunk_direction": "inbound"})
    assert [each["name"] for each in last["objects"]] == ["t0"]
    assert (last["meta"]["next"], last["meta"]["previous"]) == (
        None,
        f"{path}?trunk_direction=inbound&limit=2&offset=2",
    )
    assert ask(sandbox, "GET", "/Zentrunk/Trunk/", params={"secure": "true"})["objects"] == []
    assert ask(sandbox, "GET", "/Zentrunk/Trunk/", params={"primary_uri_uuid": part})["meta"]["total_count"] == 5


# --- URIs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        *(
            XAI,
            "sip:sip.voice.x.ai;transport=tls",
            "sip.voice.x.ai",
            "sip.voice.x.ai:5061;transport=tls",
            "192.0.2.7:5060",
        ),
        *("sip:+12125550177@sip.voice.x.ai;transport=tls", "a.example;transport=udp", "a.example;transport=tcp"),
    ],
)
def test_a_uri(sandbox, value: str) -> None:
    made = uri(sandbox, uri=value)
    assert ask(sandbox, "GET", f"/Zentrunk/URI/{made}/") == {
        "object": {"uri_uuid": made, "name": "xai", "uri": value, "authentication_needed": False, "username": ""}
    }
    assert ask(sandbox, "GET", "/Zentrunk/URI/", params={"uri": value})["meta"]["total_count"] == 1


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"uri": ...}, 422, "uri is required"),
        ({"uri": ""}, 400, "uri"),
        ({"uri": None}, 400, "uri"),
        ({"uri": "localhost"}, 400, "uri"),
        ({"uri": "sips:sip.voice.x.ai"}, 400, "uri"),
        ({"uri": "user@sip.voice.x.ai"}, 400, "uri"),
        ({"uri": "sip.voice.x.ai;transport=ws"}, 400, "uri"),
        ({"uri": "sip.voice.x.ai;transport=TLS"}, 400, "uri"),
        ({"uri": "sip.voice.x.ai:70000"}, 400, "uri"),
        ({"uri": "300.1.1.1"}, 400, "uri"),
        ({"url": "x"}, 400, "unknown field"),
        ({"authentication_needed": "true"}, 400, "authentication_needed"),
        ({"authentication_needed": True}, 422, "required"),
        ({"authentication_needed": True, "username": "u"}, 422, "required"),
        ({"authentication_needed": True, "password": PASSWORD}, 422, "required"),
        ({"authentication_needed": True, "username": "", "password": PASSWORD}, 422, "required"),
        ({"username": "u", "password": PASSWORD}, 400, "authentication_needed"),
        ({"authentication_needed": True, "username": "u", "password": "Abcdefgh123"}, 400, "password"),
        ({"authentication_needed": True, "username": "u", "password": "a_b1"}, 400, "password"),
        ({"authentication_needed": True, "username": "u", "password": "a_b1" * 6}, 400, "password"),
        ({"authentication_needed": True, "username": "u", "password": "abc-def_1"}, 400, "password"),
        ({"authentication_needed": True, "username": "a b", "password": PASSWORD}, 400, "username"),
    ],
)
def test_uri_fields_are_checked(sandbox, body: dict[str, Any], status: int, says: str) -> None:
    given = {name: value for name, value in {"name": "a", "uri": XAI, **body}.items() if value is not ...}
    answer = sandbox.plivo("POST", "/Zentrunk/URI/", given)
    assert_refused(answer, status, says)
    assert not body.get("password") or body["password"] not in answer.text
    assert sandbox.state()["plivo"]["uris"] == []


def test_a_password_is_never_shown(sandbox) -> None:
    login = {"username": "xai-nyc", "password": PASSWORD}
    made = uri(sandbox, authentication_needed=True, **login)
    path = f"/Zentrunk/URI/{made}/"
    shown = ask(sandbox, "GET", path)["object"]
    assert (shown["authentication_needed"], shown["username"], "password" in shown) == (True, "xai-nyc", False)
    assert sandbox.control("GET", "secrets")["plivo"]["uri_passwords"] == {made: login}

    # A new name leaves them alone; a new user name or password takes both.
    ask(sandbox, "POST", path, {"name": "b"}, 202)
    for alone in ({"password": PASSWORD}, {"username": "other"}, {"authentication_needed": True}):
        assert_refused(sandbox.plivo("POST", path, alone), 422)
    assert sandbox.control("GET", "secrets")["plivo"]["uri_passwords"] == {made: login}
    renewed = {"username": "xai-nyc", "password": "Zyxwvuts+321"}
    ask(sandbox, "POST", path, renewed, 202)
    assert sandbox.control("GET", "secrets")["plivo"]["uri_passwords"] == {made: renewed}
    ask(sandbox, "POST", path, {"authentication_needed": False}, 202)
    assert ask(sandbox, "GET", path)["object"]["username"] == ""
    assert sandbox.control("GET", "secrets")["plivo"]["uri_passwords"] == {}

    text = str([sandbox.log(), sandbox.state()])
    for secret in (PASSWORD, "Zyxwvuts+321", sandbox.env["PLIVO_AUTH_TOKEN"]):
        assert secret not in text
    assert sandbox.log()[0]["body"]["password"].startswith("sha256:")


def test_deleting_a_uri_takes_its_trunks_along(sandbox) -> None:
    primary, fallback = uri(sandbox), uri(sandbox)
    first = trunk(sandbox, "first", primary_uri_uuid=primary)
    second = trunk(sandbox, "second", primary_uri_uuid=fallback, fallback_uri_uuid=primary)
    third = trunk(sandbox, "third", primary_uri_uuid=fallback)
    ask(sandbox, "POST", f"/Number/{NUMBER}/", {"app_id": first}, 202)
    ask(sandbox, "DELETE", f"/Zentrunk/URI/{primary}/", status=204)
    for gone in (first, second):
        assert_refused(sandbox.plivo("GET", f"/Zentrunk/Trunk/{gone}/"), 404)
    assert ask(sandbox, "GET", f"/Zentrunk/Trunk/{third}/")["object"]["trunk_id"] == third
    assert application(sandbox) is None
    assert_refused(sandbox.plivo("DELETE", f"/Zentrunk/URI/{primary}/"), 404)


# --- trunks ---------------------------------------------------------------------------------------------------------


def test_a_trunk(sandbox) -> None:
    part = uri(sandbox)
    body = {"name": "a", "trunk_direction": "inbound", "primary_uri_uuid": part}
    made = ask(sandbox, "POST", "/Zentrunk/Trunk/", body, 201)
    assert set(made) == {"message", "trunk_id"}  # the rest is only in a read
    id = made["trunk_id"]
    assert re.fullmatch(r"\d+", id)
    expected = {
        "trunk_id": id,
        "trunk_domain": f"{id}.zt.plivo.com",
        "name": "a",
        "trunk_direction": "inbound",
        "trunk_status": "enabled",
        "secure": False,
        "primary_uri_uuid": part,
        "fallback_uri_uuid": None,
        "ipacl_uuid": None,
        "credential_uuid": None,
    }
    assert ask(sandbox, "GET", f"/Zentrunk/Trunk/{id}/") == {"object": expected}
    assert ask(sandbox, "GET", "/Zentrunk/Trunk/")["objects"] == [expected]
    assert sandbox.state()["plivo"]["trunks"] == [expected]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"trunk_direction": ...}, 400, "trunk_direction is required"),
        ({"name": ...}, 400, "name is required"),
        ({"name": ""}, 400, "name"),
        ({"name": "taken"}, 400, "already exists"),
        ({"trunk_direction": "both"}, 400, "trunk_direction"),
        ({"trunk_status": "on"}, 400, "trunk_status"),
        ({"secure": "true"}, 400, "secure"),
        ({"colour": "red"}, 400, "unknown field"),
        ({"trunk_id": "1"}, 400, "unknown field"),
        ({"primary_uri_uuid": ...}, 400, "primary_uri_uuid is required"),
        ({"primary_uri_uuid": None}, 400, "primary_uri_uuid is required"),
        ({"primary_uri_uuid": "x"}, 400, "primary_uri_uuid"),
        ({"primary_uri_uuid": NOBODY}, 404, NOBODY),
        ({"fallback_uri_uuid": NOBODY}, 404, NOBODY),
        ({"ipacl_uuid": NOBODY}, 400, "not for an inbound trunk"),
        ({"trunk_direction": "outbound"}, 400, "not for an outbound trunk"),
        ({"trunk_direction": "outbound", "primary_uri_uuid": None}, 400, "ipacl_uuid or credential_uuid"),
    ],
)
def test_trunk_fields_are_checked(sandbox, body: dict[str, Any], status: int, says: str) -> None:
    part = uri(sandbox)
    trunk(sandbox, "taken", primary_uri_uuid=part)
    whole = {"name": "a", "trunk_direction": "inbound", "primary_uri_uuid": part, **body}
    given = {name: value for name, value in whole.items() if value is not ...}
    assert_refused(sandbox.plivo("POST", "/Zentrunk/Trunk/", given), status, says)
    assert len(sandbox.state()["plivo"]["trunks"]) == 1


def test_changing_a_trunk(sandbox) -> None:
    made, second = trunk(sandbox, "a"), uri(sandbox)
    trunk(sandbox, "b")
    path = f"/Zentrunk/Trunk/{made}/"
    assert_refused(sandbox.plivo("POST", path, {"name": "c"}), 400, "trunk_direction is required")
    assert_refused(sandbox.plivo("POST", path, {}), 400, "trunk_direction is required")
    inbound = {"trunk_direction": "inbound"}
    changed = {**inbound, "name": "c", "trunk_status": "disabled", "secure": True, "fallback_uri_uuid": second}
    assert set(ask(sandbox, "POST", path, changed, 202)) == {"message"}
    shown = ask(sandbox, "GET", path)["object"]
    assert {name: shown[name] for name in changed} == changed
    ask(sandbox, "POST", path, {**inbound, "fallback_uri_uuid": None}, 202)
    for body, says in (
        ({"trunk_direction": "outbound"}, "cannot be changed"),
        ({**inbound, "name": "b"}, "already exists"),
        ({**inbound, "primary_uri_uuid": None}, "required"),
    ):
        assert_refused(sandbox.plivo("POST", path, body), 400, says)
    ask(sandbox, "POST", path, {**inbound, "name": "c"}, 202)  # its own name is no duplicate


def test_deleting_a_trunk_detaches_its_numbers(sandbox) -> None:
    made = trunk(sandbox)
    ask(sandbox, "POST", f"/Number/{NUMBER}/", {"app_id": made}, 202)
    assert application(sandbox) == route(sandbox, made)
    ask(sandbox, "DELETE", f"/Zentrunk/Trunk/{made}/", status=204)
    assert application(sandbox) is None
    assert_refused(sandbox.plivo("DELETE", f"/Zentrunk/Trunk/{made}/"), 404)
    assert len(ask(sandbox, "GET", "/Number/")["objects"]) == 2
    again = trunk(sandbox)
    assert again != made


@pytest.mark.parametrize(
    ("names", "good", "changed", "bad"),
    [
        (
            ("Credential", "credential_uuid"),
            {"name": "a", "username": "elevenlabs1", "password": "securepass123!"},
            {"username": "elevenlabs2", "password": "securepass123@"},
            [
                ({"username": "abcd"}, 400),
                ({"username": "a" * 21}, 400),
                ({"username": "with_underscore"}, 400),
                ({"password": "abcdefgh1"}, 400),
                ({"password": "a!" * 11}, 400),
                ({"password": ...}, 422),
                ({"username": ...}, 422),
                ({"email": "a"}, 400),
            ],
        ),
        (
            ("IPAccessControlList", "ipacl_uuid"),
            {"name": "a", "ip_addresses": ["192.0.2.1", "198.51.100.0/24"]},
            {"ip_addresses": ["203.0.113.0/28"]},
            [
                ({"ip_addresses": ...}, 422),
                ({"ip_addresses": []}, 400),
                ({"ip_addresses": "192.0.2.1"}, 400),
                ({"ip_addresses": ["192.0.2.1/24"]}, 400),
                ({"ip_addresses": ["example.com"]}, 400),
                ({"ip_addresses": ["192.0.2.1", "192.0.2.1"]}, 400),
            ],
        ),
    ],
)
def test_credentials_and_access_lists(sandbox, names: tuple[str, str], good: Any, changed: Any, bad: Any) -> None:
    path, key = names
    base = f"/Zentrunk/{path}/"
    made = ask(sandbox, "POST", base, good, 201)
    assert set(made) == {"message", key}
    one = f"{base}{made[key]}/"
    shown = ask(sandbox, "GET", one)["object"]
    assert shown == {key: made[key], **{name: value for name, value in good.items() if name != "password"}}
    assert ask(sandbox, "GET", base, params={"name": "a"})["objects"] == [shown]
    for body, status in bad:
        given = {name: value for name, value in {**good, **body}.items() if value is not ...}
        assert_refused(sandbox.plivo("POST", base, given), status)
        assert_refused(sandbox.plivo("POST", one, given), status)
    ask(sandbox, "POST", one, changed, 202)
    kept = {name: value for name, value in {**shown, **changed}.items() if name != "password"}
    assert ask(sandbox, "GET", one)["object"] == kept  # the list of addresses is replaced, not added to
    body = {"name": "out", "trunk_direction": "outbound", key: made[key]}
    used = ask(sandbox, "POST", "/Zentrunk/Trunk/", body, 201)["trunk_id"]
    ask(sandbox, "DELETE", one, status=204)
    assert_refused(sandbox.plivo("GET", f"/Zentrunk/Trunk/{used}/"), 404)


# --- numbers --------------------------------------------------------------------------------------------------------


def test_a_number(sandbox) -> None:
    number = ask(sandbox, "GET", f"/Number/{OTHER}/")
    assert set(number) == {
        *("active", "added_on", "alias", "application", "carrier", "city", "cnam_lookup", "compliance_application_id"),
        *("compliance_status", "country", "mms_enabled", "mms_rate", "monthly_rental_rate", "number", "number_type"),
        *("region", "renewal_date", "resource_uri", "sms_enabled", "sms_rate", "sub_account", "tendlc_campaign_id"),
        *("tendlc_registration_status", "toll_free_sms_verification", "voice_enabled", "voice_rate"),
    }
    account = f"/v1/Account/{sandbox.env['PLIVO_AUTH_ID']}"
    assert (number["number"], number["application"]) == (OTHER, f"{account}/Application/{DEFAULT}/")
    assert (number["resource_uri"], number["monthly_rental_rate"]) == (f"{account}/Number/{OTHER}/", "0.80000")
    assert ask(sandbox, "GET", "/Number/")["objects"][0] == number
    assert sandbox.state()["plivo"]["numbers"][1] == number


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, [OTHER, NUMBER]),
        ({"number_startswith": "1212"}, [NUMBER]),
        ({"number_startswith": NUMBER}, [NUMBER]),
        ({"number_startswith": f"+{NUMBER}"}, []),
        ({"number_startswith": "555"}, []),
        ({"type": "tollfree"}, []),
        ({"type": "local", "services": "voice,sms"}, [OTHER, NUMBER]),
        ({"alias": "a"}, []),
        ({"limit": "1", "offset": "1"}, [NUMBER]),
    ],
)
def test_lists_of_numbers(sandbox, params: dict[str, str], found: list[str]) -> None:
    assert [each["number"] for each in ask(sandbox, "GET", "/Number/", params=params)["objects"]] == found


def test_a_number_on_a_trunk(sandbox) -> None:
    made = trunk(sandbox)
    path = f"/Number/{NUMBER}/"
    assert ask(sandbox, "POST", path, {"app_id": made}, 202) == {"message": "changed"}
    assert application(sandbox) == route(sandbox, made)
    ask(sandbox, "POST", path, {"app_id": DEFAULT}, 202)
    assert application(sandbox) == application(sandbox, OTHER)
    ask(sandbox, "POST", path, {"app_id": made, "alias": "front"}, 202)
    assert ask(sandbox, "GET", path)["alias"] == "front"
    # An update that does not repeat the application takes the number off its trunk.
    ask(sandbox, "POST", path, {"alias": "back"}, 202)
    assert application(sandbox) == application(sandbox, OTHER)
    ask(sandbox, "DELETE", f"/Application/{DEFAULT}/", status=204)
    ask(sandbox, "POST", path, {"alias": "none"}, 202)
    assert application(sandbox) is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"app_id": ""}, "app_id"),
        ({"app_id": None}, "app_id"),
        ({"app_id": "1"}, "neither an application nor a trunk"),
        ({"app_id": 29986316244302815}, "app_id"),
        ({"application": DEFAULT}, "unknown field"),
        ({"app_id": DEFAULT, "number": OTHER}, "not the one of the path"),
        ({"app_id": DEFAULT, "subaccount": "SA" + "0" * 18}, "subaccount"),
        ({"app_id": DEFAULT, "cnam_lookup": "on"}, "cnam_lookup"),
    ],
)
def test_number_fields_are_checked(sandbox, body: dict[str, Any], says: str) -> None:
    before = sandbox.state()["plivo"]["numbers"]
    assert_refused(sandbox.plivo("POST", f"/Number/{NUMBER}/", body), 400, says)
    assert sandbox.state()["plivo"]["numbers"] == before


def test_only_inbound_trunks_take_numbers(sandbox) -> None:
    body = {"app_id": outbound(sandbox)}
    before = sandbox.state()
    assert_refused(sandbox.plivo("POST", f"/Number/{NUMBER}/", body), 400, "not an inbound trunk")
    assert sandbox.state() == before


def test_unrenting_gives_a_number_back(sandbox) -> None:
    ask(sandbox, "DELETE", f"/Number/{NUMBER}/", status=204)
    assert_refused(sandbox.plivo("GET", f"/Number/{NUMBER}/"), 404)
    assert_refused(sandbox.plivo("DELETE", f"/Number/{OTHER}/", params={"force": "1"}), 400)
    assert_refused(sandbox.plivo("POST", f"/PhoneNumber/{NUMBER}/", {}), 404)
    assert sandbox.state()["counters"] == {"purchases": 0, "releases": 1}


def test_search_and_buy(sandbox) -> None:
    answer = ask(sandbox, "GET", "/PhoneNumber/", params={"country_iso": "US", "pattern": "512", "limit": "2"})
    first, second = (each["number"] for each in answer["objects"])
    assert (first, second) == ("15125553000", "15125553001")
    assert (answer["objects"][0]["monthly_rental_rate"], answer["objects"][0]["setup_rate"]) == ("0.80000", "0.00000")
    assert answer["meta"]["next"].endswith("?country_iso=US&pattern=512&limit=2&offset=2")
    bought = ask(sandbox, "POST", f"/PhoneNumber/{first}/", {}, 201)
    assert bought == {"message": "created", "numbers": [{"number": first, "status": "Success"}], "status": "fulfilled"}
    assert application(sandbox, first) == application(sandbox, OTHER)  # the default one, since none was named
    made = trunk(sandbox)
    ask(sandbox, "POST", f"/PhoneNumber/{second}/", {"app_id": made}, 201)
    assert application(sandbox, second) == route(sandbox, made)
    assert sandbox.state()["counters"] == {"purchases": 2, "releases": 0}
    for number, body, status in (
        (first, {}, 400),
        ("15125559000", {}, 404),
        ("+15125553002", {}, 404),
        ("15125553002", {"app_id": "1"}, 400),
        ("15125553002", {"colour": "red"}, 400),
    ):
        assert_refused(sandbox.plivo("POST", f"/PhoneNumber/{number}/", body), status)
    assert_refused(sandbox.plivo("POST", f"/PhoneNumber/{first}/", {}, env=sandbox.other), 400, "not available")
    assert sandbox.state()["counters"]["purchases"] == 2
    left = ask(sandbox, "GET", "/PhoneNumber/", params={"country_iso": "US", "pattern": "512", "limit": "1"})
    assert left["objects"][0]["number"] == "15125553002"


@pytest.mark.parametrize(
    ("params", "status", "first"),
    [
        ({"country_iso": "GB"}, 200, "441214960000"),
        ({"country_iso": "CA"}, 200, "14165553000"),
        ({"country_iso": "US", "type": "tollfree"}, 200, "18005553000"),
        ({"country_iso": "US", "type": "national"}, 200, None),
        ({"country_iso": "US", "type": "fixed"}, 200, "14155553000"),
        ({"country_iso": "GB", "type": "tollfree"}, 200, None),
        ({"country_iso": "US", "region": "Texas"}, 200, None),
        ({}, 400, None),
        ({"country_iso": "us"}, 400, None),
        ({"country_iso": "US", "type": "toll_free"}, 400, None),
        ({"country_iso": "US", "pattern": "+1512"}, 400, None),
    ],
)
def test_search(sandbox, params: dict[str, str], status: int, first: str | None) -> None:
    answer = sandbox.plivo("GET", "/PhoneNumber/", params=params)
    assert answer.status_code == status
    assert next((each["number"] for each in answer.json().get("objects", [])), None) == first


# --- applications ---------------------------------------------------------------------------------------------------


def test_applications(sandbox) -> None:
    made = ask(sandbox, "POST", "/Application/", {"app_name": "IVR", "answer_url": "https://x.example/answer"}, 201)
    assert set(made) == {"message", "app_id"}
    path = f"/Application/{made['app_id']}/"
    shown = ask(sandbox, "GET", path)
    assert (shown["app_name"], shown["answer_method"], shown["default_app"], shown["enabled"]) == (
        "IVR",
        "POST",
        False,
        True,
    )
    assert shown["sip_uri"] == f"sip:{made['app_id']}@app.plivo.com"
    assert [each["app_name"] for each in ask(sandbox, "GET", "/Application/")["objects"]] == ["IVR", "Default"]
    assert ask(sandbox, "POST", path, {"default_number_app": True}, 202) == {"message": "changed"}
    assert ask(sandbox, "GET", f"/Application/{DEFAULT}/")["default_app"] is False  # an account has one
    for body, says in (
        ({"app_name": "b"}, "unknown field"),
        ({"answer_url": "x"}, "answer_url"),
        ({"answer_method": "PUT"}, "answer_method"),
        ({"default_number_app": "true"}, "default_number_app"),
    ):
        assert_refused(sandbox.plivo("POST", path, body), 400, says)
    assert_refused(sandbox.plivo("POST", "/Application/", {}), 400, "app_name is required")
    ask(sandbox, "POST", f"/Number/{NUMBER}/", {"app_id": made["app_id"]}, 202)
    ask(sandbox, "DELETE", path, status=204, params={"cascade": "false"})
    assert application(sandbox) is None


# --- seed -----------------------------------------------------------------------------------------------------------


def test_seed_of_a_whole_route(sandbox) -> None:
    part, trunk_id = "00000000-0000-4000-8000-000000000001", "21784177241578"
    login = {"username": "somebody", "password": PASSWORD}
    document = {
        "uris": [{"uri_uuid": part, "name": "old", "uri": XAI, "authentication_needed": True, **login}],
        "trunks": [{"trunk_id": trunk_id, "name": "old", "trunk_direction": "inbound", "primary_uri_uuid": part}],
        "numbers": [{"phone_number": "+12125550178", "app_id": trunk_id}, {"phone_number": "+442079460077"}],
    }
    sandbox.control("POST", "seed", {"plivo": document})
    assert application(sandbox, "12125550178") == route(sandbox, trunk_id)
    assert ask(sandbox, "GET", "/Number/442079460077/")["country"] == "UNITED KINGDOM"
    assert ask(sandbox, "GET", f"/Zentrunk/Trunk/{trunk_id}/")["object"] == sandbox.state()["plivo"]["trunks"][0]
    assert sandbox.control("GET", "secrets")["plivo"]["uri_passwords"] == {part: login}
    assert sandbox.log()[0]["vendor"] == "plivo"
    sandbox.control("POST", "seed", {"plivo": {"account": "other", "numbers": [{"phone_number": "+12125550179"}]}})
    assert_refused(sandbox.plivo("GET", "/Number/12125550179/"), 404)


# --- through the SDK ------------------------------------------------------------------------------------------------


@pytest.fixture
def client(sandbox, monkeypatch: pytest.MonkeyPatch) -> plivo.RestClient:
    return connect(sandbox, monkeypatch, sandbox.env["PLIVO_AUTH_TOKEN"])


def connect(sandbox, monkeypatch: pytest.MonkeyPatch, token: str) -> plivo.RestClient:
    """The SDK has no setting for its address: `base_uri` is overwritten before every request."""
    voice = ("API_VOICE_BASE_URI", "API_VOICE_BASE_URI_FALLBACK_1", "API_VOICE_BASE_URI_FALLBACK_2")
    for name in ("PLIVO_API_BASE_URI", *voice):
        monkeypatch.setattr(plivo.rest.client, name, f"{sandbox.env['PLIVO_BASE_URL']}/v1/Account")
    return plivo.RestClient(sandbox.env["PLIVO_AUTH_ID"], token)


def test_a_route_from_beginning_to_end(sandbox, client: plivo.RestClient) -> None:
    login = {"authentication_needed": True, "username": "xai-nyc", "password": PASSWORD}
    part = client.request("POST", ("Zentrunk", "URI"), {"name": "xtel/demo", "uri": XAI, **login})
    body = {"name": "xtel/demo", "trunk_direction": "inbound", "primary_uri_uuid": part.uri_uuid}
    made = client.request("POST", ("Zentrunk", "Trunk"), body)
    read = client.request("GET", ("Zentrunk", "Trunk", made.trunk_id))
    assert read.object.trunk_domain == f"{made.trunk_id}.zt.plivo.com"
    found = client.request("GET", ("Zentrunk", "Trunk"), {"limit": 20, "offset": 0})
    assert [each.name for each in found.objects] == ["xtel/demo"]
    assert client.numbers.update(NUMBER, app_id=made.trunk_id).message == "changed"
    assert client.numbers.get(NUMBER).application == route(sandbox, made.trunk_id)
    (listed,) = client.numbers.list(number_startswith=NUMBER)
    assert listed.number == NUMBER

    assert client.account.get().auth_id == sandbox.env["PLIVO_AUTH_ID"]
    client.numbers.update(NUMBER, app_id=DEFAULT)
    assert client.request("DELETE", ("Zentrunk", "Trunk", made.trunk_id)) is None
    client.request("DELETE", ("Zentrunk", "URI", part.uri_uuid))
    with pytest.raises(ResourceNotFoundError):
        client.request("DELETE", ("Zentrunk", "URI", part.uri_uuid))


def test_search_buy_and_release_through_the_sdk(sandbox, client: plivo.RestClient) -> None:
    offer = client.numbers.search("US", type="local", pattern="650", limit=1)["objects"][0]
    assert client.numbers.buy(offer.number, app_id=DEFAULT).status == "fulfilled"
    client.numbers.delete(offer.number)
    assert sandbox.state()["counters"] == {"purchases": 1, "releases": 1}


def test_what_the_sdk_leaves_out_and_adds(sandbox, client: plivo.RestClient) -> None:
    """None is dropped, so it reassigns; an empty application is sent, and refused; an application's update resets."""
    made = trunk(sandbox)
    client.numbers.update(NUMBER, app_id=made)
    client.numbers.update(NUMBER, alias="x")
    assert client.numbers.get(NUMBER).application == application(sandbox, OTHER)
    with pytest.raises(ValidationError):
        client.numbers.update(NUMBER, app_id="")
    client.applications.update(DEFAULT, answer_url="https://x.example")
    assert client.applications.get(DEFAULT).default_app is False
    created = client.applications.create("new", answer_url="https://x.example")
    assert [each.app_name for each in client.applications.list()] == ["new", "Default"]
    client.applications.delete(created.app_id)


def test_errors_as_the_sdk_shows_them(sandbox, client: plivo.RestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = connect(sandbox, monkeypatch, "wrong")
    with pytest.raises(AuthenticationError):
        wrong.request("GET", ("Number",))
    with pytest.raises(AttributeError, match="objects"):
        wrong.numbers.list()  # plivo 4.63.0 trips over its own list class whenever the error is JSON
    with pytest.raises(InvalidRequestError):
        client.request("POST", ("Zentrunk", "URI"), {"name": "a"})
    with pytest.raises(ValidationError, match="trunk_direction is required"):
        client.request("POST", ("Zentrunk", "Trunk"), {"name": "a"})
    sandbox.control("POST", "reset")
    sandbox.switch(plivo_rate=1)
    client.numbers.list()
    with pytest.raises(PlivoRestError, match="429"):
        client.numbers.list()
