"""The call path: the same hops from every source, for every carrier; without an object that decides one, it ends there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.kernel import marker, ranges
from providers.kernel.registry import carriers
from stacks import callpath, graph, model
from stacks.agent import Agent
from stacks.callpath import CallNetwork, CallPath
from stacks.resource import NUMBER as NUMBER_TYPE
from stacks.resource import UNKNOWN, Resource
from xtel.engine import state
from xtel.engine.step import Step
from xtel.review.plan import calls

NUMBER, OTHER = "+14155550100", "+14155550111"
HOST = "sip.voice.x.ai"
TARGET = f"sip:{NUMBER}@{HOST};transport=tls"
PBX, PBX_USER = "sip:pbx.example.com;transport=tls", "sip:+14155550999@pbx.example.com;transport=tls"
HOOK = "https://voice.example.com/calls"
TWIML = "https://voice.example.com/twiml"
DIGEST = {"digest": {"username": "xai-hq", "password": {"secret": "pw"}}}


@dataclass(frozen=True)
class Case:
    """One way to route a number, and the hops of a call to it: name, resource, state."""

    declared: dict[str, Any]
    hops: list[tuple[str, str]]
    targets: tuple[str, ...] = (TARGET,)
    #: Resources that are tried only when the first does not answer.
    beside: frozenset[str] = frozenset()
    auth: str = "allowlist"
    others: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def at_xai(answers: str = "webhook") -> list[tuple[str, str]]:
    return [("registration", NUMBER), ("authentication", NUMBER), (answers, NUMBER)]


FUNCTION = "arn:aws:lambda:eu-west-2:111111111111:function:xai-calls"
APPLICATION = f"application-{marker.digest(FUNCTION)}"
CHAIN = {"carrier": "chime", "region": "eu-west-2", "lambda_arn": FUNCTION}
SHARED_TWILIO = {"carrier": "twilio", "trunk": "shared", "recording": "record-from-answer"}
CASES = {
    "twilio": Case(
        {"route": {"carrier": "twilio", "secure": True, "recording": "record-from-answer"}, "fallback": [PBX_USER]},
        [("attachment", "attachment"), ("trunk", "trunk"), ("sip", "origination-url"), ("sip", "fallback-1"), *at_xai()],
        (TARGET, PBX_USER),
        frozenset({"fallback-1"}),
    ),
    "twilio, shared trunk": Case(
        {"route": SHARED_TWILIO, "fallback": [PBX]},
        [
            ("attachment", "attachment"), ("trunk", "twilio/trunk"), ("sip", "twilio/origination-url"),
            ("sip", "twilio/fallback-1"), *at_xai(),
        ],
        (TARGET, f"sip:{NUMBER}@pbx.example.com;transport=tls"),
        frozenset({"twilio/fallback-1"}),
        others={"other": {"number": OTHER, "route": SHARED_TWILIO, "fallback": [PBX]}},
    ),
    "twilio, a trunk of its own beside a shared one": Case(
        {"route": {"carrier": "twilio"}},
        [("attachment", "attachment"), ("trunk", "trunk"), ("sip", "origination-url"), *at_xai()],
        others={"other": {"number": OTHER, "route": SHARED_TWILIO, "fallback": [PBX]}},
    ),
    "twiml by an application": Case(
        {"route": {"carrier": "twilio", "mode": "twiml", "application": True, "voice_url": TWIML}, "auth": DIGEST},
        [("attachment", "attachment"), ("trunk", "application"), ("sip", "twiml"), *at_xai()],
        auth="digest",
    ),
    "twiml by a URL": Case(
        {"route": {"carrier": "twilio", "mode": "twiml", "voice_url": TWIML}, "agent": "sales", "webhook": None},
        [("attachment", "attachment"), ("sip", "twiml"), *at_xai("agent")],
    ),
    "twiml by hand": Case(
        {"route": {"carrier": "twilio", "mode": "twiml"}}, [("attachment", "twiml"), ("sip", "twiml"), *at_xai()]
    ),
    "telnyx": Case(
        {"route": {"carrier": "telnyx", "transfer": True}, "fallback": [PBX]},
        [
            ("attachment", "attachment"), ("trunk", "connection"), ("trunk", "routing"), ("sip", "fqdn"),
            ("sip", "fallback-1"), *at_xai(),
        ],
        (f"sip:{NUMBER}@{HOST}:5061;transport=tls", f"sip:{NUMBER}@pbx.example.com:5061;transport=tls"),
        frozenset({"fallback-1"}),
    ),
    "plivo": Case(
        {"route": {"carrier": "plivo"}, "fallback": [PBX_USER], "auth": DIGEST},
        [("attachment", "attachment"), ("trunk", "trunk"), ("sip", "uri"), ("sip", "fallback-1"), *at_xai()],
        (TARGET, PBX_USER),
        frozenset({"fallback-1"}),
        auth="digest",
    ),
    "plivo, shared trunk": Case(
        {"route": {"carrier": "plivo", "trunk": "shared"}, "auth": {"allow": ["plivo"]}},
        [("attachment", "attachment"), ("trunk", "plivo/trunk"), ("sip", "plivo/uri"), *at_xai()],
        others={
            "other": {"number": OTHER, "route": {"carrier": "plivo", "trunk": "shared"}, "auth": {"allow": ["plivo"]}}
        },
    ),
    "chime": Case(
        {"route": {"carrier": "chime"}, "fallback": [PBX], "auth": {"allow": ["chime:us-east-1"]}},
        [("attachment", "attachment"), ("sip", "connector-us-east-1"), ("sip", "connector-us-east-1"), *at_xai()],
        (f"sip:{NUMBER}@{HOST}:5061;transport=tls", f"sip:{NUMBER}@pbx.example.com:5061;transport=tls"),
    ),
    "chime, shared connector": Case(
        {"route": {"carrier": "chime", "connector": "shared"}, "auth": {"allow": ["chime:us-east-1"]}},
        [("attachment", "attachment"), ("sip", "chime/connector-us-east-1"), *at_xai()],
        (f"sip:{NUMBER}@{HOST}:5061;transport=tls",),
        others={
            "other": {
                "number": OTHER,
                "route": {"carrier": "chime", "connector": "shared"},
                "auth": {"allow": ["chime:us-east-1"]},
            }
        },
    ),
    "chime, by a Lambda": Case(
        {"route": CHAIN, "auth": {"allow": ["chime:eu-west-2"]}},
        [
            *(("attachment", "rule"), ("trunk", APPLICATION), ("trunk", "lambda")),
            *(("sip", "connector-eu-west-2"), *at_xai()),
        ],
        (f"sip:{NUMBER}@{HOST}:5061;transport=tls",),
    ),
    "chime, by a Lambda, shared": Case(
        {"route": {**CHAIN, "connector": "shared"}, "auth": {"allow": ["chime:eu-west-2"]}},
        [
            *(("attachment", "rule"), ("trunk", f"chime/{APPLICATION}"), ("trunk", "lambda")),
            *(("sip", "chime/connector-eu-west-2"), *at_xai()),
        ],
        (f"sip:{NUMBER}@{HOST}:5061;transport=tls",),
        others={
            "other": {
                "number": OTHER,
                "route": {**CHAIN, "connector": "shared"},
                "auth": {"allow": ["chime:eu-west-2"]},
            }
        },
    ),
    "connect": Case(
        {"route": {"carrier": "connect"}, "fallback": [PBX], "auth": {"allow": ["connect:us-east-1"]}},
        [
            *(("attachment", "attachment"), ("trunk", "flow")),
            *(("sip", "connect/connector-us-east-1"), ("sip", "connect/connector-us-east-1"), *at_xai()),
        ],
        (f"sip:{NUMBER}@{HOST}:5061;transport=tls", f"sip:{NUMBER}@pbx.example.com:5061;transport=tls"),
    ),
    "connect, its own connector": Case(
        {"route": {"carrier": "connect", "connector": "own"}, "auth": {"allow": ["connect:us-east-1"]}},
        [("attachment", "attachment"), ("trunk", "flow"), ("sip", "connector-us-east-1"), *at_xai()],
        (f"sip:{NUMBER}@{HOST}:5061;transport=tls",),
    ),
    "a PBX": Case(
        {"route": {"carrier": "sip", "platform": "asterisk"}, "fallback": [PBX_USER], "auth": DIGEST},
        [("attachment", "bundle"), ("sip", "bundle"), ("sip", "bundle"), *at_xai()],
        (TARGET, PBX_USER),
        auth="digest",
    ),
    "xAI's own number": Case(
        {"origin": "xai_provisioned", "agent": "sales", "webhook": None}, at_xai("agent"), (), auth="provisioned"
    ),
}  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
every_source = pytest.mark.parametrize("source", ["state", "refresh", "preview", "stack file"])


# -- where resources come from -----------------------------------------------------------------------------------------


def needed(case: Case) -> tuple[Resource, ...]:
    """What the stack file needs, as ``check`` leaves it."""
    found = {"support": {"number": NUMBER, "webhook": {"url": HOOK}, **case.declared}, **case.others}
    resources = [graph.of_agent("sales", Agent.model_validate({"name": "Sales", "instructions": "Greet."}))]
    for key, said in found.items():
        declared: dict[str, Any] = {"webhook": {"url": HOOK}, **said}
        if route := declared.get("route"):
            declared["route"] = carriers()[route["carrier"]].route.model_validate(route)
        resources += graph.of_number(key, model.Number.model_validate(declared))
    return tuple({(each.type, each.name): each for each in resources}.values())


def made(resource: Resource, ids: dict[str, str]) -> Resource:
    """A resource as it is once it was applied: with its id, what its vendor knows, and what it refers to."""
    found = callpath.declaration(resource.type)
    if found is None:
        return resource
    inputs = {
        name: ids[value.resource] if isinstance(value, graph.OutputOf) else value
        for name, value in resource.inputs.items()
    }
    inputs = dict(graph.plain(replace(resource, inputs=inputs)).inputs)
    if auth := inputs.get("sip_auth"):
        networks = {"allowed_addresses": list(ranges.resolve(auth["allow"]))} if auth.get("allow") else {}
        inputs["sip_auth"] = {**auth, **networks}
    id = ids[resource.name]
    outputs = {name: id for name in found.outputs if name.endswith(("id", "sid", "uuid"))}
    echoed = {**inputs, **outputs, "account": "AC1", "attached_to": inputs.get("trunk_sid", ""), "previous": ""}
    return replace(resource, inputs=inputs, id=id, outputs=echoed)


def ids_of(resources: Iterable[Resource]) -> dict[str, str]:
    """As the vendors give them: an object that is only a setting of another one has that one's id."""
    names = {each.name for each in resources}
    found = {name: f"id-{name}" for name in names}
    for name in names:
        trunk = name.rpartition("/")[0] + ("/trunk" if name.endswith("/recording") else "/connection")
        if name.endswith(("/recording", "/routing")):
            found[name] = found[trunk]
    return found


