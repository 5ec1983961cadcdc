"""What is wrong at a vendor, one thing at a time, and where the call ends: hop and SIP status, as the documents have it.

What a configuration can show, `xtel trace --live` shows before the call: the same hop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.calling import wiring
from tests.calling.wiring import EVERYBODY, NUMBERS, PASSWORD, TWIML, Receiver
from tests.sandbox.conftest import Server
from xtel.proof.trace import live, tracing

TLS = ";transport=tls"
NO_CODEC = {"inbound": {"codecs": ["G729"]}}


def dial(inner: str) -> str:
    return f"<Response><Dial>{inner}</Dial></Response>"


@dataclass(frozen=True)
class Case:
    """``carrier`` and its arguments in ``tests.calling.wiring``; those of xAI's number; how the application behaves."""

    name: str
    carrier: str
    hop: str | None
    code: int | None
    wired: dict[str, Any] = field(default_factory=dict[str, Any])
    xai: dict[str, Any] | None = field(default_factory=dict[str, Any])
    receiver: dict[str, Any] = field(default_factory=dict[str, Any])
    call: dict[str, Any] = field(default_factory=dict[str, Any])
    switches: dict[str, Any] = field(default_factory=dict[str, Any])


def twilio_url(url: str) -> dict[str, Any]:
    return {"urls": [url]}


