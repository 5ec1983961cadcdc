"""What xAI accepts: the shape of messages, and the rules for a new number.

Two stages, as behind a proto-JSON gateway: a body that cannot be read as the message (not JSON, unknown field, wrong
type, unknown enumeration value) is 400; a message that can be read and breaks a rule is 422 ("validation" in the
list of status codes on xAI's debugging page). Which rule gets which of the two is published nowhere.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sandbox.exchange import JsonObject, is_array, is_object

E164 = re.compile(r"\+[1-9]\d{6,14}")
AREA_CODE = re.compile(r"[2-9]\d{2}")
ORIGINS = ("xai_provisioned", "byo_trunk")


class Refusal(Exception):
    """xAI says no: an HTTP status and the sentence that stands in `error`."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


Kind = Callable[[Any], bool]
Message = Mapping[str, Kind]


def text(value: Any) -> bool:
    return isinstance(value, str)


def texts(value: Any) -> bool:
    return is_array(value) and all(isinstance(each, str) for each in value)


def whole(value: Any) -> bool:
    return isinstance(value, dict)


def items(value: Any) -> bool:
    return isinstance(value, list)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


# POST /v2/phone-numbers, documentation of 2026-06-27.
CREATE: Message = {
    "origin": text,
    "name": text,
    "agent_id": text,
    "area_code": text,
    "phone_number": text,
    "sip_auth": whole,
    "webhook": whole,
}
SIP_AUTH: Message = {"auth_username": text, "auth_password": text, "allowed_addresses": texts}
WEBHOOK: Message = {"name": text, "url": text, "auth_url": text, "auth_token": text}
# PATCH /v2/phone-numbers/{id} is undocumented; this is what clients of the live service report to work.
PATCH: Message = {"phone_number": whole, "team_id": text, "field_mask": whole}
MASK: Message = {"paths": texts}
CHANGES: Message = {"name": text, "agent_id": text, "webhook_id": text, "outbound_sms_enabled": flag}


def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _once(found: list[tuple[str, Any]]) -> JsonObject:
    """Python's own reader keeps the last of two equal keys, which would hide a client's mistake."""
    if len({key for key, _ in found}) < len(found):
        raise ValueError("duplicate field")
    return dict(found)


def parse(body: bytes) -> Any:
    try:
        document = json.loads(body.decode(), object_pairs_hook=_once)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"Failed to parse the request body as JSON: {error}") from error
    return document


def read(raw: Any, message: Message, where: str = "request") -> JsonObject:
    """A JSON object as a message, in snake_case. Both casings are taken, as proto-JSON does; null means absent."""
    if not is_object(raw):
        raise Refusal(400, f"{where}: expected a JSON object")
    names = {spelling: name for name in message for spelling in (name, camel(name))}
    values: JsonObject = {}
    for key, value in raw.items():
        if key not in names:
            raise Refusal(400, f'{where}: unknown field "{key}"')
        name = names[key]
        if name in values:
            raise Refusal(400, f'{where}: field "{name}" stands twice, in both casings')
        if value is not None:
            if not message[name](value):
                raise Refusal(400, f'{where}: field "{name}" has the wrong type')
            values[name] = value
    return values


def need(condition: object, error: str) -> None:
    if not condition:
        raise Refusal(422, error)


def new_number(raw: Any) -> JsonObject:
    """The body of a POST, checked by every rule of the documented request."""
    wanted = read(raw, CREATE)
    origin = wanted.get("origin")
    need(origin is not None, "origin is required")
    if origin not in ORIGINS:
        raise Refusal(400, f"origin: expected one of {', '.join(ORIGINS)}")
    need(wanted.get("name", "").strip(), "name is required")
    need(not ("agent_id" in wanted and "webhook" in wanted), "agent_id and webhook are mutually exclusive")
    need(wanted.get("agent_id") != "", "agent_id must not be empty")
    if origin == "byo_trunk":
        need("area_code" not in wanted, "area_code is for origin xai_provisioned only")
        need(E164.fullmatch(wanted.get("phone_number", "")), "phone_number is required in E.164 format")
    else:
        need("phone_number" not in wanted, "phone_number is for origin byo_trunk only")
        need("sip_auth" not in wanted, "sip_auth is for origin byo_trunk only")
        need(AREA_CODE.fullmatch(wanted.get("area_code", "415")), "area_code must be a 3-digit US area code")
    if "sip_auth" in wanted:
        wanted["sip_auth"] = sip_auth(wanted["sip_auth"])
    if "webhook" in wanted:
        wanted["webhook"] = webhook(wanted["webhook"])
    return wanted


def sip_auth(raw: Any) -> JsonObject:
    auth = read(raw, SIP_AUTH, "sip_auth")
    username, password = auth.get("auth_username"), auth.get("auth_password")
    need((username is None) == (password is None), "auth_username and auth_password must be provided together")
    need(username != "" and password != "", "auth_username and auth_password must not be empty")
    addresses = auth.get("allowed_addresses", [])
    for address in addresses:
        need(_is_network(address), f"allowed_addresses: {address} is not an IPv4 CIDR range")
    # "Choose one SIP authentication method" (SIP page). One third party says that both may be combined; a client
    # that follows the page loses nothing here.
    need(not (username and addresses), "choose one SIP authentication method: digest or allowed_addresses")
    # An empty object or list could mean "nobody" or "everybody"; refusing it keeps a client from guessing.
    need(username or addresses, "sip_auth needs auth_username and auth_password, or allowed_addresses")
    return auth


def _is_network(address: str) -> bool:
    """A range or a single address. Host bits set (203.0.113.7/24) are a mistake, and nothing says it is forgiven."""
    try:
        ipaddress.IPv4Network(address)
    except ValueError:
        return False
    return re.fullmatch(r"[\d.]+(/\d{1,2})?", address) is not None


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and port != 0 and url.isprintable() and " " not in url


def webhook(raw: Any) -> JsonObject:
    hook = read(raw, WEBHOOK, "webhook")
    need(hook.get("url"), "webhook.url is required")
    need(_is_https(hook["url"]), "webhook.url must be an https URL")
    if "auth_url" in hook:
        need(_is_https(hook["auth_url"]), "webhook.auth_url must be an https URL")
        need(hook.get("auth_token"), "webhook.auth_url needs webhook.auth_token")
    return hook


def changes(raw: Any, team_id: str) -> JsonObject:
    """The body of a PATCH as {path: new value}; None clears. Only what the mask names counts."""
    body = read(raw, PATCH)
    if body.get("team_id", team_id) != team_id:
        raise Refusal(403, "team_id is not the team of this API key")
    values = read(body.get("phone_number", {}), CHANGES, "phone_number")
    return {path: values.get(path) for path in mask(body.get("field_mask"), tuple(CHANGES))}


def mask(raw: Any, allowed: Sequence[str]) -> list[str]:
    """The paths of a field mask, in snake_case. Only the object form: the comma-separated string of proto-JSON is
    what one client sends, against the reports of all others."""
    paths = read(raw or {}, MASK, "field_mask").get("paths")
    if not paths:
        raise Refusal(400, "field_mask.paths is required")
    names = {spelling: name for name in allowed for spelling in (name, camel(name))}
    for path in paths:
        if path not in names:
            raise Refusal(400, f'field_mask: invalid path "{path}"')
    return [names[path] for path in paths]
