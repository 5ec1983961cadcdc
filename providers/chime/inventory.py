"""What an account at Amazon Chime holds, and what decides a number's calls. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from providers.aws.asking import Found
from providers.aws.connector import connector
from providers.aws.voice import REGIONS
from providers.chime.api import Api, associated
from providers.chime.application import MediaApplication, application
from providers.chime.attachment import Attachment
from providers.chime.connector import Connector, part_of
from providers.chime.rule import DIAL_IN, SipRule, shown, targets, usable
from providers.kernel import errors
from providers.kernel.call_handling import Stop
from providers.kernel.inventory import Inventory, LiveObject, NamedObject, OwnedNumber
from providers.kernel.object import Live
from providers.kernel.route_import import Found as Route
from providers.kernel.route_import import Unmapped, WeightedUri, alone


def numbers(api: Api) -> Iterable[str]:
    """Every number of the account."""
    return [str(each["E164PhoneNumber"]) for each in api.numbers.all()]


def found(api: Api, number: str) -> Route:
    """The number's connector with its routes, as the stack file says them."""
    owned = {str(each["E164PhoneNumber"]): associated(each) for each in api.numbers.all()}
    id = owned[number].get("VoiceConnectorId", "")
    if rule := owned[number].get("SipRuleId"):
        raise Unmapped(
            f"SIP rule {rule} has it, and where its Lambda sends calls is in no API",
            step="declare it with `lambda_arn` and `take_over: true`",
        )
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
    """The number, then its connector; of a number that a SIP rule has the rule, its applications, and the connectors that
    are marked like these: which of them the Lambda bridges to, a stack alone knows. Raises NotFound.
    """
    number = api.number(e164, fresh=False)
    if number.get("ProductType") == DIAL_IN:
        yield from _by_a_rule(api, number)
        return
    held, attached = Attachment().on_the_way(api, e164)
    yield attached
    if held.by and (found := api.connector(held.by)):
        yield LiveObject(Connector.kind, connector(api, found))


def _by_a_rule(api: Api, number: Found) -> Iterator[LiveObject]:
    e164, id = str(number["E164PhoneNumber"]), associated(number).get("SipRuleId", "")
    held = api.rule(id, api.numbers_region, fresh=False) if id else None
    stops = tuple(_stops(number))
    if held is None:
        yield LiveObject(SipRule.kind, Live(e164, {"phone_number": e164}), stops)
        return
    rule, region = held
    yield LiveObject(SipRule.kind, shown(rule, region), stops)
    for target in targets(rule):
        there = str(target["AwsRegion"])
        if app := api.applications(there).get(str(target["SipMediaApplicationId"])):
            live = application(api, app)
            yield LiveObject(MediaApplication.kind, live)
            for each in api.connectors(there).all():
                if (api.marker(each) or each["Name"]) == live.inputs["marker"]:
                    yield LiveObject(Connector.kind, connector(api, each))


def _stops(number: Found) -> Iterator[Stop]:
    try:
        usable(number)
    except errors.Conflict as error:
        yield Stop("number", error.summary, error.step)


def _named(api: Api, found: Found) -> NamedObject:
    return NamedObject("connector", str(found["VoiceConnectorId"]), api.marker(found) or str(found["Name"]))


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    known = {str(each["VoiceConnectorId"]): each for each in api.every_connector()}
    for number in api.numbers.all():
        yield _owned(api, number, known)


def _owned(api: Api, number: Found, known: dict[str, Found]) -> OwnedNumber:
    e164, by = str(number["E164PhoneNumber"]), associated(number)
    if rule := by.get("SipRuleId"):
        return _ruled(api, e164, rule)
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


def _ruled(api: Api, e164: str, id: str) -> OwnedNumber:
    """What a SIP rule has: its application carries the marker, and its Lambda says where calls go."""
    held = api.rule(id, api.numbers_region, fresh=False)
    if held is None:
        return OwnedNumber(e164, remark=f"SIP rule {id} is in no region that was asked")
    rule, _ = held
    off = f"SIP rule {id} is disabled; " if rule.get("Disabled") else ""
    for target in targets(rule):
        if app := api.applications(str(target["AwsRegion"])).get(str(target["SipMediaApplicationId"])):
            live = application(api, app)
            return OwnedNumber(
                e164, _application(live), remark=f"{off}its Lambda says where calls go: {live.inputs['lambda_arn']}"
            )
    return OwnedNumber(e164, remark=f"{off}SIP rule {id} has no application that is there")


def _application(live: Live) -> NamedObject:
    return NamedObject("SIP media application", live.id, str(live.inputs["marker"]))


def _objects(api: Api) -> Iterator[NamedObject]:
    """Connectors for numbers: one for another service has none, and is that service's."""
    for each in api.every_connector():
        if not each.get("IntegrationType"):
            yield _named(api, each)
    for region in REGIONS:
        try:
            for each in api.applications(region).all():
                yield _application(application(api, each))
        except errors.Denied:
            continue


INVENTORY = Inventory[Api](_numbers, _objects)
