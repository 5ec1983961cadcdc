"""What an account has for single numbers: routing rules for one alone, and BYOC numbers. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel import errors
from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber
from providers.zoom.api import Api, Found, e164, group, taken_by, way
from providers.zoom.byoc_number import assignee, place


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    """One that has both is told of once, by its rule."""
    ruled = {number: rule for rule in api.rules.all() if (number := taken_by(rule)).startswith("+")}
    for number, rule in ruled.items():
        to = group(rule).get("name") or way(rule).get("type")
        yield OwnedNumber(number, _named(rule), remark=f"by a routing rule to {to}")
    for known in _byoc(api):
        if e164(known) not in ruled:
            who = assignee(known)
            told = f"assigned to {who}" if who else place(known).removeprefix("it is ")
            yield OwnedNumber(e164(known), None, remark=f"a BYOC number {told}")


def _byoc(api: Api) -> list[Found]:
    """Credentials that may not list numbers show rules alone."""
    try:
        return api.numbers.all()
    except errors.Permanent:
        return []


def _objects(api: Api) -> Iterator[NamedObject]:
    yield from map(_named, api.rules.all())


def _named(rule: Found) -> NamedObject:
    return NamedObject("routing rule", str(rule["routing_rule_id"]), str(rule.get("name") or ""))


INVENTORY = Inventory[Api](_numbers, _objects, owned=False)
