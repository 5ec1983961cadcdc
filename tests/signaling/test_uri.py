"""URIs: what is read, what is written, what is the same (RFC 3261 §19.1), and what a stack file may hold."""

from __future__ import annotations

import string
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from providers.kernel import values
from signaling import uri
from signaling.errors import ParseError
from signaling.uri import OtherUri, SipUri, TelUri
from tests.signaling.calling import patient


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("sip:alice@example.com", SipUri("example.com", "alice")),
        ("SIP:example.com", SipUri("example.com")),
        ("sips:a:b@192.0.2.1:5061", SipUri("192.0.2.1", "a", 5061, scheme="sips", password="b")),
        ("sip:[2001:db8::1]:5060", SipUri("[2001:db8::1]", port=5060)),
        ("sip:+1@h;Transport=tls;lr", SipUri("h", "+1", parameters=(("transport", "tls"), ("lr", None)))),
        ("sip:a%40b@h;x=%3b", SipUri("h", "a@b", parameters=(("x", ";"),))),
        ("sip:user;par=u%40example.net@example.com", SipUri("example.com", "user;par=u@example.net")),
        ("sip:h?Subject=hi%20there&X=", SipUri("h", headers=(("Subject", "hi there"), ("X", "")))),
        ("sip:h;lr?a=b", SipUri("h", parameters=(("lr", None),), headers=(("a", "b"),))),
        ("tel:+1-415-555-0100;ext=7", TelUri("+14155550100", (("ext", "7"),))),
        ("isbn:2983792873", OtherUri("isbn:2983792873", "isbn")),
        ("urn:service:sos", OtherUri("urn:service:sos", "urn")),
    ],
)
def test_read(text: str, read: uri.Uri) -> None:
    assert uri.parse(text) == read
    assert uri.parse(str(read)) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "alice@example.com",
        "<sip:a@example.com>",
        "sip:@example.com",
        "sip::p@example.com",
        "sip:a@",
        "sip:a@exa mple.com",
        "sip:a@example.com; lr",
        "sip:a@example.com;",
        "sip:a@example.com:65536",
        "sip:a@example.com:",
        "sip:a@example.com:١",
        "sip:a@-example.com",
        "sip:a@example.com?novalue",
        "sip:a@[2001:db8::1",
        "tel:",
        "tel:four",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ParseError):
        uri.parse(text)


def test_another_scheme_than_sip_is_416() -> None:
    with pytest.raises(ParseError) as found:
        uri.parse_sip("tel:+14155550100")
    assert found.value.status == 416


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [  # the table of RFC 3261 §19.1.4
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", True),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", True),
        ("sip:biloxi.com;transport=tcp;method=REGISTER", "sip:biloxi.com;method=REGISTER;transport=tcp", True),
        ("sip:h?a=1&b=2", "sip:h?b=2&a=1", True),
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", False),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", False),
        ("sip:a@h", "sips:a@h", False),
        ("sip:+1@h", "tel:+1", False),
        ("tel:+1-415", "tel:+1415", True),
        ("urn:a", "urn:a", True),
    ],
)
def test_the_same(left: str, right: str, same: bool) -> None:
    assert uri.parse(left).same_as(uri.parse(right)) is same
    assert uri.parse(right).same_as(uri.parse(left)) is same


@pytest.mark.parametrize(
    ("text", "transport"),
    [
        ("sip:h;transport=TLS", "tls"),
        ("sip:h:5061", "tls"),
        ("sips:h;transport=tcp", "tls"),
        ("sip:h;transport=tcp", "tcp"),
        ("sip:h", "udp"),
    ],
)
def test_transport(text: str, transport: str) -> None:
    assert uri.parse_sip(text).transport == transport


_WORD = string.ascii_letters + string.digits
_LABEL = st.builds(
    "{}{}{}".format, st.sampled_from(_WORD + "_"), st.text(_WORD + "-", max_size=5), st.sampled_from(_WORD)
)
_TOKEN = st.text(_WORD + "-.!*_+'()", min_size=1, max_size=8)
_USER = st.text(
    st.characters(exclude_characters="@;", exclude_categories=("Zs", "Zl", "Zp", "Cc", "Cs")), min_size=1, max_size=9
)


@st.composite
def stack_file_uris(draw: st.DrawFn) -> str:
    """What the kernel's grammar takes: any user without @ ; and spaces, a host name, a port, parameters."""
    user = draw(st.one_of(st.just(""), st.integers(10**6, 10**15 - 1).map(lambda number: f"+{number}"), _USER))
    host = ".".join(draw(st.lists(_LABEL, min_size=1, max_size=3)))
    port = draw(st.one_of(st.just(""), st.integers(0, 65535).map(lambda number: f":{number}")))
    transport = draw(st.sampled_from(["", ";transport=tls", ";TRANSPORT=tcp", ";transport=UDP"]))
    others = draw(st.dictionaries(_TOKEN.map("x{}".format).map(str.lower), st.one_of(st.just(""), _TOKEN), max_size=2))
    rest = "".join(f";{name}={value}" if value else f";{name}" for name, value in others.items())
    scheme = draw(st.sampled_from(["sip", "SIP", "Sip"]))
    return f"{scheme}:{user}{'@' if user else ''}{host}{port}{transport}{rest}"


@example("sip:+14155550100@sip.voice.x.ai;transport=tls")
@example("sip:+14155550100@sip.voice.x.ai:5061;transport=tls;edge=ashburn")
@patient
@given(stack_file_uris())
def test_a_stack_files_uri_is_the_same_here(text: str) -> None:
    """What ``providers.kernel.values`` takes, this library dials, and both say the same of it."""
    try:
        declared = values.target(text)
    except ValueError:
        assume(False)
        raise
    user = declared.number.partition(":")[0]
    assume(not (declared.number and not user) and not any(character < "!" or character == "\x7f" for character in text))
    dialled = uri.parse_sip(text)
    assert dialled.host.lower() == declared.host
    assert dialled.port == declared.port
    assert (dialled.user or "") == unquote(user, errors="surrogateescape")
    found = {name: value or "" for name, value in dialled.parameters}
    assert found.pop("transport", "udp").lower() == declared.transport
    assert found == {name: unquote(value) for name, value in declared.parameters}
    assert uri.parse(str(declared)).same_as(uri.parse_sip(str(declared)))
