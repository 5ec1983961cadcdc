"""The call route of a DID: its callers come into the flow that transfers them to the number at xAI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from providers.genesys.api import DIDS, IVRS, Api, Found, within
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import E164

#: What a DID that a call route answers is assigned to.
_BY_A_ROUTE = "IVR_CONFIG"


class CallRouteSpec(Spec):
    """A DID, and the flow that answers it."""

    did: E164 = Field(description="A number of the organisation.")
    flow_id: str = Field(description="The flow that answers it.")


class CallRoute(Object[Api, CallRouteSpec]):
    """A call route (IVR) for one DID; its name is the marker.

    Calls: architect/ivrs; didpools/dids is read. Changes in place: everything, with the version that was read; numbers that
    somebody added stay. A DID that another call route answers is never taken from it.
    """

    kind = "CallRoute"
    spec: ClassVar[type[Spec]] = CallRouteSpec
    references = frozenset({"flow_id"})
    outputs = (NAMED,)
    settle = 15.0

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """It takes the DID's calls: how the number itself is dialled is not its to say."""
        return CallHandling()

    def find(self, api: Api, spec: CallRouteSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker; else whichever has the DID."""
        if found := api.named(IVRS, spec.marker):
            return _live(found, spec.did)
        for found in api.listed(IVRS, dnis=spec.did):
            if spec.did in (found.get("dnis") or ()):
                return _live(found, spec.did, ours=False)
        return None

    def obstacle(self, found: Live, spec: CallRouteSpec) -> Obstacle | None:
        """Somebody's own callers: what they would lose is not to be told from here."""
        if found.ours:
            return None
        return Obstacle(
            f"{found.holder} answers {spec.did}",
            "take the number off it first (Admin, Routing, Call Routing): nothing of it is changed from here",
        )

    def preflight(self, api: Api, spec: CallRouteSpec) -> Obstacle | None:
        """The DID must be one of the organisation, and nobody's."""
        found = api.listed(DIDS, type="ASSIGNED_AND_UNASSIGNED", numberMatch=spec.did)
        did = next((each for each in found if each.get("number") == spec.did), None)
        if did is None:
            return Obstacle(
                f"{spec.did} is in no DID pool of this organisation",
                "buy it or bring it in first (Admin, Telephony, DID Numbers), or correct `did`",
            )
        if did.get("assigned") and did.get("ownerType") != _BY_A_ROUTE:
            owner = str(did.get("ownerType") or "somebody").lower()
            return Obstacle(f"{spec.did} is assigned to {owner}", "take it off there first, or name another `did`")
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET architect/ivrs/{id}."""
        return _live(api.there(within(IVRS, id)), str(state.get("did") or ""))

    def create(self, api: Api, spec: CallRouteSpec) -> Live:
        """POST architect/ivrs."""
        made = api.make(IVRS, _changed({}, spec, ""))
        return Live(str(made.get("id") or ""), {})

    def update(self, api: Api, id: str, spec: CallRouteSpec, state: Mapping[str, Any]) -> Live:
        """PUT architect/ivrs/{id} with everything that was read."""
        api.change(within(IVRS, id), lambda route: _changed(route, spec, str(state.get("did") or "")))
        return Live(id, {})

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Numbers that somebody added."""
        yield from (
            f"number {number}" for number in _numbers(api.there(within(IVRS, id))) if number != state.get("did")
        )

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """PUT architect/ivrs/{id} with its name, without our DID."""

        def change(route: Found) -> Found:
            return {**route, "name": name, "dnis": [each for each in _numbers(route) if each != state.get("did")]}

        api.change(within(IVRS, id), change)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE architect/ivrs/{id}."""
        api.delete_unused(within(IVRS, id))


def _changed(route: Found, spec: CallRouteSpec, before: str) -> Found:
    """A call route as it was read, with the DID in the place of the one before."""
    others = [each for each in _numbers(route) if each not in {before, spec.did}]
    now = cast(Found, route.get("openHoursFlow") or {})
    flow = now if now.get("id") == spec.flow_id else {"id": spec.flow_id}
    return {**route, "name": spec.marker, "dnis": [spec.did, *others], "openHoursFlow": flow}


def _numbers(route: Found) -> list[str]:
    return [str(each) for each in cast(list[Any], route.get("dnis") or [])]


def _live(route: Found, did: str, *, ours: bool = True) -> Live:
    """A call route as it stands, as far as one DID is concerned."""
    numbers = _numbers(route)
    inputs = {
        "marker": route.get("name"),
        "did": did if did in numbers else next(iter(numbers), None),
        "flow_id": cast(Found, route.get("openHoursFlow") or {}).get("id"),
    }
    id = str(route.get("id") or "")
    return Live(id, inputs, ours=ours, holder=f"call route {route.get('name')}", raw=route)
