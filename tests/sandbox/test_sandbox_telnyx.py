"""Telnyx on the wire and through its own SDK: authentication, strictness, shapes, rules.

Every successful answer is compared with the SDK's own models, strictly (the SDK itself takes anything), and with
Telnyx's OpenAPI file where a checkout has it beside it.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import jsonschema
import pytest
import telnyx

SPEC = Path(__file__).resolve().parents[3] / "shared" / "specs" / "telnyx_openapi_cut.json"
HOST = {"fqdn": "sip.voice.x.ai", "dns_record_type": "a", "port": 5061}
NONE = "1234567890123456789"  # the id of nothing

# --- what an answer may look like -----------------------------------------------------------------------------------

# Method and path, with the class of the SDK that reads the answer. A list names the class of its items.
ANSWERS: list[tuple[str, str, str]] = [
    ("GET", "/fqdn_connections", "fqdn_connection.FqdnConnection"),
    ("POST", "/fqdn_connections", "FqdnConnectionCreateResponse"),
    ("GET", "/fqdn_connections/{id}", "FqdnConnectionRetrieveResponse"),
    ("PATCH", "/fqdn_connections/{id}", "FqdnConnectionUpdateResponse"),
    ("DELETE", "/fqdn_connections/{id}", "FqdnConnectionDeleteResponse"),
    ("GET", "/fqdns", "fqdn.Fqdn"),
    ("POST", "/fqdns", "FqdnCreateResponse"),
    ("GET", "/fqdns/{id}", "FqdnRetrieveResponse"),
    ("PATCH", "/fqdns/{id}", "FqdnUpdateResponse"),
    ("DELETE", "/fqdns/{id}", "FqdnDeleteResponse"),
    ("GET", "/connections", "connection.Connection"),
    ("GET", "/connections/{id}", "ConnectionRetrieveResponse"),
    ("GET", "/credential_connections", "credential_connection.CredentialConnection"),
    ("GET", "/credential_connections/{id}", "CredentialConnectionRetrieveResponse"),
    ("GET", "/call_control_applications", "call_control_application.CallControlApplication"),
    ("GET", "/call_control_applications/{id}", "CallControlApplicationRetrieveResponse"),
    ("GET", "/outbound_voice_profiles", "outbound_voice_profile.OutboundVoiceProfile"),
    ("POST", "/outbound_voice_profiles", "OutboundVoiceProfileCreateResponse"),
    ("GET", "/outbound_voice_profiles/{id}", "OutboundVoiceProfileRetrieveResponse"),
    ("PATCH", "/outbound_voice_profiles/{id}", "OutboundVoiceProfileUpdateResponse"),
    ("DELETE", "/outbound_voice_profiles/{id}", "OutboundVoiceProfileDeleteResponse"),
    ("GET", "/phone_numbers", "numbers_phone_number_detailed.NumbersPhoneNumberDetailed"),
    ("GET", "/phone_numbers/{id}", "PhoneNumberRetrieveResponse"),
    ("PATCH", "/phone_numbers/{id}", "PhoneNumberUpdateResponse"),
    ("DELETE", "/phone_numbers/{id}", "PhoneNumberDeleteResponse"),
    ("GET", "/phone_numbers/{id}/voice", "phone_numbers.VoiceRetrieveResponse"),
    ("PATCH", "/phone_numbers/{id}/voice", "phone_numbers.VoiceUpdateResponse"),
    ("GET", "/available_phone_numbers", "AvailablePhoneNumberListResponse"),
    ("GET", "/number_orders", "number_order_list_response.NumberOrderListResponse"),
    ("POST", "/number_orders", "NumberOrderCreateResponse"),
    ("GET", "/number_orders/{number_order_id}", "NumberOrderRetrieveResponse"),
    ("GET", "/balance", "BalanceRetrieveResponse"),
    ("GET", "/organizations/users", "organizations.organization_user.OrganizationUser"),
]


@functools.cache
def openapi() -> dict[str, Any] | None:
    return json.loads(SPEC.read_text()) if SPEC.exists() else None


@functools.cache
def model(name: str) -> Any:
    module, _, kind = name.rpartition(".")
    return getattr(importlib.import_module("telnyx.types" + ("." + module if module else "")), kind)


def unlike(kind: Any, value: Any, where: str) -> list[str]:
    """How a JSON value differs from a type of the SDK: every field known, every type exact."""
    origin = get_origin(kind)
    if kind is Any or kind is object:
        return []
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        found = [unlike(each, value, where) for each in get_args(kind)]
        return min(found, key=len) if all(found) else []
    if kind is type(None) or value is None:
        return [] if (kind is type(None)) == (value is None) else [f"{where}: {value!r}"]
    if origin is Literal:
        return [] if value in get_args(kind) else [f"{where}: {value!r} is none of {get_args(kind)}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where}: no list"]
        return [each for n, item in enumerate(value) for each in unlike(get_args(kind)[0], item, f"{where}/{n}")]
    if kind is datetime:
        return [] if isinstance(value, str) and datetime.fromisoformat(value) else [f"{where}: no time"]
    if hasattr(kind, "model_fields"):
        return unlike_model(kind, value, where)
    return [] if type(value) is kind else [f"{where}: {value!r} is no {kind}"]


def unlike_model(kind: Any, value: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    known = {field.alias or name: field for name, field in kind.model_fields.items()}
    extra = [f"{where}/{name}: unknown to {kind.__name__}" for name in value if name not in known]
    absent = [f"{where}/{name}: missing" for name, field in known.items() if field.is_required() and name not in value]
    inner = [
        each
        for name, field in known.items()
        if name in value and not (value[name] is None and field.default is None)
        for each in unlike(field.annotation, value[name], f"{where}/{name}")
    ]
    return extra + absent + inner


def template(method: str, path: str) -> tuple[str, str]:
    """The entry of ANSWERS for a request, and the class in it."""
    for verb, pattern, name in ANSWERS:
        if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return pattern, name
    raise AssertionError(f"no answer is described for {method} {path}")


def check(method: str, path: str, status: int, document: Any) -> None:
    pattern, name = template(method, path)
    if isinstance(document["data"], list) and not name.startswith("Available"):
        assert set(document) == {"data", "meta"}
        assert set(document["meta"]) == {"page_number", "page_size", "total_pages", "total_results"}
        differences = [each for item in document["data"] for each in unlike(model(name), item, "/data")]
    else:
        differences = unlike(model(name), document, "")
    assert not differences
    validator = documented(method, pattern, str(status))
    if validator:
        assert [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(document)] == []


@functools.cache
def documented(method: str, pattern: str, status: str) -> jsonschema.Draft202012Validator | None:
    """The answer as the OpenAPI file has it. Without the file, or for what it leaves out, the SDK's models decide."""
    spec = openapi()
    if spec is None or pattern not in spec["paths"]:
        return None
    answer = spec["paths"][pattern][method.lower()]["responses"][status]
    if "$ref" in answer:
        answer = spec["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema = answer["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**schema, "components": spec["components"]})


def ask(sandbox, method: str, path: str, document: object = None, status: int = 200, **options: Any) -> Any:
    """A request that succeeds, with an answer in Telnyx's shape: its `data`, or all of it for a list."""
    answer = sandbox.telnyx(method, path, document, **options)
    assert answer.status_code == status, answer.text
    check(method, path, status, answer.json())
    data = answer.json()["data"]
    return data if isinstance(data, dict) else answer.json()


