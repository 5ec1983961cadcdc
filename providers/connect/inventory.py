"""What the instances of an account hold, and what decides a number's calls. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from providers.aws.asking import Found
from providers.aws.connector import connector
from providers.connect import content
from providers.connect.api import Api, Place, last, tag
from providers.connect.attachment import Attachment
from providers.connect.connector import TYPE, Connector
from providers.connect.flow import Flow, shown
from providers.kernel.call_handling import Stop
from providers.kernel.inventory import Inventory, LiveObject, NamedObject, OwnedNumber
from providers.kernel.object import Live
from providers.kernel.route_import import Found as Route
from providers.kernel.route_import import Unmapped, WeightedUri, alone


@dataclass(frozen=True)
class _Way:
    """What a number's calls meet, as far as it goes."""

    place: Place
    number_id: str
    flow: Found | None = None
    connector: Found | None = None
    #: How the flow and the connector stand.
    transfer: content.Transfer | None = None
    origination: Live | None = None


def numbers(api: Api) -> Iterable[str]:
    """Every number of every instance."""
    return [str(each["PhoneNumber"]) for place in api.places() for each in api.numbers(place).all()]


def found(api: Api, number: str) -> Route:
    """The number's flow and connector, as the stack file says them."""
    way = _way(api, number)
    if way.flow is None:
        raise Unmapped("no flow gets its calls")
    if way.transfer is None or way.transfer.to != number:
        raise Unmapped(
            f"flow {way.flow['Name']} does more than to transfer its calls to a Voice Connector, or other things"
        )
    if way.connector is None or way.origination is None:
        raise Unmapped("its connector is not of the kind for external voice transfer, or not in this region")
    return _route(api, number, way, way.transfer, way.origination)


def _route(api: Api, number: str, way: _Way, transfer: content.Transfer, held: Live) -> Route:
    alone(number, transfer.connector_arn, dict(_flows_to(api, way.place)))
    association = next(iter(api.integrations(way.place, transfer.connector_arn)), None)
    inputs, routes = held.inputs, held.inputs["routes"]
    if not routes or not inputs["secure"] or any(each["protocol"] != "TCP" for each in routes) or association is None:
        raise Unmapped(f"connector {held.id} has no route, or one without encryption, or is not bound to the instance")
    uris = tuple(
        WeightedUri(
            f"sip:{number + '@' if rank == 0 else ''}{each['host']}:{each['port']};transport=tls", each["weight"]
        )
        for rank, each in enumerate(routes)
    )
    route: dict[str, Any] = {
        "region": way.place.region, "instance": way.place.instance, "connector": "own", "port": routes[0]["port"],
        "seconds": transfer.seconds, "user_to_user": transfer.user_to_user, "spelling": transfer.spelling,
    }  # fmt: skip
    ids = {
        f"connector-{way.place.region}": held.id,
        f"association-{way.place.region}": str(association["IntegrationAssociationId"]),
        "flow": str((way.flow or {})["Id"]),
        "attachment": way.number_id,
    }
    return Route(route, ids, uris)


def _flows_to(api: Api, place: Place) -> Iterator[tuple[str, str]]:
    """By number, the connector that its flow sends calls to."""
    for link in api.links(place).all():
        flow = api.flow(place, last(str(link["FlowId"])))
        does = content.read(str(flow.get("Content") or "")) if flow else None
        yield last(str(link["ResourceId"])), does.connector_arn if does else ""


def _way(api: Api, number: str) -> _Way:
    place, _ = api.expected(number)
    claimed = api.number(place, number, fresh=False)
    return _followed(api, place, str(claimed["PhoneNumberId"]))


def _followed(api: Api, place: Place, number_id: str) -> _Way:
    id = api.flow_of(place, number_id, fresh=False)
    flow = api.flow(place, id) if id else None
    does = content.read(str(flow.get("Content") or "")) if flow else None
    held = api.connectors(place.region).get(last(does.connector_arn)) if does else None
    if held is None or held.get("IntegrationType") != TYPE:
        return _Way(place, number_id, flow, transfer=does)
    return _Way(place, number_id, flow, held, does, connector(api, held))


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number, then its flow, then its connector. Raises NotFound."""
    _, number = Attachment().on_the_way(api, e164)
    yield number
    way = _way(api, e164)
    if way.flow:
        yield LiveObject(Flow.kind, shown(way.place, way.flow, way.place.instance), tuple(_stops(api, way)))
    if way.origination:
        yield LiveObject(Connector.kind, way.origination)


def _stops(api: Api, way: _Way) -> Iterator[Stop]:
    """What its settings alone do not show."""
    if way.transfer is None:
        yield Stop("trunk", "its flow does other things than to transfer calls to a connector", "declare the number")
    elif not api.integrations(way.place, way.transfer.connector_arn):
        yield Stop("trunk", "the instance is not associated with the connector", "xtel apply STACK associates it")


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    for place in api.places():
        for each in api.numbers(place).all():
            yield _owned(api, place, each)


def _owned(api: Api, place: Place, number: Found) -> OwnedNumber:
    e164 = str(number["PhoneNumber"])
    way = _followed(api, place, str(number["Id"]))
    if way.flow is None:
        return OwnedNumber(e164, remark="no flow gets its calls")
    attached = _named(way.flow)
    if way.transfer is None or way.origination is None:
        return OwnedNumber(e164, attached, remark="its flow does other things than to transfer calls to a connector")
    inputs = way.origination.inputs
    if not inputs["enabled"]:
        return OwnedNumber(e164, attached, remark="the connector's origination is disabled")
    transport = "tls" if inputs["secure"] else "tcp"
    targets = (
        f"sip:{way.transfer.to}@{each['host']}:{each['port']};transport={'udp' if each['protocol'] == 'UDP' else transport}"
        for each in inputs["routes"]
    )
    return OwnedNumber(e164, attached, tuple(targets))


def _named(flow: Found) -> NamedObject:
    return NamedObject("flow", str(flow["Id"]), tag(flow) or str(flow["Name"]))


def _objects(api: Api) -> Iterator[NamedObject]:
    """Flows of instances, and connectors for transfers."""
    for place in api.places():
        for summary in api.flows(place).all():
            if flow := api.flow(place, str(summary["Id"])):
                yield _named(flow)
    for region in sorted({place.region for place in api.places()}):  # without an instance nobody transfers there
        for each in api.connectors(region).all():
            if each.get("IntegrationType") == TYPE:
                yield NamedObject("connector", str(each["VoiceConnectorId"]), api.marker(each) or str(each["Name"]))


INVENTORY = Inventory[Api](_numbers, _objects)
