"""Objects that are simply there: no request made them, and what xAI refuses to make may be among them."""

from __future__ import annotations

from sandbox.exchange import JsonObject, Seed, only
from sandbox.xai import rules
from sandbox.xai.state import Team

COLLECTIONS = ("agents", "numbers")
NUMBER: rules.Message = {
    **{name: kind for name, kind in rules.CREATE.items() if name != "area_code"},
    "agent_name": rules.text,
    "created_at": rules.text,
    "phone_number_id": rules.text,
}
AGENT: rules.Message = {"agent_id": rules.text, "name": rules.text}


def fill(team: Team, document: Seed) -> None:
    only(document, COLLECTIONS, "collection")
    for raw in document.get("agents", []):
        agent = rules.read(raw, AGENT, "agents")
        rules.need(set(agent) == set(AGENT), "agents: agent_id and name are required")
        team.agents.put(agent["agent_id"], agent)
    for raw in document.get("numbers", []):
        _number(team, rules.read(raw, NUMBER, "numbers"))


def _number(team: Team, number: JsonObject) -> None:
    e164 = number.get("phone_number", "")
    rules.need(rules.E164.fullmatch(e164), f"numbers: phone_number {e164!r} is not E.164")
    rules.need(not team.numbers.find(e164), f"numbers: {e164} is registered already")
    number = {"name": e164, "origin": "byo_trunk", **number}
    rules.need(number["origin"] in rules.ORIGINS, f"numbers: origin {number['origin']!r}")
    for name, check in (("sip_auth", rules.sip_auth), ("webhook", rules.webhook)):
        if name in number:
            number[name] = check(number[name])
    agent = number.get("agent_id")
    if agent and not team.agents.get(agent):
        team.agents.put(agent, {"agent_id": agent, "name": number.get("agent_name", agent)})
    team.add(number)