def test_the_comparison_itself_is_strict(sandbox) -> None:
    right = {"data": connection(sandbox)}
    check("POST", "/fqdn_connections", 201, right)
    for wrong in (
        {"colour": "red"},
        {"active": "true"},
        {"txt_ttl": "5"},
        {"tags": [1]},
        {"connection_name": None},
        {"transport_protocol": "SCTP"},
        {"inbound": {"sip_region": "Asia"}},
        {"inbound": {"timeout_1xx_secs": 3.5}},
    ):
        with pytest.raises(AssertionError):
            check("POST", "/fqdn_connections", 201, {"data": {**right["data"], **wrong}})
    with pytest.raises(AssertionError):
        check("POST", "/fqdn_connections", 201, {"data": {"id": NONE}})
    assert (openapi() is None) == (documented("POST", "/fqdn_connections", "201") is None)


def assert_refused(answer, status: int, code: str = "10015", pointer: str | None = None) -> None:
    """Telnyx's one error body."""
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert set(error) - {"source"} == {"code", "title", "detail", "meta"}
    assert all(isinstance(error[name], str) and error[name] for name in ("code", "title", "detail"))
    assert error["code"] == code, answer.text
    assert error["meta"] == {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"}
    if pointer is not None:
        assert error["source"] == {"pointer": pointer}, answer.text


def connection(sandbox, **more: Any) -> dict[str, Any]:
    return ask(sandbox, "POST", "/fqdn_connections", {"connection_name": "a name", **more}, 201)


def fqdn(sandbox, connection_id: str, **more: Any) -> dict[str, Any]:
    return ask(sandbox, "POST", "/fqdns", {**HOST, "connection_id": connection_id, **more}, 201)


def number(sandbox, digits: str = "13125550142") -> dict[str, Any]:
    (found,) = ask(sandbox, "GET", "/phone_numbers", params={"filter[phone_number]": digits})["data"]
    return found


# --- who asks -------------------------------------------------------------------------------------------------------


def test_credentials(sandbox) -> None:
    key, other = sandbox.env["TELNYX_API_KEY"], sandbox.other["TELNYX_API_KEY"]
    for path in ("/fqdn_connections", "/phone_numbers", "/balance"):
        assert sandbox.telnyx("GET", path).status_code == 200
        for header in ("", "Bearer", "Bearer x", f"Basic {key}", f"Bearer {key}x", f"Bearer {key[:-1]}"):
            assert_refused(sandbox.telnyx("GET", path, headers={"Authorization": header}), 401, "10009")
    assert_refused(sandbox.http.get("/v2/fqdns"), 401, "10009")
    assert key != other


def test_the_api_says_whose_key_it_is(sandbox) -> None:
    """Not documented but used all over: whoami. Documented: the owner among the users of the organisation."""
    mine, others = (sandbox.telnyx("GET", "/whoami", env=env).json()["data"] for env in (sandbox.env, sandbox.other))
    assert {"organization_id", "user_email"} <= set(mine)
    assert mine["organization_id"] != others["organization_id"]
    (owner,) = ask(sandbox, "GET", "/organizations/users")["data"]
    assert (owner["record_type"], owner["email"]) == ("organization_owner", mine["user_email"])
    assert owner["id"] != ask(sandbox, "GET", "/organizations/users", env=sandbox.other)["data"][0]["id"]
    assert ask(sandbox, "GET", "/balance")["currency"] == "USD"


def test_objects_of_another_organisation_do_not_exist(sandbox) -> None:
    made = connection(sandbox)
    host, own = fqdn(sandbox, made["id"]), number(sandbox)
    for path in (f"/fqdn_connections/{made['id']}", f"/fqdns/{host['id']}", f"/phone_numbers/{own['id']}"):
        assert_refused(sandbox.telnyx("GET", path, env=sandbox.other), 404, "10005", "/")
        assert_refused(sandbox.telnyx("DELETE", path, env=sandbox.other), 404, "10005")
    for path in ("/fqdn_connections", "/fqdns", "/phone_numbers", "/connections"):
        assert ask(sandbox, "GET", path, env=sandbox.other)["data"] == []
    assert_refused(
        sandbox.telnyx("POST", "/fqdns", {**HOST, "connection_id": made["id"]}, env=sandbox.other), 422, "10017"
    )


def test_every_answer_has_rate_headers_and_a_request_id(sandbox) -> None:
    answers = [sandbox.telnyx("GET", "/fqdns"), sandbox.telnyx("GET", "/fqdns/1"), sandbox.http.get("/v2/fqdns")]
    sandbox.fault("GET /v2/fqdns", "status", status=429)
    answers.append(sandbox.telnyx("GET", "/fqdns"))
    for answer in answers:
        assert answer.headers["x-ratelimit-limit"] == "2000, 2000;w=1"
        assert answer.headers["x-ratelimit-reset"] == "1"
        assert len(answer.headers["x-request-id"]) == 36
        assert "retry-after" not in answer.headers
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1999", "1999", "1999", "0"]
    assert_refused(answers[-1], 429, "10011")


@pytest.mark.parametrize(
    ("status", "code"), [(400, "10015"), (403, "10010"), (404, "10005"), (422, "10015"), (500, "10007"), (503, "10007")]
)
def test_staged_errors_have_the_shape_of_real_ones(sandbox, status: int, code: str) -> None:
    sandbox.fault("* /v2/**", "status", status=status)
    assert_refused(sandbox.telnyx("GET", "/fqdns"), status, code)
    assert sandbox.telnyx("GET", "/fqdns").status_code == 200, "one answer was staged"


# --- strictness -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/fqdns", 405, "10015"),
        ("POST", "/connections", 405, "10015"),
        ("DELETE", "/number_orders", 405, "10015"),
        ("GET", f"/fqdn_connections/{NONE}", 404, "10005"),
        ("PATCH", f"/fqdn_connections/{NONE}", 404, "10005"),
        ("DELETE", f"/fqdn_connections/{NONE}", 404, "10005"),
        ("GET", f"/fqdns/{NONE}", 404, "10005"),
        ("PATCH", f"/fqdns/{NONE}", 404, "10005"),
        ("DELETE", f"/fqdns/{NONE}", 404, "10005"),
        ("GET", f"/phone_numbers/{NONE}", 404, "10005"),
        ("PATCH", f"/phone_numbers/{NONE}", 404, "10005"),
        ("DELETE", f"/phone_numbers/{NONE}", 404, "10005"),
        ("GET", f"/phone_numbers/{NONE}/voice", 404, "10005"),
        ("GET", "/phone_numbers/+13125550142", 404, "10005"),
        ("GET", f"/connections/{NONE}", 404, "10005"),
        ("GET", f"/credential_connections/{NONE}", 404, "10005"),
        ("GET", f"/call_control_applications/{NONE}", 404, "10005"),
        ("GET", f"/outbound_voice_profiles/{NONE}", 404, "10005"),
        ("PATCH", f"/outbound_voice_profiles/{NONE}", 404, "10005"),
        ("DELETE", f"/outbound_voice_profiles/{NONE}", 404, "10005"),
        ("GET", f"/number_orders/{NONE}", 404, "10005"),
        ("GET", "/fqdns/1/more", 404, "10005"),
        ("GET", "/fqdns/", 404, "10005"),
    ],
)
def test_what_is_not_there(sandbox, method: str, path: str, status: int, code: str) -> None:
    before = sandbox.state()
    assert_refused(sandbox.telnyx(method, path), status, code)
    assert sandbox.state() == before


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"content": "{"}, 400, "10015"),
        ({"content": ""}, 400, "10015"),
        ({"content": '{"connection_name": "a", "connection_name": "b"}'}, 400, "10015"),
        ({"content": '{"connection_name": NaN}'}, 400, "10015"),
        ({"content": "[]"}, 422, "10015"),
        ({"content": "{}"}, 422, "10004"),
        ({"content": '{"connection_name": "a"}', "type": "text/plain"}, 415, "10014"),
        ({"content": "connection_name=a", "type": "application/x-www-form-urlencoded"}, 415, "10014"),
        ({"content": '{"connection_name": "a"}', "params": {"dry_run": "1"}}, 400, "10015"),
    ],
)
def test_requests_are_json(sandbox, options: dict[str, Any], status: int, code: str) -> None:
    headers = {"content-type": options.pop("type", "application/json")}
    assert_refused(sandbox.telnyx("POST", "/fqdn_connections", headers=headers, **options), status, code)
    assert sandbox.state()["telnyx"]["fqdn_connections"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"conection_name": "x"}, "/conection_name"),
        ({"connection_name": ""}, "/connection_name"),
        ({"connection_name": None}, "/connection_name"),
        ({"connection_name": 5}, "/connection_name"),
        ({"active": "true"}, "/active"),
        ({"active": 1}, "/active"),
        ({"anchorsite_override": "Berlin"}, "/anchorsite_override"),
        ({"transport_protocol": "tls"}, "/transport_protocol"),
        ({"transport_protocol": "SCTP"}, "/transport_protocol"),
        ({"encrypted_media": "SRTP"}, "/encrypted_media"),
        ({"encrypted_media": "SRTP", "transport_protocol": "TCP"}, "/encrypted_media"),
        ({"encrypted_media": "ZRTP", "transport_protocol": "TLS"}, "/encrypted_media"),
        ({"outbound": {"encrypted_media": "SRTP"}}, "/outbound/encrypted_media"),
        ({"dtmf_type": "rfc2833"}, "/dtmf_type"),
        ({"tags": "a"}, "/tags"),
        ({"tags": [1]}, "/tags/0"),
        ({"webhook_event_url": "example.com"}, "/webhook_event_url"),
        ({"webhook_event_url": None}, "/webhook_event_url"),
        ({"webhook_timeout_secs": 31}, "/webhook_timeout_secs"),
        ({"webhook_api_version": "3"}, "/webhook_api_version"),
        ({"noise_suppression": True}, "/noise_suppression"),
        ({"noise_suppression_details": {"engine": "krisp"}}, "/noise_suppression_details/engine"),
        ({"noise_suppression_details": {"attenuation_limit": 55}}, "/noise_suppression_details/attenuation_limit"),
        ({"jitter_buffer": {"jitterbuffer_msec_max": 401}}, "/jitter_buffer/jitterbuffer_msec_max"),
        ({"jitter_buffer": {"jitterbuffer_msec_min": 300}}, "/jitter_buffer"),
        ({"rtcp_settings": {"port": "rtp"}}, "/rtcp_settings/port"),
        ({"rtcp_settings": {"report_frequency_secs": 4}}, "/rtcp_settings/report_frequency_secs"),
        ({"bridge_generate_comfort_noise_on_cn": None}, "/bridge_generate_comfort_noise_on_cn"),
        ({"ios_push_credential_id": "x"}, "/ios_push_credential_id"),
        ({"id": NONE}, "/id"),
        ({"user_name": "me"}, "/user_name"),
        ({"inbound": []}, "/inbound"),
        ({"inbound": {"colour": "red"}}, "/inbound/colour"),
        ({"inbound": {"ani_number_format": "+e164"}}, "/inbound/ani_number_format"),
        ({"inbound": {"dnis_number_format": "+E.164"}}, "/inbound/dnis_number_format"),
        ({"inbound": {"dnis_number_format": None}}, "/inbound/dnis_number_format"),
        ({"inbound": {"codecs": []}}, "/inbound/codecs"),
        ({"inbound": {"codecs": ["PCMU"]}}, "/inbound/codecs/0"),
        ({"inbound": {"codecs": ["G711U", "G711U"]}}, "/inbound/codecs"),
        ({"inbound": {"codecs": ["OPUS"]}}, "/inbound/codecs"),
        ({"inbound": {"isup_headers_enabled": True}}, "/inbound/isup_headers_enabled"),
        ({"inbound": {"sip_region": "EU"}}, "/inbound/sip_region"),
        ({"inbound": {"sip_subdomain": "a.b"}}, "/inbound/sip_subdomain"),
        ({"inbound": {"sip_subdomain_receive_settings": "anyone"}}, "/inbound/sip_subdomain_receive_settings"),
        ({"inbound": {"timeout_1xx_secs": 0}}, "/inbound/timeout_1xx_secs"),
        ({"inbound": {"timeout_1xx_secs": 121}}, "/inbound/timeout_1xx_secs"),
        ({"inbound": {"timeout_2xx_secs": 601}}, "/inbound/timeout_2xx_secs"),
        ({"inbound": {"timeout_2xx_secs": "90"}}, "/inbound/timeout_2xx_secs"),
        ({"inbound": {"channel_limit": -1}}, "/inbound/channel_limit"),
        ({"inbound": {"default_routing_method": "random"}}, "/inbound/default_routing_method"),
        ({"inbound": {"default_primary_fqdn_id": ""}}, "/inbound/default_primary_fqdn_id"),
        ({"outbound": {"tech_prefix": "12"}}, "/outbound/tech_prefix"),
        ({"outbound": {"localization": "usa"}}, "/outbound/localization"),
        ({"outbound": {"ani_override": "415"}}, "/outbound/ani_override"),
        ({"outbound": {"channel_limit": None}}, "/outbound/channel_limit"),
        ({"outbound": {"t38_reinvite_source": "me"}}, "/outbound/t38_reinvite_source"),
        ({"outbound": {"ip_authentication_method": "none"}}, "/outbound/ip_authentication_method"),
    ],
)
def test_connection_fields_are_checked(sandbox, body: dict[str, Any], pointer: str) -> None:
    """In the request that creates and in the one that updates."""
    assert_refused(sandbox.telnyx("POST", "/fqdn_connections", {"connection_name": "a", **body}), 422, "10015", pointer)
    made = connection(sandbox)
    assert_refused(sandbox.telnyx("PATCH", f"/fqdn_connections/{made['id']}", body), 422, "10015", pointer)
    (kept,) = ask(sandbox, "GET", "/fqdn_connections")["data"]
    assert {**kept, "password": ""} == {**made, "password": ""}


