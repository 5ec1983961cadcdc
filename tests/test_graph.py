"""What a stack file needs: the graph, and that the program registers exactly that."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stacks
from providers.twilio import Route
from stacks import document, graph, program
from stacks.agent import Agent
from stacks.model import Network, Number, SecretRef
from stacks.resource import NUMBER, Resource
from tests import registering

ROOT = Path(__file__).parent.parent
E164 = "+14155550100"


def needed(key: str = "a", **declared: Any) -> dict[str, Resource]:
    """What one number needs, by what each is of it."""
    number = Number.model_validate({"number": E164, **declared})
    found = graph.of_number(key, number)
    return {each.part or each.kind: each for each in found if each.type != NUMBER}


def test_a_number_is_named_by_its_e164_and_labelled_by_its_key() -> None:
    found = needed("support", route=Route())
    assert [(each.name, each.type) for each in found.values()] == [
        (E164, "xai:PhoneNumber"),
        (f"{E164}/trunk", "twilio:Trunk"),
        (f"{E164}/origination-url", "twilio:OriginationUrl"),
        (f"{E164}/attachment", "twilio:Attachment"),
    ]
    assert found["PhoneNumber"].inputs["name"] == "support"
    assert found["PhoneNumber"].inputs["sip_auth"] == {"allow": ["twilio"]}
    assert found["attachment"].inputs["trunk_sid"] == graph.OutputOf(f"{E164}/trunk", "sid", "twilio:Trunk")
    assert found["attachment"].depends_on == (f"{E164}/origination-url", E164)


def test_every_resource_belongs_to_its_number_but_the_shared_ones() -> None:
    found = needed(route=Route(trunk="shared"))
    assert {name: (each.name, each.parent, each.shared) for name, each in found.items()} == {
        "PhoneNumber": (E164, E164, False),
        "trunk": ("twilio/trunk", "", True),
        "origination-url": ("twilio/origination-url", "", True),
        "attachment": (f"{E164}/attachment", E164, False),
    }


def test_open_is_only_ever_asked_for() -> None:
    assert "sip_auth" not in needed(auth="open")["PhoneNumber"].inputs


def test_a_digest_without_password_has_one_made() -> None:
    found = needed(auth={"digest": {"username": "u"}}, agent="agent_1")
    assert found["password"].type == graph.PASSWORD
    assert found["PhoneNumber"].inputs["sip_auth"]["auth_password"] == graph.MadePassword(f"{E164}/password")
    given = needed(auth={"digest": {"username": "u", "password": {"secret": "pw"}}})
    assert "password" not in given
    assert [graph.password_secret(each["PhoneNumber"]) for each in (found, given, needed())] == ["", "pw", ""]


def test_a_host_of_xais_moves_the_target() -> None:
    found = needed(route=Route(), sip_host="SIP.eu.voice.x.ai")
    assert found["origination-url"].inputs["sip_url"] == f"sip:{E164}@sip.eu.voice.x.ai;transport=tls"


def test_a_number_without_e164_is_named_by_its_key() -> None:
    found = needed("nyc", number=None, origin="xai_provisioned", area_code=212, agent="agent_1")
    assert [(each.name, each.inputs["area_code"]) for each in found.values()] == [("nyc", "212")]


def test_twiml_can_log_in_where_a_trunk_cannot() -> None:
    found = needed(route=Route(mode="twiml"), auth={"digest": {"username": "u"}})
    assert found["twiml"].inputs["username"] == "u"
    assert found["twiml"].inputs["password"] == found["PhoneNumber"].inputs["sip_auth"]["auth_password"]
    plain = needed(route=Route(mode="twiml"))
    assert plain["PhoneNumber"].inputs["sip_auth"] == {"allow": ["twilio"]}
    assert "password" not in plain["twiml"].inputs


def test_a_number_to_be_bought_has_no_digits_yet() -> None:
    found = needed("nyc", number=None, route=Route.model_validate({"buy": {"country": "US"}}))
    assert list(found) == ["choice", "purchase", "PhoneNumber", "trunk", "origination-url", "attachment"]
    url = found["origination-url"].inputs["sip_url"]
    assert isinstance(url, graph.NumberText)
    assert str(url) == "sip:NUMBER@sip.voice.x.ai;transport=tls"
    assert url.filled(E164) == f"sip:{E164}@sip.voice.x.ai;transport=tls"
    assert found["purchase"].inputs["phone_number"] == graph.OutputOf("nyc/choice", "e164", "twilio:Choice")
    assert not re.search(r"\d{7}", repr(list(found.values())))
    assert found["PhoneNumber"].depends_on == ("nyc/choice", "nyc/purchase")


def test_an_agent_answers_whichever_side_says_so() -> None:
    numbers = {"one": {"number": "+14155550100", "agent": "sales"}, "two": {"number": "+14155550101"}}
    webhook = {"webhook": {"url": "https://voice.example.com/calls"}}
    declared = {"version": 1, "defaults": webhook, "agents": {"sales": {"numbers": ["two"]}}, "numbers": numbers}
    merged = Network.model_validate(declared).merged()
    assert [(number.agent, number.webhook) for number in merged.values()] == [("sales", None)] * 2
    assert needed(agent="sales")["PhoneNumber"].inputs["agent_id"] == graph.OutputOf("sales", "id", graph.AGENT)
    assert needed(agent="agent_1")["PhoneNumber"].inputs["agent_id"] == "agent_1"


def test_an_agent_is_named_by_its_key_and_refers_to_its_secrets() -> None:
    server = {"type": "mcp", "server_url": "https://mcp.example.com/mcp", "server_label": "crm"}
    secret = {"authorization": {"secret": "crmToken"}, "headers": {"X-Team": {"secret": "crmTeam"}}}
    agent = Agent.model_validate({"instructions": "Greet.\n", "tools": [{**server, **secret}], "numbers": ["one"]})
    found = graph.of_agent("sales", agent)
    assert (found.name, found.type) == ("sales", graph.AGENT)
    assert found.inputs == {
        "name": "sales",
        "instructions": "Greet.",
        "tools": [{**server, "authorization": "[secret]", "headers": {"X-Team": "[secret]"}}],
        "tool_secrets": {
            "crm": {
                "authorization": SecretRef(secret="crmToken"),
                "headers": {"X-Team": SecretRef(secret="crmTeam")},
            }
        },
    }
    assert graph.secrets([found]) == {"crmToken", "crmTeam"}


# -- the engine is told exactly that ------------------------------------------------------------------------------------


def registers_its_graph(path: Path) -> None:
    """What the program registers for a stack file is what its graph holds."""
    found = document.read(path)
    needed = graph.of_document(found, registering.PROJECT, registering.STACK)
    config = {name: registering.secret(name) for name in graph.secrets(needed)}
    assert_same(registering.registered(program.main, {"xtel:file": str(path), **config}), needed)


def assert_same(seen: list[Resource], needed: tuple[Resource, ...]) -> None:
    def key(resource: Resource) -> tuple[str, str]:
        return resource.type, resource.name

    assert sorted(seen, key=key) == sorted(map(registering.expected, needed), key=key)


def examples(tmp_path: Path) -> dict[str, Path]:
    """Every stack file of the repository: those in stacks/, of the recorded plans, and the whole ones that pages show."""
    found = {path.name: path for path in sorted((ROOT / "stacks").glob("*.yaml"))}
    found |= {path.parent.name: path for path in sorted((ROOT / "tests/cases/plan").glob("*/stack.yaml"))}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        for count, block in enumerate(block for block in blocks if re.search(r"^version: 1", block, re.MULTILINE)):
            file = tmp_path / "stacks" / f"{page.stem}-{count}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(block)
            found[file.name] = file
    return found


def test_for_every_stack_file_of_the_repository(tmp_path: Path) -> None:
    found = examples(tmp_path)
    assert {"sandbox.yaml", "prod.example.yaml", "agents", "bought", "shared", "README-0.yaml"} < set(found)
    for path in found.values():
        try:
            document.read(path)
        except document.Refused:  # a part of a page that only shows a few keys
            assert path.is_relative_to(tmp_path)
            continue
        registers_its_graph(path)


WORDS = st.text("abcdefgh ", min_size=1, max_size=12).map(str.strip).filter(bool)
FALLBACK = st.lists(st.just("sip:pbx.example.com;transport=tls"), max_size=1)
WEBHOOK = st.fixed_dictionaries({"url": st.just("https://voice.example.com/calls")}, optional={"name": WORDS})
TOOL = st.sampled_from(
    [
        {"type": "web_search"},
        {
            "type": "mcp",
            "server_url": "https://mcp.example.com/mcp",
            "server_label": "crm",
            "authorization": {"secret": "crmToken"},
        },
    ]
)
BUY = {"country": "US"}


@st.composite
def routes(draw: Callable[..., Any]) -> dict[str, Any]:
    """Routes of every carrier, in their main forms."""
    carrier = draw(st.sampled_from(["twilio", "twiml", "telnyx", "plivo", "sip"]))
    if carrier == "twiml":
        url = draw(st.sampled_from([{}, {"voice_url": "https://voice.example.com/twiml"}]))
        return {
            "carrier": "twilio",
            "mode": "twiml",
            "sequential": True,
            **url,
            **({"application": True} if url else {}),
        }
    if carrier == "telnyx":
        return {
            "carrier": carrier,
            "transfer": draw(st.booleans()),
            "sip_region": draw(st.sampled_from(["US", "Europe"])),
        }
    if carrier == "sip":
        return {"carrier": carrier, "platform": "asterisk"}
    shared = {"trunk": "shared"} if draw(st.booleans()) else {}
    recording = (
        {"recording": "record-from-answer"} if carrier == "twilio" and not shared and draw(st.booleans()) else {}
    )
    return {"carrier": carrier, **shared, **recording}


@st.composite
def files(draw: Callable[..., Any]) -> dict[str, Any]:
    """Documents of a few numbers and agents that are mostly right; what is refused is not looked at."""
    agents = {
        key: {"instructions": draw(WORDS), "tools": draw(st.lists(TOOL, max_size=1)), "protect": draw(st.booleans())}
        for key in draw(st.sets(st.sampled_from(["sales", "night"])))
    }
    numbers: dict[str, Any] = {}
    for count in range(draw(st.integers(1, 4))):
        number: dict[str, Any] = {"number": f"+1415555010{count}", "route": draw(routes())}
        if number["route"]["carrier"] in {"twilio", "telnyx", "plivo"} and draw(st.integers(0, 3)) == 0:
            number.pop("number")
            number["route"]["buy"] = BUY
        elif number["route"]["carrier"] != "sip" and draw(st.booleans()):
            number["on_delete"] = draw(st.sampled_from(["keep", "release"]))
        if number["route"].get("trunk") == "shared" and number["route"]["carrier"] == "plivo":
            number["auth"] = {"allow": ["plivo"]}
        elif draw(st.booleans()):
            given = draw(st.sampled_from([{}, {"password": {"secret": "pw"}}]))
            number["auth"] = {"digest": {"username": "u", **given}}
        if number["route"].get("trunk") != "shared":
            number["fallback"] = draw(FALLBACK)
        if agents and draw(st.booleans()):
            number["agent"] = draw(st.sampled_from(sorted(agents)))
        else:
            number |= draw(st.fixed_dictionaries({}, optional={"webhook": WEBHOOK}))
        number |= draw(
            st.fixed_dictionaries({}, optional={"protect": st.booleans(), "take_over": st.booleans(), "name": WORDS})
        )
        numbers[f"n{count}"] = number
    return {"version": 1, "agents": agents, "numbers": numbers}


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(declared=files())
def test_for_generated_documents(declared: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("generated") / "test.yaml"
    path.write_text(json.dumps(declared))  # JSON is YAML
    try:
        document.read(path)
    except document.Refused:
        return
    registers_its_graph(path)
    needed = graph.of_document(document.read(path), registering.PROJECT, registering.STACK)
    config = {name: registering.secret(name) for name in graph.secrets(needed)}
    assert_same(registering.registered(lambda: said_in_python(declared), config), needed)


def said_in_python(declared: dict[str, Any]) -> None:
    """The same network as a program declares it."""
    agents = {key: stacks.Agent(key, **said) for key, said in declared["agents"].items()}
    for key, said in declared["numbers"].items():
        answers = {"agent": agents[said["agent"]]} if "agent" in said else {}
        stacks.Number(key, **{**said, **answers})


def test_a_program_that_says_the_same_registers_the_same(tmp_path: Path) -> None:
    path = tmp_path / "test.yaml"
    path.write_text(
        """version: 1
