"""A SIP media application: which Lambda Amazon asks about the calls of a SIP rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field, model_validator

from providers.aws.asking import Found, absent, settled
from providers.aws.connector import Region, legal
from providers.aws.voice import TAG
from providers.chime import function_text
from providers.chime.api import Api
from providers.chime.function_text import LambdaArn
from providers.kernel import errors
from providers.kernel.call_handling import CallHandling, ids
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import has_unknown


class MediaApplicationSpec(Spec):
    """A SIP media application."""

    region: Region = Field(description="The AWS region of the application and its Lambda.")
    lambda_arn: LambdaArn = Field(description="The Lambda function that is asked about each call.")

    @model_validator(mode="after")
    def _in_its_region(self) -> MediaApplicationSpec:
        if not has_unknown({"arn": self.lambda_arn, "region": self.region}):
            require_region(self.lambda_arn, self.region)
        return self


def require_region(arn: str, region: str) -> None:
    """Raises ValueError for a function of another region: an application asks one of its own alone."""
    if (found := function_text.parts(arn)[0]) != region:
        raise ValueError(f"the Lambda is in {found}, and Amazon asks one of {region} alone: write region: {found}")


def require_account(arn: str, account: str) -> None:
    """Raises Conflict for a function of another account: the permission that is rendered lets its own account's calls in."""
    if (found := function_text.parts(arn)[1]) != account:
        raise errors.Conflict(
            f"the Lambda is in account {found}, the credentials are of {account}: its permission refuses another account",
            step=f"deploy it in {account} and write that ARN in lambda_arn, or use the credentials of {found}",
        )


class MediaApplication(Object[Api, MediaApplicationSpec]):
    """A SIP media application with its one endpoint; the marker is the value of its tag ``xtel``.

    Calls: CreateSipMediaApplication and its siblings, TagResource. Changes in place: the Lambda. One that others' SIP rules
    have as a target stays on delete, with another name.
    """

    kind = "MediaApplication"
    spec: ClassVar[type[Spec]] = MediaApplicationSpec
    replaces = frozenset({"region"})
    outputs = ("application_id", NAMED)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Its Lambda says what becomes of a call."""
        return CallHandling(tries=ids(inputs, "lambda_arn"))

    def find(self, api: Api, spec: MediaApplicationSpec, *, fresh: bool) -> Live | None:
        """By its tag; its name, which others may bear too, narrows the search."""
        for found in api.applications(spec.region).all(fresh=fresh):
            if found.get("Name") == legal(spec.marker) and api.tagged(found) == spec.marker:
                return application(api, found)
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GetSipMediaApplication and its tags."""
        found = api.applications(str(state["region"])).get(id, fresh=fresh)
        return application(api, found) if found else None

    def preflight(self, api: Api, spec: MediaApplicationSpec) -> Obstacle | None:
        """Whether the Lambda may be asked at all."""
        require_account(spec.lambda_arn, api.own_account())
        return None

    def create(self, api: Api, spec: MediaApplicationSpec) -> Live:
        """CreateSipMediaApplication with its tag, so that a lost answer is found again; then it is waited for."""
        require_account(spec.lambda_arn, api.own_account())
        client = api.voice(spec.region)
        made: Found = client.create_sip_media_application(
            Name=legal(spec.marker),
            AwsRegion=spec.region,
            Endpoints=[{"LambdaArn": spec.lambda_arn}],
            Tags=[{"Key": TAG, "Value": spec.marker}],
        )["SipMediaApplication"]
        id = str(made["SipMediaApplicationId"])
        api.applications(spec.region).changed(id)
        settled(lambda: client.get_sip_media_application(SipMediaApplicationId=id), "lambda_arn")
        return Live(id, {}, {"application_id": id})

    def update(self, api: Api, id: str, spec: MediaApplicationSpec, state: Mapping[str, Any]) -> Live:
        """UpdateSipMediaApplication, and TagResource where the marker is another one."""
        client = api.voice(spec.region)
        found: Found = client.get_sip_media_application(SipMediaApplicationId=id)["SipMediaApplication"]
        now = application(api, found).inputs
        if now["lambda_arn"] != spec.lambda_arn:
            require_account(spec.lambda_arn, api.own_account())
        api.applications(spec.region).changed(id)
        if (found["Name"], now["lambda_arn"]) != (legal(spec.marker), spec.lambda_arn):
            client.update_sip_media_application(
                SipMediaApplicationId=id, Name=legal(spec.marker), Endpoints=[{"LambdaArn": spec.lambda_arn}]
            )
        if now["marker"] != spec.marker:
            _tag(api, found, spec.marker)
        return Live(id, {}, {"application_id": id})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DeleteSipMediaApplication; refused for as long as a rule has it."""
        api.applications(str(state["region"])).changed(id)
        api.voice(str(state["region"])).delete_sip_media_application(SipMediaApplicationId=id)

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """SIP rules that have it as a target: those of this stack's numbers are gone before it."""
        for rule in api.rules(str(state["region"])).all(fresh=True):
            if any(each["SipMediaApplicationId"] == id for each in rule["TargetApplications"]):
                yield f"SIP rule {rule['Name']}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """UpdateSipMediaApplication and TagResource."""
        client = api.voice(str(state["region"]))
        found: Found = client.get_sip_media_application(SipMediaApplicationId=id)["SipMediaApplication"]
        api.applications(str(state["region"])).changed(id)
        _tag(api, found, name)
        client.update_sip_media_application(SipMediaApplicationId=id, Name=legal(name))

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By the region's whole list."""
        found = api.applications(str(state["region"])).all(fresh=True)
        return any(each["SipMediaApplicationId"] == id for each in found)


def application(api: Api, found: Found) -> Live:
    """As it stands, with its tags."""
    id = str(found["SipMediaApplicationId"])
    endpoints: list[Found] = found.get("Endpoints") or []
    marker = absent(lambda: {"marker": api.tagged(found)}) or {"marker": ""}
    inputs = {
        "marker": marker["marker"] or str(found["Name"]),
        "region": str(found["AwsRegion"]),
        "lambda_arn": str(endpoints[0]["LambdaArn"]) if endpoints else "",
    }
    return Live(id, inputs, {"application_id": id}, holder=f"SIP media application {id} ({found['Name']})")


def _tag(api: Api, found: Found, value: str) -> None:
    api.voice(str(found["AwsRegion"])).tag_resource(
        ResourceARN=found["SipMediaApplicationArn"], Tags=[{"Key": TAG, "Value": value}]
    )
