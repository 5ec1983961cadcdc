"""Hosted agents with the real engine: made before the numbers they answer, changed alone, deleted after them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, Project

pytestmark = pytest.mark.engine
NUMBER, CONSOLE = "+14155550100", "+16505550123"
AGENTS = """version: 1
agents:
  sales:
    name: Sales
    instructions: Greet and qualify.
    voice: {voice_id: eve, vad_threshold: 0.5, vad_silence_duration_ms: 300}
numbers:"""
DESK = """
  desk:
    number: "+14155550100"
    route: {carrier: twilio}
    agent: sales
"""


TOOLS = """
      - {type: web_search}
      - type: mcp
        server_url: https://mcp.example.com/mcp
        server_label: crm
        authorization: {secret: crmToken}
        headers: {X-Team: {secret: crmTeam}}
"""


WITH_TOOLS = f"{AGENTS.removesuffix('numbers:')}    tools:{TOOLS}numbers:"


def agents(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Every agent but the one of the seed, by its name without the marker."""
    listed = sandbox.state()["xai"]["agents"]
    return {item["name"].split(" [xtel:")[0]: item for item in listed if item["agent_id"] != "agent_frontdesk0001"}


def answering(sandbox: Sandbox, number: str = NUMBER) -> str | None:
    """The name of the agent that answers a number."""
    return sandbox.numbers("xai")[number].get("agent_name", "").split(" [xtel:")[0] or None


def test_from_up_to_destroy(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=AGENTS)
    assert project.counted() == {"create": 7}
    made = agents(sandbox)["Sales"]
    assert answering(sandbox) == "Sales"
    outputs = json.loads(project.run("stack", "output", "--json"))
    assert outputs["agents"] == {"sales": made["agent_id"]}
    assert outputs["numbers"]["desk"]["number"] == NUMBER
    sandbox.forget_log()
    assert project.counted() == {"same": 7}
    assert "7 unchanged" in project.run("refresh", "--yes")
    assert sandbox.writes() == []

    project.change("Greet and qualify.", "Greet, and take a message.")
    assert project.counted("--diff") == {"same": 6, "update": 1}
    assert 'instructions: "Greet and qualify." => "Greet, and take a message."' in project.shown
    assert sandbox.writes() == [f"PATCH /v1/agents/{made['agent_id']}"]
    project.change("    voice: {voice_id: eve, vad_threshold: 0.5, vad_silence_duration_ms: 300}\n", "")
    assert project.counted() == {"same": 6, "update": 1}
    assert "voice" not in agents(sandbox)["Sales"]
    assert (agents(sandbox)["Sales"]["instructions"], answering(sandbox)) == ("Greet, and take a message.", "Sales")

    sandbox.forget_log()
    project.run("destroy", "--yes")
    assert agents(sandbox) == {}
    deleted = [write.split("/")[2] for write in sandbox.writes() if write.startswith("DELETE /v")]
    assert deleted.index("phone-numbers") < deleted.index("agents")


def test_a_renamed_key_is_the_same_agent(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=AGENTS)
    project.up()
    id = agents(sandbox)["Sales"]["agent_id"]
    project.change("  sales:\n", "  vertrieb:\n    was: [sales]\n")
    project.change("agent: sales", "agent: vertrieb")
    assert project.counted() == {"same": 6, "update": 1}
    assert agents(sandbox)["Sales"]["agent_id"] == id
    assert project.counted() == {"same": 7}
    project.change("    was: [sales]\n", "")
    assert project.counted() == {"same": 7}


def test_an_agent_goes_after_its_numbers_are_given_another_or_none(project: Project, sandbox: Sandbox) -> None:
    service = "  service: {instructions: Serve.}\nnumbers:"
    project.declare(DESK, head=AGENTS.replace("numbers:", service))
    project.up()
    assert answering(sandbox) == "Sales"
    project.declare(DESK.replace("sales", "service"), head=AGENTS.replace("numbers:", service))
    assert project.counted() == {"same": 7, "update": 1}
    assert answering(sandbox) == "service"
    project.declare(DESK, head=AGENTS)
    assert project.counted() == {"same": 6, "update": 1, "delete": 1}
    assert list(agents(sandbox)) == ["Sales"]

    project.declare(DESK.replace("    agent: sales\n", ""), head="version: 1\nnumbers:")
    sandbox.forget_log()
    assert project.counted() == {"same": 5, "update": 1, "delete": 1}
    assert [write.split()[0] for write in sandbox.writes()] == ["PATCH", "DELETE"]
    assert (agents(sandbox), answering(sandbox)) == ({}, None)


