"""What ``xtel inventory --json`` prints.

The schema is ``xtel/operations/inventory/inventory.schema.json``, written by ``python -m xtel.operations.inventory.model``.
A change that old readers cannot follow raises ``version``.
"""

from __future__ import annotations

import json
import sys
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

OrphanKind = Literal["registration_without_number", "number_without_registration", "undeclared_object"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VendorAnswer(_Part):
    """One vendor, and whether it could be asked."""

    vendor: str
    title: str
    status: Literal["answered", "failed", "no_credentials"] = Field(
        description="no_credentials: the environment has none, and it was not asked."
    )
    account: str | None = Field(None, description="Whose credentials they are, as the vendor says.")
    account_name: str = Field("account", description="What the vendor calls an account.")
    error: str | None = Field(None, description="Why it did not answer, or which credential is missing.")
    next: str | None = Field(None, description="What to do about that.")


class HeldObject(_Part):
    """An object at a vendor: what the vendor calls its kind, its id, its name (the marker, where a stack made it)."""

    kind: str
    id: str
    name: str


class Registration(_Part):
    """The number's registration at xAI."""

    number: str = Field(description="E.164; another than the carrier's number where its calls are sent on as another.")
    id: str
    account: str = Field(description="The team at xAI.")
    name: str
    origin: str = Field(description="byo_trunk, or xai_provisioned: one of xAI's own numbers.")
    agent_id: str = Field(description="The agent that answers; empty where a webhook does.")
    webhook_id: str


class DeclaredBy(_Part):
    """A stack that declares the number."""

    project: str
    stack: str
    by: Literal["file", "marker"] = Field(
        description="file: a stack file of this project; marker: the name of the object that gets the calls says so."
    )


class InventoryNumber(_Part):
    """A number in an account; one of xAI's list is a row of its own where no carrier in reach has it."""

    number: str
    vendor: str = Field(description="The carrier that holds it, or xai.")
    account: str
    attached: HeldObject | None = Field(description="What gets its calls; null where nothing does.")
    targets: tuple[str, ...] = Field(description="SIP URIs in the order tried, or the URL that is asked.")
    remark: str = Field(description="Why its calls go nowhere, or why nobody can tell; mostly empty.")
    registered: bool | None = Field(description="At xAI; null where xAI was not asked or did not answer.")
    registration: Registration | None
    declared_by: tuple[DeclaredBy, ...]
    orphan: OrphanKind | None


class Orphan(_Part):
    """Something that has lost its other half, or its stack file."""

    kind: OrphanKind
    vendor: str
    account: str
    number: str = Field(description="Empty for an object that is no number.")
    object: HeldObject | None
    stack: str = Field(description="The stack of an undeclared object, by its marker.")


class UnreadFile(_Part):
    """A stack file with errors: what it declares is not known, so nothing of its stack is called undeclared."""

    stack: str
    error: str


class NetworkInventory(_Part):
    """Every number in reach."""

    version: Literal[1] = 1
    exit: int = Field(description="0; 1 where a vendor failed or a stack file could not be read: the rest is shown.")
    project: str = Field(description="The project of the stack files that were read; empty outside of one.")
    vendors: tuple[VendorAnswer, ...]
    numbers: tuple[InventoryNumber, ...]
    orphans: tuple[Orphan, ...]
    unread: tuple[UnreadFile, ...]


def schema() -> str:
    """The schema: the same bytes on every machine."""
    described = NetworkInventory.model_json_schema(mode="serialization")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Inventory of xai-telephony",
    }
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
