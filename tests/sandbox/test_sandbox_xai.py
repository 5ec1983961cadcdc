"""xAI's phone numbers, as xAI's documents and the reports about the live service have them."""

from __future__ import annotations

import base64
import re
import uuid

import pytest

NUMBERS = "/v2/phone-numbers"
BYO = {"origin": "byo_trunk", "name": "Support", "phone_number": "+14155550100"}
HOOK = {"url": "https://voice.example.com/calls"}
ALLOW = {"allowed_addresses": ["54.172.60.0/30", "203.0.113.7"]}
DIGEST = {"auth_username": "xai", "auth_password": "s3cret"}


def create(sandbox, **more: object) -> dict:
    answer = sandbox.xai("POST", NUMBERS, {**BYO, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def patch(sandbox, id: str, paths: list[str], **values: object):
    return sandbox.xai("PATCH", f"{NUMBERS}/{id}", {"phone_number": values, "field_mask": {"paths": paths}})


# --- authentication -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(None, 401), ("Basic eA==", 401), ("Bearer", 401), ("Bearer xai-wrong", 400)],
)
def test_authentication(sandbox, authorization: str | None, status: int) -> None:
    answer = sandbox.http.get(NUMBERS, headers={"Authorization": authorization} if authorization else {})
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "error"}
    assert uuid.UUID(answer.headers["x-request-id"])


def test_api_key(sandbox) -> None:
    key = sandbox.xai("GET", "/v1/api-key").json()
    assert key["redacted_api_key"].startswith("xai-")
    assert sandbox.env["XAI_API_KEY"] not in str(key)
    other = sandbox.http.get("/v1/api-key", headers={"Authorization": f"Bearer {sandbox.other['XAI_API_KEY']}"}).json()
    assert other["team_id"] != key["team_id"]


def test_teams_see_only_their_own(sandbox) -> None:
    id = create(sandbox)["phone_number"]["phone_number_id"]
    other = {"Authorization": f"Bearer {sandbox.other['XAI_API_KEY']}"}
    assert sandbox.http.get(NUMBERS, headers=other).json() == {"phone_numbers": []}
    assert sandbox.http.get(f"{NUMBERS}/{id}", headers=other).status_code == 404
    assert sandbox.http.delete(f"{NUMBERS}/{id}", headers=other).status_code == 404
    assert sandbox.http.post(NUMBERS, headers=other, json=BYO).status_code == 200  # duplicates are per team


# --- creating -------------------------------------------------------------------------------------------------------


def test_create_answers_as_documented(sandbox) -> None:
    made = create(sandbox, webhook=HOOK, sip_auth=ALLOW)
    number, webhook = made["phone_number"], made["webhook"]
    assert number["phone_number_id"].startswith("phone_")
    assert uuid.UUID(number["team_id"])
    assert number["webhook_id"] == webhook["webhook_id"]
    assert (number["sip_host"], number["sip_auth"]) == ("sip.voice.x.ai", ALLOW)
    assert number["inbound_trunk_id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", number["created_at"])
    assert number["updated_at"] == number["created_at"]
    assert not {"agent_id", "agent_name", "webhook"} & set(number)
    kind, _, key = webhook["dispatch_signing_secret"].partition("_")
    assert (kind, len(base64.b64decode(key)) >= 24) == ("whsec", True)
    assert set(webhook) == {"webhook_id", "dispatch_signing_secret"}


def test_secrets_are_shown_once_and_never_again(sandbox) -> None:
    made = create(sandbox, webhook={**HOOK, "auth_token": "tok"}, sip_auth=DIGEST)
    assert "s3cret" not in str(made)
    secret = made["webhook"]["dispatch_signing_secret"]
    id = made["phone_number"]["phone_number_id"]
    later = sandbox.xai("GET", f"{NUMBERS}/{id}").text + sandbox.xai("GET", NUMBERS).text + str(sandbox.state())
    assert not any(each in later for each in (secret, "s3cret", '"tok"'))
    truth = sandbox.control("GET", "secrets")
    assert truth["signing_secrets"] == {"+14155550100": secret}
    assert truth["digest"] == {"+14155550100": {"username": "xai", "password": "s3cret"}}
    assert made["phone_number"]["sip_auth"] == {"allowed_addresses": [], "auth_username": "xai"}


