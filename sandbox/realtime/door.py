"""Where realtime sessions are opened: the handshake of ``wss://api.x.ai/v1/realtime``, with or without a call."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from starlette.websockets import WebSocket

from sandbox.calling import Client, Clients
from sandbox.exchange import JsonObject
from sandbox.line import deny
from sandbox.realtime.conversation import Memory, new_id
from sandbox.realtime.reading import Complaint
from sandbox.realtime.session import Line, Manner, Session, Who
from sandbox.realtime.settings import EFFORTS, MODELS, Settings
from sandbox.switches import Switches

#: Prefix of an ephemeral secret among the WebSocket's subprotocols: a browser cannot set headers.
PROTOCOL: Final = "xai-client-secret."
#: ``agent_id`` is no part of the reference: xAI's console shows it in the code it gives for an agent.
QUERY: Final = ("call_id", "conversation_id", "model", "reasoning.effort", "agent_id")


class Refused(Exception):
    """The handshake is answered by an HTTP error."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class Door:
    """Opens sessions, and keeps conversations for those that resume them."""

    def __init__(self, clients: Clients, switches: Switches) -> None:
        self._clients, self._switches = clients, switches
        self._memory = Memory()
        self._open: Counter[str] = Counter()
        self._over = asyncio.Event()

    def close(self) -> None:
        """Ends the sessions that there are, and forgets all conversations."""
        self._over.set()
        self._over = asyncio.Event()
        self._memory.clear()

    async def open(self, socket: WebSocket) -> None:
        """A session without a call."""
        try:
            client = self.client(socket)
            who, settings = self._prepared(socket, client)
        except Refused as refused:
            await deny(socket, refused.status, refused.error)
        await socket.accept(_subprotocol(socket))
        id = socket.query_params.get("conversation_id") or new_id("conv")
        session = Session(
            socket, who=who, conversation_id=id, settings=settings, manner=self._manner(), memory=self._memory
        )
        self._open[who.team] += 1
        try:
            await session.run(until=self._over.wait())
        finally:
            self._open[who.team] -= 1

    def joined(
        self, socket: WebSocket, team: str, call_id: str, line: Line, tell: Callable[[bool, JsonObject], None]
    ) -> Session:
        """The session of a call. Its conversation is named by the call, or by an earlier one that it resumes."""
        id = socket.query_params.get("conversation_id") or call_id
        return Session(
            socket,
            who=self._who(team),
            conversation_id=id,
            settings=Settings(self._strict),
            manner=self._manner(),
            memory=self._memory,
            line=line,
            tell=tell,
        )

    def client(self, socket: WebSocket) -> Client:
        """Who asks. A wrong key is 400 (debugging page); of a wrong secret nothing is said. Raises Refused."""
        header, secret = socket.headers.get("authorization", ""), _subprotocol(socket) or ""
        if not secret and not header.lower().startswith("bearer "):
            raise Refused(401, "No API key provided.")
        client = self._clients.client(header, secret.removeprefix(PROTOCOL))
        if client is None:
            raise Refused(401, "Invalid client secret.") if secret else Refused(400, "Incorrect API key provided.")
        return client

    @property
    def _strict(self) -> bool:
        return self._switches["xai.unknown_fields"] == "refused"

    def _manner(self) -> Manner:
        return Manner(
            self._strict,
            self._switches["xai.event_names"] == "plain",
            self._switches["xai.session_seconds"],
            self._switches["xai.resumption_seconds"],
        )

    def _who(self, team: str, agent: JsonObject | None = None) -> Who:
        def named(instructions: str) -> str:
            found = agent or self._clients.stored_agent(team, instructions=instructions)
            return str(found["name"]) if found else ""

        return Who(team, named)

    def _prepared(self, socket: WebSocket, client: Client) -> tuple[Who, Settings]:
        query = socket.query_params
        unknown = [name for name in query if name not in QUERY]
        if unknown and self._strict:
            raise Refused(400, f"unknown query parameter {unknown[0][:60]!r}")
        limit = self._switches["xai.sessions"]
        if limit and self._open[client.team] >= limit:
            raise Refused(429, f"Too many concurrent sessions: {limit:g} a team")
        model, effort = query.get("model", MODELS[0]), query.get("reasoning.effort", EFFORTS[0])
        if model not in MODELS:
            raise Refused(404, f"The model {model[:60]} does not exist or your team does not have access to it.")
        if effort not in EFFORTS:
            raise Refused(400, f"reasoning.effort: expected one of {', '.join(EFFORTS)}")
        settings = Settings(self._strict)
        agent = None
        if id := query.get("agent_id", ""):
            agent = self._clients.stored_agent(client.team, id=id)
            if agent is None:
                raise Refused(404, f"Agent {id[:60]} not found")
        # The reference says of both that they can be set at connection time, and not what wins.
        asked: JsonObject = {}
        if "model" in query:
            asked["model"] = model
        if "reasoning.effort" in query:
            asked["reasoning"] = {"effort": effort}
        try:
            for part in (_configured(agent) if agent else {}, client.session, asked):
                settings.update(part)
        except Complaint as complaint:
            raise Refused(400, complaint.message) from complaint
        return self._who(client.team, agent), settings


def _configured(agent: JsonObject) -> JsonObject:
    """A stored agent as a session's configuration, as xAI's guide maps it (Voice Agent Builder, "Step 3")."""
    voice = agent.get("voice", {})
    turns: JsonObject = {"type": "server_vad"}
    if "vad_threshold" in voice:
        # 0 to 1 for an agent, 0.1 to 0.9 for a session.
        turns["threshold"] = min(max(voice["vad_threshold"], 0.1), 0.9)
    if "vad_silence_duration_ms" in voice:
        turns["silence_duration_ms"] = voice["vad_silence_duration_ms"]
    named = {"voice": voice["voice_id"]} if voice.get("voice_id") else {}
    held = {name: agent[name] for name in ("instructions", "tools") if agent.get(name)}
    return {**held, **named, "turn_detection": turns}


def _subprotocol(socket: WebSocket) -> str | None:
    """The offered subprotocol that carries a secret."""
    offered: list[str] = socket.scope.get("subprotocols", [])
    return next((each for each in offered if each.startswith(PROTOCOL)), None)
