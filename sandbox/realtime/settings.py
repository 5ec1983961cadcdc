"""A session's configuration: what ``session.update`` may say (voice-realtime.ws.json), and what holds without it."""

from __future__ import annotations

import copy
import uuid
from typing import Any, Final

from sandbox.exchange import JsonObject, is_object
from sandbox.realtime.reading import (
    COUNT,
    FLAG,
    MAP,
    OBJECT,
    TEXT,
    Complaint,
    Either,
    Fields,
    Listed,
    Plain,
    Rule,
    choice,
    number,
    words,
)

#: The models that the documents name; the alias moves with time.
MODELS: Final = (
    "grok-voice-latest",
    "grok-voice-3.0",
    "grok-voice-think-fast-2.0",
    "grok-voice-think-fast-1.0",
)
EFFORTS: Final = ("high", "none")
MODALITIES: Final = ("text", "audio")
RATES: Final = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000)
CODECS: Final = ("audio/pcm", "audio/pcmu", "audio/pcma", "audio/opus")
#: Parts of the configuration of which an update changes only what it says; all others it replaces.
_MERGED: Final = ("turn_detection", "audio", "reasoning", "resumption")

_FORMAT = Fields(
    {
        "type": choice(*CODECS),
        "rate": Plain(f"one of {', '.join(map(str, RATES))}", lambda value: type(value) is int and value in RATES),
    }
)
_TRANSPORT = choice("json", "binary")
_TURNS = Fields(
    {
        "type": Plain("server_vad or null", lambda value: value in (None, "server_vad")),
        "threshold": number(0.1, 0.9),
        "silence_duration_ms": number(0, 10_000),
        "prefix_padding_ms": number(0, 10_000),
        "idle_timeout_ms": number(0, 86_400_000, null=True),
    },
    null=True,
)
_INPUT = Fields(
    {
        "format": _FORMAT,
        "transport": _TRANSPORT,
        "transcription": Fields(
            {"language_hint": TEXT, "keyterms": Listed(words(50), 100), "model": choice("grok-transcribe")}
        ),
    }
)
_OUTPUT = Fields({"format": _FORMAT, "transport": _TRANSPORT, "speed": number(0.7, 1.5)})
_NAMES = Listed(TEXT)
_FUNCTION: dict[str, Rule] = {"name": TEXT, "description": TEXT, "parameters": OBJECT}
_DOMAINS: dict[str, Rule] = {
    **dict.fromkeys(("location", "user_location"), OBJECT),
    **{name: Listed(TEXT, 5) for name in ("allowed_domains", "excluded_domains")},
    "enable_image_understanding": FLAG,
}
_HANDLES: dict[str, Rule] = {
    **{name: Listed(TEXT, 20) for name in ("allowed_x_handles", "excluded_x_handles")},
    **dict.fromkeys(("from_date", "to_date"), TEXT),
    **dict.fromkeys(("enable_image_understanding", "enable_video_understanding"), FLAG),
}
_MCP: dict[str, Rule] = {
    **dict.fromkeys(("server_label", "server_url", "server_description", "authorization"), TEXT),
    "allowed_tools": _NAMES,
    "headers": MAP,
}
#: The reference nests a function, the guide's examples do not: both are taken.
_TOOL = Either(
    {
        "function": Fields({"type": TEXT, "function": Fields(_FUNCTION, ["name"]), **_FUNCTION}),
        "web_search": Fields({"type": TEXT, **_DOMAINS}),
        "x_search": Fields({"type": TEXT, **_HANDLES}),
        "file_search": Fields({"type": TEXT, "vector_store_ids": _NAMES, "max_num_results": COUNT}),
        "mcp": Fields({"type": TEXT, **_MCP}, ["server_label", "server_url"]),
    }
)
_EXCLUSIVE = (("allowed_domains", "excluded_domains"), ("allowed_x_handles", "excluded_x_handles"))
#: ``modalities`` stands in the session object alone, ``type`` in the SDK of OpenAI that the guide says to use.
SESSION: Final = Fields(
    {
        "type": choice("realtime"),
        "model": choice(*MODELS),
        "instructions": TEXT,
        "voice": Plain("the id of a voice", lambda value: isinstance(value, str) and bool(value.strip())),
        "modalities": Listed(choice(*MODALITIES)),
        "reasoning": Fields({"effort": choice(*EFFORTS)}),
        "turn_detection": _TURNS,
        "resumption": Fields({"enabled": FLAG}),
        "audio": Fields({"input": _INPUT, "output": _OUTPUT}),
        "tools": Listed(_TOOL),
        "replace": MAP,
    }
)


