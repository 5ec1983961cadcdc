"""What can be declared for a number: the words of the stack file, and of ``stacks.Number`` in Python."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    StrictBool,
    field_validator,
    model_validator,
)

from providers.kernel import purchase, ranges, values
from providers.kernel.route import CarrierRoute, Fallback
from providers.kernel.spec import StrictModel
from providers.kernel.spelling import Spelled
from providers.kernel.values import E164, Did, Host, HttpsUrl, e164
from providers.kernel.wording import did_you_mean
from stacks.agent import ID_PREFIX, Agent
from stacks.reference import Reference
from stacks.reference import SecretRef as SecretRef  # noqa: PLC0414 -- every word of a stack file is found here

KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")
BAD_KEY = "a key is a label such as support: at most 63 letters, digits, dots, dashes and underscores"


def _quoted(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 10**6 < abs(value) < 10**15:
        raise ValueError(f'quote it, or YAML reads a number and drops the +: "+{abs(value)}"')
    if isinstance(value, bool | int | float) or value == values.NUMBER_TO_COME:
        raise ValueError('must be text in quotes: + and the country code, for example "+14155550100"')
    return value


def _delivered(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        raise ValueError('quote it, or YAML reads a number and drops zeros and +: "0891234567"')
    return value


def entry(text: str) -> str:
    """One entry of an allowlist, in one spelling: the name of a published range, or a CIDR."""
    if ranges.is_name(text):
        ranges.table(text)
        return text.strip().lower()
    return values.cidr(text)


def _uri_alone(value: Any) -> Any:
    return {"uri": value} if isinstance(value, str) else value


def _dialable(fallback: Fallback) -> Fallback:
    target = values.target(fallback.uri)
    if ":" in target.number:
        raise ValueError(
            "must not hold a password (file and state would show it): let the PBX accept the carrier's addresses"
        )
    return fallback


def _digits(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value


AreaCode = Annotated[
    str,
    Spelled(r"^[2-9]\d{2}$", "must be a US area code: three digits, the first one 2 to 9, for example 415"),
    BeforeValidator(_digits, json_schema_input_type=str | Annotated[int, Field(ge=200, le=999)]),
]


class Digest(StrictModel):
    """SIP username and password. Without a password one is made and kept secret."""

    username: Annotated[
        str,
        Spelled(r"^[\w.+-]{1,64}$", "must be 1 to 64 letters, digits and . _ + - only, for example xai-nyc"),
    ] = Field(description="SIP username, for example xai-nyc.", examples=["xai-nyc"])
    password: Reference | None = Field(
        None,
        description="{secret: NAME}; left out: a password is made and kept secret.",
        examples=[{"secret": "pbxPassword"}],
    )


_ONE_WAY: dict[str, Any] = {
    "oneOf": [
        {"required": ["allow"], "properties": {"allow": {"type": "array"}}},
        {"required": ["digest"], "properties": {"digest": {"type": "object"}}},
    ],
}


class Auth(StrictModel):
    """Who may send calls to a number: an allowlist, or a digest. xAI's documents say: choose one."""

    model_config = ConfigDict(json_schema_extra=_ONE_WAY)

    allow: tuple[Annotated[str, AfterValidator(entry)], ...] | None = Field(
        None,
        description="CIDRs, and carriers' published ranges by name (twilio).",
        examples=[["twilio", "203.0.113.0/28"]],
        json_schema_extra={"minItems": 1},
    )
    digest: Digest | None = Field(None, description="SIP username and password.", examples=[{"username": "xai-nyc"}])

    @model_validator(mode="after")
    def _one(self) -> Auth:
        if (self.allow is None) == (self.digest is None):
            raise ValueError(
                "choose one of allow and digest (xAI documents one method per number)"
                if self.allow is not None
                else "is empty: say who may call, such as {allow: [twilio]} or {digest: {username: NAME}}"
            )
        if self.allow == ():
            raise ValueError("an empty allow lets nobody call: name a range or CIDR, or write auth: open")
        try:
            _ = self.allow and ranges.resolve(self.allow)
        except ValueError as error:
            raise ValueError(f"allow: its networks {error}") from None
        return self


_TOKEN_NEEDED: dict[str, Any] = {
    "if": {"required": ["auth_url"], "properties": {"auth_url": {"type": "string"}}},
    "then": {"required": ["auth_token"], "properties": {"auth_token": {"type": "object"}}},
}