def applied(case: Case) -> list[Resource]:
    """All of a case as the state holds it."""
    resources = needed(case)
    ids = ids_of(resources)
    return [made(each, ids) for each in resources]


def entry(resource: Resource) -> dict[str, Any]:
    parent = {"parent": urn(Resource(resource.parent, NUMBER_TYPE))} if resource.parent else {}
    told = {"inputs": dict(resource.inputs), "outputs": dict(resource.outputs), "id": resource.id}
    return {"urn": urn(resource), "type": resource.type, **parent, **told}


def urn(resource: Resource) -> str:
    if resource.type == NUMBER_TYPE:
        return f"urn:pulumi:test::p::{NUMBER_TYPE}::{resource.name}"
    holder = f"{NUMBER_TYPE}$" if resource.parent else ""
    return f"urn:pulumi:test::p::{holder}pulumi-python:dynamic/{resource.type}::{resource.name}"


def network(case: Case, source: str) -> CallNetwork:
    """The same network, told by another source."""
    if source == "stack file":
        return CallNetwork(graph.plain(each) for each in needed(case))
    if source == "state":
        exported = {"deployment": {"resources": [entry(each) for each in applied(case)]}}
        return CallNetwork(state.read(json.dumps(exported)).resources)
    objects = [each for each in applied(case) if each.type != NUMBER_TYPE]
    if source == "refresh":
        steps = [Step("refresh", urn(each), each.inputs, each.inputs, each.outputs, id=each.id) for each in objects]
        return CallNetwork(calls.before(step) for step in steps)
    registered = {each.name: each.inputs for each in objects if each.type == graph.REGISTRATION}
    coming = [graph.plain(each) for each in needed(case) if each.type != NUMBER_TYPE]
    steps = [Step("create", urn(each), {}, {**each.inputs, **_resolved(each, registered)}) for each in coming]
    return CallNetwork(calls.after(step, made=True) for step in steps)


