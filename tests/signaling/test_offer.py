"""Offer and answer as tables (RFC 3264), with SDES (RFC 4568); what a telephone cannot take is 488."""

from __future__ import annotations

import base64

import pytest

from signaling import offer, sdes, sdp
from signaling.errors import NotAcceptable, ParseError
from signaling.offer import CODECS, G722, PCMA, PCMU, Local

KEY = base64.b64encode(bytes(range(30))).decode()
CRYPTO = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"
EVENTS = "a=rtpmap:101 telephone-event/8000"
FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)


def described(media: str, *lines: str, connection: str = "192.0.2.1") -> str:
    head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", f"c=IN IP4 {connection}", "t=0 0"]
    return "\r\n".join([*head, f"m={media}", *lines, ""])


def local(**changes: object) -> Local:
    return Local("198.51.100.1", 4000, **{"session_id": 7, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "changes", "codec", "payload", "events"),
    [
        (described("audio 5000 RTP/AVP 0 8 101", EVENTS), {}, PCMU, 0, 101),
        (described("audio 5000 RTP/AVP 8 0 96", "a=rtpmap:96 telephone-event/8000"), {}, PCMA, 8, 96),
        (described("audio 5000 RTP/AVP 0 8"), {"codecs": (PCMA,)}, PCMA, 8, None),
        (
            described("audio 5000 RTP/AVP 111 97", "a=rtpmap:111 opus/48000/2", "a=rtpmap:97 pcma/8000/1"),
            {},
            PCMA,
            97,
            None,
        ),
        (described("audio 5000 RTP/AVP 9"), {}, G722, 9, None),
        (described("audio 5000 RTP/AVP 9 0"), {"codecs": (PCMU, G722)}, G722, 9, None),
        (described("audio 5000 RTP/AVP 0 101", EVENTS), {"dtmf": False}, PCMU, 0, None),
    ],
)
def test_the_callers_order_chooses(
    text: str, changes: dict[str, object], codec: object, payload: int, events: int | None
) -> None:
    answered, session = offer.answer(text, local(**changes))
    assert (session.codec, session.payload_type, session.event_type) == (codec, payload, events)
    assert (session.address, session.port, session.encrypted) == ("192.0.2.1", 5000, False)
    media = sdp.parse(answered).media[0]
    assert media.formats == [str(payload), *([str(events)] if events else [])]