def test_bare_number_is_taken(sandbox) -> None:
    made = create(sandbox)
    assert set(made) == {"phone_number"}
    assert "sip_auth" not in made["phone_number"]


def test_camel_case_is_taken_too(sandbox) -> None:
    body = {
        "origin": "byo_trunk",
        "name": "a",
        "phoneNumber": "+14155550100",
        "sipAuth": {"authUsername": "u", "authPassword": "p"},
        "webhook": {**HOOK, "authToken": "t"},
    }
    assert sandbox.xai("POST", NUMBERS, body).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"origin": None}, 422, "origin"),
        ({"origin": "pstn"}, 400, "origin"),
        ({"name": None}, 422, "name"),
        ({"name": " "}, 422, "name"),
        ({"name": 7}, 400, "name"),
        ({"colour": "red"}, 400, "colour"),
        ({"phoneNumber": "+14155550100"}, 400, "phone_number"),
        ({"phone_number": None}, 422, "phone_number"),
        ({"phone_number": "4155550100"}, 422, "phone_number"),
        ({"phone_number": "+1 415 555 0100"}, 422, "phone_number"),
        ({"phone_number": "+14155550100\n"}, 422, "phone_number"),
        ({"area_code": "415"}, 422, "area_code"),
        ({"agent_id": "agent_frontdesk0001", "webhook": HOOK}, 422, "mutually exclusive"),
        ({"agent_id": "agent_unknown"}, 422, "agent_unknown"),
        ({"sip_auth": {}}, 422, "sip_auth"),
        ({"sip_auth": {"allowed_addresses": []}}, 422, "sip_auth"),
        ({"sip_auth": {"realm": "x"}}, 400, "realm"),
        ({"sip_auth": {"auth_username": "u"}}, 422, "together"),
        ({"sip_auth": {"auth_password": "p"}}, 422, "together"),
        ({"sip_auth": {"auth_username": "", "auth_password": "p"}}, 422, "empty"),
        ({"sip_auth": {**DIGEST, **ALLOW}}, 422, "one SIP authentication method"),
        ({"sip_auth": {"allowed_addresses": "54.172.60.0/30"}}, 400, "allowed_addresses"),
        ({"sip_auth": {"allowed_addresses": ["54.172.60.1/30"]}}, 422, "54.172.60.1/30"),
        ({"sip_auth": {"allowed_addresses": ["sip.twilio.com"]}}, 422, "sip.twilio.com"),
        ({"sip_auth": {"allowed_addresses": ["2001:db8::/32"]}}, 422, "2001:db8::/32"),
        ({"sip_auth": {"allowed_addresses": ["10.0.0.0/255.0.0.0"]}}, 422, "10.0.0.0"),
        ({"webhook": {}}, 422, "webhook.url"),
        ({"webhook": {"url": "http://x.example"}}, 422, "https"),
        ({"webhook": {"url": "https://"}}, 422, "https"),
        ({"webhook": {**HOOK, "secret": "x"}}, 400, "secret"),
        ({"webhook": {**HOOK, "auth_url": "https://x.example"}}, 422, "auth_token"),
        ({"webhook": {**HOOK, "auth_url": "nowhere", "auth_token": "t"}}, 422, "auth_url"),
        ({"webhook": "https://x.example"}, 400, "webhook"),
        ({"origin": "xai_provisioned"}, 422, "phone_number"),
        ({"origin": "xai_provisioned", "phone_number": None, "sip_auth": ALLOW}, 422, "sip_auth"),
        ({"origin": "xai_provisioned", "phone_number": None, "area_code": "15"}, 422, "area_code"),
    ],
)
def test_create_keeps_every_rule(sandbox, change: dict[str, object], status: int, says: str) -> None:
    answer = sandbox.xai("POST", NUMBERS, {**BYO, **change})
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "error"}
    assert says in answer.json()["error"]
    assert len(sandbox.state()["xai"]["numbers"]) == 1


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"name": "a", "name": "b"}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"name=a", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/json; charset=utf-8", 422),
    ],
)
def test_bodies_that_are_no_message(sandbox, content: bytes, media: str, status: int) -> None:
    answer = sandbox.xai("POST", NUMBERS, content=content, headers={"content-type": media})
    assert answer.status_code == status


