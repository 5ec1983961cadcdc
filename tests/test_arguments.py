"""What a program in Python may say: typed as the models have it, and read by a type checker as an editor reads it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import pytest

from stacks import arguments, routes, schema
from tests.conftest import ROOT

DEFINITIONS: Mapping[str, Any] = schema.build()["definitions"]
#: What a form of a value is: the JSON type, a constant, or what is in it.
Shape = frozenset[Any]
#: The program says these in its own way: an Agent, a route of any carrier, Number(…, agent=…).
OWN = {"Number": {"agent", "route"}, "Agent": {"numbers"}}
ANY: Shape = frozenset({"any"})
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null", Any: "any"}
NAMES = {"Secret": "SecretRef"}
WORDS = [kind for kind in vars(arguments).values() if is_typeddict(kind) and kind is not TypedDict]


def of_hint(hint: Any) -> Shape:
    """The shapes that a type hint allows."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return of_hint(inner[0])
    if origin in {Union, UnionType}:
        return frozenset().union(*map(of_hint, inner))
    if origin is Literal:
        return frozenset(("is", value) for value in inner)
    if origin is Sequence:
        return frozenset({("list", of_hint(inner[0]))})
    if origin in {Mapping, dict}:
        return frozenset({("map", of_hint(inner[1]))})
    return frozenset({("words", NAMES.get(hint.__name__, hint.__name__)) if is_typeddict(hint) else PLAIN[hint]})


def of_schema(said: Mapping[str, Any]) -> Shape:
    """The shapes that the schema of a stack file allows."""
    parts = said.get("allOf") or (
        "type" not in said and said.get("anyOf")
    )  # beside a type: what editors are told of it
    if parts:
        return frozenset().union(*map(of_schema, parts))
    if "$ref" in said:
        return frozenset({("words", said["$ref"].rpartition("/")[2])})
    if "const" in said or "enum" in said:
        values = said.get("enum", [said.get("const")])
        return frozenset("null" if value is None else ("is", value) for value in values)
    types: str | list[str] = said["type"]
    return frozenset(_of_type(type, said) for type in ([types] if isinstance(types, str) else types))


def _of_type(type: str, said: Mapping[str, Any]) -> Any:
    if type == "array":
        return "list", of_schema(said["items"])
    if type == "object":
        inner = said.get("additionalProperties", True)
        return "map", ANY if inner is True else of_schema(inner)
    return type


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_the_words_are_those_of_the_stack_file(kind: Any) -> None:
    name = NAMES.get(kind.__name__, kind.__name__)
    said = DEFINITIONS[name]
    own = OWN.get(name, set())
    hints = {word: hint for word, hint in get_type_hints(kind, include_extras=True).items() if word not in own}
    assert set(hints) == set(said["properties"]) - own
    required = {word for word, hint in hints.items() if kind.__total__ and get_origin(hint) is not NotRequired}
    assert required == set(said.get("required", ()))
    for word, hint in hints.items():
        assert of_hint(hint) == of_schema(said["properties"][word]), word


def test_every_mapping_of_a_number_and_an_agent_has_its_words() -> None:
    def reached(name: str) -> set[str]:
        own = {word: said for word, said in DEFINITIONS[name]["properties"].items() if word not in OWN.get(name, ())}
        inner = set(re.findall(r'"#/definitions/([^"]+)"', json.dumps(own)))
        return {name}.union(*map(reached, inner))

    assert {NAMES.get(kind.__name__, kind.__name__) for kind in WORDS} == reached("Number") | reached("Agent")


def test_every_carrier_of_this_package_has_its_route_in_one_place() -> None:
    from providers.kernel.registry import carriers

    own = {name: found.route for name, found in carriers().items() if found.route.__module__ == f"providers.{name}"}
    assert {name: getattr(routes, name.capitalize()) for name in own} == own
    assert set(routes.__all__) == {name for name in vars(routes) if name[0].isupper()}


# -- a type checker over a user's program ---------------------------------------------------------------------------