@pytest.mark.parametrize(
    ("text", "encryption", "encrypted"),
    [
        (described("audio 5000 RTP/SAVP 0", CRYPTO), "required", True),
        (described("audio 5000 RTP/SAVP 0", CRYPTO), "optional", True),
        (described("audio 5000 RTP/AVP 0", CRYPTO), "optional", True),
        (described("audio 5000 RTP/AVP 0", CRYPTO), "required", True),
        (described("audio 5000 RTP/AVP 0", CRYPTO), "off", False),
        (described("audio 5000 RTP/AVP 0"), "optional", False),
        (
            described("audio 5000 RTP/SAVP 0", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:x", CRYPTO.replace(":1 ", ":2 ")),
            "optional",
            True,
        ),
        (described("audio 5000 RTP/SAVP 0", CRYPTO, FINGERPRINT), "optional", True),
        (
            described("audio 5000 RTP/SAVP 0", CRYPTO + "|2^20|1:4", CRYPTO.replace(":1 ", ":2 ") + "|2^31"),
            "optional",
            True,
        ),
    ],
)
def test_keys(text: str, encryption: str, encrypted: bool) -> None:
    answered, session = offer.answer(text, local(encryption=encryption))
    assert session.encrypted is encrypted
    media = sdp.parse(answered).media[0]
    assert media.protocol == sdp.parse(text).media[0].protocol
    assert bool(media.values("crypto")) is encrypted
    if encrypted:
        assert session.decrypt is not None and session.encrypt is not None
        assert session.decrypt.key == bytes(range(30)) and session.encrypt.key != session.decrypt.key
        assert sdes.parse(media.values("crypto")[0]) == session.encrypt
        assert session.encrypt.tag == session.decrypt.tag


@pytest.mark.parametrize(
    ("text", "changes", "reason"),
    [
        (described("audio 5000 UDP/TLS/RTP/SAVP 0", FINGERPRINT), {}, "DTLS"),
        (described("audio 5000 UDP/TLS/RTP/SAVPF 0", FINGERPRINT, CRYPTO), {}, "DTLS"),
        (described("audio 5000 RTP/SAVP 0", FINGERPRINT), {}, "no key"),
        (described("audio 5000 RTP/SAVP 0", CRYPTO), {"encryption": "off"}, "not spoken here"),
        (described("audio 5000 RTP/AVP 0"), {"encryption": "required"}, "required"),
        (described("audio 5000 RTP/AVP 18 3"), {}, "no codec"),
        (described("audio 5000 RTP/AVP 0"), {"codecs": (PCMA,)}, "no codec"),
        (described("audio 5000 RTP/AVP ² 300 x", "a=rtpmap:300 PCMU/8000"), {}, "no codec"),
        (described("audio 0 RTP/AVP 0"), {}, "not taken"),
        (described("video 5000 RTP/AVP 31"), {}, "video"),
        (described("audio 5000 RTP/AVP 0", connection="2001:db8::1"), {}, "IPv4"),
        (described("audio 5000 TCP/RTP/AVP 0"), {}, "not spoken"),
        ("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n", {}, "no media"),
    ],
)
def test_nothing_in_common_is_488(text: str, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(NotAcceptable, match=reason) as found:
        offer.answer(text, local(**changes))
    assert found.value.status == 488


def test_the_answer_has_a_section_for_each_of_the_offers() -> None:
    """RFC 3264 §6: what is not taken has port 0; the first audio that can be taken is."""
    text = described(
        "video 6000 RTP/AVP 31", "m=audio 6002 RTP/SAVP 0", "m=audio 6004 RTP/AVP 0", "m=audio 6006 RTP/AVP 0"
    )
    answered, session = offer.answer(text, local())
    assert session.port == 6004
    assert [(media.kind, media.port) for media in sdp.parse(answered).media] == [
        ("video", 0),
        ("audio", 0),
        ("audio", 4000),
        ("audio", 0),
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "send", "receive", "written"),
    [
        ("sendrecv", "sendrecv", True, True, "sendrecv"),
        ("sendonly", "sendrecv", False, True, "recvonly"),
        ("recvonly", "sendrecv", True, False, "sendonly"),
        ("inactive", "sendrecv", False, False, "inactive"),
        ("sendrecv", "sendonly", True, False, "sendonly"),
        ("sendonly", "sendonly", False, False, "inactive"),
        ("sendrecv", "inactive", False, False, "inactive"),
    ],
)
def test_direction(theirs: str, ours: str, send: bool, receive: bool, written: str) -> None:
    answered, session = offer.answer(described("audio 5000 RTP/AVP 0", f"a={theirs}"), local(direction=ours))
    assert (session.send, session.receive) == (send, receive)
    assert sdp.parse(answered).media[0].direction == written


def test_hold_as_rfc_2543_said_it() -> None:
    session = offer.answer(described("audio 5000 RTP/AVP 0", connection="0.0.0.0"), local())[1]
    assert (session.send, session.receive) == (False, False)


@pytest.mark.parametrize("encryption", ["required", "optional", "off"])
@pytest.mark.parametrize("codecs", [CODECS, (PCMA,), (G722, PCMU)])
def test_both_sides_agree(encryption: str, codecs: tuple[offer.Codec, ...]) -> None:
    made = offer.make_offer(local(encryption=encryption, codecs=codecs))
    text, called = offer.answer(made.text, Local("192.0.2.9", 5000))
    calling = offer.accept(made, text)
    assert calling.codec == called.codec == codecs[0]
    assert (calling.encrypt, calling.decrypt) == (called.decrypt, called.encrypt)
    assert calling.encrypted is (encryption != "off")
    assert (calling.address, calling.port, called.address, called.port) == ("192.0.2.9", 5000, "198.51.100.1", 4000)
    assert calling.event_type == called.event_type == 101


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (described("audio 0 RTP/SAVP 0"), "no audio"),
        (described("audio 5000 RTP/SAVP 18", CRYPTO), "no codec"),
        (described("audio 5000 RTP/SAVP 0"), "no key"),
        (described("audio 5000 RTP/AVP 0"), "no key"),
        (described("audio 5000 RTP/SAVP 0", CRYPTO.replace(":1 ", ":9 ")), "none of those"),
    ],
)
def test_answers_that_cannot_be_used(text: str, reason: str) -> None:
    with pytest.raises(NotAcceptable, match=reason):
        offer.accept(offer.make_offer(local(encryption="required")), text)


def test_an_offer_within_the_call_keeps_the_keys() -> None:
    made = offer.make_offer(local(encryption="required"))
    session = offer.accept(made, offer.answer(made.text, Local("192.0.2.9", 5000))[0])
    assert session.encrypt is not None
    again = offer.make_offer(local(encryption="required", keys=(session.encrypt,)))
    assert again.keys == (session.encrypt,)
    session = offer.answer(made.text, local(keys=(session.encrypt,)))[1]
    assert session.encrypt is not None and session.encrypt.key == again.keys[0].key


@pytest.mark.parametrize(
    "value",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:A",
        f"x AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_192_CM_HMAC_SHA1_80 inline:{KEY}",
    ],
)
def test_crypto_lines_of_no_use(value: str) -> None:
    with pytest.raises(ParseError):
        sdes.parse(value)
    assert sdes.usable([value]) == []


@pytest.mark.parametrize("suite", sdes.SUITES)
def test_crypto_lines(suite: str) -> None:
    made = sdes.generate(3, suite)
    assert sdes.parse(made.line + " WSH=64") == made
    assert made.line.rpartition(":")[2] not in repr(made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m=audio 1 RTP/AVP 0",
        "v=0\r\nm=audio x RTP/AVP 0",
        "v=0\r\nm=audio 70000 RTP/AVP 0",
        "v=0\r\no=short\r\n",
        "v=0\r\no=- ² 1 IN IP4 192.0.2.1\r\n",
        "v=0\r\nc=IN IP4\r\n",
        "v=0\r\nnonsense\r\n",
    ],
)
def test_malformed_descriptions(text: str) -> None:
    with pytest.raises(ParseError):
        sdp.parse(text)


def test_a_description_is_read_as_it_was_written() -> None:
    text = described(
        "audio 5000/2 RTP/AVP 0 101", "b=AS:64", "c=IN IP4 192.0.2.7/127", EVENTS, "a=fmtp:101 0-15", "a=rtcp-mux"
    )
    media = sdp.parse(text.replace("\r\n", "\n")).media[0]
    assert (media.connection, media.port, media.mapped("fmtp")) == ("192.0.2.7", 5000, {"101": "0-15"})
    assert ("rtcp-mux", "") in media.attributes
    made = offer.make_offer(local()).text
    assert str(sdp.parse(made)) == made
