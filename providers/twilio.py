"""Twilio Elastic SIP Trunking: a trunk per number whose origination URL is the number's target at xAI.

Documents: twilio.com/docs/sip-trunking (API, origination, IP addresses read 2026-11-21). Digest towards the target is not
offered on a trunk, so xAI's allowlist is the authentication. Never tried against a live account: docs/twilio.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from providers.kernel import carrier, errors, http, limits, operation
from providers.kernel.carrier import Live, Piece, Ref
from providers.kernel.ranges import Table
from providers.kernel.spec import Spec
from providers.kernel.values import E164, SipUri, Target, Whole

if TYPE_CHECKING:
    from twilio.rest import Client

#: What a bought number answers with until somebody points it elsewhere: nobody's route.
_FACTORY_VOICE_URL = "https://demo.twilio.com/welcome/voice/"
TransferMode = Literal["disable-all", "enable-all", "sip-only"]
CallerId = Literal["from-transferee", "from-transferor"]


class Api:
    """The SDK's client on our HTTP policy, and the listings that one run shares."""

    def __init__(self, settings: carrier.Settings, limit: limits.Limit) -> None:
        self.client = _client(settings, limit)
        self.account_sid = settings["account_sid"]
        self._shared: dict[str, list[Any]] = {}

    def listed(self, name: str, fetch: Callable[[], list[Any]], *, fresh: bool) -> list[Any]:
        """A listing, read once per run unless it must be fresh. Only this run makes objects with this stack's marker."""
        if fresh or name not in self._shared:
            self._shared[name] = fetch()
        return self._shared[name]

    def number(self, e164: str) -> Any:
        """The account's number; the API's filter matches parts, so the answer is compared again. Raises NotFound."""
        for found in self.client.incoming_phone_numbers.list(phone_number=e164):
            if found.phone_number == e164:
                return found
        raise errors.NotFound(
            f"account {self.account_sid} does not own this number",
            step="buy or port it at Twilio, or correct the number",
        )


def _client(settings: carrier.Settings, limit: limits.Limit) -> Client:
    from twilio.http import HttpClient
    from twilio.http.response import Response
    from twilio.rest import Client

    wire = http.client("twilio", limit)

    class Http(HttpClient):
        """The SDK's requests, sent by our policy; its own client waits forever and hides headers."""

        def __init__(self) -> None:
            self.timeout = None
            self.is_async = False

        def request(
            self, method: str, uri: str, params: Any = None, data: Any = None, *more: Any, **rest: Any
        ) -> Response:
            fields: dict[str, object] = data or {}
            plain: dict[str, Any] = {key: _form(value) for key, value in fields.items()}
            answer = wire.request(
                method,
                uri,
                params=params or None,
                data=plain or None,
                headers=rest.get("headers"),
                auth=rest.get("auth"),
            )
            return Response(answer.status_code, answer.text, answer.headers)

    key, secret = settings.get("api_key"), settings.get("api_secret")
    user, password = (key, secret) if key and secret else (settings["account_sid"], settings["auth_token"])
    client = Client(user, password, settings["account_sid"], http_client=Http())
    if settings.base_url:
        client.api.base_url = client.trunking.base_url = settings.base_url
    return client