# --- FQDN connections -----------------------------------------------------------------------------------------------

INBOUND = {
    "ani_number_format": "E.164-national",
    "dnis_number_format": "e164",
    "codecs": ["G722", "G711U", "G711A", "G729", "OPUS", "H.264"],
    "default_routing_method": "sequential",
    "default_primary_fqdn_id": None,
    "default_secondary_fqdn_id": None,
    "default_tertiary_fqdn_id": None,
    "channel_limit": None,
    "generate_ringback_tone": False,
    "isup_headers_enabled": False,
    "prack_enabled": False,
    "shaken_stir_enabled": False,
    "sip_compact_headers_enabled": True,
    "sip_region": "US",
    "sip_subdomain": None,
    "sip_subdomain_receive_settings": "from_anyone",
    "timeout_1xx_secs": 3,
    "timeout_2xx_secs": 90,
}


def test_a_connection_has_the_documented_defaults(sandbox) -> None:
    made = connection(sandbox)
    assert made["inbound"] == INBOUND
    assert made["outbound"] == {
        "ani_override_type": "always",
        "call_parking_enabled": False,
        "encrypted_media": None,
        "generate_ringback_tone": False,
        "instant_ringback_enabled": False,
        "localization": "US",
        "ip_authentication_method": "ip-authentication",
        "t38_reinvite_source": "customer",
        "timeout_1xx_secs": 3,
        "timeout_2xx_secs": 90,
    }
    assert made["rtcp_settings"] == {"capture_enabled": False, "port": "rtp+1", "report_frequency_secs": 5}
    flat = {
        "record_type": "fqdn_connection",
        "connection_name": "a name",
        "active": True,
        "tags": [],
        "transport_protocol": "UDP",
        "encrypted_media": None,
        "anchorsite_override": "Latency",
        "dtmf_type": "RFC 2833",
        "webhook_api_version": "1",
        "webhook_event_failover_url": "",
        "webhook_timeout_secs": None,
        "call_cost_in_webhooks": False,
        "microsoft_teams_sbc": False,
        "default_on_hold_comfort_noise_enabled": True,
        "encode_contact_header_enabled": False,
    }
    assert {name: made[name] for name in flat} == flat
    assert re.fullmatch(r"\d{19}", made["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["created_at"])


def test_a_password_is_shown_once(sandbox) -> None:
    made = connection(sandbox)
    path = f"/fqdn_connections/{made['id']}"
    assert len(made["password"]) > 8
    shown = [
        ask(sandbox, "GET", path),
        ask(sandbox, "PATCH", path, {"active": False}),
        *ask(sandbox, "GET", "/fqdn_connections")["data"],
        *sandbox.state()["telnyx"]["fqdn_connections"],
        ask(sandbox, "DELETE", path),
    ]
    assert {each["password"] for each in shown} == {"********"}
    kept = connection(sandbox)
    login = {"user_name": kept["user_name"], "password": kept["password"]}
    assert sandbox.control("GET", "secrets")["telnyx"]["connection_passwords"] == {kept["id"]: login}


def test_single_objects_take_no_parameters(sandbox) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        assert_refused(
            sandbox.telnyx(method, f"/fqdn_connections/{connection(sandbox)['id']}", params={"force": "1"}), 400
        )
    assert len(sandbox.state()["telnyx"]["fqdn_connections"]) == 3


def test_names_need_not_be_unique(sandbox) -> None:
    assert connection(sandbox)["id"] != connection(sandbox)["id"]
    assert len(ask(sandbox, "GET", "/fqdn_connections")["data"]) == 2


def test_an_update_keeps_what_it_does_not_name(sandbox) -> None:
    made = connection(sandbox, transport_protocol="TLS", encrypted_media="SRTP", tags=["a"])
    path = f"/fqdn_connections/{made['id']}"
    changed = ask(sandbox, "PATCH", path, {"connection_name": "b", "conversation_persistence": True})
    assert (changed["connection_name"], changed["conversation_persistence"]) == ("b", True)
    assert (changed["transport_protocol"], changed["encrypted_media"], changed["tags"]) == ("TLS", "SRTP", ["a"])
    assert_refused(sandbox.telnyx("PATCH", path, {"transport_protocol": "UDP"}), 422, "10015", "/encrypted_media")
    both = ask(sandbox, "PATCH", path, {"transport_protocol": "UDP", "encrypted_media": None})
    assert (both["transport_protocol"], both["encrypted_media"]) == ("UDP", None)
    assert_refused(sandbox.telnyx("PATCH", path, {"microsoft_teams_sbc": True}), 422, "10015", "/microsoft_teams_sbc")


@pytest.mark.parametrize(
    ("part", "first", "second", "lost"),
    [
        ("inbound", {"dnis_number_format": "+e164"}, {"sip_region": "Europe"}, INBOUND | {"sip_region": "Europe"}),
        ("rtcp_settings", {"port": "rtcp-mux"}, {"report_frequency_secs": 9}, {"port": "rtp+1"}),
        (
            "jitter_buffer",
            {"enable_jitter_buffer": True},
            {"jitterbuffer_msec_max": 90},
            {"enable_jitter_buffer": False},
        ),
        ("noise_suppression_details", {"engine": "quail_voice_focus"}, {}, {"engine": "denoiser"}),
        ("outbound", {"tech_prefix": "0123"}, {"localization": "GB"}, {"localization": "GB"}),
    ],
)
def test_an_update_replaces_inner_objects_whole(sandbox, part: str, first: Any, second: Any, lost: Any) -> None:
    made = connection(sandbox, **{part: first})
    assert {name: made[part][name] for name in first} == first
    changed = ask(sandbox, "PATCH", f"/fqdn_connections/{made['id']}", {part: second})
    assert {name: changed[part][name] for name in lost} == lost
    assert "tech_prefix" not in changed["outbound"]


def test_primary_fqdn(sandbox) -> None:
    made, foreign = connection(sandbox), connection(sandbox)
    host, other = fqdn(sandbox, made["id"]), fqdn(sandbox, foreign["id"])
    path = f"/fqdn_connections/{made['id']}"
    assert ask(sandbox, "GET", path)["inbound"]["default_primary_fqdn_id"] is None  # a lone one is not chosen by itself
    for name in ("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id"):
        for wrong in (other["id"], NONE):
            answer = sandbox.telnyx("PATCH", path, {"inbound": {name: wrong}})
            assert_refused(answer, 422, "10017", f"/inbound/{name}")
        created = {"connection_name": "c", "inbound": {name: host["id"]}}
        assert_refused(sandbox.telnyx("POST", "/fqdn_connections", created), 422, "10017", f"/inbound/{name}")
    chosen = ask(sandbox, "PATCH", path, {"inbound": {"default_primary_fqdn_id": host["id"]}})
    assert chosen["inbound"] == INBOUND | {"default_primary_fqdn_id": host["id"]}
    # Neither deleted nor moved away while calls are routed to it; an update of something else forgets it.
    assert_refused(sandbox.telnyx("DELETE", f"/fqdns/{host['id']}"), 422, "10015", "/")
    moved = sandbox.telnyx("PATCH", f"/fqdns/{host['id']}", {"connection_id": foreign["id"]})
    assert_refused(moved, 422, "10015", "/connection_id")
    forgotten = ask(sandbox, "PATCH", path, {"inbound": {"sip_region": None}})
    assert forgotten["inbound"] == INBOUND
    assert ask(sandbox, "DELETE", f"/fqdns/{host['id']}") == host


def test_deleting_a_connection(sandbox) -> None:
    made, own = connection(sandbox), number(sandbox)
    host, path = fqdn(sandbox, made["id"]), f"/fqdn_connections/{made['id']}"
    ask(sandbox, "PATCH", path, {"inbound": {"default_primary_fqdn_id": host["id"]}})
    ask(sandbox, "PATCH", f"/phone_numbers/{own['id']}", {"connection_id": made["id"]})
    assert_refused(sandbox.telnyx("DELETE", path), 422, "10015", "/")
    ask(sandbox, "PATCH", f"/phone_numbers/{own['id']}", {"connection_id": None})
    assert ask(sandbox, "DELETE", path)["id"] == made["id"]
    assert_refused(sandbox.telnyx("GET", path), 404, "10005")
    assert_refused(sandbox.telnyx("GET", f"/fqdns/{host['id']}"), 404, "10005")


def test_a_subdomain_belongs_to_one_connection(sandbox) -> None:
    made = connection(sandbox, inbound={"sip_subdomain": "xtel-demo"})
    body = {"connection_name": "b", "inbound": {"sip_subdomain": "xtel-demo"}}
    for env in (sandbox.env, sandbox.other):
        assert_refused(
            sandbox.telnyx("POST", "/fqdn_connections", body, env=env), 422, "10015", "/inbound/sip_subdomain"
        )
    same = ask(sandbox, "PATCH", f"/fqdn_connections/{made['id']}", {"inbound": body["inbound"]})
    assert same["inbound"]["sip_subdomain"] == "xtel-demo"


def test_lists_of_connections(sandbox) -> None:
    profile = ask(sandbox, "POST", "/outbound_voice_profiles", {"name": "pro"})
    names = ["xtel/demo/+1", "XTEL/demo/+2", "other"]
    made = [connection(sandbox, connection_name=name) for name in names]
    fqdn(sandbox, made[1]["id"])
    outbound = {"outbound": {"outbound_voice_profile_id": profile["id"]}}
    ask(sandbox, "PATCH", f"/fqdn_connections/{made[2]['id']}", outbound)

    def listed(**params: Any) -> list[str]:
        answers = [ask(sandbox, "GET", path, params=params)["data"] for path in ("/fqdn_connections", "/connections")]
        assert [each["id"] for each in answers[0]] == [each["id"] for each in answers[1]]
        return [each["connection_name"] for each in answers[0]]

    assert listed() == names[::-1]
    assert listed(sort="created_at") == names
    assert listed(sort="connection_name") == sorted(names)
    assert listed(**{"filter[connection_name][contains]": "xtel"}) == names[1::-1]
    assert listed(**{"filter[fqdn]": "sip.voice.x.ai"}) == [names[1]]
    assert listed(**{"filter[fqdn]": "SIP.voice.x.ai"}) == []
    assert listed(**{"filter[outbound_voice_profile_id]": profile["id"]}) == [names[2]]
    assert listed(**{"page[size]": "2", "page[number]": "2"}) == names[:1]
    assert listed(**{"page[number]": "9"}) == []
    meta = ask(sandbox, "GET", "/fqdn_connections", params={"page[size]": "2"})["meta"]
    assert meta == {"page_number": 1, "page_size": 2, "total_pages": 2, "total_results": 3}
    assert ask(sandbox, "GET", "/fqdns")["meta"]["page_size"] == 250


@pytest.mark.parametrize(
    "params",
    [
        {"filter[connection_name][contains]": "xt"},
        {"filter[connection_name]": "xtel"},
        {"filter[name]": "xtel"},
        {"connection_name": "xtel"},
        {"page[size]": "251"},
        {"page[size]": "0"},
        {"page[number]": "0"},
        {"page_size": "5"},
        {"sort": "id"},
    ],
)
def test_list_parameters_are_checked(sandbox, params: dict[str, str]) -> None:
    answer = sandbox.telnyx("GET", "/fqdn_connections", params=params)
    assert_refused(answer, 400, "10015")
    assert answer.json()["errors"][0]["source"] == {"parameter": next(iter(params))}


# --- FQDNs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "port"),
    [
        ({}, 5061),
        ({"port": 65535}, 65535),
        ({"port": None}, 5060),
        ({"port": ...}, 5060),
        ({"dns_record_type": "srv", "port": None}, None),
        ({"dns_record_type": "srv", "port": ...}, None),
    ],
)
def test_the_port_of_an_fqdn(sandbox, body: dict[str, Any], port: int | None) -> None:
    made = connection(sandbox)
    given = {name: value for name, value in {**HOST, **body}.items() if value is not ...}
    host = ask(sandbox, "POST", "/fqdns", {**given, "connection_id": made["id"]}, 201)
    assert (host.get("port"), host["record_type"], host["connection_id"]) == (port, "fqdn", made["id"])
    assert ask(sandbox, "GET", f"/fqdns/{host['id']}") == host
    assert ask(sandbox, "GET", "/fqdns", params={"filter[connection_id]": made["id"]})["data"] == [host]
    assert ask(sandbox, "GET", "/fqdns", params={"filter[port]": "1"})["data"] == []


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"fqdn": ...}, "10004", "/fqdn"),
        ({"dns_record_type": ...}, "10004", "/dns_record_type"),
        ({"connection_id": ...}, "10004", "/connection_id"),
        ({"connection_id": NONE}, "10017", "/connection_id"),
        ({"connection_id": 5}, "10015", "/connection_id"),
        ({"fqdn": "localhost"}, "10015", "/fqdn"),
        ({"fqdn": "sip.voice.x.ai:5061"}, "10015", "/fqdn"),
        ({"fqdn": "sip:sip.voice.x.ai"}, "10015", "/fqdn"),
        ({"fqdn": "192.0.2.1"}, "10015", "/fqdn"),
        ({"fqdn": ""}, "10015", "/fqdn"),
        ({"dns_record_type": "A"}, "10015", "/dns_record_type"),
        ({"dns_record_type": "aaaa"}, "10015", "/dns_record_type"),
        ({"dns_record_type": "srv"}, "10015", "/port"),
        ({"port": 0}, "10015", "/port"),
        ({"port": 65536}, "10015", "/port"),
        ({"port": "5061"}, "10015", "/port"),
        ({"transport": "tls"}, "10015", "/transport"),
    ],
)
def test_fqdn_fields_are_checked(sandbox, body: dict[str, Any], code: str, pointer: str) -> None:
    whole = {**HOST, "connection_id": connection(sandbox)["id"], **body}
    given = {name: value for name, value in whole.items() if value is not ...}
    assert_refused(sandbox.telnyx("POST", "/fqdns", given), 422, code, pointer)
    assert sandbox.state()["telnyx"]["fqdns"] == []


