"""The xAI side: phone numbers, hosted agents, made passwords, and a typed client for the API.

``PhoneNumber``, ``Agent`` and ``Password`` are Pulumi resources; they are made when first asked for, so that importing
``xai_resources.client`` in a script costs neither Pulumi nor gRPC. ``webhook``, ``calls`` and ``realtime`` are for the
application that answers, and need nothing else of this project (docs/receiver.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Agent: type[Any]
    PhoneNumber: type[Any]
    Password: type[Any]

__all__ = ["Agent", "Password", "PhoneNumber"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module("providers.kernel.engine").resource("xai", name)
