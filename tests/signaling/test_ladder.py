"""What a person may read of a call: everything but its secrets."""

from __future__ import annotations

import pytest

from signaling.ladder import Ladder, masked, step

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNl"


@pytest.mark.parametrize(
    "text",
    [
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}|2^20|1:4\r\n",
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET};inline:{SECRET}\r\n",
        f"A=CRYPTO:1 aes INLINE:{SECRET}\r\n",
        f"k=base64:{SECRET}\r\n",
        f'Authorization: Digest username="hq", response="{SECRET}", uri="sip:h"\r\n',
        f'Authorization: Digest username="hq",\r\n response = "{SECRET}"\r\n',
        f'Proxy-Authorization: Digest RESPONSE="{SECRET}"\r\n',
        "Authorization: Digest response=0123456789abcdef0123456789abcdef\r\n",
        f'Authentication-Info: rspauth="{SECRET}", nc=00000001\r\n',
        f"Authorization: Basic {SECRET}\r\n",
        f"Authorization:\r\n Bearer {SECRET}\r\n",
        f"Identity: {SECRET};info=<https://cert.example.org/passport.cer>\r\n",
        f"y: {SECRET}\r\n",
        f"Identity: abc\r\n {SECRET}\r\nTo: x\r\n",
        f"X-Twilio-Signature: {SECRET}\r\n",
        f"To: <sip:alice:{SECRET}@example.com>\r\n",
        f"INVITE sip:alice:{SECRET}@example.com SIP/2.0\r\n",
    ],
)
def test_no_secret_is_left(text: str) -> None:
    found = masked(f"INVITE sip:h SIP/2.0\r\nFrom: <sip:a@h>\r\n{text}Subject: kept\r\n\r\n")
    assert SECRET not in found and "0123456789abcdef" not in found
    assert "***" in found
    assert "Subject: kept" in found and "From: <sip:a@h>" in found


def test_what_is_no_secret_stays() -> None:
    text = (
        "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1\r\n"
        'WWW-Authenticate: Digest realm="x.ai", nonce="n", qop="auth", algorithm=MD5\r\n'
        "Contact: <sip:+14155550100@127.0.0.1:5061;transport=tls>\r\nCall-ID: a@b\r\n\r\n"
    )
    assert masked(text) == text


def test_a_step() -> None:
    ladder = Ladder()
    ladder(step("127.0.0.1:1", "127.0.0.1:2", "sip", "SIP/2.0 200 OK\r\nTo: <sip:h>\r\n\r\n"))
    assert ladder.lines() == ["SIP/2.0 200 OK"]
    assert ladder.steps[0].text.endswith("To: <sip:h>\r\n\r\n")
    assert str(ladder).endswith("127.0.0.1:1 -> 127.0.0.1:2 SIP/2.0 200 OK")
