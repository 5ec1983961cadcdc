"""Phone numbers an account owns, and TwiML applications, without HTTP."""

from __future__ import annotations

import re

from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.twilio import forms, market
from sandbox.twilio.account import (
    API_VERSION,
    APPLICATION_INVALID,
    AREA_CODE_EMPTY,
    AREA_CODE_INVALID,
    INVALID_PARAMETER,
    NUMBER_INVALID,
    NUMBER_UNAVAILABLE,
    VENDOR,
    Refusal,
    missing,
    new_sid,
    now,
)

E164 = re.compile(r"\+[1-9]\d{6,14}")
LOOKUP = forms.fields(
    phone_number=forms.text(),
    friendly_name=forms.text(),
    beta=forms.flag,
    origin=forms.choice("twilio", "hosted"),
)


def _urls(*names: str) -> dict[str, forms.Field]:
    return {forms.pascal(name): forms.clearable(name, forms.url) for name in names}


def _methods(*names: str) -> dict[str, forms.Field]:
    return {forms.pascal(name): forms.Field(name, forms.method) for name in names}


VOICE_AND_SMS_URLS = ("voice_url", "voice_fallback_url", "sms_url", "sms_fallback_url", "status_callback")
VOICE_AND_SMS_METHODS = tuple(f"{name.removesuffix('_url')}_method" for name in VOICE_AND_SMS_URLS)
UPDATE: forms.Fields = {
    **_urls(*VOICE_AND_SMS_URLS),
    **_methods(*VOICE_AND_SMS_METHODS),
    **forms.fields(
        account_sid=forms.sid("AC"),
        api_version=forms.choice(API_VERSION, "2008-08-01"),
        friendly_name=forms.clearable("friendly_name", forms.text(64)),
        sms_application_sid=forms.clearable("sms_application_sid", forms.sid("AP")),
        voice_application_sid=forms.clearable("voice_application_sid", forms.sid("AP")),
        voice_caller_id_lookup=forms.flag,
        voice_receive_mode=forms.choice("voice", "fax"),
        emergency_status=forms.choice("Active", "Inactive"),
        emergency_address_sid=forms.clearable("emergency_address_sid", forms.sid("AD"), None),
        trunk_sid=forms.clearable("trunk_sid", forms.sid("TK"), None),
        identity_sid=forms.clearable("identity_sid", forms.sid("RI"), None),
        address_sid=forms.clearable("address_sid", forms.sid("AD"), None),
        bundle_sid=forms.clearable("bundle_sid", forms.sid("BU"), None),
    ),
}
# `AccountSid` moves an owned number to another (sub)account: not a parameter of the purchase.
BUY: forms.Fields = {
    **{name: field for name, field in UPDATE.items() if name != "AccountSid"},
    **forms.fields(phone_number=forms.text(), area_code=forms.text()),
}
APPLICATION: forms.Fields = {
    **_urls(*VOICE_AND_SMS_URLS, "sms_status_callback", "message_status_callback"),
    **_methods(*VOICE_AND_SMS_METHODS),
    **forms.fields(
        api_version=forms.choice(API_VERSION, "2008-08-01"),
        friendly_name=forms.text(64),
        voice_caller_id_lookup=forms.flag,
        public_application_connect_enabled=forms.flag,
    ),
}