def test_a_second_registration_is_refused_until_the_first_is_gone(sandbox) -> None:
    id = create(sandbox)["phone_number"]["phone_number_id"]
    again = sandbox.xai("POST", NUMBERS, BYO)
    assert again.status_code == 409
    assert "already connected through Direct SIP." in again.json()["error"]
    assert sandbox.xai("DELETE", f"{NUMBERS}/{id}").status_code == 200
    assert create(sandbox)["phone_number"]["phone_number_id"] != id


def test_provisioning_is_refused_with_the_reported_body(sandbox) -> None:
    answer = sandbox.xai("POST", NUMBERS, {"origin": "xai_provisioned", "name": "a", "area_code": "212"})
    assert answer.status_code == 403
    assert answer.json() == {
        "code": "The caller does not have permission to execute the specified operation",
        "error": "Provisioning xAI phone numbers via the API is not supported. Use the console (Voice Agents) instead.",
    }


def test_provisioning_where_it_is_switched_on(sandbox) -> None:
    sandbox.switch(xai_provisioning=True)
    made = [
        sandbox.xai("POST", NUMBERS, {"origin": "xai_provisioned", "name": "a", **more}).json()["phone_number"]
        for more in ({"area_code": "212"}, {"area_code": "212"}, {})
    ]
    assert [number["phone_number"][:5] for number in made] == ["+1212", "+1212", "+1415"]
    assert len({number["phone_number"] for number in made}) == 3
    assert sandbox.state()["counters"] == {"purchases": 3, "releases": 0}
    sandbox.xai("DELETE", f"{NUMBERS}/{made[0]['phone_number_id']}")
    assert sandbox.state()["counters"] == {"purchases": 3, "releases": 1}


# --- reading, changing, deleting ------------------------------------------------------------------------------------


def test_read(sandbox) -> None:
    number = create(sandbox, webhook=HOOK)["phone_number"]
    assert sandbox.xai("GET", f"{NUMBERS}/{number['phone_number_id']}").json() == {"phone_number": number}
    listed = sandbox.xai("GET", NUMBERS).json()
    assert number in listed["phone_numbers"]
    assert set(listed) == {"phone_numbers"}
    assert sandbox.xai("GET", NUMBERS, params={"limit": 1}).status_code == 400
    assert sandbox.xai("GET", f"{NUMBERS}/phone_none").status_code == 404