class Settings:
    """What holds in a session. Its defaults are the documented ones; a default voice is not documented."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        form: JsonObject = {"format": {"type": "audio/pcm", "rate": 24000}, "transport": "json"}
        self._values: JsonObject = {
            "id": f"sess_{uuid.uuid4().hex}",
            "object": "realtime.session",
            "model": MODELS[0],
            "instructions": "",
            "voice": "eve",
            "modalities": [*MODALITIES],
            "reasoning": {"effort": "high"},
            "turn_detection": {"type": "server_vad", "threshold": 0.85, "prefix_padding_ms": 333},
            "resumption": {"enabled": False},
            "audio": {"input": form, "output": copy.deepcopy(form)},
            "tools": [],
        }

    def update(self, wanted: Any, path: str = "session") -> None:
        """All of it or nothing. Raises Complaint."""
        read = SESSION.read(wanted, path, self._strict)
        read.pop("type", None)
        for place, tool in enumerate(read.get("tools", [])):
            _careful(tool, f"{path}.tools[{place}]")
        for way in read.get("audio", {}).values():
            if way.get("format", {}).get("type") == "audio/opus":
                raise Complaint("Opus is not played by this sandbox.", f"{path}.audio", code="invalid_audio_format")
        for name, said in read.items():
            held, value = self._values.get(name), said
            if name in _MERGED and is_object(held) and is_object(value):
                value = _merge(held, value)
            self._values[name] = value
        if self._values.get("replace", "") is None:
            del self._values["replace"]

    def document(self) -> JsonObject:
        """The session object of ``session.created`` and ``session.updated``."""
        return copy.deepcopy(self._values)

    @property
    def voice(self) -> str:
        """The id of the voice."""
        return str(self._values["voice"])

    @property
    def instructions(self) -> str:
        """The system prompt."""
        return str(self._values["instructions"])

    @property
    def spoken(self) -> bool:
        """Whether answers are spoken."""
        return "audio" in self._values["modalities"]

    @property
    def resumes(self) -> bool:
        """Whether turns are kept for a later session."""
        return bool(self._values["resumption"].get("enabled"))

    @property
    def turns(self) -> JsonObject | None:
        """Voice activity detection; None where the client ends turns by itself."""
        held = self._values["turn_detection"]
        return held if held is not None and held.get("type") is not None else None

    @property
    def functions(self) -> list[JsonObject]:
        """The functions that the application offers: name and parameters."""
        tools = [tool for tool in self._values["tools"] if tool["type"] == "function"]
        return [tool.get("function") or tool for tool in tools]

    def form(self, way: str) -> tuple[str, int]:
        """Codec and samples a second of ``input`` or ``output``."""
        held = self._values["audio"][way]["format"]
        return held["type"], held.get("rate", 24000) if held["type"] == "audio/pcm" else 8000

    @property
    def binary(self) -> bool:
        """Whether the agent's sound goes in binary frames."""
        return self._values["audio"]["output"].get("transport") == "binary"

    @property
    def speed(self) -> float:
        """How fast the agent speaks."""
        return float(self._values["audio"]["output"].get("speed", 1))


def _careful(tool: JsonObject, path: str) -> None:
    for first, second in _EXCLUSIVE:
        if first in tool and second in tool:
            raise Complaint(f"'{first}' and '{second}' are mutually exclusive.", f"{path}.{second}")
    if tool["type"] == "function" and "function" not in tool and "name" not in tool:
        raise Complaint(f"Missing required parameter: '{path}.name'.", f"{path}.name")


def _merge(held: JsonObject, value: JsonObject) -> JsonObject:
    both: JsonObject = {**held, **value}
    for name in held.keys() & value.keys():
        if is_object(held[name]) and is_object(value[name]):
            both[name] = _merge(held[name], value[name])
    return both