def test_changing_an_fqdn(sandbox) -> None:
    made, other = connection(sandbox), connection(sandbox)
    path = f"/fqdns/{fqdn(sandbox, made['id'])['id']}"
    assert ask(sandbox, "PATCH", path, {"port": 5070})["port"] == 5070
    assert_refused(sandbox.telnyx("PATCH", path, {"dns_record_type": "srv"}), 422, "10015", "/dns_record_type")
    assert "port" not in ask(sandbox, "PATCH", path, {"dns_record_type": "srv", "port": None})
    assert_refused(sandbox.telnyx("PATCH", path, {"port": 5061}), 422, "10015", "/port")
    assert ask(sandbox, "PATCH", path, {"dns_record_type": "a"})["port"] == 5060
    assert ask(sandbox, "PATCH", path, {"connection_id": other["id"]})["connection_id"] == other["id"]
    assert_refused(sandbox.telnyx("PATCH", path, {"connection_id": NONE}), 422, "10017", "/connection_id")


# --- phone numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["+14155550182", "+13125550142", "+442079460011"]),
        ({"filter[phone_number]": "13125550142"}, ["+13125550142"]),
        ({"filter[phone_number]": "5550"}, ["+14155550182", "+13125550142"]),
        ({"filter[phone_number]": "+13125550142"}, []),
        ({"filter[phone_number]": "312-555"}, []),
        ({"filter[phone_number]": "999"}, []),
        ({"filter[country_iso_alpha2]": "GB"}, ["+442079460011"]),
        ({"filter[country_iso_alpha2]": "GB,CA"}, ["+442079460011"]),
        ({"filter[status]": "purchase-pending"}, []),
        ({"filter[number_type][eq]": "toll_free"}, []),
        ({"filter[source]": "ported"}, []),
        ({"filter[tag]": "a"}, []),
        ({"filter[connection_id]": NONE}, []),
        ({"filter[voice.connection_name][contains]": "xtel"}, []),
        ({"sort": "phone_number", "page[size]": "1"}, ["+13125550142"]),
        (
            {"sort": "-phone_number", "handle_messaging_profile_error": "true"},
            [*("+442079460011", "+14155550182"), "+13125550142"],
        ),
        ({"page[size]": "2", "page[number]": "2"}, ["+442079460011"]),
    ],
)
def test_lists_of_numbers(sandbox, params: dict[str, str], found: list[str]) -> None:
    answer = ask(sandbox, "GET", "/phone_numbers", params=params)
    assert [each["phone_number"] for each in answer["data"]] == found