def test_patch_changes_only_what_the_mask_names(sandbox) -> None:
    id = create(sandbox)["phone_number"]["phone_number_id"]
    answer = patch(sandbox, id, ["name"], name="New", agent_id="agent_frontdesk0001")
    assert answer.status_code == 200
    number = answer.json()["phone_number"]
    assert (number["name"], "agent_id" in number) == ("New", False)
    bound = patch(sandbox, id, ["agentId"], agentId="agent_frontdesk0001").json()["phone_number"]
    assert (bound["agent_id"], bound["agent_name"]) == ("agent_frontdesk0001", "Front desk agent")
    assert patch(sandbox, id, ["outbound_sms_enabled"], outbound_sms_enabled=True).json()["phone_number"][
        "outbound_sms_enabled"
    ]
    cleared = patch(sandbox, id, ["agent_id", "outbound_sms_enabled"]).json()["phone_number"]
    assert not {"agent_id", "agent_name", "outbound_sms_enabled"} & set(cleared)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"agent_id": "agent_frontdesk0001"}, 400),
        ({"phone_number": {"name": "x"}}, 400),
        ({"phone_number": {"name": "x"}, "field_mask": {"paths": []}}, 400),
        ({"phone_number": {"name": "x"}, "field_mask": "name"}, 400),
        ({"phone_number": {"name": "x"}, "field_mask": {"paths": ["sip_auth"]}}, 400),
        ({"phone_number": {"name": "x"}, "field_mask": {"paths": ["webhook"]}}, 400),
        ({"phone_number": {"webhook": HOOK}, "field_mask": {"paths": ["name"]}}, 400),
        ({"webhook": HOOK, "field_mask": {"paths": ["name"]}}, 400),
        ({"phone_number": {"sip_auth": ALLOW}, "field_mask": {"paths": ["name"]}}, 400),
        ({"phone_number": {"name": 1}, "field_mask": {"paths": ["name"]}}, 400),
        ({"phone_number": {}, "field_mask": {"paths": ["name"]}}, 422),
        ({"phone_number": {"agent_id": "agent_none"}, "field_mask": {"paths": ["agent_id"]}}, 422),
        ({"phone_number": {"webhook_id": "webhook_none"}, "field_mask": {"paths": ["webhook_id"]}}, 422),
        ({"team_id": "x", "phone_number": {"name": "x"}, "field_mask": {"paths": ["name"]}}, 403),
    ],
)
def test_patch_keeps_every_rule(sandbox, body: object, status: int) -> None:
    before = create(sandbox)["phone_number"]
    answer = sandbox.xai("PATCH", f"{NUMBERS}/{before['phone_number_id']}", body)
    assert answer.status_code == status, answer.text
    assert before in sandbox.state()["xai"]["numbers"]


def test_patch_names_the_team_and_the_object(sandbox) -> None:
    number = create(sandbox)["phone_number"]
    body = {"team_id": number["team_id"], "phone_number": {"name": "x"}, "field_mask": {"paths": ["name"]}}
    assert sandbox.xai("PATCH", f"{NUMBERS}/{number['phone_number_id']}", body).status_code == 200
    assert sandbox.xai("PATCH", f"{NUMBERS}/phone_none", body).status_code == 404


def test_from_webhook_to_agent_and_back(sandbox) -> None:
    made = create(sandbox, webhook=HOOK)
    id, webhook = made["phone_number"]["phone_number_id"], made["webhook"]
    agent = "agent_frontdesk0001"
    assert patch(sandbox, id, ["agent_id"], agent_id=agent).status_code == 422
    switched = patch(sandbox, id, ["agent_id", "webhook_id"], agent_id=agent).json()["phone_number"]
    assert ("webhook_id" in switched, switched["agent_id"]) == (False, agent)
    back = patch(sandbox, id, ["agent_id", "webhook_id"], webhook_id=webhook["webhook_id"])
    assert back.json()["phone_number"]["webhook_id"] == webhook["webhook_id"]
    secrets = sandbox.control("GET", "secrets")["signing_secrets"]
    assert secrets == {"+14155550100": webhook["dispatch_signing_secret"]}


def test_delete(sandbox) -> None:
    id = create(sandbox, webhook=HOOK, sip_auth=DIGEST)["phone_number"]["phone_number_id"]
    assert sandbox.xai("DELETE", f"{NUMBERS}/{id}").status_code == 200
    assert sandbox.xai("DELETE", f"{NUMBERS}/{id}").status_code == 404
    left = sandbox.control("GET", "secrets")
    assert (left["signing_secrets"], left["digest"]) == ({}, {})
    assert sandbox.state()["counters"]["releases"] == 0
    console = sandbox.state()["xai"]["numbers"][0]
    sandbox.xai("DELETE", f"{NUMBERS}/{console['phone_number_id']}")
    assert sandbox.state()["counters"]["releases"] == 1


