"""A flow that hands a number's calls to a Voice Connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.aws.asking import Found
from providers.aws.connector import legal
from providers.aws.voice import TAG
from providers.connect import content
from providers.connect.api import INBOUND, Api, Place, last, tag
from providers.connect.content import Spelling, Transfer
from providers.connect.ranges import Region
from providers.kernel import errors
from providers.kernel.call_handling import CallHandling, ids
from providers.kernel.object import NAMED, Live, Object
from providers.kernel.spec import Spec
from providers.kernel.values import E164, Whole

#: Characters in the name of a flow: Connect documents this limit in its console alone.
_NAME = 127


class FlowSpec(Spec):
    """A flow that does one thing: it transfers the call, as one number, to one connector."""

    region: Region = Field("us-east-1", description="The AWS region of the instance.")
    instance: str = Field("", description="Id of the instance; empty: the only one of the region.")
    connector_arn: str = Field(description="ARN of the Voice Connector that gets the calls.")
    to: E164 = Field(description="The number in the Request-URI.")
    seconds: Whole = Field(60, ge=1, le=600, description="Seconds until nobody has answered.")
    user_to_user: str = Field("", max_length=256, description="Text or contact attributes for the header User-to-User.")
    spelling: Spelling = Field(
        "console", description="How the transfer is written: as consoles export it, or as AWS's action pages say."
    )
    enabled: bool = Field(True, description="Whether it is active and published.")


class Flow(Object[Api, FlowSpec]):
    """An inbound flow with TransferParticipantToThirdParty, tagged ``xtel``; named after the marker as well.

    Calls: CreateContactFlow, DescribeContactFlow, UpdateContactFlowContent, UpdateContactFlowMetadata, TagResource,
    DeleteContactFlow. One that somebody edited into something else shows no connector and no number, and is written anew.
    """

    kind = "Flow"
    spec: ClassVar[type[Spec]] = FlowSpec
    final = frozenset({"region", "instance"})
    references = frozenset({"connector_arn"})
    outputs = ("flow_id", "flow_arn", "instance_id", NAMED)

    def loss(self, paths: list[str]) -> str:
        """Nothing moves between instances."""
        return "an instance's objects stay in it; take the number out of the stack, then declare it anew"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """On to the connector, as the number that stands in it."""
        to, marker = str(inputs.get("to") or ""), str(inputs.get("marker") or "")
        return CallHandling(
            tries=ids(inputs, "connector_arn"),
            enabled=inputs.get("enabled", True) is True,
            dialled="" if marker.endswith(f"/{to}") else to,
        )

    def find(self, api: Api, spec: FlowSpec, *, fresh: bool) -> Live | None:
        """By its name, which no other flow of the instance has; its tag says whose it is."""
        place = api.place(spec.region, spec.instance)
        for summary in api.flows(place).all(fresh=fresh):
            if summary.get("Name") == _named(spec.marker):
                found = api.flow(place, str(summary["Id"]))
                return shown(place, found, spec.instance, spec.marker) if found else None
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """DescribeContactFlow."""
        place = _place(state)
        found = api.flow(place, id)
        return shown(place, found, str(state.get("instance") or "")) if found else None

    def recorded(self, api: Api, id: str, spec: FlowSpec) -> Live | None:
        """In the declared instance."""
        place = api.place(spec.region, spec.instance)
        return self.read(api, id, {**spec.canonical(), "instance_id": place.instance}, fresh=False)

    def create(self, api: Api, spec: FlowSpec) -> Live:
        """CreateContactFlow with its tag, published: Connect checks the content then."""
        place = api.place(spec.region, spec.instance)
        made = api.connect(place.region).create_contact_flow(
            InstanceId=place.instance, Name=_named(spec.marker), Type=INBOUND, Content=_written(spec),
            Description=_ABOUT, Status="PUBLISHED", Tags={TAG: spec.marker},
        )  # fmt: skip
        id = str(made["ContactFlowId"])
        api.flows(place).changed(id)
        if not spec.enabled:
            self._switch(api, place, id, spec)
        return Live(id, {}, _outputs(place, id, str(made["ContactFlowArn"])))

    def update(self, api: Api, id: str, spec: FlowSpec, state: Mapping[str, Any]) -> Live:
        """What differs: content, then name and whether it is active, then the tag."""
        place = api.place(spec.region, spec.instance)
        found = api.flow(place, id)
        if found is None:
            raise errors.NotFound(f"flow {id} is not there", status=404, step="run it again")
        now = shown(place, found, spec.instance).inputs
        api.flows(place).changed(id)
        if content.read(str(found["Content"])) != _transfer(spec) or found.get("Status") == "SAVED":
            api.connect(place.region).update_contact_flow_content(
                InstanceId=place.instance, ContactFlowId=id, Content=_written(spec)
            )
        if (found["Name"], found.get("State") == "ACTIVE") != (_named(spec.marker), spec.enabled):
            self._switch(api, place, id, spec)
        if now["marker"] != spec.marker:
            api.set_mark(place.region, str(found["Arn"]), spec.marker)
        return Live(id, {}, _outputs(place, id, str(found["Arn"])))

    def _switch(self, api: Api, place: Place, id: str, spec: FlowSpec) -> None:
        api.connect(place.region).update_contact_flow_metadata(
            InstanceId=place.instance, ContactFlowId=id, Name=_named(spec.marker),
            ContactFlowState="ACTIVE" if spec.enabled else "ARCHIVED",
        )  # fmt: skip

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DeleteContactFlow."""
        place = _place(state)
        api.flows(place).changed(id)
        api.connect(place.region).delete_contact_flow(InstanceId=place.instance, ContactFlowId=id)

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Numbers that somebody else put on it."""
        place = _place(state)
        for link in api.links(place).all(fresh=True):
            if last(str(link["FlowId"])) == id:
                yield f"number {last(str(link['ResourceId']))}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """UpdateContactFlowMetadata and TagResource."""
        place = _place(state)
        api.flows(place).changed(id)
        api.set_mark(place.region, str(state["flow_arn"]), name)
        api.connect(place.region).update_contact_flow_metadata(
            InstanceId=place.instance, ContactFlowId=id, Name=_named(name)
        )

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By the list of the instance's flows."""
        return any(each["Id"] == id for each in api.flows(_place(state)).all(fresh=True))


