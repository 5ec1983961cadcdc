"""Hosted agents (/v1/agents), without HTTP: what they may hold, and the numbers they answer."""

from __future__ import annotations

from typing import Any

from sandbox.exchange import JsonObject, is_object
from sandbox.xai import rules
from sandbox.xai.rules import Message, Refusal, need
from sandbox.xai.state import Team, new_id, now

# Limits as in the REST reference of the agents (read 2026-11-21); `workflow_json` and the last three of the voice are
# reported by clients of the live service.
MAX_NAME, MAX_INSTRUCTIONS, MAX_TOOLS, MAX_COLLECTIONS = 255, 256_000, 200, 10


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


AGENT: Message = {
    "name": rules.text,
    "instructions": rules.text,
    "tools": rules.items,
    "voice": rules.whole,
    "collection_ids": rules.texts,
    "workflow_json": rules.text,
}
VOICE: Message = {
    "voice_id": rules.text,
    "vad_threshold": _number,
    "vad_silence_duration_ms": _number,
    "model": rules.text,
    "language_hint": rules.text,
    "reasoning": rules.whole,
}
# "The same tool types as the Voice Agent API": fields as its documents list them for a session's tools.
TOOLS: dict[str, Message] = {
    "function": {"function": rules.whole},
    "web_search": {},
    "x_search": {"allowed_x_handles": rules.texts},
    "file_search": {"vector_store_ids": rules.texts, "max_num_results": _number},
    "mcp": {
        "server_url": rules.text,
        "server_label": rules.text,
        "server_description": rules.text,
        "allowed_tools": rules.texts,
        "authorization": rules.text,
        "headers": rules.whole,
    },
}
FUNCTION: Message = {"name": rules.text, "description": rules.text, "parameters": rules.whole}
# What an MCP server is called with. No document says whether an answer repeats it.
TOOL_SECRETS = ("authorization", "headers")
# The update file of xAI's own CLI carries the id inside the agent.
PATCH: Message = {"agent": rules.whole, "field_mask": rules.whole, "phone_number_id": rules.text}
PATHS = ("name", "instructions", "tools", "voice", "collection_ids")


def read(raw: Any, message: Message = AGENT) -> JsonObject:
    agent = rules.read(raw, message, "agent")
    need(len(agent.get("name", "")) <= MAX_NAME, f"name: at most {MAX_NAME} characters")
    need(len(agent.get("instructions", "")) <= MAX_INSTRUCTIONS, f"instructions: at most {MAX_INSTRUCTIONS} characters")
    need(len(agent.get("collection_ids", [])) <= MAX_COLLECTIONS, f"collection_ids: at most {MAX_COLLECTIONS}")
    tools = agent.get("tools", [])
    need(len(tools) <= MAX_TOOLS, f"tools: at most {MAX_TOOLS}")
    if tools:
        agent["tools"] = [_tool(tool) for tool in tools]
    if "voice" in agent:
        voice = agent["voice"] = rules.read(agent["voice"], VOICE, "voice")
        need(0 <= voice.get("vad_threshold", 0) <= 1, "voice.vad_threshold: 0.0 to 1.0")
        need(0 <= voice.get("vad_silence_duration_ms", 0) <= 10_000, "voice.vad_silence_duration_ms: 0 to 10000")
    return agent


def _tool(raw: Any) -> JsonObject:
    kind = raw.get("type") if is_object(raw) else None
    if kind not in TOOLS:
        raise Refusal(400, f"tools: type must be one of {', '.join(TOOLS)}")
    tool = rules.read(raw, {"type": rules.text, **TOOLS[kind]}, f"tools: {kind}")
    if kind == "function":
        function = rules.read(tool.get("function"), FUNCTION, "tools: function") if "function" in tool else {}
        need(function.get("name"), "tools: a function needs function.name")
        tool["function"] = function
    if kind == "mcp":
        need(tool.get("server_url") and tool.get("server_label"), "tools: mcp needs server_url and server_label")
        need(all(isinstance(value, str) for value in tool.get("headers", {}).values()), "tools: headers must be text")
    return tool


def without_secrets(agent: JsonObject) -> JsonObject:
    tools = [
        {name: value for name, value in tool.items() if name not in TOOL_SECRETS} for tool in agent.get("tools", ())
    ]
    return {**agent, "tools": tools} if tools else agent


class Agents:
    def __init__(self, team: Team) -> None:
        self._team, self.shelf = team, team.agents

    def get(self, id: str) -> JsonObject:
        agent = self.shelf.get(id)
        if agent is None:
            raise Refusal(404, f"Agent {id} not found")
        return agent

    def create(self, raw: Any) -> JsonObject:
        wanted = read(raw)
        need(wanted.get("name", "").strip(), "name is required")
        time = now()
        stamps = {"created_at": time, "updated_at": time}
        agent = {"agent_id": new_id("agent"), "team_id": self._team.team_id, **wanted, **stamps}
        self.shelf.put(agent["agent_id"], agent)
        return agent

    def change(self, id: str, raw: Any) -> JsonObject:
        """A path in the mask whose value is missing clears the field; `phone_number_id` assigns a number."""
        body = rules.read(raw, PATCH)
        agent = self.get(id)
        values = read(body.get("agent", {}), {**AGENT, "agent_id": rules.text})
        if values.pop("agent_id", id) != id:
            raise Refusal(400, "agent.agent_id is not the agent of the path")
        for path in rules.mask(body.get("field_mask"), PATHS):
            agent.pop(path, None)
            if path in values:
                agent[path] = values[path]
        # xAI's example for assigning a number masks `name` with an empty agent; nobody means to lose the name by it.
        agent.setdefault("name", self.get(id)["name"])
        agent["updated_at"] = now()
        self.shelf.put(id, agent)
        self._team.rename_agent(id, agent["name"])
        if "phone_number_id" in body:
            self._assign(id, body["phone_number_id"])
        return agent

    def _assign(self, id: str, number_id: str) -> None:
        if number_id:
            self._team.change(number_id, {"agent_id": id})
            return
        for number in self._team.answered_by(id):
            self._team.change(number["phone_number_id"], {"agent_id": None})

    def delete(self, id: str) -> None:
        """Unverified: an agent that still answers numbers. Refusing shows a client that forgets to unassign."""
        self.get(id)
        numbers = self._team.answered_by(id)
        if numbers:
            raise Refusal(409, f"Agent {id} is assigned to {numbers[0]['phone_number']}")
        self.shelf.remove(id)
