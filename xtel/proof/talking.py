"""`xtel agent try`: a realtime session with a stored agent's configuration; something is written, and it answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from providers.kernel import marker
from providers.kernel.errors import InputError, XtelError
from providers.kernel.limits import Limit
from providers.kernel.secrecy import one_line
from stacks import document
from xai_resources.client import Client
from xtel import terminal
from xtel.engine import state
from xtel.project import sandbox
from xtel.project.layout import Project

if TYPE_CHECKING:
    from xai_resources.models import HostedAgent
    from xai_resources.realtime import Session
    from xtel.engine.access import Access

#: Formats of sound by the names that people know: what xAI calls them, and bytes a second.
FORMATS: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "pcm16": ({"type": "audio/pcm", "rate": 24000}, 48000),
    "g711_ulaw": ({"type": "audio/pcmu"}, 8000),
    "g711_alaw": ({"type": "audio/pcma"}, 8000),
}
#: Prefix of an agent's id at xAI.
ID_PREFIX = "agent_"
_PATIENCE = 60.0


@dataclass(frozen=True)
class Wanted:
    """What is written to the agent, and what is to be otherwise than stored; empty: as stored."""

    say: str
    voice: str = ""
    model: str = ""
    format: str = "pcm16"


@dataclass(frozen=True)
class Reply:
    """What an agent answered. ``functions``: what it would have had called. Milliseconds count from the question."""

    agent: HostedAgent
    wanted: Wanted
    settings: Mapping[str, Any] = field(repr=False)
    text: str = ""
    functions: tuple[Mapping[str, Any], ...] = ()
    audio: int = 0
    first_ms: int = 0
    done_ms: int = 0

    @property
    def name(self) -> str:
        """The agent's, without the mark of its stack."""
        return marker.unlabel(self.agent.name)[0]

    @property
    def seconds(self) -> float:
        """Of sound."""
        return round(self.audio / FORMATS[self.wanted.format][1], 2)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        asked = {"said": self.wanted.say, "model": self.settings["model"], "voice": self.settings.get("voice")}
        answered = {"text": self.text, "functions": [dict(each) for each in self.functions]}
        sound = {"format": self.wanted.format, "bytes": self.audio, "seconds": self.seconds}
        times = {"first_ms": self.first_ms, "done_ms": self.done_ms}
        return {"agent_id": self.agent.agent_id, "name": self.name, **asked, **answered, "audio": sound, **times}


def stack_of(project: Project, key: str) -> str:
    """The stack whose file declares an agent of this key. Raises InputError where none does, or several do."""
    found = [name for name in project.names() if key in _declared(project, name)]
    if len(found) != 1:
        what = f"{len(found)} stacks declare an agent {key}" if found else f"no stack declares an agent {key}"
        step = (
            f"--stack NAME, one of: {', '.join(found)}" if found else f"name a key of `agents:`, or an id: {ID_PREFIX}…"
        )
        raise InputError(what, step=step)
    return found[0]


def _declared(project: Project, stack: str) -> Iterable[str]:
    """A stack without a file, or with one that cannot be read, declares none."""
    try:
        return document.read(project.stack_file(stack)).agents
    except XtelError:
        return ()


def id_of(project: Project, stack: str, key: str) -> str:
    """The agent's id at xAI, from what was applied. Raises InputError."""
    outputs = state.of(stack, project.root, sandbox.reading(project, stack)).outputs
    agents: Any = outputs.get("agents") or {}
    if not (found := cast(dict[str, Any], agents).get(key)):
        raise InputError(f"{stack} has no agent {key} that is applied", step=f"pulumi up -s {stack}")
    return str(found)


