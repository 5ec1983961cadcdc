"""Phone numbers of an account, numbers for sale, and applications, without HTTP. Numbers have no plus here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox import stock
from sandbox.exchange import JsonObject
from sandbox.plivo.account import VENDOR, Refusal, missing, new_number
from sandbox.shapes import Model, choice, flag, invalid, text, url
from sandbox.stock import Stock
from sandbox.store import Store

# 0121 496 0XXX: Birmingham, for drama (Ofcom).
STOCK = Stock(block="3", drama="+441214960")
MONTHLY, SETUP = "0.80000", "0.00000"
TYPES = {"local": "local", "toll_free": "tollfree", "mobile": "mobile"}
COUNTRIES = {"US": "UNITED STATES", "CA": "CANADA", "GB": "UNITED KINGDOM"}


def _app(value: Any, pointer: str) -> str:
    """A trunk or an application. There is no documented way to unassign: an empty one is refused."""
    app_id = text()(value, pointer)
    if not re.fullmatch(r"\d{1,20}", app_id):
        raise invalid(pointer, f"{app_id!r} is not the id of an application or a trunk")
    return app_id


# Plivo's SDK repeats the number of the path in the body.
REPEATED: Model = {"number": text(1)}
UPDATE: Model = {
    **REPEATED,
    "app_id": _app,
    "subaccount": text(20, 20),
    "alias": text(0, 255),
    "cnam_lookup": choice("enabled", "disabled"),
}
BUY: Model = {**REPEATED, "app_id": _app, "cnam_lookup": choice("enabled", "disabled"), "ha_enable": flag}
SEED: Model = {"phone_number": text(1), "app_id": _app, "alias": text(0, 255), "active": flag, "voice_enabled": flag}
_METHODS = ("answer_method", "hangup_method", "fallback_method", "message_method")
_URLS = ("answer_url", "hangup_url", "fallback_answer_url", "message_url")
APPLICATION_UPDATE: Model = {
    **dict.fromkeys(_URLS, lambda value, pointer: "" if value == "" else url(value, pointer)),
    **dict.fromkeys(_METHODS, choice("GET", "POST")),
    **dict.fromkeys(("default_number_app", "default_endpoint_app", "log_incoming_messages", "public_uri"), flag),
    "subaccount": text(20, 20),
}
APPLICATION: Model = {**APPLICATION_UPDATE, "app_name": text(1, 255)}


class Numbers:
    def __init__(self, store: Store, auth_id: str) -> None:
        self._store, self._auth_id = store, auth_id
        self.shelf = store.shelf(VENDOR, auth_id, "numbers")
        self._trunks = store.shelf(VENDOR, auth_id, "trunks")
        self._gone = store.shelf(VENDOR, "", "released")
        self.applications = Applications(store, auth_id)

    def get(self, number: str) -> JsonObject:
        owned = self.shelf.get(number)
        if owned is None:
            raise missing()
        return owned

    def free(self, number: str) -> bool:
        """For sale: in stock, nobody's, and not released before."""
        taken = self._store.holders(VENDOR, "numbers", number) or self._gone.get(number)
        return STOCK.sells("+" + number) and not taken

    def buy(self, number: str, wanted: JsonObject) -> JsonObject:
        if self._store.holders(VENDOR, "numbers", number):
            raise Refusal(400, f"{number} is not available")
        if not self.free(number):
            raise missing()
        self._store.count("purchases")
        return self.add(number, {"app_id": self.applications.default(), **wanted})

    def add(self, number: str, wanted: JsonObject) -> JsonObject:
        today = datetime.now(UTC).date()
        owned: JsonObject = {
            "number": number,
            "alias": None,
            "app_id": None,
            "active": True,
            "voice_enabled": True,
            "cnam_lookup": "disabled" if number.startswith("1") else None,
            **wanted,
            "added_on": str(today),
            "renewal_date": str(today + timedelta(days=30)),
        }
        self._check(owned)
        self.shelf.put(number, owned, number)
        return owned

    def _check(self, changes: JsonObject) -> None:
        app_id = changes.get("app_id")
        if changes.get("subaccount"):
            raise Refusal(400, "subaccount not found")  # this sandbox has none
        if not app_id or self.applications.shelf.get(app_id):
            return
        trunk = self._trunks.get(app_id)
        if trunk is None:
            raise Refusal(400, f"app_id {app_id} is neither an application nor a trunk of this account")
        if trunk["trunk_direction"] != "inbound":
            raise Refusal(400, f"trunk {app_id} is not an inbound trunk")

    def update(self, number: str, changes: JsonObject) -> None:
        """ "If not specified, the application selected as the default_number_app of the account is assigned": an
        update of the alias alone takes a number off its trunk."""
        owned = {**self.get(number), "app_id": self.applications.default(), **changes}
        self._check(changes)
        self.shelf.put(number, owned, number)

    def release(self, number: str) -> None:
        self.get(number)
        self.shelf.remove(number)
        self._gone.put(number, {"number": number})
        self._store.count("releases")

    def view(self, owned: JsonObject) -> JsonObject:
        base, app_id = f"/v1/Account/{self._auth_id}", owned["app_id"]
        kind = "Zentrunk/Trunk" if app_id and self._trunks.get(app_id) else "Application"
        iso = stock.country("+" + owned["number"])
        country = COUNTRIES.get(iso, iso)
        return {
            **{name: value for name, value in owned.items() if name != "app_id"},
            "application": f"{base}/{kind}/{app_id}/" if app_id else None,
            "carrier": "Plivo",
            "city": None,
            "country": country,
            "region": country,
            **dict.fromkeys(("compliance_application_id", "compliance_status", "sub_account")),
            **dict.fromkeys(("tendlc_campaign_id", "tendlc_registration_status", "toll_free_sms_verification")),
            "monthly_rental_rate": MONTHLY,
            "number_type": TYPES[stock.kind("+" + owned["number"])],
            "resource_uri": f"{base}/Number/{owned['number']}/",
            "sms_enabled": True,
            "sms_rate": "0.00000",
            "mms_enabled": False,
            "mms_rate": "0.00000",
            "voice_rate": "0.00850",
        }

    def offer(self, number: str) -> JsonObject:
        country, kind = stock.country("+" + number), TYPES[stock.kind("+" + number)]
        return {
            "number": number,
            "prefix": number[1:4] if number.startswith("1") else number[2:5],
            "city": None,
            "country": COUNTRIES[country],
            "region": COUNTRIES[country].title(),
            **dict.fromkeys(("rate_center", "lata", "restriction", "restriction_text")),
            "type": "fixed" if kind == "local" else kind,
            "sub_type": kind,
            "setup_rate": SETUP,
            "monthly_rental_rate": MONTHLY,
            "sms_enabled": True,
            "sms_rate": "0.00800",
            "mms_enabled": False,
            "mms_rate": "0.00000",
            "voice_enabled": True,
            "voice_rate": "0.00500",
            "resource_uri": f"/v1/Account/{self._auth_id}/PhoneNumber/{number}/",
        }