# --- switches -------------------------------------------------------------------------------------------------------


def test_camel_case_answers(sandbox) -> None:
    sandbox.switch(xai_casing="camel")
    made = create(sandbox, webhook=HOOK, sip_auth=ALLOW)
    assert made["phoneNumber"]["sipAuth"] == {"allowedAddresses": ALLOW["allowed_addresses"]}
    assert made["webhook"]["dispatchSigningSecret"].startswith("whsec_")
    assert made["phoneNumber"]["origin"] == "byo_trunk"
    assert len(sandbox.xai("GET", NUMBERS).json()["phoneNumbers"]) == 2
    assert sandbox.state()["xai"]["numbers"][1]["phone_number"] == "+14155550100"


def test_bare_get(sandbox) -> None:
    sandbox.switch(xai_get="bare")
    id = create(sandbox)["phone_number"]["phone_number_id"]
    assert sandbox.xai("GET", f"{NUMBERS}/{id}").json()["phone_number_id"] == id


@pytest.mark.parametrize(
    ("switch", "method", "path", "status"),
    [
        ({"xai_patch": 405}, "PATCH", "/{id}", 405),
        ({"xai_patch": 501}, "PATCH", "/{id}", 501),
        ({"xai_list": "off"}, "GET", "", 404),
        ({"xai_get_by_id": 405}, "GET", "/{id}", 405),
        ({"xai_deleted": 204}, "DELETE", "/{id}", 204),
    ],
)
def test_calls_that_some_teams_lack(sandbox, switch: dict[str, object], method: str, path: str, status: int) -> None:
    id = create(sandbox)["phone_number"]["phone_number_id"]
    sandbox.switch(**switch)
    assert sandbox.xai(method, NUMBERS + path.format(id=id)).status_code == status


def test_other_switches(sandbox) -> None:
    sandbox.switch(xai_created=201)
    sandbox.switch(xai_sip_host="sip.other.x.ai")
    answer = sandbox.xai("POST", NUMBERS, BYO)
    assert (answer.status_code, answer.json()["phone_number"]["sip_host"]) == (201, "sip.other.x.ai")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", NUMBERS, 405),
        ("POST", f"{NUMBERS}/phone_1", 405),
        ("GET", "/v2/webhooks", 404),
        ("GET", f"{NUMBERS}/a/b", 404),
        ("GET", "/v1/realtime/calls", 403),
    ],
)
def test_paths_and_methods_that_do_not_exist(sandbox, method: str, path: str, status: int) -> None:
    answer = sandbox.xai(method, path)
    assert (answer.status_code, set(answer.json())) == (status, {"code", "error"})


# --- agents ---------------------------------------------------------------------------------------------------------

AGENT = {
    "name": "Sales",
    "instructions": "Greet.",
    "voice": {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300},
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"order_id": {}}}}}],
}


def test_agents(sandbox) -> None:
    agent = sandbox.xai("POST", "/v1/agents", AGENT).json()["agent"]
    id = agent["agent_id"]
    assert agent.items() >= AGENT.items()
    assert agent in sandbox.xai("GET", "/v1/agents").json()["agents"]
    number = create(sandbox, agent_id=id)["phone_number"]
    body = {"agent": {"name": "Buy"}, "field_mask": {"paths": ["name", "instructions"]}}
    changed = sandbox.xai("PATCH", f"/v1/agents/{id}", body).json()["agent"]
    assert (changed["name"], "instructions" in changed, changed["tools"]) == ("Buy", False, AGENT["tools"])
    fetched = sandbox.xai("GET", f"{NUMBERS}/{number['phone_number_id']}").json()["phone_number"]
    assert fetched["agent_name"] == "Buy"
    assert sandbox.xai("DELETE", f"/v1/agents/{id}").status_code == 409
    body = {"agent": {}, "field_mask": {"paths": ["name"]}, "phone_number_id": ""}
    assert sandbox.xai("PATCH", f"/v1/agents/{id}", body).json()["agent"]["name"] == "Buy"
    assert sandbox.xai("DELETE", f"/v1/agents/{id}").status_code == 200
    assert sandbox.xai("GET", f"/v1/agents/{id}").status_code == 404


