"""What decides the calls of a number at Zoom Phone, as it stands: the first routing rule that it fits. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from providers.kernel import errors
from providers.kernel.call_handling import Stop
from providers.kernel.inventory import LiveObject
from providers.zoom.api import Api, Found, taken_by
from providers.zoom.attachment import Attachment
from providers.zoom.byoc_number import WHERE, assignee


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number's rule, and what takes its calls before that. Raises NotFound where no rule is for it alone."""
    held, number = Attachment().on_the_way(api, e164)
    if not held.by:
        raise errors.NotFound("no routing rule is for the number", status=404)
    earlier = [rule for rule in api.all_rules() if comes_first(rule, held.raw) and fits(rule, e164)]
    stops = tuple(
        Stop("attachment", f"routing rule {rule.get('name')} takes its calls first", "move that rule behind it")
        for rule in earlier
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


def comes_first(rule: Found, ours: Found) -> bool:
    """Whether a rule is tried before ours.

    Unverified: that rules are tried by ``order``, the lowest first, and the first one that fits has the call.
    """
    return bool(ours) and float(rule.get("order") or 0) < float(ours.get("order") or 0)


def fits(rule: Found, number: str) -> bool:
    """Whether a dialled number fits a rule. Patterns are PCRE; one that Python cannot read says nothing."""
    try:
        return taken_by(rule) == number or bool(re.search(str(rule.get("number_pattern")), number))
    except re.error:
        return False
