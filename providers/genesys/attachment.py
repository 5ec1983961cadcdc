"""A number's entry among the number plans of a site: what makes a dialled number leave by the trunk towards xAI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from providers.genesys.api import DIDS, Api, Found
from providers.genesys.trunk import Name, without_site
from providers.kernel.call_handling import CallHandling, ids
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import E164

#: Kinds of plans that hold numbers one by one.
LISTS = frozenset({"e164NumberList", "numberList"})
#: A range of more numbers than these holds none that anybody looks for one by one.
_RANGE = 100


class AttachmentSpec(Spec):
    """A number that people and flows of the organisation dial, and the classification of their calls."""

    phone_number: E164 = Field(description="The number that is dialled.")
    site: Name = Field(description="Name of the site whose number plans have it.")
    classification: Name = Field(description="Classification that its calls get; an outbound route takes them.")


class Attachment(Object[Api, AttachmentSpec]):
    """The entry for one number alone, before all that could take its calls; its name is the marker.

    Calls: GET and PUT sites/{id}/numberplans, which is one array; sites and didpools/dids are read. Entries of others go
    back as they came. One of theirs that is for this number alone is refused; with ``take_over`` ours stands before it, and
    once ours is deleted theirs counts again.
    """

    kind = "Attachment"
    spec: ClassVar[type[Spec]] = AttachmentSpec
    replaces = frozenset({"phone_number", "site"})
    outputs = ("site_id", "plan_id")
    settle = 15.0

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Whoever dials the number at this site is sent by the route of its classification."""
        site = inputs.get("site")
        return CallHandling(
            takes=str(inputs.get("phone_number") or ""),
            tries=ids(inputs, "classification"),
            equipment=f"site {site}" if site else "",
        )

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """The entry of ours, or one of theirs that is for this number alone and counts more."""
        site = api.site_id(spec.site)
        plans = api.plans(site)
        first = taker(plans, spec.phone_number)
        if first is not None and first.get("name") != spec.marker and lists(first, spec.phone_number):
            return shown(api, spec.phone_number, site, first)
        own = _ours(plans, {"marker": spec.marker})
        return shown(api, spec.phone_number, site, first, own) if own and first else None

    def preflight(self, api: Api, spec: AttachmentSpec) -> Obstacle | None:
        """The site must be there, and the number nobody's in the organisation: Genesys would call it inside."""
        return without_site(api, spec.site) or inside(api, spec.phone_number)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET sites/{id}/numberplans. Where another entry has its calls, that one's classification is shown."""
        number, site = str(state["phone_number"]), api.site_id(str(state["site"]), state)
        plans = api.plans(site)
        first = taker(plans, number)
        own = _ours(plans, state)
        return shown(api, number, site, first, own) if id == number and first and own else None

    def recorded(self, api: Api, id: str, spec: AttachmentSpec) -> Live | None:
        """Somebody's entry that becomes ours, by whatever name: it has the number's calls, and none else's."""
        site = api.site_id(spec.site)
        first = taker(api.plans(site), spec.phone_number)
        return shown(api, id, site, first, first) if first and alone(first) == id == spec.phone_number else None

    def create(self, api: Api, spec: AttachmentSpec) -> Live:
        """PUT sites/{id}/numberplans: the array as it was read, our entry before it."""
        return self.update(api, spec.phone_number, spec, {})

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """Likewise: from wherever it stands, whatever it was called."""
        site, known = api.site_id(spec.site, state), {**state, "marker": state.get("marker") or spec.marker}
        own = _ours(api.change_plans(site, lambda plans: _attached(plans, spec, known)), {"marker": spec.marker})
        return Live(id, {}, {"site_id": site, "plan_id": own.get("id") if own else ""})

    def adopt(self, api: Api, found: Live, spec: AttachmentSpec) -> Live:
        """Nothing to do when ours has the calls as declared; else it comes before theirs."""
        if found.ours and found.inputs["classification"] == spec.classification:
            return found
        return self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """PUT sites/{id}/numberplans without our entry."""

        def change(plans: list[Found]) -> list[Found]:
            own = _ours(plans, state)
            return [plan for plan in plans if plan is not own]

        api.change_plans(api.site_id(str(state["site"]), state), change)

    def instead(self, api: Api, state: Mapping[str, Any]) -> str:
        """The entry that has its calls now."""
        first = taker(api.plans(api.site_id(str(state["site"]), state)), str(state["phone_number"]))
        return f"number plan {first.get('name')}" if first and first.get("name") != state.get("marker") else ""


def classified(number: str) -> str:
    """The classification of a number's calls, where its route names none."""
    return f"xAI {number}"


