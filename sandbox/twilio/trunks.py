"""Elastic SIP trunks and their origination URLs, without HTTP."""

from __future__ import annotations

import ipaddress
import re

from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.twilio import forms
from sandbox.twilio.account import (
    DEPENDENCIES,
    DOMAIN_INVALID,
    DOMAIN_TAKEN,
    INVALID_PARAMETER,
    LIMIT,
    VENDOR,
    Refusal,
    missing,
    new_sid,
    now,
)

MAX_TRUNKS = 100  # per account; twilio.com/docs/sip-trunking/scale-and-limits, 2026-03-09
MAX_URLS = 10  # per trunk; the origination settings of twilio.com/docs/sip-trunking
DOMAIN_END = ".pstn.twilio.com"


def domain(value: str) -> str:
    """Letters, digits and hyphens in front of .pstn.twilio.com. Compared without case, as any host name."""
    name = value.lower()
    if not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+pstn\.twilio\.com", name):
        raise Refusal(400, DOMAIN_INVALID, f"DomainName may hold letters, digits and - and must end with {DOMAIN_END}")
    return name


def sip_url(value: str) -> str:
    """`sip:[user@]host[:port][;parameters]`. The documents ask for a sip: schema; sips: is reported to be refused.

    The mock data of Twilio's OpenAPI file shows `sip://`, which no SIP grammar knows: refused. So are headers
    (`?X-Name=`): origination documents none.
    """
    match = re.fullmatch(
        r"sip:([A-Za-z0-9\-_.!~*'()&=+$,%]+@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?((;[\w.~%+!-]+(=[^;=?\s]+)?)*)",
        value,
        re.ASCII,
    )
    if not match or not _is_host(match[2]) or (match[3] and not 0 < int(match[3][1:]) <= 65535):
        raise ValueError("a URL of the form sip:[user@]host[:port][;parameters]")
    for parameter in match[4].lower().split(";"):
        name, _, setting = parameter.partition("=")
        if name == "transport" and setting not in ("udp", "tcp", "tls"):
            raise ValueError("transport=udp, tcp or tls")
    return value