class Applications:
    def __init__(self, store: Store, auth_id: str) -> None:
        self._auth_id = auth_id
        self.shelf = store.shelf(VENDOR, auth_id, "applications")
        self._numbers = store.shelf(VENDOR, auth_id, "numbers")

    def get(self, id: str) -> JsonObject:
        application = self.shelf.get(id)
        if application is None:
            raise missing()
        return application

    def default(self) -> str | None:
        return next((each["app_id"] for each in self.shelf.all() if each["default_number_app"]), None)

    def create(self, wanted: JsonObject) -> JsonObject:
        application: JsonObject = {
            "app_id": wanted.pop("app_id", None) or new_number(),
            **dict.fromkeys(_URLS, ""),
            **dict.fromkeys(_METHODS, "POST"),
            **dict.fromkeys(("default_number_app", "default_endpoint_app", "public_uri"), False),
            "log_incoming_messages": True,
            **wanted,
        }
        return self._save(application)

    def update(self, id: str, changes: JsonObject) -> JsonObject:
        return self._save({**self.get(id), **changes})

    def _save(self, application: JsonObject) -> JsonObject:
        """An account has one default each: who takes it over takes it away."""
        if application.get("subaccount"):
            raise Refusal(400, "subaccount not found")  # this sandbox has none
        for name in ("default_number_app", "default_endpoint_app"):
            for other in self.shelf.all() if application[name] else ():
                self.shelf.put(other["app_id"], {**other, name: False})
        self.shelf.put(application["app_id"], application)
        return application

    def delete(self, id: str) -> None:
        """No document says what becomes of its numbers; here they are without one, as with a deleted trunk."""
        self.get(id)
        self.shelf.remove(id)
        for number in self._numbers.all():
            if number["app_id"] == id:
                self._numbers.put(number["number"], {**number, "app_id": None}, number["number"])

    def view(self, application: JsonObject) -> JsonObject:
        id = application["app_id"]
        return {
            **{name: value for name, value in application.items() if name != "default_number_app"},
            "default_app": application["default_number_app"],
            "enabled": True,
            "resource_uri": f"/v1/Account/{self._auth_id}/Application/{id}/",
            "sip_uri": f"sip:{id}@app.plivo.com",
            "sub_account": None,
        }
