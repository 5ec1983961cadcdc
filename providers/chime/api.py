"""Amazon Chime SDK Voice: connectors in their region, numbers in one region, whose account it is by STS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from providers.chime.ranges import REGIONS
from providers.chime.wire import Wire
from providers.kernel import errors, limits, paging, waiting
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings

SERVICE = "chime-sdk-voice"
#: Key of the tag that holds the marker.
TAG = "xtel"
_PAGE = 100
#: Seconds between looks at a connector that was just made and may not be found yet: a minute was reported.
_SETTLING = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
Found = dict[str, Any]


class Api:
    """One account's clients, and the listings that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self._wire = Wire(settings, limit)
        #: Unverified whether other regions answer for numbers: Amazon's own samples ask this one.
        self._numbers_region = settings.get("numbers_region") or "us-east-1"
        self._lock = threading.Lock()
        self._regions: dict[str, Listing[Found]] = {}
        self.numbers = Listing[Found](self._owned, lambda found: str(found["E164PhoneNumber"]), self._number)

    def voice(self, region: str) -> Any:
        """The Voice client of a region."""
        return self._wire.client(SERVICE, region)

    @property
    def numbering(self) -> Any:
        """The Voice client for numbers."""
        return self.voice(self._numbers_region)

    def account(self) -> str:
        """STS GetCallerIdentity, which needs no right of its own: 403 means that the credentials are bad."""
        try:
            return str(self._wire.client("sts", self._numbers_region).get_caller_identity()["Account"])
        except errors.Denied as error:
            raise errors.CredentialError(
                f"Amazon Chime: AWS does not take these credentials ({error.status})",
                step="check the key, its secret, and a session token that ended",
            ) from None

    def connectors(self, region: str) -> Listing[Found]:
        """A region's connectors by id."""
        with self._lock:
            if region not in self._regions:
                client = self.voice(region)
                self._regions[region] = Listing[Found](
                    lambda: _pages(client.list_voice_connectors, "VoiceConnectors", "VoiceConnectorId"),
                    lambda found: str(found["VoiceConnectorId"]),
                    lambda id: absent(lambda: client.get_voice_connector(VoiceConnectorId=id)["VoiceConnector"]),
                )
            return self._regions[region]

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
        """The marker in a connector's tags; empty where it has none."""
        client = self.voice(str(connector["AwsRegion"]))
        tags = client.list_tags_for_resource(ResourceARN=connector["VoiceConnectorArn"])["Tags"]
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == TAG), "")

    def origination(self, region: str, id: str) -> Found:
        """Where a connector sends calls; empty where nobody said it."""
        client = self.voice(region)
        found = absent(lambda: client.get_voice_connector_origination(VoiceConnectorId=id)["Origination"])
        return found or {}

    def number(self, e164: str, *, fresh: bool) -> Found:
        """The account's number. Raises NotFound."""
        if found := self.numbers.get(e164, fresh=fresh):
            return found
        raise errors.NotFound(
            "this account does not own the number", status=404, step="order or port it at Amazon, or correct the number"
        )

    def _owned(self) -> list[Found]:
        return _pages(self.numbering.list_phone_numbers, "PhoneNumbers", "E164PhoneNumber")

    def _number(self, e164: str) -> Found | None:
        """By the number: the id in answers is percent-encoded, and the SDK would encode it again."""
        return absent(lambda: self.numbering.get_phone_number(PhoneNumberId=e164)["PhoneNumber"])


def absent(ask: Callable[[], Found]) -> Found | None:
    """The answer; None where there is no such thing."""
    try:
        return ask()
    except errors.NotFound:
        return None


def settled(call: Callable[[], Any]) -> Any:
    """What is done to a connector that was just made, which not every part of Amazon knows yet."""
    for wait in _SETTLING:
        try:
            return call()
        except errors.NotFound:
            waiting.pause(wait)
    try:
        return call()
    except errors.NotFound as error:
        raise errors.NotApplied(f"making it was accepted, but it is not there: {error.reason}") from None


def _pages(ask: Callable[..., Found], collection: str, key: str) -> list[Found]:
    return paging.whole(partial(_items, ask, collection), collection, key=lambda found: found.get(key))


def _items(ask: Callable[..., Found], collection: str) -> Iterator[Found]:
    asked: dict[str, Any] = {"MaxResults": _PAGE}
    while True:
        page = ask(**asked)
        yield from page.get(collection) or []
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]
