"""No secret is read in any text, however it is written there, and what stands around it is."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from providers.kernel import secrecy
from providers.kernel.secrecy import MASK


@contextmanager
def knowing(*secrets: str) -> Generator[None]:
    """Only these are known: what other tests registered is not looked for, and these are forgotten again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrecy, "_known", set[str]())
        patch.setattr(secrecy, "_secrets", secrecy._Secrets())
        secrecy.register(*secrets)
        yield


def _go(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return escaped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


WRITERS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON as Go writes it": _go,
    "JSON in capitals": lambda text: "".join(f"\\u{ord(char):04X}" if ord(char) < 65536 else char for char in text),
    "URL": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "URL in small letters": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "HTML": html.escape,
    "HTML by number": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML by hexadecimal number": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
}

SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=5, max_size=40).filter(
    lambda text: not any(text[start : start + 4] in f"before {MASK} after" for start in range(len(text) - 3))
)
KINDS = st.lists(st.sampled_from(sorted(WRITERS)), min_size=1, max_size=3)


@given(SECRETS, KINDS, st.booleans())
@example(r"[\\`*_{}\[\]<>|~&!$]", ["HTML"], False)  # what looks like an escape in it is undone with the text's own
@example("%25%41%42<tail", ["HTML"], False)
@example("&amp;/\\\\u0041", ["URL", "JSON"], True)
def test_a_secret_is_masked_however_it_is_written(secret: str, kinds: list[str], blank: bool) -> None:
    secret = f"{secret[:3]} {secret[3:]}" if blank else secret
    written = secret
    for kind in kinds:
        written = WRITERS[kind](written)
    with knowing(secret):
        told = secrecy.redact(f"before {written} after")
        assert told == f"before {MASK} after"
        for limit in range(8, 40):
            cut = secrecy.one_line(f"before {written} after", limit)
            assert written[:5] not in cut.replace(MASK, ""), "masked before it is cut"


@given(st.binary(max_size=20), SECRETS, st.binary(max_size=20), st.booleans(), KINDS)
def test_its_base64_is_masked_whatever_stands_beside_it(
    before: bytes, secret: str, after: bytes, url: bool, kinds: list[str]
) -> None:
    assume(len(secret.encode()) >= 6)
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    written = encode(before + secret.encode() + after).decode()
    for kind in kinds:
        written = WRITERS[kind](written)
    with knowing(secret):
        told = secrecy.redact(f"before {written} after")
        assert MASK in told
        rest = told.replace(MASK, "").removeprefix("before ").removesuffix(" after")
        assert not rest.strip("=%3Dd&#61;x\\u0"), "nothing is left of the word"


@pytest.mark.parametrize("user", ["", "a", "ab", "AC0123456789abcdef", "MAxxxx"])
def test_basic_credentials_are_masked_without_the_word_before_them(user: str) -> None:
    token = base64.b64encode(f"{user}:correct-horse".encode()).decode()
    with knowing("correct-horse"):
        assert secrecy.redact(f'curl -H "X: {token}" https://a.example') == f'curl -H "X: {MASK}" https://a.example'


@given(st.text(max_size=300))
def test_what_holds_no_secret_stays(text: str) -> None:
    with knowing("whatever-it-may-be-\u2603"):
        assume(not any(hint in text for hint in secrecy._HINTS))
        assert secrecy.redact(text) == text


def test_secrets_side_by_side_and_in_each_other() -> None:
    with knowing("outer-inner-outer", "inner", "next"):
        assert secrecy.redact("outer-inner-outer") == MASK
        assert secrecy.redact("x inner-outer") == f"x {MASK}-outer"
        assert secrecy.redact("innernext") == f"{MASK}{MASK}"
        assert secrecy.redact("inner%6eext") == f"{MASK}{MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "whsec_MfKQ9r8G%2BYqrTwjU%2FD8ILPZIo2LaLaSw%3D",
        "whsec_MfKQ9r8G\\u002bYqrTwjUPD8\\/LPZIo2",
        "whsec_MfKQ9r8G&#43;Yqr",
    ],
)
def test_a_signing_secret_nobody_registered_is_masked_whole(text: str) -> None:
    with knowing():
        assert secrecy.redact(f"it is {text} now") == f"it is {MASK} now"


def test_short_values_and_what_is_no_text_are_no_secrets() -> None:
    with knowing():
        secrecy.register("abc", None, 5, "")
        assert secrecy.redact("abc None 5") == "abc None 5"


def test_many_secrets_cost_little() -> None:
    """A stack of 500 numbers has about as many secrets, and its plan a hundred thousand texts."""
    with knowing(*(f"whsec-{number}-{number * 7919:032x}" for number in range(1000))):
        started = time.perf_counter()
        for number in range(1000):
            secrecy.redact(
                f"twilio Trunk +1415555{number:04} transfer_mode from disable-all to enable-all, URL {number}"
            )
        assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("xai-498912345670.ios, xai-14155550171.ios", "xai-498912345670.ios, xai-14155550171.ios"),
        ("xai-498912345670-undo.ios", "xai-498912345670-undo.ios"),
        ("xai-498912345670-teams-undo.ps1 and so on", "xai-498912345670-teams-undo.ps1 and so on"),
        ("key xai-498912345670-undo-x.ios", f"key {MASK}.ios"),
        ("made with xai-telephony 0.1.0", "made with xai-telephony 0.1.0"),
        ("key xai-498912345670abc", f"key {MASK}"),
        ("key xai-498912345670-abc.", f"key {MASK}."),
        ("key xai-4989123456701234567", f"key {MASK}"),
    ],
)
def test_a_key_of_xais_is_masked_and_the_file_of_a_number_is_not(text: str, shown: str) -> None:
    with knowing():
        assert secrecy.redact(text) == shown
