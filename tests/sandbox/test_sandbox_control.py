"""The control API: log, state, seed, reset, env, switches."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re

import httpx
import pytest


def digest(secret: str) -> str:
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()[:8]


def test_log_holds_every_request_as_it_came(sandbox) -> None:
    sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "a"})
    sandbox.twilio("GET", "~/IncomingPhoneNumbers.json", params={"PhoneNumber": "+1415*", "PageSize": "7"})
    sandbox.xai("GET", "/v2/phone-numbers/none")
    sandbox.control("GET", "health")
    first, second, third = sandbox.log()
    assert (first["vendor"], first["method"], first["path"], first["status"]) == ("twilio", "POST", "/v1/Trunks", 201)
    assert first["body"] == {"FriendlyName": "a"}
    assert first["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert second["query"] == {"PhoneNumber": "+1415*", "PageSize": "7"}
    assert (third["vendor"], third["status"], third["body"], third["fault"]) == ("xai", 404, None, None)
    assert [each["time"] for each in sandbox.log()] == sorted(each["time"] for each in sandbox.log())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", first["time"])
    sandbox.control("DELETE", "log")
    assert sandbox.log() == []


def test_repeated_form_fields_are_lists(sandbox) -> None:
    sandbox.twilio("POST", "/v1/Trunks", content="A=1&A=2&B=", headers={"content-type": FORM})
    assert sandbox.log()[0]["body"] == {"A": ["1", "2"], "B": ""}


FORM = "application/x-www-form-urlencoded"
SECRETS = ["pass-word-1", "tok-en-1", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "sup3r", "header-secret"]


def test_no_secret_is_readable_in_the_log(sandbox) -> None:
    """In headers, queries, forms, JSON at any depth, and bodies that are neither."""
    body = {
        "sip_auth": {"auth_username": "u", "auth_password": "pass-word-1"},
        "webhook": {"url": "https://x.example/whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "authToken": "tok-en-1"},
        "list": [{"Password": "sup3r"}, {"signingSecret": ["sup3r"]}],
    }
    sandbox.xai("POST", "/v2/phone-numbers", body)
    sandbox.xai("GET", "/v2/phone-numbers", params={"api_key": "sup3r", "auth-token": "tok-en-1"})
    sandbox.twilio("POST", "/v1/Trunks", {"Password": "pass-word-1", "FriendlyName": sandbox.env["TWILIO_AUTH_TOKEN"]})
    broken = {"content-type": "application/json"}
    sandbox.xai("POST", "/v2/phone-numbers", content='{"auth_password": "pass-word-1"', headers=broken)
    sandbox.xai("GET", f"/v2/phone-numbers/{sandbox.env['XAI_API_KEY']}", headers={"X-Api-Key": "header-secret"})

    sandbox.plivo("POST", "/Zentrunk/URI/", {"password": "sup3r", "name": sandbox.env["PLIVO_AUTH_TOKEN"]})
    sandbox.telnyx("POST", "/fqdns", {"list": [{"password": "sup3r"}], "fqdn": sandbox.env["TELNYX_API_KEY"]})

    text = json.dumps(sandbox.log())
    for secret in (sandbox.env["PLIVO_AUTH_TOKEN"], sandbox.env["TELNYX_API_KEY"]):
        assert secret not in text
    basic = base64.b64encode(
        f"{sandbox.env['TWILIO_ACCOUNT_SID']}:{sandbox.env['TWILIO_AUTH_TOKEN']}".encode()
    ).decode()
    for secret in (*SECRETS, sandbox.env["XAI_API_KEY"], sandbox.env["TWILIO_AUTH_TOKEN"], basic):
        assert secret not in text
    logged = sandbox.log()[0]
    assert logged["body"]["sip_auth"] == {"auth_username": "u", "auth_password": digest("pass-word-1")}
    assert logged["headers"]["authorization"] == digest(f"Bearer {sandbox.env['XAI_API_KEY']}")
    assert sandbox.log()[2]["body"]["Password"] == digest("pass-word-1")


def test_page_tokens_are_no_secrets(sandbox) -> None:
    sandbox.twilio("GET", "/v1/Trunks", params={"PageToken": "PA1"})
    assert sandbox.log()[0]["query"] == {"PageToken": "PA1"}


def test_default_state(sandbox) -> None:
    state = sandbox.state()
    assert [number["phone_number"] for number in state["twilio"]["numbers"]] == [
        "+14155550100",
        "+14155550101",
        "+12125550110",
        "+442079460022",
    ]
    assert {number["voice_url"] for number in state["twilio"]["numbers"]} == {"https://demo.twilio.com/welcome/voice/"}
    (console,) = state["xai"]["numbers"]
    assert console["origin"] == "xai_provisioned"
    assert (console["name"], console["agent_id"]) == ("Front desk", "agent_frontdesk0001")
    assert console["agent_name"]
    assert [number["phone_number"] for number in state["telnyx"]["numbers"]] == [
        "+442079460011",
        "+13125550142",
        "+14155550182",
    ]
    assert {(number["status"], number["connection_id"]) for number in state["telnyx"]["numbers"]} == {("active", None)}
    (default,) = state["plivo"]["applications"]
    assert (default["app_name"], default["default_app"]) == ("Default", True)
    assert [(number["number"], number["application"]) for number in state["plivo"]["numbers"]] == [
        ("12125550177", None),
        ("13035550164", default["resource_uri"]),
    ]
    assert state["counters"] == {"purchases": 0, "releases": 0}


def test_state_shows_objects_as_the_api_does(sandbox) -> None:
    trunk = sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "a"}).json()
    number = sandbox.owned("+14155550100")
    attached = sandbox.twilio("POST", f"/v1/Trunks/{trunk['sid']}/PhoneNumbers", {"PhoneNumberSid": number["sid"]})
    state = sandbox.state()["twilio"]
    assert state["trunks"] == [trunk]
    assert state["trunk_numbers"] == [attached.json()]
    assert state["recordings"] == [{"trunk_sid": trunk["sid"], "mode": "do-not-record", "trim": "do-not-trim"}]
    assert sandbox.twilio("GET", f"~/IncomingPhoneNumbers/{number['sid']}.json").json() in state["numbers"]


def test_seed_says_who_owns_what(sandbox) -> None:
    sandbox.control(
        "POST",
        "seed",
        {
            "twilio": {
                "trunks": [{"sid": "TK" + "a" * 32, "friendly_name": "old", "origination_urls": [URL]}],
                "numbers": [
                    {"phone_number": "+14155550177", "trunk_sid": "TK" + "a" * 32},
                    {"phone_number": "+14155550178", "voice_application_sid": "AP" + "b" * 32, "friendly_name": "n"},
                ],
            },
            "xai": {
                "numbers": [
                    {"phone_number": "+14155550177", "name": "Old", "created_at": "2026-01-02T03:04:05Z"},
                    {"phone_number": "+14155550178", "webhook": {"url": "https://x.example"}, "agent_id": None},
                    {"phone_number": "+14155550179", "agent_id": "agent_x1", "agent_name": "X"},
                ]
            },
        },
    )
    state = sandbox.state()
    assert state["twilio"]["trunk_numbers"][0]["phone_number"] == "+14155550177"
    assert state["twilio"]["origination_urls"][0]["sip_url"] == URL["sip_url"]
    assert sandbox.owned("+14155550178")["voice_application_sid"] == "AP" + "b" * 32
    assert state["twilio"]["applications"][0]["sid"] == "AP" + "b" * 32
    old, hooked, answered = state["xai"]["numbers"][1:]
    assert (old["created_at"], old["origin"]) == ("2026-01-02T03:04:05Z", "byo_trunk")
    assert sandbox.control("GET", "secrets")["signing_secrets"].keys() == {hooked["phone_number"]}
    assert answered["agent_name"] == "X"
    assert state["counters"] == {"purchases": 0, "releases": 0}


URL = {"weight": 1, "priority": 0, "enabled": True, "friendly_name": "u", "sip_url": "sip:a.example;transport=tls"}


def test_seed_can_give_numbers_to_the_other_account(sandbox) -> None:
    sandbox.control("POST", "seed", {"twilio": {"account": "other", "numbers": [{"phone_number": "+14155550188"}]}})
    refused = sandbox.twilio("POST", "~/IncomingPhoneNumbers.json", {"PhoneNumber": "+14155550188"})
    assert refused.json()["code"] == 21422


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "not a JSON object"),
        ({"acme": {}}, "unknown vendor acme"),
        ({"twilio": []}, "expected an object"),
        ({"twilio": {"numbers": {}}}, "expected a list of objects"),
        ({"twilio": {"account": "third"}}, "main or other"),
        ({"twilio": {"calls": []}}, "unknown collection calls"),
        ({"twilio": {"numbers": [{"phone_number": "415"}]}}, "not E.164"),
        ({"twilio": {"numbers": [{"phone_number": "+14155550100"}]}}, "owned already"),
        ({"twilio": {"numbers": [{"phone_number": "+14155550199", "voice_uri": ""}]}}, "Unknown parameter"),
        ({"xai": {"numbers": [{"phone_number": "+16505550123"}]}}, "registered already"),
        ({"xai": {"numbers": [{"phone_number": "+14155550199", "colour": "red"}]}}, "unknown field"),
        ({"xai": {"numbers": [{"phone_number": "+14155550199", "origin": "sky"}]}}, "origin"),
        ({"xai": {"agents": [{"name": "a"}]}}, "agent_id"),
        ({"telnyx": {"calls": []}}, "unknown collection calls"),
        ({"telnyx": {"numbers": [{"phone_number": "415"}]}}, "+E.164"),
        ({"telnyx": {"numbers": [{"phone_number": "+13125550142"}]}}, "owned already"),
        ({"telnyx": {"numbers": [{"phone_number": "+13125550143", "connection_id": "1"}]}}, "Connection not found"),
        ({"telnyx": {"fqdn_connections": [{"connection_name": "a", "colour": "red"}]}}, "unknown field"),
        ({"plivo": {"calls": []}}, "unknown collection calls"),
        ({"plivo": {"numbers": [{"phone_number": "415"}]}}, "not E.164"),
        ({"plivo": {"numbers": [{"phone_number": "+12125550177"}]}}, "owned already"),
        ({"plivo": {"numbers": [{"phone_number": "+12125550178", "app_id": "1"}]}}, "neither an application"),
        ({"plivo": {"trunks": [{"name": "a", "trunk_direction": "inbound"}]}}, "primary_uri_uuid"),
    ],
)
def test_a_bad_seed_is_refused_whole(sandbox, document: object, says: str) -> None:
    if isinstance(document, dict) and "twilio" in document and isinstance(document["twilio"], dict):
        document = {"xai": {"numbers": [{"phone_number": "+14155550198"}]}, **document}
    before = sandbox.state()
    answer = sandbox.http.post("/_sandbox/seed", json=document)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert sandbox.state() == before


def test_reset_may_begin_with_what_somebody_says(sandbox) -> None:
    """A whole network of one's own: nobody has a number of the default seed."""
    sandbox.control("POST", "reset", {"telnyx": {"numbers": [{"phone_number": "+14155550100"}]}})
    state = sandbox.control("GET", "state")
    held = {
        vendor: [each["phone_number"] for each in state[vendor]["numbers"]] for vendor in ("xai", "twilio", "telnyx")
    }
    assert held == {"xai": [], "twilio": [], "telnyx": ["+14155550100"]}
    refused = sandbox.http.post("/_sandbox/reset", json={"nobody": {}})
    assert refused.status_code == 400 and "nobody" in refused.json()["error"]


