"""The phone-number API's values: what is declared, and what the API answers.

Documents: "POST /v2/phone-numbers" (CreatePhoneNumberV2) in the Voice API reference, 2026-06-27, and the SIP page. Read,
list, update and delete are not documented; they are used as seen live (docs/xai.md lists what is verified).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, model_validator

from providers.kernel import ranges, values
from providers.kernel.spec import Secret, Spec, StrictModel, first_of
from providers.kernel.values import E164, UNKNOWN, DigestPassword, HeaderValue, Host, HttpsUrl, SigningSecret


def _entries(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Names of ranges in lower case, CIDRs in one spelling, no order, nothing twice; unknown names are errors."""
    spelled: set[str] = set()
    for entry in entries:
        if ranges.is_name(entry):
            ranges.table(entry)
            spelled.add(entry.strip().lower())
        else:
            spelled.add(values.cidr(entry))
    return tuple(sorted(spelled))


def _networks(entries: tuple[str, ...]) -> tuple[str, ...]:
    return values.cidrs(entries)


class SipAuth(StrictModel):
    """Who may send calls: a digest (username and password) or an allowlist. xAI's documents say: choose one."""

    auth_username: str | None = Field(None, min_length=1, max_length=255, description="SIP digest username.")
    auth_password: Annotated[DigestPassword, Secret(first_of("sip_host"))] | None = Field(
        None, description="SIP digest password; xAI stores it encrypted and never returns it."
    )
    allow: Annotated[tuple[str, ...], AfterValidator(_entries)] = Field(
        (),
        description="CIDRs, and published ranges by name (`twilio`); names are resolved when the number is registered.",
    )
    allowed_addresses: Annotated[tuple[str, ...], AfterValidator(_networks)] = Field(
        (), description="The CIDRs that are registered; filled in from `allow`."
    )

    @model_validator(mode="after")
    def _one_method(self) -> SipAuth:
        if (self.auth_username is None) != (self.auth_password is None):
            missing = "auth_password" if self.auth_password is None else "auth_username"
            raise ValueError(f"a digest needs username and password: {missing} is missing")
        if self.auth_username and (self.allow or self.allowed_addresses):
            raise ValueError("choose one: a digest, or an allowlist (xAI documents one method per number)")
        return self


class Webhook(StrictModel):
    """Where xAI sends the signed ``realtime.call.incoming`` event of each call."""

    url: HttpsUrl = Field(description="https URL that receives realtime.call.incoming.")
    name: str | None = Field(None, min_length=1, description="Display name; default: the number's name.")
    auth_url: HttpsUrl | None = Field(None, description="OAuth token-exchange URL; needs auth_token.")
    auth_token: Annotated[HeaderValue, Secret(first_of("webhook.auth_url", "webhook.url"))] | None = Field(
        None, description="Bearer credential, or the OAuth client credential when auth_url is set."
    )

    @model_validator(mode="after")
    def _token_for_url(self) -> Webhook:
        if self.auth_url and self.auth_token is None:
            raise ValueError("auth_url needs auth_token, the client credential it exchanges")
        return self


def _area_code(text: str) -> str:
    if not re.fullmatch(r"[2-9]\d{2}", text):
        raise ValueError("must be a 3-digit US area code such as 415")
    return text


class NumberSpec(Spec):
    """A phone number at xAI."""

    origin: Literal["byo_trunk", "xai_provisioned"] = Field(
        "byo_trunk", description="byo_trunk: a DID you own at a carrier. xai_provisioned: a number of xAI's."
    )
    name: str = Field(min_length=1, max_length=200, description="Display name; the marker is added to it at xAI.")
    phone_number: E164 | None = Field(None, description="E.164; the carrier sends it in the SIP user part.")
    area_code: Annotated[str, AfterValidator(_area_code)] | None = Field(
        None, description="xai_provisioned only: 3-digit US area code to provision in."
    )
    agent_id: str | None = Field(None, min_length=1, description="Hosted agent that answers; instead of a webhook.")
    sip_auth: SipAuth | None = Field(None, description="Who may send calls; none: anyone (an open number).")
    webhook: Webhook | None = Field(None, description="Who is told of a call; instead of an agent.")
    sip_host: Host = Field(
        values.SIP_HOST, description="The SIP host the carriers were pointed at; create insists on it."
    )
    known_secret: Annotated[SigningSecret, Secret(first_of("webhook.url"))] | None = Field(
        None, description="The signing secret of a number that exists, for taking it over without a new one."
    )

    @model_validator(mode="after")
    def _possible(self) -> NumberSpec:
        if self.agent_id and self.webhook:
            raise ValueError("agent_id and webhook exclude each other: a number rings a hosted agent or a webhook")
        if self.origin == "byo_trunk":
            if self.area_code:
                raise ValueError("area_code is for origin xai_provisioned only")
            if not self.phone_number:
                raise ValueError("phone_number is required for origin byo_trunk")
        elif self.sip_auth is not None:
            raise ValueError("sip_auth is for origin byo_trunk only: xAI routes its own numbers itself")
        elif self.phone_number and self.webhook:
            raise ValueError(
                "a number bought in the console cannot be given a webhook here (PATCH refuses it); use agent_id"
            )
        elif not self.phone_number and not self.area_code:
            raise ValueError("give phone_number (bought in the console) or area_code (to provision one)")
        return self

    def wire(self) -> dict[str, Any]:
        """The body of CreatePhoneNumberV2, without the marker."""
        auth = self.sip_auth
        digest = {"auth_username": auth.auth_username, "auth_password": auth.auth_password} if auth else {}
        allowed = {"allowed_addresses": list(auth.allowed_addresses)} if auth and auth.allowed_addresses else {}
        body: dict[str, Any] = {
            "origin": self.origin,
            "agent_id": self.agent_id,
            "area_code": self.area_code,
            "phone_number": self.phone_number,
            "sip_auth": _filled({**digest, **allowed}) or None,
            "webhook": self.webhook.model_dump(exclude_none=True) if self.webhook else None,
        }
        return _filled(body)


