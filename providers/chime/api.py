"""Amazon Chime SDK Voice: connectors in their region, numbers in one region, whose account it is by STS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from providers.aws.asking import Found, absent, pages
from providers.aws.voice import Voice
from providers.kernel import errors, limits
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings


class Api(Voice):
    """One account's clients, and the listings that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        super().__init__("chime", settings, limit)
        #: Unverified whether other regions answer for numbers: Amazon's own samples ask this one.
        self._numbers_region = settings.get("numbers_region") or "us-east-1"
        self.numbers = Listing[Found](self._owned, lambda found: str(found["E164PhoneNumber"]), self._number)

    @property
    def numbering(self) -> Any:
        """The Voice client for numbers."""
        return self.voice(self._numbers_region)

    def where_connectors_are(self, id: str, ask: Callable[[Any], Found]) -> Found:
        """What is asked about numbers on a connector: where numbers are, and where it is not known there, in its own region.

        Unverified which of the two it is for a connector of another region: Amazon's own samples ask the first.
        """
        try:
            return ask(self.numbering)
        except errors.NotFound:
            found = self.connector(id)
            if found is None or found["AwsRegion"] == self._numbers_region:
                raise
            return ask(self.voice(str(found["AwsRegion"])))

    def account(self) -> str:
        """By STS. Raises CredentialError for credentials that AWS does not take."""
        _ = self.numbering  # of a region that there is
        return self.wire.account(self._numbers_region)

    def number(self, e164: str, *, fresh: bool) -> Found:
        """The account's number. Raises NotFound."""
        if found := self.numbers.get(e164, fresh=fresh):
            return found
        raise errors.NotFound(
            "this account does not own the number", status=404, step="order or port it at Amazon, or correct the number"
        )

    def _owned(self) -> list[Found]:
        return pages(self.numbering.list_phone_numbers, "PhoneNumbers", "E164PhoneNumber")

    def _number(self, e164: str) -> Found | None:
        """By the number: the id in answers is percent-encoded, and the SDK would encode it again."""
        return absent(lambda: self.numbering.get_phone_number(PhoneNumberId=e164)["PhoneNumber"])


def associated(number: Found) -> dict[str, str]:
    """What gets a number's calls, by the name of its kind: ``VoiceConnectorId``, ``VoiceConnectorGroupId``, ``SipRuleId``."""
    links: list[Found] = number.get("Associations") or []
    return {str(each["Name"]): str(each["Value"]) for each in links}
