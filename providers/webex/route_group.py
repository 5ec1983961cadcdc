"""A route group of the stack's own at Webex Calling: trunks that are tried one after another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from pydantic import Field, model_validator

from providers.kernel import errors
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.webex.api import ROUTE_GROUPS, Api, Found, given_back, group_path
from providers.webex.ways import MOST_TRUNKS, Listed, Name, in_words, once, own_group

#: How Webex counts what uses a route group, and what each of it is called.
_USES = {
    "dialPlanCount": "dial plan",
    "routeListCount": "route list",
    "pstnConnectionCount": "PSTN connection",
    "callToExtensionCount": "call-to-extension setting",
}


class RouteGroupSpec(Spec):
    """Trunks in the order in which they are tried."""

    name: Name = Field("", description="Tells groups of the stack apart; left out: its trunks do.")
    trunks: tuple[Listed, ...] = Field(
        min_length=1, max_length=MOST_TRUNKS, description="Trunks that are there by name, ours by location and FQDN."
    )

    @model_validator(mode="after")
    def _each_once(self) -> RouteGroupSpec:
        once(self.trunks)
        return self


class RouteGroup(Object[Api, RouteGroupSpec]):
    """Trunks in their order. Ours is a group by its name: ``xtel`` and 8 hex digits.

    Calls: /v1/telephony/config/premisePstn/routeGroups, routeGroups/{id}/usage, trunks (reads). Delete: the group, unless
    others use it: then it stays, under another name.
    """

    kind = "RouteGroup"
    spec: ClassVar[type[Spec]] = RouteGroupSpec
    outputs = ("route_group_id", NAMED)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """A dial plan leads to it, and the gateways of its trunks have the calls."""
        return CallHandling(known_as=_key(inputs), equipment=f"route group {_listed(inputs)}")

    def find(self, api: Api, spec: RouteGroupSpec, *, fresh: bool) -> Live | None:
        """By its name, which is the marker; the list does not show its trunks."""
        found = api.groups(_name(spec.canonical()))
        return Live(str(found[0]["id"]), {"marker": spec.marker}) if found else None

    def preflight(self, api: Api, spec: RouteGroupSpec) -> Obstacle | None:
        """The trunks must be there; our own are made before the group."""
        try:
            for each in spec.trunks:
                if each.trunk:
                    api.way(trunk=each.trunk, route_group="")
        except errors.NotFound as error:
            return Obstacle(error.reason, error.step)
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET routeGroups/{id}, which does not show the id."""
        return _live(id, api.ask(group_path(id)), state)

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By its id, whoever named it."""
        return any(each.get("id") == id for each in api.listed(ROUTE_GROUPS, "routeGroups"))

    def create(self, api: Api, spec: RouteGroupSpec) -> Live:
        """POST routeGroups."""
        id = str(api.send("POST", ROUTE_GROUPS, **_body(api, spec)).get("id") or "")
        return Live(id, {}, {"route_group_id": id})

    def update(self, api: Api, id: str, spec: RouteGroupSpec, state: Mapping[str, Any]) -> Live:
        """PUT routeGroups/{id} with its name and every trunk."""
        api.send("PUT", group_path(id), **_body(api, spec))
        return Live(id, {}, {"route_group_id": id})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE routeGroups/{id}."""
        api.send("DELETE", group_path(id))

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterable[str]:
        """Whatever uses it: our dial plans are gone before it."""
        return api.uses(group_path(id), _USES)

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> str:
        """PUT routeGroups/{id} with the trunks that it has; their names and locations are not Webex' to be told."""
        kept = [{"id": each["id"], "priority": each["priority"]} for each in gateways(api.ask(group_path(id)))]
        fitting = re.sub(r"[^A-Za-z0-9_ ]+", " ", name)[:24].strip()
        return given_back(fitting, id, lambda name: api.send("PUT", group_path(id), name=name, localGateways=kept))


def _name(inputs: Mapping[str, Any]) -> str:
    return own_group(str(inputs.get("marker") or ""), _key(inputs))


def _key(inputs: Mapping[str, Any]) -> str:
    """What the stack knows it by."""
    return str(inputs.get("name") or "") or _listed(inputs)


def _listed(inputs: Mapping[str, Any]) -> str:
    return in_words(Listed.model_validate(each) for each in inputs.get("trunks") or ())


def _body(api: Api, spec: RouteGroupSpec) -> Found:
    ids = [api.way(trunk=each.name(spec.marker), route_group="")[0] for each in spec.trunks]
    members = [{"id": id, "priority": place} for place, id in enumerate(ids, 1)]
    return {"name": _name(spec.canonical()), "localGateways": members}


def gateways(group: Found) -> list[Found]:
    """Its trunks, whose form no specification says."""
    found = group.get("localGateways")
    each_is = isinstance(found, list) and all(isinstance(each, dict) for each in cast(list[Any], found))
    gateways = cast(list[Found], found) if each_is else [Found()]
    if not all(isinstance(each.get("priority"), int) and each.get("id") for each in gateways):
        raise errors.Unavailable("the answer does not say which trunks the route group has")
    return gateways


def _live(id: str, group: Found, declared: Mapping[str, Any]) -> Live:
    """Its name is a hash: compared with what is declared it shows the marker, or stands for somebody else's.

    Trunks that share a priority, or leave one out, are tried in another way than a list says.
    """
    mark, name = str(declared.get("marker") or ""), group.get("name")
    known = {each.name(mark): each for each in map(Listed.model_validate, declared.get("trunks") or ())}
    seen: list[dict[str, Any]] = []
    for place, each in enumerate(sorted(gateways(group), key=lambda each: each["priority"]), 1):
        called = str(each.get("name") or each.get("id") or "")
        if each["priority"] != place:
            called = f"{called} with priority {each['priority']}"
        seen.append(known.get(called, Listed(trunk=called[:80])).model_dump(exclude_none=True))
    ours = name == _name(declared)
    inputs = {"marker": mark if ours else name, "name": declared.get("name"), "trunks": seen}
    return Live(id, inputs, {"route_group_id": id}, ours=ours, holder=f"route group {name}", raw=group)