@pytest.mark.parametrize(
    "params",
    [
        {"filter[phone_number]": "13"},
        {"filter[number]": "13125550142"},
        {"phone_number": "1"},
        {"filter[status]": "on"},
    ],
)
def test_number_filters_are_checked(sandbox, params: dict[str, str]) -> None:
    assert_refused(sandbox.telnyx("GET", "/phone_numbers", params=params), 400, "10015")


def test_a_number_shows_its_connection(sandbox) -> None:
    made, own = connection(sandbox), number(sandbox)
    path = f"/phone_numbers/{own['id']}"
    assert (own["connection_id"], own["connection_name"], own["status"]) == (None, None, "active")
    changes = {"connection_id": made["id"], "tags": ["a"], "customer_reference": "ref", "external_pin": "1234"}
    changed = ask(sandbox, "PATCH", path, changes)
    assert {name: changed[name] for name in changes} == changes
    assert changed["connection_name"] == "a name"
    params = {"filter[voice.connection_name][eq]": "a name", "filter[tag]": "a", "filter[connection_id]": made["id"]}
    assert ask(sandbox, "GET", "/phone_numbers", params=params)["data"] == [changed]
    assert ask(sandbox, "GET", f"{path}/voice")["connection_id"] == made["id"]


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"connection_id": NONE}, "10017", "/connection_id"),
        ({"connection_id": "x"}, "10015", "/connection_id"),
        ({"connection_id": 5}, "10015", "/connection_id"),
        ({"phone_number": "+13125550143"}, "10015", "/phone_number"),
        ({"status": "deleted"}, "10015", "/status"),
        ({"deletion_lock_enabled": True}, "10015", "/deletion_lock_enabled"),
        ({"tags": None}, "10015", "/tags"),
        ({"customer_reference": None}, "10015", "/customer_reference"),
        ({"hd_voice_enabled": "yes"}, "10015", "/hd_voice_enabled"),
        ({"billing_group_id": "dc8e4d67-33a0-4cbb-af74-7b58f05bd494"}, "10017", "/billing_group_id"),
        ({"address_id": "1"}, "10017", "/address_id"),
    ],
)
def test_number_fields_are_checked(sandbox, body: dict[str, Any], code: str, pointer: str) -> None:
    own = number(sandbox)
    assert_refused(sandbox.telnyx("PATCH", f"/phone_numbers/{own['id']}", body), 422, code, pointer)
    assert number(sandbox) == own


