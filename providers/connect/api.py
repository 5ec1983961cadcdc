"""Amazon Connect: instances in their region with their numbers, flows and what they are integrated with; Voice Connectors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from providers.aws.asking import Found, absent, pages
from providers.aws.voice import TAG, Voice
from providers.connect.ranges import REGIONS
from providers.kernel import errors, limits, operation
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings

#: IntegrationType of a Voice Connector that an instance transfers calls to, in the words of Connect.
INTEGRATION = "CALL_TRANSFER_CONNECTOR"
#: Service Quotas: external voice transfer connectors per account. The code is a third party's word.
QUOTA = "L-2BE4D75F"
#: The type of flow that a number can have.
INBOUND = "CONTACT_FLOW"
#: Instances on a page, at most.
_INSTANCES = 10
#: Where nobody says a region: of whom the credentials are, every one tells.
_ACCOUNT_REGION = "us-east-1"


@dataclass(frozen=True)
class Place:
    """An instance: its region and its id."""

    region: str
    instance: str


class Api(Voice):
    """One account's clients, and the listings that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        super().__init__("connect", settings, limit)
        self._turn = threading.Lock()
        self._instances: dict[str, list[str]] = {}
        self._expected: dict[str, tuple[Place, str]] = {}
        self._numbers: dict[Place, Listing[Found]] = {}
        self._links: dict[Place, Listing[Found]] = {}
        self._flows: dict[Place, Listing[Found]] = {}

    def account(self) -> str:
        """By STS. Raises CredentialError for credentials that AWS does not take."""
        return self.wire.account(_ACCOUNT_REGION)

    def connect(self, region: str) -> Any:
        """The Connect client of a region."""
        return self.wire.client("connect", region)

    # -- instances ---------------------------------------------------------------------------------------------------

    def place(self, region: str, instance: str) -> Place:
        """The declared instance, or the only one of the region. Raises InputError where there is not one."""
        if instance:
            return Place(region, instance)
        found = self.instances(region)
        if len(found) == 1:
            return Place(region, found[0])
        there = f"there are {len(found)}: {', '.join(found[:3])}" if found else "there is none"
        raise errors.InputError(
            f"Amazon Connect: no instance is named, and in {region} {there}",
            step="name it in the route (`instance: …`, its id in the Connect console), or correct `region`",
        )

    def instances(self, region: str) -> list[str]:
        """Ids of the instances of a region."""
        with self._turn:
            if region not in self._instances:
                found = pages(self.connect(region).list_instances, "InstanceSummaryList", "Id", size=_INSTANCES)
                self._instances[region] = [str(each["Id"]) for each in found]
            return self._instances[region]

    def places(self) -> Iterator[Place]:
        """Every instance of every region that is open to us."""
        for region in REGIONS:
            try:
                found = self.instances(region)
            except errors.Denied:
                continue
            yield from (Place(region, instance) for instance in found)

    def expect(self, e164: str, place: Place, declared: str) -> None:
        """Where a number is, and how that was declared."""
        with self._turn:
            self._expected[e164] = place, declared

    def expected(self, e164: str) -> tuple[Place, str]:
        """Where a number is, and how that was declared; of one that nobody said it of, it is looked for everywhere."""
        if not (found := self._expected.get(e164)):
            place = next((each for each in self.places() if self.numbers(each).get(e164)), None)
            if place is None:
                raise _unclaimed("to an instance of this account")
            found = place, place.instance
        return found

    def used(self) -> set[Place]:
        """Instances of numbers that were asked for."""
        with self._turn:
            return {place for place, _ in self._expected.values()}

    # -- numbers -----------------------------------------------------------------------------------------------------

    def numbers(self, place: Place) -> Listing[Found]:
        """The numbers that are claimed to an instance, by E.164."""
        with self._turn:
            if place not in self._numbers:

                def whole() -> list[Found]:
                    ask = self.connect(place.region).list_phone_numbers
                    return pages(ask, "PhoneNumberSummaryList", "PhoneNumber", InstanceId=place.instance)

                self._numbers[place] = _listing(whole, lambda found: str(found["PhoneNumber"]))
            return self._numbers[place]

    def number(self, place: Place, e164: str, *, fresh: bool) -> Found:
        """A number of the instance, with its status. Raises NotFound."""
        if found := self.numbers(place).get(e164, fresh=fresh):
            asked = self.connect(place.region).describe_phone_number(PhoneNumberId=str(found["Id"]))
            return asked["ClaimedPhoneNumberSummary"]
        raise _unclaimed(f"to instance {place.instance}")

    def links(self, place: Place) -> Listing[Found]:
        """Which flow gets a number's calls, by the number's id: of a number itself Connect tells no flow."""
        with self._turn:
            if place not in self._links:

                def whole() -> list[Found]:
                    return pages(
                        self.connect(place.region).list_flow_associations,
                        "FlowAssociationSummaryList",
                        "ResourceId",
                        InstanceId=place.instance,
                        ResourceType="VOICE_PHONE_NUMBER",
                    )

                self._links[place] = _listing(whole, lambda found: last(str(found["ResourceId"])))
            return self._links[place]

    def flow_of(self, place: Place, number_id: str, *, fresh: bool) -> str:
        """The id of the flow that gets a number's calls; empty for none."""
        found = self.links(place).get(number_id, fresh=fresh)
        return last(str(found["FlowId"])) if found else ""

    # -- flows -------------------------------------------------------------------------------------------------------

    def flows(self, place: Place) -> Listing[Found]:
        """Summaries of the inbound flows of an instance, by id."""
        with self._turn:
            if place not in self._flows:

                def whole() -> list[Found]:
                    ask = self.connect(place.region).list_contact_flows
                    return pages(
                        ask, "ContactFlowSummaryList", "Id", InstanceId=place.instance, ContactFlowTypes=[INBOUND]
                    )

                self._flows[place] = _listing(whole, lambda found: str(found["Id"]))
            return self._flows[place]

    def flow(self, place: Place, id: str) -> Found | None:
        """A flow with content and tags; of one that was never published, what is saved."""
        ask = self.connect(place.region).describe_contact_flow
        try:
            return ask(InstanceId=place.instance, ContactFlowId=id)["ContactFlow"]
        except errors.NotFound as error:
            if not error.code.startswith("ContactFlowNotPublished"):
                return None
        return absent(lambda: ask(InstanceId=place.instance, ContactFlowId=f"{id}:$SAVED")["ContactFlow"])

    # -- what an instance is integrated with -------------------------------------------------------------------------

    def integrations(self, place: Place, arn: str = "") -> list[Found]:
        """The connectors that an instance may transfer calls to; ``arn``: this one alone."""
        only: dict[str, Any] = {"IntegrationArn": arn} if arn else {}
        return pages(
            self.connect(place.region).list_integration_associations,
            "IntegrationAssociationSummaryList",
            "IntegrationAssociationId",
            InstanceId=place.instance,
            IntegrationType=INTEGRATION,
            **only,
        )

    def mark(self, region: str, arn: str) -> str:
        """The marker in the tags of one of Connect's own objects; empty where it has none."""
        found = absent(lambda: self.connect(region).list_tags_for_resource(resourceArn=arn)) or {}
        return tag({"Tags": found.get("tags")})

    def set_mark(self, region: str, arn: str, marker: str) -> None:
        """Tag one of Connect's own objects."""
        self.connect(region).tag_resource(resourceArn=arn, tags={TAG: marker})

    # -- what AWS grants ---------------------------------------------------------------------------------------------

    def granted(self, region: str) -> int | None:
        """How many connectors for external voice transfer AWS has granted; None where nobody can tell."""
        try:
            asked = self.wire.client("service-quotas", region)
            return int(asked.get_service_quota(ServiceCode="connect", QuotaCode=QUOTA)["Quota"]["Value"])
        except errors.Permanent as error:
            operation.current().warn(
                f"cannot see whether AWS has granted external voice transfer (quota {QUOTA}): {error.reason}"
            )
            return None


def _unclaimed(where: str) -> errors.NotFound:
    return errors.NotFound(
        f"no such number is claimed {where}",
        status=404,
        step="claim or port it in the Connect console, or correct the number, `instance` or `region`",
    )


def _listing(whole: Callable[[], list[Found]], key: Callable[[Found], str]) -> Listing[Found]:
    """Of a collection that only a list shows."""
    return Listing[Found](whole, key, lambda wanted: next((each for each in whole() if key(each) == wanted), None))


def tag(found: Found) -> str:
    """The marker in the tags that an answer shows; empty where it has none."""
    tags: Found = found.get("Tags") or {}
    return str(tags.get(TAG) or "")


def last(arn: str) -> str:
    """The id at the end of an ARN, or the id itself."""
    return arn.rpartition("/")[2]