CASES = [
    # Nothing is wrong.
    Case("all right", "twilio", None, 200, xai={"allow": EVERYBODY}),
    Case("all right, SRTP", "twilio", None, 200, {"Secure": "true"}),
    Case("all right", "telnyx", None, 200, xai={"allow": ["192.76.120.10/32", "64.16.250.10/32"]}),
    Case("all right, SRTP", "telnyx", None, 200, {"encrypted_media": "SRTP"}),
    Case("all right, G.722", "telnyx", None, 200, {"inbound": {"codecs": ["G722"]}}),
    Case("all right, digest", "plivo", None, 200, {"username": "xai-nyc"}, {"digest": "xai-nyc"}),
    Case("all right, an agent", "plivo", None, 200, xai={"agent": True}),
    Case("all right", "vonage", None, 200, xai={"allow": ["216.147.0.0/21"]}),
    Case("all right, digest", "genesys", None, 200, {"username": "xai"}, {"digest": "xai"}),
    Case("all right", "genesys", None, 200, xai={"allow": ["203.0.113.32/29"]}),
    Case("all right, SRTP", "chime", None, 200, xai={"allow": ["3.80.16.0/23", "99.77.254.0/24"]}),
    Case("all right, another region", "chime", None, 200, {"region": "eu-central-1"}, {"allow": ["99.77.247.0/24"]}),
    Case("all right, SRTP", "connect", None, 200, xai={"allow": ["3.80.16.0/23", "99.77.254.0/24"]}),
    Case(
        *("all right, as pages write it", "connect", None, 200),
        {"spelling": ("ChimeConnector", "ThirdPartyConnectionTimeoutSeconds"), "context": "$.ContactId"},
    ),
    Case("all right", "webex", None, 200, xai={"allow": ["203.0.113.10/32"]}),
    # The number at its carrier.
    Case("nobody's number", "none", "number", None),
    Case("on nothing", "twilio", "attachment", None, {"attach": False}),
    Case("on nothing", "telnyx", "attachment", None, {"attach": False}),
    Case("on nothing", "vonage", "attachment", None, {"kind": ""}),
    Case("in no number plan", "genesys", "number", None, {"attach": False}),
    Case("another's classification", "genesys", "attachment", None, {"classification": "nobody takes this"}),
    Case("route is off", "genesys", "trunk", None, {"route": {"enabled": False}}),
    Case("route without a trunk", "genesys", "trunk", None, {"route": {"externalTrunkBases": []}}),
    Case("trunk is off", "genesys", "trunk", None, {"trunk_enabled": False}),
    Case("wrong host", "genesys", "dns", None, {"trunk_transport_serverProxyList": ["sip.voice.example.com:5061"]}),
    Case("no TLS", "genesys", "tls", None, {"trunk_transport_protocolVariant": "tcp"}),
    Case("wrong password", "genesys", "authentication", 401, {"username": "xai", "password": "x"}, {"digest": "xai"}),
    Case("source not in the allowlist", "genesys", "authentication", 403, xai={"allow": ["203.0.113.0/28"]}),
    Case("no plus", "genesys", "registration", 404, {"trunk_outboundIdentity_calledAddress_omitPlusPrefix": True}),
    Case("in no dial plan", "webex", "number", None, {"attach": False}),
    Case("gateway offline", "webex", "trunk", None, switches={"webex.gateways": "offline"}),
    Case("source not in the allowlist", "webex", "authentication", 403, xai={"allow": ["203.0.113.0/29"]}),
    Case("forwards calls", "vonage", "attachment", None, {"kind": "tel", "value": "14155550177"}),
    Case("wrong host", "vonage", "dns", None, {"value": f"sip:+14155550164@sip.voice.example.com{TLS}"}),
    Case("no TLS", "vonage", "tls", None, {"value": "sip:+14155550164@sip.voice.x.ai;transport=tcp"}),
    Case("no plus", "vonage", "registration", 404, {"value": f"sip:14155550164@sip.voice.x.ai{TLS}"}),
    Case("source not in the allowlist", "vonage", "authentication", 403, xai={"allow": ["203.0.113.0/28"]}),
    Case("digest where only an allowlist works", "vonage", "authentication", 401, xai={"digest": "xai"}),
    Case("on nothing", "chime", "attachment", None, {"attach": False}),
    Case("on no flow", "connect", "attachment", None, {"attach": False}),
    Case("a flow that hangs up", "connect", "trunk", None, {"start": "bye"}),
    Case("a flow in the archive", "connect", "trunk", None, {"state": "ARCHIVED"}),
    Case("a connector of no instance", "connect", "trunk", None, {"bound": False}),
    Case("a flow for another number", "connect", "registration", 404, {"to": "+14155550187"}),
    Case("wrong host", "connect", "dns", None, {"host": "sip.voice.example.com"}),
    Case("no TLS", "connect", "tls", None, {"secure": False}),
    Case("a transfer cannot log in", "connect", "authentication", 401, xai={"digest": "xai"}),
    Case("source not in the allowlist", "connect", "authentication", 403, xai={"allow": ["99.77.247.0/24"]}),
    Case("no rule", "zoom", "number", None, {"pattern": r"^\+1999$"}),
    Case("a user's number", "zoom", "attachment", None, {"assignee": "Ada"}),
    Case("to the PSTN", "zoom", "attachment", None, {"type": "pstn", "sip_group_id": ""}),
    Case("on an application", "plivo", "attachment", None, {"attach": False}),
    Case("on another trunk", "twilio", "trunk", None, {"attach": "other"}),
    Case("receives faxes", "twilio", "attachment", None, {"number": {"VoiceReceiveMode": "fax"}}),
    Case("rejects calls", "telnyx", "number", None, {"voice": {"inbound_call_screening": "reject_calls"}}),
    Case(
        *("forwards calls", "telnyx", "attachment", None),
        {"voice": {"call_forwarding": {"call_forwarding_enabled": True, "forwards_to": "+14155550177"}}},
    ),
    Case(
        *("a rewritten number", "telnyx", "registration", 404),
        {"voice": {"translated_number": "14155550177"}},
    ),
    # The carrier's own objects.
    Case("a trunk without URL", "twilio", "trunk", None, {"urls": []}),
    Case("no URL enabled", "twilio", "trunk", None, {"urls": [{"SipUrl": wiring.TARGET, "Enabled": "false"}]}),
    Case("connection inactive", "telnyx", "trunk", None, {"active": False}),
    Case("no channels", "telnyx", "trunk", None, {"inbound": {"channel_limit": 0}}),
    Case("no primary FQDN", "telnyx", "trunk", None, {"primary": False}),
    Case("trunk disabled", "plivo", "trunk", None, {"trunk_status": "disabled"}),
    Case("no origination", "chime", "trunk", None, {"routed": False}),
    Case("origination disabled", "chime", "trunk", None, {"disabled": True}),
    # The way: name, port, transport.
    Case("wrong host", "twilio", "dns", None, twilio_url("sip:sip.voice.example.com;transport=tls")),
    Case("wrong host", "telnyx", "dns", None, {"fqdns": [("sip.voice.example.com", 5061)]}),
    Case("wrong host", "plivo", "dns", None, {"uris": ["sip.voice.example.com;transport=tls"]}),
    Case("wrong port", "twilio", "tls", None, twilio_url("sip:sip.voice.x.ai:5060;transport=tls")),
    Case("wrong port", "telnyx", "tls", None, {"fqdns": [("sip.voice.x.ai", None)]}),
    Case(
        "5060 by switch", "telnyx", None, 200, {"fqdns": [("sip.voice.x.ai", 5060)]}, switches={"sip_port_5060": True}
    ),
    Case("wrong port", "plivo", "tls", None, {"uris": ["sip.voice.x.ai:5062;transport=tls"]}),
    Case("wrong host", "chime", "dns", None, {"host": "sip.voice.example.com"}),
    Case("wrong port", "chime", "tls", None, {"port": 5062}),
    Case("no TLS", "chime", "tls", None, {"secure": False}),
    Case("UDP", "chime", "tls", None, {"protocol": "UDP"}),
    Case("no TLS", "twilio", "tls", None, twilio_url("sip:sip.voice.x.ai")),
    Case("no TLS", "telnyx", "tls", None, {"transport_protocol": "TCP"}),
    Case("no TLS", "plivo", "tls", None, {"uris": ["sip.voice.x.ai;transport=tcp"]}),
    # The number at xAI.
    Case("not registered", "twilio", "registration", 404, xai={"number": "+14155550199"}),
    Case("wrong user part", "twilio", "registration", 404, twilio_url(f"sip:+14155550199@sip.voice.x.ai{TLS}")),
    Case("no plus", "twilio", "registration", 404, twilio_url(f"sip:14155550100@sip.voice.x.ai{TLS}")),
    Case("a name as user part", "twilio", "registration", 404, twilio_url(f"sip:support@sip.voice.x.ai{TLS}")),
    Case("no plus", "telnyx", "registration", 404, {"inbound": {"dnis_number_format": "e164"}}),
    Case("national", "telnyx", "registration", 404, {"inbound": {"dnis_number_format": "national"}}),
    Case("a name as user part", "telnyx", "registration", 404, {"inbound": {"dnis_number_format": "sip_username"}}),
    Case("wrong user part", "plivo", "registration", 404, {"uris": [f"sip:+12125550199@sip.voice.x.ai{TLS}"]}),
    # Who may call.
    Case("source not in the allowlist", "twilio", "authentication", 403, xai={"allow": ["203.0.113.0/28"]}),
    Case("source not in the allowlist", "telnyx", "authentication", 403, xai={"allow": ["185.246.41.140/31"]}),
    Case(
        *("another region", "telnyx", None, 200, {"inbound": {"sip_region": "Europe"}}),
        xai={"allow": ["185.246.41.140/31"]},
    ),
    Case("source not in the allowlist", "chime", "authentication", 403, xai={"allow": ["99.77.247.0/24"]}),
    Case("a connector cannot log in", "chime", "authentication", 401, xai={"digest": "xai"}),
    Case("source not in the allowlist", "plivo", "authentication", 403, xai={"allow": ["203.0.113.0/28"]}),
    Case("a trunk cannot log in", "twilio", "authentication", 401, xai={"digest": "xai"}),
    Case("no login", "plivo", "authentication", 401, xai={"digest": "xai-nyc"}),
    Case(
        *("wrong password", "plivo", "authentication", 401, {"username": "xai-nyc", "password": "wrongPassword1!"}),
        xai={"digest": "xai-nyc"},
    ),
    Case(
        *("wrong user name", "plivo", "authentication", 407, {"username": "somebody"}),
        xai={"digest": "xai-nyc"},
        switches={"sip_challenge": 407},
    ),
    # Sound.
    Case("no common codec", "telnyx", "media", 488, NO_CODEC),
    Case("SRTP required", "twilio", "media", 488, switches={"sip_encryption": "required"}),
    Case("SRTP refused", "twilio", "media", 488, {"Secure": "true"}, switches={"sip_encryption": "off"}),
    # Who answers.
    Case("webhook 500", "twilio", "webhook", 480, receiver={"status": 500}),
    Case("webhook redirects", "twilio", "webhook", 480, receiver={"status": 302}),
    Case("nobody joins", "twilio", "session", 480, receiver={"joins": False}),
    Case("a wrong key", "twilio", "session", 480, receiver={"key": "xai-wrong"}),
    Case("the agent is deleted", "twilio", "agent", 480, xai={"agent": "deleted"}),
    Case("nobody to answer", "twilio", "agent", 480, xai={"webhook": False}),
]
SPOKEN = [
    Case("all right", "twiml", None, 200, receiver={"twiml": dial(f"<Sip>sip:+14155550100@sip.voice.x.ai{TLS}</Sip>")}),
    Case(
        *("by an application", "twiml", None, 200, {"application": True}),
        receiver={"twiml": dial(f"<Sip>sip:+14155550100@sip.voice.x.ai{TLS};secure=true</Sip>")},
    ),
    Case(
        *("digest", "twiml", None, 200),
        xai={"digest": "u"},
        receiver={"twiml": dial(f'<Sip username="u" password="{PASSWORD}">sip:+14155550100@sip.voice.x.ai{TLS}</Sip>')},
    ),
    Case(
        *("wrong password", "twiml", "authentication", 401),
        xai={"digest": "u"},
        receiver={"twiml": dial(f'<Sip username="u" password="x">sip:+14155550100@sip.voice.x.ai{TLS}</Sip>')},
    ),
    Case("no Sip", "twiml", "attachment", None, receiver={"twiml": "<Response><Say>Hi</Say></Response>"}),
    Case("no XML", "twiml", "attachment", None, receiver={"twiml": "not found"}),
    Case("no URI", "twiml", "trunk", None, receiver={"twiml": dial("<Sip>nobody</Sip>")}),
    Case("nobody there", "twiml", "dns", None, {"VoiceUrl": "https://elsewhere.example.com/"}),
    Case(
        *("the fallback URL", "twiml", None, 200),
        {"VoiceUrl": "https://elsewhere.example.com/", "VoiceFallbackUrl": TWIML},
        receiver={"twiml": dial(f"<Sip>sip:+14155550100@sip.voice.x.ai{TLS}</Sip>")},
    ),
]


