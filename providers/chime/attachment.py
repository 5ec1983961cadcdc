"""A number's association with a Voice Connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.aws.asking import absent
from providers.chime.api import Api, associated
from providers.kernel import attachment, errors, marker
from providers.kernel.attachment import Held
from providers.kernel.spec import Spec
from providers.kernel.values import Unknown

_LINK = "VoiceConnectorId"
_ELSEWHERE = {"VoiceConnectorGroupId": "connector group", "SipRuleId": "SIP rule"}


class AttachmentSpec(attachment.AttachmentSpec):
    """A number on a connector."""

    connector_id: str = Field(description="The Voice Connector that gets its calls.")


class Attachment(attachment.Attachment[Api, AttachmentSpec]):
    """The association of an owned number with a Voice Connector.

    Calls: GetPhoneNumber, AssociatePhoneNumbersWithVoiceConnector, DisassociatePhoneNumbersFromVoiceConnector; both tell a
    number's refusal inside of a 200. Delete: back to the connector it had, or off ours; the number is never deleted.
    """

    spec: ClassVar[type[Spec]] = AttachmentSpec
    references = frozenset({"connector_id"})
    outputs = ("attached_to", "previous")
    link = _LINK

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        """By the number's own record."""
        found = api.number(number, fresh=fresh)
        id = associated(found).get(_LINK, "")
        inputs = {"phone_number": number, "connector_id": id or None}
        return Held(number, id, inputs, f"connector {id} gets its calls" if id else "", raw=found)

    def ours(self, api: Api, held: Held, spec: AttachmentSpec) -> bool:
        """By the id, or by the connector's tag."""
        if not isinstance(spec.connector_id, Unknown):
            return held.by == spec.connector_id
        found = api.connector(held.by) if held.by else None
        return bool(found) and marker.same_stack(api.marker(found), spec.marker) if found else False

    def to(self, spec: AttachmentSpec) -> str:
        """The connector."""
        return spec.connector_id

    def usable(self, held: Held) -> None:
        """Only an active number of the Voice Connector kind, and not one that a group or a SIP rule has."""
        number = held.raw
        if number.get("ProductType") != "VoiceConnector":
            raise errors.Conflict(
                f"its product type is {number.get('ProductType')}: calls of such a number never reach a connector",
                step="change it to VoiceConnector in the Chime SDK console, or give its route the `lambda_arn` of a Lambda",
            )
        if number.get("Status") not in {"Assigned", "Unassigned"}:
            raise errors.Conflict(
                f"its status is {number.get('Status')}",
                step="see what the Chime SDK console asks for, then run it again",
            )
        for name, what in _ELSEWHERE.items():
            if id := associated(number).get(name):
                raise errors.Conflict(
                    f"{what} {id} gets its calls",
                    step=f"take the number out of that {what} at Amazon, then run it again",
                )

    def attach(self, api: Api, id: str, spec: AttachmentSpec) -> None:
        """From another connector only where the record shows it there: who comes between is not overruled.

        Unverified: what Amazon says of a number that is on this connector already. A conflict with itself is none.
        """
        held = self.held(api, spec.phone_number, fresh=True)
        there = held.by == spec.connector_id
        try:
            _associate(api, id, spec.connector_id, force=bool(held.by) and not there)
        except errors.Conflict:
            if not there:
                raise

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        """GetVoiceConnector, in whichever region."""
        return api.connector(previous[_LINK]) is not None

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        """Associated with the connector it had."""
        _associate(api, held.id, previous[_LINK], force=bool(held.by))

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        """Disassociated; the number stays in the account's inventory."""
        api.numbers.changed(held.id)
        absent(
            lambda: api.where_connectors_are(
                held.by,
                lambda client: client.disassociate_phone_numbers_from_voice_connector(
                    VoiceConnectorId=held.by, E164PhoneNumbers=[held.id]
                ),
            )
        )

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By the account's whole list of numbers."""
        return any(
            each["E164PhoneNumber"] == id and associated(each).get(_LINK) == state["attached_to"]
            for each in api.numbers.all(fresh=True)
        )


def _associate(api: Api, number: str, connector: str, *, force: bool) -> None:
    api.numbers.changed(number)
    api.where_connectors_are(
        connector,
        lambda client: client.associate_phone_numbers_with_voice_connector(
            VoiceConnectorId=connector, E164PhoneNumbers=[number], ForceAssociate=force
        ),
    )