def taker(plans: list[Found], number: str) -> Found | None:
    """The first entry that takes calls to a number, or may: of some kinds nobody can tell from here."""
    return next((plan for plan in plans if _may_take(plan, number)), None)


def lists(plan: Found, number: str) -> bool:
    """Whether an entry is for this number, or for a few that it is among."""
    if plan.get("matchType") not in LISTS:
        return plan.get("matchType") == "regex" and alone(plan) == number
    return any(
        _digits(each.get("start")) <= _digits(number) <= _digits(each.get("end") or each.get("start"))
        for each in cast(list[Found], plan.get("numbers") or [])
        if len(_digits(each.get("start"))) == len(_digits(number))
    )


def alone(plan: Found) -> str:
    """The one number that an entry is for; empty where there is none, or there are more."""
    if plan.get("matchType") == "regex":
        one = re.fullmatch(r"\^\(?(?:\\\+|\[\+\])([1-9][0-9]{6,14})\)?\$", str(plan.get("match") or ""))
        return f"+{one[1]}" if one else ""
    numbers = cast(list[Found], plan.get("numbers") or []) if plan.get("matchType") in LISTS else []
    start, end = ([_digits(each.get(name)) for each in numbers] for name in ("start", "end"))
    return f"+{start[0]}" if len(numbers) == 1 and start == end and len(start[0]) > 6 else ""


def numbers(plan: Found) -> Iterator[str]:
    """The numbers (E.164) that an entry lists; of a wide range none."""
    if one := alone(plan):
        yield one
        return
    for each in cast(list[Found], plan.get("numbers") or []) if plan.get("matchType") in LISTS else []:
        start, end = _digits(each.get("start")), _digits(each.get("end") or each.get("start"))
        if len(start) == len(end) > 6 and int(end) - int(start) < _RANGE:
            yield from (f"+{number}" for number in range(int(start), int(end) + 1))


def _may_take(plan: Found, number: str) -> bool:
    kind = plan.get("matchType")
    if kind in LISTS:
        return lists(plan, number)
    if kind == "regex":
        try:
            return bool(re.search(str(plan.get("match") or ""), number))
        except re.error:
            return True
    length = cast(Found, plan.get("digitLength") or {})
    low, high = (_digits(length.get(name)) for name in ("start", "end"))
    if kind == "digitLength" and low and high:
        return int(low) <= len(_digits(number)) <= int(high)
    return True


def _digits(text: object) -> str:
    return "".join(re.findall(r"[0-9]", str(text or "")))


def _ours(plans: list[Found], state: Mapping[str, Any]) -> Found | None:
    """Our entry: by the id that a state has, whatever it is called by now; else by its name."""
    by_id = next((plan for plan in plans if plan.get("id") == state.get("plan_id")), None)
    return by_id or next((plan for plan in plans if plan.get("name") == state.get("marker")), None)


def _attached(plans: list[Found], spec: AttachmentSpec, state: Mapping[str, Any]) -> list[Found]:
    """Ours stays where it is when nothing before it may take the calls; else it comes first."""
    declared = {
        "name": spec.marker,
        "matchType": "e164NumberList",
        "numbers": [{"start": spec.phone_number, "end": spec.phone_number}],
        "classification": spec.classification,
    }
    now = _ours(plans, state)
    if now is not None and now.get("matchType") in LISTS and alone(now) == spec.phone_number:
        declared |= {name: now[name] for name in ("matchType", "numbers")}
    own = {**(now or {}), **declared}
    if now is not None and taker(plans, spec.phone_number) is now:
        return [own if plan is now else plan for plan in plans]
    return [own, *(plan for plan in plans if plan is not now)]


def inside(api: Api, number: str) -> Obstacle | None:
    """A number that is somebody's in the organisation never leaves it."""
    for found in api.listed(DIDS, type="ASSIGNED", numberMatch=number):
        if found.get("number") == number:
            owner = str(found.get("ownerType") or "somebody").lower().replace("_", " ")
            return Obstacle(
                f"{number} is assigned to {owner} in this organisation: Genesys calls it inside, and never xAI",
                "register another number at xAI, and let this one's flow transfer to that",
            )
    return None


def shown(api: Api, number: str, site: str, plan: Found, own: Found | None = None) -> Live:
    """A number with the entry that has its calls, and with the name of ours, where there is one."""
    ours = own is not None
    inputs = {"phone_number": number, "site": api.site_name(site), "classification": plan.get("classification")}
    if own is not None:
        inputs["marker"] = own.get("name")
    outputs = {"site_id": site, "plan_id": own.get("id") if own else ""}
    return Live(number, inputs, outputs, ours=ours, holder=f"number plan {plan.get('name')} has its calls", raw=plan)
