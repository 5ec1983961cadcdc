"""What gets a number's calls: never stolen unasked, put back on destroy, never released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from providers.kernel import errors, marker, operation
from providers.kernel.object import Live, Object
from providers.kernel.spec import Spec, StrictModel
from providers.kernel.values import E164, HttpsUrl, Unknown, https_url
from providers.twilio.api import Api

#: What a bought number answers with until somebody points it elsewhere: nobody's route.
_FACTORY_VOICE_URL = "https://demo.twilio.com/welcome/voice/"


class Handler(StrictModel):
    """A URL that Twilio asks what to do with a call."""

    url: HttpsUrl = Field(description="https URL that returns TwiML.")
    method: Literal["GET", "POST"] = Field("POST", description="How it is asked.")


class AttachmentSpec(Spec):
    """A number on a trunk, at an application, or at a URL: one of the three."""

    phone_number: E164 = Field(description="A number this account owns.")
    trunk_sid: str = Field("", description="The trunk that gets its calls.")
    application_sid: str = Field("", description="The TwiML application that is asked about its calls.")
    voice: Handler | None = Field(None, description="The URL that is asked about its calls.")

    @model_validator(mode="after")
    def _one(self) -> AttachmentSpec:
        if sum(map(bool, (self.trunk_sid, self.application_sid, self.voice))) != 1:
            raise ValueError("one of trunk_sid, application_sid and voice gets the calls")
        return self


class Attachment(Object[Api, AttachmentSpec]):
    """The link from an owned number to a trunk, an application or a URL.

    Calls: IncomingPhoneNumbers, /v1/Trunks/{sid}/PhoneNumbers. Delete: detaches and puts back what the number had before;
    the number is never released.
    """

    kind = "Attachment"
    spec: ClassVar[type[Spec]] = AttachmentSpec
    replaces = frozenset({"phone_number"})
    references = frozenset({"trunk_sid", "application_sid"})
    outputs = ("number_sid", "attached_to", "previous")

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """The number, when it is on a trunk or rings somebody's application or URL."""
        number = api.number(spec.phone_number, fresh=fresh)
        if self._ours(api, number, spec):
            return _attachment(number, _held(number), {"voice_url": ""} if spec.voice else {})
        if held := holder(number):
            return _attachment(number, _held(number), {}, held)
        return None

    def _ours(self, api: Api, number: Any, spec: AttachmentSpec) -> bool:
        """A preview does not know an id yet: then the marker of what the number is attached to decides."""
        if isinstance(spec.trunk_sid, Unknown):
            return _same_stack(api.trunk_listing, number.trunk_sid, spec)
        if isinstance(spec.application_sid, Unknown):
            return not number.trunk_sid and _same_stack(api.application_listing, number.voice_application_sid, spec)
        return _stands(number, spec)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The number's own record says what gets its calls; without anything of the kind it is detached, and so gone."""
        number = api.number_listing.get(str(state["phone_number"]), fresh=fresh)
        if number is None or number.sid != id or _detached(number, state):
            return None
        return Live(id, _inputs(number))

    def recorded(self, api: Api, id: str, spec: AttachmentSpec) -> Live | None:
        """On somebody else's trunk that becomes ours: what it had before that is not known, so nothing is put back."""
        number = api.number(spec.phone_number, fresh=False)
        return _attachment(number, number.trunk_sid, {}) if number.sid == id else None

    def create(self, api: Api, spec: AttachmentSpec) -> Live:
        """Attach; what the number had before is kept for the way back."""
        number = api.number(spec.phone_number, fresh=False)
        api.number_listing.changed(spec.phone_number)
        _attach(api, number.sid, spec)
        return _attachment(number, _to(spec), _settings_now(number, spec))

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """To what is declared, from wherever somebody moved it or another mode of the route had it.

        What it had at first stays known; a URL that only now is overwritten is added to it.
        """
        api.number_listing.changed(spec.phone_number)
        previous = dict(state.get("previous") or {})
        if spec.voice and "voice_url" not in previous:
            previous |= _voice_now(api.client.incoming_phone_numbers(id).fetch(), spec)
        _attach(api, id, spec)
        return Live(id, {}, {"attached_to": _to(spec), "previous": previous})

    def adopt(self, api: Api, found: Live, spec: AttachmentSpec) -> Live:
        """Nothing to do when it is attached to ours; else move it, remembering where it was."""
        return found if found.ours else self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Detach only from what is ours, then put the number back where it was."""
        api.number_listing.changed(str(state["phone_number"]))
        number = api.client.incoming_phone_numbers(id).fetch()
        if _held(number) != state["attached_to"]:
            return  # somebody else's by now
        previous: Mapping[str, str] = state.get("previous") or {}
        voice = {name: previous[name] for name in ("voice_url", "voice_method") if name in previous}
        owned = api.client.incoming_phone_numbers(id)
        if number.trunk_sid:
            _leave(api, number.trunk_sid, id)
        elif not number.voice_application_sid:
            voice = {"voice_url": "", **voice}
        if voice:
            owned.update(**voice)
        link = {name: value for name, value in previous.items() if value and name not in voice}
        if not _linked(owned, link) and number.voice_application_sid and not number.trunk_sid:
            owned.update(voice_application_sid="")


def _linked(owned: Any, link: Mapping[str, str]) -> bool:
    """Put back on the trunk or application it had, where that is still there."""
    if not link:
        return False
    try:
        owned.update(**link)
    except errors.Permanent as error:
        operation.current().warn(f"detached, but what it had before is gone: {error.reason}")
        return False
    return True


def _attach(api: Api, id: str, spec: AttachmentSpec) -> None:
    """Point it there. The way back is known only now: when the answer is lost, look now and not in the next run."""
    try:
        _point(api, id, spec)
    except errors.Unavailable:
        now = api.number(spec.phone_number, fresh=True)
        if _stands(now, spec):
            return
        if not _asks(now, spec):
            raise
        _point(api, id, spec)  # half-way: the URL is set, and still without effect


def _point(api: Api, id: str, spec: AttachmentSpec) -> None:
    """A trunk and an application drive each other out. A URL counts only without both: it is set first, then they go."""
    owned = api.client.incoming_phone_numbers(id)
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


def _to(spec: AttachmentSpec) -> str:
    """What it is attached to, in a word that stays comparable."""
    return spec.trunk_sid or spec.application_sid or (spec.voice.url if spec.voice else "")


def _held(number: Any) -> str:
    """What gets the number's calls now, in the same word."""
    return number.trunk_sid or number.voice_application_sid or _url(number.voice_url)


