"""A number of the customer's own carrier in Zoom's list: a BYOC number, on the SIP group of its routing rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from providers.kernel import errors, operation
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import E164
from providers.zoom.api import Api, Found, e164
from providers.zoom.attachment import Name

WHERE = "Zoom's admin portal, Phone System Management, Phone Numbers"


class ByocNumberSpec(Spec):
    """A number that is not Zoom's, its carrier, and the SIP group that leads there."""

    phone_number: E164 = Field(description="A number of the carrier behind the SBC.")
    sip_group: Name = Field(min_length=1, description="Name or id of the SIP group.")
    byoc_carrier: Name = Field(min_length=1, description="The carrier, as Zoom calls it.")


class ByocNumber(Object[Api, ByocNumberSpec]):
    """A BYOC number that is assigned to nobody. Zoom has no place for a marker: what was there before stays.

    Calls: GET /phone/numbers, POST /phone/byoc_numbers, GET, PATCH /phone/numbers/{id}, DELETE /phone/numbers. Changes in
    place: the SIP group. Delete: taken out of Zoom, or put back on the SIP group that it had before.
    """

    kind = "ByocNumber"
    spec: ClassVar[type[Spec]] = ByocNumberSpec
    replaces: ClassVar[frozenset[str]] = frozenset({"phone_number", "byoc_carrier"})
    outputs = ("number_id", "added", "previous")

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Nothing: its routing rule sends the calls on."""
        return CallHandling()

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The marker stays the one it was made with: a number carries none, so another one changes nothing at Zoom."""
        return {**new, "marker": old["marker"]} if old.get("marker") else new

    def find(self, api: Api, spec: ByocNumberSpec, *, fresh: bool) -> Live | None:
        """By the number. It is ours where this very run has added it; else it was there before, as declared or not."""
        number = api.numbers.get(spec.phone_number, fresh=fresh)
        if number is None:
            return None
        added = spec.phone_number in api.added
        kept = {"added": added, "previous": "" if added else str(_group(number).get("id") or "")}
        holder = _obstacle(number, spec)
        return Live(
            spec.phone_number, _shown(number, spec.sip_group), {"number_id": str(number["id"]), **kept},
            ours=holder is None, holder=holder.reason if holder else "", raw=number,
        )  # fmt: skip

    def obstacle(self, found: Live, spec: ByocNumberSpec) -> Obstacle | None:
        """Somebody has it; or it is somewhere else, and only the way back from another SIP group is documented."""
        return _obstacle(found.raw, spec, moves=spec.take_over)

    def taking(self, found: Live, spec: ByocNumberSpec) -> str:
        """One that is there as declared is left there in the end."""
        return super().taking(found, spec) or "it is a BYOC number already, and stays one after destroy"

    def preflight(self, api: Api, spec: ByocNumberSpec) -> Obstacle | None:
        """The SIP group must be there."""
        try:
            api.sip_group(spec.sip_group)
        except (errors.NotFound, errors.Conflict) as error:
            return Obstacle(error.reason, error.step)
        return None

    def create(self, api: Api, spec: ByocNumberSpec) -> Live:
        """POST."""
        api.add_number(spec.phone_number, spec.byoc_carrier, api.sip_group(spec.sip_group)["id"])
        return Live(spec.phone_number, {}, {"added": True, "previous": ""})

    def adopt(self, api: Api, found: Live, spec: ByocNumberSpec) -> Live:
        """PATCH where it is on another SIP group, which is kept for the way back."""
        if not found.ours:
            self._move(api, spec)
        return Live(found.id, {}, found.outputs)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """By the list. One that was taken out and added again is another one."""
        number = api.numbers.get(id, fresh=fresh)
        if number is None or state.get("number_id", number["id"]) != number["id"]:
            return None
        if who := assignee(number):
            operation.current().warn(f"no call comes to its routing rule: it is assigned to {who}")
        return Live(id, _shown(number, str(state.get("sip_group"))), {"number_id": str(number["id"])}, raw=number)

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By its own record."""
        try:
            return bool(state.get("number_id")) and e164(api.own_record(str(state["number_id"]))) == id
        except errors.NotFound:
            return False

    def update(self, api: Api, id: str, spec: ByocNumberSpec, state: Mapping[str, Any]) -> Live:
        """PATCH; what it had before this stack stays known."""
        self._move(api, spec)
        return Live(id, {})

    def _move(self, api: Api, spec: ByocNumberSpec) -> None:
        """The way back is known only now: when the answer is lost, look now and not in the next run."""
        number = api.numbers.get(spec.phone_number, fresh=True)
        if number is None:
            raise errors.NotFound("it is no BYOC number any more", step="`pulumi up --refresh` adds it again")
        if obstacle := _in_use(number):
            raise errors.Conflict(obstacle.reason, step=obstacle.step)
        try:
            api.move_number(spec.phone_number, str(number["id"]), api.sip_group(spec.sip_group)["id"])
        except errors.Unavailable:
            now = api.numbers.get(spec.phone_number, fresh=True)
            if not (now and _on(now, spec.sip_group)):
                raise

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE of what this stack has added and nobody uses; else the SIP group that it had, or nothing."""
        number = api.numbers.get(id, fresh=True)
        if number is None:
            return
        if why := _stays(api, number, state):
            operation.current().warn(f"it stays a BYOC number at Zoom: {why}")
        elif state.get("added"):
            api.remove_number(id)
        else:
            self._put_back(api, id, number, str(state["previous"]))

    def _put_back(self, api: Api, id: str, number: Found, group: str) -> None:
        try:
            api.move_number(id, str(number["id"]), group)
        except errors.Permanent as error:
            if _there(api, group):
                raise
            operation.current().warn(f"SIP group {group}, which it had before, is gone: {error.reason}")

    def remains(self, api: Api, seen: Live, state: Mapping[str, Any]) -> str:
        """What destroy leaves on purpose is as it should be."""
        number = cast(Found, seen.raw)
        if _stays(api, number, state) or not (state.get("added") or _there(api, str(state["previous"]))):
            return ""
        return "it is still there" if state.get("added") else f"sip_group is still {_name(number)}"

    def instead(self, api: Api, state: Mapping[str, Any]) -> str:
        """Where it is now."""
        number = api.numbers.get(str(state["phone_number"]))
        return place(number) if number and not _on(number, str(state.get("sip_group"))) else ""


