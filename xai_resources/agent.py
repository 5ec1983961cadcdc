"""The hosted agent at xAI: instructions, voice, tools and collections, changed in place, found again by its marker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from providers.kernel import errors, marker
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec, StrictModel, changed, spelled
from providers.kernel.values import Whole, has_unknown
from xai_resources import tools
from xai_resources.client import Client
from xai_resources.models import HostedAgent

#: xAI takes 255 characters; the marker is added to the name.
MAX_NAME = 255 - len(marker.label("", ""))
MAX_INSTRUCTIONS, MAX_TOOLS, MAX_COLLECTIONS = 256_000, 200, 10
#: The voices that xAI documents; a team may have more of its own.
VOICES = frozenset({"eve", "ara", "rex", "sal", "leo"})
#: What is documented for sessions; an agent may take others.
MODELS = frozenset({"grok-voice-latest", "grok-voice-3.0", "grok-voice-think-fast-2.0", "grok-voice-think-fast-1.0"})
EFFORTS = frozenset({"high", "none"})


def _voice_id(text: str) -> str:
    return text.lower() if text.lower() in VOICES else text


def prose(text: str) -> str:
    """Text in one spelling, whatever editor saved it: line feeds alone, and none at its end."""
    return text.replace("\r\n", "\n").rstrip()


def _instructions(text: str) -> str:
    if not (spelled := prose(text)):
        raise ValueError("must not be blank")
    return spelled


def _single(value: float) -> float:
    """Six digits: what is left of a number that a vendor keeps in single precision."""
    return round(value, 6)


class Reasoning(StrictModel):
    """How long the model thinks before it answers."""

    effort: Annotated[str, Field(min_length=1)] = Field(
        description="high, none, or what else xAI takes.", examples=["high"]
    )


class Voice(StrictModel):
    """How the agent sounds, thinks, and when it takes the caller's turn as ended."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    voice_id: Annotated[str, Field(min_length=1), AfterValidator(_voice_id)] | None = Field(
        None, description="Which voice: eve, ara, rex, sal, leo, or one of your own.", examples=["eve"]
    )
    vad_threshold: Annotated[float, Field(ge=0, le=1, strict=True), AfterValidator(_single)] | None = Field(
        None, description="How loud speech must be, 0 to 1; lower hears quieter speech."
    )
    vad_silence_duration_ms: Annotated[Whole, Field(ge=0, le=10_000)] | None = Field(
        None, description="Milliseconds of silence, 0 to 10000, before the agent answers."
    )
    model: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="Which model speaks; sent only when given.", examples=["grok-voice-latest"]
    )
    language_hint: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="Language that callers are likely to speak; sent only when given.", examples=["en"]
    )
    reasoning: Reasoning | None = Field(
        None, description="How long it thinks; sent only when given.", examples=[{"effort": "high"}]
    )

    @model_validator(mode="after")
    def _says_something(self) -> Voice:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"is empty: say one of {', '.join(Voice.model_fields)}, or remove it")
        return self


#: The fields of a voice in the reference of the agents (read 2026-11-21). The others are reported by clients of the live
#: service; what the service puts there by itself nobody knows, so they are ours only where a file gives them.
DOCUMENTED = frozenset({"voice_id", "vad_threshold", "vad_silence_duration_ms"})


