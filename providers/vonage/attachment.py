"""A number's voice callback at Vonage: the SIP URI that its calls go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import attachment, call_handling, operation
from providers.kernel.attachment import Held
from providers.kernel.call_handling import CallHandling
from providers.kernel.spec import Spec
from providers.kernel.values import SipUri
from providers.vonage.api import Api, Found, e164

_TYPE, _VALUE = "voiceCallbackType", "voiceCallbackValue"
_NONE: dict[str, str | None] = {_TYPE: None, _VALUE: None}
#: In ``previous``: what no callback but the number's application answers.
_APPLICATION = "application"


class AttachmentSpec(attachment.AttachmentSpec):
    """A number and the SIP URI that its calls go to."""

    uri: SipUri = Field(description="SIP URI, such as sip:+14155550100@sip.voice.x.ai;transport=tls.")


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The voice callback of an owned number. Vonage has no place for a marker: the callback itself shows whose it is.

    Calls: GET /account/numbers, POST /number/update, which replaces the whole record: everything that the record shows is
    read and written back with it. Delete: the callback it had before, or none; the number is never cancelled.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    outputs = ("attached_to", "previous")
    link = _VALUE

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """A callback is called without a login."""
        seen = call_handling.from_values(inputs)
        return replace(seen, destinations=tuple(replace(each, username="") for each in seen.destinations))

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """A callback counts more than the application's voice webhooks."""
        found = api.number(number, fresh=fresh)
        kind, value = _answering(found)
        uri = value if kind == "sip" else None
        holder = {"": "", "sip": f"its calls go to {value}", "tel": f"its calls are forwarded to {value}"}
        return Held(
            number, value, {"phone_number": number, "uri": uri}, holder.get(kind, f"application {value} gets its calls"),
            raw=found,
        )  # fmt: skip

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By the URI, which names the number itself."""
        return held.inputs["uri"] == spec.uri

    def to(self, spec: AttachmentSpec) -> str:
        """The URI."""
        return spec.uri

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """POST /number/update. Two settings of a number are in no answer, and so are cleared by any update."""
        if (held := self.held(api, spec.phone_number, fresh=True)).holder and held.by != spec.uri:
            operation.current().warn(
                "Vonage clears what it does not show when a number is changed: next: set its voice status callback and"
                " its SMPP system type again in Vonage's dashboard, if it had any"
            )
        api.update(spec.phone_number, {_TYPE: "sip", _VALUE: spec.uri})

    def before(self, api: Api, held: Held, spec: AttachmentSpec) -> dict[str, str]:
        """The callback, or the application that answers where there is none."""
        return {_TYPE: _answering(held.raw)[0], _VALUE: held.by} if held.by and not self.ours(api, held, spec) else {}

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """A URI and a phone number are nobody's object; an application is linked for as long as it exists."""
        return True

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """POST /number/update with the callback it had; an application answers as soon as there is none."""
        if previous[_TYPE] == _APPLICATION:
            self._clear(api, held)
        else:
            api.update(held.id, {_TYPE: previous[_TYPE], _VALUE: previous[_VALUE]})

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """POST /number/update without a callback."""
        self._clear(api, held)

    def _clear(self, api: Api, held: Held) -> None:
        """How a callback is removed is documented in two ways: left out, and where that changes nothing, empty."""
        api.update(held.id, _NONE)
        if self.held(api, held.id, fresh=True).by == held.by:
            api.update(held.id, {_TYPE: "sip", _VALUE: ""})

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By the whole list of numbers, without a filter."""
        return any(e164(each) == id and _answering(each)[1] == state["attached_to"] for each in api.listed())


def _answering(number: Found) -> tuple[str, str]:
    """What gets a number's calls: ``sip``, ``tel`` or ``application``, and its value; both empty for nothing."""
    kind, value = str(number.get(_TYPE) or ""), str(number.get(_VALUE) or "")
    if kind in {"sip", "tel"} and value:
        return kind, value
    application = str(number.get("app_id") or "") or (value if kind == "app" else "")
    return (_APPLICATION, application) if application else ("", "")
