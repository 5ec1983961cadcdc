"""Connections of other kinds, without HTTP: a number may belong to one of these, and then it is not free to take.

They are only there by seed. Telnyx has more kinds (IP, UAC, TeXML, fax); two are enough to be in somebody's way.
"""

from __future__ import annotations

from sandbox.exchange import JsonObject
from sandbox.shapes import Model, flag, record, text, url
from sandbox.store import Store
from sandbox.telnyx import fields
from sandbox.telnyx.account import VENDOR, missing, new_id, now

CREDENTIAL: Model = {
    "id": fields.ID,
    "connection_name": fields.COMMON["connection_name"],
    # "4-32 characters long and alphanumeric values only"; "must be 8 to 128 characters long".
    "user_name": text(4, 32, r"(?=.{0,4}[A-Za-z])[A-Za-z0-9]+", "expected 4 to 32 letters and digits"),
    "password": text(8, 128),
    "active": flag,
}
APPLICATION: Model = {
    "id": fields.ID,
    "application_name": text(1),
    "webhook_event_url": url,
    "active": flag,
}
CREDENTIAL_SEED = record(CREDENTIAL, ("connection_name", "user_name", "password"))
APPLICATION_SEED = record(APPLICATION, ("application_name",))
# As documented for credential connections, which have fewer fields and some other defaults than FQDN connections.
INBOUND = {
    **{name: value for name, value in fields.INBOUND_DEFAULTS.items() if value is not None and "sip_" not in name},
    "sip_compact_headers_enabled": True,
    "simultaneous_ringing": "disabled",
}
OUTBOUND = {
    **{name: fields.OUTBOUND_DEFAULTS[name] for name in ("ani_override_type", "call_parking_enabled", "localization")},
    "ani_override": "",
    "generate_ringback_tone": False,
    "instant_ringback_enabled": True,
    "t38_reinvite_source": "telnyx",
}


class Kinds:
    def __init__(self, store: Store, organization: str) -> None:
        self.credentials = store.shelf(VENDOR, organization, "credential_connections")
        self.applications = store.shelf(VENDOR, organization, "call_control_applications")
        self.passwords = store.shelf(VENDOR, organization, "passwords")

    def credential(self, id: str) -> JsonObject:
        connection = self.credentials.get(id)
        if connection is None:
            raise missing()
        return connection

    def application(self, id: str) -> JsonObject:
        application = self.applications.get(id)
        if application is None:
            raise missing()
        return application

    def add_credential(self, wanted: JsonObject) -> JsonObject:
        time, id = now(), wanted.pop("id", None) or new_id()
        login = {"user_name": wanted["user_name"], "password": wanted.pop("password")}
        connection: JsonObject = {
            "id": id,
            "record_type": "credential_connection",
            **fields.COMMON_DEFAULTS,
            **fields.parts({}, True, INBOUND, OUTBOUND),
            "sip_uri_calling_preference": "disabled",
            **wanted,
            "created_at": time,
            "updated_at": time,
        }
        self.passwords.put(id, login)
        self.credentials.put(id, connection)
        return connection

    def add_application(self, wanted: JsonObject) -> JsonObject:
        time, id = now(), wanted.pop("id", None) or new_id()
        application: JsonObject = {
            "id": id,
            "record_type": "call_control_application",
            "active": True,
            "anchorsite_override": "Latency",
            "call_cost_in_webhooks": False,
            "dtmf_type": "RFC 2833",
            "first_command_timeout": False,
            "first_command_timeout_secs": 30,
            "inbound": {"shaken_stir_enabled": False, "sip_subdomain_receive_settings": "from_anyone"},
            "outbound": {},
            "redact_dtmf_debug_logging": False,
            "tags": [],
            "webhook_api_version": "2",
            "webhook_event_failover_url": "",
            "webhook_timeout_secs": None,
            "webhook_event_url": "https://example.com/call-control",
            **wanted,
            "created_at": time,
            "updated_at": time,
        }
        self.applications.put(id, application)
        return application
