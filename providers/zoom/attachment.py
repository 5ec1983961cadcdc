"""A number's routing rule at Zoom Phone: where the calls go that its users make to the number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, BeforeValidator, Field

from providers.kernel import attachment, errors, operation
from providers.kernel.attachment import Held
from providers.kernel.call_handling import CallHandling, Stop
from providers.kernel.object import Live, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import e164, not_blank
from providers.zoom.api import Api, Found, before, group, way

#: What a taken rule is given back with, by the names that Zoom's write has: it is read in another shape.
_KEPT = ("name", "type", "sip_group_id", "translation")


def _trimmed(text: str) -> str:
    return text.strip()


def _number_or_none(text: str) -> str:
    return e164(text) if text else ""


Name = Annotated[str, BeforeValidator(not_blank), AfterValidator(_trimmed)]


class AttachmentSpec(attachment.AttachmentSpec):
    """A number that users dial, and the SIP group that their calls to it go to."""

    sip_group: Name = Field(min_length=1, description="Name or id of the SIP group.")
    translation: Annotated[str, AfterValidator(_number_or_none)] = Field(
        "", description="The number that the SBC is sent instead; empty: the dialled one."
    )


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The routing rule for one number. It is ours by its name, which is the marker.

    Calls: GET, POST /phone/routing_rules, PATCH, DELETE /phone/routing_rules/{id}, GET /phone/sip_groups. A rule that was
    there for the number and is taken over keeps its id and order. Delete: as it was before, or the rule is deleted.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    outputs = ("attached_to", "previous")
    link = "name"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Whoever dials the number at Zoom Phone is sent to the SBC, whose files have the number for an id too."""
        number, other = str(inputs.get("phone_number") or ""), str(inputs.get("translation") or "")
        astray = Stop("attachment", f"the SBC is sent {other} instead", "remove the rule's translation")
        to = (number,) if number and inputs.get("sip_group") else ()
        return CallHandling(
            takes=number, tries=to, stops=(astray,) if other and other != number else (),
            equipment=f"SIP group {inputs['sip_group']}" if inputs.get("sip_group") else "",
        )  # fmt: skip

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """The rule that is for this number alone."""
        rule = api.rules.get(number, fresh=fresh) or Found()
        inputs = {
            "marker": rule.get("name"),  # renamed, it is somebody's by now: that is a change like any other
            "phone_number": number,
            "sip_group": _leads_to(rule),
            "translation": rule.get("translation") or "",
        }
        name = str(rule.get("name") or rule.get("routing_rule_id") or "")
        return Held(number, name, inputs, f"routing rule {name} sends its calls elsewhere" if rule else "", raw=rule)

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """By the number; the SIP group as it is declared, by name or by id."""
        return self._taken(api, _spelled(super().find(api, spec, fresh=fresh), spec.sip_group), spec.sip_group)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """Likewise. Where an earlier rule has its calls, that one's SIP group is shown."""
        declared = str(state.get("sip_group"))
        return self._taken(api, _spelled(super().read(api, id, state, fresh=fresh), declared), declared)

    def recorded(self, api: Api, id: str, spec: AttachmentSpec) -> Live | None:
        """Likewise."""
        return _spelled(super().recorded(api, id, spec), spec.sip_group)

    def preflight(self, api: Api, spec: AttachmentSpec) -> Obstacle | None:
        """The SIP group must be there."""
        try:
            api.sip_group(spec.sip_group)
        except (errors.NotFound, errors.Conflict) as error:
            return Obstacle(error.reason, error.step)
        return super().preflight(api, spec)

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By its name."""
        return held.by == spec.marker

    def to(self, spec: AttachmentSpec) -> str:
        """The rule, by its name."""
        return spec.marker

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """POST, or PATCH of the rule that is there, with everything that decides where its calls go."""
        body = {
            "name": spec.marker,
            "type": "sip_group",
            "sip_group_id": api.sip_group(spec.sip_group)["id"],
            "translation": spec.translation,
        }
        if rule := self.held(api, spec.phone_number, fresh=True).raw:
            api.change_rule(spec.phone_number, rule["routing_rule_id"], body)
        else:
            api.make_rule(spec.phone_number, {name: value for name, value in body.items() if value})
        self._comes_first(api, spec)

    def _comes_first(self, api: Api, spec: AttachmentSpec) -> None:
        """Rules of others stay where they are: a person knows who else's calls they take. Raises NotApplied."""
        if taker := _taker(api, self.held(api, spec.phone_number, fresh=True), spec.sip_group):
            raise errors.NotApplied(
                f"routing rule {taker.get('name')} takes its calls first",
                fields=("sip_group",),
                step=f"move that rule behind {spec.marker} (Zoom's admin portal, Routing Rules), then run it again",
            )

    def _taken(self, api: Api, live: Live | None, declared: str) -> Live | None:
        """What is shown where an earlier rule leads elsewhere."""
        if live is None or not (taker := _taker(api, cast(Held, live.raw), declared)):
            return live
        named = f"routing rule {taker.get('name')} takes its calls first"
        operation.current().warn(f"{named}: move it behind {cast(Held, live.raw).by}")
        return replace(
            live, inputs={**live.inputs, "sip_group": _leads_to(taker), "translation": taker.get("translation") or ""}
        )

    def before(self, api: Api, held: Held, spec: AttachmentSpec) -> dict[str, str]:
        """The rule as a write would make it again."""
        return _writable(held.raw) if held.by and not self.ours(api, held, spec) else {}

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """Its SIP group, where it had one."""
        try:
            return not previous.get("sip_group_id") or bool(api.sip_group(previous["sip_group_id"]))
        except errors.NotFound:
            return False

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """PATCH with what it was."""
        body = {name: previous[name] for name in _KEPT if previous.get(name)}
        api.change_rule(held.id, held.raw["routing_rule_id"], {**body, "translation": previous.get("translation", "")})

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """DELETE."""
        api.delete_rule(held.id, held.raw["routing_rule_id"])

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By its own record: the list shows whether it is there, GET …/{id} whether it is gone."""
        return any(rule.get("name") == state["attached_to"] for rule in api.all_rules())


def _taker(api: Api, held: Held, declared: str) -> Found | None:
    """The first rule before a number's own that sends its calls elsewhere than to the SIP group that is declared."""
    earlier = before(api.rules.all(), held.raw, held.id)
    first = min(earlier, key=lambda rule: float(rule.get("order") or 0), default=None)
    if first is None or (
        declared in {group(first).get("id"), group(first).get("name")} and not first.get("translation")
    ):
        return None
    return first


def _leads_to(rule: Found) -> str | None:
    return group(rule).get("name") if way(rule).get("type") == "sip_group" else None


def _writable(rule: Found) -> dict[str, str]:
    """A rule as it is read, in the shape in which it is written."""
    values = (rule.get("name"), way(rule).get("type"), group(rule).get("id"), rule.get("translation"))
    return {name: str(value) for name, value in zip(_KEPT, values, strict=True) if value}


def _spelled(live: Live | None, declared: str) -> Live | None:
    """A SIP group that is declared by its id is shown by its id."""
    if live is None or live.inputs.get("sip_group") is None:
        return live
    rule = cast(Found, cast(Held, live.raw).raw)
    return replace(live, inputs={**live.inputs, "sip_group": declared}) if group(rule).get("id") == declared else live
