"""What somebody made by hand at Genesys Cloud for one number, in the words of the stack file; what is not its alone stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from providers.kernel import registry
from providers.kernel.route_import import Found, Unmapped
from providers.kernel.session import Session
from tests.conformance.subjects.genesys import API, DID, OTHER, OTHER_DID, SITE, Genesys
from tests.conftest import Sandbox
from tests.reconciling import Hand

ALONE, ONE, TWO = "+14155550197", "+14155550198", "+14155550199"
MARK = f"xtel/p/s/{ALONE}"
CHAINS = [
    {"name": "Support", "site": SITE, "numbers": [ALONE], "username": "hq", "password": "canary-digest-9"},
    {"name": "Sales", "site": SITE, "numbers": [ONE, TWO], "username": "hq", "password": "canary-digest-9"},
]


@pytest.fixture
def genesys(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Genesys:
    for name, value in sandbox.env().items():
        monkeypatch.setenv(name, value)
    sandbox.seed({"genesys": {"chains": CHAINS}})
    return Genesys(sandbox)


def found(number: str = ALONE) -> Found:
    declared = registry.carriers()["genesys"].route_import
    assert declared
    return Session(registry.carriers()["genesys"], lambda key: None).ask(declared.found, number)


def refused(number: str = ALONE) -> str:
    with pytest.raises(Unmapped) as reason:
        found(number)
    return str(reason.value)


def named(sandbox: Sandbox, collection: str, name: str) -> Any:
    return next(each for each in sandbox.state()["genesys"][collection] if each["name"] == name)


def numbers() -> set[str]:
    declared = registry.carriers()["genesys"].route_import
    assert declared
    return set(Session(registry.carriers()["genesys"], lambda key: None).ask(declared.numbers))


def test_a_chain_of_one_number_reads_as_a_route(genesys: Genesys, sandbox: Sandbox) -> None:
    sandbox.forget_log()
    assert numbers() == {ALONE, ONE, TWO}
    route = found()
    assert sandbox.writes() == []
    assert route.route == {"site": SITE, "codecs": ["PCMU", "PCMA"], "classification": "Support"}
    assert [way.uri for way in route.uris] == [f"sip:{ALONE}@sip.voice.x.ai:5061;transport=tls"]
    assert route.ids == {
        "attachment": ALONE,
        "outbound-route": named(sandbox, "outbound_routes", "Support route")["id"],
        "trunk": named(sandbox, "trunks", "Support trunk")["id"],
    }
    assert route.remarks == ()
    assert "canary" not in repr(route)


def test_numbers_of_a_range_are_listed_as_long_as_it_is_short(genesys: Genesys) -> None:
    def ranges(plans: list[dict[str, Any]]) -> list[dict[str, Any]]:
        theirs = {"name": "theirs", "matchType": "numberList", "classification": "National"}
        pairs = [("+14155550120", "+14155550122"), ("14155560000", "14155569999"), ("911", "911")]
        return [*plans, {**theirs, "numbers": [{"start": low, "end": high} for low, high in pairs]}]

    genesys.plans(ranges)
    assert numbers() - {ALONE, ONE, TWO} == {"+14155550120", "+14155550121", "+14155550122"}


# -- what is not the number's alone, or cannot be said -----------------------------------------------------------------

Change = Callable[[Genesys, Sandbox], object]


def _plan(**settings: Any) -> Change:
    """Somebody changes the number's entry."""
    return lambda genesys, sandbox: genesys.plans(
        lambda plans: [{**plan, **(settings if plan["name"] == "Support numbers" else {})} for plan in plans]
    )


def _before(**plan: Any) -> Change:
    """Somebody puts an entry before all others."""
    return lambda genesys, sandbox: genesys.plans(lambda plans: [{"name": "theirs", **plan}, *plans])


def _route(**settings: Any) -> Change:
    return lambda genesys, sandbox: genesys.route(named(sandbox, "outbound_routes", "Support route")["id"], **settings)


