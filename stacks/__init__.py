"""A stack file and what becomes of it: the model, the network it declares, the Pulumi program.

``from stacks import Agent, Number`` gives the Pulumi resources that the entries of a stack file are, ``from stacks import
routes`` the carriers' routes; ``stacks.model`` and
``stacks.graph`` are plain Python and load no Pulumi.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stacks.component import Agent, Number

__all__ = ["Agent", "Number"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("stacks.component"), name)
