"""Telnyx' OpenAPI document decides: what our code sends, and what the sandbox answers, is what it declares.

With the document beside the project every request and answer is held against it; without it this test has nothing to ask.
What the SDK's own types say of the answers is in test_sandbox_telnyx.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.kernel import registry
from providers.kernel.purchase import Buy
from providers.kernel.session import Session
from providers.telnyx.shop import Shop
from tests import contract
from tests.conformance.lives import lived
from tests.conformance.subjects.telnyx import SUBJECT
from tests.contract import Contract, Exchange
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("telnyx_openapi_cut.json")
for _document in DOCUMENTS:
    _document["paths"] = {f"/v2{path}": verbs for path, verbs in _document["paths"].items()}
#: Not among the documents: whose key it is, and applications that a number may be on.
ELSEWHERE = frozenset({"/v2/whoami", "/v2/organizations/users", "/v2/call_control_applications.*"})
#: Known to the SDK (4.189.0), which is newer than the document.
NEWER: dict[str, Any] = {"bridge_generate_comfort_noise_on_cn": {}, "conversation_persistence": {}}
for _document in DOCUMENTS:
    _document["components"]["schemas"]["FqdnConnection"]["properties"] |= NEWER
MADE = ("fqdn_connections", "fqdns", "outbound_voice_profiles")
#: Assumed (docs/telnyx.md): no document says how a number leaves a connection.
CLEARED = frozenset({"connection_id"})


def _refusal(exchange: Exchange) -> Iterator[str]:
    for error in exchange.body["errors"]:
        if not {"code", "title", "detail"} <= set(error):
            yield f"an error holds code, title and detail, not {', '.join(error)}"


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Exchange]]:
    """All objects through their whole lives; the inventory; a number bought and given back."""
    with contract.heard(server) as (said, patch):
        for hand in reversed(lived(SUBJECT, server.env, patch).values()):
            hand.destroy()
        carrier = registry.carriers()["telnyx"]
        assert carrier.inventory
        session, inventory, shop = Session(carrier, lambda key: None), carrier.inventory, Shop()
        assert session.account()
        assert session.ask(lambda api: [*inventory.numbers(api)])
        session.ask(lambda api: [*inventory.objects(api)])
        offered = session.ask(lambda api: shop.offers(api, Buy(country="US", area_code="415")))[0].number
        session.ask(lambda api: shop.buy(api, offered))
        assert session.ask(lambda api: shop.holding(api, offered, fresh=True))
        yield said


def test_every_request_and_answer_is_as_declared(ours: list[Exchange]) -> None:
    held = Contract(DOCUMENTS, _refusal, ELSEWHERE, CLEARED, lacking=True)
    if DOCUMENTS:
        found = sorted({problem for exchange in ours for problem in held.problems(exchange)})
        assert not found, "\n".join(found)
        assert held.seen == {
            *((method, f"/v2/{kind}") for kind in (*MADE, "number_orders") for method in ("GET", "POST")),
            *((method, f"/v2/{kind}/{{id}}") for kind in MADE for method in ("GET", "PATCH", "DELETE")),
            *(("GET", f"/v2/{kind}") for kind in ("available_phone_numbers", "connections", "phone_numbers")),
            *((method, "/v2/phone_numbers/{id}/voice") for method in ("GET", "PATCH")),
            ("PATCH", "/v2/phone_numbers/{id}"),
            ("GET", "/v2/phone_numbers/voice"),
        }
