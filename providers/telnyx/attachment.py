"""A number's assignment to a connection: never stolen unasked, put back on destroy, never released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import errors, marker, operation
from providers.kernel.object import Live, Object
from providers.kernel.spec import Spec
from providers.kernel.values import E164, Unknown
from providers.telnyx.api import Api


class AttachmentSpec(Spec):
    """A number on a connection."""

    phone_number: E164 = Field(description="A number this account owns.")
    connection_id: str = Field(description="The connection that gets its calls.")


class Attachment(Object[Api, AttachmentSpec]):
    """The assignment of an owned number to a connection.

    Calls: /v2/phone_numbers. Delete: assigns the connection it had before, or none; the number is never released.
    """

    kind = "Attachment"
    spec: ClassVar[type[Spec]] = AttachmentSpec
    replaces = frozenset({"phone_number"})
    references = frozenset({"connection_id"})
    outputs = ("number_id", "attached_to", "previous")

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """The number, when it is assigned to a connection, an application, or anything else that gets its calls."""
        number = api.number(spec.phone_number, fresh=fresh)
        if not number.connection_id:
            return None
        ours = number.connection_id == spec.connection_id
        if isinstance(spec.connection_id, Unknown):  # a preview: the connection's marker decides
            ours = marker.same_stack(str(number.connection_name or ""), spec.marker)
        called = f" ({number.connection_name})" if number.connection_name else ""
        return _live(number, ours=ours, holder=f"it is assigned to connection {number.connection_id}{called}")

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The number's own record says which connection it is assigned to."""
        number = api.numbers.get(str(state["phone_number"]), fresh=fresh)
        if number is None or number.id != id or not number.connection_id:
            return None
        return Live(id, {"connection_id": number.connection_id})

    def recorded(self, api: Api, id: str, spec: AttachmentSpec) -> Live | None:
        """On somebody else's connection that becomes ours: what it had before is not known."""
        return self.find(api, spec, fresh=False)

    def create(self, api: Api, spec: AttachmentSpec) -> Live:
        """PATCH /v2/phone_numbers/{id}; what it was assigned to before is kept for the way back."""
        number = api.number(spec.phone_number, fresh=False)
        if number.status != "active":
            raise errors.Conflict(
                f"the number is {number.status}, not active", step="wait until Telnyx has made it active"
            )
        try:
            self._assign(api, spec.phone_number, number.id, spec.connection_id)
        except errors.Unavailable:  # the way back is known only here: look now, not in the next run
            if api.number(spec.phone_number, fresh=True).connection_id != spec.connection_id:
                raise
        outputs = {"number_id": number.id, "attached_to": spec.connection_id, "previous": number.connection_id or ""}
        return Live(number.id, {}, outputs)

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """Back onto our connection; what it had at first stays known."""
        self._assign(api, spec.phone_number, id, spec.connection_id)
        return Live(id, {}, {"attached_to": spec.connection_id})

    def adopt(self, api: Api, found: Live, spec: AttachmentSpec) -> Live:
        """Nothing to do when it is on our connection; else move it, remembering where it was."""
        return found if found.ours else self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Unassign only from our connection, then put the number back where it was."""
        number = api.number(str(state["phone_number"]), fresh=True)
        if number.connection_id != state["attached_to"]:
            return  # somebody else's by now
        previous = state.get("previous") or None
        try:
            self._assign(api, number.phone_number, id, previous)
        except errors.Permanent as error:
            if not previous:
                raise
            operation.current().warn(
                f"unassigned, but connection {previous}, which it had before, is gone: {error.reason}"
            )
            self._assign(api, number.phone_number, id, None)

    def _assign(self, api: Api, e164: str, id: str, connection_id: str | None) -> None:
        """Which value unassigns is not documented: null is tried first, the empty string where that is refused."""
        api.numbers.changed(e164)
        options: Any = {"connection_id": connection_id}
        try:
            api.client.phone_numbers.update(id, **options)
        except errors.Invalid:
            if connection_id is not None:
                raise
            api.client.phone_numbers.update(id, connection_id="")


def _live(number: Any, *, ours: bool, holder: str) -> Live:
    inputs = {"phone_number": number.phone_number, "connection_id": number.connection_id}
    outputs = {"number_id": number.id, "attached_to": number.connection_id, "previous": ""}
    return Live(number.id, inputs, outputs, ours=ours, holder=holder)
