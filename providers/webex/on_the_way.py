"""What decides the calls of a number at Webex Calling, as it stands: the plan that has its pattern. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from providers.kernel import errors
from providers.kernel.call_handling import Stop
from providers.kernel.inventory import LiveObject
from providers.webex.api import Api, plan_path, trunk_path
from providers.webex.attachment import Attachment
from providers.webex.dial_plan import DialPlan, shown


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number's pattern, its plan, and a trunk that is offline. Raises NotFound where no plan has it."""
    held, number = Attachment().on_the_way(api, e164)
    if not held.by:
        raise errors.NotFound("no dial plan has the number as a pattern", status=404)
    plan = api.ask(plan_path(held.by))
    yield replace(number, stops=(*number.stops, *_offline(api, plan)))
    yield LiveObject(DialPlan.kind, shown(plan))


def _offline(api: Api, plan: dict[str, str]) -> Iterator[Stop]:
    """A registering trunk whose gateway is away says so; how the status is spelled differs between documents."""
    if str(plan.get("routeType")).upper() != "TRUNK":
        return
    trunk = api.ask(trunk_path(plan["routeId"]))
    if str(trunk.get("status")).upper() == "OFFLINE":
        yield Stop("trunk", f"trunk {plan.get('routeName')} is offline", "connect the local gateway again")
