"""Numbers of an account and numbers for sale, without HTTP. They have no plus here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import stock
from sandbox.exchange import JsonObject
from sandbox.stock import Stock
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.vonage.account import VENDOR, Refusal, failed

# 0161 496 0XXX: Manchester, for drama (Ofcom).
STOCK = Stock(block="4", drama="+441614960")
TYPES = {"local": "landline", "toll_free": "landline-toll-free", "mobile": "mobile-lvn"}
COST, SETUP = "0.90", "0.00"
#: Of a number's record: what an update sets, and what no answer ever shows.
SHOWN = (
    "app_id",
    "moHttpUrl",
    "voiceCallbackType",
    "voiceCallbackValue",
    "messagesCallbackType",
    "messagesCallbackValue",
)
HIDDEN = ("moSmppSysType", "voiceStatusCallback")


class Numbers:
    def __init__(self, store: Store, switches: Switches, key: str) -> None:
        self._store, self._switches = store, switches
        self.shelf = store.shelf(VENDOR, key, "numbers")
        self._gone = store.shelf(VENDOR, "", "released")

    def add(self, msisdn: str, settings: Mapping[str, Any]) -> None:
        self.shelf.put(msisdn, {"msisdn": msisdn, "country": stock.country(f"+{msisdn}"), **settings}, msisdn)

    def _own(self, form: Mapping[str, str]) -> JsonObject:
        """The number of a form, by country and digits together."""
        owned = self.shelf.get(form["msisdn"])
        if owned is None or owned["country"] != form["country"]:
            raise failed()
        return owned

    def update(self, form: Mapping[str, str]) -> None:
        """Reports agree that what is left out is cleared; the specification's "empty string removes" speaks against it."""
        owned = self._own(form)
        settings = {name: value for name, value in form.items() if name in (*SHOWN, *HIDDEN)}
        _check(settings)
        kept = owned if self._switches["vonage.update"] == "merges" else {}
        merged = {**{name: kept[name] for name in (*SHOWN, *HIDDEN) if name in kept}, **settings}
        if merged.get("voiceCallbackValue") == "":
            merged = {name: value for name, value in merged.items() if not name.startswith("voiceCallback")}
        self.add(owned["msisdn"], {name: value for name, value in merged.items() if value})

    def buy(self, form: Mapping[str, str]) -> None:
        msisdn = form["msisdn"]
        if self._store.holders(VENDOR, "numbers", msisdn):
            raise Refusal(420, "Numbers from this country can be requested from the Dashboard: already owned")
        if not self.free(msisdn) or stock.country(f"+{msisdn}") != form["country"]:
            raise failed()
        self._store.count("purchases")
        self.add(msisdn, {})

    def cancel(self, form: Mapping[str, str]) -> None:
        owned = self._own(form)
        self.shelf.remove(owned["msisdn"])
        self._gone.put(owned["msisdn"], {"msisdn": owned["msisdn"]})
        self._store.count("releases")

    def free(self, msisdn: str) -> bool:
        """For sale: in stock, nobody's, and not released before."""
        taken = self._store.holders(VENDOR, "numbers", msisdn) or self._gone.get(msisdn)
        return STOCK.sells(f"+{msisdn}") and not taken


def _check(settings: Mapping[str, str]) -> None:
    """A callback is a pair; an empty value removes it here."""
    kind, value = settings.get("voiceCallbackType"), settings.get("voiceCallbackValue")
    if (kind is None) != (value is None) or kind not in {None, "sip", "tel", "app"}:
        raise failed()
    if value and not (value.startswith("sip:") if kind == "sip" else value.isdigit() if kind == "tel" else True):
        raise failed()


def view(owned: JsonObject) -> JsonObject:
    """What an answer shows of an owned number: fields without a value are left out."""
    return {
        "country": owned["country"],
        "msisdn": owned["msisdn"],
        "type": TYPES[stock.kind(f"+{owned['msisdn']}")],
        "features": ["VOICE", "SMS"],
        **{name: owned[name] for name in SHOWN if owned.get(name)},
    }


def offer(msisdn: str) -> JsonObject:
    return {
        "country": stock.country(f"+{msisdn}"),
        "msisdn": msisdn,
        "type": TYPES[stock.kind(f"+{msisdn}")],
        "features": ["VOICE", "SMS"],
        "cost": COST,
        "initialPrice": SETUP,
    }
