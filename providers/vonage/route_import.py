"""From a number's voice callback to the words of the stack file. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from providers.kernel.route_import import Found, Unmapped, WeightedUri
from providers.vonage.api import Api, e164


def numbers(api: Api) -> Iterable[str]:
    """Every number of the account."""
    return [e164(number) for number in api.numbers.all()]


def found(api: Api, number: str) -> Found:
    """The SIP URI that its calls go to."""
    record = api.number(number, fresh=False)
    kind, value = record.get("voiceCallbackType"), str(record.get("voiceCallbackValue") or "")
    if kind != "sip" or not value:
        raise Unmapped("its calls go to no SIP URI")
    return Found({}, {"attachment": number}, (WeightedUri(value),))