def test_an_agent_takes_a_number(sandbox) -> None:
    number = create(sandbox)["phone_number"]
    body = {"agent": {}, "field_mask": {"paths": ["name"]}, "phone_number_id": number["phone_number_id"]}
    assert sandbox.xai("PATCH", "/v1/agents/agent_frontdesk0001", body).status_code == 200
    assert sandbox.state()["xai"]["numbers"][1]["agent_id"] == "agent_frontdesk0001"


def test_agents_in_camel_case_keep_the_customers_own_names(sandbox) -> None:
    sandbox.switch(xai_casing="camel")
    agent = sandbox.xai("POST", "/v1/agents", AGENT).json()["agent"]
    assert agent["voice"]["voiceId"] == "eve"
    assert agent["tools"] == AGENT["tools"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": None}, 422),
        ({"name": "n" * 256}, 422),
        ({"instructions": "i" * 256_001}, 422),
        ({"colour": "red"}, 400),
        ({"voice": {"vad_threshold": 1.5}}, 422),
        ({"voice": {"vad_silence_duration_ms": 10_001}}, 422),
        ({"voice": {"pitch": 1}}, 400),
        ({"tools": [{"type": "dance"}]}, 400),
        ({"tools": [{"type": "function"}]}, 422),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": "{}"}}]}, 400),
        ({"tools": [{"type": "web_search", "function": {"name": "f"}}]}, 400),
        ({"tools": [{"type": "mcp", "server_url": "https://mcp.example.com/mcp"}]}, 422),
        ({"tools": [{"type": "mcp", "server_label": "crm"}]}, 422),
        (
            {"tools": [{"type": "mcp", "server_url": "https://a.example", "server_label": "c", "headers": {"A": 1}}]},
            422,
        ),
        ({"tools": [{"type": "x_search", "allowed_x_handles": "xai"}]}, 400),
        ({"tools": [{"type": "web_search"}] * 201}, 422),
        ({"collection_ids": ["c"] * 11}, 422),
    ],
)
def test_agents_keep_every_rule(sandbox, change: dict[str, object], status: int) -> None:
    assert sandbox.xai("POST", "/v1/agents", {**AGENT, **change}).status_code == status


def test_what_an_mcp_server_is_called_with_is_shown_only_where_that_is_switched_on(sandbox) -> None:
    server = {"type": "mcp", "server_url": "https://mcp.example.com/mcp", "server_label": "crm"}
    tool = {**server, "authorization": "Bearer canary-1234", "headers": {"X-Key": "canary-5678"}}
    agent = sandbox.xai("POST", "/v1/agents", {**AGENT, "tools": [tool]}).json()["agent"]
    assert agent["tools"] == [server]
    assert "canary" not in sandbox.http.get("/_sandbox/state").text + sandbox.http.get("/_sandbox/log").text
    sandbox.switch(xai_tool_secrets="shown")
    assert sandbox.xai("GET", f"/v1/agents/{agent['agent_id']}").json()["agent"]["tools"] == [tool]


def test_agents_where_the_team_has_none(sandbox) -> None:
    sandbox.switch(xai_agents=False)
    for method, path in (("GET", "/v1/agents"), ("GET", "/v1/agents/agent_1"), ("GET", "/v1/tools")):
        answer = sandbox.xai(method, path)
        assert answer.status_code == 403
        assert answer.json()["error"] == "agents endpoint is not enabled for this team"
    assert sandbox.xai("GET", NUMBERS).status_code == 200
