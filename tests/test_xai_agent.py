"""Agent against the sandbox: limits before any request, change by field mask, its marker, secrets never read back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from providers.kernel import errors, marker, secrecy
from tests.conftest import Sandbox
from tests.reconciling import Hand
from xai_resources.client import Client

MARK = "xtel/p/s/sales"
TOOLS: list[dict[str, Any]] = [
    {"type": "web_search"},
    {
        "type": "function",
        "function": {
            "name": "lookup_order",
            "description": "Looks up an order.",
            "parameters": {"type": "object", "properties": {"orderId": {"type": "string", "maxLength": 12}}},
        },
    },
    {"type": "x_search", "allowed_x_handles": ["xai", "grok"]},
    {"type": "file_search", "max_num_results": 10},
    {
        "type": "mcp",
        "server_url": "https://mcp.example.com/mcp",
        "server_label": "crm",
        "server_description": "Customers",
        "allowed_tools": ["find"],
        "authorization": "Bearer canary-1234",
        "headers": {"X-Api-Key": "canary-5678"},
    },
]
GOOD: dict[str, Any] = {
    "marker": MARK,
    "name": "Sales",
    "instructions": "Greet and qualify.",
    "voice": {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300},
    "tools": TOOLS,
    "collection_ids": ["collection_b", "collection_a"],
}
MCP = TOOLS[-1]


@pytest.fixture
def agent(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand("xai:Agent", sandbox.env(), monkeypatch)


def agents(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Every agent but the one of the seed, by its name."""
    return {
        item["name"]: item for item in sandbox.state()["xai"]["agents"] if item["agent_id"] != "agent_frontdesk0001"
    }


def by_hand(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Any:
    """A call that somebody else makes with the same key."""
    key = {"Authorization": f"Bearer {sandbox.env()['XAI_API_KEY']}"}
    return sandbox.http.request(method, path, json=body, headers=key).raise_for_status().json()


# --- before any request ---


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "name: must not be empty"),
        ({"name": None}, "name: is required"),
        ({"name": "n" * 240}, "name: must have at most 239 characters"),
        ({"instructions": " \n"}, "instructions: must not be blank"),
        ({"instructions": "i" * 256_001}, "instructions: must have at most 256000 characters"),
        ({"voice": {}}, "voice: is empty"),
        ({"voice": {"voice_id": ""}}, "voice.voice_id: must not be empty"),
        ({"voice": {"vad_threshold": -0.1}}, "voice.vad_threshold: must be at least 0"),
        ({"voice": {"vad_threshold": 1.01}}, "voice.vad_threshold: must be at most 1"),
        ({"voice": {"vad_threshold": "0.5"}}, "voice.vad_threshold: must be a number"),
        ({"voice": {"vad_silence_duration_ms": -1}}, "must be at least 0"),
        ({"voice": {"vad_silence_duration_ms": 10_001}}, "must be at most 10000"),
        ({"voice": {"vad_silence_duration_ms": 0.5}}, "voice.vad_silence_duration_ms: must be a whole number"),
        ({"voice": {"pitch": 1}}, "voice.pitch: is not a known key"),
        ({"voice": {"model": ""}}, "voice.model: must not be empty"),
        ({"voice": {"reasoning": {}}}, "voice.reasoning.effort: is required"),
        ({"collection_ids": [f"c{index}" for index in range(11)]}, "collection_ids: must have at most 10 entries"),
        ({"collection_ids": [""]}, "collection_ids[0]: must not be empty"),
        ({"tools": [{"type": "web_search"}] * 201}, "tools: must have at most 200 entries"),
        ({"tools": [{"type": "web_search"}] * 2}, "tools: holds web_search twice"),
        ({"tools": [MCP, MCP]}, "tools: holds mcp crm twice"),
        ({"tools": [{"type": "dance"}]}, "tools[0]: must be a mapping with a type, one of function, web_search"),
        ({"tools": ["web_search"]}, "tools[0]: must be a mapping with a type"),
        ({"tools": [{"type": "web_search", "query": "x"}]}, "tools[0].query: is not a known key"),
        ({"tools": [{"type": "function"}]}, "tools[0].function: is required"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name: must not be empty"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": "x"}}]}, "must be a JSON Schema"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": float("nan")}}}]},
            "must be a JSON Schema",
        ),
        ({"tools": [{"type": "x_search", "allowed_x_handles": []}]}, "allowed_x_handles: must not be empty"),
        ({"tools": [{"type": "file_search", "max_num_results": 0}]}, "must be at least 1"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "tools[0].server_url: is required"),
        ({"tools": [{"type": "mcp", "server_url": "https://a.example"}]}, "tools[0].server_label: is required"),
        ({"tools": [{**MCP, "server_url": "http://a.example"}]}, "tools[0].server_url: must be an https:// URL"),
        ({"tools": [{**MCP, "headers": {}}]}, "tools[0].headers:"),
        ({"nmae": "x"}, "nmae: is not a known key"),
    ],
)
def test_every_limit_holds_before_any_request(
    agent: Hand, sandbox: Sandbox, change: dict[str, Any], reason: str
) -> None:
    sandbox.forget_log()
    checked = agent.reconciler.check({}, {**GOOD, **change})
    assert any(reason in str(problem) for problem in checked.problems), checked.problems
    assert "canary" not in str(checked.problems)
    assert sandbox.log() == []


