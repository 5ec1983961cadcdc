"""The dial plan of a stack at Webex Calling: which local gateway its numbers' calls leave by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, model_validator

from providers.kernel import errors
from providers.kernel.call_handling import CallHandling, ids
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.webex.api import DIAL_PLANS, Api, Found, given_back, own_name, plan_path
from providers.webex.ways import Name, own_group, own_trunk

#: The inputs that say where its calls go: one of the first four, the last one beside a location.
_WAYS = ("trunk", "route_group", "location", "group", "certificate")


class DialPlanSpec(Spec):
    """A dial plan without patterns: each number brings its own."""

    trunk: Name = Field("", description="Name of the trunk that its calls leave by.")
    route_group: Name = Field("", description="Name of the route group that its calls leave by, instead of a trunk.")
    location: Name = Field("", description="Name of the location whose trunk of ours they leave by, instead of either.")
    certificate: str = Field("", description="FQDN of that trunk, where it is certificate-based.")
    group: str = Field("", description="What the stack knows a route group of its own by, instead of all these.")

    @model_validator(mode="after")
    def _one_way(self) -> DialPlanSpec:
        if sum(map(bool, (self.trunk, self.route_group, self.location, self.group))) != 1:
            raise ValueError(
                "a dial plan has one way out: name a trunk, a route group or the location of a trunk of ours"
            )
        if self.certificate and not self.location:
            raise ValueError("certificate: is of a trunk of ours, in a location")
        return self


class DialPlan(Object[Api, DialPlanSpec]):
    """A dial plan, made without patterns, so that no refused pattern leaves half of one.

    The trunk or route group is adopted by its name, and never changed; or it is the stack's own, made before the plan.

    Calls: /v1/telephony/config/premisePstn/dialPlans, trunks and routeGroups (reads). Ours is one by its name: ``xtel`` and
    8 hex digits. Delete: the plan, unless others have patterns in it: then it stays, under another name.
    """

    kind = "DialPlan"
    spec: ClassVar[type[Spec]] = DialPlanSpec
    outputs = ("dial_plan_id", NAMED)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """The gateways of the numbers are part of it. What a route group of the stack's own leads to is that one's to say."""
        return CallHandling(enabled=True, tries=ids(inputs, "group"), equipment=_equipment(inputs))

    def find(self, api: Api, spec: DialPlanSpec, *, fresh: bool) -> Live | None:
        """By its name, which is the marker."""
        found = api.plans(own_name(spec.marker, _way(dict(spec))))
        return _live(found[0], spec.canonical()) if found else None

    def preflight(self, api: Api, spec: DialPlanSpec) -> Obstacle | None:
        """The trunk or route group must be there; our own is made before the plan."""
        if spec.location or spec.group:
            return None
        try:
            api.way(trunk=spec.trunk, route_group=spec.route_group)
        except errors.NotFound as error:
            return Obstacle(error.reason, error.step)
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET dialPlans/{id}."""
        return _live(api.ask(plan_path(id)), state)

    def create(self, api: Api, spec: DialPlanSpec) -> Live:
        """POST dialPlans with no patterns. A refused one would be told in a 201, and the plan would be there all the same."""
        made = api.send("POST", DIAL_PLANS, **_body(api, spec), dialPatterns=[])
        return Live(str(made.get("id") or ""), {}, {"dial_plan_id": str(made.get("id") or "")})

    def update(self, api: Api, id: str, spec: DialPlanSpec, state: Mapping[str, Any]) -> Live:
        """PUT dialPlans/{id} with all that it takes; its patterns stay."""
        api.send("PUT", plan_path(id), **_body(api, spec))
        return Live(id, {}, {"dial_plan_id": id})

    def adopt(self, api: Api, found: Live, spec: DialPlanSpec) -> Live:
        """Nothing to do when it goes where it is declared to go."""
        if all(str(found.inputs.get(name) or "") == getattr(spec, name) for name in _WAYS):
            return found
        return super().adopt(api, found, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE dialPlans/{id}."""
        api.send("DELETE", plan_path(id))

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterable[str]:
        """Patterns: those of this stack's numbers are gone before it."""
        yield from (f"pattern {item['pattern']}" for item in api.patterns_of({"id": id}))

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> str:
        """PUT dialPlans/{id} with the way it has."""
        plan = api.ask(plan_path(id))
        way = {"routeId": plan["routeId"], "routeType": plan["routeType"]}
        return given_back(name, id, lambda name: api.send("PUT", plan_path(id), name=name, **way))


def _body(api: Api, spec: DialPlanSpec) -> Found:
    name, way = own_name(spec.marker, _way(dict(spec))), _way(dict(spec))
    grouped = bool(spec.route_group or spec.group)
    id, kind = api.way(trunk="" if grouped else way, route_group=way if grouped else "")
    return {"name": name, "routeId": id, "routeType": kind}


def _way(inputs: Mapping[str, Any]) -> str:
    """The name of what its calls leave by."""
    mark, location, group = (str(inputs.get(name) or "") for name in ("marker", "location", "group"))
    if location:
        return own_trunk(mark, location, str(inputs.get("certificate") or ""))
    return own_group(mark, group) if group else str(inputs.get("trunk") or inputs.get("route_group") or "")


def _equipment(inputs: Mapping[str, Any]) -> str:
    if location := inputs.get("location"):
        return f"the trunk of location {location} {inputs.get('certificate') or ''}".strip()
    named = ((kind, inputs.get(kind)) for kind in ("trunk", "route_group"))
    return next((f"{kind.replace('_', ' ')} {name}" for kind, name in named if name), "")


def _live(plan: Found, declared: Mapping[str, Any]) -> Live:
    """Its name is a hash: compared with what is declared it shows the marker, or stands for somebody else's."""
    mark, way = str(declared.get("marker") or ""), _way(declared)
    ours = plan.get("name") == own_name(mark, way)
    seen = {**shown(plan).inputs, "marker": mark if ours else plan.get("name")}
    if declared.get("location") and seen["trunk"] == way:
        seen |= {"trunk": None, "location": declared["location"], "certificate": declared.get("certificate")}
    if declared.get("group") and seen["route_group"] == way:
        seen |= {"route_group": None, "group": declared["group"]}
    return replace(shown(plan), inputs=seen, ours=ours)


def shown(plan: Found) -> Live:
    """A plan as it stands, whoever made it."""
    kind = "trunk" if str(plan.get("routeType")).upper() == "TRUNK" else "route_group"
    inputs = {**dict.fromkeys(_WAYS), kind: plan.get("routeName"), "marker": plan.get("name")}
    return Live(str(plan.get("id") or ""), inputs, {"dial_plan_id": plan.get("id")}, raw=plan)