def _filled(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None and value is not UNKNOWN}


class Answer(BaseModel):
    """An answer of the API: unknown fields are kept out, absent ones are empty, both letter cases are read."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True, defer_build=True)


class AnsweredAuth(Answer):
    """What a read shows of the authentication: never a password."""

    auth_username: str = ""
    allowed_addresses: list[str] = Field(default_factory=list[str])


class RegisteredNumber(Answer):
    """A phone number as the API answers it."""

    phone_number_id: str = Field(validation_alias=AliasChoices("phone_number_id", "id"))
    phone_number: str = ""
    name: str = ""
    origin: str = ""
    team_id: str = ""
    agent_id: str = ""
    agent_name: str = ""
    webhook_id: str = ""
    sip_host: str = ""
    inbound_trunk_id: str = ""
    sip_auth: AnsweredAuth = Field(default_factory=AnsweredAuth)
    created_at: str = ""
    updated_at: str = ""


class CreatedWebhook(Answer):
    """The webhook in the answer to a create, whose secret is shown this once."""

    dispatch_signing_secret: str = ""
    webhook_id: str = ""


class Created(Answer):
    """What CreatePhoneNumberV2 answers: the number, and once in its life the signing secret of its webhook."""

    number: RegisteredNumber
    signing_secret: str = ""
    webhook_id: str = ""


class Key(Answer):
    """``GET /v1/api-key``: whose key this is."""

    team_id: str = ""
    redacted_api_key: str = ""
    name: str = ""


class HostedAgent(Answer):
    """A hosted agent as the API answers it. Tools are kept as they are: the JSON Schema in them is the customer's."""

    agent_id: str = Field(validation_alias=AliasChoices("agent_id", "id"))
    name: str = ""
    instructions: str = ""
    tools: list[Any] = Field(default_factory=list[Any])
    voice: dict[str, Any] = Field(default_factory=dict[str, Any])
    collection_ids: list[str] = Field(default_factory=list[str])
    team_id: str = ""
    created_at: str = ""
    updated_at: str = ""


def agent_fields(body: Any) -> dict[str, Any]:
    """An agent out of ``{agent: {…}}``, or bare: xAI's own keys in snake_case, what the customer wrote untouched."""
    whole: dict[str, Any] = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    inner: Any = whole.get("agent")
    fields = snake_keys(cast(dict[str, Any], inner) if isinstance(inner, dict) else whole)
    return {**fields, "voice": snake(fields["voice"])} if fields.get("voice") else fields


def snake_keys(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same mapping with snake_case keys and without nulls; values stay as they are."""
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): item for key, item in fields.items() if item is not None}


def snake(value: Any) -> Any:
    """The same JSON with snake_case keys and without nulls: the live API was seen answering in camelCase."""
    if isinstance(value, dict):
        return {key: snake(item) for key, item in snake_keys(cast(dict[str, Any], value)).items()}
    if isinstance(value, list):
        return [snake(item) for item in cast(list[Any], value)]
    return value


def unwrapped(body: Any, key: str = "phone_number") -> Any:
    """The object inside ``{key: {…}}``, or the bare object: both were seen. Keys become snake_case."""
    plain: Any = snake(body)
    inner: Any = cast(dict[str, Any], plain).get(key) if isinstance(plain, dict) else None
    return cast(Any, inner if isinstance(inner, dict) else plain)
