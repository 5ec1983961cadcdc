"""What can be declared for a number: the words of the stack file, and of ``stacks.Number`` in Python."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, field_validator, model_validator

from providers.kernel import carrier, ranges, values
from providers.kernel.spec import Part
from providers.kernel.values import E164, Host, HttpsUrl


class SecretRef(Part):
    """``{secret: NAME}``: the Pulumi config secret of that name. Secrets never stand in the file."""

    secret: str = Field(min_length=1, pattern=r"^[A-Za-z][\w-]*(:[\w-]+)?$", description="Name of the config secret.")


def _reference(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("secrets never stand in the file: write {secret: NAME} and `pulumi config set --secret NAME`")
    return value


Reference = Annotated[SecretRef, BeforeValidator(_reference)]


def _quoted(value: Any) -> Any:
    if isinstance(value, int | float):
        raise ValueError(f'quote it, or YAML reads a number and drops the +: "+{int(abs(value))}"')
    return value


def _entry(text: str) -> str:
    if ranges.is_name(text):
        ranges.table(text)
        return text.strip().lower()
    return values.cidr(text)


def _uri_alone(value: Any) -> Any:
    return {"uri": value} if isinstance(value, str) else value


class Digest(Part):
    """SIP username and password. Without a password one is made and kept secret."""

    username: str = Field(min_length=1, max_length=64, pattern=r"^[\w.+-]+$", description="SIP username.")
    password: Reference | None = Field(None, description="{secret: NAME}; left out: a password is made.")


class Auth(Part):
    """Who may send calls to a number: an allowlist, or a digest. xAI's documents say: choose one."""

    allow: tuple[Annotated[str, AfterValidator(_entry)], ...] | None = Field(
        None, description="CIDRs, and carriers' published ranges by name (twilio)."
    )
    digest: Digest | None = Field(None, description="SIP username and password.")

    @model_validator(mode="after")
    def _one(self) -> Auth:
        if (self.allow is None) == (self.digest is None):
            raise ValueError("choose one of allow and digest (xAI documents one method per number)")
        if self.allow == ():
            raise ValueError("an empty allow lets nobody call: name a range or CIDR, or write auth: open")
        return self


class Webhook(Part):
    """Where xAI sends the signed ``realtime.call.incoming`` event of each call."""

    url: HttpsUrl = Field(description="https URL of the receiver.")
    name: str | None = Field(None, min_length=1, description="Display name; default: the number's name.")
    auth_url: HttpsUrl | None = Field(None, description="OAuth token-exchange URL; needs auth_token.")
    auth_token: Reference | None = Field(None, description="{secret: NAME}: bearer or OAuth client credential.")

    @model_validator(mode="after")
    def _token(self) -> Webhook:
        if self.auth_url and not self.auth_token:
            raise ValueError("auth_url needs auth_token: add auth_token: {secret: NAME}")
        return self


class Common(Part):
    """What can be said for all numbers at once under ``defaults``, and again on each."""

    webhook: Webhook | None = Field(None, description="Who is told of a call. null removes the default.")
    auth: Auth | Literal["open"] | None = Field(
        None, description="Who may send calls; left out: the carrier's best. `open`: anyone on the internet."
    )
    sip_host: Host = Field(values.SIP_HOST, description="xAI's SIP host.")
    route: InstanceOf[carrier.Route] | None = Field(None, description="The carrier, and what is special about it.")

    @field_validator("auth", mode="before")
    @classmethod
    def _auth(cls, value: Any) -> Any:
        """A plain model error instead of one per branch of the union."""
        if isinstance(value, str) and value != "open":
            raise ValueError("must be `open`, or a mapping with allow or digest")
        return Auth.model_validate(value) if isinstance(value, dict) else value


class Number(Common):
    """One number: who may call it in, over which carrier, and what answers."""

    number: Annotated[E164, BeforeValidator(_quoted)] | None = Field(None, description='E.164, quoted: "+14155550100".')
    origin: Literal["byo_trunk", "xai_provisioned"] = Field("byo_trunk", description="A DID of yours, or xAI's number.")
    area_code: Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)] | None = (
        Field(None, pattern=r"^[2-9]\d{2}$", description="xai_provisioned: US area code to provision in.")
    )
    name: str | None = Field(None, min_length=1, max_length=200, description="Display name at xAI; default: the key.")
    agent: str | None = Field(None, min_length=1, description="Hosted agent that answers, instead of a webhook.")
    fallback: tuple[Annotated[carrier.Fallback, BeforeValidator(_uri_alone)], ...] = Field(
        (), description="Who rings when xAI does not answer: SIP URIs, tried in this order."
    )
    signing_secret: Reference | None = Field(None, description="{secret: NAME}: known secret of a number that exists.")
    take_over: bool = Field(False, description="Make the registration and the attachment that exist ours.")
    replace: Literal["accept"] | None = Field(None, description="Consent to registering the number anew (an outage).")
    protect: bool = Field(False, description="Pulumi refuses to delete or replace it.")
    was: tuple[str, ...] = Field((), description="Earlier keys of a number that has no E.164 yet.")

    @model_validator(mode="after")
    def _possible(self) -> Number:
        if self.agent and self.webhook:
            raise ValueError("agent and webhook exclude each other: remove one (a number rings an agent or a webhook)")
        if self.number is None and not (self.origin == "xai_provisioned" and self.area_code):
            raise ValueError('needs number: "+…" (or origin: xai_provisioned with area_code)')
        if self.number is not None and self.area_code:
            raise ValueError(
                "number and area_code exclude each other: area_code asks for a number that does not exist yet"
            )
        if self.origin == "xai_provisioned" and self.route:
            raise ValueError("a number of xAI's needs no route: remove route, or use origin: byo_trunk")
        if self.origin == "xai_provisioned" and self.fallback:
            raise ValueError("fallback is for your own DIDs only: xAI routes its own numbers itself")
        if self.origin == "xai_provisioned" and self.auth:
            raise ValueError("auth is for your own DIDs only: remove auth, or use origin: byo_trunk")
        return self

    def merged(self, defaults: Common) -> Number:
        """This number with the defaults it does not say itself; a key replaces the default's key as a whole."""
        taken = {
            name: getattr(defaults, name) for name in defaults.model_fields_set if name not in self.model_fields_set
        }
        if self.agent or (self.origin == "xai_provisioned" and self.number):
            taken.pop("webhook", None)
        if self.origin == "xai_provisioned":
            taken = {name: value for name, value in taken.items() if name not in {"route", "auth"}}
        return self.model_copy(update=taken)


class Network(Part):
    """All that one stack file declares."""

    version: Literal[1] = Field(description="Version of this format.")
    defaults: Common = Field(default_factory=lambda: Common.model_validate({}), description="For every number.")
    numbers: dict[str, Number] = Field(description="Numbers by a label for people.")

    def merged(self) -> dict[str, Number]:
        """Every number with its defaults."""
        return {key: number.merged(self.defaults) for key, number in self.numbers.items()}


KEY = re.compile(r"^[A-Za-z0-9][\w.-]{0,62}$")