def _stands(number: Any, spec: AttachmentSpec) -> bool:
    """Whether the number is as it is declared."""
    return _held(number) == _to(spec) and (not spec.voice or _asks(number, spec))


def _asks(number: Any, spec: AttachmentSpec) -> bool:
    """Whether the declared URL is set, be it with effect or not."""
    url, method = _url(number.voice_url), number.voice_method
    return bool(spec.voice and (url, method) == (spec.voice.url, spec.voice.method))


def _same_stack(listing: Any, sid: str | None, spec: AttachmentSpec) -> bool:
    return any(each.sid == sid and marker.same_stack(each.friendly_name or "", spec.marker) for each in listing.all())


def _detached(number: Any, state: Mapping[str, Any]) -> bool:
    """Whether nothing of the kind that was declared gets the calls; an earlier URL that is back is as good as nothing."""
    if number.trunk_sid or (number.voice_application_sid and not state.get("trunk_sid")):
        return False
    if not state.get("voice"):
        return True
    previous: Mapping[str, str] = state.get("previous") or {}
    earlier = {_url(previous.get("voice_url")), _FACTORY_VOICE_URL}
    return not number.voice_url or _url(number.voice_url) in earlier


def _inputs(number: Any) -> dict[str, Any]:
    """The declared fields as the number shows them: a trunk counts more than an application, and that than a URL."""
    trunk = number.trunk_sid or None
    application = None if trunk else number.voice_application_sid or None
    voice = {"url": number.voice_url, "method": number.voice_method} if number.voice_url else None
    link = {"trunk_sid": trunk, "application_sid": application, "voice": None if trunk or application else voice}
    return {"phone_number": number.phone_number, **link}


def _url(text: str | None) -> str:
    """In the one spelling, where it is a URL that could be ours."""
    try:
        return https_url(text or "")
    except ValueError:
        return text or ""


def _attachment(number: Any, attached: str, previous: Mapping[str, str], holder: str = "") -> Live:
    outputs = {"number_sid": number.sid, "attached_to": attached, "previous": dict(previous)}
    return Live(number.sid, _inputs(number), outputs, ours=not holder, holder=holder)


def _settings_now(number: Any, spec: AttachmentSpec) -> dict[str, str]:
    """What attaching changes: the trunk itself, the application, which Twilio drops when a trunk is set, the URL."""
    link = (
        {"trunk_sid": number.trunk_sid}
        if number.trunk_sid
        else {"voice_application_sid": number.voice_application_sid or ""}
    )
    return {**link, **(_voice_now(number, spec) if spec.voice else {})}


def _voice_now(number: Any, spec: AttachmentSpec) -> dict[str, str]:
    """The URL that is overwritten; what was there before ours, when ours is there already, nobody knows."""
    if _asks(number, spec):
        return {"voice_url": ""}
    return {"voice_url": number.voice_url or "", "voice_method": number.voice_method or "POST"}


def holder(number: Any) -> str:
    """Who gets the number's calls now, other than Twilio's factory greeting."""
    if number.trunk_sid:
        return f"it is attached to trunk {number.trunk_sid}"
    if number.voice_application_sid:
        return f"it rings application {number.voice_application_sid}"
    if number.voice_url and number.voice_url != _FACTORY_VOICE_URL:
        return f"it rings {number.voice_url}"
    return ""
