"""Dialogs: route sets, order, and where requests within them go (RFC 3261 §12)."""

from __future__ import annotations

import pytest

from signaling import uri
from signaling.dialog import Dialog, request_identity
from signaling.errors import ParseError
from signaling.headers import Headers
from signaling.message import Request, response_to

PROXIES = ["<sip:p2.example.com;lr>, <sip:p1.example.com;lr>"]


def invite(*more: tuple[str, str], routes: list[str] = PROXIES) -> Request:
    fields = [
        ("Via", "SIP/2.0/TLS a.example.com;branch=z9hG4bK1"),
        ("From", "<sip:a@example.com>;tag=caller"),
        ("To", "<sip:b@example.com>"),
        ("Call-ID", "id"),
        ("CSeq", "7 INVITE"),
        ("Contact", "<sip:a@192.0.2.1:5061;transport=tls>"),
        *(("Record-Route", value) for value in routes),
        *more,
    ]
    return Request("INVITE", uri.parse("sip:b@example.com"), headers=Headers(fields))


def pair(routes: list[str] = PROXIES) -> tuple[Dialog, Dialog]:
    asked = invite(routes=routes)
    answer = response_to(asked, 200, to_tag="called", headers=[("Contact", "<sip:b@192.0.2.2>")])
    return Dialog.calling(asked, answer), Dialog.called(asked, "called")


def test_both_sides_see_one_dialog() -> None:
    calling, called = pair()
    assert calling.identity == ("id", "caller", "called")
    assert called.identity == ("id", "called", "caller")
    bye = called.request("BYE")
    assert request_identity(bye) == calling.identity
    assert (str(bye.from_), str(bye.to)) == ("<sip:b@example.com>;tag=called", "<sip:a@example.com>;tag=caller")


def test_routes_run_one_way_for_the_called_and_the_other_way_for_the_caller() -> None:
    calling, called = pair()
    assert called.request("BYE").headers.values("Route") == ["<sip:p2.example.com;lr>", "<sip:p1.example.com;lr>"]
    assert calling.request("BYE").headers.values("Route") == ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]
    assert str(called.request("BYE").uri) == "sip:a@192.0.2.1:5061;transport=tls"
    assert str(calling.next_hop) == "sip:p1.example.com;lr"


def test_without_a_route_the_contact_is_next() -> None:
    calling, _ = pair([])
    assert str(calling.next_hop) == str(calling.request("BYE").uri) == "sip:b@192.0.2.2"
    assert calling.request("BYE").headers.values("Route") == []


def test_a_strict_router_becomes_the_request_uri() -> None:
    _, called = pair(["<sip:strict.example.com;method=X>, <sip:p1.example.com;lr>"])
    bye = called.request("BYE")
    assert str(bye.uri) == "sip:strict.example.com"
    assert bye.headers.values("Route") == ["<sip:p1.example.com;lr>", "<sip:a@192.0.2.1:5061;transport=tls>"]


def test_numbers_rise_and_an_ack_keeps_its_invites() -> None:
    calling, _ = pair()
    assert [calling.request(method).cseq.number for method in ("INVITE", "BYE")] == [8, 9]
    assert str(calling.ack(8).cseq) == "8 ACK"


def test_what_is_out_of_order_is_refused() -> None:
    calling, called = pair()
    called.receive(calling.request("OPTIONS"))
    late = calling.ack(3)
    called.receive(late)
    late.method = "BYE"
    late.headers.set("CSeq", "8 BYE")
    with pytest.raises(ParseError) as found:
        called.receive(late)
    assert found.value.status == 500


def test_a_new_contact_moves_the_target() -> None:
    calling, called = pair()
    again = calling.request("INVITE", [("Contact", "<sip:a@198.51.100.1>")])
    called.refresh(again)
    assert str(called.request("BYE").uri) == "sip:a@198.51.100.1"
    called.refresh(calling.request("UPDATE"))
    assert str(called.remote_target) == "sip:a@198.51.100.1"


def test_an_invite_without_contact_makes_no_dialog() -> None:
    asked = invite()
    asked.headers.remove("Contact")
    with pytest.raises(ParseError, match="Contact"):
        Dialog.called(asked, "called")


def test_a_200_without_contact_is_forgiven() -> None:
    asked = invite()
    assert Dialog.calling(asked, response_to(asked, 200, to_tag="called")).remote_target == asked.uri
