"""What decides the calls of a number at Vonage, as it stands: its own record. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from providers.kernel.call_handling import Stop
from providers.kernel.inventory import LiveObject
from providers.vonage.api import Api
from providers.vonage.attachment import Attachment


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number with its voice callback; where that is no SIP URI, what gets its calls instead. Raises NotFound."""
    held, number = Attachment().on_the_way(api, e164)
    if held.by and not held.inputs["uri"]:
        elsewhere = Stop("attachment", held.holder, "xtel apply STACK sets the number's voice callback to its SIP URI")
        number = replace(number, stops=(*number.stops, elsewhere))
    yield number