def _resolved(resource: Resource, registered: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The networks of an allowlist, which a preview knows."""
    return {"sip_auth": registered[resource.name].get("sip_auth")} if resource.type == graph.REGISTRATION else {}


def local(name: str) -> str:
    """A resource as the cases name it."""
    return name.removeprefix(f"{NUMBER}/")


# -- the path ----------------------------------------------------------------------------------------------------------


@every_source
@every_case
def test_the_hops_of_a_call(case: Case, source: str) -> None:
    found = network(case, source).path(NUMBER)
    assert [(hop.name, local(hop.resource)) for hop in found.hops] == case.hops
    assert (found.arrives, found.ends_at, found.targets) == (True, None, case.targets)
    assert found.registration.auth == case.auth
    assert found.answered_by == ("agent sales" if case.hops[-1][0] == "agent" else HOOK)


@every_case
def test_the_numbers_of_a_network_are_no_agents(case: Case) -> None:
    found = network(case, "state")
    assert found.numbers == sorted({NUMBER, *(other["number"] for other in case.others.values())})
    assert found.agents == {"sales"}


def deciding(case: Case) -> list[tuple[str, str]]:
    """The hops that are decided by an object of their own, without which no call comes through."""
    found = [
        hop for hop in case.hops if hop[1] not in case.beside and hop[0] not in {"authentication", "webhook", "agent"}
    ]
    return list({resource: (name, resource) for name, resource in reversed(found)}.values())


REMOVED = [(name, hop, resource) for name, case in CASES.items() for hop, resource in deciding(case)]


@pytest.mark.parametrize(("name", "hop", "gone"), REMOVED, ids=[f"{name}: {gone}" for name, _, gone in REMOVED])
def test_without_an_object_that_decides_a_hop_the_call_ends_there(name: str, hop: str, gone: str) -> None:
    resources = applied(CASES[name])
    before = CallNetwork(resources)
    removed = next(each for each in resources if local(each.name) == gone and each.type != NUMBER_TYPE)
    after = before.instead(removed, None).path(NUMBER, before)
    assert not after.arrives
    assert after.ends_at and (after.ends_at.name, after.ends_at.state, local(after.ends_at.resource)) == (
        hop,
        "missing",
        gone,
    )
    assert callpath.stopped(before.path(NUMBER), after) == hop


@every_case
def test_what_a_call_does_not_need_ends_none(case: Case) -> None:
    """Fallbacks, recordings, profiles, passwords, and the objects of other numbers."""
    resources = applied(case)
    before = CallNetwork(resources)
    needs = {resource for _, resource in case.hops} - case.beside
    for each in resources:
        if local(each.name) not in needs and each.type not in {NUMBER_TYPE, graph.AGENT}:
            after = before.instead(each, None).path(NUMBER, before)
            assert after.arrives and not callpath.stopped(before.path(NUMBER), after), each.name


@settings(max_examples=60)
@given(data=st.data())
def test_the_order_of_the_resources_does_not_matter(data: st.DataObject) -> None:
    case = CASES[data.draw(st.sampled_from(sorted(CASES)))]
    resources = applied(case)
    kept = [each for each in resources if data.draw(st.booleans())] if data.draw(st.booleans()) else resources
    mixed = data.draw(st.permutations(kept))
    before = CallNetwork(resources)
    assert CallNetwork(mixed).path(NUMBER, before) == CallNetwork(kept).path(NUMBER, before)
    assert callpath.users(mixed) == callpath.users(kept)


# -- changed outside ---------------------------------------------------------------------------------------------------


def altered(case: str, name: str, **inputs: Any) -> tuple[CallPath, CallPath]:
    """A call before, and after somebody changed one object outside."""
    resources = applied(CASES[case])
    before = CallNetwork(resources)
    old = next(each for each in resources if local(each.name) == name and each.type not in {NUMBER_TYPE, graph.AGENT})
    given = {key: value for key, value in {**old.inputs, **inputs}.items() if value is not None}
    return before.path(NUMBER), before.instead(old, replace(old, inputs=given)).path(NUMBER, before)


@pytest.mark.parametrize(
    ("case", "name", "inputs", "hop"),
    [
        ("twilio", "attachment", {"trunk_sid": "TK-theirs"}, "attachment"),
        ("twilio", "attachment", {"trunk_sid": None, "voice": {"url": "https://else.example.com/"}}, "attachment"),
        ("twilio", "attachment", {"trunk_sid": None}, "attachment"),
        ("twilio", "attachment", {"receives": "fax"}, "attachment"),
        ("twilio", "origination-url", {"enabled": False}, "sip"),
        ("twilio", "origination-url", {"sip_url": f"sip:{NUMBER}@else.example.com;transport=tls"}, "sip"),
        ("twilio", "origination-url", {"sip_url": f"sip:{OTHER}@{HOST};transport=tls"}, "sip"),
        ("twilio", "origination-url", {"priority": 30}, ""),
        ("twilio", "fallback-1", {"enabled": False}, ""),
        ("twilio", "trunk", {"secure": False}, ""),
        ("twilio, shared trunk", "twilio/origination-url", {"enabled": False}, "sip"),
        ("twilio, a trunk of its own beside a shared one", "twilio/origination-url", {"enabled": False}, ""),
        ("twiml by an application", "application", {"voice": {"url": "https://else.example.com/"}}, "sip"),
        ("twiml by an application", "attachment", {"application_sid": "AP-theirs"}, "attachment"),
        ("twiml by a URL", "attachment", {"voice": {"url": "https://else.example.com/"}}, "attachment"),
        ("telnyx", "attachment", {"connection_id": "99"}, "attachment"),
        ("telnyx", "attachment", {"call_forwarding": "+14155550199"}, "attachment"),
        ("telnyx", "attachment", {"translated_number": "sales"}, "sip"),
        ("telnyx", "attachment", {"tech_prefix": True}, "attachment"),
        ("telnyx", "attachment", {"screening": "flag_calls"}, ""),
        ("telnyx", "attachment", {"screening": "reject_calls"}, "attachment"),
        ("telnyx", "connection", {"dnis_number_format": "e164"}, "sip"),
        ("telnyx", "connection", {"dnis_number_format": "national"}, "sip"),
        ("telnyx", "connection", {"channel_limit": 0}, "trunk"),
        ("telnyx", "fqdn", {"fqdn": "else.example.com"}, "sip"),
        ("telnyx", "routing", {"primary": f"id-{NUMBER}/fallback-1", "secondary": f"id-{NUMBER}/fqdn"}, ""),
        ("telnyx", "routing", {"primary": f"id-{NUMBER}/fallback-1", "secondary": None}, "sip"),
        ("telnyx", "routing", {"primary": None, "secondary": None}, "sip"),
        ("telnyx", "connection", {"codecs": ["G722"]}, ""),
        ("telnyx", "connection", {"active": False}, "trunk"),
        ("chime", "attachment", {"connector_id": "theirs"}, "attachment"),
        ("chime, by a Lambda", "rule", {"application_id": "theirs"}, "attachment"),
        ("chime, by a Lambda", "rule", {"enabled": False}, "trunk"),
        ("chime, by a Lambda", APPLICATION, {"lambda_arn": f"{FUNCTION}-theirs"}, "sip"),
        ("chime, by a Lambda", "connector-eu-west-2", {"enabled": False}, "trunk"),
        ("connect", "attachment", {"flow_id": "theirs"}, "attachment"),
        ("connect", "flow", {"enabled": False}, "trunk"),
        ("connect", "flow", {"to": "+14155550199"}, "sip"),
        ("connect", "connect/connector-us-east-1", {"enabled": False}, "trunk"),
        ("connect, its own connector", "connector-us-east-1", {"enabled": False}, "trunk"),
        ("chime", "connector-us-east-1", {"enabled": False}, "trunk"),
        ("chime", "connector-us-east-1", {"routes": [{"host": "else.example.com", "port": 5061, "priority": 1}]}, "sip"),
        ("chime, shared connector", "chime/connector-us-east-1", {"enabled": False}, "trunk"),
        ("plivo", "attachment", {"trunk_id": "99"}, "attachment"),
        ("plivo", "trunk", {"enabled": False}, "trunk"),
        ("plivo", "trunk", {"primary": f"id-{NUMBER}/fallback-1", "fallback": None}, "sip"),
        ("plivo", "uri", {"uri": f"sip:{NUMBER}@else.example.com;transport=tls"}, "sip"),
        ("plivo", "uri", {"username": "somebody"}, "sip"),
        ("plivo", "uri", {"username": None, "password": None}, "sip"),
        ("plivo, shared trunk", "plivo/trunk", {"enabled": False}, "trunk"),
        ("twilio", NUMBER, {"webhook": None}, "webhook"),
        ("twilio", NUMBER, {"webhook": {"url": "https://new.example.com/"}}, ""),
        ("twilio", NUMBER, {"webhook": None, "agent_id": "agent_console"}, ""),
        ("twilio", NUMBER, {"sip_auth": {"allowed_addresses": ["203.0.113.0/28"]}}, "authentication"),
        ("twilio", NUMBER, {"sip_auth": None}, ""),
        ("twilio", NUMBER, {"sip_auth": {"auth_username": "u"}}, "sip"),
        ("plivo", NUMBER, {"sip_auth": {"auth_username": "somebody"}}, "sip"),
        ("a PBX", NUMBER, {"sip_auth": {"allowed_addresses": ["203.0.113.0/28"]}}, "authentication"),
        ("twiml by a URL", NUMBER, {"agent_id": None}, "webhook"),
        ("twiml by a URL", NUMBER, {"agent_id": "agent_of_somebody"}, ""),
        ("xAI's own number", NUMBER, {"agent_id": None}, ""),
    ],
)  # fmt: skip
def test_what_somebody_changes_outside_ends_the_call_where_it_should(
    case: str, name: str, inputs: dict[str, Any], hop: str
) -> None:
    before, after = altered(case, name, **inputs)
    assert callpath.stopped(before, after) == hop
    assert after.arrives is (hop in {"", "webhook", "authentication"})


def test_a_wider_allowlist_shuts_nobody_out() -> None:
    resources = applied(CASES["twilio"])
    was = next(each for each in resources if each.type == graph.REGISTRATION).inputs["sip_auth"]["allowed_addresses"]
    wider = [network.replace("/30", "/29") if network == "54.172.60.0/30" else network for network in was]
    assert wider != was
    assert not callpath.stopped(*altered("twilio", NUMBER, sip_auth={"allowed_addresses": wider}))
    assert callpath.stopped(*altered("twilio", NUMBER, sip_auth={"allowed_addresses": was[1:]})) == "authentication"


def test_the_order_of_the_destinations_is_the_carriers() -> None:
    _, after = altered("telnyx", "routing", primary=f"id-{NUMBER}/fallback-1", secondary=f"id-{NUMBER}/fqdn")
    assert [local(hop.resource) for hop in after.hops if hop.name == "sip"] == ["fallback-1", "fqdn"]
    _, after = altered("twilio", "origination-url", priority=30)
    assert [local(hop.resource) for hop in after.hops if hop.name == "sip"] == ["fallback-1", "origination-url"]


def test_an_agent_that_is_gone_answers_nobody() -> None:
    resources = applied(CASES["twiml by a URL"])
    before = CallNetwork(resources)
    agent = next(each for each in resources if each.type == graph.AGENT)
    after = before.instead(agent, None).path(NUMBER, before)
    assert callpath.stopped(before.path(NUMBER), after) == "agent"
    assert after.ends_at and (after.ends_at.resource, after.ends_at.state) == ("sales", "missing")


def test_a_number_whose_route_is_nobodys_here_is_not_known_to_fail() -> None:
    resources = [each for each in applied(CASES["twilio"]) if each.type == graph.REGISTRATION]
    found = CallNetwork(resources).path(NUMBER)
    assert (found.hops[0].name, found.hops[0].state, found.arrives) == ("attachment", "unknown", True)


def test_a_number_that_is_still_to_be_bought_has_a_path_in_the_stack_file() -> None:
    route = carriers()["twilio"].route.model_validate(
        {"carrier": "twilio", "buy": {"country": "US", "area_code": "415"}}
    )
    declared = model.Number.model_validate({"route": route, "webhook": {"url": HOOK}})
    found = CallNetwork(map(graph.plain, graph.of_number("helpline", declared))).path("helpline")
    assert (found.arrives, found.ends_at, found.answered_by) == (True, None, HOOK)
    assert found.targets == (f"sip:…@{HOST};transport=tls",)


@pytest.mark.parametrize("missing", ["attachment", "registration"])
def test_a_state_alone_shows_what_a_run_that_stopped_half_way_left_out(missing: str) -> None:
    resources = applied(CASES["telnyx"])
    left = [each for each in resources if local(each.name) != ("attachment" if missing == "attachment" else NUMBER)]
    found = CallNetwork(left).path(NUMBER)
    assert found.hops[0].name == "attachment"
    assert [hop.name for hop in found.hops if hop.state == "missing"][:1] == (
        [missing] if missing == "attachment" else []
    )
    assert not CallNetwork(left).path(NUMBER, CallNetwork(resources)).arrives


def test_two_carriers_that_take_the_calls_are_both_named() -> None:
    second = [each for each in applied(CASES["plivo"]) if each.type.startswith("plivo:")]
    found = CallNetwork([*applied(CASES["twilio"]), *second]).path(NUMBER)
    assert (found.carriers, found.arrives) == (("plivo", "twilio"), True)


# -- whom an object serves ---------------------------------------------------------------------------------------------


def test_what_numbers_share_serves_all_of_them_and_nobody_else() -> None:
    own = {"own": {"number": "+14155550122", "route": {"carrier": "twilio"}}}
    case = replace(CASES["twilio, shared trunk"], others={**CASES["twilio, shared trunk"].others, **own})
    found = callpath.users(applied(case))
    both = frozenset({NUMBER, OTHER})
    shared = (
        ("Trunk", "trunk"),
        ("OriginationUrl", "origination-url"),
        ("OriginationUrl", "fallback-1"),
        ("Recording", "recording"),
    )
    for kind, part in shared:
        assert found[f"twilio:{kind}", f"twilio/{part}"] == both
    assert found["twilio:Trunk", "+14155550122/trunk"] == frozenset({"+14155550122"})
    assert found[graph.AGENT, "sales"] == frozenset()


def test_an_agent_serves_the_numbers_that_it_answers() -> None:
    found = callpath.users(applied(CASES["twiml by a URL"]))
    assert found[graph.AGENT, "sales"] == frozenset({NUMBER})


# -- foreign carriers --------------------------------------------------------------------------------------------------


def foreign(line: str, *, target: str = TARGET) -> list[Resource]:
    return [
        Resource(NUMBER, graph.REGISTRATION, {"phone_number": NUMBER, "webhook": {"url": HOOK}}, NUMBER, id="phone_1"),
        Resource(f"{NUMBER}/line", "other:Line", {"target": target}, NUMBER, id="L1"),
        Resource(f"{NUMBER}/link", "other:Link", {"phone_number": NUMBER, "line": line}, NUMBER, id="K1"),
    ]


@pytest.mark.parametrize("line", ["L1", UNKNOWN])
def test_a_carrier_that_is_not_installed_shows_what_its_values_show(line: str) -> None:
    found = CallNetwork(foreign(line)).path(NUMBER)
    assert (found.carriers, found.targets, found.arrives) == (("other",), (TARGET,), True)
    assert not CallNetwork(foreign(line, target="sip:else.example.com;transport=tls")).path(NUMBER).arrives


def test_what_refers_in_a_circle_ends() -> None:
    trunk = Resource(f"{NUMBER}/trunk", "plivo:Trunk", {"primary": "T1", "fallback": "T1"}, NUMBER, id="T1")
    link = Resource(f"{NUMBER}/attachment", "plivo:Attachment", {"phone_number": NUMBER, "trunk_id": "T1"}, NUMBER)
    found = CallNetwork([*foreign("L1")[:1], trunk, link]).path(NUMBER)
    assert [(hop.name, hop.state) for hop in found.hops[:3]] == [
        ("attachment", "ok"),
        ("trunk", "ok"),
        ("sip", "missing"),
    ]


def test_values_that_make_no_sense_are_no_error() -> None:
    odd: list[Callable[[Resource], Resource]] = [
        lambda each: replace(each, inputs=dict.fromkeys(each.inputs, UNKNOWN)),
        lambda each: replace(each, inputs=dict.fromkeys(each.inputs, "[secret]")),
        lambda each: replace(each, inputs=dict.fromkeys(each.inputs, 3.5)),
        lambda each: replace(each, inputs={}),
    ]
    for case in CASES.values():
        for change in odd:
            path = CallNetwork(map(change, applied(case))).path(NUMBER)
            assert path.hops[-1].name in {"registration", "webhook", "agent"}
