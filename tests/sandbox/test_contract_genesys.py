"""The types of Genesys' SDK decide: what our code sends, and what the sandbox answers, is what they declare.

With the cut beside the project every request and answer is held against it; without it this test has nothing to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from providers.genesys import api as genesys_api
from providers.genesys import flow_text
from providers.genesys.api import Api
from providers.kernel import errors, http, registry, waiting
from providers.kernel.session import Session
from tests import contract
from tests.conformance.subjects.genesys import CLASSIFICATION, DID, EDGES, MARK, NUMBER, OTHER, OTHER_DID, SITE
from tests.contract import Contract, Exchange, Recorder
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("genesys_telephony_cut.json")
for _document in DOCUMENTS:  # the sandbox has all of it below one name; 2XX is what the sandbox does
    _document["paths"] = {f"/genesys{path}": verbs for path, verbs in _document["paths"].items()}
    for _verbs in _document["paths"].values():
        for _verb in _verbs.values():
            _verb["responses"].setdefault("204", _verb["responses"].get("2XX", {}))
            for _parameter in _verb.get("parameters", []):  # a list in a query is text
                _parameter["schema"] = _parameter["schema"].get("items", _parameter["schema"])
TOKEN = "/genesys/oauth/token"
TRUNK = {"marker": MARK, "site": SITE, "username": "hq", "password": "canary-7"}
ROUTE = {"marker": MARK, "site": SITE, "classification": CLASSIFICATION}
LINK = {**ROUTE, "phone_number": NUMBER}


def _refusal(exchange: Exchange) -> Iterator[str]:
    if not {"message", "code", "status", "contextId"} <= set(exchange.body):
        yield f"an error holds message, code, status and contextId, not {', '.join(exchange.body)}"


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Exchange]]:
    """All objects through their whole lives."""
    with contract.heard(server) as (said, patch):
        trunk, route, link = (
            Hand(f"genesys:{kind}", server.env, patch) for kind in ("Trunk", "OutboundRoute", "Attachment")
        )
        assert link.reconciler.look(link.check(**LINK)) == ("", "")
        assert trunk.up(**TRUNK) == "create"
        assert route.up(**ROUTE, trunk_id=trunk.id) == "create"
        assert link.up(**LINK) == "create"
        assert trunk.up(**{**TRUNK, "codecs": ["PCMA"]}) == "update"
        assert route.up(**ROUTE, trunk_id=trunk.id, enabled=False) == "update"
        assert all(hand.refresh() for hand in (trunk, route, link))
        for hand in (link, route, trunk):
            hand.destroy()
        carrier = registry.carriers()["genesys"]
        assert carrier.inventory
        session = Session(carrier, lambda key: None)
        inventory = carrier.inventory
        assert session.ask(lambda api: [*inventory.numbers(api)]) == []
        assert session.ask(lambda api: [*inventory.objects(api)])
        yield said


def test_every_request_and_answer_is_as_declared(ours: list[Exchange], server: Server) -> None:
    assert server.state()["genesys"]["trunks"] == []
    held = Contract(DOCUMENTS, _refusal, frozenset({TOKEN}), lacking=True)
    if DOCUMENTS:
        assert [problem for exchange in ours for problem in held.problems(exchange)] == []
        assert {path for _, path in held.seen} >= {
            "/genesys/api/v2/organizations/me",
            f"{EDGES}/sites",
            f"{EDGES}/sites/{{siteId}}/numberplans",
            f"{EDGES}/sites/{{siteId}}/outboundroutes",
            f"{EDGES}/sites/{{siteId}}/outboundroutes/{{outboundRouteId}}",
            f"{EDGES}/outboundroutes",
            f"{EDGES}/didpools/dids",
            f"{EDGES}/trunkbasesettings",
            f"{EDGES}/trunkbasesettings/template",
            f"{EDGES}/trunkbasesettings/{{trunkBaseSettingsId}}",
        }


def as_admin(server: Server, method: str, path: str, **options: Any) -> httpx.Response:
    token = server.control("GET", "secrets")["genesys"]["access_tokens"]["main"]
    return server.http.request(method, f"{EDGES}/{path}", headers={"Authorization": f"Bearer {token}"}, **options)


def plans_path(server: Server, name: str = SITE) -> str:
    site = next(each for each in server.state()["genesys"]["sites"] if each["name"] == name)
    return f"sites/{site['id']}/numberplans"


def test_what_was_deleted_is_shown_as_deleted_and_gone_for_us(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    trunk = Hand("genesys:Trunk", server.env, monkeypatch)
    trunk.up(**TRUNK)
    assert as_admin(server, "DELETE", f"trunkbasesettings/{trunk.id}").status_code == 204
    assert as_admin(server, "GET", f"trunkbasesettings/{trunk.id}").json()["state"] == "deleted"
    assert not trunk.refresh()
    server.control("POST", "switches", {"genesys.deleted": "missing"})
    assert trunk.up(**TRUNK) == "create"
    assert as_admin(server, "DELETE", f"trunkbasesettings/{trunk.id}").status_code == 204
    assert as_admin(server, "GET", f"trunkbasesettings/{trunk.id}").status_code == 404
    assert not trunk.refresh()


@pytest.mark.parametrize("status", [409, 408, 400])
def test_a_stale_version_is_read_again_and_nobodys_change_is_lost(
    server: Server, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Somebody changes the array between our read and our write: each way in which Genesys was seen to refuse that."""
    server.control("POST", "reset")
    server.control("POST", "switches", {"genesys.stale": status})
    path = plans_path(server)
    put, late = Api.put, [True]

    def slower(self: Api, to: str, body: Any) -> Any:
        if late:
            late.pop()
            theirs = {"name": "theirs", "matchType": "regex", "match": "^7", "classification": "National"}
            plans = as_admin(server, "GET", path).json()
            as_admin(server, "PUT", path, json=[theirs, *plans]).raise_for_status()
        return put(self, to, body)

    monkeypatch.setattr(Api, "put", slower)
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)
    link = Hand("genesys:Attachment", server.env, monkeypatch)
    assert link.up(**LINK) == "create"
    names = [plan["name"] for plan in as_admin(server, "GET", path).json()]
    assert names[:3] == [MARK, "theirs", "Emergency"]
    link.destroy()
    assert [plan["name"] for plan in as_admin(server, "GET", path).json()] == names[1:]


