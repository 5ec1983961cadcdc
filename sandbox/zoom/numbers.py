"""BYOC numbers of an account, without HTTP: numbers of the customer's own carrier that Zoom Phone knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.zoom.account import VENDOR, Account, Refusal, wrong
from sandbox.zoom.routing import Routing, made_id

#: Whom a number is assigned to, by the types that an extension has.
EXTENSIONS = (
    "user", "callQueue", "autoReceptionist", "commonArea", "emergencyNumberPool", "companyLocation", "meetingService",
)  # fmt: skip


class Numbers:
    """What one account has. Nothing here assigns a number: that is in calls which are not part of this."""

    def __init__(self, store: Store, account: Account) -> None:
        self._account = account
        self._shelf = store.shelf(VENDOR, account.name, "byoc_numbers")
        self._groups = Routing(store, account).groups

    def all(self) -> list[JsonObject]:
        return self._shelf.all()

    def number(self, id: str) -> JsonObject:
        if (found := self._shelf.get(id)) is None:
            raise Refusal(404, 404, "Phone number does not exist.")
        return found

    def add(self, carrier: str, numbers: Collection[str], settings: Mapping[str, str]) -> list[JsonObject]:
        """All or none. Unverified: that a number which is there is refused, and with which code."""
        self._group(settings)
        for number in numbers:
            if self._shelf.find(number):
                raise wrong("phone_numbers", f"Phone number {number} already exists.")
        return [self._put({"id": made_id(), "number": number, "carrier": carrier, **settings}) for number in numbers]

    def assigned(self, number: str, name: str) -> None:
        """As somebody in the admin portal does it."""
        found = self._shelf.find(number)
        assert found
        who = {"id": made_id(f"{self._account.name} {name}"), "name": name, "type": EXTENSIONS[0]}
        self._put({**found, "assignee": {**who, "extension_number": 801}})

    def change(self, id: str, settings: Mapping[str, object]) -> None:
        """Only what is given changes."""
        self._group(settings)
        self._put({**self.number(id), **settings})

    def remove(self, numbers: Collection[str]) -> None:
        """All or none; a number that somebody has stays."""
        found = [self._shelf.find(number) for number in numbers]
        for number, record in zip(numbers, found, strict=True):
            if record is None or "assignee" in record:
                why = "does not exist" if record is None else "is assigned"
                raise wrong("phone_numbers", f"Phone number {number} {why}.")
        for record in found:
            self._shelf.remove(record["id"] if record else "")

    def shown(self, record: JsonObject) -> JsonObject:
        """The shape in which a number is read: not the one in which it is written."""
        kept = ("id", "number", "assignee", "display_name", "emergency_address_status")
        shown = {name: record[name] for name in kept if name in record} | {
            "carrier": {"name": record["carrier"]},
            "capability": record.get("capability", ["incoming", "outgoing"]),
            "number_type": "toll",
            "source": "external",
            "status": "available",
        }
        if group := self._groups.get(record.get("sip_group_id", "")):
            shown["sip_group"] = {"id": group["id"], "display_name": group["display_name"]}
        return shown

    def holder(self, number: str) -> str:
        """Who of the account has the number; empty for nobody."""
        record = self._shelf.find(number) or {}
        return record.get("assignee", {}).get("name", "")

    def _group(self, settings: Mapping[str, object]) -> None:
        if "sip_group_id" in settings and not self._groups.get(str(settings["sip_group_id"])):
            raise wrong("sip_group_id", "SIP group does not exist.")

    def _put(self, record: JsonObject) -> JsonObject:
        self._shelf.put(record["id"], record, record["number"])
        return record