def _other_route(name: str = SITE, takes: str = "theirs", trunk: str = "Support trunk") -> Change:
    def change(genesys: Genesys, sandbox: Sandbox) -> None:
        bases = [{"id": named(sandbox, "trunks", trunk)["id"]}]
        body = {"name": "Lab route", "classificationTypes": [takes], "externalTrunkBases": bases}
        genesys.send("POST", f"sites/{genesys.site(name)['id']}/outboundroutes", body)

    return change


def _both_trunks(genesys: Genesys, sandbox: Sandbox) -> None:
    bases = [{"id": named(sandbox, "trunks", f"{name} trunk")["id"]} for name in ("Support", "Sales")]
    _route(externalTrunkBases=bases)(genesys, sandbox)


def _property(name: str, value: Any) -> Change:
    return lambda genesys, sandbox: genesys.property(named(sandbox, "trunks", "Support trunk")["id"], name, value)


def _elsewhere_too(genesys: Genesys, sandbox: Sandbox) -> None:
    """It is dialled at a second site."""
    path = f"sites/{genesys.site(OTHER)['id']}/numberplans"
    numbers = [{"start": ALONE, "end": ALONE}]
    plan = {"name": "Lab", "matchType": "numberList", "numbers": numbers, "classification": "x"}
    genesys.send("PUT", path, [plan, *genesys.send("GET", path).json()])


_NATIONAL = {"matchType": "intraCountryCode", "classification": "National"}
_PAIR = [{"start": ALONE, "end": ALONE}, {"start": "+14155550120", "end": "+14155550120"}]
_ITS_OWN = f"is not imported; next: give {ALONE} one of its own, or declare it with `take_over: true`"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_plan(numbers=_PAIR), "number plan Support numbers of site Cloud site has other numbers too: a shared one"),
        (_plan(numbers=_PAIR), _ITS_OWN),
        (_plan(numbers=[{"start": "+14155550199", "end": "+14155550199"}]), "no site has it in a number plan"),
        (_plan(matchType="regex", match=r"^\+14155550197$"), "number plan Support numbers is a pattern; next: make"),
        (_before(**_NATIONAL), "number plan theirs, which comes before Support numbers, may take its calls"),
        (
            _before(matchType="regex", match="^7", classification="Support"),
            "classification Support of site Cloud site has calls of number plan theirs too",
        ),
        (
            _elsewhere_too,
            "it has 2 number plans: Support numbers of site Cloud site, Lab of site Lab site; next: leave",
        ),
        (_plan(classification="x"), "no outbound route takes calls of its classification x at site Cloud site"),
        (
            _route(classificationTypes=["Support", "theirs"]),
            "outbound route Support route of site Cloud site has calls of classification theirs too",
        ),
        (_route(externalTrunkBases=[]), "outbound route Support route has 0 trunks: a route here has one"),
        (_both_trunks, "outbound route Support route has 2 trunks: a route here has one"),
        (_other_route(OTHER), "trunk Support trunk has calls of outbound route Lab route too"),
    ],
)
def test_what_more_than_the_number_uses_stays(genesys: Genesys, sandbox: Sandbox, change: Change, reason: str) -> None:
    change(genesys, sandbox)
    sandbox.forget_log()
    assert reason in refused()
    assert sandbox.writes() == []


def test_a_number_among_others_stays(genesys: Genesys) -> None:
    for number in (ONE, TWO):
        told = refused(number)
        assert told.startswith("number plan Sales numbers of site Cloud site has other numbers too: a shared one is")
        assert f"give {number} one of its own" in told


def test_a_number_that_is_called_inside_stays(genesys: Genesys, sandbox: Sandbox) -> None:
    sandbox.seed({"genesys": {"dids": [{"name": ALONE, "ownerType": "USER"}]}})
    assert refused().startswith(f"{ALONE} is assigned to user in this organisation: Genesys calls it inside")


