"""The JSON Schema: current, takes every good file, refuses the bad ones as far as a schema can see."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stacks import document, schema
from tests.conftest import ROOT
from tests.test_document import BAD
from tests.test_xtel_cli import ended

COMMITTED = ROOT / "stacks/schema/stack.json"
STACKS = sorted((ROOT / "stacks").glob("*.yaml"))
CHECK = jsonschema.Draft7Validator(schema.build())
#: Bad files that a schema takes for good, each with what it would have to know.
BEYOND_A_SCHEMA = {
    "agent-instructions-file": "what is in a file",
    "agent-none-declared": "other entries",
    "connect-one-instance-two-names": "other entries",
    "agent-numbers-at-odds": "other entries",
    "agent-tools-twice": "other entries",
    "sip-one-box": "other entries",
    "sip-one-box-of-others": "other entries",
    "allow-a-carrier-for-a-pbx": "the platform's own addresses",
    "chime-fallbacks": "what the carrier can",
    "chime-number-outside-the-us": "numbering plans",
    "chime-one-lambda": "other entries",
    "did": "other entries",
    "secret-of-a-vendor": "what is installed",
    "agent-unknown": "other entries",
    "agent-was-an-existing-key": "other entries",
    "allow-covering-half-of-twilio": "addresses",
    "allow-in-defaults-not-covering": "addresses",
    "allow-not-covering-twilio": "addresses",
    "accept-unknown-number": "other entries",
    "genesys-two-of-one-site": "other entries",
    "genesys-did-of-another": "other entries",
    "zoom-blank-carrier": "what is cut away",
    "limits-unknown-carrier": "what is installed",
    "digest-on-twilio": "what the carrier can",
    "fallback-ten": "what the carrier can",
    "twiml-fallback": "what the route can",
    "twiml-header-names": "names of headers",
    "fallback-user-on-shared-trunk": "what the carrier can",
    "fallback-without-route": "defaults are merged first",
    "no-way-in": "defaults are merged first",
    "on-delete-without-a-carrier": "what the carrier can",
    "plivo-allow-of-another-carrier": "addresses",
    "plivo-fallback-parameter": "what the carrier can",
    "plivo-fallback-two": "what the carrier can",
    "plivo-fallback-user-on-shared-trunk": "what the carrier can",
    "plivo-shared-trunk-conflict": "other entries",
    "plivo-shared-trunk-with-digest": "what the carrier can",
    "plivo-shared-trunk-without-auth": "what the carrier can",
    "key-is-null": "in JSON every key is text",
    "key-twice-by-quotes": "in JSON every key is text",
    "merge-key-with-an-error": "other entries",
    "same-number-twice": "other entries",
    "lists-with-something-twice": "other entries",
    "shared-trunk-conflict": "other entries",
    "shared-trunk-other-fallback": "other entries",
    "shared-trunk-recorded-by-one": "other entries",
    "was-an-existing-key": "other entries",
    "number-of-no-country": "numbering plans",
    "number-too-long": "numbering plans",
    "number-with-a-national-zero": "numbering plans",
    "allow-the-internet-in-halves": "addresses",
    "host-bits": "addresses",
    "yaml-1.1": "the YAML is gone",
}


def test_the_committed_schema_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("schema") == 0
    printed = capsys.readouterr().out
    assert COMMITTED.read_text() == printed, "write it anew: xtel schema > stacks/schema/stack.json"
    assert ended("schema", "extra") == 64


def test_its_bytes_are_the_same_in_any_process_and_locale() -> None:
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed, "LC_ALL": "C", "PYTHONUTF8": "0"}
        command = [sys.executable, "-m", "xtel.cli", "schema"]
        done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=environment)
        assert done.stdout == COMMITTED.read_bytes()


def test_check_jsonschema_takes_the_schema_and_every_stack_file() -> None:
    command = [sys.executable, "-m", "check_jsonschema"]
    for arguments in (["--check-metaschema", COMMITTED], ["--schemafile", COMMITTED, *STACKS]):
        done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_editors_find_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).samefile(COMMITTED)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path) -> None:
    try:
        tree: Any = YAML(typ="safe").load(path.read_text())
    except (YAMLError, ValueError):
        assert path.stem not in BEYOND_A_SCHEMA
        return  # editors say so without a schema
    assert CHECK.is_valid(tree) == (path.stem in BEYOND_A_SCHEMA)


def test_every_property_is_explained_and_no_mapping_takes_any_key() -> None:
    for place, node in _mappings(json.loads(COMMITTED.read_text()), "#"):
        assert "additionalProperties" in node, place
        for name, said in node["properties"].items():
            assert said.get("title") and said.get("description"), f"{place}/{name}"
        assert "$ref" not in node, place


def test_references_stand_alone() -> None:
    """Draft 7: what stands beside a $ref is not read."""

    def look(node: Any) -> None:
        if isinstance(node, dict):
            assert "$ref" not in node or len(node) == 1
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            look(inner)

    look(json.loads(COMMITTED.read_text()))


@pytest.mark.parametrize("name", ["number", "route", "auth", "webhook", "fallback"])
def test_the_important_keys_have_examples_that_are_right(name: str, tmp_path: Path) -> None:
    said = schema.build()["definitions"]["Number"]["properties"][name]
    for example in said["examples"]:
        number = {"number": "+14155550100", "agent": "agent_a", name: example}
        if example != {"digest": {"username": "xai-nyc"}}:
            number["route"] = {"carrier": "twilio"}
        if name == "webhook":
            number.pop("agent")
        tree = {"version": 1, "numbers": {"support": number}}
        CHECK.validate(tree)
        (tmp_path / "a.yaml").write_text(json.dumps(tree))
        document.read(tmp_path / "a.yaml")


def _mappings(node: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a mapping with named keys; conditions (if, not, …) are none."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _mappings(item, f"{place}/{index}")
    elif isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            yield place, node
        for key, value in node.items():
            if key != "examples":
                yield from _mappings(value, f"{place}/{key}")


# --- what the document takes, the schema takes ---


def _some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[Any]:
    """A mapping with some of these keys."""
    return st.fixed_dictionaries(required, optional=optional)


SECRET = st.sampled_from([{"secret": "a"}, {"secret": "xtel:a-b"}, None])
URL = st.sampled_from(
    ["https://a.example", " HTTPS://A.example:443/x?y=z#f ", "https://[2001:db8::1]/", "https://a/b@c:d"]
)
URI = st.sampled_from(["sip:a.example", "SIP:a@A.example:5060;transport=TLS;lr", "sip:+14155550999@203.0.113.5"])
TWIML = _some(
    {"carrier": st.just("twilio"), "mode": st.just("twiml")},
    voice_url=URL | st.none(),
    voice_method=st.sampled_from(["GET", "POST"]),
    application=st.booleans(),
    headers=st.sampled_from([{}, {"X-Team": "a & b"}]),
    refer_url=URL | st.none(),
    action_url=URL | st.none(),
    sequential=st.booleans(),
    secure=st.booleans(),
    trunk=st.just("own"),
    transfer=st.just(False),
    recording=st.none(),
)
TRUNK = _some(
    {"carrier": st.just("twilio")},
    mode=st.just("trunk"),
    trunk=st.sampled_from(["own", "shared"]),
    transfer=st.sampled_from([True, False, "sip-only"]),
    secure=st.booleans(),
    recording=st.sampled_from([None, "record-from-ringing", {}, {"mode": "do-not-record", "trim": "trim-silence"}]),
    disaster_recovery=st.none() | _some({"url": URL}, method=st.sampled_from(["GET", "POST"])),
    edge=st.sampled_from([None, "ashburn", "sao-paulo"]),
    region=st.sampled_from([None, "us1"]),
)
ROUTE = TRUNK | TWIML
AUTH = st.sampled_from(
    [
        None,
        "open",
        {"allow": ["twilio"]},
        {"allow": [" Twilio ", "203.0.113.7", "2001:DB8::/32", "203.0.113.0/255.255.255.240"], "digest": None},
        {"allow": ["twilio@2026-11-21", "10.0.0.0/8"]},
        {"allow": None, "digest": {"username": "a.b_c+d-e"}},
        {"digest": {"username": "u", "password": {"secret": "p"}}},
    ]
)
WEBHOOK = st.one_of(
    st.none(),
    _some({"url": URL}, name=st.sampled_from([None, "x"]), auth_url=st.none(), auth_token=SECRET),
    _some({"url": URL, "auth_url": URL, "auth_token": st.just({"secret": "a"})}),
)
BOTH: dict[str, Any] = {
    "name": st.sampled_from([None, "x", "ä"]),
    "sip_host": st.sampled_from(["sip.voice.x.ai", " SIP.eu.voice.x.ai. "]),
    "signing_secret": SECRET,
    "replace": st.sampled_from([None, "accept"]),
    "protect": st.booleans(),
    "was": st.lists(st.sampled_from(["old", "older"]), max_size=2, unique=True),
}
NUMBERS = st.sampled_from(["+14155550100", " +1 (415) 555-0100", "+44 20 7946 0011", "+49.89/12345670"])
NUMBER = st.one_of(
    _some({"number": NUMBERS, "route": ROUTE}, agent=st.sampled_from([None, "agent_1"]), area_code=st.none(), **BOTH),
    _some(
        {"number": NUMBERS, "auth": AUTH},
        origin=st.just("byo_trunk"),
        webhook=WEBHOOK,
        agent=st.none(),
        route=ROUTE | st.none(),
        fallback=st.lists(URI | _some({"uri": URI}, weight=st.sampled_from([1, 10.0, 65535])), max_size=2),
        **BOTH,
    ),
    _some(
        {"origin": st.just("xai_provisioned"), "area_code": st.sampled_from([415, "415"])},
        number=st.none(),
        webhook=WEBHOOK,
        route=st.none(),
        auth=st.none(),
        fallback=st.just([]),
        **BOTH,
    ),
    _some(
        {"origin": st.just("xai_provisioned"), "number": NUMBERS}, agent=st.just("agent_1"), area_code=st.none(), **BOTH
    ),
)
DEFAULTS = _some({}, webhook=WEBHOOK, auth=AUTH, route=ROUTE | st.none(), sip_host=st.just("sip.voice.x.ai"))
TOOL = st.one_of(
    _some(
        {"type": st.just("function")},
        function=_some(
            {"name": st.just("f")}, description=st.just("d"), parameters=st.just({"type": "object", "x": 1.5})
        ),
    ),
    st.sampled_from([{"type": "web_search"}, {"type": "x_search", "allowed_x_handles": ["b", "a"]}]),
    _some({"type": st.just("file_search")}, max_num_results=st.sampled_from([None, 1, 10.0])),
    _some(
        {"type": st.just("mcp"), "server_url": URL, "server_label": st.sampled_from(["crm", "erp"])},
        server_description=st.none() | st.just("x"),
        allowed_tools=st.none() | st.just(["b", "a"]),
        authorization=SECRET,
        headers=st.sampled_from([None, {"X-Key": {"secret": "k"}}]),
    ),
)
VOICE = _some(
    {"voice_id": st.sampled_from(["eve", "Ara", "custom 1"])},
    vad_threshold=st.sampled_from([None, 0, 1, 0.5]),
    vad_silence_duration_ms=st.sampled_from([None, 0, 300.0, 10_000]),
    model=st.sampled_from([None, "grok-voice-latest"]),
    language_hint=st.sampled_from([None, "en"]),
    reasoning=st.sampled_from([None, {"effort": "high"}]),
)
AGENT = _some(
    {},
    name=st.sampled_from([None, "x", "ä"]),
    instructions=st.sampled_from([None, "Greet.\n"]),
    instructions_file=st.none(),
    voice=st.none() | VOICE,
    tools=st.lists(TOOL, max_size=3),
    collection_ids=st.sampled_from([[], ["b", "a", "a"]]),
    numbers=st.sampled_from([[], ["a"]]),
    take_over=st.booleans(),
    protect=st.booleans(),
    was=st.sampled_from([[], ["old"]]),
)
FILES = _some(
    {
        "version": st.just(1),
        "numbers": st.dictionaries(st.sampled_from(["a", "B.c-d_e", "7"]), NUMBER, min_size=1, max_size=2),
    },
    defaults=DEFAULTS,
    agents=st.dictionaries(st.sampled_from(["sales", "7"]), AGENT, max_size=2),
)


@settings(max_examples=120, suppress_health_check=list(HealthCheck), database=None)
@given(tree=FILES)
def test_a_file_that_is_read_fits_the_schema(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "good.yaml"
    path.write_text(json.dumps(tree))
    try:
        document.read(path)
    except document.Refused:
        return  # some are; most are not
    CHECK.validate(tree)
