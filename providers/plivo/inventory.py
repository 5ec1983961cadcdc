"""What an account at Plivo holds. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber
from providers.plivo.api import Api, Found, linked
from providers.plivo.trunk import marked, schemed


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    trunks = {str(trunk["trunk_id"]): trunk for trunk in api.trunks.all()}
    uris = {str(each["uri_uuid"]): schemed(str(each.get("uri") or "")) for each in api.uris.all()}
    applications = {str(each["app_id"]): each for each in api.listed("Application", key="app_id")}
    for number in api.numbers.all():
        e164, (kind, id) = f"+{number['number']}", linked(number)
        if kind == "trunk":
            yield _on_trunk(e164, id, trunks.get(id, {}), uris)
        elif kind:
            application = applications.get(id, {})
            asked = str(application.get("answer_url") or "")
            name = str(application.get("app_name") or "")
            yield OwnedNumber(e164, NamedObject("application", id, name), (asked,) if asked else ())
        else:
            yield OwnedNumber(e164)


def _on_trunk(e164: str, id: str, trunk: Found, uris: dict[str, str]) -> OwnedNumber:
    """First and fallback, as they are called; a trunk that is switched off calls nobody."""
    attached = NamedObject("trunk", id, str(trunk.get("name") or ""))
    if trunk.get("trunk_status") == "disabled":
        return OwnedNumber(e164, attached, remark="the trunk is switched off")
    tried = (uris.get(str(trunk.get(field) or "")) for field in ("primary_uri_uuid", "fallback_uri_uuid"))
    return OwnedNumber(e164, attached, tuple(uri for uri in tried if uri))


def _objects(api: Api) -> Iterator[NamedObject]:
    for each in api.trunks.all():
        yield NamedObject("trunk", str(each["trunk_id"]), str(each.get("name") or ""))
    for each in api.uris.all():
        yield NamedObject("URI", str(each["uri_uuid"]), marked(each))


INVENTORY = Inventory[Api](_numbers, _objects)
