"""What an account at Twilio holds. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from providers.kernel import errors
from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber
from providers.twilio.api import Api


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    trunks: dict[str, Any] = {trunk.sid: trunk for trunk in api.trunk_listing.all()}
    applications: dict[str, Any] = {each.sid: each for each in api.application_listing.all()}
    urls: dict[str, tuple[str, ...]] = {}
    for number in api.number_listing.all():
        if (sid := str(number.trunk_sid or "")) and sid not in urls:
            urls[sid] = _origination(api, sid)
        yield _number(number, trunks, applications, urls)


def _number(
    number: Any, trunks: dict[str, Any], applications: dict[str, Any], urls: dict[str, tuple[str, ...]]
) -> OwnedNumber:
    """A fax machine gets no call; a trunk counts more than an application, and that more than a URL."""
    e164 = str(number.phone_number)
    if number.voice_receive_mode == "fax":
        return OwnedNumber(e164, remark="it receives faxes")
    if sid := str(number.trunk_sid or ""):
        return OwnedNumber(e164, _named("trunk", sid, trunks.get(sid)), urls[sid])
    if sid := str(number.voice_application_sid or ""):
        application = applications.get(sid)
        asked = str(application.voice_url or "") if application else ""
        return OwnedNumber(e164, _named("application", sid, application), (asked,) if asked else ())
    asked = str(number.voice_url or "")
    return OwnedNumber(e164, NamedObject("URL", str(number.sid)), (asked,)) if asked else OwnedNumber(e164)


def _origination(api: Api, sid: str) -> tuple[str, ...]:
    """The URLs that are switched on; none where the trunk went away meanwhile."""
    try:
        found = api.origination_urls(sid)
    except errors.NotFound:
        return ()
    found = sorted(found, key=lambda url: (url.priority or 0, -(url.weight or 0), url.sid))
    return tuple(str(url.sip_url) for url in found if url.enabled is not False)


def _named(kind: str, sid: str, found: Any) -> NamedObject:
    return NamedObject(kind, sid, str(found.friendly_name or "") if found else "")


def _objects(api: Api) -> Iterator[NamedObject]:
    """An origination URL goes with its trunk."""
    yield from (_named("trunk", trunk.sid, trunk) for trunk in api.trunk_listing.all())
    yield from (_named("application", each.sid, each) for each in api.application_listing.all())


INVENTORY = Inventory[Api](_numbers, _objects)