#: What no vendor shows: a call alone does. The trace says of the hop that it cannot tell.
BY_A_CALL = {
    "twilio: wrong port", "telnyx: wrong port",  # 5060 with TLS: xAI's documents disagree
    "plivo: wrong password", "twilio: SRTP required", "twilio: SRTP refused", "twilio: webhook 500",
    "twilio: webhook redirects", "twilio: nobody joins", "twilio: a wrong key", "twiml: wrong password", "twiml: no Sip",
    "genesys: wrong password", "genesys: source not in the allowlist",  # nobody published where its calls come from
    "webex: source not in the allowlist",  # the gateway is the customer's own
    "vonage: source not in the allowlist",  # nobody published where its calls come from
    "twiml: no XML", "twiml: no URI", "twiml: nobody there",
}  # fmt: skip


@pytest.mark.parametrize("case", [*CASES, *SPOKEN], ids=lambda case: f"{case.carrier}: {case.name}")
def test_a_call_ends_where_the_documents_say_and_a_trace_foresees_it(
    sandbox: Server, receiver: Receiver, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = NUMBERS.get("twilio" if case.carrier == "twiml" else case.carrier, "+19995550100")
    if case.carrier != "none":
        getattr(wiring, case.carrier)(sandbox, **case.wired)
    registered = {"number": number, **(case.xai or {})}
    wiring.xai(sandbox, registered.pop("number"), **registered)
    for name, value in case.receiver.items():
        setattr(receiver, name, value)
    switches = {name if "." in name else f"xai.{name}": value for name, value in case.switches.items()}
    sandbox.control("POST", "switches", switches)
    found = wiring.call(sandbox, number, seconds=0.1, **case.call)
    outcome = found["outcome"]
    assert (outcome["hop"], outcome["code"]) == (case.hop, case.code), found
    assert found["state"] == ("ended" if case.hop is None else "failed")
    assert bool(outcome["reason"]) == (case.hop is not None)
    foreseen(sandbox, number, case, monkeypatch)


def foreseen(sandbox: Server, number: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    (subject,) = live.read(
        [live.Known(number, number, resources=wiring.applied(sandbox, case.carrier))], lambda key: None
    )
    traced = tracing.traced(subject)
    hops = {each.hop: each for each in traced.hops}
    if f"{case.carrier}: {case.name}" in BY_A_CALL:
        assert case.hop is not None and traced.ends_at is None, traced
        assert hops[case.hop].verdict == "unknown", traced
        return
    assert traced.ends_at == case.hop, traced
    if case.hop is None:  # a call was answered: nothing was said to fail, and nothing more than was known
        assert traced.verdict == "unknown" and hops["media"].told_by == "call", traced
        return
    assert hops[case.hop].why and hops[case.hop].fix, traced
