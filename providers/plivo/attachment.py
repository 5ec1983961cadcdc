"""A number's link to a trunk at Plivo, which calls it the number's application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel import attachment, errors, marker, operation
from providers.kernel.attachment import Held
from providers.kernel.object import Live
from providers.kernel.spec import Spec
from providers.kernel.values import Unknown
from providers.plivo.api import Api, linked


class AttachmentSpec(attachment.AttachmentSpec):
    """A number on a trunk."""

    trunk_id: str = Field(description="The trunk that gets its calls.")


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The link from an owned number to a trunk.

    Calls: Number/{number}/. Delete: links the application it had before; where there was none the link falls with the
    trunk, because Plivo documents no way to unlink. The number is never unrented.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    references = frozenset({"trunk_id"})
    outputs = ("attached_to", "previous")
    link = "app_id"

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """A trunk or an application, by the number's own record."""
        found = api.number(number, fresh=fresh)
        kind, id = linked(found)
        inputs = {"phone_number": number, "trunk_id": id or None}
        return Held(number, id, inputs, f"{kind} {id} gets its calls" if id else "", raw=found)

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By the id, or by the trunk's name."""
        if linked(held.raw)[0] != "trunk":
            return False
        if isinstance(spec.trunk_id, Unknown):
            return marker.same_stack(_name(api, held.by), spec.marker)
        return held.by == spec.trunk_id

    def to(self, spec: AttachmentSpec) -> str:
        """The trunk."""
        return spec.trunk_id

    def usable(self, held: Held) -> None:
        """Only an active number with voice; not shown means that nobody knows."""
        for field, lacks in (("active", "is not active"), ("voice_enabled", "takes no voice calls")):
            if held.raw.get(field) is False:
                raise errors.Conflict(
                    f"the number {lacks}", step="see what Plivo's console asks for, then run it again"
                )

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """POST Number/{number}/."""
        _link(api, id, spec.trunk_id)

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """GET Application/{id}/ or Zentrunk/Trunk/{id}/: an id does not tell which of the two it is."""
        for path in (("Application",), ("Zentrunk", "Trunk")):
            try:
                api.ask("GET", *path, previous[self.link])
            except (errors.NotFound, errors.Invalid):
                continue
            return True
        return False

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """POST Number/{number}/ with the application it had."""
        _link(api, held.id, previous[self.link])

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """There is no call for it. A trunk of its own goes next and takes the link along; of another one a word is said."""
        api.left.add(str(held.inputs["phone_number"]))
        if _name(api, held.by) != state.get("marker"):
            operation.current().warn(
                f"Plivo has no call to unlink a number: it stays on trunk {held.by} until that goes;"
                " next: give it an application in Plivo's console"
            )

    def remains(self, api: Api, seen: Live, state: Mapping[str, Any]) -> str:
        """Nothing: what could go back was seen there, and the rest falls with the trunk."""
        return ""


def _link(api: Api, number: str, id: str) -> None:
    """Always with app_id: an update without it may assign the account's default application."""
    api.numbers.changed(number)
    api.client.numbers.update(number.lstrip("+"), app_id=id)


def _name(api: Api, trunk_id: str) -> str:
    trunk = api.trunks.get(trunk_id)
    return str(trunk.get("name") or "") if trunk else ""
