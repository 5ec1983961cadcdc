"""What gets a number's calls at Twilio: a trunk, an application, or a URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from providers.kernel import attachment, errors, marker
from providers.kernel.attachment import Held
from providers.kernel.call_handling import CallHandling, Stop
from providers.kernel.spec import Spec, StrictModel
from providers.kernel.values import HttpsUrl, Unknown, https_url
from providers.twilio.api import Api

#: What a bought number answers with until somebody points it elsewhere: nobody's route.
_FACTORY_VOICE_URL = "https://demo.twilio.com/welcome/voice/"


class Handler(StrictModel):
    """A URL that Twilio asks what to do with a call."""

    url: HttpsUrl = Field(description="https URL that returns TwiML.")
    method: Literal["GET", "POST"] = Field("POST", description="How it is asked.")


class AttachmentSpec(attachment.AttachmentSpec):
    """A number on a trunk, at an application, or at a URL: one of the three."""

    trunk_sid: str = Field("", description="The trunk that gets its calls.")
    application_sid: str = Field("", description="The TwiML application that is asked about its calls.")
    voice: Handler | None = Field(None, description="The URL that is asked about its calls.")
    receives: Literal["voice", "fax"] = Field("voice", description="What comes in as a call: voice, or a fax.")

    @model_validator(mode="after")
    def _one(self) -> AttachmentSpec:
        if sum(map(bool, (self.trunk_sid, self.application_sid, self.voice))) != 1:
            raise ValueError("one of trunk_sid, application_sid and voice gets the calls")
        return self


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The link from an owned number to a trunk, an application or a URL.

    Calls: IncomingPhoneNumbers, /v1/Trunks/{sid}/PhoneNumbers. Delete: detaches and puts back what the number had before;
    the number is never released.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    references = frozenset({"trunk_sid", "application_sid"})
    outputs = ("number_sid", "attached_to", "previous")
    link = "trunk_sid"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """A trunk counts more than an application, and that more than a URL; a fax machine gets no call."""
        voice: Mapping[str, Any] = inputs.get("voice") or {}
        goes = inputs.get("trunk_sid") or inputs.get("application_sid") or voice.get("url")
        fax = inputs.get("receives") == "fax"
        return CallHandling(
            takes=str(inputs.get("phone_number") or ""),
            tries=("fax",) if fax else (str(goes),) if goes else (),
            stops=(Stop("attachment", "it receives faxes", "set the number to receive voice"),) if fax else (),
        )

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """A trunk counts more than an application, and that than a URL."""
        found = api.number(number, fresh=fresh)
        return Held(found.sid, _held(found), _inputs(found), holder(found), {"number_sid": found.sid}, found)

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By the id, or by the marker of what has it."""
        number = held.raw
        if isinstance(spec.trunk_sid, Unknown):
            return _same_stack(api.trunk_listing, number.trunk_sid, spec)
        if isinstance(spec.application_sid, Unknown):
            return not number.trunk_sid and _same_stack(api.application_listing, number.voice_application_sid, spec)
        return held.by == self.to(spec) and (not spec.voice or _asks(number, spec))

    def to(self, spec: AttachmentSpec) -> str:
        """The sid, or the URL."""
        return spec.trunk_sid or spec.application_sid or (spec.voice.url if spec.voice else "")

    def usable(self, held: Held) -> None:
        """Only a number that takes voice calls; not shown means that nobody knows."""
        able: dict[str, bool] = held.raw.capabilities or {}
        if able.get("voice") is False:
            raise errors.Conflict("the number takes no voice calls", step="choose a number with voice at Twilio")

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """A trunk and an application drive each other out. A URL counts only without both: it is set first, then they go."""
        receives = api.number(spec.phone_number, fresh=False).voice_receive_mode or "voice"
        api.number_listing.changed(spec.phone_number)
        owned = api.client.incoming_phone_numbers(id)
        if receives != spec.receives:
            owned.update(voice_receive_mode=spec.receives)
        if spec.trunk_sid:
            api.trunks(spec.trunk_sid).phone_numbers.create(id)
        elif spec.application_sid:
            owned.update(voice_application_sid=spec.application_sid)
        elif spec.voice:
            number = owned.fetch()
            freed = {"voice_application_sid": ""} if number.voice_application_sid else {}
            owned.update(voice_url=spec.voice.url, voice_method=spec.voice.method, **freed)
            if number.trunk_sid:
                _leave(api, number.trunk_sid, id)

    def half_way(self, held: Held, spec: AttachmentSpec) -> bool:
        """The URL is set, and still without effect."""
        return _asks(held.raw, spec)

    def before(self, api: Api, held: Held, spec: AttachmentSpec) -> dict[str, str]:
        """The trunk itself, the application, which Twilio drops when a trunk is set, and a URL that is overwritten."""
        number = held.raw
        voice = _voice_now(number, spec) if spec.voice else {}
        if self.ours(api, held, spec):
            return voice
        if held.inputs["receives"] != spec.receives:
            voice["voice_receive_mode"] = held.inputs["receives"]
        if number.trunk_sid:
            return {"trunk_sid": number.trunk_sid, **voice}
        return {"voice_application_sid": number.voice_application_sid or "", **voice}

    def meanwhile(self, api: Api, id: str, spec: AttachmentSpec, previous: Mapping[str, str]) -> Mapping[str, str]:
        """A URL that only now is overwritten."""
        if not spec.voice or "voice_url" in previous:
            return {}
        return _voice_now(api.client.incoming_phone_numbers(id).fetch(), spec)

    def detached(self, held: Held, state: Mapping[str, Any]) -> bool:
        """Nothing of the kind that was declared; an earlier URL that is back is as good as nothing."""
        number = held.raw
        if number.trunk_sid or (number.voice_application_sid and not state.get("trunk_sid")):
            return False
        if not state.get("voice"):
            return True
        earlier = {_url(self.previous(state).get("voice_url")), _FACTORY_VOICE_URL}
        return not number.voice_url or _url(number.voice_url) in earlier

    def goes_back(self, previous: Mapping[str, str]) -> bool:
        """To a trunk or an application; a URL is put back in any case."""
        return bool(_linked(previous))

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """GET /v1/Trunks/{sid}, or Applications/{sid}."""
        trunk, application = previous.get("trunk_sid"), previous.get("voice_application_sid")
        try:
            _ = api.trunks(trunk).fetch() if trunk else api.client.applications(str(application)).fetch()
        except errors.NotFound:
            return False
        return True

    def let_go(self, held: Held, state: Mapping[str, Any]) -> bool:
        """Off our trunk or application, and on no other; the URL that it has was there all the time."""
        return not state.get("voice") and not held.raw.trunk_sid and not held.raw.voice_application_sid

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """On the trunk or application it had."""
        api.number_listing.changed(str(held.inputs["phone_number"]))
        _let_go(api, held, previous)
        api.client.incoming_phone_numbers(held.id).update(**_linked(previous), **_received(previous))

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """Off the trunk or the application; the URL it had is set again."""
        api.number_listing.changed(str(held.inputs["phone_number"]))
        _let_go(api, held, self.previous(state))
        if held.raw.voice_application_sid and not held.raw.trunk_sid:
            api.client.incoming_phone_numbers(held.id).update(voice_application_sid="")
        if received := _received(self.previous(state)):
            api.client.incoming_phone_numbers(held.id).update(**received)