_ABOUT = "Made by xai-telephony: change the stack file, not the flow."


def _named(marker: str) -> str:
    return legal(marker)[:_NAME]


def _transfer(spec: FlowSpec) -> Transfer:
    return Transfer(spec.connector_arn, spec.to, spec.seconds, spec.user_to_user, spec.spelling)


def _written(spec: FlowSpec) -> str:
    return content.written(_transfer(spec))


def _place(state: Mapping[str, Any]) -> Place:
    return Place(str(state["region"]), str(state["instance_id"]))


def _outputs(place: Place, id: str, arn: str) -> dict[str, Any]:
    return {"flow_id": id, "flow_arn": arn, "instance_id": place.instance}


def shown(place: Place, found: Found, declared: str, marker: str = "") -> Live:
    id, name = str(found["Id"]), str(found["Name"])
    marked = tag(found)
    does = content.read(str(found.get("Content") or ""))
    inputs: dict[str, Any] = {
        "marker": marked,
        "region": place.region,
        "instance": declared or None,
        "connector_arn": does.connector_arn if does else None,
        "to": does.to if does else None,
        "seconds": does.seconds if does else None,
        "user_to_user": does.user_to_user if does else None,
        "spelling": does.spelling if does else None,
        "enabled": found.get("State") == "ACTIVE" and found.get("Status") != "SAVED",
    }
    ours = not marker or marked == marker
    holder = "" if ours else f"flow {id} ({name}) of instance {place.instance}"
    return Live(id, inputs, _outputs(place, id, str(found["Arn"])), ours=ours, holder=holder)