def _form(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


class TrunkSpec(Spec):
    """An Elastic SIP trunk."""

    transfer_mode: TransferMode = Field("disable-all", description="Whether the agent may transfer calls (SIP REFER).")
    transfer_caller_id: CallerId = Field("from-transferee", description="Which number a transferred call shows.")
    secure: bool = Field(False, description="TLS and SRTP mandatory; unencrypted calls are refused.")


class Trunk(carrier.Object[Api, TrunkSpec]):
    """The trunk of one number; its friendly name is the marker.

    Calls: /v1/Trunks. Changes in place: everything. Delete: after its number is detached and its origination URL is gone.
    """

    kind = "Trunk"
    spec: ClassVar[type[Spec]] = TrunkSpec
    outputs = ("sid",)

    def find(self, api: Api, spec: TrunkSpec, *, fresh: bool) -> Live | None:
        """By friendly name, which is the marker: Twilio does not keep it unique, so it is looked for before making one."""
        trunks = api.listed("trunks", lambda: api.client.trunking.v1.trunks.list(page_size=1000), fresh=fresh)
        return next((_trunk(trunk) for trunk in trunks if trunk.friendly_name == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any]) -> Live | None:
        """GET /v1/Trunks/{sid}."""
        return _trunk(api.client.trunking.v1.trunks(id).fetch())

    def create(self, api: Api, spec: TrunkSpec) -> Live:
        """POST /v1/Trunks."""
        return _trunk(api.client.trunking.v1.trunks.create(friendly_name=spec.marker, **_settings(spec)))

    def update(self, api: Api, id: str, spec: TrunkSpec, state: Mapping[str, Any]) -> Live:
        """POST /v1/Trunks/{sid}."""
        return _trunk(api.client.trunking.v1.trunks(id).update(friendly_name=spec.marker, **_settings(spec)))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v1/Trunks/{sid}."""
        api.client.trunking.v1.trunks(id).delete()


def _settings(spec: TrunkSpec) -> dict[str, Any]:
    return {
        "transfer_mode": spec.transfer_mode,
        "transfer_caller_id": spec.transfer_caller_id,
        "secure": spec.secure,
    }


def _trunk(trunk: Any) -> Live:
    inputs = {
        "marker": trunk.friendly_name,
        "transfer_mode": trunk.transfer_mode,
        "transfer_caller_id": trunk.transfer_caller_id,
        "secure": bool(trunk.secure),
    }
    return Live(trunk.sid, inputs, {"sid": trunk.sid}, holder=f"trunk {trunk.sid}")


class OriginationUrlSpec(Spec):
    """Where a trunk sends its calls."""

    trunk_sid: str = Field(description="The trunk.")
    sip_url: SipUri = Field(description="SIP URI; scheme sip:, TLS by ;transport=tls.")
    priority: Whole = Field(10, ge=0, le=65535, description="Lowest is tried first.")
    weight: Whole = Field(10, ge=1, le=65535, description="Share among equal priorities.")
    enabled: bool = Field(True, description="Whether calls are sent here.")


class OriginationUrl(carrier.Object[Api, OriginationUrlSpec]):
    """A trunk's way to the target: ``sip:+14155550100@sip.voice.x.ai;transport=tls``.

    Calls: /v1/Trunks/{sid}/OriginationUrls. Changes in place: all but the trunk.
    """

    kind = "OriginationUrl"
    spec: ClassVar[type[Spec]] = OriginationUrlSpec
    replaces = frozenset({"trunk_sid"})
    references = frozenset({"trunk_sid"})
    outputs = ("sid",)

    def find(self, api: Api, spec: OriginationUrlSpec, *, fresh: bool) -> Live | None:
        """The URL of this trunk that carries the marker, or points at the same target."""
        urls = [_url(url) for url in api.client.trunking.v1.trunks(spec.trunk_sid).origination_urls.list()]
        marked = [url for url in urls if url.inputs["marker"] == spec.marker]
        return next(iter(marked), None) or next((url for url in urls if url.inputs["sip_url"] == spec.sip_url), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any]) -> Live | None:
        """GET /v1/Trunks/{sid}/OriginationUrls/{sid}."""
        return _url(api.client.trunking.v1.trunks(str(state["trunk_sid"])).origination_urls(id).fetch())

    def create(self, api: Api, spec: OriginationUrlSpec) -> Live:
        """POST /v1/Trunks/{sid}/OriginationUrls."""
        return _url(api.client.trunking.v1.trunks(spec.trunk_sid).origination_urls.create(**_fields(spec)))

    def update(self, api: Api, id: str, spec: OriginationUrlSpec, state: Mapping[str, Any]) -> Live:
        """POST /v1/Trunks/{sid}/OriginationUrls/{sid}."""
        return _url(api.client.trunking.v1.trunks(spec.trunk_sid).origination_urls(id).update(**_fields(spec)))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v1/Trunks/{sid}/OriginationUrls/{sid}."""
        api.client.trunking.v1.trunks(str(state["trunk_sid"])).origination_urls(id).delete()


def _fields(spec: OriginationUrlSpec) -> dict[str, Any]:
    given = {"friendly_name": spec.marker, "sip_url": spec.sip_url}
    return {**given, "priority": spec.priority, "weight": spec.weight, "enabled": spec.enabled}


def _url(url: Any) -> Live:
    inputs = {
        "marker": url.friendly_name,
        "trunk_sid": url.trunk_sid,
        "sip_url": url.sip_url,
        "priority": url.priority,
        "weight": url.weight,
        "enabled": url.enabled,
    }
    return Live(url.sid, inputs, {"sid": url.sid})


class AttachmentSpec(Spec):
    """A number on a trunk."""

    phone_number: E164 = Field(description="A number this account owns.")
    trunk_sid: str = Field(description="The trunk that gets its calls.")


class Attachment(carrier.Object[Api, AttachmentSpec]):
    """The link from an owned number to a trunk.

    Calls: /v1/Trunks/{sid}/PhoneNumbers, IncomingPhoneNumbers. Delete: detaches and puts back what the number had before;
    the number is never released.
    """

    kind = "Attachment"
    spec: ClassVar[type[Spec]] = AttachmentSpec
    replaces = frozenset({"phone_number"})
    references = frozenset({"trunk_sid"})
    outputs = ("number_sid", "attached_to", "previous")

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """The number, when it is on a trunk or rings somebody's application or URL."""
        number = api.number(spec.phone_number)
        if number.trunk_sid == spec.trunk_sid:
            return _attachment(number, spec.trunk_sid, {})
        if holder := _holder(number):
            return _attachment(number, spec.trunk_sid, {}, holder)
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any]) -> Live | None:
        """The number's own record says which trunk it is on; on none it is detached, and so gone."""
        number = api.client.incoming_phone_numbers(id).fetch()
        if not number.trunk_sid:
            return None
        return Live(id, {"trunk_sid": number.trunk_sid, "phone_number": number.phone_number})

    def create(self, api: Api, spec: AttachmentSpec) -> Live:
        """POST /v1/Trunks/{sid}/PhoneNumbers; what the number had before is kept for the way back."""
        number = api.number(spec.phone_number)
        api.client.trunking.v1.trunks(spec.trunk_sid).phone_numbers.create(number.sid)
        return _attachment(number, spec.trunk_sid, _settings_now(number))

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """Back onto our trunk, when somebody moved it or the trunk was made anew; what it had at first stays known."""
        api.client.trunking.v1.trunks(spec.trunk_sid).phone_numbers.create(id)
        return Live(id, {}, {"attached_to": spec.trunk_sid})

    def adopt(self, api: Api, found: Live, spec: AttachmentSpec) -> Live:
        """Nothing to do when it is on our trunk; else move it, remembering where it was."""
        return found if found.ours else self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Detach only from our trunk, then put the number back where it was."""
        number = api.client.incoming_phone_numbers(id).fetch()
        if not number.trunk_sid or number.trunk_sid != state["attached_to"]:
            return  # somebody else's by now
        api.client.trunking.v1.trunks(number.trunk_sid).phone_numbers(id).delete()
        previous: Mapping[str, str] = state.get("previous") or {}
        changed = {key: value for key, value in previous.items() if value and getattr(number, key, None) != value}
        if not changed:
            return
        try:
            api.client.incoming_phone_numbers(id).update(**changed)
        except errors.Permanent as error:
            operation.current().warn(f"detached, but what it had before is gone: {error.reason}")


def _attachment(number: Any, trunk: str, previous: Mapping[str, str], holder: str = "") -> Live:
    inputs = {"phone_number": number.phone_number, "trunk_sid": number.trunk_sid}
    outputs = {"number_sid": number.sid, "attached_to": trunk, "previous": dict(previous)}
    return Live(number.sid, inputs, outputs, ours=not holder, holder=holder)


def _settings_now(number: Any) -> dict[str, str]:
    """What attaching changes: the trunk itself, and the application, which Twilio drops when a trunk is set."""
    return (
        {"trunk_sid": number.trunk_sid}
        if number.trunk_sid
        else {"voice_application_sid": number.voice_application_sid or ""}
    )


def _holder(number: Any) -> str:
    """Who gets the number's calls now, other than Twilio's factory greeting."""
    if number.trunk_sid:
        return f"it is attached to trunk {number.trunk_sid}"
    if number.voice_application_sid:
        return f"it rings application {number.voice_application_sid}"
    if number.voice_url and number.voice_url != _FACTORY_VOICE_URL:
        return f"it rings {number.voice_url}"
    return ""


class Route(carrier.Route):
    """A Twilio Elastic SIP trunk of its own for this number."""

    carrier: Literal["twilio"] = Field("twilio", description="Twilio Elastic SIP Trunking.")
    transfer: bool | Literal["sip-only"] = Field(
        False, description="Let the agent transfer calls by SIP REFER: true (phone numbers and SIP) or sip-only."
    )
    transfer_caller_id: CallerId = Field("from-transferee", description="Which number a transferred call shows.")
    secure: bool = Field(False, description="TLS and SRTP mandatory on the trunk; unencrypted calls are refused.")

    def pieces(self, number: str, target: Target, marker: str, take_over: bool) -> tuple[Piece, ...]:
        """Trunk, its origination URL, and last the number on it: a failure half-way keeps what was made."""
        modes: dict[bool | str, str] = {True: "enable-all", False: "disable-all", "sip-only": "sip-only"}
        trunk = {
            "transfer_mode": modes[self.transfer],
            "transfer_caller_id": self.transfer_caller_id,
            "secure": self.secure,
        }
        link = {"phone_number": number, "trunk_sid": Ref("trunk", "sid"), "take_over": take_over}
        return (
            Piece("trunk", "Trunk", trunk),
            Piece("origination-url", "OriginationUrl", {"trunk_sid": Ref("trunk", "sid"), "sip_url": str(target)}),
            Piece("attachment", "Attachment", link, after=("origination-url",), last=True),
        )


RANGES = Table(
    "twilio",
    read=date(2026, 11, 21),
    source="twilio.com/docs/sip-trunking/ip-addresses: allow ALL of them, no edge is guaranteed",
    cidrs=(
        "54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30",
        "54.65.63.192/30", "54.169.127.128/30", "54.252.254.64/30", "177.71.206.192/30",
    ),
)  # fmt: skip


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
    objects=(Trunk, OriginationUrl, Attachment),
    connect=Api,
    account=_account,
    route=Route,
    ranges=(RANGES,),
)
