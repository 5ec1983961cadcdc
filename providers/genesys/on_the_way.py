"""What decides the calls of a number that a site dials, as it stands: number plan, outbound route, trunk. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from providers.genesys.api import Api, Found, routes_path
from providers.genesys.attachment import Attachment, lists, shown, taker
from providers.genesys.outbound_route import OutboundRoute, live, trunks
from providers.genesys.trunk import Trunk
from providers.kernel import errors
from providers.kernel.inventory import LiveObject


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """Of the site that has the number in a number plan. Raises NotFound where none has."""
    site, plan = _plan(api, e164)
    yield LiveObject(Attachment.kind, shown(api, e164, site, plan))
    for route in api.listed(routes_path(site)):
        if plan.get("classification") in (route.get("classificationTypes") or ()):
            yield LiveObject(OutboundRoute.kind, live(api, route, site))
            for trunk in trunks(route):
                if seen := Trunk().read(api, trunk, {}, fresh=False):
                    yield LiveObject(Trunk.kind, seen)


def _plan(api: Api, number: str) -> tuple[str, Found]:
    reason = "no site has the number in a number plan of its own"
    for site in api.sites():
        plans = api.plans(str(site["id"]))
        first = taker(plans, number)
        if first and lists(first, number):
            return str(site["id"]), first
        if first and any(lists(plan, number) for plan in plans):
            reason = f"number plan {first.get('name')} of site {site.get('name')} takes its calls first"
    raise errors.NotFound(reason, status=404)
