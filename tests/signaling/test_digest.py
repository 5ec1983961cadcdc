"""Digest by the vectors of RFC 7616 and RFC 2069, and both sides against each other (RFC 8760)."""

from __future__ import annotations

import itertools

import pytest

from signaling import digest, uri
from signaling.digest import Credentials, DigestClient, DigestServer, Verdict
from signaling.errors import ParseError
from signaling.headers import Headers
from signaling.message import Request, Response

URI = "sip:+14155550100@sip.voice.x.ai;transport=tls"
MUFASA = ("Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html")
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
QOP = {"qop": "auth", "nc": "00000001", "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"}


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [  # RFC 7616 §3.9.1
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_vectors_of_rfc_7616(algorithm: str, expected: str) -> None:
    assert digest.response(algorithm, *MUFASA, NONCE, **QOP) == expected


def test_the_vector_without_qop() -> None:
    """RFC 2069 §2.4 as corrected by its erratum 749."""
    values = (
        "Mufasa",
        "testrealm@host.com",
        "CircleOfLife",
        "GET",
        "/dir/index.html",
        "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    )
    assert digest.response("MD5", *values) == "1949323746fe6a43ef61f9606e7febea"


class Desk:
    """A server and a client with clocks and randomness of their own."""

    def __init__(self, *, password: str = "right", algorithms: tuple[str, ...] = ("SHA-256", "MD5")) -> None:
        self.now = 0.0
        numbers = itertools.count()
        self.server = DigestServer(
            "x.ai",
            {"hq": "right"},
            algorithms=algorithms,
            lifetime=60,
            clock=lambda: self.now,
            random=lambda: f"nonce{next(numbers)}",
        )
        self.client = DigestClient(Credentials("hq", password), random=lambda: "cnonce")

    def challenge(self, status: int = 401, *, stale: bool = False) -> Response:
        headers = self.server.challenge(stale=stale, proxy=status == 407)
        return Response(status, headers=Headers(headers))

    def request(self, field: tuple[str, str] | None) -> Request:
        return Request("INVITE", uri.parse(URI), headers=Headers([field] if field else []))

    def answer(self, challenge: Response, tried: tuple[str, str] | None = None) -> tuple[str, str] | None:
        return self.client.answer(challenge, self.request(tried))

    def tries(self, challenge: Response) -> tuple[Verdict, str | None]:
        field = self.answer(challenge)
        return self.server.verify(self.request(field), proxy=challenge.status == 407)


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("MD5", "SHA-256"), ("SHA-256", "MD5")])
def test_right(status: int, algorithms: tuple[str, ...]) -> None:
    desk = Desk(algorithms=algorithms)
    challenge = desk.challenge(status)
    field = desk.answer(challenge)
    assert field is not None and f"algorithm={algorithms[0]}," in field[1] + ","
    assert desk.server.verify(desk.request(field), proxy=status == 407) == (Verdict.ACCEPTED, "hq")


def test_wrong_password_is_tried_once() -> None:
    desk = Desk(password="wrong")
    field = desk.answer(desk.challenge())
    assert desk.server.verify(desk.request(field)) == (Verdict.WRONG_RESPONSE, "hq")
    assert desk.answer(desk.challenge(), field) is None
    # The next request is another matter.
    assert desk.answer(desk.challenge()) is not None


def test_no_credentials() -> None:
    desk = Desk()
    assert desk.server.verify(desk.request(None)) == (Verdict.ABSENT, None)


def test_an_old_nonce_is_stale_and_answered_again() -> None:
    desk = Desk()
    challenge = desk.challenge()
    field = desk.answer(challenge)
    desk.now = 61
    assert desk.server.verify(desk.request(field))[0] is Verdict.STALE
    assert desk.answer(desk.challenge(), field) is None
    again = desk.answer(desk.challenge(stale=True), field)
    assert desk.server.verify(desk.request(again))[0] is Verdict.ACCEPTED


def test_a_count_is_good_once() -> None:
    desk = Desk()
    challenge = digest.challenges(desk.challenge())[0]
    first, second = (("Authorization", desk.client.authorization(challenge, "INVITE", URI)) for _ in range(2))
    assert "nc=00000002" in second[1]
    assert desk.server.verify(desk.request(second))[0] is Verdict.ACCEPTED
    assert desk.server.verify(desk.request(second))[0] is Verdict.REPLAYED
    assert desk.server.verify(desk.request(first))[0] is Verdict.REPLAYED


def test_the_uri_must_be_the_requests() -> None:
    desk = Desk()
    field = desk.client.answer(desk.challenge(), Request("INVITE", uri.parse(URI.replace("0100", "0199"))))
    assert desk.server.verify(desk.request(field))[0] is Verdict.WRONG_URI
    assert Verdict.WRONG_URI.value == "the credentials are for another request URI"


def test_another_realm_is_another_desk() -> None:
    desk = Desk()
    field = desk.answer(desk.challenge())
    assert field is not None
    assert desk.server.verify(desk.request((field[0], field[1].replace('"x.ai"', '"y.ai"'))))[0] is Verdict.ABSENT


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ('username="hq"', 'username="nobody"', Verdict.UNKNOWN_USER),
        ("algorithm=SHA-256", "algorithm=SHA-512", Verdict.MALFORMED),
        ("qop=auth", "qop=auth-int", Verdict.MALFORMED),
        ("nc=00000001", "nc=wrong", Verdict.WRONG_RESPONSE),
        ('cnonce="cnonce"', "", Verdict.MALFORMED),
        ('nonce="nonce0"', 'nonce="nonce9"', Verdict.WRONG_RESPONSE),
    ],
)
def test_altered_credentials(old: str, new: str, verdict: Verdict) -> None:
    desk = Desk()
    field = desk.answer(desk.challenge())
    assert field is not None and old in field[1]
    assert desk.server.verify(desk.request((field[0], field[1].replace(old, new))))[0] is verdict


@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        (['Digest realm="a, \\"b\\"", nonce="n", qop="auth,auth-int"'], ('a, "b"', "MD5", True)),
        (
            ['Digest realm="a", nonce="n", algorithm=SHA-512-256, qop="auth"', 'Digest realm="b", nonce="n"'],
            ("b", "MD5", False),
        ),
        (['Digest realm="a", nonce="n", qop="auth-int"'], None),
        (['Basic realm="a"', 'Digest realm="b", nonce="n", algorithm=sha-256, qop=auth'], ("b", "SHA-256", True)),
        (['Digest realm="a"'], None),
        (["NoOneKnowsThisScheme opaque-data=here"], None),
    ],
)
def test_what_a_client_chooses(values: list[str], chosen: tuple[str, str, bool] | None) -> None:
    answer = Response(401, headers=Headers(("WWW-Authenticate", value) for value in values))
    found = [(each.realm, each.algorithm, each.qop) for each in digest.challenges(answer)]
    assert found == ([chosen] if chosen else [])


@pytest.mark.parametrize("text", ["Digest", "Digest realm", "Digest a=1, a=2", 'Digest a="b', "Basic a=b"])
def test_malformed_credentials(text: str) -> None:
    with pytest.raises(ParseError):
        digest.parse_digest(text)


def test_a_password_is_in_no_text() -> None:
    assert "secret" not in repr(Credentials("hq", "secret"))
