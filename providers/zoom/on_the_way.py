"""What decides the calls of a number at Zoom Phone, as it stands: the first routing rule that it fits. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from providers.kernel import errors
from providers.kernel.call_handling import Stop
from providers.kernel.inventory import LiveObject
from providers.zoom.api import Api, Found, before
from providers.zoom.attachment import Attachment
from providers.zoom.byoc_number import WHERE, assignee


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number's rule, and what takes its calls before that. Raises NotFound where no rule is for it alone."""
    held, number = Attachment().on_the_way(api, e164)
    if not held.by:
        raise errors.NotFound("no routing rule is for the number", status=404)
    stops = tuple(
        Stop("attachment", f"routing rule {rule.get('name')} takes its calls first", "move that rule behind it")
        for rule in before(api.all_rules(), held.raw, e164)
    )
    yield replace(number, stops=(*number.stops, *_in_use(api, e164), *stops))


def _in_use(api: Api, e164: str) -> Iterator[Stop]:
    """Somebody at Zoom has it as a BYOC number. Credentials that may not list numbers tell nothing, and stand in no way."""
    try:
        who = assignee(api.numbers.get(e164) or Found())
    except errors.Permanent:
        return
    if who:
        yield Stop("attachment", f"at Zoom it is assigned to {who}, who gets its calls", f"unassign it ({WHERE})")
