"""One resource of a stack, whoever told of it: a stack file, a preview, the state, or a vendor. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.kernel.preflight import Ahead

#: What the engine writes, in previews and states, for a value that is not known yet.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
#: The Pulumi component that one number is: part of every user's state, never changes.
NUMBER = "xtel:network:Number"


@dataclass(frozen=True)
class Resource:
    """A resource by its name and type, with what is known of it; what its source does not know stays at the default.

    ``name`` is the one in its URN: a number's objects are named ``+14155550100`` and ``+14155550100/trunk``, what numbers
    share ``twilio/trunk``, an agent by its key. ``type`` is vendor and kind, such as ``twilio:Trunk``, or :data:`NUMBER`.
    """

    name: str
    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: Name of the number (the component) it belongs to; empty for what is shared, and for agents.
    parent: str = ""
    #: Names of the resources that must be there first, although no input refers to them.
    depends_on: tuple[str, ...] = ()
    #: One for the whole stack, used by the routes of several numbers.
    shared: bool = False
    protect: bool = False
    #: What is asked at the vendors before it is made: the objects after it that would end the run half-way.
    ahead: tuple[Ahead, ...] = field(default=(), compare=False, repr=False)
    #: Earlier names.
    aliases: tuple[str, ...] = ()
    #: The vendor's id, and what only the vendor knows, where the source has seen the object itself.
    id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: Pulumi's own name of it, where Pulumi told of it.
    urn: str = ""

    @property
    def vendor(self) -> str:
        """The vendor it lives at, such as ``twilio``."""
        return self.type.partition(":")[0]

    @property
    def kind(self) -> str:
        """The kind of object there, such as ``Trunk``."""
        return self.type.partition(":")[2]

    @property
    def part(self) -> str:
        """What it is of its number's route, such as ``trunk``; empty for a number itself, and for an agent."""
        return self.name.partition("/")[2]