class Webhook(StrictModel):
    """Where xAI sends the signed ``realtime.call.incoming`` event of each call."""

    model_config = ConfigDict(json_schema_extra=_TOKEN_NEEDED)

    url: HttpsUrl = Field(
        description="https URL of the receiver, for example https://voice.example.com/calls.",
        examples=["https://voice.example.com/calls"],
    )
    name: str | None = Field(None, min_length=1, description="Display name; default: the number's name.")
    auth_url: HttpsUrl | None = Field(None, description="OAuth token-exchange URL; needs auth_token.")
    auth_token: Reference | None = Field(
        None,
        description="{secret: NAME}: bearer or OAuth client credential.",
        examples=[{"secret": "webhookToken"}],
    )

    @model_validator(mode="after")
    def _token(self) -> Webhook:
        if self.auth_url and not self.auth_token:
            raise ValueError("auth_url needs auth_token: add auth_token: {secret: NAME}")
        return self


class Common(StrictModel):
    """What can be said for all numbers at once under ``defaults``, and again on each."""

    webhook: Webhook | None = Field(
        None,
        description="Who is told of a call. null removes the default.",
        examples=[{"url": "https://voice.example.com/calls"}],
    )
    auth: Auth | Literal["open"] | None = Field(
        None,
        description="Who may send calls; left out: the carrier's best. `open`: anyone on the internet.",
        examples=[{"allow": ["twilio"]}, {"digest": {"username": "xai-nyc"}}, "open"],
    )
    sip_host: Host = Field(
        values.SIP_HOST, description="xAI's SIP host: a name, not an address; leave it out unless xAI gave you another."
    )
    route: InstanceOf[CarrierRoute] | None = Field(
        None,
        description="The carrier, and what is special about it.",
        examples=[{"carrier": "twilio"}],
    )
    protect: StrictBool = Field(False, description="Pulumi refuses to delete or replace it.")

    @field_validator("auth", mode="before", json_schema_input_type=Auth | Literal["open"] | None)
    @classmethod
    def _auth(cls, value: Any) -> Any:
        """A plain model error instead of one per branch of the union."""
        if isinstance(value, dict):
            return Auth.model_validate(value)
        if value is None or value == "open" or isinstance(value, Auth):
            return value
        raise ValueError("must be `open`, or a mapping with allow or digest, for example {allow: [twilio]}")


def _given(**types: str | list[str]) -> dict[str, Any]:
    """Schema of: these keys are there, and not null."""
    return {"required": list(types), "properties": {name: {"type": kind} for name, kind in types.items()}}


#: Schema of: the route buys the number.
_BOUGHT: dict[str, Any] = {
    "required": ["route"],
    "properties": {"route": {"type": ["object"], "required": ["buy"], "properties": {"buy": {"type": "object"}}}},
}
#: What ``Number._possible`` says, for editors.
_POSSIBLE: dict[str, Any] = {
    "allOf": [
        {
            "not": _given(agent="string", webhook="object"),
            "errorMessage": "agent and webhook exclude each other: remove one",
        },
        {
            "not": _given(number="string", area_code=["string", "integer"]),
            "errorMessage": "number and area_code exclude each other: remove one",
        },
        {
            "if": {"required": ["origin"], "properties": {"origin": {"const": "xai_provisioned"}}},
            "then": {
                "anyOf": [_given(number="string"), _given(area_code=["string", "integer"])],
                "properties": {"route": {"type": "null"}, "auth": {"type": "null"}, "fallback": {"maxItems": 0}},
            },
            "else": {"anyOf": [_given(number="string"), _BOUGHT]},
        },
        {
            "not": {"allOf": [_given(number="string"), _BOUGHT]},
            "errorMessage": "number and buy exclude each other: remove one",
        },
    ]
}