@pytest.mark.parametrize("kind", ["outbound_routes", "trunks"])
def test_what_genesys_manages_stays(genesys: Genesys, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    from providers.genesys.api import Api

    ask = Api.ask

    def managed(self: Api, path: str, **query: Any) -> Any:
        answer = ask(self, path, **query)
        if kind == "trunks" and "/trunkbasesettings/" in path:
            return {**answer, "managed": True}
        if kind == "outbound_routes" and path.endswith("/outboundroutes"):
            return {**answer, "entities": [{**each, "managed": True} for each in answer["entities"]]}
        return answer

    monkeypatch.setattr(Api, "ask", managed)
    assert "is managed by Genesys: no API changes it" in refused()


@pytest.mark.parametrize(
    ("change", "uri"),
    [
        (_property("trunk_transport_serverProxyList", ["sip.voice.x.ai"]), "sip.voice.x.ai:5061;transport=tls"),
        (_property("trunk_transport_serverProxyList", ["PBX.example.com:5070"]), "pbx.example.com:5070;transport=tls"),
        (_property("trunk_transport_protocolVariant", "udp"), "sip.voice.x.ai:5061;transport=udp"),
    ],
)
def test_where_a_trunk_sends_calls(genesys: Genesys, sandbox: Sandbox, change: Change, uri: str) -> None:
    change(genesys, sandbox)
    assert [way.uri for way in found().uris] == [f"sip:{ALONE}@{uri}"]


# -- taking over changes nothing but names -----------------------------------------------------------------------------


def _told(found: Any) -> Any:
    return {name: value for name, value in found.items() if name not in {"name", "version", "priority"}}


def test_new_names_change_nothing_else(genesys: Genesys, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other ciphers, an entry without the plus, a termination URI that a PBX calls: as they were."""
    _property("trunk_media_srtpCipherSuites", ["AES_256", "AES_CM_128_HMAC_SHA1_80"])(genesys, sandbox)
    _property("trunk_media_dtmf_method", "Inband")(genesys, sandbox)
    _property("trunk_transport_serverProxyList", ["sip.voice.x.ai"])(genesys, sandbox)
    digits = [{"start": ALONE[1:], "end": ALONE[1:]}]
    _plan(matchType="numberList", numbers=digits)(genesys, sandbox)
    before, route = sandbox.state()["genesys"], found()
    inputs: dict[str, dict[str, Any]] = {
        "Trunk": {"marker": MARK, "site": SITE, "username": "hq", "password": "canary-digest-9"},
        "OutboundRoute": {"marker": MARK, "site": SITE, "classification": "Support", "trunk_id": route.ids["trunk"]},
        "Attachment": {"marker": MARK, "phone_number": ALONE, "site": SITE, "classification": "Support"},
    }
    parts = {"Trunk": "trunk", "OutboundRoute": "outbound-route", "Attachment": "attachment"}
    for kind, given in inputs.items():
        hand = Hand(f"genesys:{kind}", genesys.env(), monkeypatch)
        hand.inputs, hand.state = hand.reconciler.recorded(route.ids[parts[kind]], hand.check(**given))
        hand.id = route.ids[parts[kind]]
        assert not hand.state["marker"].startswith("xtel/")
        assert hand.up(**given) == "update"
        assert hand.refresh()
        assert hand.up(**given) == "same"
    after = sandbox.state()["genesys"]
    for collection in ("trunks", "outbound_routes", "flows", "ivrs"):
        assert [_told(each) for each in after[collection]] == [_told(each) for each in before[collection]]
    for now, then in zip(after["sites"], before["sites"], strict=True):
        assert [_told(each) for each in now["number_plans"]] == [_told(each) for each in then["number_plans"]]
    assert MARK in [each["name"] for each in genesys.site()["number_plans"]]
    assert {each["name"] for each in after["trunks"]} == {MARK, "Sales trunk"}


@pytest.mark.parametrize("callers", [[], ["203.0.113.5/32", "203.0.113.6/32"]])
def test_a_trunk_that_others_call_in_by_is_given_back(
    genesys: Genesys, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, callers: list[str]
) -> None:
    _property("trunk_access_acl_allowList", callers)(genesys, sandbox)
    id = named(sandbox, "trunks", "Support trunk")["id"]
    given = {"marker": MARK, "site": SITE, "username": "hq", "password": "canary-digest-9"}
    trunk = Hand("genesys:Trunk", genesys.env(), monkeypatch)
    trunk.inputs, trunk.state = trunk.reconciler.recorded(id, trunk.check(**given))
    trunk.id = id
    genesys.send("DELETE", f"sites/{genesys.site()['id']}/outboundroutes/{found().ids['outbound-route']}")
    assert trunk.up(**given) == "update"
    trunk.destroy()
    left = [each["name"] for each in sandbox.state()["genesys"]["trunks"]]
    assert left == (["Support trunk", "Sales trunk"] if callers else ["Sales trunk"])
    told = "it stays, called 'Support trunk', for it also carries calls in from 2 networks"
    assert any(told in each for each in trunk.warnings) == bool(callers)


# -- the flow of a DID -------------------------------------------------------------------------------------------------


def _published(genesys: Genesys, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[Hand, Hand]:
    flow = Hand("genesys:Flow", genesys.env(), monkeypatch)
    flow.up(marker=MARK, phone_number=ALONE, **options)
    route = Hand("genesys:CallRoute", genesys.env(), monkeypatch)
    route.up(marker=MARK, did=DID, flow_id=flow.id)
    return flow, route


def test_a_flow_that_was_published_from_here_comes_along(genesys: Genesys, monkeypatch: pytest.MonkeyPatch) -> None:
    flow, route = _published(genesys, monkeypatch)
    told = found()
    assert (told.route["did"], told.route["publish"], told.remarks) == (DID, True, ())
    assert (told.ids["flow"], told.ids["call-route"]) == (flow.id, route.id)


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"greeting": "Guten Tag."}, {}),
        ({}, {"name": "their callers"}),
        ({}, {"dnis": [DID, OTHER_DID]}),
        ({}, {"closedHoursFlow": {"id": "x"}}),
    ],
)
def test_another_flow_stays_and_that_is_said(
    genesys: Genesys, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], change: dict[str, Any]
) -> None:
    _, route = _published(genesys, monkeypatch, **options)
    if change:
        genesys.ivr(route.id, **change)
    told = found()
    assert "did" not in told.route
    assert told.ids.keys() == {"attachment", "outbound-route", "trunk"}
    name = change.get("name", MARK)
    assert told.remarks == (
        f"flow xAI {ALONE}, call route {name}: not as they are published from here, so they stay, and `did` is left out",
    )


def test_who_may_not_look_at_flows_is_told_so(genesys: Genesys, sandbox: Sandbox) -> None:
    sandbox.fault(f"GET {API}/flows", "status", status=403)
    assert found().remarks == ("whether a flow brings callers of a DID to it is not known: this client may not look",)


# -- a classification of the customer's own ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classification", "using"),
    [
        ("Sales", "is that of number plan Sales numbers, outbound route Sales route too; next: name another"),
        ("National", "is that of number plan National, outbound route Default Outbound Route too; next: name another"),
        ("mine", ""),
    ],
)
def test_a_classification_of_others_is_refused_before_anything_is_made(
    genesys: Genesys, monkeypatch: pytest.MonkeyPatch, classification: str, using: str
) -> None:
    hand = Hand("genesys:OutboundRoute", genesys.env(), monkeypatch)
    inputs = hand.check(marker=MARK, site=SITE, classification=classification, trunk_id="x")
    refusal, _ = hand.reconciler.look(inputs)
    assert refusal.startswith(f"classification '{classification}' {using}" if using else "")
    assert bool(refusal) == bool(using)