def test_reset_brings_back_the_beginning(sandbox) -> None:
    before = sandbox.state()
    sandbox.twilio("POST", "/v1/Trunks")
    sandbox.twilio("DELETE", f"~/IncomingPhoneNumbers/{sandbox.owned('+14155550100')['sid']}.json")
    sandbox.fault("GET /x", "status")
    sandbox.switch(xai_casing="camel")
    assert sandbox.state()["counters"]["releases"] == 1
    sandbox.control("POST", "reset")
    after = sandbox.state()
    assert [n["phone_number"] for n in after["twilio"]["numbers"]] == [
        n["phone_number"] for n in before["twilio"]["numbers"]
    ]
    assert (after["twilio"]["trunks"], after["counters"]) == ([], before["counters"])
    assert (sandbox.log(), sandbox.control("GET", "faults")) == ([], [])
    assert sandbox.control("GET", "switches")["xai.casing"] == "snake"


def test_env_has_the_vendors_formats(sandbox) -> None:
    env = sandbox.env
    assert re.fullmatch(r"AC[0-9a-f]{32}", env["TWILIO_ACCOUNT_SID"])
    assert re.fullmatch(r"[0-9a-f]{32}", env["TWILIO_AUTH_TOKEN"])
    assert re.fullmatch(r"xai-\w{80}", env["XAI_API_KEY"])
    origins = (
        "XAI_BASE_URL",
        "TWILIO_BASE_URL",
        "PLIVO_BASE_URL",
        "VONAGE_BASE_URL",
        "WEBEX_BASE_URL",
        "ZOOM_BASE_URL",
        "XTEL_SANDBOX_URL",
    )
    assert {env[name] for name in origins} == {sandbox.url}
    assert env["TELNYX_BASE_URL"] == f"{sandbox.url}/v2"
    assert env["GENESYSCLOUD_BASE_URL"] == f"{sandbox.url}/genesys"
    assert re.fullmatch(r"KEY[0-9A-F]{32}_\w+", env["TELNYX_API_KEY"])
    assert re.fullmatch(r"MA[A-Z0-9]{18}", env["PLIVO_AUTH_ID"])
    assert re.fullmatch(r"\w{40}", env["PLIVO_AUTH_TOKEN"])
    assert re.fullmatch(r"\w{8}", env["VONAGE_API_KEY"])
    assert re.fullmatch(r"\w{16}", env["VONAGE_API_SECRET"])
    assert set(env) == {
        *("XAI_API_KEY", "XAI_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
        *("TWILIO_BASE_URL", "XTEL_SANDBOX_URL", "TELNYX_API_KEY", "TELNYX_BASE_URL"),
        *("XTEL_SANDBOX_SIP", "XTEL_SANDBOX_CA"),
        *("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN", "PLIVO_BASE_URL"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_BASE_URL"),
        *("VONAGE_API_KEY", "VONAGE_API_SECRET", "VONAGE_BASE_URL"),
        *("WEBEX_CLIENT_ID", "WEBEX_CLIENT_SECRET", "WEBEX_REFRESH_TOKEN", "WEBEX_BASE_URL"),
        *("GENESYSCLOUD_REGION", "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET"),
        "GENESYSCLOUD_BASE_URL",
        *("ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET", "ZOOM_BASE_URL"),
    }
    keyed = sandbox.control("GET", "env?auth=apikey")
    assert re.fullmatch(r"SK[0-9a-f]{32}", keyed["TWILIO_API_KEY"])
    assert ("TWILIO_AUTH_TOKEN" in keyed, bool(keyed["TWILIO_API_SECRET"])) == (False, True)
    own = {
        value for name, value in env.items() if not name.endswith(("_URL", "_REGION")) and not name.startswith("XTEL_")
    }
    assert len(own) == 18
    assert not {*sandbox.other.values()} & own
    assert sandbox.http.get("/_sandbox/env?account=third").status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"xai.colour": "red"},
        {"xai.casing": "pascal"},
        {"xai.patch": "off"},
        {"xai.provisioning": 1},
        {"latency": -1},
        {"latency": True},
        {"xai.sip_host": ""},
        {"telnyx.unassign": None},
        {"telnyx.order_seconds": -0.1},
        {"plivo.rate": "off"},
        {"xai.casing": "camel", "nonsense": 1},
    ],
)
def test_a_wrong_switch_changes_nothing(sandbox, wrong: dict[str, object]) -> None:
    before = sandbox.control("GET", "switches")
    assert sandbox.http.post("/_sandbox/switches", json=wrong).status_code == 400
    assert sandbox.control("GET", "switches") == before