@pytest.mark.parametrize(("switch", "works", "fails"), [("null", None, ""), ("empty", "", None)])
def test_one_value_unassigns_and_the_other_is_refused(sandbox, switch: str, works: Any, fails: Any) -> None:
    sandbox.switch(telnyx_unassign=switch)
    made, own = connection(sandbox), number(sandbox)
    path = f"/phone_numbers/{own['id']}"
    ask(sandbox, "PATCH", path, {"connection_id": made["id"]})
    assert_refused(sandbox.telnyx("PATCH", path, {"connection_id": fails}), 422, "10015", "/connection_id")
    assert number(sandbox)["connection_id"] == made["id"]
    assert ask(sandbox, "PATCH", path, {"connection_id": works})["connection_name"] is None
    assert "connection_id" not in ask(sandbox, "GET", f"{path}/voice")


def test_releasing_a_number(sandbox) -> None:
    locked = {"phone_number": "+13125550188", "deletion_lock_enabled": True}
    sandbox.control("POST", "seed", {"telnyx": {"numbers": [locked]}})
    answer = sandbox.telnyx("DELETE", f"/phone_numbers/{number(sandbox, '13125550188')['id']}")
    assert_refused(answer, 422, "10015", "/deletion_lock_enabled")
    assert sandbox.state()["counters"]["releases"] == 0
    path = f"/phone_numbers/{number(sandbox)['id']}"
    gone = ask(sandbox, "DELETE", path)
    assert (gone["status"], gone["phone_number"]) == ("deleted", "+13125550142")
    assert None not in gone.values()
    assert_refused(sandbox.telnyx("DELETE", path), 404, "10005")
    assert sandbox.state()["counters"] == {"purchases": 0, "releases": 1}


def test_voice_settings(sandbox) -> None:
    own = number(sandbox)
    path = f"/phone_numbers/{own['id']}/voice"
    before = ask(sandbox, "GET", path)
    assert (before["translated_number"], before["usage_payment_method"]) == ("", "pay-per-minute")
    assert before["call_forwarding"] == {"call_forwarding_enabled": True}
    forward = {"forwards_to": "+13035559123", "forwarding_type": "always"}
    changed = ask(sandbox, "PATCH", path, {"translated_number": "+13035559999", "call_forwarding": forward})
    assert changed == {
        **before,
        "translated_number": "+13035559999",
        "call_forwarding": {"call_forwarding_enabled": True, **forward},
    }
    off = ask(sandbox, "PATCH", path, {"call_forwarding": {"call_forwarding_enabled": False}})
    assert off["call_forwarding"] == {"call_forwarding_enabled": False}
    assert off["translated_number"] == "+13035559999"
    assert number(sandbox)["call_forwarding_enabled"] is False
    for body, pointer in (
        ({"connection_id": NONE}, "/connection_id"),
        ({"translated_number": "sip:a@b"}, "/translated_number"),
        ({"call_forwarding": {"forwards_to": "303"}}, "/call_forwarding/forwards_to"),
        ({"call_forwarding": {"forwarding_type": "never"}}, "/call_forwarding/forwarding_type"),
        ({"usage_payment_method": "free"}, "/usage_payment_method"),
    ):
        assert_refused(sandbox.telnyx("PATCH", path, body), 422, "10015", pointer)


def test_a_number_may_belong_to_another_kind_of_connection(sandbox) -> None:
    application, credential = "1000000000000000001", "1000000000000000002"
    login = {"user_name": "someone1", "password": "sup3r-secret"}
    sandbox.control(
        "POST",
        "seed",
        {
            "telnyx": {
                "call_control_applications": [{"id": application, "application_name": "IVR"}],
                "credential_connections": [{"id": credential, "connection_name": "PBX", **login}],
                "numbers": [{"phone_number": "+13125550188", "connection_id": application}],
            }
        },
    )
    taken = number(sandbox, "13125550188")
    assert (taken["connection_id"], taken["connection_name"]) == (application, "IVR")
    assert ask(sandbox, "GET", f"/call_control_applications/{application}")["application_name"] == "IVR"
    # The general endpoint knows connections only; an application's id leads nowhere there.
    assert_refused(sandbox.telnyx("GET", f"/connections/{application}"), 404, "10005")
    assert ask(sandbox, "GET", f"/connections/{credential}")["record_type"] == "credential_connection"
    assert ask(sandbox, "GET", f"/credential_connections/{credential}")["password"] == "********"
    made = connection(sandbox)
    assert ask(sandbox, "GET", f"/connections/{made['id']}")["record_type"] == "fqdn_connection"
    assert_refused(sandbox.telnyx("POST", "/fqdns", {**HOST, "connection_id": credential}), 422, "10017")
    kinds = [each["record_type"] for each in ask(sandbox, "GET", "/connections")["data"]]
    assert sorted(kinds) == ["credential_connection", "fqdn_connection"]
    for path in ("/credential_connections", "/call_control_applications"):
        assert len(ask(sandbox, "GET", path)["data"]) == 1
    moved = ask(sandbox, "PATCH", f"/phone_numbers/{taken['id']}", {"connection_id": credential})
    assert moved["connection_name"] == "PBX"
    assert sandbox.control("GET", "secrets")["telnyx"]["connection_passwords"][credential] == login
    assert "sup3r-secret" not in json.dumps([sandbox.state(), sandbox.log()])


# --- outbound voice profiles ----------------------------------------------------------------------------------------


