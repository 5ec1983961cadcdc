"""Numbers as they stand at the vendors, whoever made them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.kernel import registry
from providers.kernel.errors import AccountError, CredentialError
from stacks.graph import REGISTRATION
from stacks.resource import Resource
from tests.calling import wiring
from tests.calling.wiring import NUMBERS, WEBHOOK
from tests.sandbox.conftest import Server
from tests.trace.network import hop, traced
from xtel.proof.trace import live
from xtel.proof.trace.live import Known
from xtel.proof.trace.model import TracedNumber

TWILIO, TELNYX, PLIVO = (NUMBERS[name] for name in ("twilio", "telnyx", "plivo"))
OWNED = {name: NUMBERS[name] for name in ("twilio", "telnyx", "plivo", "vonage", "chime")}


@pytest.fixture(autouse=True)
def credentials(sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)


def seen(*known: Known) -> list[TracedNumber]:
    return [traced(each) for each in live.read(known, lambda key: None)]


def test_a_pbx_whose_rule_is_gone_ends_calls_at_the_attachment(sandbox: Server) -> None:
    """These own no numbers: nothing there is to be bought."""
    for name, why in (
        ("zoom", "no routing rule is for the number"),
        ("webex", "no dial plan has the number as a pattern"),
        ("genesys", "no site has the number in a number plan of its own"),
    ):
        wiring.xai(sandbox, NUMBERS[name])
        [found] = seen(Known(name, NUMBERS[name], name))
        assert found.ends_at == "attachment", name
        assert hop(found, "attachment").why == f"{name} does not send its calls on: {why}"
        assert hop(found, "attachment").fix.startswith("xtel apply STACK")


def test_a_number_plan_before_ours_ends_calls_at_the_attachment(sandbox: Server) -> None:
    wiring.genesys(sandbox)
    wiring.genesys_plan_first(sandbox, "All US", r"^\+1\d{10}$")
    [found] = seen(Known("desk", NUMBERS["genesys"], "genesys"))
    assert found.ends_at == "attachment"
    assert "number plan All US of site" in hop(found, "attachment").why
    assert hop(found, "attachment").why.endswith("takes its calls first")


@pytest.mark.parametrize("name", ["zoom", "twilio", "xai"])
def test_another_account_is_an_error(sandbox: Server, name: str) -> None:
    """Never a reason to believe that everything is gone."""
    number = NUMBERS.get(name, TWILIO)
    ours = Resource(f"{number}/a", f"{name}:Attachment", {}, number, id=number, outputs={"account": "of another"})
    with pytest.raises(AccountError, match="of another, but the credentials are of"):
        seen(Known("support", number, name, [ours]))


def test_it_only_reads(sandbox: Server) -> None:
    for name, number in OWNED.items():
        getattr(wiring, name)(sandbox)
        wiring.xai(sandbox, number)
    sandbox.control("DELETE", "log")
    found = seen(*(Known(number, number) for number in OWNED.values()))
    asked = [entry for entry in sandbox.log() if not entry["path"].endswith("/oauth/token")]
    assert {entry["method"] for entry in asked} == {"GET"}
    assert [hop(each, "number").why for each in found] == [f"the account at {name} owns it" for name in OWNED]
    assert [each.ends_at for each in found] == [None] * len(OWNED)


def test_objects_are_named_by_their_ids(sandbox: Server) -> None:
    wiring.telnyx(sandbox, active=False)
    [connection] = sandbox.state()["telnyx"]["fqdn_connections"]
    [found] = seen(Known(TELNYX, TELNYX))
    assert hop(found, "trunk").object == f"telnyx Connection {connection['id']}"


def test_a_carrier_that_cannot_be_asked_may_own_it(sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring.twilio(sandbox)
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    [found] = seen(Known(TWILIO, TWILIO))
    assert hop(found, "number").verdict == "unknown" and "not asked: twilio" in hop(found, "number").why


def test_a_carrier_that_tells_nothing_may_own_it(sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of another distribution may."""
    wiring.plivo(sandbox)
    plivo = replace(registry.carriers()["plivo"], on_the_way=None)
    monkeypatch.setitem(registry.carriers(), "plivo", plivo)
    monkeypatch.setitem(registry.vendors(), "plivo", plivo)
    trunk = Resource(f"{PLIVO}/trunk", "plivo:Trunk", {"primary": "u"}, PLIVO, id="t")
    uri = Resource(f"{PLIVO}/uri", "plivo:Uri", {"uri": "sip:sip.voice.x.ai;transport=tls"}, PLIVO, id="u")
    link = Resource(
        f"{PLIVO}/attachment", "plivo:Attachment", {"phone_number": PLIVO, "trunk_id": "t"}, PLIVO, id=PLIVO
    )
    [found] = seen(Known("nyc", PLIVO, "plivo", [trunk, uri, link]))
    assert hop(found, "number").verdict == "unknown"
    assert hop(found, "trunk").verdict == "pass"  # as the state has it


def test_without_xai_nothing_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XAI_API_KEY")
    with pytest.raises(CredentialError):
        seen(Known(TWILIO, TWILIO))


@pytest.mark.parametrize(("same", "why"), [(True, WEBHOOK), (False, "it has a webhook; xAI shows nobody its URL")])
def test_the_state_knows_the_webhook_as_long_as_it_is_the_same(sandbox: Server, same: bool, why: str) -> None:
    id = wiring.xai(sandbox, TWILIO)
    told = wiring.ok(sandbox.xai("GET", f"/v2/phone-numbers/{id}"))["phone_number"]
    outputs = {"webhook_id": told["webhook_id"] if same else "webhook_of_before"}
    ours = Resource(TWILIO, REGISTRATION, {"webhook": {"url": WEBHOOK}}, TWILIO, id=id, outputs=outputs)
    [found] = seen(Known("support", TWILIO, "twilio", [ours]))
    assert why in hop(found, "webhook").why


def test_a_number_that_is_not_active_takes_no_calls(sandbox: Server) -> None:
    idle = "+12125550199"
    sandbox.control("POST", "seed", {"plivo": {"numbers": [{"phone_number": idle, "active": False}]}})
    [found] = seen(Known(idle, idle))
    assert found.ends_at == "number" and "not active" in hop(found, "number").why


def test_every_carrier_with_an_account_can_be_asked() -> None:
    """Else a trace that finds a number nowhere could not say that nobody has it."""
    for carrier in registry.carriers().values():
        assert bool(carrier.on_the_way) == bool(carrier.credentials), carrier.name