def test_entries_of_others_go_back_as_they_came(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    before = as_admin(server, "GET", plans_path(server)).json()
    link = Hand("genesys:Attachment", server.env, monkeypatch)
    link.up(**LINK)
    others = [plan for plan in as_admin(server, "GET", plans_path(server)).json() if plan["name"] != MARK]
    moved = ("priority", "version")
    assert [{k: v for k, v in plan.items() if k not in moved} for plan in others] == [
        {k: v for k, v in plan.items() if k not in moved} for plan in before
    ]
    link.destroy()


def test_a_number_of_the_organisations_own_never_leaves_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    looked = Hand("genesys:Attachment", server.env, monkeypatch)
    checked = looked.check(**{**LINK, "phone_number": "+14155550195"})
    why, _ = looked.reconciler.look(checked)
    assert why.startswith("+14155550195 is assigned to user in this organisation: Genesys calls it inside")


@pytest.mark.parametrize(
    ("site", "words"), [("Nowhere", "there is no site 'Nowhere'"), ("Old site", "are on the premises")]
)
def test_a_site_must_be_there_and_in_the_cloud(
    server: Server, monkeypatch: pytest.MonkeyPatch, site: str, words: str
) -> None:
    for kind, inputs in (("Trunk", TRUNK), ("OutboundRoute", {**ROUTE, "trunk_id": "x"}), ("Attachment", LINK)):
        hand = Hand(f"genesys:{kind}", server.env, monkeypatch)
        assert words in hand.reconciler.look(hand.check(**{**inputs, "site": site}))[0]
        with pytest.raises(errors.Permanent, match=words):
            hand.up(**{**inputs, "site": site})


def test_a_renamed_site_is_seen_and_nothing_is_lost(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    hands = {
        kind: Hand(f"genesys:{kind}", server.env, monkeypatch) for kind in ("Trunk", "OutboundRoute", "Attachment")
    }
    hands["Trunk"].up(**TRUNK)
    hands["OutboundRoute"].up(**ROUTE, trunk_id=hands["Trunk"].id)
    hands["Attachment"].up(**LINK)
    sites = Api.sites
    monkeypatch.setattr(Api, "sites", lambda self: [{**each, "name": f"New {each['name']}"} for each in sites(self)])
    for hand in hands.values():
        assert hand.refresh()
        assert hand.inputs["site"] == f"New {SITE}"


def test_two_of_one_name_are_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    trunk = Hand("genesys:Trunk", server.env, monkeypatch)
    trunk.up(**TRUNK)
    twin = as_admin(server, "GET", f"trunkbasesettings/{trunk.id}").json()
    twin["properties"]["trunk_sip_termination_uri"]["value"]["instance"] = "another"
    twin = {name: twin[name] for name in ("name", "trunkMetabase", "inboundSite")} | {
        "properties": {
            **twin["properties"],
            "trunk_sip_authentication_credentials_password": {"value": {"instance": ""}},
        }
    }
    as_admin(server, "POST", "trunkbasesettings", json=twin).raise_for_status()
    with pytest.raises(errors.Conflict, match=f"there are 2 called '{MARK[:8]}"):
        Hand("genesys:Trunk", server.env, monkeypatch).up(**TRUNK)


def test_a_trunk_that_a_strangers_route_names_stays(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    trunk = Hand("genesys:Trunk", server.env, monkeypatch)
    trunk.up(**TRUNK)
    body = {"name": "theirs", "classificationTypes": ["x"], "externalTrunkBases": [{"id": trunk.id}]}
    path = plans_path(server, OTHER).replace("numberplans", "outboundroutes")
    as_admin(server, "POST", path, json=body).raise_for_status()
    id = trunk.id
    trunk.destroy()
    assert any("also carries outbound route theirs" in warning for warning in trunk.warnings)
    assert as_admin(server, "GET", f"trunkbasesettings/{id}").json()["name"] == f"was {MARK}"


def test_a_trunk_that_still_counts_as_used_is_deleted_a_moment_later(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.control("POST", "reset")
    paused: list[float] = []
    monkeypatch.setattr(waiting, "pause", paused.append)
    trunk = Hand("genesys:Trunk", server.env, monkeypatch)
    trunk.up(**TRUNK)
    server.fault(f"DELETE {EDGES}/trunkbasesettings/*", "status", status=400, times=2)
    trunk.destroy()
    assert server.state()["genesys"]["trunks"] == []
    assert sum(paused) >= 3


def test_a_token_that_ended_is_renewed_and_the_request_made_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.control("POST", "reset")
    server.control("POST", "faults", {"match": f"POST {EDGES}/trunkbasesettings", "action": "status", "status": 401})
    assert Hand("genesys:Trunk", server.env, monkeypatch).up(**TRUNK) == "create"
    assert len(server.state()["genesys"]["trunks"]) == 1
    assert len([entry for entry in server.control("GET", "log") if entry["path"] == TOKEN]) == 2


def test_a_wrong_secret_names_the_credentials(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand("genesys:Trunk", {**server.env, "GENESYSCLOUD_OAUTHCLIENT_SECRET": "wrong"}, monkeypatch)
    with pytest.raises(errors.XtelError, match="client not found.*code invalid_client"):
        hand.up(**TRUNK)


@pytest.mark.parametrize("region", ["mypurecloud.ie", "eu-west-1", "EU-West-1", "apne3.pure.cloud"])
def test_a_region_is_a_domain_or_its_aws_name(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    hosts = _hosts(monkeypatch, region)
    domain = "mypurecloud.ie" if "w" in region.lower() or "ie" in region else region
    assert hosts == (f"https://api.{domain}", f"https://login.{domain}")


@pytest.mark.parametrize("region", ["example.com", "evil.test/mypurecloud.com", "pure.cloud"])
def test_no_secret_goes_to_a_host_that_is_no_region(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    with pytest.raises(errors.CredentialError, match="is no region of Genesys Cloud"):
        _hosts(monkeypatch, region)


def _hosts(monkeypatch: pytest.MonkeyPatch, region: str) -> tuple[str, str]:
    from providers.kernel.vendor import Settings

    given = {"GENESYSCLOUD_REGION": region}
    return genesys_api.hosts(Settings(registry.vendor("genesys"), lambda key: None, given))


def test_no_secret_is_in_the_sandboxs_log_or_answers(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.control("POST", "reset")
    trunk = Hand("genesys:Trunk", server.env, monkeypatch)
    trunk.up(**TRUNK)
    trunk.refresh()
    assert "canary-7" not in str(server.control("GET", "log")) + str(server.state())
    assert trunk.state["password"] == "canary-7"
    trunk.destroy()


# -- the flow of a DID ----------------------------------------------------------------------------------------------------

FLOW = {"marker": MARK, "phone_number": NUMBER}


@pytest.fixture
def publishes(server: Server, monkeypatch: pytest.MonkeyPatch) -> Hand:
    server.control("POST", "reset")
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)
    return Hand("genesys:Flow", server.env, monkeypatch)


def test_a_flow_and_its_call_route_are_as_declared(
    server: Server, publishes: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Exchange] = []
    monkeypatch.setattr(http, "network", lambda: Recorder(said))
    assert publishes.up(**FLOW) == "create"
    assert publishes.up(**FLOW, greeting="Hello.") == "update"
    route = Hand("genesys:CallRoute", server.env, monkeypatch)
    wanted = route.check(marker=MARK, did=DID, flow_id=publishes.id)
    assert route.reconciler.look(wanted) == ("", "")
    assert route.up(**wanted) == "create"
    assert route.up(**{**wanted, "did": OTHER_DID}) == "update"
    assert publishes.refresh()
    assert route.refresh()
    route.destroy()
    publishes.destroy()
    held = Contract(DOCUMENTS, _refusal, frozenset({TOKEN, "/genesys/uploads/.*"}), lacking=True)
    if DOCUMENTS:
        assert [problem for exchange in said for problem in held.problems(exchange)] == []
        flows, ivrs = "/genesys/api/v2/flows", "/genesys/api/v2/architect/ivrs"
        assert {path for _, path in held.seen} >= {
            *(flows, f"{flows}/jobs", f"{flows}/jobs/{{jobId}}", f"{flows}/{{flowId}}"),
            *(ivrs, f"{ivrs}/{{ivrId}}"),
        }
    assert [each for each in said if "/uploads/" in each.path and "authorization" in each.headers] == []


def test_an_import_only_reads_and_as_declared(server: Server, publishes: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = {"name": "Support", "site": SITE, "numbers": [NUMBER], "username": "hq", "password": "canary-7"}
    server.control("POST", "seed", {"genesys": {"chains": [chain]}})
    publishes.up(**FLOW)
    Hand("genesys:CallRoute", server.env, monkeypatch).up(marker=MARK, did=DID, flow_id=publishes.id)
    said: list[Exchange] = []
    monkeypatch.setattr(http, "network", lambda: Recorder(said))
    carrier = registry.carriers()["genesys"]
    assert carrier.route_import
    session = Session(carrier, lambda key: None)
    assert session.ask(carrier.route_import.numbers) == {NUMBER}
    assert session.ask(carrier.route_import.found, NUMBER).route["did"] == DID
    assert {exchange.method for exchange in said if exchange.path != TOKEN} == {"GET"}
    held = Contract(DOCUMENTS, _refusal, frozenset({TOKEN}), lacking=True)
    if DOCUMENTS:
        assert [problem for exchange in said for problem in held.problems(exchange)] == []


def test_what_architect_does_not_publish_is_told_in_its_words(publishes: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_text, "text", lambda *_: "inboundCall: {name: a, surprise: 1}")
    with pytest.raises(
        errors.Invalid, match="Architect does not publish the flow: Unknown property surprise.*next: correct"
    ):
        publishes.up(**FLOW)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/x?signed=1",
        "http://s3.amazonaws.com/x",
        "https://amazonaws.com.evil.test/",
        "",
    ],
)
def test_a_flow_goes_to_no_host_that_a_job_invents(publishes: Hand, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Api.make
    monkeypatch.setattr(Api, "make", lambda self, path, body: {**make(self, path, body), "presignedUrl": url})
    with pytest.raises(errors.Invalid, match="the upload of the flow would go to .*: nothing was sent"):
        publishes.up(**FLOW)


def test_a_flow_of_that_name_and_a_call_route_of_theirs_are_never_taken(
    server: Server, publishes: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Hand("genesys:Flow", server.env, monkeypatch)
    theirs.up(**{**FLOW, "marker": "xtel/other/s/+14155550192"})
    with pytest.raises(errors.Conflict, match="is not ours, and publishing would overwrite it"):
        publishes.up(**FLOW, take_over=True)
    Hand("genesys:CallRoute", server.env, monkeypatch).up(marker="theirs", did=DID, flow_id=theirs.id)
    with pytest.raises(errors.Conflict, match=rf"call route theirs answers \{DID}; next: take the number off it first"):
        Hand("genesys:CallRoute", server.env, monkeypatch).up(marker=MARK, did=DID, flow_id=theirs.id, take_over=True)


@pytest.mark.parametrize(
    ("did", "words"),
    [
        ("+14155550199", "is in no DID pool of this organisation"),
        ("+14155550195", "is assigned to user; next: take it off"),
    ],
)
def test_a_did_must_be_the_organisations_and_nobodys(
    server: Server, monkeypatch: pytest.MonkeyPatch, did: str, words: str
) -> None:
    hand = Hand("genesys:CallRoute", server.env, monkeypatch)
    assert words in hand.reconciler.look(hand.check(marker=MARK, did=did, flow_id="x"))[0]


def test_numbers_that_somebody_added_to_a_call_route_stay(
    server: Server, publishes: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishes.up(**FLOW)
    route = Hand("genesys:CallRoute", server.env, monkeypatch)
    route.up(marker=MARK, did=DID, flow_id=publishes.id)
    token = server.control("GET", "secrets")["genesys"]["access_tokens"]["main"]
    url, headers = f"/genesys/api/v2/architect/ivrs/{route.id}", {"Authorization": f"Bearer {token}"}
    seen = server.http.get(url, headers=headers).json()
    server.http.put(url, json={**seen, "dnis": [DID, OTHER_DID]}, headers=headers).raise_for_status()
    assert route.refresh()
    assert route.up(marker=MARK, did=DID, flow_id=publishes.id) == "same"
    route.destroy()
    assert any(f"also carries number {OTHER_DID}" in warning for warning in route.warnings)
    assert server.http.get(url, headers=headers).json()["dnis"] == [OTHER_DID]
