"""What an account at Amazon Chime holds, and what decides a number's calls. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from providers.aws.asking import Found
from providers.aws.connector import connector
from providers.chime.api import Api, associated
from providers.chime.attachment import Attachment
from providers.chime.connector import Connector, part_of
from providers.kernel.inventory import Inventory, LiveObject, NamedObject, OwnedNumber
from providers.kernel.route_import import Found as Route
from providers.kernel.route_import import Unmapped, WeightedUri, alone


def numbers(api: Api) -> Iterable[str]:
    """Every number of the account."""
    return [str(each["E164PhoneNumber"]) for each in api.numbers.all()]


def found(api: Api, number: str) -> Route:
    """The number's connector with its routes, as the stack file says them."""
    owned = {str(each["E164PhoneNumber"]): associated(each) for each in api.numbers.all()}
    id = owned[number].get("VoiceConnectorId", "")
    held = api.connector(id) if id else None
    if held is None:
        raise Unmapped("it is on no Voice Connector")
    alone(number, id, {key: each.get("VoiceConnectorId", "") for key, each in owned.items()})
    inputs = connector(api, held).inputs
    uris = tuple(
        WeightedUri(f"sip:{number + '@' if rank == 0 else ''}{way['host']}:{way['port']};transport=tls", way["weight"])
        for rank, way in enumerate(inputs["routes"])
    )
    if not uris or not inputs["secure"] or any(way["protocol"] != "TCP" for way in inputs["routes"]):
        raise Unmapped(f"connector {id} has no route, or one without encryption")
    port = inputs["routes"][0]["port"]
    route = {"region": inputs["region"], "port": port}
    return Route(route, {part_of(inputs["region"]): id, "attachment": number}, uris)


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number, then its connector. Raises NotFound."""
    held, number = Attachment().on_the_way(api, e164)
    yield number
    if held.by and (found := api.connector(held.by)):
        yield LiveObject(Connector.kind, connector(api, found))


def _named(api: Api, found: Found) -> NamedObject:
    return NamedObject("connector", str(found["VoiceConnectorId"]), api.marker(found) or str(found["Name"]))


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    known = {str(each["VoiceConnectorId"]): each for each in api.every_connector()}
    for number in api.numbers.all():
        yield _owned(api, number, known)


def _owned(api: Api, number: Found, known: dict[str, Found]) -> OwnedNumber:
    e164, by = str(number["E164PhoneNumber"]), associated(number)
    id = by.get("VoiceConnectorId", "")
    if not id:
        others = ", ".join(f"{name} {value}" for name, value in by.items())
        return OwnedNumber(e164, remark=others)
    if not (held := known.get(id)):
        return OwnedNumber(e164, NamedObject("connector", id), remark="its connector is in no region that was asked")
    inputs = connector(api, held).inputs
    if not inputs["enabled"]:
        return OwnedNumber(e164, _named(api, held), remark="the connector's origination is disabled")
    transport = "tls" if inputs["secure"] else "tcp"
    targets = (
        f"sip:{e164}@{way['host']}:{way['port']};transport={'udp' if way['protocol'] == 'UDP' else transport}"
        for way in inputs["routes"]
    )
    return OwnedNumber(e164, _named(api, held), tuple(targets))


def _objects(api: Api) -> Iterator[NamedObject]:
    """Connectors for numbers: one for another service has none, and is that service's."""
    for each in api.every_connector():
        if not each.get("IntegrationType"):
            yield _named(api, each)


INVENTORY = Inventory[Api](_numbers, _objects)