def test_said_on_the_agents_side_it_is_the_same(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=AGENTS)
    project.up()
    listed = AGENTS.replace("    name: Sales\n", "    name: Sales\n    numbers: [desk]\n")
    project.declare(DESK.replace("    agent: sales\n", ""), head=listed)
    assert project.counted() == {"same": 7}


def test_a_console_number_is_given_back_before_the_agent_goes(project: Project, sandbox: Sandbox) -> None:
    before = sandbox.numbers("xai")[CONSOLE]
    console = '\n  front:\n    origin: xai_provisioned\n    number: "+16505550123"\n    agent: sales\n'
    project.declare(console, head=AGENTS)
    assert project.counted() == {"create": 4}
    assert answering(sandbox, CONSOLE) == "Sales"
    project.run("destroy", "--yes")
    after = sandbox.numbers("xai")[CONSOLE]
    assert (after["name"], after["agent_id"]) == (before["name"], before["agent_id"])
    assert agents(sandbox) == {}


def test_python_says_the_same_as_the_file(project: Project, sandbox: Sandbox) -> None:
    (project.folder / "agents").mkdir()
    (project.folder / "agents/sales.md").write_text("Greet and qualify.\n")
    project.declare(DESK, head=AGENTS)
    project.up()
    (project.folder / "__main__.py").write_text(
        "import pulumi\n"
        "from providers.twilio import Route\n"
        "from stacks import Agent, Number\n"
        "sales = Agent('sales', name='Sales', instructions_file='agents/sales.md',\n"
        "              voice={'voice_id': 'Eve', 'vad_threshold': 0.5, 'vad_silence_duration_ms': 300})\n"
        "Number('desk', number='+1 (415) 555-0100', route=Route(), agent=sales)\n"
        "Number('other', number='+12125550110', route=Route(), agent='agent_frontdesk0001')\n"
    )
    assert project.preview() == {"same": 7, "create": 5}
    (project.folder / "__main__.py").write_text(
        "from stacks import Number\nNumber('desk', number='+14155550100', auth='open', agent='sales')\n"
    )
    assert "desk: agent: must be an Agent, or the id of one that exists (agent_…)" in project.run("preview", code=1)


def test_instructions_in_a_file_are_read_from_the_projects_root(project: Project, sandbox: Sandbox) -> None:
    (project.folder / "agents").mkdir()
    prompt = project.folder / "agents/sales.md"
    prompt.write_text("Greet.\n\n- Be kind.\n")
    head = AGENTS.replace("instructions: Greet and qualify.", "instructions_file: agents/sales.md")
    project.declare(DESK, head=head)
    project.up()
    assert agents(sandbox)["Sales"]["instructions"] == "Greet.\n\n- Be kind."
    prompt.write_bytes(b"\xef\xbb\xbfGreet.\r\n\r\n- Be kind.\r\n")
    assert project.counted() == {"same": 7}
    prompt.unlink()
    sandbox.forget_log()
    failed = project.up(code=1)
    assert "stacks/test.yaml:5: agents.sales.instructions_file: cannot be read: No such file" in failed
    assert sandbox.log() == []