class Number(Common):
    """One number: who may call it in, over which carrier, and what answers."""

    model_config = ConfigDict(json_schema_extra=_POSSIBLE)

    number: Annotated[E164, BeforeValidator(_quoted)] | None = Field(
        None, description='The phone number in E.164, quoted: "+14155550100".', examples=["+14155550100"]
    )
    origin: Literal["byo_trunk", "xai_provisioned"] = Field(
        "byo_trunk", description="byo_trunk: a number of yours at a carrier. xai_provisioned: a number of xAI's."
    )
    area_code: AreaCode | None = Field(
        None,
        description="With origin: xai_provisioned and without a number: US area code to provision one in.",
        examples=["415"],
    )
    name: str | None = Field(None, min_length=1, max_length=200, description="Display name at xAI; default: the key.")
    agent: str | None = Field(
        None,
        min_length=1,
        description="Hosted agent that answers, instead of a webhook: a key of agents, or an id at xAI (agent_…).",
        examples=["agent_frontdesk0001"],
    )
    fallback: tuple[
        Annotated[
            Fallback,
            BeforeValidator(_uri_alone, json_schema_input_type=values.SipUri | Fallback),
            AfterValidator(_dialable),
        ],
        ...,
    ] = Field(
        (),
        description="Who rings when xAI does not answer: SIP URIs, tried in this order.",
        examples=[["sip:+14155550999@pbx.example.com;transport=tls"]],
    )
    did: tuple[Annotated[Did, BeforeValidator(_delivered, json_schema_input_type=Did)], ...] = Field(
        (),
        max_length=9,
        description="Further spellings in which its carrier delivers it to a PBX or SBC, quoted: national, with 00.",
        examples=[["089123456789", "004989123456789"]],
    )
    signing_secret: Reference | None = Field(
        None,
        description="{secret: NAME}: known signing secret of a number that exists at xAI.",
        examples=[{"secret": "supportSigningSecret"}],
    )
    take_over: StrictBool = Field(
        False, description="Make the registration and the attachment that exist ours, whoever made them."
    )
    replace: Literal["accept"] | None = Field(
        None, description="`accept` consents to re-registering the number: an outage and a new signing secret."
    )
    on_delete: Literal["keep", "release"] | None = Field(
        None,
        description="What destroy does with a number at its carrier: keep, or release (XTEL_ALLOW_RELEASE must name it).",
    )
    was: tuple[str, ...] = Field(
        (), description="Earlier keys of a number that has no E.164 yet.", examples=[["old-key"]]
    )

    @model_validator(mode="after")
    def _possible(self) -> Number:
        if self.agent and self.webhook:
            raise ValueError("agent and webhook exclude each other: remove one (a number rings an agent or a webhook)")
        if self.number is None and not self.buy and not (self.origin == "xai_provisioned" and self.area_code):
            raise ValueError('needs number: "+…" (or buy in its route, or origin: xai_provisioned with area_code)')
        if self.number is not None and self.buy:
            raise ValueError(
                "number and buy exclude each other: remove one (buy gets a number that you do not have yet)"
            )
        if self.number is not None and self.area_code:
            raise ValueError(
                "number and area_code exclude each other: remove one (area_code asks for a number that does not exist yet)"
            )
        if self.origin == "xai_provisioned" and self.route:
            raise ValueError("a number of xAI's needs no route: remove route, or use origin: byo_trunk")
        if self.origin == "xai_provisioned" and self.fallback:
            raise ValueError("fallback is for your own DIDs only (xAI routes its own numbers): remove fallback")
        if self.origin == "xai_provisioned" and self.auth:
            raise ValueError("auth is for your own DIDs only: remove auth, or use origin: byo_trunk")
        return self

    @property
    def buy(self) -> purchase.Buy | None:
        """What kind of number is to be bought; None for a number that is declared."""
        return self.route.buy if isinstance(self.route, purchase.Route) else None

    def merged(self, defaults: Common, agent: str | None = None) -> Number:
        """This number with the defaults it does not say itself; a key replaces the default's key as a whole.

        ``agent`` is the key of an agent that says itself that it answers this number.
        """
        if agent and not self.agent and not self.webhook:
            return self.model_copy(update={"agent": agent}).merged(defaults)
        taken = {
            name: getattr(defaults, name) for name in defaults.model_fields_set if name not in self.model_fields_set
        }
        if self.agent or (self.origin == "xai_provisioned" and self.number):
            taken.pop("webhook", None)
        if self.origin == "xai_provisioned":
            taken = {name: value for name, value in taken.items() if name not in {"route", "auth"}}
        return self.model_copy(update=taken)


#: What a plan is judged by and a stack file may accept; xtel.rules has each, docs/plan.md explains them.
Rule = Literal[
    "agent-instructions",
    "agent-tools",
    "allowlist-widened",
    "auth-required",
    "digest-kept",
    "e164",
    "max-delete",
    "max-reroute",
    "no-open-allowlist",
    "no-release",
    "no-shared-credential",
    "number-keeps-inbound",
    "protect-production-numbers",
    "secret-destination",
    "secret-not-in-plain-config",
    "single-owner",
    "srtp-kept",
    "target-host-pinned",
    "tls-only",
    "webhook-https",
]


RULES: tuple[str, ...] = get_args(Rule)


def _rule(value: Any) -> Any:
    if value not in RULES:
        hint = did_you_mean(value, RULES) or "the plan names them, docs/plan.md lists them"
        raise ValueError(f"is not a rule: {hint}")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("must be a day, for example 2026-12-01") from None


def _named(text: str) -> str:
    """A number, or the key of one."""
    return text if KEY.match(text) else e164(text)


