"""What an account's routing rules hold: those for one number alone. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber
from providers.zoom.api import Api, Found, group, taken_by, way


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    for rule in api.rules.all():
        if (number := taken_by(rule)).startswith("+"):
            to = group(rule).get("name") or way(rule).get("type")
            yield OwnedNumber(number, _named(rule), remark=f"by a routing rule to {to}")


def _objects(api: Api) -> Iterator[NamedObject]:
    yield from map(_named, api.rules.all())


def _named(rule: Found) -> NamedObject:
    return NamedObject("routing rule", str(rule["routing_rule_id"]), str(rule.get("name") or ""))


INVENTORY = Inventory[Api](_numbers, _objects)