PROGRAM = """import pulumi
from stacks import Agent, Number
from stacks.routes import Buy, Plivo, Sip, Telnyx, Twilio, TwilioRecording

sales = Agent(
    "sales",
    instructions="Greet and qualify.",
    voice={"voice_id": "eve", "vad_threshold": 0.5},
    tools=[
        {"type": "web_search"},
        {
            "type": "mcp",
            "server_url": "https://crm.example.com/mcp",
            "server_label": "crm",
            "authorization": {"secret": "crmToken"},
        },
    ],
)
support = Number(
    "support",
    number="+14155550100",
    route=Twilio(transfer=True, recording=TwilioRecording(mode="record-from-answer")),
    webhook={"url": "https://voice.example.com/calls"},
    auth={"allow": ["twilio"]},
    fallback=["sip:pbx.example.com;transport=tls", {"uri": "sip:b.example.com", "weight": 5}],
    opts=pulumi.ResourceOptions(protect=True),
)
london = Number("london", number="+442079460011", route=Telnyx(sip_region="Europe"), agent=sales)
nyc = Number("nyc", route=Plivo(buy=Buy(country="US")), auth={"digest": {"username": "nyc"}}, on_delete="keep")
hq = Number("hq", number="+498912345670", route=Sip(platform="asterisk"), auth="open")
other = Number("other", number="+14155550101", route={"carrier": "acme", "anything": 1})
desk = Number("desk", origin="xai_provisioned", area_code=415, agent="agent_frontdesk0001")
pulumi.export("signing_secrets", {"support": support.signing_secret})
pulumi.export("number", nyc.number)
pulumi.export("agent", sales.agent_id)
"""
#: One mistake a line.
MISTAKES = """Number("a", numbr="+14155550100")
Number("a", number=14155550100)
Number("a", auth="closed")
Number("a", auth={"allowed": ["twilio"]})
Number("a", auth={"digest": {"username": "a", "password": "in the clear"}})
Number("a", webhook={"name": "no url"})
Number("a", on_delete="sell")
Number("a", agent=Number("b", number="+14155550100"))
Number("a", route="twilio")
Telnyx(sip_region="Mars")
Twilio(transfers=True)
Agent("a", voice={"voice": "eve"})
Agent("a", tools=[{"type": "phone_search"}])
Agent("a", numbers=["support"])
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """Check a program as a user's editor does, strictly; gives what is found."""

    def check(text: str) -> list[str]:
        folder = tmp_path_factory.mktemp("program")
        (folder / "__main__.py").write_text(text)
        settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11"}
        (folder / "pyrightconfig.json").write_text(json.dumps(settings))
        command = [Path(sys.executable).parent / "basedpyright", "--outputjson", "--pythonpath", sys.executable]
        done = subprocess.run([*command, "-p", folder], capture_output=True, text=True, check=False)
        found = json.loads(done.stdout)
        assert found["summary"]["filesAnalyzed"] == 1
        return [
            f"{item['range']['start']['line'] + 1}: {item['severity']}: {item['message']}"
            for item in found["generalDiagnostics"]
        ]

    return check


def test_a_program_is_right_in_strict_mode(checked: Callable[[str], list[str]]) -> None:
    assert checked(PROGRAM) == []


def test_the_programs_that_the_pages_show_are_right_in_strict_mode(checked: Callable[[str], list[str]]) -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    shown = [text for page in pages for text in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)]
    programs = [text for text in shown if re.search(r"^from stacks import", text, re.MULTILINE)]
    assert programs
    for text in programs:
        assert checked(text) == []


def test_mistakes_are_seen_before_anything_runs(checked: Callable[[str], list[str]]) -> None:
    imports = "from stacks import Agent, Number\nfrom stacks.routes import Telnyx, Twilio\n"
    found = checked(imports + MISTAKES)
    lines = {int(message.partition(":")[0]) for message in found if ": error: " in message}
    assert lines == set(range(3, 3 + len(MISTAKES.splitlines()))), found
