"""A Voice Connector that numbers are on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from providers.aws import connector
from providers.chime.api import Api, associated


class Connector(connector.Connector[Api]):
    """A Voice Connector with its origination; one that others' numbers are on stays on delete, with another name."""

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Numbers that are still on it."""
        for number in api.numbers.all(fresh=True):
            if associated(number).get("VoiceConnectorId") == id:
                yield f"number {number['E164PhoneNumber']}"


def part_of(region: str) -> str:
    """How a route calls its connector in a region."""
    return f"connector-{region}"