def test_secrets_of_tools_are_shown_nowhere(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=WITH_TOOLS)
    missing = project.up(code=1)
    assert "the config secret crmTeam is not set; next: pulumi config set --secret crmTeam" in missing
    assert "the config secret crmToken is not set; next: pulumi config set --secret crmToken" in missing
    project.run("config", "set", "--secret", "crmToken", "canary-old-1234")
    project.run("config", "set", "--secret", "crmTeam", "canary-team-1234")
    output = project.run("preview", "--json") + project.up("--diff")
    output += project.run("refresh", "--yes", "--diff") + project.state() + project.run("stack", "export")
    assert project.counted() == {"same": 7}
    project.run("config", "set", "--secret", "crmToken", "canary-new-5678")
    assert project.preview() == {"same": 6, "update": 1}
    sandbox.switch(xai__tool_secrets="shown")
    output += project.up("--diff") + project.run("refresh", "--yes", "--diff") + project.state()
    [mcp] = [tool for tool in agents(sandbox)["Sales"]["tools"] if tool["type"] == "mcp"]
    assert (mcp["authorization"], mcp["headers"]) == ("canary-new-5678", {"X-Team": "canary-team-1234"})
    assert "canary" not in output
    assert project.counted() == {"same": 7}


def planned(project: Project) -> dict[str, Any]:
    command = [project.python, "-m", "xtel.cli", "plan", STACK, "--json"]
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert "canary" not in done.stdout + done.stderr
    return json.loads(done.stdout)