def test_outbound_voice_profiles(sandbox) -> None:
    made = ask(sandbox, "POST", "/outbound_voice_profiles", {"name": "office"})
    path = f"/outbound_voice_profiles/{made['id']}"
    assert (made["whitelisted_destinations"], made["connections_count"], made["enabled"]) == (["US", "CA"], 0, True)
    more = {"whitelisted_destinations": ["GB"], "daily_spend_limit": "5.00", "daily_spend_limit_enabled": True}
    changed = ask(sandbox, "PATCH", path, {"name": "office", "max_destination_rate": 0.5, **more})
    assert {name: changed[name] for name in more} == more
    assert_refused(sandbox.telnyx("PATCH", path, more), 422, "10004", "/name")
    used = connection(sandbox, outbound={"outbound_voice_profile_id": made["id"]})
    assert ask(sandbox, "GET", path)["connections_count"] == 1
    assert ask(sandbox, "GET", f"/connections/{used['id']}")["outbound_voice_profile_id"] == made["id"]
    assert_refused(sandbox.telnyx("DELETE", path), 422, "10015", "/")
    ask(sandbox, "PATCH", f"/fqdn_connections/{used['id']}", {"outbound": {}})
    assert ask(sandbox, "DELETE", path)["id"] == made["id"]
    unknown = {"connection_name": "a", "outbound": {"outbound_voice_profile_id": made["id"]}}
    assert_refused(
        sandbox.telnyx("POST", "/fqdn_connections", unknown), 422, "10017", "/outbound/outbound_voice_profile_id"
    )


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "10004", "/name"),
        ({"name": "ab"}, "10015", "/name"),
        ({"name": "abc", "colour": "red"}, "10015", "/colour"),
        ({"name": "abc", "traffic_type": "short_duration"}, "10015", "/traffic_type"),
        ({"name": "abc", "service_plan": "us"}, "10015", "/service_plan"),
        ({"name": "abc", "whitelisted_destinations": ["usa"]}, "10015", "/whitelisted_destinations/0"),
        ({"name": "abc", "daily_spend_limit": 5}, "10015", "/daily_spend_limit"),
        ({"name": "abc", "max_destination_rate": "1"}, "10015", "/max_destination_rate"),
        ({"name": "abc", "concurrent_call_limit": -1}, "10015", "/concurrent_call_limit"),
        ({"name": "abc", "calling_window": {"start_time": "25:00"}}, "10015", "/calling_window/start_time"),
        ({"name": "abc", "billing_group_id": "dc8e4d67-33a0-4cbb-af74-7b58f05bd494"}, "10017", "/billing_group_id"),
    ],
)
def test_profile_fields_are_checked(sandbox, body: dict[str, Any], code: str, pointer: str) -> None:
    assert_refused(sandbox.telnyx("POST", "/outbound_voice_profiles", body), 422, code, pointer)


def test_lists_of_profiles(sandbox) -> None:
    for name in ("one-a", "two-a", "one-b"):
        ask(sandbox, "POST", "/outbound_voice_profiles", {"name": name})
    for params, found in (
        ({}, ["one-b", "two-a", "one-a"]),
        ({"sort": "-name"}, ["two-a", "one-b", "one-a"]),
        ({"filter[name][contains]": "one", "sort": "name"}, ["one-a", "one-b"]),
    ):
        answer = ask(sandbox, "GET", "/outbound_voice_profiles", params=params)
        assert [each["name"] for each in answer["data"]] == found


# --- buying ---------------------------------------------------------------------------------------------------------


def search(sandbox, **filters: str) -> list[str]:
    params = {f"filter[{name}]": value for name, value in filters.items()}
    answer = ask(sandbox, "GET", "/available_phone_numbers", params=params)
    assert answer["meta"] == answer["metadata"] == {"total_results": len(answer["data"]), "best_effort_results": 0}
    return [each["phone_number"] for each in answer["data"]]


@pytest.mark.parametrize(
    ("filters", "first"),
    [
        ({"limit": "2"}, "+14155552000"),
        ({"national_destination_code": "312", "limit": "1"}, "+13125552000"),
        ({"country_code": "GB", "limit": "1"}, "+441134960000"),
        ({"country_code": "CA", "features": "sms,voice", "limit": "1"}, "+14165552000"),
        ({"phone_number_type": "toll_free", "limit": "1"}, "+18005552000"),
        ({"phone_number][ends_with": "77", "limit": "1"}, "+14155552077"),
        ({"phone_number][contains": "5552999", "limit": "1"}, "+14155552999"),
        ({"national_destination_code": "415", "phone_number][starts_with": "55521", "limit": "1"}, "+14155552100"),
    ],
)
def test_search(sandbox, filters: dict[str, str], first: str) -> None:
    assert search(sandbox, **filters)[0] == first
    assert search(sandbox, phone_number_type="mobile") == search(sandbox, locality="Chicago") == []
    for wrong in ({"filter[country_code]": "XX"}, {"filter[features]": "fax,tea"}, {"filter[limit]": "0"}, {"q": "1"}):
        assert_refused(sandbox.telnyx("GET", "/available_phone_numbers", params=wrong), 400)


def test_an_order_takes_its_time(sandbox) -> None:
    sandbox.switch(telnyx_order_seconds=0.2)
    made = connection(sandbox)
    wanted = search(sandbox, limit="1")[0]
    body = {"phone_numbers": [{"phone_number": wanted}], "connection_id": made["id"], "customer_reference": "ref"}
    order = ask(sandbox, "POST", "/number_orders", body)
    assert (order["status"], order["phone_numbers"][0]["status"], order["phone_numbers_count"]) == ("pending",) * 2 + (
        1,
    )
    bought = number(sandbox, wanted[1:])
    assert (bought["status"], bought["activated_at"]) == ("purchase-pending", None)
    assert_refused(sandbox.telnyx("PATCH", f"/phone_numbers/{bought['id']}", {"tags": ["a"]}), 422, "10001")
    assert sandbox.state()["counters"] == {"purchases": 1, "releases": 0}
    assert search(sandbox, limit="1") != [wanted]
    end = time.monotonic() + 5
    while ask(sandbox, "GET", f"/number_orders/{order['id']}")["status"] == "pending" and time.monotonic() < end:
        time.sleep(0.02)
    assert ask(sandbox, "GET", f"/number_orders/{order['id']}")["phone_numbers"][0]["status"] == "success"
    owned = number(sandbox, wanted[1:])
    assert (owned["status"], owned["connection_id"], owned["customer_reference"]) == ("active", made["id"], "ref")
    (listed,) = ask(sandbox, "GET", "/number_orders", params={"filter[status]": "success"})["data"]
    assert listed["id"] == order["id"]
    assert ask(sandbox, "GET", "/number_orders", params={"filter[status]": "pending"})["data"] == []
    assert_refused(sandbox.telnyx("POST", "/number_orders", body), 422, "85001", "/phone_numbers")
    assert sandbox.state()["counters"]["purchases"] == 1


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "10015", "/phone_numbers"),
        ({"phone_numbers": []}, "10015", "/phone_numbers"),
        ({"phone_numbers": ["+14155552000"]}, "10015", "/phone_numbers/0"),
        ({"phone_numbers": [{}]}, "10004", "/phone_numbers/0/phone_number"),
        ({"phone_numbers": [{"phone_number": "14155552000"}]}, "10016", "/phone_numbers"),
        ({"phone_numbers": [{"phone_number": "+14155552000"}]}, "85000", "/phone_numbers"),
        ({"phone_numbers": [{"phone_number": "+13125550142"}]}, "85000", "/phone_numbers"),
        ({"phone_number": "+14155552000"}, "10015", "/phone_number"),
    ],
)
def test_orders_are_checked(sandbox, body: dict[str, Any], code: str, pointer: str) -> None:
    assert_refused(sandbox.telnyx("POST", "/number_orders", body), 422, code, pointer)
    assert sandbox.state()["counters"]["purchases"] == 0