def _stays(api: Api, number: Found, state: Mapping[str, Any]) -> str:
    """Why destroy leaves the number as it is; empty where it does not. What was added just now is undone in any case."""
    if who := assignee(number):
        return f"it is assigned to {who}"
    if e164(number) in api.added:
        return ""
    if state.get("number_id", number["id"]) != number["id"]:
        return "somebody took it out and added it again"
    if not state.get("added") and state.get("previous", "") == _group(number).get("id", ""):
        return "it was there before this stack"
    return "" if _on(number, str(state.get("sip_group"))) else f"somebody moved it: {place(number)}"


def _there(api: Api, group: str) -> bool:
    try:
        return bool(api.sip_group(group))
    except errors.NotFound:
        return False


def _obstacle(number: Found, spec: ByocNumberSpec, *, moves: bool = False) -> Obstacle | None:
    """What keeps a BYOC number that is there from being what is declared; ``moves``: another SIP group does not."""
    if obstacle := _in_use(number):
        return obstacle
    if (carrier := _carrier(number)) and carrier != spec.byoc_carrier:
        return Obstacle(
            f"it is a BYOC number of carrier {carrier!r}, which no call changes",
            f"write `byoc_carrier: {carrier}`, or take it out of Zoom first ({WHERE})",
        )
    if _on(number, spec.sip_group):
        return None
    if not _group(number):
        return Obstacle(
            "it is a BYOC number on no SIP group, and nothing is documented that puts it back so",
            f"give it SIP group {spec.sip_group}, or take it out of Zoom first ({WHERE})",
        )
    if moves:
        return None
    return Obstacle(place(number), "`take_over: true` on the number moves it until destroy; or name that SIP group")


def _in_use(number: Found) -> Obstacle | None:
    """Zoom asks its own users and extensions first."""
    if not (who := assignee(number)):
        return None
    return Obstacle(
        f"it is assigned to {who}: its calls never come to a routing rule",
        f"unassign it ({WHERE}), or declare another number",
    )


def _shown(number: Found, declared: str) -> dict[str, Any]:
    """The declared fields; a SIP group that is declared by its id is shown by its id."""
    group = declared if _on(number, declared) else _name(number)
    return {"phone_number": e164(number), "sip_group": group or None, "byoc_carrier": _carrier(number) or None}


def _group(number: Found) -> Found:
    return cast(Found, number.get("sip_group") or Found())


def _name(number: Found) -> str:
    return str(_group(number).get("display_name") or "")


def _on(number: Found, group: str) -> bool:
    return group in {_group(number).get("id"), _name(number)} - {"", None}


def place(number: Found) -> str:
    return f"it is on SIP group {_name(number)}" if _group(number) else "it is on no SIP group"


def _carrier(number: Found) -> str:
    return str(cast(Found, number.get("carrier") or Found()).get("name") or "")


def assignee(number: Found) -> str:
    """Who has it, in words; empty for nobody."""
    found = cast(Found, number.get("assignee") or Found())
    return f"{found.get('type') or 'somebody'} {found.get('name') or found.get('id')}" if found else ""
