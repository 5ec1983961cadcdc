"""The checksum of a plan: whoever applies it can tell that it is still the one that was reviewed. Pure.

It binds the stack, every operation with its old and new values, and the bytes of every file that decides what is applied:
the stack file, the program, ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml`` with the ciphertext of its secrets. Times, texts
and the order of steps do not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from xtel.engine.previews import Preview
from xtel.engine.step import Step

#: Hexadecimal digits that are shown and compared: 64 bits.
DIGITS = 16


def checksum(stack: str, preview: Preview, sources: Mapping[str, bytes]) -> str:
    """16 hexadecimal digits; ``sources`` are files by a name that does not depend on the machine."""
    parts: dict[str, Any] = {
        "version": 1,
        "stack": stack,
        "steps": sorted(map(_step, filter(_counts, preview.steps))),
        "sources": {name: hashlib.sha256(content).hexdigest() for name, content in sources.items()},
    }
    return hashlib.sha256(_canonical(parts).encode()).hexdigest()[:DIGITS]


def _counts(step: Step) -> bool:
    """What both forms of a preview list: not what stays, not the engine's own, of a replacement the one step for all."""
    listed = step.op not in {"same", "refresh", "create-replacement", "delete-replaced"}
    return listed and not step.type.startswith("pulumi:")


def _step(step: Step) -> str:
    """An operation in one spelling: with the state it starts from, so that a plan for another state is another plan."""
    told = [step.op, step.urn, step.id, step.protected, step.old, step.old_outputs, step.new, sorted(step.differing)]
    return hashlib.sha256(_canonical(told).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
