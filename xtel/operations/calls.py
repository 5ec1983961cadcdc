"""`xtel calls`: a call that stands at xAI is transferred, or ended."""

from __future__ import annotations

import asyncio
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from providers.kernel.errors import InputError, XtelError
from xtel import terminal

if TYPE_CHECKING:
    from xai_resources.calls import Call, Transfer
    from xtel.engine.access import Access

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def refer(access: Access, id: str, target: str) -> Transfer:
    """Transfers a call; a number is meant as its ``tel:`` URI. Waits for the outcome; raises XtelError."""
    from xai_resources.calls import CallError

    call, uri = _call(access, id), f"tel:{target}" if _NUMBER.fullmatch(target) else target
    try:
        return asyncio.run(call.refer(uri))
    except ValueError as error:
        raise InputError(str(error), step="name a number like +14155550188, or a tel: or sip: URI") from None
    except CallError as error:
        raise _worded(error) from None


def hangup(access: Access, id: str) -> bool:
    """Ends a call; False where it was over. Raises XtelError."""
    from xai_resources.calls import CallError

    call = _call(access, id)
    try:
        return asyncio.run(call.hangup())
    except CallError as error:
        raise _worded(error) from None


def _call(access: Access, id: str) -> Call:
    if find_spec("websockets") is None:
        raise InputError("calls need websockets", step="pip install 'xai-telephony[calls]'")
    from xai_resources.calls import Call

    return Call(id, api_key=access.key, base_url=access.origin)


def _worded(error: Exception) -> XtelError:
    status = getattr(error, "status", 0)
    if status == 404:
        step = "see that the call stands, that somebody joined it, and that the key is of its team"
    elif status in (400, 401, 403):
        step = "check XAI_API_KEY, and the id of the call"
    else:
        step = "look whether the call still stands, then try again"
    return XtelError(str(error), step=step)


def show(id: str, done: Transfer) -> None:
    """What became of a transfer."""
    why = " ".join(filter(None, [f"SIP {done.sip_code}" if done.sip_code else "", done.reason]))
    words = {
        "answered": "the caller is with somebody else now",
        "rejected": "refused; the caller is still with the agent",
        "unanswered": "nobody answered; the caller is still with the agent",
        "unknown": "no outcome is known: look whether the session goes on before trying again",
    }
    terminal.line(f"{id}: {done.outcome}{f' ({why})' if why else ''}: {words[done.outcome]}")
