"""Twilio: a trunk per number whose origination URL is the number's target at xAI, or one for many; or TwiML, without one.

Documents: twilio.com/docs/sip-trunking (API, origination, IP addresses), /docs/voice/twiml (read 2026-11-21). Digest towards
the target is not offered on a trunk, so xAI's allowlist is the authentication there; TwiML has it. Never tried against a
live account: docs/twilio.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, cast

from pydantic import ConfigDict, Field, field_validator, model_validator

from providers.kernel import purchase
from providers.kernel.capabilities import Ability, Can, Cannot, Capability, Table
from providers.kernel.conventions import ApiConventions
from providers.kernel.files import Files
from providers.kernel.route import Leg, Ref, RouteObject
from providers.kernel.route_import import RouteImport
from providers.kernel.spec import StrictModel
from providers.kernel.values import HttpsUrl, Target, Whole
from providers.kernel.vendor import Carrier, Credential
from providers.twilio import twiml
from providers.twilio.api import Api
from providers.twilio.attachment import Attachment
from providers.twilio.caller import CALLER
from providers.twilio.inventory import INVENTORY
from providers.twilio.on_the_way import on_the_way
from providers.twilio.route_import import found, numbers
from providers.twilio.shop import Shop
from providers.twilio.trunk import (
    CallerId,
    DisasterRecovery,
    OriginationUrl,
    Recording,
    RecordingMode,
    Trunk,
)
from providers.twilio.voice import Application, Twiml

_READ = date(2026, 11, 21)
_MODES: dict[bool | str, str] = {True: "enable-all", False: "disable-all", "sip-only": "sip-only"}
#: Of the first origination URL, where nothing else is said.
_PRIORITY = 10
#: Origination URLs a trunk may have: the target and nine more.
_MAX_URLS = 10
#: Keys that one mode of the route has, with what they say when nothing is said, and what the other mode has instead.
_ONLY: dict[str, dict[str, tuple[Any, str]]] = {
    "trunk": {
        "trunk": ("own", ""),
        "transfer": (False, "refer_url"),
        "transfer_caller_id": ("from-transferee", ""),
        "cnam_lookup": (False, ""),
        "recording": (None, ""),
        "disaster_recovery": (None, "action_url"),
        "host_only": (False, ""),
        "port": (None, ""),
        "priority": (10, ""),
    },
    "twiml": {
        "voice_url": (None, ""),
        "voice_method": ("POST", ""),
        "application": (False, ""),
        "headers": ({}, ""),
        "refer_url": (None, "transfer"),
        "action_url": (None, "disaster_recovery"),
        "sequential": (False, "fallback alone"),
    },
}


def _schema() -> dict[str, Any]:
    """For editors: what ``Route._of_one_mode`` says."""
    without = {
        mode: {"properties": {name: {"enum": [default]} for name, (default, _) in keys.items()}}
        for mode, keys in _ONLY.items()
    }
    spoken = {"properties": {"mode": {"const": "twiml"}}, "required": ["mode"]}
    application = {"properties": {"application": {"const": True}}, "required": ["application"]}
    asked = {"properties": {"voice_url": {"type": "string"}}, "required": ["voice_url"]}
    return {
        "allOf": [
            {"if": spoken, "then": without["trunk"], "else": without["twiml"]},
            {"if": application, "then": asked},
        ]
    }


class Recorded(StrictModel):
    """Recording of the calls at Twilio."""

    mode: RecordingMode = Field(
        default="record-from-answer", description="From ringing or from answer; dual: two channels."
    )
    trim: Literal["trim-silence", "do-not-trim"] = Field(
        default="do-not-trim", description="Whether silence is cut out."
    )


class Route(purchase.Route):
    """Twilio: a trunk of its own for this number, or one that numbers of the stack share; or TwiML, without a trunk."""

    model_config = ConfigDict(json_schema_extra=_schema())

    carrier: Literal["twilio"] = Field(default="twilio", description="Twilio.")
    mode: Literal["trunk", "twiml"] = Field(
        default="trunk",
        description="trunk: Elastic SIP Trunking. twiml: Programmable Voice asks a URL for TwiML, no trunk.",
    )
    trunk: Literal["own", "shared"] = Field(
        default="own",
        description="A trunk per number (at most 100), or one for all that say `shared`: Twilio then fills in the number.",
    )
    transfer: bool | Literal["sip-only"] = Field(
        default=False,
        description="Let the agent transfer calls by SIP REFER: true (phone numbers and SIP) or sip-only.",
    )
    transfer_caller_id: CallerId = Field(
        default="from-transferee", description="Which number a transferred call shows."
    )
    secure: bool = Field(default=False, description="TLS and SRTP mandatory; on a trunk unencrypted calls are refused.")
    cnam_lookup: bool = Field(default=False, description="Look up the caller's name (US and Canada; billed by Twilio).")
    recording: Recorded | None = Field(default=None, description="Record the calls at Twilio: a mode, or a mapping.")
    disaster_recovery: DisasterRecovery | None = Field(
        default=None, description="TwiML URL that answers when nothing else does."
    )
    edge: str | None = Field(
        default=None, pattern=r"^[a-z][a-z-]*$", description="Twilio edge the call leaves from, such as ashburn."
    )
    region: str | None = Field(
        default=None, pattern=r"^[a-z]{2}\d$", description="Twilio region of the edge, such as us1."
    )
    host_only: bool = Field(
        default=False, description="The URL names xAI's host alone: Twilio puts the dialled number before it."
    )
    port: Whole | None = Field(
        default=None, ge=1, le=65535, description="Port in the URL; left out: none, which means 5061 with TLS."
    )
    priority: Whole = Field(
        default=10, ge=0, le=65000, description="Of the URL; each fallback has 10 more than the one before."
    )
    voice_url: HttpsUrl | None = Field(
        default=None,
        description="twiml: who answers with the TwiML, a server of yours or a TwiML Bin; left out: set by hand.",
    )
    voice_method: Literal["GET", "POST"] = Field(default="POST", description="twiml: how voice_url is asked.")
    application: bool = Field(
        default=False, description="twiml: by a TwiML application of its own, which asks voice_url."
    )
    headers: twiml.Headers = Field(
        default_factory=dict[str, str], description="twiml: SIP headers the call brings to xAI: X-… to text."
    )
    refer_url: HttpsUrl | None = Field(
        default=None,
        description="twiml: URL that carries out transfers by the agent (SIP REFER); left out: they are refused.",
    )
    action_url: HttpsUrl | None = Field(
        default=None, description="twiml: URL that decides what follows xAI's leg of the call."
    )
    sequential: bool = Field(
        default=False, description="twiml: allow fallback; the account has Enhanced Programmable SIP Features enabled."
    )

    @field_validator("recording", mode="before")
    @classmethod
    def _mode_alone(cls, value: Any) -> Any:
        return {"mode": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _of_one_mode(self) -> Route:
        other = "twiml" if self.mode == "trunk" else "trunk"
        for name, (default, instead) in _ONLY[other].items():
            if getattr(self, name) != default:
                way = f", or write {instead}" if instead else ""
                raise ValueError(f"{name} is for mode {other}: remove it{way}")
        if self.application and not self.voice_url:
            raise ValueError("application needs voice_url: the URL that answers with the TwiML")
        return self

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """What gets the calls, and last the number on it: a failure half-way keeps what was made."""
        return self._spoken(leg) if self.mode == "twiml" else self._trunked(leg)

    def abilities(self) -> Mapping[Capability, Ability]:
        """TwiML can what a trunk cannot, and the other way round."""
        return SPOKEN if self.mode == "twiml" else {}

    def files(self, leg: Leg) -> Files | None:
        """The TwiML to host."""
        return twiml.bundle(self._dial(leg), leg.stack) if self.mode == "twiml" else None

    def _dial(self, leg: Leg) -> twiml.Dial:
        """Raises ValueError for what TwiML cannot say."""
        if leg.fallback and not self.sequential:
            raise ValueError(
                "TwiML tries one URI after the other only where Enhanced Programmable SIP Features are enabled: say so by"
                " sequential: true in the route, or remove fallback and let action_url decide"
            )
        target = Target(number=leg.number, host=leg.target.host, parameters=self._parameters())
        return twiml.Dial(
            phone_number=leg.number,
            target=str(target),
            fallback=tuple(way.uri for way in leg.fallback),
            headers=self.headers,
            username=leg.login.username if leg.login else "",
            action_url=self.action_url,
            refer_url=self.refer_url,
        )

    def _spoken(self, leg: Leg) -> tuple[RouteObject, ...]:
        """TwiML that somebody hosts, and the number that asks for it."""
        password = {"password": leg.login.password} if leg.login else {}
        inputs = {**self._dial(leg).model_dump(mode="json"), **password, "hosted": self.voice_url}
        made = [RouteObject("twiml", "Twiml", inputs)]
        voice = {"url": self.voice_url, "method": self.voice_method}
        link: dict[str, Any] = {"phone_number": leg.number, "take_over": leg.take_over}
        if self.application:
            made.append(RouteObject("application", "Application", {"voice": voice}))
            link["application_sid"] = Ref("application", "sid")
        elif self.voice_url:
            link["voice"] = voice
        else:
            return tuple(made)
        return (*made, RouteObject("attachment", "Attachment", link, after=("twiml",), last=True))

    def _trunked(self, leg: Leg) -> tuple[RouteObject, ...]:
        shared = self.trunk == "shared"
        trunk: dict[str, Any] = {
            "transfer_mode": _MODES[self.transfer],
            "transfer_caller_id": self.transfer_caller_id,
            "secure": self.secure,
            "cnam_lookup": self.cnam_lookup,
            "disaster_recovery": self.disaster_recovery.model_dump() if self.disaster_recovery else None,
        }
        made = [RouteObject("trunk", "Trunk", trunk, shared=shared), *self._urls(leg, shared)]
        if self.recording:
            settings = {"trunk_sid": Ref("trunk", "sid"), **self.recording.model_dump()}
            made.append(RouteObject("recording", "Recording", settings, shared=shared))
        link = {"phone_number": leg.number, "trunk_sid": Ref("trunk", "sid"), "take_over": leg.take_over}
        return (*made, RouteObject("attachment", "Attachment", link, after=tuple(p.name for p in made[1:]), last=True))

    def _urls(self, leg: Leg, shared: bool) -> list[RouteObject]:
        if len(leg.fallback) >= _MAX_URLS:
            raise ValueError(f"Twilio tries at most {_MAX_URLS} URLs: {_MAX_URLS - 1} fallbacks")
        number = "" if shared or self.host_only else leg.number
        first = str(Target(number=number, host=leg.target.host, port=self.port, parameters=self._parameters()))
        ranked = {"priority": self.priority} if self.priority != _PRIORITY else {}
        urls = [
            RouteObject(
                "origination-url",
                "OriginationUrl",
                {"trunk_sid": Ref("trunk", "sid"), "sip_url": first, **ranked},
                shared=shared,
            )
        ]
        for count, fallback in enumerate(leg.checked_fallbacks(shared=shared), start=1):
            url = {"sip_url": fallback.uri, "weight": fallback.weight, "priority": self.priority + 10 * count}
            inputs = {"trunk_sid": Ref("trunk", "sid"), **url}
            urls.append(RouteObject(f"fallback-{count}", "OriginationUrl", inputs, shared=shared))
        return urls

    def _parameters(self) -> tuple[tuple[str, str], ...]:
        secure = "true" if self.secure and self.mode == "twiml" else None  # on a trunk it is a setting of the trunk
        given = {"secure": secure, "edge": self.edge, "region": self.region}
        return tuple((name, value) for name, value in given.items() if value)


RANGES = Table(
    "twilio",
    read=_READ,
    source="twilio.com/docs/sip-trunking/ip-addresses: allow ALL of them, no edge is guaranteed",
    cidrs=(
        "54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30",
        "54.65.63.192/30", "54.169.127.128/30", "54.252.254.64/30", "177.71.206.192/30",
    ),
)  # fmt: skip

CAN: dict[Capability, Ability] = {
    Capability.API: Can("API", _READ),
    Capability.TLS: Can("transport=tls", _READ),
    Capability.SRTP: Can("secure: true", _READ),
    Capability.DIGEST: Cannot("an origination URL has no credentials; mode: twiml has", _READ),
    Capability.ALLOWLIST: Can("8 ranges", _READ),
    Capability.TRANSFER: Can("transfer: true", _READ),
    Capability.FALLBACK: Can("9 further URLs", _READ),
    Capability.CODECS: Can("G.711 µ-law, A-law", _READ),
    Capability.SHARED: Can("one, or many with trunk: shared", _READ),
    Capability.BUYING: Can("price by country and type", _READ),
}

#: In mode twiml.
SPOKEN: dict[Capability, Ability] = {
    Capability.SRTP: Can("secure: true", _READ),
    Capability.DIGEST: Can("username and password of <Sip>", _READ),
    Capability.ALLOWLIST: Can("the trunks' 8 ranges; those of Programmable Voice were never compared", _READ),
    Capability.TRANSFER: Can("refer_url", _READ),
    Capability.FALLBACK: Can("9 further URIs with sequential: true", _READ),
    Capability.SHARED: Cannot("no trunk", _READ),
}


#: What objects are known by, found by and linked by.
_TEXTS = frozenset(
    {
        "sid", "account_sid", "trunk_sid", "voice_application_sid", "friendly_name", "phone_number", "sip_url", "voice_url",
        "voice_method", "transfer_mode", "transfer_caller_id", "disaster_recovery_url", "disaster_recovery_method", "mode",
        "trim", "next_page_url", "next_page_uri", "key",
    }
)  # fmt: skip


def _account(api: Api) -> str:
    return cast(str, api.client.api.accounts(api.account_sid).fetch().sid)


CARRIER = Carrier[Api](
    name="twilio",
    title="Twilio",
    credentials=(
        Credential("account_sid", "TWILIO_ACCOUNT_SID", "twilio:accountSid", secret=False),
        Credential("auth_token", "TWILIO_AUTH_TOKEN", "twilio:authToken", required=False),
        Credential("api_key", "TWILIO_API_KEY", "twilio:apiKey", secret=False, required=False),
        Credential("api_secret", "TWILIO_API_SECRET", "twilio:apiSecret", required=False),
    ),
    base_url_env="TWILIO_BASE_URL",
    objects=(Trunk, OriginationUrl, Recording, Application, Twiml, Attachment, *purchase.sold_by(Shop())),
    connect=Api,
    account=_account,
    # {"code": 20404, "message": …, "more_info": …, "status": 404}, the common form; a DELETE answers 204
    conventions=ApiConventions(request_id_headers=("twilio-request-id",), empty_answers=frozenset(), texts=_TEXTS),
    route=Route,
    ranges=(RANGES,),
    can=CAN,
    route_import=RouteImport(numbers, found),
    inventory=INVENTORY,
    caller=CALLER,
    on_the_way=on_the_way,
    object_limit=("Trunk", 100, "write `trunk: shared` in the routes"),
)
