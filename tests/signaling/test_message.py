"""The torture messages of RFC 4475, byte for byte, and messages that real peers got wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from signaling import message
from signaling.errors import ParseError
from signaling.message import Request, Response, UnreadableRequest, response_to

TORTURE = Path(__file__).parent / "torture"
#: RFC 4475 §3.1.1, and what §3.2 to §3.4 leave to the layers above: well formed.
VALID = {
    "wsinv": ("INVITE", "sip:vivekg@chair-dnrc.example.com;unknownparam"),
    "intmeth": ("!interesting-Method0123456789_*+`.%indeed'~", None),
    "esc01": ("INVITE", "sip:sips%3Auser%40example.com@example.net"),
    "escnull": ("REGISTER", "sip:example.com"),
    "esc02": ("RE%47IST%45R", "sip:registrar.example.com"),
    "lwsdisp": ("OPTIONS", "sip:user@example.com"),
    "longreq": ("INVITE", "sip:user@example.com"),
    "dblreq": ("REGISTER", "sip:example.com"),
    "semiuri": ("OPTIONS", "sip:user;par=u%40example.net@example.com"),
    "transports": ("OPTIONS", "sip:user@example.com"),
    "mpart01": ("MESSAGE", "sip:kumiko@example.org"),
    "badbranch": ("OPTIONS", "sip:user@example.com"),
    "unkscm": ("OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent"),
    "novelsc": ("OPTIONS", "soap.beep://192.0.2.103:3002"),
    "unksm2": ("REGISTER", "sip:example.com"),
    "bext01": ("OPTIONS", "sip:user@example.com"),
    "invut": ("INVITE", "sip:user@example.com"),
    "regaut01": ("REGISTER", "sip:example.com"),
    "zeromf": ("OPTIONS", "sip:user@example.com"),
    "cparam01": ("REGISTER", "sip:example.com"),
    "cparam02": ("REGISTER", "sip:example.com"),
    "regescrt": ("REGISTER", "sip:example.com"),
    "sdp01": ("INVITE", "sip:user@example.com"),
    "inv2543": ("INVITE", "sip:UserB@example.com"),
    # The Date is wrong, and nobody here reads it (§3.1.2.12).
    "baddate": ("INVITE", "sip:user@example.com"),
    "unreason": (200, "= 2**3 * 5**2 но сто девяносто девять - простое"),
    "noreason": (100, ""),
    "bcast": (200, "OK"),
}
#: RFC 4475 §3.1.2 and what §3.3 says of malformed ones: the answer's status, None where none is due.
INVALID = {
    "badinv01": (400, "not a"),
    "clerr": (400, "Content-Length"),
    "ncl": (400, "not a number"),
    "scalar02": (400, "not a number"),
    "scalarlg": (None, "not a number"),
    "quotbal": (400, "not closed"),
    "ltgtruri": (400, "not a URI"),
    "lwsruri": (400, "first line"),
    "lwsstart": (400, "first line"),
    "trws": (400, "first line"),
    "escruri": (400, "no headers"),
    "regbadct": (400, "without angle brackets"),
    "badaspec": (400, "not a URI"),
    "baddn": (400, "display name"),
    "badvers": (505, "not spoken"),
    "mismatch01": (400, "CSeq is of"),
    "mismatch02": (400, "CSeq is of"),
    "bigcode": (None, "not a status code"),
    "insuf": (400, "Call-ID is missing"),
    "multi01": (400, "twice"),
    "mcl01": (400, "twice"),
}


def torture(name: str) -> bytes:
    return (TORTURE / f"{name}.dat").read_bytes()


def test_every_message_of_the_rfc_is_judged() -> None:
    assert {path.stem for path in TORTURE.glob("*.dat")} == VALID.keys() | INVALID.keys()


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    read = message.parse(torture(name))
    first, second = VALID[name]
    if isinstance(read, Request):
        assert (read.method, second or str(read.uri)) == (first, str(read.uri))
    else:
        assert (read.status, read.reason) == (first, second)
    again = message.parse(read.encode())
    assert again.first_line == read.first_line and again.body == read.body
    assert [*again.headers] == [*read.headers]


@pytest.mark.parametrize("name", INVALID)
def test_invalid(name: str) -> None:
    status, reason = INVALID[name]
    with pytest.raises(ParseError) as found:
        message.parse(torture(name))
    assert reason in found.value.reason
    if status is None:
        assert not isinstance(found.value, UnreadableRequest)
    else:
        assert isinstance(found.value, UnreadableRequest) and found.value.status == status
        answer = found.value.response()
        assert answer is not None and answer.status == status


def test_what_the_short_tortuous_invite_holds() -> None:
    read = message.parse(torture("wsinv"))
    assert read.to.tag == "1918181833n"
    assert (read.from_.display, read.from_.tag) == ('J Rosenberg \\"', "98asjd8")
    assert str(read.cseq) == "9 INVITE"
    assert read.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert read.headers.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert [via.partition("branch")[2].lstrip(" =") for via in read.headers.values("Via")] == [
        "390skdjuw",
        "z9hG4bK9ikj8",
        "z9hG4bK30239",
    ]
    assert read.contact is not None and read.contact.parameter("newparam") == "newvalue"
    assert read.sdp is not None and len(read.body) == 150


def test_escapes_of_a_uri_are_read_and_a_header_names_are_not() -> None:
    read = message.parse(torture("esc01"))
    assert isinstance(read, Request)
    assert read.contact is not None
    assert read.contact.uri.same_as(message.parse(torture("esc01")).contact.uri)  # type: ignore[union-attr]
    assert getattr(read.contact.uri, "parameter")("lr") == ""  # noqa: B009
    assert message.parse(torture("esc02")).headers.values("Contact") == [
        "<sip:alias1@host1.example.com>",
        "<sip:alias3@host3.example.com>",
    ]


def test_an_answer_repeats_what_identifies_its_request() -> None:
    request = message.parse(torture("wsinv"))
    assert isinstance(request, Request)
    answer = response_to(request, 180, to_tag="ours", headers=[("Contact", "<sip:h>")])
    assert answer.headers.all("Via") == request.headers.all("Via")
    assert answer.to.tag == "1918181833n"
    assert (answer.call_id, answer.cseq, answer.reason) == (request.call_id, request.cseq, "Ringing")


def test_a_tag_is_given_to_every_answer_but_100() -> None:
    request = message.parse(torture("semiuri"))
    assert isinstance(request, Request)
    assert response_to(request, 100, to_tag="ours").to.tag is None
    assert response_to(request, 404, to_tag="ours").to.tag == "ours"


def test_length_is_written_as_it_is() -> None:
    wrong = Response(200, "OK", body="ü".encode())
    wrong.headers.set("Content-Length", "99")
    assert b"Content-Length: 2\r\n\r\n\xc3\xbc" in wrong.encode()


def test_the_body_without_a_type_is_no_description() -> None:
    """A 200 without Content-Type: peers that read it all the same hang up at once."""
    text = torture("unreason").replace(b"Content-Type: application/sdp\r\n", b"")
    assert message.parse(text).sdp is None


def test_no_ack_is_answered() -> None:
    text = torture("ltgtruri").replace(b"INVITE", b"ACK")
    with pytest.raises(ParseError) as found:
        message.parse(text)
    assert not isinstance(found.value, UnreadableRequest)
