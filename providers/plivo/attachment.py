"""A number's link to a trunk: never stolen unasked, put back on destroy, never unrented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import carrier, errors, operation
from providers.kernel.carrier import Live
from providers.kernel.spec import Spec
from providers.kernel.values import E164, Unknown
from providers.plivo.api import Api


class AttachmentSpec(Spec):
    """A number on a trunk."""

    phone_number: E164 = Field(description="A number this account owns.")
    trunk_id: str = Field(description="The trunk that gets its calls.")


class Attachment(carrier.Object[Api, AttachmentSpec]):
    """The link from an owned number to a trunk, which Plivo calls the number's application.

    Calls: Number/{number}/. Delete: links the application it had before; without one the link falls with the trunk, because
    Plivo documents no way to unlink. The number is never unrented.
    """

    kind = "Attachment"
    spec: ClassVar[type[Spec]] = AttachmentSpec
    replaces = frozenset({"phone_number"})
    references = frozenset({"trunk_id"})
    outputs = ("attached_to", "previous")

    def find(self, api: Api, spec: AttachmentSpec, *, fresh: bool) -> Live | None:
        """The number, when an application or trunk gets its calls."""
        now = api.application(spec.phone_number)
        if not now:
            return None
        ours = now == spec.trunk_id
        if isinstance(spec.trunk_id, Unknown):  # a preview: the trunk's marker decides
            ours = any(
                str(trunk["trunk_id"]) == now for trunk in api.listed("Trunk") if trunk.get("name") == spec.marker
            )
        outputs = {"attached_to": now, "previous": ""}
        inputs = {"phone_number": spec.phone_number, "trunk_id": now}
        return Live(spec.phone_number, inputs, outputs, ours=ours, holder=f"application or trunk {now} gets its calls")

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """The number's own record says which trunk gets its calls."""
        now = api.application(id)
        return Live(id, {"trunk_id": now}) if now else None

    def create(self, api: Api, spec: AttachmentSpec) -> Live:
        """POST Number/{number}/; what it had before is kept for the way back."""
        previous = api.application(spec.phone_number)
        try:
            self._link(api, spec.phone_number, spec.trunk_id)
        except errors.Unavailable:  # the way back is known only here: look now, not in the next run
            if api.application(spec.phone_number) != spec.trunk_id:
                raise
        return Live(spec.phone_number, {}, {"attached_to": spec.trunk_id, "previous": previous})

    def update(self, api: Api, id: str, spec: AttachmentSpec, state: Mapping[str, Any]) -> Live:
        """Back onto our trunk; what it had at first stays known."""
        self._link(api, spec.phone_number, spec.trunk_id)
        return Live(id, {}, {"attached_to": spec.trunk_id})

    def adopt(self, api: Api, found: Live, spec: AttachmentSpec) -> Live:
        """Nothing to do when it is on our trunk; else move it, remembering where it was."""
        return found if found.ours else self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Unlink only from our trunk: by linking what it had before."""
        if api.application(id) != state["attached_to"] or not state.get("previous"):
            return
        try:
            self._link(api, id, str(state["previous"]))
        except errors.Permanent as error:
            operation.current().warn(f"what it had before is gone, its link falls with the trunk: {error.reason}")

    def _link(self, api: Api, e164: str, id: str) -> None:
        """Always with app_id: an update without it may assign the account's default application."""
        api.client.numbers.update(e164.lstrip("+"), app_id=id)
