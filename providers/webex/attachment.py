"""A number's dial pattern at Webex Calling: the dial plan that takes the calls which are dialled to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import attachment, errors, marker
from providers.kernel.attachment import Held
from providers.kernel.call_handling import CallHandling, ids
from providers.kernel.spec import Spec
from providers.kernel.values import Unknown
from providers.webex.api import Api, Found, own_name, plan_path

#: Under this name, the carrier's, numbers of a stack share their plan.
SHARED = "webex"


class AttachmentSpec(attachment.AttachmentSpec):
    """A number, and the dial plan that has it as a pattern."""

    dial_plan_id: str = Field(description="The dial plan.")


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The exact pattern of a number in a dial plan; a pattern is in one plan of the whole organisation at most.

    Calls: GET dialPlans, GET and PUT dialPlans/{id}/dialPatterns. An exact E.164 number is always a pattern that Webex takes,
    so nothing is validated by a request. Delete: the pattern goes back into the plan that had it, or is removed.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    references = frozenset({"dial_plan_id"})
    outputs = ("attached_to", "previous")
    link = "dial_plan_id"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Whoever in the organisation dials the number is sent by this plan."""
        return CallHandling(takes=str(inputs.get("phone_number") or ""), tries=ids(inputs, "dial_plan_id"))

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """The plan that has the number as a pattern."""
        found = api.patterns.get(number, fresh=fresh)
        plan: Found = found["plan"] if found else Found()
        id, name = str(plan.get("id") or ""), str(plan.get("name") or "")
        holder = f"it is a pattern of dial plan {name or id}" if id else ""
        return Held(number, id, {"phone_number": number, "dial_plan_id": id or None}, holder, raw=plan)

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By the plan's id; in a preview, which does not know it yet, by the plan's name."""
        if isinstance(spec.dial_plan_id, Unknown):
            return _of_this_stack(spec.marker, held.raw)
        return held.by == spec.dial_plan_id

    def to(self, spec: AttachmentSpec) -> str:
        """The plan."""
        return spec.dial_plan_id

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """PUT …/dialPatterns: out of the plan that has it, into ours."""
        held = self.held(api, spec.phone_number, fresh=True)
        if held.by and held.by != spec.dial_plan_id:
            self._move(api, held, spec.dial_plan_id)
        elif not held.by:
            api.change_pattern(spec.dial_plan_id, spec.phone_number, "ADD")

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """GET dialPlans/{id}."""
        try:
            api.ask(plan_path(previous[self.link]))
        except errors.NotFound:
            return False
        return True

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """PUT …/dialPatterns: out of ours, into the plan that had it, which is looked for before anything is changed."""
        if not self.there(api, previous):
            raise errors.NotFound(f"there is no dial plan {previous[self.link]}", status=404)
        now = self.held(api, held.id, fresh=True)
        if now.by and now.by != previous[self.link]:
            self._move(api, now, previous[self.link])
        elif not now.by:
            api.change_pattern(previous[self.link], held.id, "ADD")

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """PUT …/dialPatterns: out of ours."""
        if held.by:
            api.change_pattern(held.by, held.id, "DELETE")

    def let_go(self, held: Held, state: Mapping[str, Any]) -> bool:
        """Between two plans it is in none."""
        return not held.by

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By every pattern of every plan, without a filter."""
        return any(each["pattern"] == id and each["plan"]["id"] == state["attached_to"] for each in api.all_patterns())

    def _move(self, api: Api, held: Held, to: str) -> None:
        """Two writes, for no pattern may be in two plans: where the second is refused, the first is undone."""
        try:
            api.change_pattern(held.by, held.id, "DELETE")
        except errors.Unavailable:
            if self.held(api, held.id, fresh=True).by:
                raise
        if self.held(api, held.id, fresh=True).by == held.by:
            raise errors.NotApplied(
                f"taking {held.id} out of its dial plan was accepted, but not done: {self.link}", fields=(self.link,)
            )
        try:
            api.change_pattern(to, held.id, "ADD")
        except errors.CarrierError:
            if not self.held(api, held.id, fresh=True).by:
                api.change_pattern(held.by, held.id, "ADD")
            raise


def _of_this_stack(mark: str, plan: Mapping[str, Any]) -> bool:
    """Whether a plan is this stack's by its name, as far as the marker of one of its numbers shows."""
    stack = marker.read(mark)
    return bool(stack) and plan.get("name") == own_name(
        marker.marker(*stack, SHARED) if stack else "", str(plan.get("routeName"))
    )
