"""Amazon Chime SDK Voice: connectors in their region, numbers in one region, whose account it is by STS."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from providers.aws.asking import Found, absent, pages
from providers.aws.voice import REGIONS, Voice
from providers.kernel import errors, limits
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings


class Api(Voice):
    """One account's clients, and the listings that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        super().__init__("chime", settings, limit)
        #: Unverified whether other regions answer for numbers: Amazon's own samples ask this one.
        self.numbers_region = settings.get("numbers_region") or "us-east-1"
        self._guard = threading.Lock()
        self._own = ""
        self._listings: dict[tuple[str, str], Listing[Found]] = {}
        self.numbers = Listing[Found](self._owned, lambda found: str(found["E164PhoneNumber"]), self._number)

    def applications(self, region: str) -> Listing[Found]:
        """A region's SIP media applications by id."""
        client = self.voice(region)
        return self._kept(
            "SipMediaApplication",
            region,
            lambda: pages(client.list_sip_media_applications, "SipMediaApplications", "SipMediaApplicationId"),
            lambda id: absent(
                lambda: client.get_sip_media_application(SipMediaApplicationId=id)["SipMediaApplication"]
            ),
        )

    def rules(self, region: str) -> Listing[Found]:
        """The SIP rules that a region's endpoint knows, by id."""
        client = self.voice(region)
        return self._kept(
            "SipRule",
            region,
            lambda: pages(client.list_sip_rules, "SipRules", "SipRuleId"),
            lambda id: absent(lambda: client.get_sip_rule(SipRuleId=id)["SipRule"]),
        )

    def _kept(
        self, what: str, region: str, whole: Callable[[], list[Found]], one: Callable[[str], Found | None]
    ) -> Listing[Found]:
        with self._guard:
            if (what, region) not in self._listings:
                self._listings[what, region] = Listing(whole, lambda found: str(found[f"{what}Id"]), one)
            return self._listings[what, region]

    def rule(self, id: str, region: str, *, fresh: bool) -> tuple[Found, str] | None:
        """A rule that a number names, and its region: this one, or whichever has it. A closed region has none."""
        for each in dict.fromkeys((region, self.numbers_region, *REGIONS)):
            try:
                if found := self.rules(each).get(id, fresh=fresh):
                    return found, each
            except errors.Denied:
                if each == region:
                    raise
        return None

    def tagged(self, application: Found) -> str:
        """The marker in the tags of a SIP media application; empty where it has none."""
        return self.tag(str(application["AwsRegion"]), str(application["SipMediaApplicationArn"]))

    @property
    def numbering(self) -> Any:
        """The Voice client for numbers."""
        return self.voice(self.numbers_region)

    def where_connectors_are(self, id: str, ask: Callable[[Any], Found]) -> Found:
        """What is asked about numbers on a connector: where numbers are, and where it is not known there, in its own region.

        Unverified which of the two it is for a connector of another region: Amazon's own samples ask the first.
        """
        try:
            return ask(self.numbering)
        except errors.NotFound:
            found = self.connector(id)
            if found is None or found["AwsRegion"] == self.numbers_region:
                raise
            return ask(self.voice(str(found["AwsRegion"])))

    def own_account(self) -> str:
        """The same, asked once."""
        with self._guard:
            self._own = self._own or self.account()
            return self._own

    def account(self) -> str:
        """By STS. Raises CredentialError for credentials that AWS does not take."""
        _ = self.numbering  # of a region that there is
        return self.wire.account(self.numbers_region)

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
