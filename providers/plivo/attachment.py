"""A number's link to a trunk: never stolen unasked, put back on destroy, never unrented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import errors, marker, operation
from providers.kernel.object import Live, Object
from providers.kernel.spec import Spec
from providers.kernel.values import E164, Unknown
from providers.plivo.api import Api


class AttachmentSpec(Spec):
    """A number on a trunk."""

    phone_number: E164 = Field(description="A number this account owns.")
    trunk_id: str = Field(description="The trunk that gets its calls.")


class Attachment(Object[Api, AttachmentSpec]):
    """The link from an owned number to a trunk, which Plivo calls the number's application.

    Calls: Number/{number}/. Delete: links the application it had before; where there was none the link falls with the
    trunk, because Plivo documents no way to unlink. The number is never unrented.
    """

    kind = "Attachment"
    spec: ClassVar[type[Spec]] = AttachmentSpec
    replaces = frozenset({"phone_number"})
    references = frozenset({"trunk_id"})
    outputs = ("attached_to", "previous")

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """The number, when an application or trunk gets its calls."""
        kind, now = api.application(spec.phone_number)
        if not now:
            return None
        inputs = {"phone_number": spec.phone_number, "trunk_id": now}
        outputs = {"attached_to": now, "previous": ""}
        ours = kind == "trunk" and self._ours(api, now, spec)
        return Live(spec.phone_number, inputs, outputs, ours=ours, holder=f"{kind} {now} gets its calls")

    def _ours(self, api: Api, trunk_id: str, spec: AttachmentSpec) -> bool:
        """A preview does not know the trunk's id yet: then the trunk's marker decides."""
        if not isinstance(spec.trunk_id, Unknown):
            return trunk_id == spec.trunk_id
        return marker.same_stack(_name(api, trunk_id), spec.marker)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The number's own record says what gets its calls; with nothing it is detached, and so gone."""
        _, now = api.application(id)
        return Live(id, {"trunk_id": now}) if now else None

    def recorded(self, api: Api, id: str, spec: AttachmentSpec) -> Live | None:
        """On somebody else's trunk that becomes ours: what it had before that is not known."""
        return self.find(api, spec, fresh=False)

    def create(self, api: Api, spec: AttachmentSpec) -> Live:
        """POST Number/{number}/; what it had before is kept for the way back."""
        _, previous = api.application(spec.phone_number)
        try:
            self._link(api, spec.phone_number, spec.trunk_id)
        except errors.Unavailable:  # the way back is known only here: look now, not in the next run
            if api.application(spec.phone_number) != ("trunk", spec.trunk_id):
                raise
        return Live(spec.phone_number, {}, {"attached_to": spec.trunk_id, "previous": previous})

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """Onto our trunk, when somebody moved it or the trunk is another one; what it had at first stays known."""
        self._link(api, spec.phone_number, spec.trunk_id)
        return Live(id, {}, {"attached_to": spec.trunk_id})

    def adopt(self, api: Api, found: Live, spec: AttachmentSpec) -> Live:
        """Nothing to do when it is on our trunk; else move it, remembering where it was."""
        return found if found.ours else self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Off our trunk, and off no other: by linking what it had before."""
        trunk_id = str(state["attached_to"])
        if api.application(id) != ("trunk", trunk_id):
            return  # somebody else's by now
        if previous := str(state.get("previous") or ""):
            try:
                self._link(api, id, previous)
            except (errors.Invalid, errors.NotFound) as error:
                operation.current().warn(f"{previous}, which got its calls before, is gone: {error.reason}")
            else:
                return
        if _name(api, trunk_id) != state.get("marker"):  # no trunk of its own, which goes next
            operation.current().warn(
                f"Plivo has no call to unlink a number: it stays on trunk {trunk_id} until that goes;"
                " next: give it an application in Plivo's console"
            )

    def _link(self, api: Api, e164: str, id: str) -> None:
        """Always with app_id: an update without it may assign the account's default application."""
        api.client.numbers.update(e164.lstrip("+"), app_id=id)


def _name(api: Api, trunk_id: str) -> str:
    trunk = api.trunks.get(trunk_id)
    return str(trunk.get("name") or "") if trunk else ""
