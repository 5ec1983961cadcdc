"""What a declared number becomes, without Pulumi."""

from __future__ import annotations

from providers.twilio import Route
from stacks.agent import Agent
from stacks.model import Network, Number, SecretRef
from stacks.network import wiring


def test_a_number_is_named_by_its_e164_and_labelled_by_its_key() -> None:
    wired = wiring("support", Number.model_validate({"number": "+14155550100", "route": Route()}))
    assert (wired.name, wired.xai["name"], wired.carrier) == ("+14155550100", "support", "twilio")
    assert str(wired.target) == "sip:+14155550100@sip.voice.x.ai;transport=tls"
    assert wired.xai["sip_auth"] == {"allow": ["twilio"]}
    assert [piece.kind for piece in wired.pieces] == ["Trunk", "OriginationUrl", "Attachment"]
    assert wired.answers == "nobody declared"


def test_open_is_only_ever_asked_for() -> None:
    assert "sip_auth" not in wiring("a", Number.model_validate({"number": "+14155550100", "auth": "open"})).xai


def test_a_digest_without_password_has_one_made() -> None:
    declared = {"number": "+14155550100", "auth": {"digest": {"username": "u"}}, "agent": "agent_1"}
    wired = wiring("a", Number.model_validate(declared))
    assert wired.password_made
    assert wired.answers == "agent agent_1"
    kept = {"number": "+14155550100", "auth": {"digest": {"username": "u", "password": {"secret": "pw"}}}}
    assert not wiring("a", Number.model_validate(kept)).password_made


def test_a_host_of_xais_moves_the_target() -> None:
    declared = {"number": "+14155550100", "route": Route(), "sip_host": "SIP.eu.voice.x.ai"}
    wired = wiring("a", Number.model_validate(declared))
    assert str(wired.target) == "sip:+14155550100@sip.eu.voice.x.ai;transport=tls"
    assert wired.pieces[1].inputs["sip_url"] == str(wired.target)


def test_a_number_without_e164_is_named_by_its_key() -> None:
    wired = wiring("nyc", Number.model_validate({"origin": "xai_provisioned", "area_code": 212, "agent": "agent_1"}))
    assert (wired.name, wired.xai["area_code"], wired.pieces) == ("nyc", "212", ())


def test_twiml_can_log_in_where_a_trunk_cannot() -> None:
    declared = {"number": "+14155550100", "route": Route(mode="twiml"), "auth": {"digest": {"username": "u"}}}
    wired = wiring("a", Number.model_validate(declared))
    assert wired.password_made
    assert [(piece.kind, piece.inputs["username"]) for piece in wired.pieces] == [("Twiml", "u")]
    assert wired.pieces[0].inputs["password"] == wired.xai["sip_auth"]["auth_password"]
    plain = wiring("a", Number.model_validate({"number": "+14155550100", "route": Route(mode="twiml")}))
    assert plain.xai["sip_auth"] == {"allow": ["twilio"]}
    assert "password" not in plain.pieces[0].inputs


def test_an_agent_answers_whichever_side_says_so() -> None:
    numbers = {"one": {"number": "+14155550100", "agent": "sales"}, "two": {"number": "+14155550101"}}
    webhook = {"webhook": {"url": "https://voice.example.com/calls"}}
    declared = {"version": 1, "defaults": webhook, "agents": {"sales": {"numbers": ["two"]}}, "numbers": numbers}
    merged = Network.model_validate(declared).merged()
    assert [(number.agent, number.webhook) for number in merged.values()] == [("sales", None)] * 2


def test_an_agent_is_named_by_its_key_and_refers_to_its_secrets() -> None:
    server = {"type": "mcp", "server_url": "https://mcp.example.com/mcp", "server_label": "crm"}
    secret = {"authorization": {"secret": "crmToken"}, "headers": {"X-Team": {"secret": "crmTeam"}}}
    agent = Agent.model_validate({"instructions": "Greet.\n", "tools": [{**server, **secret}], "numbers": ["one"]})
    assert agent.inputs("sales") == {
        "name": "sales",
        "instructions": "Greet.",
        "tools": [
            {
                **server,
                "authorization": SecretRef(secret="crmToken"),
                "headers": {"X-Team": SecretRef(secret="crmTeam")},
            }
        ],
    }