def test_latency_slows_every_vendor_but_not_the_controls(sandbox) -> None:
    sandbox.control("POST", "switches", {"latency": 0.1})
    assert sandbox.twilio("GET", "/v1/Trunks").elapsed.total_seconds() >= 0.1
    assert sandbox.xai("GET", "/v1/api-key").elapsed.total_seconds() >= 0.1
    assert sandbox.http.get("/_sandbox/health").elapsed.total_seconds() < 0.1


def test_bodies_that_are_not_json_are_said_to_be(sandbox) -> None:
    for path in ("faults", "switches", "seed"):
        answer = sandbox.http.post(f"/_sandbox/{path}", content="{")
        assert (answer.status_code, "not JSON" in answer.json()["error"]) == (400, True)


def test_signs_a_delivery_with_the_secret_of_right_now(sandbox) -> None:
    webhook = {"url": "https://voice.example.com/calls"}
    number = {"name": "a", "origin": "byo_trunk", "phone_number": "+14155550199", "webhook": webhook}
    made = sandbox.xai("POST", "/v2/phone-numbers", number).json()
    signed = sandbox.control("POST", "sign", {"phone_number": "+14155550199"})
    headers, key = (
        signed["headers"],
        base64.b64decode(made["webhook"]["dispatch_signing_secret"].removeprefix("whsec_")),
    )
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{signed['body']}".encode()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(hmac.digest(key, text, 'sha256')).decode()}"
    event = json.loads(signed["body"])
    assert (event["object"], event["type"]) == ("event", "realtime.call.incoming")
    assert event["data"].keys() == {"call_id", "sip_headers", "metadata"}