#: What a plan prints where the reason belongs; nobody may leave it there.
WHY = "WRITE WHY"


def _reason(text: str) -> str:
    said = text.strip(" .…\"'")
    if not said or said.upper() == WHY:
        raise ValueError("must say why in your own words, for example moves to the new office")
    return text


class Accept(StrictModel):
    """Something that a plan may do although a rule says no: which rule, for which number, until when, and why."""

    rule: Annotated[Rule, BeforeValidator(_rule, json_schema_input_type=Rule)] = Field(
        description="The rule, as the plan names it.", examples=["number-keeps-inbound"]
    )
    number: Annotated[str, BeforeValidator(_quoted), AfterValidator(_named)] | None = Field(
        None,
        description='The number it is accepted for, quoted: "+14155550100"; of one that was bought its key; left out: '
        "every number.",
        examples=["+14155550100"],
    )
    host: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Of secret-destination: the new host, as the plan names it; left out: any host.",
        examples=["voice.example.net"],
    )
    until: Annotated[date, BeforeValidator(_day, json_schema_input_type=date)] = Field(
        description="The last day on which it counts, for example 2026-12-01.", examples=["2026-12-01"]
    )
    why: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_reason)] = Field(
        description="Why; every report shows it.",
        examples=["moves to the new office"],
        json_schema_extra={"not": {"pattern": f"^\\s*({WHY}|[.…]*)\\s*$"}},
    )

    @model_validator(mode="after")
    def _a_host_of_its_rule(self) -> Accept:
        if self.host is not None and self.rule != "secret-destination":
            raise ValueError("takes a host with the rule secret-destination alone: remove it")
        return self


class Share(StrictModel):
    """How much of a carrier's numbers one plan may change, in percent; counted from 10 numbers."""

    reroute: int | None = Field(None, ge=0, le=100, description="Percent of the numbers that may be rerouted.")
    delete: int | None = Field(None, ge=0, le=100, description="Percent of the numbers that may be deleted.")


class Limits(StrictModel):
    """How much one plan may change; percent are counted from 10 numbers."""

    lose: int = Field(0, ge=0, description="Numbers that may lose inbound.")
    reroute: int = Field(30, ge=0, le=100, description="Percent of the numbers that may be rerouted.")
    delete: int = Field(10, ge=0, le=100, description="Percent of the numbers that may be deleted.")
    carriers: dict[str, Share] = Field(
        default_factory=dict[str, Share],
        description="Other percentages for the numbers of one carrier.",
        examples=[{"twilio": {"reroute": 50}}],
    )


class Network(StrictModel):
    """All that one stack file declares."""

    version: Literal[1] = Field(description="Version of this format.")
    defaults: Common = Field(
        default_factory=lambda: Common.model_validate({}),
        description="For every number that does not say the same key itself.",
        examples=[{"webhook": {"url": "https://voice.example.com/calls"}}],
        json_schema_extra={"not": {**_BOUGHT, "errorMessage": "buy is said for each number alone"}},
    )
    agents: dict[str, Agent] = Field(
        default_factory=dict[str, Agent],
        description="Hosted agents of xAI by a key; a number names the key as its `agent`.",
        examples=[{"sales": {"instructions": "Greet and qualify.", "voice": {"voice_id": "eve"}}}],
        json_schema_extra={
            "propertyNames": {"pattern": f"^(?!{ID_PREFIX}){KEY.pattern[1:]}", "errorMessage": BAD_KEY},
        },
    )
    numbers: dict[str, Number] = Field(
        description="Numbers by a label for people; renaming a label changes nothing at any vendor but a defaulted name.",
        examples=[{"support": {"number": "+14155550100", "route": {"carrier": "twilio"}}}],
        json_schema_extra={"propertyNames": {"pattern": KEY.pattern, "errorMessage": BAD_KEY}},
    )

    accept: tuple[Accept, ...] = Field(
        (),
        description="What a plan may do although a rule says no; each entry expires.",
        examples=[[{"rule": "number-keeps-inbound", "until": "2026-12-01", "why": "the office moves"}]],
    )
    limits: Limits = Field(
        default_factory=lambda: Limits.model_validate({}),
        description="How much one plan may change before somebody must say so.",
        examples=[{"reroute": 50}],
    )

    def merged(self) -> dict[str, Number]:
        """Every number with its defaults, and the agent that says it answers it."""
        answered = {number: key for key, agent in self.agents.items() for number in agent.numbers}
        return {key: number.merged(self.defaults, answered.get(key)) for key, number in self.numbers.items()}