def test_what_one_organisation_searched_another_cannot_order(sandbox) -> None:
    wanted = search(sandbox, limit="1")[0]
    body = {"phone_numbers": [{"phone_number": wanted}]}
    assert_refused(sandbox.telnyx("POST", "/number_orders", body, env=sandbox.other), 422, "85000")
    assert_refused(
        sandbox.telnyx("POST", "/number_orders", {**body, "connection_id": NONE}), 422, "10017", "/connection_id"
    )
    assert sandbox.state()["counters"]["purchases"] == 0


# --- seed and state -------------------------------------------------------------------------------------------------


def test_seed_of_a_whole_route(sandbox) -> None:
    connection_id, fqdn_id, profile_id = (f"100000000000000001{n}" for n in range(3))
    inbound = {"default_primary_fqdn_id": fqdn_id, "dnis_number_format": "+e164"}
    document = {
        "outbound_voice_profiles": [{"id": profile_id, "name": "old"}],
        "fqdn_connections": [
            {
                "id": connection_id,
                "connection_name": "somebody's",
                "inbound": inbound,
                "outbound": {"outbound_voice_profile_id": profile_id},
            }
        ],
        "fqdns": [{"id": fqdn_id, "connection_id": connection_id, **HOST}],
        "numbers": [
            {"phone_number": "+13125550188", "connection_id": connection_id},
            {"phone_number": "+13125550189", "status": "port-pending", "tags": ["a"]},
        ],
    }
    sandbox.control("POST", "seed", {"telnyx": document})
    shown = ask(sandbox, "GET", f"/fqdn_connections/{connection_id}")
    assert shown["inbound"] == INBOUND | inbound
    state = sandbox.state()["telnyx"]
    assert state["fqdn_connections"] == [shown]
    assert state["fqdns"] == [ask(sandbox, "GET", f"/fqdns/{fqdn_id}")]
    assert state["numbers"][3:] == [number(sandbox, "13125550188"), number(sandbox, "13125550189")]
    assert state["voice"][3] == ask(sandbox, "GET", f"/phone_numbers/{state['numbers'][3]['id']}/voice")
    assert state["outbound_voice_profiles"] == [ask(sandbox, "GET", f"/outbound_voice_profiles/{profile_id}")]
    assert sandbox.log()[0]["vendor"] == "telnyx"
    sandbox.control("POST", "seed", {"telnyx": {"account": "other", "numbers": [{"phone_number": "+13125550190"}]}})
    assert ask(sandbox, "GET", "/phone_numbers", params={"filter[phone_number]": "13125550190"})["data"] == []


# --- through the SDK ------------------------------------------------------------------------------------------------


@pytest.fixture
def client(sandbox) -> telnyx.Telnyx:
    return connect(sandbox.env["TELNYX_API_KEY"], sandbox.env["TELNYX_BASE_URL"])


def connect(key: str, url: str) -> telnyx.Telnyx:
    return telnyx.Telnyx(api_key=key, base_url=url, max_retries=0)


def test_a_route_from_beginning_to_end(sandbox, client: telnyx.Telnyx) -> None:
    (own,) = client.phone_numbers.list(filter={"phone_number": "13125550142"})
    made = client.fqdn_connections.create(
        connection_name="xtel/demo/dev/+13125550142",
        transport_protocol="TLS",
        encrypted_media="SRTP",
        bridge_generate_comfort_noise_on_cn=False,
        inbound={"ani_number_format": "+E.164", "dnis_number_format": "+e164", "codecs": ["G711U", "G711A"]},
    ).data
    assert made and made.id
    host = client.fqdns.create(connection_id=made.id, fqdn="sip.voice.x.ai", dns_record_type="a", port=5061).data
    assert host and host.id
    inbound = {"dnis_number_format": "+e164", "default_primary_fqdn_id": host.id}
    changed = client.fqdn_connections.update(made.id, inbound=inbound).data
    assert changed and changed.inbound and changed.inbound.default_primary_fqdn_id == host.id
    attached = client.phone_numbers.update(own.id, connection_id=made.id).data
    assert attached and attached.connection_name == "xtel/demo/dev/+13125550142"
    kind = client.connections.retrieve(made.id).data
    assert kind and kind.record_type == "fqdn_connection"
    found = client.fqdn_connections.list(filter={"connection_name": {"contains": "+13125550142"}, "fqdn": host.fqdn})
    assert [each.id for each in found] == [made.id]

    client.phone_numbers.update(own.id, connection_id=None)  # type: ignore[arg-type]
    client.fqdn_connections.update(made.id, inbound={"default_primary_fqdn_id": None})
    client.fqdns.delete(host.id)
    client.fqdn_connections.delete(made.id)
    with pytest.raises(telnyx.NotFoundError) as gone:
        client.fqdn_connections.delete(made.id)
    assert gone.value.body["errors"][0]["code"] == "10005"


def test_search_order_and_release_through_the_sdk(sandbox, client: telnyx.Telnyx) -> None:
    sandbox.switch(telnyx_order_seconds=0)
    offers = client.available_phone_numbers.list(
        filter={"country_code": "US", "national_destination_code": "512", "features": ["sms", "voice"], "limit": 3}
    ).data
    assert offers and offers[0].phone_number and offers[0].cost_information
    order = client.number_orders.create(phone_numbers=[{"phone_number": offers[0].phone_number}]).data
    assert order and order.id
    done = client.number_orders.retrieve(order.id).data
    assert done and done.status == "success"
    (own,) = client.phone_numbers.list(filter={"phone_number": offers[0].phone_number[1:]})
    client.phone_numbers.voice.update(own.id, translated_number="+15125550100", call_forwarding={"forwards_to": ""})
    profile = client.outbound_voice_profiles.create(name="office").data
    assert profile and profile.id
    client.outbound_voice_profiles.update(profile.id, name="office", whitelisted_destinations=["US"])
    client.outbound_voice_profiles.delete(profile.id)
    client.phone_numbers.delete(own.id)
    assert sandbox.state()["counters"] == {"purchases": 1, "releases": 1}


def test_the_sdk_follows_the_pages(sandbox, client: telnyx.Telnyx) -> None:
    connections = [{"connection_name": f"c{n}"} for n in range(7)]
    sandbox.control("POST", "seed", {"telnyx": {"fqdn_connections": connections}})
    names = [each.connection_name for each in client.fqdn_connections.list(page_size=3)]
    assert names == [f"c{n}" for n in range(7)][::-1]
    assert len(list(client.phone_numbers.list(page_size=1, filter={"country_iso_alpha2": ["US", "GB"]}))) == 3


def test_errors_as_the_sdk_shows_them(sandbox, client: telnyx.Telnyx) -> None:
    with pytest.raises(telnyx.AuthenticationError):
        connect("KEYwrong", sandbox.env["TELNYX_BASE_URL"]).balance.retrieve()
    with pytest.raises(telnyx.UnprocessableEntityError):
        client.fqdn_connections.create(connection_name="")
    with pytest.raises(telnyx.BadRequestError):
        client.phone_numbers.list(filter={"phone_number": "1"})
    sandbox.fault("GET /v2/fqdns", "status", status=429)
    with pytest.raises(telnyx.RateLimitError) as error:
        client.fqdns.list()
    assert error.value.response.headers["x-ratelimit-remaining"] == "0"
    sandbox.fault("POST /v2/fqdn_connections", "drop_after")
    with pytest.raises(telnyx.APIConnectionError):
        client.fqdn_connections.create(connection_name="lost")
    assert [each.connection_name for each in client.fqdn_connections.list()] == ["lost"]
