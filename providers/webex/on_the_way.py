"""What decides the calls of a number at Webex Calling, as it stands: the plan that has its pattern. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from providers.kernel import errors
from providers.kernel.call_handling import Stop
from providers.kernel.inventory import LiveObject
from providers.webex.api import Api, group_path, plan_path, trunk_path
from providers.webex.attachment import Attachment
from providers.webex.dial_plan import DialPlan, shown
from providers.webex.route_group import gateways


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number's pattern, its plan, and trunks that are offline. Raises NotFound where no plan has it."""
    held, number = Attachment().on_the_way(api, e164)
    if not held.by:
        raise errors.NotFound("no dial plan has the number as a pattern", status=404)
    plan = api.ask(plan_path(held.by))
    yield replace(number, stops=(*number.stops, *_offline(api, plan)))
    yield LiveObject(DialPlan.kind, shown(plan))


def _offline(api: Api, plan: dict[str, Any]) -> Iterator[Stop]:
    """A trunk whose gateway is away says so; a group is stopped by no fewer than all that it has."""
    id, name = str(plan["routeId"]), plan.get("routeName")
    if str(plan.get("routeType")).upper() == "TRUNK":
        if _is_offline(api, id):
            yield Stop("trunk", f"trunk {name} is offline", "connect the local gateway again")
    elif all(_is_offline(api, str(each["id"])) for each in gateways(api.ask(group_path(id)))):
        yield Stop("trunk", f"every trunk of route group {name} is offline", "connect a local gateway again")


def _is_offline(api: Api, id: str) -> bool:
    """How the status is spelled differs between documents."""
    return str(api.ask(trunk_path(id)).get("status")).upper() == "OFFLINE"