def _is_host(host: str) -> bool:
    if host.startswith("[") or re.fullmatch(r"[0-9.]+", host):
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return False
        return True
    labels = host.rstrip(".").split(".")
    return len(host) <= 253 and all(re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", label) for label in labels)


def _label(value: str) -> str:
    if not value:
        raise ValueError("a name of 1 to 64 characters")
    return forms.text(64)(value)


TRUNK = forms.fields(
    friendly_name=forms.clearable("friendly_name", forms.text(64)),
    domain_name=forms.clearable("domain_name", domain, None),
    disaster_recovery_url=forms.clearable("disaster_recovery_url", forms.url, None),
    disaster_recovery_method=forms.method,
    transfer_mode=forms.choice("disable-all", "enable-all", "sip-only"),
    secure=forms.flag,
    cnam_lookup_enabled=forms.flag,
    transfer_caller_id=forms.choice("from-transferee", "from-transferor"),
)
RECORDING = forms.fields(
    mode=forms.choice(
        "do-not-record",
        "record-from-ringing",
        "record-from-answer",
        "record-from-ringing-dual",
        "record-from-answer-dual",
    ),
    trim=forms.choice("trim-silence", "do-not-trim"),
)
URL = forms.fields(
    weight=forms.whole(1, 65535),
    priority=forms.whole(0, 65535),
    enabled=forms.flag,
    friendly_name=_label,
    sip_url=sip_url,
)
# The SDK and the OpenAPI file agree: all five, none has a default on this endpoint.
URL_REQUIRED = ("Weight", "Priority", "Enabled", "FriendlyName", "SipUrl")


class Trunks:
    def __init__(self, store: Store, account_sid: str) -> None:
        self._store, self._account_sid = store, account_sid
        self.shelf = store.shelf(VENDOR, account_sid, "trunks")
        self.urls = store.shelf(VENDOR, account_sid, "origination_urls")
        self._termination = store.shelf(VENDOR, account_sid, "termination_lists")
        self._numbers = store.shelf(VENDOR, account_sid, "numbers")

    def get(self, sid: str) -> JsonObject:
        trunk = self.shelf.get(sid)
        if trunk is None:
            raise missing(f"/v1/Trunks/{sid}")
        return trunk

    def create(self, wanted: JsonObject) -> JsonObject:
        if len(self.shelf) >= MAX_TRUNKS:
            raise Refusal(400, LIMIT, f"An account cannot have more than {MAX_TRUNKS} trunks")
        self._claim(wanted.get("domain_name"), None)
        time = now()
        trunk: JsonObject = {
            "sid": wanted.pop("sid", None) or new_sid("TK"),
            "account_sid": self._account_sid,
            "domain_name": None,
            "disaster_recovery_method": "POST",
            "disaster_recovery_url": None,
            "friendly_name": None,
            "secure": False,
            "cnam_lookup_enabled": False,
            "symmetric_rtp_enabled": False,
            "recording": {"mode": "do-not-record", "trim": "do-not-trim"},
            "transfer_mode": "disable-all",
            "transfer_caller_id": "from-transferee",
            "auth_type": "",
            "auth_type_set": [],
            "date_created": time,
            "date_updated": time,
            **wanted,
        }
        self._save(trunk)
        return trunk

    def _save(self, trunk: JsonObject) -> None:
        self.shelf.put(trunk["sid"], trunk, trunk["domain_name"] or "")

    def _claim(self, name: str | None, before: str | None) -> None:
        """A domain name is unique among all accounts, and hangs under its parent's (error 21247)."""
        if name == before:
            return
        if before and any(self._under(each, before) for each in self.shelf.all()):
            raise Refusal(400, DEPENDENCIES, "Cannot rename domain while it has subdomains")
        if not name:
            return
        if self._store.holders(VENDOR, "trunks", name):
            raise Refusal(400, DOMAIN_TAKEN, f"DomainName {name} is in use")
        parent = name.partition(".")[2]
        if "." + parent != DOMAIN_END and not self.shelf.find(parent):
            raise Refusal(400, DEPENDENCIES, "Cannot create subdomain because parent domain does not exist")

    @staticmethod
    def _under(trunk: JsonObject, name: str) -> bool:
        return (trunk["domain_name"] or "").endswith("." + name)

    def update(self, sid: str, changes: JsonObject) -> JsonObject:
        trunk = self.get(sid)
        if "domain_name" in changes:
            self._claim(changes["domain_name"], trunk["domain_name"])
        trunk |= {**changes, "date_updated": now()}
        self._save(trunk)
        return trunk

    def record(self, sid: str, changes: JsonObject) -> JsonObject:
        trunk = self.get(sid)
        return self.update(sid, {"recording": {**trunk["recording"], **changes}})["recording"]

    def delete(self, sid: str) -> None:
        trunk = self.get(sid)
        name = trunk["domain_name"]
        if name and any(self._under(each, name) for each in self.shelf.all()):
            raise Refusal(400, DEPENDENCIES, "Cannot delete trunk while it has subdomains")
        # Unverified: no document says what happens to attached numbers. Refusing is the strict reading: a client
        # that detaches first is right either way, one that does not would leave numbers without a route.
        if any(number["trunk_sid"] == sid for number in self._numbers.all()):
            raise Refusal(409, DEPENDENCIES, "Cannot delete trunk while it has phone numbers")
        for origination in self.urls_of(sid):
            self.urls.remove(origination["sid"])
        self.shelf.remove(sid)

    def terminate(self, sid: str, kind: str, list_sid: str) -> JsonObject:
        """Calls out over a trunk need a credential list or an IP access control list; `auth_type_set` names the kinds.
        The lists themselves are not of this sandbox: any sid will do."""
        trunk = self.get(sid)
        time = now()
        made: JsonObject = {
            "sid": list_sid,
            "account_sid": self._account_sid,
            "trunk_sid": sid,
            "friendly_name": list_sid,
            "date_created": time,
            "date_updated": time,
        }
        self._termination.put(f"{sid}/{list_sid}", {**made, "kind": kind})
        kinds = sorted({*trunk["auth_type_set"], kind})
        self.update(sid, {"auth_type_set": kinds, "auth_type": ",".join(kinds)})
        return made

    def termination(self, sid: str, kind: str) -> list[tuple[int, JsonObject]]:
        self.get(sid)
        found = ((position, each) for position, each in self._termination.placed() if each["trunk_sid"] == sid)
        return [
            (position, {name: value for name, value in each.items() if name != "kind"})
            for position, each in found
            if each["kind"] == kind
        ]

    def urls_of(self, trunk_sid: str) -> list[JsonObject]:
        return [url for url in self.urls.all() if url["trunk_sid"] == trunk_sid]

    def url(self, trunk_sid: str, sid: str) -> JsonObject:
        self.get(trunk_sid)
        url = self.urls.get(sid)
        if url is None or url["trunk_sid"] != trunk_sid:
            raise missing(f"/v1/Trunks/{trunk_sid}/OriginationUrls/{sid}")
        return url

    def add_url(self, trunk_sid: str, wanted: JsonObject) -> JsonObject:
        self.get(trunk_sid)
        if len(self.urls_of(trunk_sid)) >= MAX_URLS:
            raise Refusal(400, INVALID_PARAMETER, f"A trunk cannot have more than {MAX_URLS} origination URLs")
        time = now()
        url: JsonObject = {
            "sid": new_sid("OU"),
            "account_sid": self._account_sid,
            "trunk_sid": trunk_sid,
            "date_created": time,
            "date_updated": time,
            **wanted,
        }
        self.urls.put(url["sid"], url)
        return url

    def change_url(self, trunk_sid: str, sid: str, changes: JsonObject) -> JsonObject:
        url = {**self.url(trunk_sid, sid), **changes, "date_updated": now()}
        self.urls.put(sid, url)
        return url

    def remove_url(self, trunk_sid: str, sid: str) -> None:
        self.url(trunk_sid, sid)
        self.urls.remove(sid)
