"""Buying and releasing, one object at a time: what no engine test and no case of the conformance suite shows."""

from __future__ import annotations

import pytest

from providers.kernel import errors, purchase
from providers.kernel.purchase import Buy
from tests.conftest import Sandbox
from tests.reconciling import Hand

NUMBERS = {"twilio": "+14155551007", "telnyx": "+14155552007", "plivo": "+14155553007"}
each_carrier = pytest.mark.parametrize("carrier", NUMBERS)


def counters(sandbox: Sandbox) -> tuple[int, int]:
    found = sandbox.state()["counters"]
    return found["purchases"], found["releases"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("1.15", "usd"), "1.15 USD a month"),
        (("1", "USD", "1.00000"), "1.00 USD a month, 1.00 USD once"),
        (("0.80000", "", "0.00000"), "0.80 a month"),
        ((None, "USD"), ""),
        (("1", "USD", "free"), ""),
    ],
)
def test_prices_in_words(given: tuple[str, ...], text: str) -> None:
    assert purchase.price(*given) == text


@pytest.mark.parametrize(
    ("number", "country", "kind"),
    [
        ("+14155552007", "US", "local"),
        ("+18335552007", "US", "toll_free"),
        ("+442079460011", "GB", "local"),
        ("+447911123456", "GB", "mobile"),
        ("+14165552007", "CA", "local"),
    ],
)
def test_what_finds_a_number_again(number: str, country: str, kind: str) -> None:
    assert purchase.like(number) == Buy(country=country, type=kind, area_code=None)  # type: ignore[arg-type]


def test_telnyx_is_searched_before_it_takes_an_order(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand("telnyx:Purchase", sandbox.env(), monkeypatch)
    assert hand.up(phone_number=NUMBERS["telnyx"]) == "create"
    asked = [
        (entry["method"], entry["path"], entry["status"])
        for entry in sandbox.log()
        if "phone_numbers/" not in entry["path"]
    ]
    order = ("POST", "/v2/number_orders")
    refused = asked.index((*order, 422))
    assert asked[refused : refused + 3] == [(*order, 422), ("GET", "/v2/available_phone_numbers", 200), (*order, 200)]
    assert counters(sandbox) == (1, 0)


def test_an_order_that_needs_somebody_says_so(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    number = {"phone_number": NUMBERS["telnyx"], "status": "requirement-info-pending"}
    sandbox.seed({"telnyx": {"numbers": [number]}})
    with pytest.raises(errors.Conflict, match="its status is requirement-info-pending; next: see what the carrier's"):
        Hand("telnyx:Purchase", sandbox.env(), monkeypatch).up(phone_number=NUMBERS["telnyx"])
    assert counters(sandbox) == (0, 0)


def test_an_order_that_takes_too_long_is_gone_on_with(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.switch(telnyx__order_seconds=2)
    hand = Hand("telnyx:Purchase", sandbox.env(), monkeypatch)
    monkeypatch.setattr("providers.kernel.operation.Operation.remaining", lambda self: 0.0)
    with pytest.raises(
        errors.Temporary,
        match="ordered, but cannot be used yet \\(purchase-pending\\); next: run `pulumi up` again later",
    ):
        hand.up(phone_number=NUMBERS["telnyx"])
    monkeypatch.undo()
    assert Hand("telnyx:Purchase", sandbox.env(), monkeypatch).up(phone_number=NUMBERS["telnyx"]) == "create"
    assert counters(sandbox) == (1, 0)


@each_carrier
def test_a_release_whose_answer_is_lost_is_one_release(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, carrier: str
) -> None:
    monkeypatch.setenv(purchase.ALLOW_RELEASE, NUMBERS[carrier])
    hand = Hand(f"{carrier}:Purchase", sandbox.env(), monkeypatch)
    hand.up(phone_number=NUMBERS[carrier], on_delete="release")
    sandbox.fault("DELETE /**", "drop_after")
    hand.destroy()
    assert counters(sandbox) == (1, 1)
    assert sandbox.faults_left() == []
    assert hand.warnings == []


def test_a_number_that_the_run_declares_is_not_given_back(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine does to replace a resource, or to remove it while another one has the number."""
    monkeypatch.setenv(purchase.ALLOW_RELEASE, NUMBERS["twilio"])
    hand = Hand("twilio:Purchase", sandbox.env(), monkeypatch)
    hand.up(phone_number=NUMBERS["twilio"], on_delete="release")
    hand.restart()
    hand.check(phone_number=NUMBERS["twilio"])
    hand.reconciler.delete(hand.id, hand.state)
    assert counters(sandbox) == (1, 0)


def test_a_price_that_cannot_be_had_stops_nobody(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.fault("GET /v1/PhoneNumbers/Countries/*", "status", status=403)
    hand = Hand("twilio:Choice", sandbox.env(), monkeypatch)
    assert hand.up(marker="m", buy={"country": "GB", "type": "mobile", "area_code": 7700}) == "create"
    assert hand.state["e164"].startswith("+447700900")
    assert hand.state["price"] == ""


@pytest.mark.parametrize("carrier", ["telnyx", "plivo"])
def test_toll_free_numbers(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    hand = Hand(f"{carrier}:Choice", sandbox.env(), monkeypatch)
    assert hand.up(marker="m", buy={"country": "US", "type": "toll_free", "area_code": "833"}) == "create"
    assert hand.state["e164"].startswith("+1833")
    assert hand.refresh()


def test_what_is_for_sale_nowhere(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for carrier in NUMBERS:
        with pytest.raises(errors.NotFound, match="no mobile number in US is for sale now; next: "):
            Hand(f"{carrier}:Choice", sandbox.env(), monkeypatch).up(
                marker="m", buy={"country": "US", "type": "mobile"}
            )


def forget(sandbox: Sandbox, carrier: str, looks: int) -> None:
    """The carrier does not find a number it has, so many times; its list of all numbers shows it."""
    if carrier == "plivo":
        sandbox.fault("GET /v1/Account/*/Number/*/", "status", status=404, times=looks)
    elif carrier == "twilio":
        body = {"incoming_phone_numbers": [], "next_page_uri": None}
        path = "GET /2010-04-01/Accounts/*/IncomingPhoneNumbers.json"
        sandbox.fault(path, "status", status=200, body=body, times=looks)
    else:
        sandbox.fault("GET /v2/phone_numbers", "status", status=200, body={"data": []}, times=looks)


@each_carrier
@pytest.mark.parametrize("owned", [False, True])
def test_what_the_account_has_is_not_bought_for_a_look_that_missed_it(
    carrier: str, owned: bool, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = NUMBERS[carrier]
    sandbox.seed({carrier: {"numbers": [{"phone_number": number}]}})
    forget(sandbox, carrier, 1)
    assert Hand(f"{carrier}:Purchase", sandbox.env(), monkeypatch).up(phone_number=number, owned=owned) == "create"
    assert counters(sandbox) == (0, 0)
    assert sandbox.faults_left() == []


@each_carrier
def test_a_bought_number_is_not_forgotten_for_two_looks_that_missed_it(
    carrier: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice, bought = (Hand(f"{carrier}:{kind}", sandbox.env(), monkeypatch) for kind in ("Choice", "Purchase"))
    choice.up(marker="xtel/p/s/a", buy={"country": "US", "area_code": "415"})
    bought.up(marker="xtel/p/s/a", phone_number=choice.id)
    for hand in (choice, bought):
        forget(sandbox, carrier, 2)
        assert hand.refresh()
        sandbox.http.delete("/_sandbox/faults").raise_for_status()
    assert counters(sandbox) == (1, 0)