@pytest.mark.parametrize("document", [{}, {"phone_number": "+14155550198"}])
def test_signs_nothing_for_a_number_without_a_webhook(sandbox, document: dict[str, str]) -> None:
    answer = sandbox.http.post("/_sandbox/sign", json=document)
    assert (answer.status_code, "has no webhook" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ({"host": "evil.example"}, "Host"),
        ({"host": "evil.example:{port}"}, "Host"),
        ({"host": "127.0.0.1.evil.example:{port}"}, "Host"),
        ({"host": "127.0.0.1"}, "Host"),
        ({"host": "127.0.0.1:1"}, "Host"),
        ({"origin": "https://evil.example"}, "Origin"),
        ({"origin": "null"}, "Origin"),
        ({"origin": "http://127.0.0.1:1"}, "Origin"),
        ({"origin": "https://127.0.0.1:{port}"}, "Origin"),
        ({"sec-fetch-site": "cross-site"}, "Sec-Fetch-Site"),
        ({"sec-fetch-site": "same-site"}, "Sec-Fetch-Site"),
    ],
)
@pytest.mark.parametrize("path", ["/_sandbox/secrets", "/_sandbox/health", "/v1/Trunks", "/v2/phone-numbers"])
def test_no_page_in_a_browser_is_heard(sandbox, headers: dict[str, str], names: str, path: str) -> None:
    port = httpx.URL(sandbox.url).port
    sent = {name: value.format(port=port) for name, value in headers.items()}
    answer = sandbox.http.get(path, headers=sent)
    assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (403, names)
    assert "access-control-allow-origin" not in answer.headers
    assert sandbox.http.post("/_sandbox/reset", headers=sent).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_its_own_names_are_heard(sandbox, host: str) -> None:
    own = f"{host}:{httpx.URL(sandbox.url).port}"
    headers = {"host": own, "origin": f"http://{own}", "sec-fetch-site": "same-origin"}
    assert sandbox.http.get("/_sandbox/health", headers=headers).json() == {"ok": True}
