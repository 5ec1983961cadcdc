"""Amazon Connect: a number's flow transfers its calls to a Voice Connector of the transfer kind, whose origination is xAI.

Documents: the API models of botocore 1.44.8, AWS's pages, a console's export of such a flow (read 2026-11-28). AWS has to
grant external voice transfer first. Never tried against a live account: docs/connect.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, cast

from pydantic import Field

from providers.aws import answers
from providers.aws.ways import ways
from providers.aws.wire import BASE_URL_ENV, CREDENTIALS
from providers.connect.api import Api
from providers.connect.association import Association
from providers.connect.attachment import Attachment
from providers.connect.connector import Connector
from providers.connect.content import Spelling
from providers.connect.flow import Flow
from providers.connect.inventory import INVENTORY, found, numbers, on_the_way
from providers.connect.ranges import RANGES, Region
from providers.kernel import errors
from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.conventions import ApiConventions, Refusal
from providers.kernel.route import CarrierRoute, Leg, Ref, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.values import Whole
from providers.kernel.vendor import Carrier

_READ = date(2026, 11, 28)


class Route(CarrierRoute):
    """A flow of this number's own that transfers its calls to a Voice Connector of the stack."""

    carrier: Literal["connect"] = Field(default="connect", description="Amazon Connect.")
    region: Region = Field(default="us-east-1", description="The instance's AWS region: calls come from its addresses.")
    instance: str = Field(
        default="",
        pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$",
        description="Id of the instance; left out: the only one of the region.",
    )
    connector: Literal["own", "shared"] = Field(
        default="shared", description="A connector for all numbers of a stack that say so, or one per number."
    )
    port: Whole = Field(
        default=5061, ge=1, le=65535, description="Port at the target: a connector would use 5060 itself."
    )
    seconds: Whole = Field(default=60, ge=1, le=600, description="Seconds until nobody has answered.")
    user_to_user: str = Field(
        default="",
        max_length=256,
        description="Sent in the SIP header User-to-User: contact attributes such as $.Attributes.customer, or text.",
    )
    spelling: Spelling = Field(
        default="console",
        description="How the flow writes its transfer: as consoles export it, or as AWS's action pages say.",
    )

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """Connector, its integration with the instance, the flow, and last the number on it.

        What numbers of one region share is named after the region: a stack may have instances in several. Those that share
        it say the same of their instance, so that one instance never has two names.
        """
        connector, association = f"connector-{self.region}", f"association-{self.region}"
        shared = self.connector == "shared"
        there: dict[str, Any] = {"region": self.region, **({"instance": self.instance} if self.instance else {})}
        arn = Ref(connector, "connector_arn")
        flow = {"to": leg.number, "seconds": self.seconds, "user_to_user": self.user_to_user, "spelling": self.spelling}
        link = {"phone_number": leg.number, "flow_id": Ref("flow", "flow_id"), "take_over": leg.take_over}
        routes = ways(leg, self.port, shared=shared)
        return (
            RouteObject(connector, "Connector", {"region": self.region, "routes": routes}, shared=shared),
            RouteObject(association, "Association", {**there, "connector_arn": arn}, shared=shared),
            RouteObject("flow", "Flow", {**there, "connector_arn": arn, **flow}, after=(association,)),
            RouteObject("attachment", "Attachment", {**there, **link}, last=True),
        )

    def whereabouts(self) -> Mapping[str, str]:
        """In its instance."""
        return {"region": self.region, **({"instance": self.instance} if self.instance else {})}

    def sources(self) -> tuple[str, ...]:
        """Those of its region."""
        return (f"connect:{self.region}",)


CAN: dict[Capability, Ability] = {
    Capability.API: Can("API, once AWS has granted external voice transfer", _READ),
    Capability.TLS: Can("encryption, port 5061", _READ),
    Capability.SRTP: Can("always, with encryption", _READ),
    Capability.DIGEST: Cannot("an origination route has no login", _READ),
    Capability.ALLOWLIST: Can("1 or 2 ranges a region", _READ),
    Capability.TRANSFER: Cannot("nothing is documented of REFER towards a connector", _READ),
    Capability.FALLBACK: Can("9 further hosts", _READ),
    Capability.CODECS: Cannot("a connector has no setting for codecs", _READ),
    Capability.SHARED: Can("many, or one with connector: own", _READ),
    Capability.BUYING: Cannot(
        "claim numbers in the Connect console: giving them back too often blocks the account", _READ
    ),
}

_INVALID_FLOW = "InvalidContactFlowException"


def _refusal(body: object) -> Refusal:
    """A flow is refused without a message: its ``problems`` say why."""
    said = answers.refusal(body)
    fields = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    problems = cast(list[dict[str, Any]], fields.get("problems") or fields.get("Problems") or [])
    told = "; ".join(str(each.get("message") or each.get("Message") or "") for each in problems)
    return Refusal(said.code, said.message or told)


def _kind(status: int, refusal: Refusal) -> type[errors.CarrierError] | None:
    """A limit of the account is told as too many requests, and waiting is in vain."""
    return errors.Invalid if refusal.code == "LimitExceededException" else answers.kind(status, refusal)


def _advice(status: int, refusal: Refusal, path: str) -> str:
    """A flow that Connect refuses may be one that is written as the other source says."""
    if refusal.code == _INVALID_FLOW:
        return "`spelling: pages` in the route (or `console`) writes it as AWS's other source says"
    if refusal.code == "LimitExceededException":
        return "the instance has as many as AWS allows: ask for a higher quota, or remove one"
    return answers.advice("connect:` or `chime:")(status, refusal, path)


#: What objects are known by, found by and linked by.
_TEXTS = frozenset(
    {
        "Id", "Arn", "Name", "PhoneNumber", "PhoneNumberId", "ResourceId", "FlowId", "Content", "ContactFlowId",
        "ContactFlowArn", "IntegrationAssociationId", "IntegrationAssociationArn", "IntegrationArn", "VoiceConnectorId",
        "VoiceConnectorArn", "AwsRegion", "Host", "NextToken",
    }
)  # fmt: skip

CARRIER = Carrier[Api](
    name="connect",
    title="Connect",
    credentials=CREDENTIALS,
    base_url_env=BASE_URL_ENV,
    objects=(Connector, Association, Flow, Attachment),
    connect=Api,
    account=Api.account,
    conventions=ApiConventions(
        refusal=_refusal,
        advice=_advice,
        kind=_kind,
        refused_in_success=answers.refused_in_success,
        code_header=answers.CODE_HEADER,
        request_id_headers=answers.REQUEST_ID_HEADERS,
        empty_answers=frozenset({"DELETE", "PUT", "POST"}),
        xml=True,
        texts=_TEXTS,
    ),
    max_requests=3,  # its rates are not published
    route=Route,
    example="+14155550186",
    extra="aws",
    ranges=RANGES,
    can=CAN,
    route_import=RouteImport(numbers, found),
    inventory=INVENTORY,
    on_the_way=on_the_way,
)
