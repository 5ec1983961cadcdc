"""Test calls through Twilio's Calls API: TwiML in the request, so that nobody has to host any.

twilio.com/docs/voice/api/call-resource (read 2026-11-28). Never tried against a live account.
"""

from __future__ import annotations

import time
from typing import Any

from providers.kernel import errors
from providers.kernel.caller import Caller, CallOrder, PlacedCall
from providers.twilio.api import Api

_PAUSE = 1.0
#: What a call is when nothing more happens to it.
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def _call(api: Api, order: CallOrder) -> PlacedCall:
    given: dict[str, Any] = {"send_digits": f"w{order.digits}"} if order.digits else {}
    made: Any = api.client.calls.create(
        to=order.number,
        from_=order.caller,
        twiml=f'<Response><Pause length="{order.talk}"/><Hangup/></Response>',
        timeout=order.ring,
        time_limit=order.limit,
        **given,
    )
    sid = str(made.sid)
    try:
        return _ended(api, sid, order)
    except KeyboardInterrupt:
        api.client.calls(sid).update(status="completed")
        raise


def _ended(api: Api, sid: str, order: CallOrder) -> PlacedCall:
    deadline = time.monotonic() + order.ring + order.limit + 30
    while time.monotonic() < deadline:
        found: Any = api.client.calls(sid).fetch()
        if (status := str(found.status)) in _OVER:
            return PlacedCall(sid, status == "completed", status, int(found.duration or 0))
        time.sleep(_PAUSE)
    raise errors.Unavailable(f"call {sid} does not end", step=f"look at {sid} in the console")


CALLER = Caller[Api](_call, "by its price for a call to that country, twice where both numbers are in the account")
