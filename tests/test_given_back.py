"""What others use too is given back, never deleted: our parts go, theirs stay, and the name that it had is there again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conformance.subject import subjects
from tests.conftest import Sandbox
from tests.reconciling import Hand

OTHER = {"twilio": "+12125550110", "telnyx": "+13125550142", "plivo": "+13035550164"}
NAMES = {"twilio": "friendly_name", "telnyx": "connection_name", "plivo": "name"}
TRUNKS = {"twilio": "trunks", "telnyx": "fqdn_connections", "plivo": "trunks"}
KINDS = {"twilio": "Trunk", "telnyx": "Connection", "plivo": "Trunk"}


@dataclass(frozen=True)
class Case:
    """What somebody else has on a trunk or connection, and how the warning says so."""

    carrier: str
    add: Callable[[Any, str, Sandbox], object]
    says: str


def _attached(carrier: str) -> Callable[[Any, str, Sandbox], object]:
    def attach(world: Any, id: str, sandbox: Sandbox) -> None:
        number = OTHER[carrier]
        if carrier == "plivo":
            world.link(number, id)
            return
        own = sandbox.numbers(carrier)[number]
        if carrier == "twilio":
            world.post(f"/v1/Trunks/{id}/PhoneNumbers", PhoneNumberSid=own["sid"])
        else:
            world.ask("PATCH", f"phone_numbers/{own['id']}", connection_id=id)

    return attach


def _profile(world: Any, id: str, sandbox: Sandbox) -> None:
    made = world.ask("POST", "outbound_voice_profiles", name="calls out").json()["data"]["id"]
    world.connection(id, outbound={"outbound_voice_profile_id": made})


URL = {"FriendlyName": "theirs", "SipUrl": "sip:pbx.example.com", "Priority": "5", "Weight": "1", "Enabled": "true"}
CASES = {
    **{
        f"{carrier}: number": Case(carrier, _attached(carrier), f"number {number}") for carrier, number in OTHER.items()
    },
    "twilio: domain": Case(
        "twilio",
        lambda world, id, _: world.trunking(id, DomainName="theirs.pstn.twilio.com"),
        "termination domain theirs.pstn.twilio.com",
    ),
    "twilio: URL": Case(
        "twilio",
        lambda world, id, _: world.post(f"/v1/Trunks/{id}/OriginationUrls", **URL),
        "origination URL sip:pbx.example.com (priority 5, weight 1)",
    ),
    "twilio: credentials": Case(
        "twilio",
        lambda world, id, _: world.post(f"/v1/Trunks/{id}/CredentialLists", CredentialListSid="CL" + "0" * 32),
        "credential lists",
    ),
    "twilio: access list": Case(
        "twilio",
        lambda world, id, _: world.post(
            f"/v1/Trunks/{id}/IpAccessControlLists", IpAccessControlListSid="AL" + "0" * 32
        ),
        "IP access control lists",
    ),
    "telnyx: FQDN": Case(
        "telnyx",
        lambda world, id, _: world.ask("POST", "fqdns", connection_id=id, fqdn="pbx.example.com", dns_record_type="a"),
        "FQDN pbx.example.com",
    ),
    "telnyx: profile": Case("telnyx", _profile, "outbound voice profile "),
}


def _wired(carrier: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, Hand]:
    """A number on objects of ours."""
    subject = subjects()[carrier]
    world: Any = subject.world(sandbox)
    made: dict[str, Hand] = {}
    for sample in subject.samples:
        if sample.kind in {"Recording", "Profile"}:
            continue
        hand = Hand(f"{carrier}:{sample.kind}", world.env(), monkeypatch)
        inputs = {name: value for name, value in _inputs(sample.inputs, made).items() if name != "profile_id"}
        hand.up(**inputs)
        made[sample.kind] = hand
        if sample.attaches:
            break
    return made


def _inputs(build: Callable[[Mapping[str, Hand]], dict[str, Any]], made: Mapping[str, Hand]) -> dict[str, Any]:
    class Made(dict[str, Hand]):
        def __missing__(self, name: str) -> Any:
            return type("Left", (), {"id": None})

    return build(Made(made))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_others_use_too_is_given_back(case: Case, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    world: Any = subjects()[case.carrier].world(sandbox)
    made = _wired(case.carrier, sandbox, monkeypatch)
    trunk = made[KINDS[case.carrier]]
    trunk.state["named"] = "pbx"  # the name it had when it was imported
    case.add(world, trunk.id, sandbox)
    for hand in reversed(list(made.values())):
        hand.destroy()
    assert any(f"it stays, called 'pbx', for it also carries {case.says}" in warned for warned in trunk.warnings)
    [left] = sandbox.state()[case.carrier][TRUNKS[case.carrier]]
    assert left[NAMES[case.carrier]] == "pbx"
    theirs = sandbox.numbers(case.carrier) if case.carrier != "plivo" else {}
    assert not any(
        number.get("trunk_sid") or number.get("connection_id")
        for e164, number in theirs.items()
        if e164 != OTHER[case.carrier]
    )


@pytest.mark.parametrize("carrier", OTHER)
def test_what_is_ours_alone_is_deleted(carrier: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for hand in reversed(list(_wired(carrier, sandbox, monkeypatch).values())):
        hand.destroy()
    assert sandbox.state()[carrier][TRUNKS[carrier]] == []


@pytest.mark.parametrize("carrier", OTHER)
def test_the_name_it_had_is_kept_from_the_rename_on(
    carrier: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = _wired(carrier, sandbox, monkeypatch)[KINDS[carrier]]
    ours = trunk.inputs["marker"]
    trunk.state["marker"] = trunk.inputs["marker"] = "Old PBX"  # as an import leaves it
    assert trunk.up(**{**trunk.inputs, "marker": ours}) == "update"
    assert trunk.state["named"] == "Old PBX"
    assert trunk.refresh()
    assert trunk.up(**{**trunk.inputs, "marker": f"{ours[:-1]}9"}) == "update"
    assert trunk.state["named"] == "Old PBX"


def test_a_choice_of_others_stays_when_ours_is_taken_back(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    world: Any = subjects()["telnyx"].world(sandbox)
    made = _wired("telnyx", sandbox, monkeypatch)
    id, ours = made["Connection"].id, made["Fqdn"].id
    theirs = world.ask("POST", "fqdns", connection_id=id, fqdn="pbx.example.com", dns_record_type="a").json()["data"][
        "id"
    ]
    world.inbound(id, default_secondary_fqdn_id=theirs)
    routing = Hand("telnyx:Routing", world.env(), monkeypatch)
    routing.id, routing.state = id, {"connection_id": id, "primary": ours, "method": "sequential"}
    routing.destroy()
    inbound = world.ask("GET", f"fqdn_connections/{id}").json()["data"]["inbound"]
    assert (inbound["default_primary_fqdn_id"], inbound["default_secondary_fqdn_id"]) == (theirs, None)


@dataclass(frozen=True)
class Kept:
    """A setting that no stack file can say, the change of a declared one, and where the vendor shows the former."""

    kind: str
    given: Callable[[Any, str], object]
    change: dict[str, Any]
    collection: str
    shows: Callable[[dict[str, Any]], Any]
    value: Any


KEPT = {
    "twilio: trunk": Kept(
        "Trunk",
        lambda world, id: world.trunking(id, DomainName="theirs.pstn.twilio.com"),
        {"secure": True},
        "trunks",
        lambda shown: shown["domain_name"],
        "theirs.pstn.twilio.com",
    ),
    "twilio: number": Kept(
        "Attachment",
        lambda world, id: world.number(id, SmsUrl="https://sms.example.com/"),
        {"receives": "fax"},
        "numbers",
        lambda shown: shown["sms_url"],
        "https://sms.example.com/",
    ),
    "telnyx: inbound": Kept(
        "Connection",
        lambda world, id: world.inbound(id, prack_enabled=True, shaken_stir_enabled=True),
        {"codecs": ["G722"]},
        "fqdn_connections",
        lambda shown: (shown["inbound"]["prack_enabled"], shown["inbound"]["shaken_stir_enabled"]),
        (True, True),
    ),
    "telnyx: tags": Kept(
        "Connection",
        lambda world, id: world.connection(id, tags=["theirs"], dtmf_type="Inband"),
        {"sip_region": "Europe"},
        "fqdn_connections",
        lambda shown: (shown["tags"], shown["dtmf_type"]),
        (["theirs"], "Inband"),
    ),
    "telnyx: number": Kept(
        "Attachment",
        lambda world, id: world.ask("PATCH", f"phone_numbers/{id}", tags=["theirs"]),
        {"screening": "flag_calls"},
        "numbers",
        lambda shown: shown["tags"],
        ["theirs"],
    ),
}


@pytest.mark.parametrize(("carrier", "case"), [(name.partition(":")[0], case) for name, case in KEPT.items()], ids=KEPT)
def test_what_no_file_can_say_stays_as_it_is(
    carrier: str, case: Kept, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world: Any = subjects()[carrier].world(sandbox)
    hand = _wired(carrier, sandbox, monkeypatch)[case.kind]
    case.given(world, hand.id)
    assert hand.refresh()
    assert hand.up(**{**hand.inputs, **case.change}) == "update"
    shown = next(
        each for each in sandbox.state()[carrier][case.collection] if hand.id in (each.get("sid"), each.get("id"))
    )
    assert case.shows(shown) == case.value
