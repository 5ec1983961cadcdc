"""Objects as each of the two APIs shows them."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from sandbox.exchange import JsonObject
from sandbox.twilio.account import API_VERSION


def _rfc2822(time: str) -> str:
    """Thu, 30 Jul 2015 23:19:04 +0000: dates of the 2010 API. The v1 APIs keep ISO 8601."""
    return format_datetime(datetime.fromisoformat(time))


def trunk(thing: JsonObject, origin: str) -> JsonObject:
    url = f"{origin}/v1/Trunks/{thing['sid']}"
    parts = {
        "origination_urls": "OriginationUrls",
        "credential_lists": "CredentialLists",
        "ip_access_control_lists": "IpAccessControlLists",
        "phone_numbers": "PhoneNumbers",
    }
    return {**thing, "url": url, "links": {name: f"{url}/{part}" for name, part in parts.items()}}


def origination(url: JsonObject, origin: str) -> JsonObject:
    address = f"{origin}/v1/Trunks/{url['trunk_sid']}/OriginationUrls/{url['sid']}"
    return {**url, "url": address}


def termination(thing: JsonObject, origin: str) -> JsonObject:
    kind = "CredentialLists" if thing["sid"].startswith("CL") else "IpAccessControlLists"
    return {**thing, "url": f"{origin}/v1/Trunks/{thing['trunk_sid']}/{kind}/{thing['sid']}"}


ONLY_2010 = (
    *("address_sid", "identity_sid", "bundle_sid", "emergency_status", "emergency_address_sid"),
    *("emergency_address_status", "origin", "status", "type", "voice_receive_mode"),
)


def trunk_number(number: JsonObject, origin: str) -> JsonObject:
    """The same number as the trunking API shows it: fewer fields, ISO dates, a link to the other API."""
    shown = {name: value for name, value in number.items() if name not in ONLY_2010}
    shown["capabilities"] = {name: number["capabilities"][name] for name in ("voice", "sms", "mms")}
    link = f"{origin}/{API_VERSION}/Accounts/{number['account_sid']}/IncomingPhoneNumbers/{number['sid']}"
    url = f"{origin}/v1/Trunks/{number['trunk_sid']}/PhoneNumbers/{number['sid']}"
    return {**shown, "url": url, "links": {"phone_number": link}}


def resource(thing: JsonObject, collection: str) -> JsonObject:
    uri = f"/{API_VERSION}/Accounts/{thing['account_sid']}/{collection}/{thing['sid']}.json"
    dates = {name: _rfc2822(thing[name]) for name in ("date_created", "date_updated")}
    return {**thing, **dates, "uri": uri}
