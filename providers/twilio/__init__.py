"""Twilio Elastic SIP Trunking: a trunk per number whose origination URL is the number's target at xAI, or one for many.

Documents: twilio.com/docs/sip-trunking (API, origination, IP addresses; read 2026-11-21). Digest towards the target is not
offered on a trunk, so xAI's allowlist is the authentication. Never tried against a live account: docs/twilio.md.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator

from providers.kernel import carrier
from providers.kernel.capabilities import Ability, Can, Cannot, Capability, Table
from providers.kernel.carrier import Leg, Piece, Ref
from providers.kernel.spec import Part
from providers.kernel.values import Target
from providers.twilio.api import Api
from providers.twilio.attachment import Attachment
from providers.twilio.trunk import (
    CallerId,
    DisasterRecovery,
    OriginationUrl,
    Recording,
    RecordingMode,
    Trunk,
)

_READ = date(2026, 11, 21)
_MODES: dict[bool | str, str] = {True: "enable-all", False: "disable-all", "sip-only": "sip-only"}
#: Origination URLs a trunk may have: the target and nine more.
_MOST_URLS = 10


class Recorded(Part):
    """Recording of the calls at Twilio."""

    mode: RecordingMode = Field("record-from-answer", description="From ringing or from answer; dual: two channels.")
    trim: Literal["trim-silence", "do-not-trim"] = Field("do-not-trim", description="Whether silence is cut out.")


class Route(carrier.Route):
    """Twilio Elastic SIP Trunking: a trunk of its own for this number, or one that numbers of the stack share."""

    carrier: Literal["twilio"] = Field("twilio", description="Twilio Elastic SIP Trunking.")
    trunk: Literal["own", "shared"] = Field(
        "own",
        description="A trunk per number (at most 100), or one for all that say `shared`: Twilio then fills in the number.",
    )
    transfer: bool | Literal["sip-only"] = Field(
        False, description="Let the agent transfer calls by SIP REFER: true (phone numbers and SIP) or sip-only."
    )
    transfer_caller_id: CallerId = Field("from-transferee", description="Which number a transferred call shows.")
    secure: bool = Field(False, description="TLS and SRTP mandatory on the trunk; unencrypted calls are refused.")
    cnam_lookup: bool = Field(False, description="Look up the caller's name (US and Canada; billed by Twilio).")
    recording: Recorded | None = Field(None, description="Record the calls at Twilio: a mode, or a mapping.")
    disaster_recovery: DisasterRecovery | None = Field(
        None, description="TwiML URL that answers when nothing else does."
    )
    edge: str | None = Field(
        None, pattern=r"^[a-z][a-z-]*$", description="Twilio edge the call leaves from, such as ashburn."
    )
    region: str | None = Field(None, pattern=r"^[a-z]{2}\d$", description="Twilio region of the edge, such as us1.")

    @field_validator("recording", mode="before")
    @classmethod
    def _mode_alone(cls, value: Any) -> Any:
        return {"mode": value} if isinstance(value, str) else value

    def pieces(self, leg: Leg) -> tuple[Piece, ...]:
        """Trunk, its URLs, and last the number on it: a failure half-way keeps what was made."""
        shared = self.trunk == "shared"
        trunk: dict[str, Any] = {
            "transfer_mode": _MODES[self.transfer],
            "transfer_caller_id": self.transfer_caller_id,
            "secure": self.secure,
            "cnam_lookup": self.cnam_lookup,
            "disaster_recovery": self.disaster_recovery.model_dump() if self.disaster_recovery else None,
        }
        made = [Piece("trunk", "Trunk", trunk, shared=shared), *self._urls(leg, shared)]
        if self.recording:
            settings = {"trunk_sid": Ref("trunk", "sid"), **self.recording.model_dump()}
            made.append(Piece("recording", "Recording", settings, shared=shared))
        link = {"phone_number": leg.number, "trunk_sid": Ref("trunk", "sid"), "take_over": leg.take_over}
        return (*made, Piece("attachment", "Attachment", link, after=tuple(p.name for p in made[1:]), last=True))

    def _urls(self, leg: Leg, shared: bool) -> list[Piece]:
        if len(leg.fallback) >= _MOST_URLS:
            raise ValueError(f"Twilio tries at most {_MOST_URLS} URLs: {_MOST_URLS - 1} fallbacks")
        number = "" if shared else leg.number
        first = str(Target(number=number, host=leg.target.host, parameters=self._parameters()))
        urls = [
            Piece(
                "origination-url", "OriginationUrl", {"trunk_sid": Ref("trunk", "sid"), "sip_url": first}, shared=shared
            )
        ]
        for count, fallback in enumerate(leg.ways(shared=shared), start=1):
            url = {"sip_url": fallback.uri, "weight": fallback.weight, "priority": 10 + 10 * count}
            inputs = {"trunk_sid": Ref("trunk", "sid"), **url}
            urls.append(Piece(f"fallback-{count}", "OriginationUrl", inputs, shared=shared))
        return urls

    def _parameters(self) -> tuple[tuple[str, str], ...]:
        given = {"edge": self.edge, "region": self.region}
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
    Capability.DIGEST: Cannot("an origination URL has no credentials", _READ),
    Capability.ALLOWLIST: Can("8 ranges", _READ),
    Capability.TRANSFER: Can("transfer: true", _READ),
    Capability.FALLBACK: Can("9 further URLs", _READ),
    Capability.CODECS: Can("G.711 µ-law, A-law", _READ),
    Capability.SHARED: Can("one, or many with trunk: shared", _READ),
}


def _account(api: Api) -> str:
    return str(api.client.api.accounts(api.account_sid).fetch().sid)


CARRIER = carrier.Carrier[Api](
    name="twilio",
    title="Twilio",
    credentials=(
        carrier.Credential("account_sid", "TWILIO_ACCOUNT_SID", "twilio:accountSid", secret=False),
        carrier.Credential("auth_token", "TWILIO_AUTH_TOKEN", "twilio:authToken", required=False),
        carrier.Credential("api_key", "TWILIO_API_KEY", "twilio:apiKey", secret=False, required=False),
        carrier.Credential("api_secret", "TWILIO_API_SECRET", "twilio:apiSecret", required=False),
    ),
    base_url_env="TWILIO_BASE_URL",
    objects=(Trunk, OriginationUrl, Recording, Attachment),
    connect=Api,
    account=_account,
    route=Route,
    ranges=(RANGES,),
    can=CAN,
    most=("Trunk", 100, "write `trunk: shared` in the routes"),
)
