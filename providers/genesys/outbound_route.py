"""The outbound route of a site: calls of one classification leave by the trunk towards xAI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from providers.genesys.api import Api, Found, routes_path, within
from providers.genesys.attachment import alone
from providers.genesys.trunk import Name, without_site
from providers.kernel.call_handling import CallHandling, ids
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec


class OutboundRouteSpec(Spec):
    """Which calls of a site leave by which trunk."""

    site: Name = Field(description="Name of the site.")
    classification: Name = Field(description="Classification of the calls, which a number plan gives them.")
    trunk_id: str = Field(description="The trunk that they leave by.")
    enabled: bool = Field(True, description="Whether it takes calls.")


class OutboundRoute(Object[Api, OutboundRouteSpec]):
    """An outbound route of its own for a classification of its own; its name is the marker.

    Calls: sites/{id}/outboundroutes. Changes in place: everything but the site, with the version that was read. Routes of
    others are never changed: the classification is this number's alone.
    """

    kind = "OutboundRoute"
    spec: ClassVar[type[Spec]] = OutboundRouteSpec
    references = frozenset({"trunk_id"})
    replaces = frozenset({"site"})
    outputs = ("site_id",)
    settle = 15.0

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Calls of the classification go to the trunk."""
        return CallHandling(
            known_as=str(inputs.get("classification") or ""),
            tries=ids(inputs, "trunk_id"),
            enabled=inputs.get("enabled", True) is True,
        )

    def find(self, api: Api, spec: OutboundRouteSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker, in its site."""
        site = api.site_id(spec.site)
        found = api.named(routes_path(site), spec.marker)
        return live(api, found, site) if found else None

    def preflight(self, api: Api, spec: OutboundRouteSpec) -> Obstacle | None:
        """The site must be there, and the classification nobody else's: their calls would leave by our trunk."""
        return without_site(api, spec.site) or _classified(api, spec)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET sites/{id}/outboundroutes/{id}."""
        site = api.site_id(str(state["site"]), state)
        return live(api, api.there(within(routes_path(site), id)), site)

    def create(self, api: Api, spec: OutboundRouteSpec) -> Live:
        """POST sites/{id}/outboundroutes."""
        site = api.site_id(spec.site)
        made = api.make(routes_path(site), _changed({"distribution": "SEQUENTIAL"}, spec))
        return Live(str(made.get("id") or ""), {}, {"site_id": site})

    def update(self, api: Api, id: str, spec: OutboundRouteSpec, state: Mapping[str, Any]) -> Live:
        """PUT sites/{id}/outboundroutes/{id} with everything that was read."""
        site = api.site_id(spec.site, state)
        api.change(within(routes_path(site), id), lambda route: _changed(route, spec))
        return Live(id, {}, {"site_id": site})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE sites/{id}/outboundroutes/{id}."""
        api.delete_unused(within(routes_path(api.site_id(str(state["site"]), state)), id))


def _classified(api: Api, spec: OutboundRouteSpec) -> Obstacle | None:
    """Who else at the site uses the classification."""
    site, number = api.site_id(spec.site), spec.marker.rpartition("/")[2]
    plans = next((plans for each, plans in api.site_plans if each["id"] == site), list[Found]())
    routes = (each for each in api.all_routes if cast(Found, each.get("site") or {}).get("id") == site)
    using = [
        *(f"number plan {each.get('name')}" for each in plans if each.get("classification") == spec.classification
          and each.get("name") != spec.marker and alone(each) != number),
        *(f"outbound route {each.get('name')}" for each in routes if each.get("name") != spec.marker
          and spec.classification in cast(list[str], each.get("classificationTypes") or [])),
    ]  # fmt: skip
    if not using:
        return None
    return Obstacle(
        f"classification {spec.classification!r} is that of {', '.join(using)} too",
        "name another `classification`, or leave it out: then it is the number's alone",
    )


def _changed(route: Found, spec: OutboundRouteSpec) -> Found:
    declared = {"name": spec.marker, "classificationTypes": [spec.classification], "enabled": spec.enabled}
    kept = route.get("externalTrunkBases") if trunks(route) == [spec.trunk_id] else [{"id": spec.trunk_id}]
    return {**route, **declared, "externalTrunkBases": kept}


def trunks(route: Found) -> list[str]:
    """The ids of its trunks, in order."""
    return [str(each.get("id")) for each in cast(list[Found], route.get("externalTrunkBases") or [])]


def live(api: Api, route: Found, site: str) -> Live:
    """A route as it stands; of several trunks or classifications all are told, which is none that could be declared."""
    inputs = {
        "marker": route.get("name"),
        "site": api.site_name(site),
        "classification": ", ".join(map(str, route.get("classificationTypes") or [])) or None,
        "trunk_id": ", ".join(trunks(route)) or None,
        "enabled": route.get("enabled") is not False,
    }
    id = str(route.get("id") or "")
    return Live(id, inputs, {"site_id": site}, holder=f"outbound route {id}", raw=route)
