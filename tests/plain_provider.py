"""A dynamic provider as Pulumi's documents show it, without any of our workarounds: what the SDK does by itself."""

from __future__ import annotations

import threading
import time
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ResourceProvider

from providers.kernel import errors, process, waiting, workarounds

_lock = threading.Lock()
_busy = 0
#: Creations at once that were seen.
_most = 0


class Plain(ResourceProvider):
    """Does what its ``do`` says; ``set_up`` first sets the process up as ours is."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        if props.get("set_up"):
            process.set_up()
        return CreateResult("1", {"told": getattr(self, f"_{props['do']}")()})

    def _count(self) -> int:
        global _busy, _most  # noqa: PLW0603
        with _lock:
            _busy += 1
            _most = max(_most, _busy)
        time.sleep(0.4)
        with _lock:
            _busy -= 1
        return _most

    def _fail(self) -> str:
        raise errors.InputError("it cannot be", step="write another")

    def _stumble(self) -> str:
        return str({}["colour"])

    def _urn(self) -> str:
        return workarounds.urn()

    def _engine(self) -> bool:
        return pulumi.runtime.settings.get_engine() is not None

    def _line(self) -> bool:
        return workarounds.engine() is not None

    def _wait(self) -> str:
        waiting.pause(3)
        return "waited"