def changes(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    [agent] = [item for item in found["plan"]["objects"] if item["type"] == "xai:Agent"]
    return {each["path"]: (each["before"], each["after"]) for each in agent["changes"]}


def told(found: dict[str, Any]) -> str:
    return next(finding["what"] for finding in found["findings"] if finding["rule"] == "agent-tools")


def test_a_tool_that_takes_its_secret_to_another_host_is_seen(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=WITH_TOOLS)
    project.run("config", "set", "--secret", "crmToken", "canary-old-1234")
    project.run("config", "set", "--secret", "crmTeam", "canary-team-1234")
    project.up()
    project.change("https://mcp.example.com/mcp", "https://evil.example.net/mcp")
    found = planned(project)
    assert changes(found) == {
        "tools[crm].server_url": ("https://mcp.example.com/mcp", "https://evil.example.net/mcp"),
    }
    going = "crm goes to evil.example.net with its X-Team and authorization"
    assert told(found) == f"what it may call changes; {going}; it answers 1 number"
    stopped = {each["what"] for each in found["findings"] if each["rule"] == "secret-destination"}
    place = "a new host for it (tool_secrets.crm.%s; before: mcp.example.com)"
    assert stopped == {
        f"crmToken goes to evil.example.net, {place % 'authorization'}",
        f"crmTeam goes to evil.example.net, {place % 'headers.X-Team'}",
    }
    assert found["verdict"] == "blocked"
    shown = project.run("preview", "--diff")
    assert '"https://mcp.example.com/mcp" => "https://evil.example.net/mcp"' in shown and "canary" not in shown
    project.change("https://evil.example.net/mcp", "https://mcp.example.com/mcp")
    project.run("config", "set", "--secret", "crmToken", "canary-new-5678")
    found = planned(project)
    assert changes(found) == {"tool_secrets.crm.authorization": ("[secret]", "[secret]")}
    assert {each["state"] for each in found["plan"]["secrets"]} == {"kept"}
    assert told(found) == "what it may call changes; it answers 1 number"


def test_a_state_that_keeps_the_secrets_in_the_tools_goes_on(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=WITH_TOOLS)
    project.run("config", "set", "--secret", "crmToken", "canary-old-1234")
    project.run("config", "set", "--secret", "crmTeam", "canary-team-1234")
    project.up()
    _as_before(project)
    sandbox.forget_log()
    assert planned(project)["verdict"] == "none"
    assert "7 unchanged" in project.run("refresh", "--yes")
    assert "canary" not in project.state()
    project.change("https://mcp.example.com/mcp", "https://evil.example.net/mcp")
    found = planned(project)
    (before, after) = changes(found)["tools[crm]"]
    assert before == "not shown" and "https://evil.example.net/mcp" in after
    assert "crm goes to evil.example.net with its" in told(found)
    project.change("https://evil.example.net/mcp", "https://mcp.example.com/mcp")
    assert project.counted() == {"same": 7}
    assert sandbox.writes() == []
    assert "canary" not in project.state()
    project.change("https://mcp.example.com/mcp", "https://evil.example.net/mcp")
    assert list(changes(planned(project))) == ["tools[crm].server_url"]
    project.up()
    sandbox.switch(xai__tool_secrets="shown")
    [mcp] = [tool for tool in agents(sandbox)["Sales"]["tools"] if tool["type"] == "mcp"]
    assert (mcp["authorization"], mcp["headers"]) == ("canary-old-1234", {"X-Team": "canary-team-1234"})


def _as_before(project: Project) -> None:
    """The state as the last release wrote it: the values stand in the tools, and the list is one secret."""
    exported = json.loads(project.run("stack", "export", "--show-secrets", "--stack", STACK))
    [agent] = [item for item in exported["deployment"]["resources"] if item["type"].endswith("xai:Agent")]
    for values in (agent["inputs"], agent["outputs"]):
        secrets = {
            name: {key: json.loads(each["plaintext"]) for key, each in value.items()}
            if name == "headers"
            else json.loads(value["plaintext"])
            for name, value in values.pop("tool_secrets")["crm"].items()
        }
        whole = [{**tool, **secrets} if tool["type"] == "mcp" else tool for tool in values["tools"]]
        values["tools"] = {
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            "plaintext": json.dumps(whole),
        }
    file = project.folder / "before.json"
    file.write_text(json.dumps(exported))
    project.run("stack", "import", "--file", str(file), "--stack", STACK)
    file.unlink()


def test_a_team_without_agents_is_told_before_and_after(project: Project, sandbox: Sandbox) -> None:
    sandbox.switch(xai__agents=False)
    project.declare(DESK, head=AGENTS)
    assert "agents endpoint is not enabled for this team" in project.run("preview", code=1)
    failed = project.up("--skip-preview", code=1)
    assert "Traceback" not in failed
    line = next(line for line in failed.splitlines() if "xai Agent sales: agents endpoint is not enabled" in line)
    assert "HTTP 403, request " in line
    assert "next: ask xAI to enable agents for this team; until then answer with a `webhook`" in line
    assert NUMBER not in sandbox.numbers("xai")
    sandbox.switch(xai__agents=True)
    project.up()
    assert answering(sandbox) == "Sales"


def test_one_that_is_not_ours_stops_the_preview(project: Project, sandbox: Sandbox) -> None:
    key = {"Authorization": f"Bearer {sandbox.env()['XAI_API_KEY']}"}
    sandbox.http.post("/v1/agents", json={"name": "Sales"}, headers=key).raise_for_status()
    theirs = agents(sandbox)["Sales"]["agent_id"]
    project.declare(DESK, head=AGENTS)
    sandbox.forget_log()
    refused = project.up(code=1)
    assert (
        f"it exists and is not ours: {theirs} of this team, called 'Sales'; next: `take_over: true` on the agent"
        in refused
    )
    assert "1 change refused (see the warnings above); nothing was applied" in refused
    assert sandbox.writes() == []
    project.change("    name: Sales\n", "    name: Sales\n    take_over: true\n")
    assert f"warning: will be taken over: {theirs} of this team, called 'Sales'" in project.run("preview")
    project.up()
    assert (answering(sandbox), agents(sandbox)["Sales"]["agent_id"]) == ("Sales", theirs)


@pytest.mark.plain  # as in test_lost: at once is as fast as a person is
def test_killed_while_it_is_made_then_up_at_once(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=AGENTS)
    sandbox.fault("POST /v1/agents", "delay", seconds=1)
    running = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 120
    while sandbox.faults_left():
        assert time.monotonic() < deadline, "no agent was ever made"
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    project.run("cancel", "--yes")
    project.up()
    assert len(sandbox.state()["xai"]["agents"]) == 2
    assert answering(sandbox) == "Sales"


def test_protected_it_stays(project: Project, sandbox: Sandbox) -> None:
    project.declare(DESK, head=AGENTS.replace("    name: Sales\n", "    name: Sales\n    protect: true\n"))
    project.up()
    assert "protect" in project.run("destroy", "--yes", code=None)
    assert list(agents(sandbox)) == ["Sales"]