agents:
  sales: {instructions: Greet and qualify.}
numbers:
  support:
    number: "+14155550100"
    route: {carrier: twilio, transfer: true}
    webhook: {url: "https://voice.example.com/calls"}
    fallback: ["sip:+14155550999@pbx.example.com;transport=tls"]
  london:
    number: "+442079460011"
    route: {carrier: telnyx, sip_region: Europe}
    agent: sales
  nyc:
    route: {carrier: plivo, buy: {country: US}}
    auth: {digest: {username: xai-nyc}}
    webhook: {url: "https://voice.example.com/calls"}
"""
    )

    def program_in_python() -> None:
        from stacks.routes import Buy, Plivo, Telnyx, Twilio

        webhook = {"url": "https://voice.example.com/calls"}
        sales = stacks.Agent("sales", instructions="Greet and qualify.")
        support = stacks.Number(
            "support",
            number="+14155550100",
            route=Twilio(transfer=True),
            webhook=webhook,
            fallback=["sip:+14155550999@pbx.example.com;transport=tls"],
        )
        stacks.Number("london", number="+442079460011", route=Telnyx(sip_region="Europe"), agent=sales)
        stacks.Number(
            "nyc",
            route=Plivo(buy=Buy(country="US")),
            auth={"digest": {"username": "xai-nyc"}},
            webhook=webhook,
        )
        pulumi.export("support", support.number_id)

    needed = graph.of_document(document.read(path), registering.PROJECT, registering.STACK)
    assert_same(registering.registered(program_in_python), needed)
