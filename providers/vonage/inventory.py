"""What an account at Vonage holds. Reads only; no object there carries a name of ours."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber
from providers.vonage.api import Api, Found, e164


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    for number in api.numbers.all():
        yield _owned(number)


def _owned(number: Found) -> OwnedNumber:
    kind, value = number.get("voiceCallbackType"), str(number.get("voiceCallbackValue") or "")
    if kind in {"sip", "tel"} and value:
        return OwnedNumber(e164(number), NamedObject("voice callback", value), (value,) if kind == "sip" else ())
    application = str(number.get("app_id") or "")
    return OwnedNumber(e164(number), NamedObject("application", application) if application else None)


INVENTORY = Inventory[Api](_numbers, lambda api: ())