@pytest.mark.parametrize(
    "most",
    [
        {"name": "n" * 239},
        {"instructions": "ä" * 256_000},
        {"collection_ids": [f"c{index}" for index in range(10)]},
        {"tools": [{"type": "function", "function": {"name": f"f{index}"}} for index in range(200)]},
        {"voice": {"vad_threshold": 0, "vad_silence_duration_ms": 0}},
        {"voice": {"vad_threshold": 1, "vad_silence_duration_ms": 10_000}},
        {"voice": {"voice_id": "a voice of our own"}},
        {"voice": {"model": "grok-voice-latest", "language_hint": "en", "reasoning": {"effort": "high"}}},
    ],
)
def test_what_is_just_within_the_limits_is_taken(agent: Hand, most: dict[str, Any]) -> None:
    assert agent.up(**{**GOOD, **most}) == "create"
    assert agent.refresh()
    assert agent.up(**{**GOOD, **most}) == "same"


# --- its life ---


@pytest.mark.parametrize("casing", ["snake", "camel"])
@pytest.mark.parametrize("secrets", ["hidden", "shown"])
def test_made_read_and_deleted(agent: Hand, sandbox: Sandbox, casing: str, secrets: str) -> None:
    sandbox.switch(xai__casing=casing, xai__tool_secrets=secrets)
    assert agent.up(**GOOD) == "create"
    [made] = agents(sandbox).values()
    assert made["name"] == f"Sales [xtel:{marker.digest(MARK)}]"
    assert made["agent_id"] == agent.id == agent.state["agent_id"]
    assert (made["instructions"], made["voice"]) == (GOOD["instructions"], GOOD["voice"])
    function = next(tool for tool in made["tools"] if tool["type"] == "function")
    assert function["function"] == TOOLS[1]["function"]
    assert agent.refresh()
    assert agent.up(**GOOD) == "same"
    agent.destroy()
    assert agents(sandbox) == {}


def test_the_bare_minimum_sends_nothing_else(agent: Hand, sandbox: Sandbox) -> None:
    sandbox.forget_log()
    assert agent.up(marker=MARK, name="Sales") == "create"
    [body] = [entry["body"] for entry in sandbox.log() if entry["method"] == "POST"]
    assert list(body) == ["name"]
    assert agent.refresh()
    assert agent.up(marker=MARK, name="Sales") == "same"


