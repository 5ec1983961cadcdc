"""What decides the calls of a number at Twilio, as it stands. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel import errors
from providers.kernel.inventory import LiveObject
from providers.twilio.api import Api
from providers.twilio.attachment import Attachment
from providers.twilio.trunk import OriginationUrl, Trunk
from providers.twilio.voice import Application


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number, then its trunk with every origination URL, or its application. Raises NotFound."""
    held, number = Attachment().on_the_way(api, e164)
    yield number
    if sid := str(held.inputs.get("trunk_sid") or ""):
        yield from _trunk(api, sid)
    elif (sid := str(held.inputs.get("application_sid") or "")) and (
        application := Application().read(api, sid, {}, fresh=False)
    ):
        yield LiveObject("Application", application)


def _trunk(api: Api, sid: str) -> Iterator[LiveObject]:
    """Nothing where the trunk went away meanwhile."""
    try:
        trunk = Trunk().read(api, sid, {}, fresh=False)
        urls = [url.sid for url in api.origination_urls(sid)]
    except errors.NotFound:
        return
    if trunk:
        yield LiveObject("Trunk", trunk)
    for id in urls:
        if url := OriginationUrl().read(api, str(id), {"trunk_sid": sid}, fresh=False):
            yield LiveObject("OriginationUrl", url)
