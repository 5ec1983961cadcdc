"""Numbers for sale and the orders that buy them, without HTTP. An order is answered long before it is done."""

from __future__ import annotations

import time

from sandbox.exchange import JsonObject
from sandbox.shapes import Model, array, record, text
from sandbox.stock import E164, Stock
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.telnyx.account import (
    NO_ASSOCIATE,
    NOT_E164,
    NOT_SEARCHED,
    UNAVAILABLE,
    VENDOR,
    missing,
    new_uuid,
    now,
    wrong,
)
from sandbox.telnyx.numbers import Numbers

# 0113 496 0XXX: Leeds, for drama (Ofcom).
STOCK = Stock(block="2", drama="+441134960")
MONTHLY, UPFRONT = "1.00", "1.00"
ORDER: Model = {
    "billing_group_id": text(1),
    "connection_id": text(1),
    "customer_reference": text(),
    "messaging_profile_id": text(1),
    "phone_numbers": array(
        record(
            {"phone_number": text(1), "bundle_id": text(1), "requirement_group_id": text(1)},
            ("phone_number",),
        ),
        low=1,
        unique=True,
    ),
}


class Orders:
    def __init__(self, store: Store, switches: Switches, organization: str, numbers: Numbers) -> None:
        self._store, self._switches, self._numbers = store, switches, numbers
        self.shelf = store.shelf(VENDOR, organization, "number_orders")
        self._searched = store.shelf(VENDOR, organization, "searched")

    def get(self, id: str) -> JsonObject:
        order = self.shelf.get(id)
        if order is None:
            raise missing()
        return order

    def free(self, number: str) -> bool:
        """For sale: in stock, nobody's, and not released before."""
        gone = self._store.shelf(VENDOR, "", "released").get(number)
        return STOCK.sells(number) and not gone and not self._store.holders(VENDOR, "numbers", number)

    def searched(self, numbers: list[str]) -> None:
        """A number can be ordered only after a search has shown it (85000)."""
        for number in numbers:
            self._searched.put(number, {"phone_number": number})

    def create(self, wanted: JsonObject) -> JsonObject:
        """The money is spent from here on, whatever becomes of the answer: counted now, active after a while."""
        numbers = [each["phone_number"] for each in wanted.pop("phone_numbers", [])]
        if not numbers:
            raise wrong("/phone_numbers", "must be present")
        for number in numbers:
            self._check(number)
        if wanted.get("connection_id") and not self._numbers.connection(wanted["connection_id"]):
            raise wrong("/connection_id", "Connection not found", NO_ASSOCIATE)
        for name in ("billing_group_id", "messaging_profile_id"):
            if name in wanted:
                raise wrong(f"/{name}", f"{name} not found", NO_ASSOCIATE)  # this sandbox has none of either
        ready = time.time() + self._switches["telnyx.order_seconds"]
        own = {name: value for name, value in wanted.items() if name in ("connection_id", "customer_reference")}
        for number in numbers:
            self._numbers.add({"phone_number": number, **own}, ready)
            self._store.count("purchases")
        stamp = now()
        order: JsonObject = {
            "id": new_uuid(),
            **wanted,
            "phone_numbers": [{"id": new_uuid(), "phone_number": number} for number in numbers],
            "sub_number_orders_ids": [new_uuid()],
            "ready_at": ready,
            "created_at": stamp,
            "updated_at": stamp,
        }
        self.shelf.put(order["id"], order)
        return order

    def _check(self, number: str) -> None:
        if not E164.fullmatch(number):
            raise wrong("/phone_numbers", f"{number} must be in +E.164 format", NOT_E164)
        if not self._searched.get(number):
            detail = "You must search for the number through our API before attempting to purchase."
            raise wrong("/phone_numbers", detail, NOT_SEARCHED)
        if not self.free(number):
            raise wrong("/phone_numbers", f"{number} is not available", UNAVAILABLE)
