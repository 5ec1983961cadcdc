"""Voice Connectors of one account, by region, and the listings that one run shares."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from providers.aws.asking import Found, absent, pages
from providers.aws.wire import Wire
from providers.kernel import errors, limits, secrecy
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings

SERVICE = "chime-sdk-voice"
#: Key of the tag that holds the marker.
TAG = "xtel"
#: The regions that have Voice Connectors, with the prefixes their calls come from (ip-ranges.json of 2026-08-22).
REGIONS = {
    "us-east-1": ("3.80.16.0/23", "99.77.254.0/24"),
    "us-west-2": ("99.77.253.0/24", "99.77.232.0/24"),
    "ca-central-1": ("99.77.233.0/24",),
    "eu-central-1": ("99.77.247.0/24",),
    "eu-west-1": ("99.77.250.0/24",),
    "eu-west-2": ("99.77.249.0/24",),
    "ap-northeast-1": ("99.77.244.0/24",),
    "ap-northeast-2": ("99.77.242.0/24",),
    "ap-southeast-1": ("99.77.240.0/24",),
    "ap-southeast-2": ("99.77.239.0/24",),
}


class Voice:
    """The Voice API of an account: base of the client of each carrier that makes connectors."""

    def __init__(self, name: str, settings: Settings, limit: limits.Limit) -> None:
        self.wire = Wire(name, settings, limit)
        self._lock = threading.Lock()
        self._regions: dict[str, Listing[Found]] = {}

    def voice(self, region: str) -> Any:
        """The Voice client of a region. Raises InputError for one without Voice Connectors: AWS's SDK makes up a host."""
        if region not in REGIONS:
            raise errors.InputError(
                f"there are no Voice Connectors in the region {secrecy.one_line(region, 40)!r}",
                step=f"write one of {', '.join(REGIONS)}",
            )
        return self.wire.client(SERVICE, region)

    def connectors(self, region: str) -> Listing[Found]:
        """A region's connectors by id."""
        with self._lock:
            if region not in self._regions:
                client = self.voice(region)
                self._regions[region] = Listing[Found](
                    lambda: pages(client.list_voice_connectors, "VoiceConnectors", "VoiceConnectorId"),
                    lambda found: str(found["VoiceConnectorId"]),
                    lambda id: absent(lambda: client.get_voice_connector(VoiceConnectorId=id)["VoiceConnector"]),
                )
            return self._regions[region]

    def every_connector(self) -> Iterable[Found]:
        """Of every region that is open to us."""
        for region in REGIONS:
            try:
                yield from self.connectors(region).all()
            except errors.Denied:
                continue

    def connector(self, id: str) -> Found | None:
        """A connector whose region nobody knows: a number shows its id alone. A region that is closed to us has none."""
        for region in REGIONS:
            try:
                if found := self.connectors(region).get(id):
                    return found
            except errors.Denied:
                continue
        return None

    def marker(self, connector: Found) -> str:
        """The marker in a connector's tags; empty where it has none. Unverified: an empty list, or none at all."""
        return self.tag(str(connector["AwsRegion"]), str(connector["VoiceConnectorArn"]))

    def tag(self, region: str, arn: str) -> str:
        """The same of anything that has an ARN."""
        tags: list[Found] = self.voice(region).list_tags_for_resource(ResourceARN=arn).get("Tags") or []
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == TAG), "")

    def origination(self, region: str, id: str) -> Found:
        """Where a connector sends calls; empty where nobody said it."""
        client = self.voice(region)
        found = absent(lambda: client.get_voice_connector_origination(VoiceConnectorId=id)["Origination"])
        return found or {}
