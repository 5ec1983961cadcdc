"""A number's assignment to a connection at Telnyx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import attachment, errors, marker
from providers.kernel.attachment import Held
from providers.kernel.spec import Spec
from providers.kernel.values import Unknown
from providers.telnyx.api import Api


class AttachmentSpec(attachment.AttachmentSpec):
    """A number on a connection."""

    connection_id: str = Field(description="The connection that gets its calls.")


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The assignment of an owned number to a connection.

    Calls: /v2/phone_numbers, and /v2/connections for one that a number is to go back to. Delete: assigns the connection it
    had before, or none; the number is never released.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    references = frozenset({"connection_id"})
    outputs = ("number_id", "attached_to", "previous")
    link = "connection_id"

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """Connections, applications and whatever else gets calls share one space of ids."""
        found = api.number(number, fresh=fresh)
        id = str(found.connection_id or "")
        called = f" ({found.connection_name})" if found.connection_name else ""
        holder = f"it is assigned to connection {id}{called}" if id else ""
        inputs = {"phone_number": found.phone_number, "connection_id": id or None}
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
        """PATCH /v2/phone_numbers/{id}."""
        _assign(api, id, spec.phone_number, spec.connection_id)

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """GET /v2/connections/{id}, which knows connections of every kind."""
        try:
            api.client.connections.retrieve(previous[self.link])
        except errors.NotFound:
            return False
        return True

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """PATCH /v2/phone_numbers/{id} with the connection it had."""
        _assign(api, held.id, str(held.inputs["phone_number"]), previous[self.link])

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """Which value unassigns is not documented: null, and where that is refused or ignored the empty string."""
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


def _assign(api: Api, id: str, number: str, connection_id: str | None) -> None:
    api.numbers.changed(number)
    options: Any = {"connection_id": connection_id}
    api.client.phone_numbers.update(id, **options)
