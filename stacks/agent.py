"""What can be declared for a hosted agent: the words of the stack file's ``agents``, and of ``stacks.Agent`` in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from providers.kernel.spec import StrictModel
from stacks.reference import Reference
from xai_resources import agent, tools

#: Ids at xAI begin with this: what a number names is the id of an agent that exists, or the key of one declared here.
ID_PREFIX = "agent_"


class McpServer(tools.Mcp[Reference]):
    """A remote MCP server; its secrets are config secrets."""


Tool = tools.Function | tools.WebSearch | tools.XSearch | tools.FileSearch | McpServer
_KINDS = {**tools.KINDS, "mcp": McpServer}


def _chosen(value: Any) -> Any:
    return tools.chosen(value, _KINDS)


Tools = Annotated[
    tuple[Annotated[Tool, BeforeValidator(_chosen, json_schema_input_type=Tool)], ...],
    Field(max_length=agent.MAX_TOOLS),
    AfterValidator(tools.unlike),
]

#: What ``Agent._one_text`` says, for editors.
_ONE_TEXT: dict[str, Any] = {
    "not": {
        "required": ["instructions", "instructions_file"],
        "properties": {"instructions": {"type": "string"}, "instructions_file": {"type": "string"}},
    },
    "errorMessage": "instructions and instructions_file exclude each other: remove one",
}


class Agent(StrictModel):
    """A hosted agent of xAI: what it says, how it sounds, what it may call, which numbers it answers."""

    model_config = ConfigDict(json_schema_extra=_ONE_TEXT)

    name: agent.Name | None = Field(None, description="Display name at xAI; default: the key.")
    instructions: agent.Instructions | None = Field(
        None,
        description="System prompt: what the agent is to do. At most 256000 characters.",
        examples=["Greet the caller and qualify the lead."],
    )
    instructions_file: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="File that holds the instructions: UTF-8 text, by its path from the project's root.",
        examples=["agents/sales.md"],
    )
    voice: agent.Voice | None = Field(
        None, description="How it sounds, and when it takes a turn as ended.", examples=[{"voice_id": "eve"}]
    )
    tools: Tools = Field((), description="What it may call, at most 200 tools.", examples=[[{"type": "web_search"}]])
    collection_ids: agent.Collections = Field(
        (),
        description="Knowledge base collections that the tool file_search searches, at most 10.",
        examples=[["collection_0123456789"]],
    )
    numbers: tuple[str, ...] = Field(
        (), description="Keys of the numbers it answers: the same as `agent` on each of them.", examples=[["support"]]
    )
    take_over: StrictBool = Field(False, description="Make the agent of this name that exists ours, whoever made it.")
    protect: StrictBool = Field(False, description="Pulumi refuses to delete it.")
    was: tuple[str, ...] = Field((), description="Earlier keys of this agent.", examples=[["old-key"]])

    @model_validator(mode="after")
    def _one_text(self) -> Agent:
        if self.instructions is not None and self.instructions_file is not None:
            raise ValueError("instructions and instructions_file exclude each other: remove one")
        return self

    def complete(self, read: Callable[[str], str]) -> Agent:
        """This agent with the text of its ``instructions_file``, as ``read`` finds it by its path from the project's root.

        Raises ValueError for a file that cannot be it.
        """
        if self.instructions_file is None:
            return self
        text = read(self.instructions_file)
        return self.model_copy(update={"instructions": text, "instructions_file": None})

    def inputs(self, key: str) -> dict[str, Any]:
        """The inputs of the xAI object; in ``tool_secrets`` :class:`~stacks.reference.SecretRef` stands for a value."""
        given = {
            "name": self.name or key,
            "instructions": self.instructions,
            "voice": self.voice.model_dump(exclude_none=True) if self.voice else None,
            "tools": [_filled(tool) for tool in self.tools],
            "collection_ids": list(self.collection_ids),
            "take_over": self.take_over or None,
        }
        return {name: value for name, value in tools.parted(given).items() if value}


def _filled(tool: StrictModel) -> dict[str, Any]:
    """The fields that are said; a reference stays what it is."""
    plain = tool.model_dump(exclude_none=True)
    secret = {name: value for name in tools.WRITE_ONLY if (value := getattr(tool, name, None)) is not None}
    return {**plain, **secret}
