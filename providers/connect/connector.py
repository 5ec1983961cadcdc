"""A Voice Connector that Amazon Connect transfers calls to, which AWS has to grant first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from providers.aws import connector
from providers.connect.api import QUOTA, Api
from providers.kernel import errors
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import Live, Obstacle

TYPE = "CONNECT_CALL_TRANSFER_CONNECTOR"
_ASK = f"ask AWS for it: Service Quotas, Amazon Connect, {QUOTA} (external voice transfer connectors), in {{region}}"


class Connector(connector.Connector[Api]):
    """A Voice Connector of the transfer kind with its origination. AWS's quota for these is 0 until it grants more.

    Calls: CreateVoiceConnector with its IntegrationType and its siblings; GetServiceQuota before one is made.
    """

    integration = TYPE

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """As any connector; the flow says as which number."""
        region = inputs.get("region") or "us-east-1"
        return replace(super().call_handling(inputs), sources=(f"connect:{region}",))

    def preflight(self, api: Api, spec: connector.ConnectorSpec) -> Obstacle | None:
        """Whether AWS has granted one more."""
        granted = api.granted(spec.region)
        if granted is None:
            return None
        have = sum(each.get("IntegrationType") == TYPE for each in api.connectors(spec.region).all())
        if have < granted:
            return None
        why = (
            f"AWS has granted {granted} external voice transfer connectors, and there are {have}"
            if granted
            else "AWS has not granted this account external voice transfer: without it no call leaves Amazon Connect by SIP"
        )
        return Obstacle(why, _ASK.format(region=spec.region))

    def create(self, api: Api, spec: connector.ConnectorSpec) -> Live:
        """CreateVoiceConnector; AWS refuses it where it has granted none."""
        try:
            return super().create(api, spec)
        except (errors.Denied, errors.Invalid) as error:
            if obstacle := self.preflight(api, spec):
                raise error.reworded(reason=f"{obstacle.reason}: {error.reason}", step=obstacle.step) from None
            raise

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Instances that still transfer calls to it."""
        arn = str(state["connector_arn"])
        for place in api.places():
            if place.region == state["region"] and api.integrations(place, arn):
                yield f"calls of instance {place.instance}"
