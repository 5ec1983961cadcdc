"""A number's association with a flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.aws.asking import absent
from providers.connect.api import Api, Place, last, tag
from providers.connect.ranges import Region
from providers.kernel import attachment, errors, marker
from providers.kernel.attachment import Held
from providers.kernel.object import Live
from providers.kernel.spec import Spec
from providers.kernel.values import Unknown

_LINK = "ContactFlowId"


class AttachmentSpec(attachment.AttachmentSpec):
    """A number on a flow."""

    region: Region = Field("us-east-1", description="The AWS region of the instance.")
    instance: str = Field("", description="Id of the instance; empty: the only one of the region.")
    flow_id: str = Field(description="The flow that gets its calls.")


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The flow of a claimed number.

    Calls: ListPhoneNumbers, DescribePhoneNumber, ListFlowAssociations, AssociatePhoneNumberContactFlow,
    DisassociatePhoneNumberContactFlow. Delete: back to the flow it had, or to none; the number is never released.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    final = frozenset({"region", "instance"})
    references = frozenset({"flow_id"})
    outputs = ("attached_to", "previous", "instance_id")
    link = _LINK

    def loss(self, paths: list[str]) -> str:
        """A number is an instance's."""
        return "an instance's numbers stay in it; take the number out of the stack, then declare it anew"

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """By the instance's numbers, and its list of which flow they have."""
        place, declared = api.expected(number)
        found = api.number(place, number, fresh=fresh)
        id = str(found["PhoneNumberId"])
        by = api.flow_of(place, id, fresh=fresh)
        inputs = {"phone_number": number, "region": place.region, "instance": declared or None, "flow_id": by or None}
        outputs = {"instance_id": place.instance}
        return Held(id, by, inputs, f"flow {by} gets its calls" if by else "", outputs, raw=found)

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By the id, or by the flow's tag."""
        if not isinstance(spec.flow_id, Unknown):
            return held.by == spec.flow_id
        found = api.flow(_place(held), held.by) if held.by else None
        return found is not None and marker.same_stack(tag(found), spec.marker)

    def to(self, spec: AttachmentSpec) -> str:
        """The flow."""
        return spec.flow_id

    def usable(self, held: Held) -> None:
        """Only a number that is claimed, and to the instance itself."""
        status: Mapping[str, Any] = held.raw.get("PhoneNumberStatus") or {}
        if (now := str(status.get("Status") or "")) != "CLAIMED":
            told = f": {status['Message']}" if status.get("Message") else ""
            raise errors.Conflict(
                f"its status is {now or 'not told'}{told}",
                step="see what the Connect console asks for (Phone numbers), then run it again",
            )
        target = str(held.raw.get("TargetArn") or "")
        if ":traffic-distribution-group/" in target:
            raise errors.Conflict(
                f"it belongs to the traffic distribution group {last(target)}, and not to the instance alone",
                step="move it to the instance (UpdatePhoneNumber, with the instance as the target), or use another number",
            )

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """AssociatePhoneNumberContactFlow. Unverified: that it replaces an earlier flow without a word."""
        place, _ = api.expected(spec.phone_number)
        _associate(api, place, id, spec.flow_id)

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """Whether any instance that this run has to do with has the flow."""
        return any(api.flow(place, previous[_LINK]) for place in api.used())

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """Associated with the flow it had."""
        _associate(api, _place(held), held.id, previous[_LINK])

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """Disassociated; the number stays claimed."""
        place = _place(held)
        api.links(place).changed(held.id)

        def done() -> dict[str, Any]:
            client = api.connect(place.region)
            return client.disassociate_phone_number_contact_flow(PhoneNumberId=held.id, InstanceId=place.instance)

        absent(done)

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By the instance's whole list of numbers with a flow."""
        place = Place(str(state["region"]), str(state["instance_id"]))
        links = {last(str(each["ResourceId"])): last(str(each["FlowId"])) for each in api.links(place).all(fresh=True)}
        return links.get(id) == state["attached_to"]

    # -- whose number it is stands in what is declared, and in the state ------------------------------------------------

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """In the declared instance."""
        _expect(api, spec)
        return super().find(api, spec, fresh=fresh)

    def recorded(self, api: Api, id: str, spec: AttachmentSpec) -> Live | None:
        """In the declared instance."""
        _expect(api, spec)
        return super().recorded(api, id, spec)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """In the instance that the state names."""
        _recall(api, state)
        return super().read(api, id, state, fresh=fresh)

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """In the instance that the state names."""
        _recall(api, state)
        return super().update(api, id, spec, state)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """In the instance that the state names."""
        _recall(api, state)
        super().delete(api, id, state)

    def instead(self, api: Api, state: Mapping[str, Any]) -> str:
        """In the instance that the state names."""
        _recall(api, state)
        return super().instead(api, state)


def _expect(api: Api, spec: AttachmentSpec) -> None:
    api.expect(spec.phone_number, api.place(spec.region, spec.instance), spec.instance)


def _recall(api: Api, state: Mapping[str, Any]) -> None:
    place = Place(str(state["region"]), str(state["instance_id"]))
    api.expect(str(state["phone_number"]), place, str(state.get("instance") or ""))


def _place(held: Held) -> Place:
    return Place(str(held.inputs["region"]), str(held.outputs["instance_id"]))


def _associate(api: Api, place: Place, id: str, flow: str) -> None:
    api.links(place).changed(id)
    api.connect(place.region).associate_phone_number_contact_flow(
        PhoneNumberId=id, InstanceId=place.instance, ContactFlowId=flow
    )
