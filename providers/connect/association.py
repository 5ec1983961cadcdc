"""The integration of an instance with a Voice Connector: without it no flow of the instance may transfer calls there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.aws.asking import Found
from providers.aws.voice import TAG
from providers.connect.api import INTEGRATION, Api, Place
from providers.connect.ranges import Region
from providers.kernel import errors
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import NAMED, Live, Object
from providers.kernel.spec import Spec
from providers.kernel.values import has_unknown


class AssociationSpec(Spec):
    """An instance, and the connector that it may transfer calls to."""

    region: Region = Field("us-east-1", description="The AWS region of the instance.")
    instance: str = Field("", description="Id of the instance; empty: the only one of the region.")
    connector_arn: str = Field(description="ARN of the Voice Connector.")


class Association(Object[Api, AssociationSpec]):
    """An integration association of the kind CALL_TRANSFER_CONNECTOR, tagged ``xtel``.

    Calls: CreateIntegrationAssociation, ListIntegrationAssociations, DeleteIntegrationAssociation, TagResource. One that is
    there without a tag (the console makes it with a connector) is ours: the connector is. AWS bills a connector until it is
    deleted.
    """

    kind = "Association"
    spec: ClassVar[type[Spec]] = AssociationSpec
    replaces = frozenset({"connector_arn"})
    final = frozenset({"region", "instance"})
    references = frozenset({"connector_arn"})
    outputs = ("association_arn", "instance_id", NAMED)

    def loss(self, paths: list[str]) -> str:
        """Nothing moves between instances."""
        return "an instance's objects stay in it; take the number out of the stack, then declare it anew"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """It lets calls through, and decides nothing about them."""
        return CallHandling()

    def find(self, api: Api, spec: AssociationSpec, *, fresh: bool) -> Live | None:
        """By the connector's ARN."""
        place = api.place(spec.region, spec.instance)
        if has_unknown(spec.connector_arn):  # of a connector that is still to be made
            return None
        found = next(iter(api.integrations(place, spec.connector_arn)), None)
        return self._live(api, place, found, spec.instance, spec.marker) if found else None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """Among those of the instance: by itself Connect shows none."""
        place = _place(state)
        found = _by_id(api, place, id, str(state.get("connector_arn") or ""))
        return self._live(api, place, found, str(state.get("instance") or ""), "") if found else None

    def _live(self, api: Api, place: Place, found: Found, declared: str, marker: str) -> Live:
        id, arn = str(found["IntegrationAssociationId"]), str(found["IntegrationAssociationArn"])
        tag = api.mark(place.region, arn)
        inputs = {
            "marker": tag,
            "region": place.region,
            "instance": declared or None,
            "connector_arn": str(found["IntegrationArn"]),
        }
        ours = not marker or tag in {"", marker}
        holder = "" if ours else f"integration association {id} of instance {place.instance}, tagged {tag}"
        return Live(id, inputs, {"association_arn": arn, "instance_id": place.instance}, ours=ours, holder=holder)

    def recorded(self, api: Api, id: str, spec: AssociationSpec) -> Live | None:
        """In the declared instance."""
        place = api.place(spec.region, spec.instance)
        return self.read(api, id, {**spec.canonical(), "instance_id": place.instance}, fresh=False)

    def create(self, api: Api, spec: AssociationSpec) -> Live:
        """CreateIntegrationAssociation with its tag. Unverified: whether AWS lets anybody but its console do this."""
        place = api.place(spec.region, spec.instance)
        try:
            made = api.connect(place.region).create_integration_association(
                InstanceId=place.instance, IntegrationType=INTEGRATION, IntegrationArn=spec.connector_arn,
                Tags={TAG: spec.marker},
            )  # fmt: skip
        except (errors.Denied, errors.Invalid) as error:
            raise error.reworded(
                step="allow chime:AssociateVoiceConnectorConnect, or add the connector to the instance in the Connect "
                "console (External voice systems), then run it again"
            ) from None
        return Live(str(made["IntegrationAssociationId"]), {}, _outputs(place, made))

    def update(self, api: Api, id: str, spec: AssociationSpec, state: Mapping[str, Any]) -> Live:
        """Its tag is all that changes in place."""
        place = api.place(spec.region, spec.instance)
        found = _by_id(api, place, id, spec.connector_arn)
        if found is None:
            raise errors.NotFound(f"{id} is not there", status=404, step="run it again")
        api.set_mark(place.region, str(found["IntegrationAssociationArn"]), spec.marker)
        return Live(id, {}, _outputs(place, found))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DeleteIntegrationAssociation."""
        place = _place(state)
        api.connect(place.region).delete_integration_association(InstanceId=place.instance, IntegrationAssociationId=id)

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Flows of the instance that still send calls to the connector."""
        place, arn = _place(state), str(state["connector_arn"])
        for summary in api.flows(place).all(fresh=True):
            flow = api.flow(place, str(summary["Id"]))
            if flow and arn in str(flow.get("Content") or ""):
                yield f"flow {flow['Name']}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """TagResource."""
        api.set_mark(str(state["region"]), str(state["association_arn"]), name)

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By the instance's whole list."""
        return any(each["IntegrationAssociationId"] == id for each in api.integrations(_place(state)))


def _place(state: Mapping[str, Any]) -> Place:
    return Place(str(state["region"]), str(state["instance_id"]))


def _by_id(api: Api, place: Place, id: str, arn: str) -> Found | None:
    """Of one connector there is one."""
    return next((each for each in api.integrations(place, arn) if each["IntegrationAssociationId"] == id), None)


def _outputs(place: Place, found: Found) -> dict[str, Any]:
    return {"association_arn": str(found["IntegrationAssociationArn"]), "instance_id": place.instance}