def _own(voice: Mapping[str, Any], declared: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a voice at xAI is the file's: the documented fields, and those that it gives."""
    ours = DOCUMENTED | {name for name, value in (declared or {}).items() if value is not None}
    return {name: voice[name] for name in Voice.model_fields if name in ours and voice.get(name) is not None}


def _beside(voice: Mapping[str, Any], declared: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a voice at xAI is not the file's: a change sends it along as it is, because a voice is replaced as a whole."""
    ours = _own(voice, declared)
    return {name: value for name, value in voice.items() if name not in ours and value is not None}


def _collections(ids: tuple[str, ...]) -> tuple[str, ...]:
    """In one order, nothing twice; the limit is one of what is sent."""
    found = tools.in_one_order(ids)
    if len(found) > MAX_COLLECTIONS:
        raise ValueError(f"must have at most {MAX_COLLECTIONS} entries")
    return found


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Instructions = Annotated[str, Field(min_length=1, max_length=MAX_INSTRUCTIONS), AfterValidator(_instructions)]
Collections = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    AfterValidator(_collections),
    Field(json_schema_extra={"maxItems": MAX_COLLECTIONS}),
]


Tools = Annotated[
    tuple[Annotated[tools.Tool, BeforeValidator(tools.chosen)], ...],
    Field(max_length=MAX_TOOLS),
    AfterValidator(tools.unlike),
    AfterValidator(tools.by_name),
]


#: By the servers' labels.
ToolSecrets = dict[str, tools.ToolSecrets]


class AgentSpec(Spec):
    """A hosted agent at xAI."""

    name: Name = Field(description="Display name; the marker is added to it at xAI.")
    instructions: Instructions | None = Field(None, description="System prompt.")
    voice: Voice | None = Field(None, description="How it sounds, and when it answers.")
    tools: Tools = Field((), description="What it may call; a placeholder where a secret is.")
    tool_secrets: ToolSecrets | None = Field(
        None,
        description="The secrets of its tools, by server_label and field: `crm.authorization`, `crm.headers.X-Api-Key`.",
    )
    collection_ids: Collections = Field((), description="Knowledge base collections that file_search searches.")

    @model_validator(mode="before")
    @classmethod
    def _secrets_aside(cls, given: Any) -> Any:
        return tools.parted(cast(dict[str, Any], given)) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _every_secret(self) -> AgentSpec:
        if not has_unknown([self.tools, self.tool_secrets]):
            places = [vars(tool) for tool in self.tools if tools.secrets_of(vars(tool))]
            wanted = {str(tool["server_label"]): tools.secrets_of(tool) for tool in places}
            if differing := list(changed(tools.masked(self._secrets), wanted)):
                raise ValueError(f"tools and tool_secrets must hold the same secrets: {', '.join(differing)}")
        return self

    @property
    def _secrets(self) -> dict[str, dict[str, Any]]:
        return {label: each.model_dump(exclude_none=True) for label, each in (self.tool_secrets or {}).items()}

    def wire(self) -> dict[str, Any]:
        """Every field as the API takes it, under its path of the field mask; None where there is nothing."""
        return {
            "name": marker.label(self.name, self.marker),
            "instructions": self.instructions,
            "voice": self.voice.model_dump(exclude_none=True) if self.voice else None,
            "tools": [tools.sent(tool, self._secrets) for tool in self.tools] or None,
            "collection_ids": list(self.collection_ids) or None,
        }


class Agent(Object[Client, AgentSpec]):
    """A hosted agent of xAI, which answers numbers.

    Calls: POST, GET, PATCH, DELETE /v1/agents, and GET /v2/phone-numbers before a delete. Secrets: ``tool_secrets``, which
    are put into the tools when a request is made, and never read back. Changes in place: everything. Delete: the agent is
    gone; one that still answers a number is not deleted.
    """

    kind = "Agent"
    spec: ClassVar[type[Spec]] = AgentSpec
    unreadable = frozenset({"tool_secrets"})
    outputs = ("agent_id", "team_id", "created_at")

    def find(self, api: Client, spec: AgentSpec, *, fresh: bool) -> Live | None:
        """By its marker; without one by its name, which several may have: all of them are in ``raw``.

        Other stacks' agents may be called the same: they count only for taking over.
        """
        namesakes: dict[bool, list[HostedAgent]] = {True: [], False: []}
        for agent in api.agents(fresh=fresh):
            name, seen = marker.unlabel(agent.name)
            if seen == marker.digest(spec.marker):
                return _live(agent, {"marker": spec.marker})
            if name == spec.name:
                namesakes[bool(seen)].append(agent)
        found = namesakes[False] or (namesakes[True] if spec.take_over else [])
        return _live(found[0], {"marker": spec.marker}, *found) if found else None

    def obstacle(self, found: Live, spec: AgentSpec) -> Obstacle | None:
        """Not ours; or to be taken over, and more than one it could be."""
        if found.ours:
            return None
        if len(found.raw) > 1:
            ids = ", ".join(agent.agent_id for agent in found.raw)
            return Obstacle(
                f"{len(found.raw)} agents of this team are called {spec.name!r}, and none of them is ours: {ids}",
                "give this one another `name`, or rename those that are not meant in xAI's console",
            )
        if spec.take_over:
            return None
        return Obstacle(
            f"it exists and is not ours: {found.holder}",
            "`take_over: true` on the agent makes it ours; else give this one another `name`",
        )

    def read(self, api: Client, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """By id, never from a list, which may show less."""
        return _live(api.agent(id), state)

    def create(self, api: Client, spec: AgentSpec) -> Live:
        """Make it."""
        body = {name: value for name, value in spec.wire().items() if value is not None}
        return _live(api.create_agent(body), spec.canonical())

    def adopt(self, api: Client, found: Live, spec: AgentSpec) -> Live:
        """Make one that exists what is declared in every field: a list may have shown less than there is."""
        return _live(api.update_agent(found.id, _whole(api, found.id, spec.wire(), {})), spec.canonical())

    def update(self, api: Client, id: str, spec: AgentSpec, state: Mapping[str, Any]) -> Live:
        """PATCH of the fields that differ; what is declared no more is cleared."""
        declared = spec.canonical()
        before = spelled(AgentSpec, {name: state[name] for name in AgentSpec.model_fields if name in state})
        differ = {name for name in spec.wire() if (before.get(name) or None) != (declared.get(name) or None)}
        if (before.get("tool_secrets") or {}) != (declared.get("tool_secrets") or {}):
            differ.add("tools")
        if state.get("marker") != spec.marker:
            differ.add("name")
        changes = {name: value for name, value in spec.wire().items() if name in differ}
        if not changes:
            return _live(api.agent(id), declared)
        return _live(api.update_agent(id, _whole(api, id, changes, before.get("voice"))), declared)

    def delete(self, api: Client, id: str, state: Mapping[str, Any]) -> None:
        """Delete it, unless it still answers a number: those of this stack are given another agent, or none, before."""
        answered = [number.phone_number for number in _numbers(api) if number.agent_id == id]
        if answered:
            raise errors.Conflict(
                f"it still answers {', '.join(answered)}, which would ring nowhere; it was not deleted",
                step="give the number another agent or none, or delete it, then run it again",
            )
        api.delete_agent(id)


def _numbers(api: Client) -> list[Any]:
    """The team's numbers; none where they cannot be listed."""
    try:
        return list(api.numbers())
    except (errors.NotFound, errors.Unsupported):
        return []


def _whole(api: Client, id: str, changes: dict[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """These changes, with all that the voice at xAI holds beside what the file says now or said ``before``."""
    if "voice" not in changes:
        return changes
    now: Mapping[str, Any] = changes["voice"] or {}
    kept = _beside(api.agent(id).voice, {**(before or {}), **now})
    return {**changes, "voice": {**kept, **now} or None}


def _live(agent: HostedAgent, declared: Mapping[str, Any], *namesakes: HostedAgent) -> Live:
    """The agent as it stands, compared with what is declared of it: its marker, and the secrets of its tools."""
    declared = tools.parted(declared)
    mark = str(declared.get("marker", ""))
    name, seen = marker.unlabel(agent.name)
    ours = seen == marker.digest(mark)
    voice = _own(agent.voice, declared.get("voice"))
    shown = tools.seen(agent.tools, declared.get("tools") or [])
    inputs = {
        "name": name,
        "marker": mark if ours else "",
        "instructions": prose(agent.instructions) or None,
        "voice": voice or None,
        "tools": shown,
        "tool_secrets": tools.beside(shown, declared.get("tool_secrets") or {}) or None,
        "collection_ids": agent.collection_ids,
    }
    outputs = agent.model_dump(include={"agent_id", "team_id", "created_at"})
    holder = f"{agent.agent_id} of this team, called {name!r}{marker.whose(seen, mark)}"
    return Live(agent.agent_id, inputs, outputs, ours=ours, holder=holder, raw=namesakes)