def tried(access: Access, id: str, wanted: Wanted) -> Reply:
    """Reads the agent, opens a session like it, and has it answer. Raises XtelError."""
    if find_spec("websockets") is None:
        raise InputError("a session needs websockets", step="pip install 'xai-telephony[calls]'")
    from xai_resources.realtime import SessionError

    agent = Client(access.key, access.origin, Limit(1)).agent(id)
    settings = configured(agent, wanted)
    if any(tool.get("type") == "mcp" for tool in agent.tools):
        terminal.note("its MCP servers are left out: xAI does not show what they are called with")
    try:
        return asyncio.run(asyncio.wait_for(_talk(access, agent, wanted, settings), _PATIENCE))
    except TimeoutError:
        raise XtelError(f"{id} gave no whole answer in {_PATIENCE:.0f} s", step="try it again") from None
    except SessionError as error:
        raise XtelError(one_line(str(error)), step="check XAI_API_KEY, the voice and the model") from None


def configured(agent: HostedAgent, wanted: Wanted) -> dict[str, Any]:
    """The session's configuration for a stored agent, as xAI's guide maps it (Voice Agent Builder)."""
    form = {"format": dict(FORMATS[wanted.format][0])}
    settings: dict[str, Any] = {
        "model": wanted.model or str(agent.voice.get("model") or "grok-voice-latest"),
        "instructions": agent.instructions,
        "tools": _tools(agent),
        "turn_detection": None,  # a turn ends when it is said to: nobody speaks
        "audio": {"input": form, "output": form},
    }
    if voice := wanted.voice or str(agent.voice.get("voice_id") or ""):
        settings["voice"] = voice
    if reasoning := agent.voice.get("reasoning"):
        settings["reasoning"] = reasoning
    return settings


def _tools(agent: HostedAgent) -> list[dict[str, Any]]:
    found = [_tool(tool) for tool in agent.tools if tool.get("type") != "mcp"]
    if agent.collection_ids:
        found.append({"type": "file_search", "vector_store_ids": list(agent.collection_ids)})
    return found


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A function stands in the session itself; its JSON Schema may be kept as text."""
    if tool.get("type") != "function":
        return dict(tool)
    function: dict[str, Any] = {**tool.get("function", {})}
    if isinstance(parameters := function.get("parameters"), str):
        function["parameters"] = json.loads(parameters)
    return {"type": "function", **function}


async def _talk(access: Access, agent: HostedAgent, wanted: Wanted, settings: dict[str, Any]) -> Reply:
    from xai_resources import realtime

    async with realtime.connect(model=settings["model"], api_key=access.key, base_url=access.origin) as session:
        await session.update(**{name: value for name, value in settings.items() if name != "model"})
        await session.write(wanted.say)
        await session.respond()
        return await _heard(session, Reply(agent, wanted, settings))


async def _heard(session: Session, reply: Reply) -> Reply:
    from xai_resources.realtime import Failed, ResponseDone, SessionError, Sound, Words

    began, text, audio, first = time.monotonic(), "", 0, 0
    async for event in session:
        passed = round((time.monotonic() - began) * 1000)
        match event:
            case Failed(message=message):
                raise SessionError(f"xAI: {message}")
            case Words(text=part):
                text, first = text + part, first or passed
            case Sound(audio=part):
                audio, first = audio + len(part), first or passed
            case ResponseDone(data=data):
                called = tuple(_functions(data))
                return Reply(reply.agent, reply.wanted, reply.settings, text, called, audio, first, passed)
            case _:
                pass
    raise SessionError("the session ended before the agent had answered")


def _functions(done: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    items: Any = cast(Mapping[str, Any], done.get("response") or {}).get("output") or []
    for item in cast(list[Mapping[str, Any]], items):
        if item.get("type") == "function_call":
            yield {"name": str(item.get("name", "")), "arguments": str(item.get("arguments", ""))}


def show(reply: Reply) -> None:
    """What was said, what it would have called, and how it was."""
    if reply.text:
        terminal.line(reply.text)
    for each in reply.functions:
        terminal.line(f"calls {each['name']}({one_line(str(each['arguments']))})")
    sound = f"{reply.seconds} s of sound ({reply.wanted.format})"
    voice = reply.settings.get("voice") or "its default voice"
    terminal.note(f"{reply.name}: {reply.settings['model']}, {voice}, first after {reply.first_ms} ms, {sound}")