def _linked(previous: Mapping[str, str]) -> dict[str, str]:
    return {name: previous[name] for name in ("trunk_sid", "voice_application_sid") if previous.get(name)}


def _received(previous: Mapping[str, str]) -> dict[str, Any]:
    return {name: previous[name] for name in ("voice_receive_mode",) if name in previous}


def _let_go(api: Api, held: Held, previous: Mapping[str, str]) -> None:
    """Off the trunk, and off a URL of ours: an application needs no letting go, what comes next drives it out."""
    number = held.raw
    voice = {name: previous[name] for name in ("voice_url", "voice_method") if name in previous}
    if number.trunk_sid:
        _leave(api, number.trunk_sid, held.id)
    elif not number.voice_application_sid:
        voice = {"voice_url": "", **voice}
    if voice:
        api.client.incoming_phone_numbers(held.id).update(**voice)


def _leave(api: Api, trunk_sid: str, id: str) -> None:
    """Off a trunk. A 404 says that it is off it already, its answer was lost; but Twilio answers 404 at times for what is
    there (twilio-node#936), so the number is asked.
    """
    link = api.trunks(trunk_sid).phone_numbers(id)
    try:
        link.delete()
    except errors.NotFound:
        if api.client.incoming_phone_numbers(id).fetch().trunk_sid == trunk_sid:
            link.delete()


def _held(number: Any) -> str:
    """What gets the number's calls now, in the same word."""
    return number.trunk_sid or number.voice_application_sid or _url(number.voice_url)


def _asks(number: Any, spec: AttachmentSpec) -> bool:
    """Whether the declared URL is set, be it with effect or not."""
    url, method = _url(number.voice_url), number.voice_method
    return bool(spec.voice and (url, method) == (spec.voice.url, spec.voice.method))


def _same_stack(listing: Any, sid: str | None, spec: AttachmentSpec) -> bool:
    return any(each.sid == sid and marker.same_stack(each.friendly_name or "", spec.marker) for each in listing.all())


def _inputs(number: Any) -> dict[str, Any]:
    """The declared fields as the number shows them: a trunk counts more than an application, and that than a URL."""
    trunk = number.trunk_sid or None
    application = None if trunk else number.voice_application_sid or None
    voice = {"url": number.voice_url, "method": number.voice_method} if number.voice_url else None
    link = {"trunk_sid": trunk, "application_sid": application, "voice": None if trunk or application else voice}
    return {"phone_number": number.phone_number, **link, "receives": number.voice_receive_mode or "voice"}


def _url(text: str | None) -> str:
    """In the one spelling, where it is a URL that could be ours."""
    try:
        return https_url(text or "")
    except ValueError:
        return text or ""


def _voice_now(number: Any, spec: AttachmentSpec) -> dict[str, str]:
    """The URL that is overwritten; what was there before ours, when ours is there already, nobody knows."""
    if _asks(number, spec):
        return {"voice_url": ""}
    return {"voice_url": number.voice_url or "", "voice_method": number.voice_method or "POST"}


def holder(number: Any) -> str:
    """Who gets the number's calls now, other than Twilio's factory greeting."""
    if number.voice_receive_mode == "fax":
        return "it receives faxes"
    if number.trunk_sid:
        return f"it is attached to trunk {number.trunk_sid}"
    if number.voice_application_sid:
        return f"it rings application {number.voice_application_sid}"
    if number.voice_url and number.voice_url != _FACTORY_VOICE_URL:
        return f"it rings {number.voice_url}"
    return ""
