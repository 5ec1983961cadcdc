"""A Voice Connector and where it sends calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast

from pydantic import Field

from providers.aws.asking import Found, absent, settled
from providers.aws.voice import TAG, Voice
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.object import NAMED, Live, Object
from providers.kernel.spec import Spec, StrictModel
from providers.kernel.values import Host, Whole

Region = Literal[
    "us-east-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2", "ap-northeast-1",
    "ap-northeast-2", "ap-southeast-1", "ap-southeast-2",
]  # fmt: skip


#: Origination routes of a connector: 10 by one page of AWS, 20 by another.
MOST = 10
VoiceT = TypeVar("VoiceT", bound=Voice)


class Way(StrictModel):
    """An origination route: a host that gets the calls."""

    host: Host = Field(description="Host name or address.")
    port: Whole = Field(5061, ge=1, le=65535, description="Port.")
    protocol: Literal["TCP", "UDP"] = Field("TCP", description="TCP is TLS on a connector with encryption.")
    priority: Whole = Field(1, ge=1, le=100, description="The lowest is tried first.")
    weight: Whole = Field(1, ge=1, le=100, description="Share among routes of one priority.")


class ConnectorSpec(Spec):
    """A Voice Connector."""

    region: Region = Field("us-east-1", description="The AWS region whose addresses calls come from.")
    secure: bool = Field(
        True, description="RequireEncryption: TLS for the signaling, SRTP for the media, nothing else."
    )
    routes: tuple[Way, ...] = Field(
        min_length=1, max_length=MOST, description="Where calls go, in the order of priority."
    )
    enabled: bool = Field(True, description="Whether calls are sent on.")


class Connector(Object[VoiceT, ConnectorSpec], Generic[VoiceT]):
    """A Voice Connector with its origination; the marker is the value of its tag ``xtel``, because a name takes no + and /.

    Calls: CreateVoiceConnector and its siblings, PutVoiceConnectorOrigination (replaces all routes), TagResource.
    Changes in place: everything but the region. A carrier says what of the account stands on one (``carries``), and which
    integration it is for.
    """

    kind = "Connector"
    #: IntegrationType: for which of Amazon's services it is; empty for numbers. A feature that Amazon opens on request.
    integration: ClassVar[str] = ""
    spec: ClassVar[type[Spec]] = ConnectorSpec
    replaces = frozenset({"region"})
    outputs = ("connector_id", "connector_arn", NAMED)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Its routes by priority; the dialled number stands before the host. With encryption, TCP is TLS."""
        secure = inputs.get("secure", True) is not False
        given: list[Any] = list(inputs.get("routes") or ())
        ways = [cast(Mapping[str, Any], way) for way in given if isinstance(way, Mapping)]
        udp = any(way.get("protocol") == "UDP" for way in ways)
        return CallHandling(
            destinations=tuple(
                Destination(f"sip:{way.get('host')}:{int(way.get('port') or 5060)}", int(way.get("priority") or 1), "")
                for way in ways
            ),
            transport="udp" if udp else "tls" if secure else "tcp",
            srtp=secure,
            enabled=inputs.get("enabled", True) is True,
            sources=(f"chime:{inputs.get('region') or 'us-east-1'}",),
            dialled="+e164",
        )

    def find(self, api: VoiceT, spec: ConnectorSpec, *, fresh: bool) -> Live | None:
        """By its tag; its name, which others may bear too, narrows the search."""
        for found in api.connectors(spec.region).all(fresh=fresh):
            if (found.get("Name"), found.get("IntegrationType") or "") != (legal(spec.marker), self.integration):
                continue
            if api.marker(found) == spec.marker:
                return connector(api, found)
        return None

    def read(self, api: VoiceT, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GetVoiceConnector, its tags and its origination."""
        region = str(state.get("region") or "")
        found = api.connectors(region).get(id, fresh=fresh) if region else api.connector(id)
        return connector(api, found) if found else None

    def create(self, api: VoiceT, spec: ConnectorSpec) -> Live:
        """CreateVoiceConnector with its tag, so that a lost answer is found again; then its routes."""
        tags = [{"Key": TAG, "Value": spec.marker}]
        kind = {"IntegrationType": self.integration} if self.integration else {}
        made: Found = api.voice(spec.region).create_voice_connector(
            Name=legal(spec.marker), AwsRegion=spec.region, RequireEncryption=spec.secure, Tags=tags, **kind
        )["VoiceConnector"]
        id = str(made["VoiceConnectorId"])
        api.connectors(spec.region).changed(id)
        settled(lambda: self._route(api, id, spec), "routes")
        return Live(id, {}, _outputs(made))

    def update(self, api: VoiceT, id: str, spec: ConnectorSpec, state: Mapping[str, Any]) -> Live:
        """What differs: routes before encryption and name."""
        client = api.voice(spec.region)
        found: Found = client.get_voice_connector(VoiceConnectorId=id)["VoiceConnector"]
        now = connector(api, found)
        api.connectors(spec.region).changed(id)
        wanted = spec.canonical()
        if (now.inputs["routes"], now.inputs["enabled"]) != (wanted["routes"], wanted["enabled"]):
            self._route(api, id, spec)
        if (found["Name"], found["RequireEncryption"]) != (legal(spec.marker), spec.secure):
            client.update_voice_connector(VoiceConnectorId=id, Name=legal(spec.marker), RequireEncryption=spec.secure)
        if now.inputs["marker"] != spec.marker:
            _tag(api, found, spec.marker)
        return Live(id, {}, _outputs(found))

    def _route(self, api: VoiceT, id: str, spec: ConnectorSpec) -> None:
        routes = [
            {
                "Host": way.host, "Port": way.port, "Protocol": way.protocol, "Priority": way.priority,
                "Weight": way.weight,
            }
            for way in spec.routes
        ]  # fmt: skip
        api.voice(spec.region).put_voice_connector_origination(
            VoiceConnectorId=id, Origination={"Routes": routes, "Disabled": not spec.enabled}
        )

    def rename(self, api: VoiceT, id: str, name: str, state: Mapping[str, Any]) -> None:
        """UpdateVoiceConnector and TagResource."""
        region = str(state["region"])
        found: Found = api.voice(region).get_voice_connector(VoiceConnectorId=id)["VoiceConnector"]
        api.connectors(region).changed(id)
        _tag(api, found, name)
        api.voice(region).update_voice_connector(
            VoiceConnectorId=id, Name=legal(name), RequireEncryption=found["RequireEncryption"]
        )

    def delete(self, api: VoiceT, id: str, state: Mapping[str, Any]) -> None:
        """DeleteVoiceConnector."""
        region = str(state["region"])
        api.connectors(region).changed(id)
        api.voice(region).delete_voice_connector(VoiceConnectorId=id)

    def listed(self, api: VoiceT, id: str, state: Mapping[str, Any]) -> bool:
        """By the region's whole list."""
        found = api.connectors(str(state["region"])).all(fresh=True)
        return any(each["VoiceConnectorId"] == id for each in found)


def legal(name: str) -> str:
    """A name as Amazon takes it: letters, digits, space, dot, underscore and dash."""
    return re.sub(r"[^A-Za-z0-9 _.-]+", "-", name)[:256]


def _tag(api: Voice, found: Found, value: str) -> None:
    api.voice(str(found["AwsRegion"])).tag_resource(
        ResourceARN=found["VoiceConnectorArn"], Tags=[{"Key": TAG, "Value": value}]
    )


def _outputs(found: Found) -> dict[str, Any]:
    return {"connector_id": str(found["VoiceConnectorId"]), "connector_arn": str(found["VoiceConnectorArn"])}


def connector(api: Voice, found: Found) -> Live:
    """As it stands, with its tags and routes."""
    id, region = str(found["VoiceConnectorId"]), str(found["AwsRegion"])
    marker = absent(lambda: {"marker": api.marker(found)}) or {"marker": ""}
    origination = api.origination(region, id)
    shown: list[Found] = origination.get("Routes") or []
    routes: list[dict[str, Any]] = [
        {
            "host": str(each["Host"]).lower(), "port": each.get("Port") or 5060, "protocol": each.get("Protocol"),
            "priority": each.get("Priority"), "weight": each.get("Weight"),
        }
        for each in shown
    ]  # fmt: skip
    inputs = {
        "marker": marker["marker"] or str(found["Name"]),
        "region": region,
        "secure": bool(found["RequireEncryption"]),
        "routes": sorted(routes, key=lambda way: (way["priority"], way["host"])),
        "enabled": not origination.get("Disabled"),
    }
    return Live(id, inputs, _outputs(found), holder=f"connector {id} ({found['Name']})")
