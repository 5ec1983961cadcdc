"""The events that a client may send, field by field (voice-realtime.ws.json, "clientMessages")."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

from sandbox.exchange import JsonObject, is_object
from sandbox.realtime.reading import (
    COUNT,
    EVENT,
    FLAG,
    OBJECT,
    TEXT,
    Complaint,
    Either,
    Fields,
    Listed,
    Plain,
    Rule,
    choice,
    words,
)
from sandbox.realtime.settings import MODALITIES

_PART = Fields(
    {
        "type": choice("input_text", "input_audio", "text", "audio", "output_text", "output_audio"),
        **dict.fromkeys(("text", "audio", "transcript"), TEXT),
    },
    ["type"],
)
_MESSAGE = Fields(
    {"type": TEXT, "id": TEXT, "role": choice("user", "assistant", "system"), "content": Listed(_PART)},
    ["role", "content"],
)
_CALL = Fields(dict.fromkeys(("type", "id", "name", "arguments", "call_id"), TEXT), ["name", "arguments"])
_OUTPUT = Fields(dict.fromkeys(("type", "id", "call_id", "output"), TEXT), ["call_id", "output"])
_FORCED = Fields(
    {
        "type": TEXT,
        "role": choice("assistant"),
        "content": Listed(Fields({"type": choice("output_text"), "text": TEXT}, ["type", "text"]), 1),
        "interruptible": FLAG,
        "voice": TEXT,
    },
    ["role", "content"],
)
_ITEM = Either({"message": _MESSAGE, "function_call": _CALL, "function_call_output": _OUTPUT, "force_message": _FORCED})


def _pairs(value: Any) -> bool:
    return value is None or (
        is_object(value)
        and len(value) <= 16
        and all(len(name) <= 64 and (not isinstance(each, str) or len(each) <= 512) for name, each in value.items())
    )


_RESPONSE = Fields(
    {
        "modalities": Plain(
            "a list of text and audio, or null",
            lambda value: value is None or (isinstance(value, list) and set(map(str, value)) <= set(MODALITIES)),  # pyright: ignore[reportUnknownArgumentType]
        ),
        "instructions": words(null=True),
        "metadata": Plain("up to 16 pairs, names of 64 and texts of 512 characters", _pairs),
    },
    null=True,
)
_OWN: dict[str, Rule] = {"type": TEXT, "event_id": words(512)}
_EVENTS: Final[dict[str, Fields]] = {
    # What the session holds is read by its configuration.
    "session.update": Fields({**_OWN, "session": OBJECT}, ["session"]),
    "input_audio_buffer.append": Fields({**_OWN, "audio": TEXT}, ["audio"]),
    "input_audio_buffer.commit": Fields(_OWN),
    "input_audio_buffer.clear": Fields(_OWN),
    "conversation.item.create": Fields({**_OWN, "previous_item_id": TEXT, "item": _ITEM}, ["item"]),
    "conversation.item.delete": Fields({**_OWN, "item_id": TEXT}, ["item_id"]),
    "conversation.item.truncate": Fields(
        {**_OWN, "item_id": TEXT, "content_index": COUNT, "audio_end_ms": COUNT},
        ["item_id", "content_index", "audio_end_ms"],
    ),
    "response.create": Fields({**_OWN, "response": _RESPONSE}),
    "response.cancel": Fields({**_OWN, "response_id": TEXT}),
}


def parse(text: str) -> JsonObject:
    """A client's frame as an object with a type that exists. Raises Complaint."""
    try:
        event: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Complaint("The event is not JSON.") from None
    if not is_object(event) or not isinstance(event.get("type"), str):
        raise Complaint("Expected an object with a type.", "type")
    return event


def check(event: JsonObject, strict: bool) -> JsonObject:
    """The event's fields as documented. Raises Complaint."""
    rule = _EVENTS.get(event["type"])
    if rule is None:
        raise Complaint(f"Event type '{event['type'][:60]}' is not supported.", "type", EVENT)
    return rule.read(event, "", strict)


def sound(encoded: str) -> bytes:
    """The bytes of an appended chunk. Raises Complaint."""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Complaint("Invalid value for 'audio': expected base64.", "audio") from None