class Numbers:
    def __init__(self, store: Store, account_sid: str) -> None:
        self._store, self._account_sid = store, account_sid
        self.shelf = store.shelf(VENDOR, account_sid, "numbers")
        self._trunks = store.shelf(VENDOR, account_sid, "trunks")
        self._applications = store.shelf(VENDOR, account_sid, "applications")
        self._gone = store.shelf(VENDOR, "", "released")

    def get(self, sid: str) -> JsonObject:
        number = self.shelf.get(sid)
        if number is None:
            raise missing(f"/{API_VERSION}/Accounts/{self._account_sid}/IncomingPhoneNumbers/{sid}.json")
        return number

    def matching(self, filters: JsonObject) -> list[tuple[int, JsonObject]]:
        """PhoneNumber matches anywhere in the number, `*` being any digit; FriendlyName matches as a whole.
        Beta leaves nothing out: no number here is new to the platform."""
        wanted = filters.get("phone_number", "")
        if not re.fullmatch(r"[+0-9*]*", wanted):
            # An unencoded + arrives as a space. Twilio would answer with an empty list, which reads like "gone".
            raise Refusal(400, NUMBER_INVALID, f"Invalid parameter PhoneNumber: {wanted!r}")
        pattern = re.compile(re.escape(wanted).replace(r"\*", r"\d"))
        return [
            (position, number)
            for position, number in self.shelf.placed()
            if pattern.search(number["phone_number"])
            and filters.get("friendly_name", number["friendly_name"]) == number["friendly_name"]
            and filters.get("origin", number["origin"]) == number["origin"]
        ]

    def buy(self, wanted: JsonObject) -> JsonObject:
        """Buying an owned number acts as an update of it (reported, danielberkompas/ex_twilio#116)."""
        area = wanted.pop("area_code", None)
        e164 = wanted.pop("phone_number", None)
        if (area is None) == (e164 is None):
            raise Refusal(400, INVALID_PARAMETER, "Exactly one of PhoneNumber and AreaCode is required")
        if area is not None:
            e164 = self._in_area(area)
        if not E164.fullmatch(e164 or ""):
            raise Refusal(400, NUMBER_INVALID, f"PhoneNumber {e164} is invalid")
        owned = self.shelf.find(e164)
        if owned:
            return self.update(owned["sid"], wanted)
        if not self.free(e164):
            raise Refusal(400, NUMBER_UNAVAILABLE, f"{e164} is not available.")
        self._check_links(wanted)
        self._store.count("purchases")
        return self.add({"phone_number": e164, **wanted})

    def _in_area(self, area: str) -> str:
        if not re.fullmatch(r"[2-9]\d{2}", area):
            raise Refusal(400, AREA_CODE_INVALID, f"Invalid area code: {area}")
        for number in market.offers("US", "local", area):
            if self.free(number):
                return number
        raise Refusal(400, AREA_CODE_EMPTY, f"No phone numbers found in area code {area}")

    def free(self, e164: str) -> bool:
        """For sale: in the market, nobody's, and not released before. A released number may be gone for good:
        buying it again failed with 21422 in twilio/terraform-provider-twilio#138."""
        return market.sells(e164) and not self._store.holders(VENDOR, "numbers", e164) and not self._gone.get(e164)

    def add(self, wanted: JsonObject) -> JsonObject:
        time = now()
        e164 = wanted["phone_number"]
        number: JsonObject = {
            "sid": new_sid("PN"),
            "account_sid": self._account_sid,
            "friendly_name": market.friendly(e164),
            "phone_number": e164,
            "origin": "twilio",
            "status": "in-use",
            "type": market.kind(e164),
            "api_version": API_VERSION,
            "beta": False,
            "capabilities": {"voice": True, "sms": True, "mms": e164.startswith("+1"), "fax": False},
            "address_requirements": "none",
            "emergency_status": "Inactive",
            "emergency_address_status": "unregistered",
            "voice_receive_mode": "voice",
            "voice_caller_id_lookup": False,
            "date_created": time,
            "date_updated": time,
            "trunk_sid": None,
            **dict.fromkeys(("address_sid", "identity_sid", "bundle_sid", "emergency_address_sid")),
            **dict.fromkeys((*VOICE_AND_SMS_URLS, "voice_application_sid", "sms_application_sid"), ""),
            **dict.fromkeys(VOICE_AND_SMS_METHODS, "POST"),
        }
        number |= self._exclusive(wanted)
        self.shelf.put(number["sid"], number, e164)
        return number

    def seed(self, wanted: JsonObject, *, voice: bool = True) -> JsonObject:
        """A number that simply is there: neither bought nor bound to what the market sells."""
        self._check_links(wanted)
        number = self.add(wanted)
        number["capabilities"]["voice"] = voice
        self.shelf.put(number["sid"], number, number["phone_number"])
        return number

    @staticmethod
    def _exclusive(changes: JsonObject) -> JsonObject:
        """`trunk_sid` deletes `voice_application_sid` and vice versa (OpenAPI, descriptions of both)."""
        trunk, application = changes.get("trunk_sid"), changes.get("voice_application_sid")
        if trunk and application:
            raise Refusal(400, INVALID_PARAMETER, "TrunkSid and VoiceApplicationSid exclude each other")
        if trunk:
            return {**changes, "voice_application_sid": ""}
        return {**changes, "trunk_sid": None} if application else changes

    def _check_links(self, changes: JsonObject) -> None:
        """What a number points to must be the account's own. 400, not 404: the number itself is not missing."""
        if changes.get("trunk_sid") and not self._trunks.get(changes["trunk_sid"]):
            raise Refusal(400, INVALID_PARAMETER, f"TrunkSid {changes['trunk_sid']} not found")
        for name in ("voice_application_sid", "sms_application_sid"):
            if changes.get(name) and not self._applications.get(changes[name]):
                raise Refusal(400, APPLICATION_INVALID, f"{forms.pascal(name)} {changes[name]} not found")
        if changes.get("account_sid", self._account_sid) != self._account_sid:
            raise Refusal(400, INVALID_PARAMETER, "AccountSid: not an account of yours that numbers can move to")

    def update(self, sid: str, changes: JsonObject) -> JsonObject:
        """An update without parameters changes nothing and is answered like any other."""
        number = self.get(sid)
        self._check_links(changes)
        number |= {**self._exclusive(changes), "date_updated": now()}
        self.shelf.put(sid, number, number["phone_number"])
        return number

    def release(self, sid: str) -> None:
        number = self.get(sid)
        self.shelf.remove(sid)
        self._gone.put(number["phone_number"], {"phone_number": number["phone_number"]})
        self._store.count("releases")

    def attached(self, trunk_sid: str) -> list[tuple[int, JsonObject]]:
        return [(position, each) for position, each in self.shelf.placed() if each["trunk_sid"] == trunk_sid]

    def on_trunk(self, trunk_sid: str, sid: str) -> JsonObject:
        number = self.shelf.get(sid)
        if number is None or number["trunk_sid"] != trunk_sid:
            raise missing(f"/v1/Trunks/{trunk_sid}/PhoneNumbers/{sid}")
        return number

    def attach(self, trunk_sid: str, sid: str) -> JsonObject:
        """Unverified: what happens to a number on another trunk. `trunk_sid` is one value, so setting it moves the
        number, silently; that is also the worse case for a client, which must look before it attaches."""
        if self.shelf.get(sid) is None:
            raise missing(f"/v1/PhoneNumbers/{sid}")
        return self.update(sid, {"trunk_sid": trunk_sid})

    def detach(self, trunk_sid: str, sid: str) -> None:
        self.on_trunk(trunk_sid, sid)
        self.update(sid, {"trunk_sid": None})