@pytest.mark.parametrize(
    "spelled",
    [
        {"instructions": "Greet and qualify.\r\n"},
        {"voice": {"voice_id": "EVE", "vad_threshold": 0.5000000001, "vad_silence_duration_ms": 300.0}},
        {"collection_ids": ["collection_a", "collection_b", "collection_a"]},
        {"tools": list(reversed(TOOLS))},
        {"tools": [*TOOLS[:-1], {**MCP, "server_url": "HTTPS://MCP.example.com:443/mcp"}]},
        {"tools": [TOOLS[0], json.loads(json.dumps(TOOLS[1]).replace("12", "12.0")), *TOOLS[2:]]},
    ],
)
def test_order_and_spelling_are_never_a_change(agent: Hand, spelled: dict[str, Any]) -> None:
    agent.up(**GOOD)
    assert agent.up(**{**GOOD, **spelled}) == "same"


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"name": "Buy"}, ["name"]),
        ({"marker": "xtel/p/s/renamed"}, ["name"]),
        ({"instructions": "Greet."}, ["instructions"]),
        ({"instructions": None}, ["instructions"]),
        ({"voice": {"voice_id": "leo"}}, ["voice"]),
        ({"voice": None}, ["voice"]),
        ({"tools": TOOLS[:1]}, ["tools"]),
        ({"tools": []}, ["tools"]),
        ({"tools": [*TOOLS[:-1], {**MCP, "authorization": "Bearer canary-9999"}]}, ["tools"]),
        ({"collection_ids": []}, ["collection_ids"]),
        ({"name": "Buy", "instructions": None, "voice": {"vad_threshold": 0.7}}, ["instructions", "name", "voice"]),
    ],
)
def test_only_what_differs_is_in_the_field_mask(
    agent: Hand, sandbox: Sandbox, change: dict[str, Any], paths: list[str]
) -> None:
    agent.up(**GOOD)
    id = agent.id
    sandbox.forget_log()
    changed = {**GOOD, **change}
    assert agent.up(**changed) == "update"
    [entry] = [entry for entry in sandbox.log() if entry["method"] == "PATCH"]
    assert (entry["path"], entry["body"]["field_mask"]["paths"]) == (f"/v1/agents/{id}", paths)
    cleared = {name for name, value in change.items() if not value}
    [made] = agents(sandbox).values()
    assert cleared.isdisjoint(made)
    assert agent.refresh()
    assert agent.up(**changed) == "same"


