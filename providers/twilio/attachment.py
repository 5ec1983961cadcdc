"""A number's attachment to a trunk: never stolen unasked, put back on destroy, never released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import carrier, errors, marker, operation
from providers.kernel.carrier import Live
from providers.kernel.spec import Spec
from providers.kernel.values import E164, Unknown
from providers.twilio.api import Api

#: What a bought number answers with until somebody points it elsewhere: nobody's route.
_FACTORY_VOICE_URL = "https://demo.twilio.com/welcome/voice/"


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
        number = api.number(spec.phone_number, fresh=fresh)
        if number.trunk_sid and self._ours(api, number.trunk_sid, spec):
            return _attachment(number, number.trunk_sid, {})
        if holder := _holder(number):
            return _attachment(number, number.trunk_sid, {}, holder)
        return None

    def _ours(self, api: Api, trunk_sid: str, spec: AttachmentSpec) -> bool:
        """A preview does not know the trunk's id yet: then the trunk's marker decides."""
        if not isinstance(spec.trunk_sid, Unknown):
            return trunk_sid == spec.trunk_sid
        return any(
            trunk.sid == trunk_sid and marker.kin(trunk.friendly_name, spec.marker) for trunk in api.trunk_listing.all()
        )

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The number's own record says which trunk it is on; on none it is detached, and so gone."""
        number = api.number_listing.get(str(state["phone_number"]), fresh=fresh)
        if number is None or number.sid != id or not number.trunk_sid:
            return None
        return Live(id, {"trunk_sid": number.trunk_sid, "phone_number": number.phone_number})

    def create(self, api: Api, spec: AttachmentSpec) -> Live:
        """POST /v1/Trunks/{sid}/PhoneNumbers; what the number had before is kept for the way back."""
        number = api.number(spec.phone_number, fresh=False)
        api.number_listing.changed(spec.phone_number)
        try:
            api.trunks(spec.trunk_sid).phone_numbers.create(number.sid)
        except errors.Unavailable:  # the way back is known only here: look now, not in the next run
            if api.number(spec.phone_number, fresh=True).trunk_sid != spec.trunk_sid:
                raise
        return _attachment(number, spec.trunk_sid, _settings_now(number))

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """Back onto our trunk, when somebody moved it or the trunk was made anew; what it had at first stays known."""
        api.number_listing.changed(spec.phone_number)
        api.trunks(spec.trunk_sid).phone_numbers.create(id)
        return Live(id, {}, {"attached_to": spec.trunk_sid})

    def adopt(self, api: Api, found: Live, spec: AttachmentSpec) -> Live:
        """Nothing to do when it is on our trunk; else move it, remembering where it was."""
        return found if found.ours else self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Detach only from our trunk, then put the number back where it was."""
        api.number_listing.changed(str(state["phone_number"]))
        number = api.client.incoming_phone_numbers(id).fetch()
        if not number.trunk_sid or number.trunk_sid != state["attached_to"]:
            return  # somebody else's by now
        api.trunks(number.trunk_sid).phone_numbers(id).delete()
        previous: Mapping[str, str] = state.get("previous") or {}
        changed = {key: value for key, value in previous.items() if value}
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
