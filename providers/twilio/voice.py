"""Programmable Voice, for numbers without a trunk: the TwiML that somebody must host, and applications that point at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from providers.kernel import call_handling, operation
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.object import Live, Object
from providers.kernel.spec import Secret, Spec, first_of
from providers.kernel.values import has_unknown
from providers.twilio import twiml
from providers.twilio.api import Api
from providers.twilio.attachment import Handler


class ApplicationSpec(Spec):
    """A TwiML application."""

    voice: Handler = Field(description="What is asked what to do with a call.")


class Application(Object[Api, ApplicationSpec]):
    """A number's TwiML application; its friendly name is the marker.

    Calls: Applications. Changes in place: everything. Delete: after its number is detached.
    """

    kind = "Application"
    spec: ClassVar[type[Spec]] = ApplicationSpec
    outputs = ("sid",)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """It asks its URL."""
        voice: Mapping[str, Any] = inputs.get("voice") or {}
        return CallHandling(tries=call_handling.ids(voice, "url"))

    def find(self, api: Api, spec: ApplicationSpec, *, fresh: bool) -> Live | None:
        """By friendly name, which is the marker: Twilio does not keep it unique."""
        found = api.application_listing.all(fresh=fresh)
        return next((_application(each) for each in found if each.friendly_name == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET Applications/{sid}."""
        found = api.application_listing.get(id, fresh=fresh)
        return _application(found) if found else None

    def create(self, api: Api, spec: ApplicationSpec) -> Live:
        """POST Applications."""
        return _application(api.application_listing.note(api.client.applications.create(**_fields(spec))))

    def update(self, api: Api, id: str, spec: ApplicationSpec, state: Mapping[str, Any]) -> Live:
        """POST Applications/{sid}."""
        api.application_listing.changed(id)
        return _application(api.application_listing.note(api.client.applications(id).update(**_fields(spec))))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE Applications/{sid}."""
        api.application_listing.changed(id)
        api.client.applications(id).delete()


def _fields(spec: ApplicationSpec) -> dict[str, str]:
    return {"friendly_name": spec.marker, "voice_url": spec.voice.url, "voice_method": spec.voice.method}


def _application(found: Any) -> Live:
    voice = {"url": found.voice_url, "method": found.voice_method} if found.voice_url else None
    inputs = {"marker": found.friendly_name, "voice": voice}
    return Live(found.sid, inputs, {"sid": found.sid}, holder=f"application {found.sid}")


class TwimlSpec(Spec, twiml.Dial):
    """Everything the document depends on."""

    password: Annotated[str, Secret(first_of("hosted"))] = Field("", description="Digest password.")
    hosted: str = Field("", description="URL that is to answer with the document; none: somebody sets the handler.")
    content: str = Field("", description="SHA-256 of the document without its password; computed, whatever is given.")

    @model_validator(mode="after")
    def _pair(self) -> TwimlSpec:
        if has_unknown(self.password):
            return self
        if bool(self.username) != bool(self.password):
            raise ValueError("a digest needs username and password")
        twiml.document(self, self.password)
        return self


class Twiml(Object[Api, TwimlSpec]):
    """The TwiML of a number. Calls: none, because TwiML Bins have no API; it lives in the state, somebody hosts it.

    Secrets: ``password``, and so ``twiml``, the document itself. Changes in place: everything but the number.
    Delete: forgets it.
    """

    kind = "Twiml"
    spec: ClassVar[type[Spec]] = TwimlSpec
    replaces = frozenset({"phone_number"})
    state_only = True
    outputs = ("twiml",)
    secrets = ("twiml",)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What happens where Twilio gets the document: from its URL, or once somebody has put it into the Console."""
        number, content = str(inputs.get("phone_number", "")), inputs.get("content")
        hosted, login = str(inputs.get("hosted") or ""), str(inputs.get("username") or "")
        uris = [str(uri) for uri in (inputs.get("target"), *(inputs.get("fallback") or ())) if uri]
        tried = tuple(Destination(uri, rank, "" if rank else login) for rank, uri in enumerate(uris))
        return CallHandling(
            takes="" if hosted else number, known_as=hosted, destinations=tried,
            by_hand={twiml.file(number): str(content)} if content else {}, codecs=("PCMU", "PCMA"),
            sources=(),  # whether Programmable Voice calls from the trunks' addresses is documented nowhere
        )  # fmt: skip

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The hash of the document, so that a template of a new release shows as a change."""
        plain = {name: value for name, value in new.items() if name in twiml.Dial.model_fields}
        if has_unknown(plain):
            return {name: value for name, value in new.items() if name != "content"}
        return {**new, "content": twiml.content(twiml.Dial.model_validate(plain))}

    def find(self, api: Api, spec: TwimlSpec, *, fresh: bool) -> Live | None:
        """Nobody can be asked."""
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """As the state has it."""
        return Live(id, {})

    def create(self, api: Api, spec: TwimlSpec) -> Live:
        """Nothing is sent anywhere: a person puts it where Twilio asks."""
        return _written(spec, {})

    def update(self, api: Api, id: str, spec: TwimlSpec, state: Mapping[str, Any]) -> Live:
        """Writing it again; a warning where it is not what it was."""
        return _written(spec, state)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Whoever hosts it does not know."""


def _written(spec: TwimlSpec, before: Mapping[str, Any]) -> Live:
    text = twiml.document(spec, spec.password)
    if (text, spec.hosted) != (before.get("twiml"), before.get("hosted", "")):
        place = f"{spec.hosted} must answer with" if spec.hosted else "set the number's handler in the Console to"
        command = f"xtel render STACK --number {spec.phone_number}{' --with-secrets' if spec.username else ''}"
        operation.current().warn(f"{place} the TwiML that this writes: {command}")
    return Live(spec.phone_number, {}, {"twiml": text})
