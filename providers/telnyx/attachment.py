"""A number's assignment to a connection at Telnyx."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import attachment, call_handling, errors, marker
from providers.kernel.attachment import Held
from providers.kernel.call_handling import CallHandling
from providers.kernel.spec import Spec
from providers.kernel.values import Unknown
from providers.telnyx import voice
from providers.telnyx.api import Api


class AttachmentSpec(voice.VoiceSpec):
    """A number on a connection."""

    connection_id: str = Field(description="The connection that gets its calls.")


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The assignment of an owned number to a connection.

    Calls: /v2/phone_numbers with their voice settings, and /v2/connections for one that a number is to go back to. Delete:
    assigns the connection it had before, or none, and the voice settings it had; the number is never released.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    references = frozenset({"connection_id"})
    outputs = ("number_id", "attached_to", "previous")
    link = "connection_id"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Calls that are forwarded or screened never arrive; a rewritten number is called in place of the dialled one."""
        taken = call_handling.from_values(inputs, self.references)
        strays = [str(inputs[name]) for name in ("call_forwarding", "tech_prefix") if inputs.get(name)]
        called, stops = str(inputs.get("translated_number") or ""), tuple(voice.stops(inputs))
        if strays:
            taken = replace(taken, tries=tuple(strays))
        return replace(taken, destinations=(), dialled=called, stops=stops) if called or stops else taken

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """Connections, applications and whatever else gets calls share one space of ids."""
        found = api.number(number, fresh=fresh)
        settings = voice.settings(api.voice.get(str(found.id), fresh=fresh))
        id = str(found.connection_id or "")
        called = f" ({found.connection_name})" if found.connection_name else ""
        holder = f"it is assigned to connection {id}{called}" if id else ""
        if forwards := settings["call_forwarding"]:
            holder = f"its calls are forwarded to {forwards}"
        inputs = {"phone_number": found.phone_number, "connection_id": id or None, **settings}
        return Held(found.id, id, inputs, holder, {"number_id": found.id}, found)

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By the id, or by the connection's name."""
        if isinstance(spec.connection_id, Unknown):
            return marker.same_stack(str(held.raw.connection_name or ""), spec.marker)
        return held.by == spec.connection_id

    def to(self, spec: AttachmentSpec) -> str:
        """The connection."""
        return spec.connection_id

    def usable(self, held: Held) -> None:
        """Only an active number can be assigned."""
        if held.raw.status != "active":
            raise errors.Conflict(
                f"the number is {held.raw.status}, not active", step="wait until Telnyx has made it active"
            )

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """PATCH /v2/phone_numbers/{id}, and its voice settings where they stand in the way."""
        if str(api.number(spec.phone_number, fresh=False).connection_id or "") != spec.connection_id:
            _assign(api, id, spec.phone_number, spec.connection_id)
        voice.change(api, id, {name: getattr(spec, name) for name in voice.NONE})

    def before(self, api: Api, held: Held, spec: AttachmentSpec) -> dict[str, str]:
        """The connection, and the voice settings that attaching changes."""
        if self.ours(api, held, spec):
            return {}
        changes = (name for name in voice.NONE if held.inputs[name] != getattr(spec, name))
        return {self.link: held.by, **{name: str(held.inputs[name]) for name in changes}} if held.holder else {}

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """GET /v2/connections/{id}, which knows connections of every kind."""
        try:
            api.client.connections.retrieve(previous[self.link])
        except errors.NotFound:
            return False
        return True

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """PATCH /v2/phone_numbers/{id} with the connection it had, and the voice settings."""
        voice.change(api, held.id, _settings(previous))
        _assign(api, held.id, str(held.inputs["phone_number"]), previous[self.link])

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """Which value unassigns is not documented: null, and where that is refused or ignored the empty string."""
        voice.change(api, held.id, _settings(self.previous(state)))
        number = str(held.inputs["phone_number"])
        accepted = False
        for nothing in (None, ""):
            try:
                _assign(api, held.id, number, nothing)
            except errors.Invalid:
                if nothing == "" and not accepted:
                    raise
                continue
            accepted = True
            if not self.held(api, number, fresh=True).by:
                return


def _settings(previous: Mapping[str, str]) -> dict[str, Any]:
    """The voice settings that the number had, out of what is kept of them."""
    kept = {name: previous[name] for name in voice.NONE if name in previous}
    return {**kept, "tech_prefix": kept["tech_prefix"] == "True"} if "tech_prefix" in kept else kept


def _assign(api: Api, id: str, number: str, connection_id: str | None) -> None:
    api.numbers.changed(number)
    options: Any = {"connection_id": connection_id}
    api.client.phone_numbers.update(id, **options)