def test_drift_is_seen_and_repaired(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    theirs = {"name": "changed", "instructions": "Be rude.", "tools": [{"type": "x_search"}]}
    mask = {"paths": ["name", "instructions", "tools", "voice"]}
    by_hand(sandbox, "PATCH", f"/v1/agents/{agent.id}", {"agent": theirs, "field_mask": mask})
    assert agent.refresh()
    assert agent.inputs["instructions"] == "Be rude."
    assert "voice" not in agent.inputs
    assert agent.up(**GOOD) == "update"
    [made] = agents(sandbox).values()
    assert made["name"].startswith("Sales [xtel:")
    assert (made["instructions"], made["voice"]) == (GOOD["instructions"], GOOD["voice"])
    assert len(made["tools"]) == len(TOOLS)
    by_hand(sandbox, "DELETE", f"/v1/agents/{agent.id}")
    assert not agent.refresh()
    assert agent.up(**GOOD) == "create"


@pytest.mark.parametrize("field", ["instructions", "voice", "tools", "collection_ids"])
def test_one_field_cleared_outside_is_seen_and_put_back(agent: Hand, sandbox: Sandbox, field: str) -> None:
    agent.up(**GOOD)
    by_hand(sandbox, "PATCH", f"/v1/agents/{agent.id}", {"agent": {}, "field_mask": {"paths": [field]}})
    assert agent.refresh()
    assert not agent.inputs.get(field)
    assert agent.up(**GOOD) == "update"
    assert agents(sandbox)[f"Sales [xtel:{marker.digest(MARK)}]"][field]


def test_what_a_console_set_of_a_voice_is_no_drift_and_stays(agent: Hand, sandbox: Sandbox) -> None:
    """A voice is replaced as a whole; the fields that no file gave are sent along, and never taken for ours."""
    agent.up(**GOOD)
    theirs = {"model": "grok-voice-3.0", "language_hint": "de", "reasoning": {"effort": "none"}}
    voice: dict[str, Any] = {**GOOD["voice"], **theirs}
    mask = {"paths": ["voice"]}
    by_hand(sandbox, "PATCH", f"/v1/agents/{agent.id}", {"agent": {"voice": voice}, "field_mask": mask})
    assert agent.refresh()
    assert agent.up(**GOOD) == "same"
    for given in ({"voice_id": "leo"}, {"voice_id": "leo", "model": "grok-voice-latest"}):
        assert agent.up(**{**GOOD, "voice": given}) == "update"
        [made] = agents(sandbox).values()
        assert made["voice"] == {**theirs, **given}
        assert agent.refresh()
        assert agent.up(**{**GOOD, "voice": given}) == "same"
    assert agent.up(**{**GOOD, "voice": None}) == "update"
    [made] = agents(sandbox).values()
    assert made["voice"] == {"language_hint": "de", "reasoning": {"effort": "none"}}


def test_a_given_model_that_changed_outside_is_seen_and_put_back(agent: Hand, sandbox: Sandbox) -> None:
    given = {**GOOD, "voice": {"model": "grok-voice-latest", "reasoning": {"effort": "high"}}}
    assert agent.up(**given) == "create"
    theirs = {"voice": {"model": "grok-voice-3.0", "reasoning": {"effort": "high"}}}
    by_hand(sandbox, "PATCH", f"/v1/agents/{agent.id}", {"agent": theirs, "field_mask": {"paths": ["voice"]}})
    assert agent.refresh()
    assert agent.inputs["voice"]["model"] == "grok-voice-3.0"
    assert agent.up(**given) == "update"
    [made] = agents(sandbox).values()
    assert made["voice"] == given["voice"]


def test_what_a_vendor_adds_is_no_drift(agent: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.up(**GOOD)
    real = Client._call

    def more(self: Client, method: str, path: str, **options: Any) -> Any:
        """A live service may say more than is documented, and JSON Schemas as text."""
        answer = real(self, method, path, **options)
        if method == "GET" and path.startswith("/v1/agents/"):
            found = answer["agent"]
            found["workflow_json"], found["voice"]["model"] = "{}", "grok-voice"
            found["voice"]["vad_threshold"] = 0.50000001
            for tool in found["tools"]:
                if tool["type"] != "x_search":
                    tool["id"] = "tool_1"
            function = next(tool for tool in found["tools"] if tool["type"] == "function")["function"]
            function |= {"strict": False, "parameters": json.dumps(function["parameters"])}
            found["tools"] = [
                {tool.pop("type"): tool} if tool["type"] == "x_search" else tool for tool in found["tools"]
            ]
        return answer

    monkeypatch.setattr(Client, "_call", more)
    assert agent.refresh()
    assert agent.up(**GOOD) == "same"


# --- whose it is ---


def test_lost_answer_makes_no_second_agent(agent: Hand, sandbox: Sandbox) -> None:
    sandbox.fault("POST /v1/agents", "drop_after")
    assert agent.up(**GOOD) == "create"
    assert sandbox.faults_left() == []
    assert len(agents(sandbox)) == 1
    assert agent.refresh()
    assert agent.up(**GOOD) == "same"


def test_request_that_did_not_happen_is_an_error_and_not_repeated(agent: Hand, sandbox: Sandbox) -> None:
    sandbox.fault("POST /v1/agents", "status", status=503)
    with pytest.raises(errors.Unavailable, match="it was not made as far as can be seen"):
        agent.up(**GOOD)
    assert agents(sandbox) == {}
    assert agent.up(**GOOD) == "create"
    assert len(agents(sandbox)) == 1


def test_left_behind_by_a_killed_run_is_found_by_its_marker(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    id, agent.id, agent.state, agent.inputs = agent.id, "", {}, {}
    assert agent.up(**{**GOOD, "name": "Another name", "voice": None}) == "create"
    assert agent.id == id
    [made] = agents(sandbox).values()
    assert made["name"].startswith("Another name [xtel:")
    assert "voice" not in made


def test_one_of_the_same_name_is_left_alone_until_it_may_be_taken_over(agent: Hand, sandbox: Sandbox) -> None:
    theirs = by_hand(sandbox, "POST", "/v1/agents", {"name": "Sales", "instructions": "Theirs.", "tools": []})["agent"]
    sandbox.forget_log()
    with pytest.raises(errors.Conflict) as refused:
        agent.up(**GOOD)
    assert f"it exists and is not ours: {theirs['agent_id']} of this team, called 'Sales'" in str(refused.value)
    assert "next: `take_over: true` on the agent makes it ours; else give this one another `name`" in str(refused.value)
    assert sandbox.writes() == []
    assert "it exists and is not ours" in agent.reconciler.look(agent.check(**GOOD))[0]
    asked = {**GOOD, "take_over": True, "collection_ids": []}
    assert agent.reconciler.look(agent.check(**asked)) == (
        "",
        f"will be taken over: {theirs['agent_id']} of this team, called 'Sales'",
    )
    assert agent.up(**asked) == "create"
    assert agent.id == theirs["agent_id"]
    assert sandbox.writes() == [f"PATCH /v1/agents/{agent.id}"]
    assert agent.refresh()
    assert agent.up(**asked) == "same"


def test_which_of_two_is_meant_is_never_guessed(agent: Hand, sandbox: Sandbox) -> None:
    ids = [by_hand(sandbox, "POST", "/v1/agents", {"name": "Sales"})["agent"]["agent_id"] for _ in range(2)]
    sandbox.forget_log()
    with pytest.raises(errors.Conflict, match=f"2 agents of this team are called 'Sales'.*{ids[0]}, {ids[1]}"):
        agent.up(**{**GOOD, "take_over": True})
    assert sandbox.writes() == []


def test_another_stacks_agent_of_the_same_name_is_no_obstacle(agent: Hand, sandbox: Sandbox) -> None:
    other = {"name": marker.label("Sales", "xtel/p/other/sales")}
    theirs = by_hand(sandbox, "POST", "/v1/agents", other)["agent"]["agent_id"]
    assert agent.up(**GOOD) == "create"
    assert agent.id != theirs
    agent.destroy()
    assert agent.up(**{**GOOD, "take_over": True}) == "create"
    assert agent.id == theirs


def test_an_agent_that_still_answers_is_not_deleted(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    number = sandbox.numbers("xai")["+16505550123"]["phone_number_id"]
    body = {"phone_number": {"agent_id": agent.id}, "field_mask": {"paths": ["agent_id"]}}
    by_hand(sandbox, "PATCH", f"/v2/phone-numbers/{number}", body)
    sandbox.forget_log()
    with pytest.raises(errors.Conflict, match=r"it still answers \+16505550123, which would ring nowhere"):
        agent.destroy()
    assert sandbox.writes() == []
    sandbox.switch(xai__list="off")
    with pytest.raises(errors.Conflict, match="next: give the number that it still answers another agent or none"):
        agent.destroy()
    sandbox.switch(xai__list="on")
    by_hand(
        sandbox, "PATCH", f"/v2/phone-numbers/{number}", {"phone_number": {}, "field_mask": {"paths": ["agent_id"]}}
    )
    agent.destroy()
    assert agents(sandbox) == {}


def test_gone_already_is_deleted(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    by_hand(sandbox, "DELETE", f"/v1/agents/{agent.id}")
    agent.destroy()


# --- teams that lack it ---


def test_a_team_without_the_feature_is_told_so(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    sandbox.switch(xai__agents=False)
    for step in (lambda: agent.up(**{**GOOD, "name": "Buy"}), agent.refresh, agent.destroy):
        with pytest.raises(errors.Denied) as denied:
            step()
        text = str(denied.value)
        assert "xai Agent sales: agents endpoint is not enabled for this team (HTTP 403, request " in text
        assert "next: ask xAI to enable agents for this team; until then answer with a `webhook`" in text
        assert len(text) <= 300
    assert agent.id, "403 never means gone"


def test_nothing_is_made_where_nobody_can_look_first(agent: Hand, sandbox: Sandbox) -> None:
    sandbox.fault("GET /v1/agents", "status", status=405)
    sandbox.forget_log()
    with pytest.raises(errors.Unsupported, match="nobody can see whether this one exists already"):
        agent.up(**GOOD)
    assert sandbox.writes() == []


def test_gone_only_when_the_account_answers(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    sandbox.fault("GET /v1/agents/*", "status", status=404)
    assert agent.refresh()
    assert agent.id


def test_another_teams_key_is_an_error(agent: Hand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.up(**GOOD)
    for name, value in sandbox.env(account="other").items():
        monkeypatch.setenv(name, value)
    for step in (agent.refresh, agent.destroy, lambda: agent.up(**{**GOOD, "name": "Buy"})):
        with pytest.raises(errors.AccountError, match="this object is in team "):
            step()


# --- secrets ---


def test_secrets_are_sent_kept_and_shown_nowhere(agent: Hand, sandbox: Sandbox) -> None:
    sandbox.forget_log()
    agent.up(**GOOD)
    [body] = [entry["body"] for entry in sandbox.log() if entry["method"] == "POST"]
    [sent] = [tool for tool in body["tools"] if tool["type"] == "mcp"]
    assert sent["authorization"] == f"sha256:{hashlib.sha256(b'Bearer canary-1234').hexdigest()[:8]}"
    assert sent["headers"] == {"X-Api-Key": f"sha256:{hashlib.sha256(b'canary-5678').hexdigest()[:8]}"}
    assert secrecy.redact("Bearer canary-1234, canary-5678") == f"{secrecy.MASK}, {secrecy.MASK}"
    agent.refresh()
    [kept] = [tool for tool in agent.state["tools"] if tool["type"] == "mcp"]
    assert (kept["authorization"], kept["headers"]) == (secrecy.MASK, {"X-Api-Key": secrecy.MASK})
    assert agent.state["tool_secrets"] == {"crm": {name: MCP[name] for name in ("authorization", "headers")}}


def test_a_state_with_secrets_inside_of_its_tools_is_the_same_agent(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    before = {**agent.inputs, "tools": sorted(TOOLS, key=lambda tool: tool["type"])}
    del before["tool_secrets"]
    account = {name: agent.state[name] for name in ("agent_id", "team_id", "created_at", "account")}
    agent.inputs, agent.state = before, {**before, **account}
    sandbox.forget_log()
    assert agent.up(**GOOD) == "same"
    assert agent.refresh()
    assert (agent.inputs, agent.state) == (before, {**before, **account})
    assert sandbox.writes() == []
    assert agent.up(**{**GOOD, "instructions": "Greet."}) == "update"
    [entry] = [entry for entry in sandbox.log() if entry["method"] == "PATCH"]
    assert entry["body"]["field_mask"]["paths"] == ["instructions"]
    assert agent.up(**{**GOOD, "instructions": "Greet."}) == "same"


@pytest.mark.parametrize(
    "secrets", [{}, {"crm": {"authorization": "canary-1"}}, {"erp": {"authorization": "canary-1"}}]
)
def test_a_place_without_a_value_is_refused(agent: Hand, secrets: dict[str, Any]) -> None:
    masked = {**MCP, "authorization": secrecy.MASK, "headers": {"X-Api-Key": secrecy.MASK}}
    checked = agent.reconciler.check({}, {**GOOD, "tools": [masked], "tool_secrets": secrets})
    assert str(checked.problems[0]).startswith("tools and tool_secrets must hold the same secrets: crm")
    assert "canary" not in str(checked.problems)


def test_a_secret_is_never_taken_from_an_answer(agent: Hand, sandbox: Sandbox) -> None:
    agent.up(**GOOD)
    sandbox.switch(xai__tool_secrets="shown")
    theirs = {"tools": [{**MCP, "authorization": "Bearer theirs-1234"}]}
    by_hand(sandbox, "PATCH", f"/v1/agents/{agent.id}", {"agent": theirs, "field_mask": {"paths": ["tools"]}})
    agent.refresh()
    assert "theirs" not in str(agent.state) + str(agent.inputs)
    assert agent.up(**GOOD) == "update"
