"""Amazon Chime SDK Voice Connector: a connector per number, or one for many, whose origination is the target's host.

Documents: the API model of botocore 1.44.8, AWS's pages (read 2026-11-28). US numbers are on a connector; others reach one
by a SIP rule, a SIP media application and a Lambda of the user's. Never tried against a live account: docs/chime.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import phonenumbers
from pydantic import Field, ValidationInfo, field_validator, model_validator

from providers.aws import answers, wire
from providers.aws.connector import Region
from providers.aws.ways import ways
from providers.chime import function_text
from providers.chime.api import Api
from providers.chime.application import MediaApplication, require_region
from providers.chime.attachment import Attachment
from providers.chime.connector import Connector, part_of
from providers.chime.function import LambdaFile
from providers.chime.function_text import LambdaArn, Options
from providers.chime.inventory import INVENTORY, found, numbers, on_the_way
from providers.chime.ranges import RANGES
from providers.chime.rule import DIAL_IN, SipRule
from providers.kernel import marker
from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.conventions import ApiConventions
from providers.kernel.files import Files
from providers.kernel.route import Box, CarrierRoute, Leg, Ref, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.values import Whole
from providers.kernel.vendor import Carrier, Credential

_READ = date(2026, 11, 28)


class Route(Options, CarrierRoute):
    """A Voice Connector: one of its own for this number, or one that numbers of the stack share."""

    carrier: Literal["chime"] = Field(default="chime", description="Amazon Chime SDK Voice Connector.")
    region: Region = Field(
        default="us-east-1", description="The connector's AWS region: calls come from its addresses."
    )
    connector: Literal["own", "shared"] = Field(
        default="own", description="A connector per number, or one for all of a stack that say `shared`."
    )
    port: Whole = Field(
        default=5061, ge=1, le=65535, description="Port at the target: a connector would use 5060 itself."
    )

    lambda_arn: LambdaArn = Field(
        default="",
        description="ARN, without a version, of a Lambda that bridges to the connector: for every number outside the US.",
    )

    @field_validator("lambda_arn")
    @classmethod
    def _in_the_region(cls, arn: str, told: ValidationInfo) -> str:
        if arn and (region := str(told.data.get("region") or "")):
            require_region(arn, region)
        return arn

    @model_validator(mode="after")
    def _asks_a_lambda(self) -> Route:
        if self.seconds != Options().seconds and not self.lambda_arn:
            raise ValueError("`seconds` is for a Lambda: name it in lambda_arn, or leave `seconds` out")
        return self

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """The connector, and last the number on it, or the SIP rule that brings its calls there by a Lambda.

        A connector is one of its region, also by its name: a number that changes the region is put on the new one before
        the one that it leaves is deleted.
        """
        if not self.lambda_arn:
            _require_us(leg.number)
        shared = self.connector == "shared"
        routes, part = ways(leg, self.port, shared=shared), part_of(self.region)
        link: dict[str, Any] = {
            "phone_number": leg.number,
            "connector_id": Ref(part, "connector_id"),
            "take_over": leg.take_over,
        }
        connector = RouteObject(part, "Connector", {"region": self.region, "routes": routes}, shared=shared)
        if self.lambda_arn:
            return (connector, *self._chain(leg, part, shared=shared))
        return (connector, RouteObject("attachment", "Attachment", link, last=True))

    def _chain(self, leg: Leg, part: str, *, shared: bool) -> tuple[RouteObject, ...]:
        """The Lambda's files, the application that asks it, and last the number's rule."""
        application = f"application-{marker.digest(self.lambda_arn)}"
        files = {**self._inputs(leg), "connector_arn": Ref(part, "connector_arn")}
        rule: dict[str, Any] = {
            "phone_number": leg.number, "region": self.region,
            "application_id": Ref(application, "application_id"), "take_over": leg.take_over,
        }  # fmt: skip
        return (
            RouteObject("lambda", "LambdaFile", files),
            RouteObject(
                application,
                "MediaApplication",
                {"region": self.region, "lambda_arn": self.lambda_arn},
                shared=shared,
                asked=True,
            ),
            RouteObject("rule", "SipRule", rule, after=("lambda",), last=True),
        )

    def _inputs(self, leg: Leg) -> dict[str, Any]:
        return {"phone_number": leg.number, "lambda_arn": self.lambda_arn, "seconds": self.seconds}

    def files(self, leg: Leg) -> Files | None:
        """The Lambda, where calls pass one."""
        return function_text.of({**self._inputs(leg), "stack": leg.stack}) if self.lambda_arn else None

    def stands_on(self, leg: Leg) -> Box | None:
        """The Lambda, which bridges to one connector."""
        if not self.lambda_arn:
            return None
        whole = {"route.connector": self.connector, "route.seconds": self.seconds}
        alone = {} if self.connector == "shared" else {"connector": (self.connector,)}
        return Box(
            "Lambda",
            self.lambda_arn,
            taken=alone,
            whole=whole,
            another="write connector: shared for both",
            elsewhere="another Lambda, for one bridges to one connector",
        )

    def whereabouts(self) -> Mapping[str, str]:
        """Whether a connector or a SIP rule can have the number."""
        return {"product_type": DIAL_IN} if self.lambda_arn else {}

    def adopts(self) -> Mapping[str, tuple[str, ...]]:
        """The Lambda, deployed as its page says."""
        return {"functions": (self.lambda_arn,)} if self.lambda_arn else {}

    def abilities(self) -> Mapping[Capability, Ability]:
        """A Lambda is between."""
        return {Capability.API: Can("API, and files for a Lambda", _READ)} if self.lambda_arn else {}

    def sources(self) -> tuple[str, ...]:
        """Those of its region."""
        return (f"chime:{self.region}",)


def _require_us(number: str) -> None:
    """Raises ValueError for a number of another country: its product type is SipMediaApplicationDialIn alone."""
    parsed = phonenumbers.parse(number, None)
    country = phonenumbers.region_code_for_number(parsed) or str(phonenumbers.region_code_for_country_code(1))
    if parsed.country_code != 1 or country != "US":
        raise ValueError(
            f"Amazon puts US numbers alone on a Voice Connector (read {_READ}): one of {country} rings by a SIP rule and a"
            " Lambda of yours: name it, lambda_arn: arn:aws:lambda:REGION:ACCOUNT:function:NAME"
        )


CAN: dict[Capability, Ability] = {
    Capability.API: Can("API; outside the US also files for a Lambda", _READ),
    Capability.TLS: Can("encryption, port 5061", _READ),
    Capability.SRTP: Can("always, with encryption", _READ),
    Capability.DIGEST: Cannot("an origination route has no login", _READ),
    Capability.ALLOWLIST: Can("1 or 2 ranges a region", _READ),
    Capability.TRANSFER: Cannot("nothing is documented of REFER towards a connector", _READ),
    Capability.FALLBACK: Can("9 further hosts", _READ),
    Capability.CODECS: Cannot("a connector has no setting for codecs", _READ),
    Capability.SHARED: Can("one, or many with connector: shared", _READ),
    Capability.BUYING: Cannot("order US numbers in the Chime SDK console", _READ),
}

#: What objects are known by, found by and linked by.
_TEXTS = frozenset(
    {
        "VoiceConnectorId",
        "VoiceConnectorArn",
        "AwsRegion",
        "Name",
        "Host",
        "E164PhoneNumber",
        "ProductType",
        "NextToken",
        "SipMediaApplicationId",
        "SipMediaApplicationArn",
        "LambdaArn",
        "SipRuleId",
        "TriggerValue",
    }
)

CARRIER = Carrier[Api](
    name="chime",
    title="Chime",
    credentials=(
        *wire.CREDENTIALS,
        Credential("numbers_region", "CHIME_NUMBERS_REGION", "chime:numbersRegion", secret=False, required=False),
    ),
    base_url_env=wire.BASE_URL_ENV,
    objects=(Connector, Attachment, MediaApplication, LambdaFile, SipRule),
    connect=Api,
    account=Api.account,
    conventions=ApiConventions(
        refusal=answers.refusal,
        advice=answers.advice("chime:"),
        kind=answers.kind,
        refused_in_success=answers.refused_in_success,
        code_header=answers.CODE_HEADER,
        request_id_headers=answers.REQUEST_ID_HEADERS,
        xml=True,
        texts=_TEXTS,
    ),
    max_requests=3,  # its rates are not published
    route=Route,
    example="+14155550173",
    extra="aws",
    ranges=RANGES,
    can=CAN,
    route_import=RouteImport(numbers, found),
    inventory=INVENTORY,
    on_the_way=on_the_way,
)
