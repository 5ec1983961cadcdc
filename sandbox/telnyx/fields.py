"""What a connection may hold, and what it holds when nothing was said.

Field by field as in Telnyx's OpenAPI file (team-telnyx/openapi, 2026-07-16); what only the newer SDK knows (telnyx
4.189.0) is marked. A field that may be null says so; one that may not and has no value is left out of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.shapes import Model, array, choice, flag, invalid, nullable, record, text, url, whole

CODECS = ("G722", "G711U", "G711A", "G729", "OPUS", "H.264")
STREAM_CODECS = ("OPUS", "H.264")  # "available only when using TCP or TLS transport for SIP"
ENGINES = {
    "denoiser": 0,
    "deep_filter_net": 80,
    "deep_filter_net_large": 80,
    "quail_voice_focus": 100,
    **dict.fromkeys(("krisp_viva_tel", "krisp_viva_tel_lite", "krisp_viva_promodel", "krisp_viva_ss"), 80),
}
SITES = (
    *("Latency", "Chicago, IL", "Ashburn, VA", "San Jose, CA", "Sydney, Australia", "Amsterdam, Netherlands"),
    *("London, UK", "Toronto, Canada", "Vancouver, Canada", "Frankfurt, Germany"),
)
ID = text(1, 19, r"\d+", "expected the ID of a resource")
UUID = text(36, 36, r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "expected a UUID")
SRTP = nullable(choice("SRTP"))
TAGS = array(text(1))
TIMEOUTS: Model = {"timeout_1xx_secs": whole(1, 120), "timeout_2xx_secs": whole(1, 600)}
ANI = choice("+E.164", "E.164", "+E.164-national", "E.164-national")
DNIS = choice("+e164", "e164", "national", "sip_username")


def _url_or_blank(value: Any, pointer: str) -> str:
    return "" if value == "" else url(value, pointer)


INBOUND: Model = {
    "ani_number_format": ANI,
    "dnis_number_format": DNIS,
    "codecs": array(choice(*CODECS), low=1, unique=True),
    "default_routing_method": nullable(choice("sequential", "round-robin")),
    **dict.fromkeys(("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id"), nullable(ID)),
    "channel_limit": nullable(whole(0)),
    **dict.fromkeys(("generate_ringback_tone", "isup_headers_enabled", "prack_enabled"), flag),
    **dict.fromkeys(("shaken_stir_enabled", "sip_compact_headers_enabled"), flag),
    "sip_region": nullable(choice("US", "Europe", "Australia"), "US"),  # "if null, the default region will be used"
    "sip_subdomain": nullable(text(1, 63, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", "expected a DNS label in lower case")),
    "sip_subdomain_receive_settings": choice("only_my_connections", "from_anyone"),
    **TIMEOUTS,
}
OUTBOUND: Model = {
    "ani_override": text(0, 16, r"(\+[1-9]\d{6,14})?", "expected an E.164 number"),
    "ani_override_type": choice("always", "normal", "emergency"),
    "call_parking_enabled": nullable(flag),
    "channel_limit": whole(0),
    "encrypted_media": SRTP,
    **dict.fromkeys(("generate_ringback_tone", "instant_ringback_enabled"), flag),
    "ip_authentication_method": choice("credential-authentication", "ip-authentication"),
    "ip_authentication_token": text(),
    "localization": text(0, 2, r"([A-Z]{2})?", "expected a 2-character country code"),
    "outbound_voice_profile_id": ID,
    "t38_reinvite_source": choice(
        *("telnyx", "customer", "disabled", "passthru", "caller-passthru", "callee-passthru")
    ),
    "tech_prefix": text(4, 4, r"\d{4}", "expected exactly 4 digits"),
    **TIMEOUTS,
}
COMMON: Model = {
    "active": flag,
    "anchorsite_override": choice(*SITES),
    "connection_name": text(1, says="expected a name"),
    **dict.fromkeys(("android_push_credential_id", "ios_push_credential_id"), nullable(UUID)),
    "bridge_generate_comfort_noise_on_cn": flag,  # SDK only: "null and non-boolean values are rejected"
    **dict.fromkeys(("call_cost_in_webhooks", "default_on_hold_comfort_noise_enabled"), flag),
    **dict.fromkeys(("encode_contact_header_enabled", "onnet_t38_passthrough_enabled"), flag),
    "dtmf_type": choice("RFC 2833", "Inband", "SIP INFO"),
    "encrypted_media": SRTP,
    "jitter_buffer": record(
        {
            "enable_jitter_buffer": flag,
            **dict.fromkeys(("jitterbuffer_msec_max", "jitterbuffer_msec_min"), whole(40, 400)),
        }
    ),
    "noise_suppression": choice("inbound", "outbound", "both", "disabled"),
    "noise_suppression_details": record(
        {"engine": choice(*ENGINES), "attenuation_limit": whole(0, 100, step=10)},
    ),
    "rtcp_settings": record(
        {
            "capture_enabled": flag,
            "port": choice("rtcp-mux", "rtp+1"),
            "report_frequency_secs": whole(5, 3000),
        }
    ),
    "tags": TAGS,
    "webhook_api_version": choice("1", "2"),
    "webhook_event_url": url,
    "webhook_event_failover_url": nullable(_url_or_blank),
    "webhook_timeout_secs": nullable(whole(0, 30)),
}
BOTH: Model = {
    **COMMON,
    "transport_protocol": choice("UDP", "TCP", "TLS"),
    "inbound": record(INBOUND),
    "outbound": record(OUTBOUND),
}
CREATE: Model = {**BOTH, "microsoft_teams_sbc": flag}
UPDATE: Model = {**BOTH, "conversation_persistence": flag}  # SDK only

INBOUND_DEFAULTS: Mapping[str, Any] = {
    "ani_number_format": "E.164-national",
    "dnis_number_format": "e164",  # without a plus
    "codecs": list(CODECS),
    "default_routing_method": "sequential",
    **dict.fromkeys(("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id")),
    "channel_limit": None,
    **dict.fromkeys(("generate_ringback_tone", "isup_headers_enabled", "prack_enabled", "shaken_stir_enabled"), False),
    "sip_compact_headers_enabled": True,
    "sip_region": "US",
    "sip_subdomain": None,
    "sip_subdomain_receive_settings": "from_anyone",
    "timeout_1xx_secs": 3,
    "timeout_2xx_secs": 90,
}
OUTBOUND_DEFAULTS: Mapping[str, Any] = {
    "ani_override_type": "always",
    "call_parking_enabled": False,
    "encrypted_media": None,
    **dict.fromkeys(("generate_ringback_tone", "instant_ringback_enabled"), False),
    "ip_authentication_method": "ip-authentication",
    "localization": "US",
    "t38_reinvite_source": "customer",
    "timeout_1xx_secs": 3,
    "timeout_2xx_secs": 90,
}
COMMON_DEFAULTS: Mapping[str, Any] = {
    "active": True,
    "anchorsite_override": "Latency",
    **dict.fromkeys(("android_push_credential_id", "ios_push_credential_id", "encrypted_media")),
    **dict.fromkeys(("bridge_generate_comfort_noise_on_cn", "call_cost_in_webhooks"), False),
    **dict.fromkeys(("encode_contact_header_enabled", "onnet_t38_passthrough_enabled"), False),
    "conversation_persistence": False,
    "default_on_hold_comfort_noise_enabled": True,
    "dtmf_type": "RFC 2833",
    "noise_suppression": "disabled",  # no default is documented; "the feature is off unless enabled" is said of others
    "tags": [],
    "webhook_api_version": "1",
    "webhook_event_failover_url": "",
    "webhook_timeout_secs": None,
}
FQDN_DEFAULTS: Mapping[str, Any] = {
    **COMMON_DEFAULTS,
    "transport_protocol": "UDP",
    "microsoft_teams_sbc": False,
    # In answers only: documented without a default and without a way to set them.
    **dict.fromkeys(("adjust_dtmf_timestamp", "call_cost_enabled", "ignore_dtmf_duration", "ignore_mark_bit"), False),
    **dict.fromkeys(("rtp_pass_codecs_on_stream_change", "send_normalized_timestamps"), False),
    "third_party_control_enabled": False,
}


def _noise(given: JsonObject) -> JsonObject:
    engine = given.get("engine", "denoiser")
    return {"engine": engine, "attenuation_limit": ENGINES[engine], **given}


def _jitter(given: JsonObject) -> JsonObject:
    made = {"enable_jitter_buffer": False, "jitterbuffer_msec_max": 200, "jitterbuffer_msec_min": 60, **given}
    if made["jitterbuffer_msec_min"] > made["jitterbuffer_msec_max"]:
        raise invalid("/jitter_buffer", "jitterbuffer_msec_min must not exceed jitterbuffer_msec_max")
    return made


def _over(defaults: Mapping[str, Any]) -> Callable[[JsonObject], JsonObject]:
    def make(given: JsonObject) -> JsonObject:
        return {**defaults, **given}

    return make


RTCP_DEFAULTS: Mapping[str, Any] = {"capture_enabled": False, "port": "rtp+1", "report_frequency_secs": 5}


def parts(values: JsonObject, new: bool, inbound: Mapping[str, Any], outbound: Mapping[str, Any]) -> JsonObject:
    """Objects inside a connection, each complete: what a request leaves out of one gets its default again.

    Unverified: how deep a PATCH merges. That it does not is the strict reading: a client that always sends the whole
    object is right either way, one that sends only what changed would lose the rest.
    """
    make: dict[str, Callable[[JsonObject], JsonObject]] = {
        "inbound": _over(inbound),
        "outbound": _over(outbound),
        "rtcp_settings": _over(RTCP_DEFAULTS),
        "noise_suppression_details": _noise,
        "jitter_buffer": _jitter,
    }
    return {name: made(values.get(name, {})) for name, made in make.items() if new or name in values}
