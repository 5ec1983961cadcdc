"""The call path: what the objects of a stack do with a call to one of its numbers, hop by hop. Pure.

Number at its carrier, attachment, trunk, each SIP URI in the order tried, registration at xAI with who may call, webhook or
agent. The resources may come from anywhere: a stack file, a preview, the state, what vendors show.

A call goes from the object that takes it to what that one refers to, as each carrier says of its own objects
(:class:`~providers.kernel.call_handling.CallHandling`). Where a reference is not known yet, or its carrier is not installed
here, the number's own objects at that carrier stand for it, or else those that numbers share.
"""

from __future__ import annotations

from stacks.callpath.change import stopped
from stacks.callpath.decided import Decided, declaration
from stacks.callpath.hops import CallPath, Hop, HopName, HopState, Way
from stacks.callpath.network import CallNetwork
from stacks.callpath.serving import users
from stacks.callpath.walk import path, written

__all__ = [
    "CallNetwork",
    "CallPath",
    "Decided",
    "Hop",
    "HopName",
    "HopState",
    "Way",
    "declaration",
    "path",
    "stopped",
    "users",
    "written",
]
