"""The agent of the sandbox, in place of a model: the same session and the same words always give the same answer.

It repeats what it was configured with and what it was told, so that a test can see both arrive. A user who writes the
name of one of the session's functions has it called.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.exchange import JsonObject, is_array, is_object
from sandbox.realtime.settings import Settings

WORDS: Final = "This is the sandbox speaking."
#: Characters that are repeated of a text.
_REPEATED: Final = 120
_EXAMPLES: Final[JsonObject] = {
    "string": "sandbox",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "array": [],
    "object": {},
}


@dataclass(frozen=True)
class Thought:
    """What the agent does next: says ``text``, or calls ``function`` with ``arguments``."""

    text: str
    function: str = ""
    arguments: str = ""


def answer(name: str, settings: Settings, instructions: str, items: Sequence[JsonObject]) -> Thought:
    """The next turn. ``name`` is that of the stored agent with these instructions, if there is one."""
    last = items[-1] if items else {}
    if last.get("type") == "function_call_output":
        return Thought(f"{WORDS} The function answered: {_short(str(last.get('output', '')))}")
    heard = said(last) if last.get("role") == "user" else ""
    for function in settings.functions:
        if function["name"] in heard:
            return Thought("", function["name"], json.dumps(_arguments(function.get("parameters"))))
    parts = [WORDS]
    if name:
        parts.append(f"I am {_short(name)}.")
    parts.append(f"My voice is {settings.voice}.")
    if instructions:
        parts.append(f"I was told: {_short(instructions)}")
    if heard:
        parts.append(f"You said: {_short(heard)}")
    return Thought(" ".join(parts))


def said(item: JsonObject) -> str:
    """The words of an item."""
    parts = [part.get("text") or part.get("transcript") or "" for part in item.get("content", ())]
    return " ".join(part for part in parts if part)


def tokens(text: str) -> int:
    """A count for the usage: words, since no document says what a token is."""
    return len(text.split())


def _short(text: str) -> str:
    return " ".join(text.split())[:_REPEATED]


def _arguments(parameters: Any) -> JsonObject:
    """A value for each parameter that is required."""
    if not is_object(parameters):
        return {}
    properties, required = parameters.get("properties"), parameters.get("required")
    if not is_object(properties) or not is_array(required):
        return {}
    kinds = {name: properties[name].get("type") for name in required if is_object(properties.get(name))}
    return {name: _EXAMPLES.get(str(kind), "sandbox") for name, kind in kinds.items()}