class Applications:
    def __init__(self, store: Store, account_sid: str) -> None:
        self._account_sid = account_sid
        self.shelf = store.shelf(VENDOR, account_sid, "applications")
        self._numbers = store.shelf(VENDOR, account_sid, "numbers")

    def get(self, sid: str) -> JsonObject:
        application = self.shelf.get(sid)
        if application is None:
            raise missing(f"/{API_VERSION}/Accounts/{self._account_sid}/Applications/{sid}.json")
        return application

    def create(self, wanted: JsonObject) -> JsonObject:
        time = now()
        urls = (*VOICE_AND_SMS_URLS, "sms_status_callback", "message_status_callback")
        application: JsonObject = {
            "sid": wanted.pop("sid", None) or new_sid("AP"),
            "account_sid": self._account_sid,
            "api_version": API_VERSION,
            "friendly_name": None,
            "voice_caller_id_lookup": False,
            "public_application_connect_enabled": False,
            "date_created": time,
            "date_updated": time,
            **dict.fromkeys(urls),
            **dict.fromkeys(VOICE_AND_SMS_METHODS, "POST"),
            **wanted,
        }
        self.shelf.put(application["sid"], application)
        return application

    def update(self, sid: str, changes: JsonObject) -> JsonObject:
        application = {**self.get(sid), **changes, "date_updated": now()}
        self.shelf.put(sid, application)
        return application

    def delete(self, sid: str) -> None:
        """No document says what becomes of numbers that use it; here they forget it, as with a deleted trunk."""
        self.get(sid)
        self.shelf.remove(sid)
        for number in self._numbers.all():
            names = [name for name in ("voice_application_sid", "sms_application_sid") if number[name] == sid]
            if names:
                self._numbers.put(number["sid"], {**number, **dict.fromkeys(names, "")}, number["phone_number"])
