"""What an organisation's sites hold: number plans for one number alone, and what carries a name of ours. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from providers.genesys.api import TRUNKS, Api, Found
from providers.genesys.attachment import alone
from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    seen: set[str] = set()
    for site, plans in api.site_plans:
        for plan in plans:
            number = alone(plan)
            if number and number not in seen:
                seen.add(number)
                remark = f"at site {site.get('name')}, by classification {plan.get('classification')}"
                yield OwnedNumber(number, _named("number plan", plan), remark=remark)


def _objects(api: Api) -> Iterator[NamedObject]:
    for _, plans in api.site_plans:
        yield from (_named("number plan", plan) for plan in plans)
    yield from (_named("outbound route", route) for route in api.all_routes)
    yield from (_named("trunk", trunk) for trunk in api.listed(TRUNKS))


def _named(kind: str, found: Found) -> NamedObject:
    return NamedObject(kind, str(found["id"]), str(found.get("name") or ""))


INVENTORY = Inventory[Api](_numbers, _objects, owned=False)
