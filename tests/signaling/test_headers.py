"""Header fields that have an inside (RFC 3261 §20)."""

from __future__ import annotations

import pytest

from signaling.errors import ParseError
from signaling.headers import CSeq, Headers, NameAddr, Via, quoted, split, unquote
from signaling.uri import SipUri


def test_names_compare_without_case_and_with_compact_forms() -> None:
    headers = Headers([("v", "one"), ("VIA", "two, three"), ("i", "id"), ("x-custom-id", "kept"), ("y", "sig")])
    assert headers.all("Via") == ["one", "two, three"]
    assert headers.values("via") == ["one", "two", "three"]
    assert headers.get("CALL-ID") == "id"
    assert [name for name, _ in headers] == ["Via", "Via", "Call-ID", "X-Custom-Id", "Identity"]
    headers.set("v", "only")
    assert [value for name, value in headers if name == "Via"] == ["only"]
    headers.remove("i")
    assert "Call-ID" not in headers and "Subject" not in headers


@pytest.mark.parametrize(
    ("text", "display", "uri", "parameters"),
    [
        ("sip:a@h;tag=1", "", "sip:a@h", (("tag", "1"),)),
        ("<sip:a@h;lr>;tag=1", "", "sip:a@h;lr", (("tag", "1"),)),
        ('"A, \\"B\\" <x>" <sip:a@h> ; q = 0.5', 'A, "B" <x>', "sip:a@h", (("q", "0.5"),)),
        ("caller<sip:a@h>", "caller", "sip:a@h", ()),
        ("A. B <tel:+1415>", "A. B", "tel:+1415", ()),
        ("<sip:a@h?Subject=x>", "", "sip:a@h?Subject=x", ()),
    ],
)
def test_addresses(text: str, display: str, uri: str, parameters: tuple[tuple[str, str], ...]) -> None:
    address = NameAddr.parse(text)
    assert (address.display, str(address.uri), address.parameters) == (display, uri, parameters)
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        '"open <sip:a@h>',
        '"a" sip:a@h',
        "< sip:a@h >",
        "Bell, A <sip:a@h>",
        "<sip:a@h",
        "sip:a@h?x=y",
        "<sip:a@h>x",
        "<sip:a@h>;;",
        "",
    ],
)
def test_malformed_addresses(text: str) -> None:
    with pytest.raises(ParseError):
        NameAddr.parse(text)


def test_a_tag_replaces_a_tag() -> None:
    assert str(NameAddr(SipUri("h"), parameters=(("tag", "old"), ("x", None))).tagged("new")) == "<sip:h>;x;tag=new"


@pytest.mark.parametrize(
    ("text", "address", "marked"),
    [
        ("SIP/2.0/TLS h:5061;branch=z9hG4bK1;rport", ("192.0.2.1", 40000), ";rport=40000;received=192.0.2.1"),
        ("SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1", ("192.0.2.1", 40000), ""),
        ("SIP / 2.0 / TCP  h : 5060 ; branch = z9hG4bK1", ("192.0.2.1", 1), ";received=192.0.2.1"),
    ],
)
def test_via(text: str, address: tuple[str, int], marked: str) -> None:
    via = Via.parse(text)
    assert via.branch == "z9hG4bK1"
    assert str(via.seen_from(*address)).partition("z9hG4bK1")[2] == marked


@pytest.mark.parametrize(
    "text", ["SIP/3.0/TLS h", "h;branch=1", "SIP/2.0/TLS", "SIP/2.0/UDP 192.0.2.15;;", "SIP/2.0/UDP h:x"]
)
def test_malformed_via(text: str) -> None:
    with pytest.raises(ParseError):
        Via.parse(text)


@pytest.mark.parametrize(
    "text", ["1", "x INVITE", "-1 INVITE", "2147483648 INVITE", "1 INVITE x", "1 IN,VITE", "٣ INVITE"]
)
def test_malformed_cseq(text: str) -> None:
    with pytest.raises(ParseError):
        CSeq.parse(text)


def test_cseq() -> None:
    assert CSeq.parse("0009\r\n  INVITE") == CSeq(9, "INVITE")


def test_separators_in_quotes_and_brackets_separate_nothing() -> None:
    assert split('"a,b" <sip:x,y>, c', ",") == ['"a,b" <sip:x,y>', "c"]
    assert unquote(quoted('a"b\\c')) == 'a"b\\c'
    with pytest.raises(ParseError):
        split('a, "b', ",")
