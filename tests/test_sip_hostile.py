"""What people write stays what it is in every platform's files: read back by that platform's rules, or refused by its name.

A platform that has a secret file joins by its reader below.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.sip import platforms, render
from tests.sbc import audiocodes
from tests.test_sip import WITH_SECRET, inputs

PASSWORDS = (
    *(
        "plain",
        "p'w",
        '"q"',
        'a"b',
        "a;b",
        ";",
        ";--x",
        "a%b",
        "%s%n",
        "${EXTEN}",
        "$${hostname}",
        "$[1]",
        "`a`",
        "!",
        "a!b",
    ),
    *(
        "\\",
        "a\\",
        "\\n",
        "\\;",
        ">a",
        "=>",
        "=",
        "#x",
        "#include",
        "[x](y)",
        "<b>&amp;",
        "]]>",
        "-->",
        "a--b",
        "a,b|c",
        "^?",
    ),
)
PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126)
HOSTS = ('a"b', "a;b", "${a}", "`a`", "a!b", "a%b", "a\nb")


def _asterisk(text: str) -> str:
    """``key = value``: ``;`` begins a comment unless it is escaped, ``=>`` is one sign (main/config.c)."""
    [line] = [line for line in text.splitlines() if line.startswith("password")]
    plain = re.split(r"(?<!\\);", line)[0].replace("\\;", ";")
    value = plain.partition("=")[2]
    return value.removeprefix(">").strip()


def _freeswitch(text: str) -> str:
    """Variables of the form ``$${name}`` are replaced in the text, then it is XML."""
    assert "$${" not in text
    found = ET.fromstring(text).find("param")
    assert found is not None
    return found.attrib["value"]


def _between_quotes(text: str, pattern: str) -> str:
    """A string of Kamailio or OpenSIPS: a backslash makes the next character itself."""
    [line] = [found for line in text.splitlines() if (found := re.fullmatch(pattern, line))]
    return re.sub(r"\\(.)", r"\1", line[1])


def _kamailio(text: str) -> str:
    return _between_quotes(text, r'#!define \w+ "((?:[^"\\]|\\.)*)"')


def _opensips(text: str) -> str:
    return _between_quotes(text, r' *\$avp\(apass\) = "((?:[^"\\]|\\.)*)";')


def _cube(text: str) -> str:
    """The rest of a line, of which ``!`` begins a comment and ``?`` asks for help."""
    [line] = re.findall(r"(?m)^ authentication username hq password 0 (.*)$", text)
    assert not re.search(r"[!?]", line)
    return line


def _audiocodes(text: str) -> str:
    """A value between double quotes, in a row that ends in ``;``."""
    found: list[str] = []
    [row] = audiocodes.tables(text, found)["Account"].rows
    assert found == []
    return row["Password"]


def _person(text: str) -> str:
    """The rest of a line, to be typed in."""
    [line] = re.findall(r"(?m)^password: (.*)$", text)
    return line


READERS: dict[str, Callable[[str], str]] = {
    "asterisk": _asterisk,
    "freeswitch": _freeswitch,
    "kamailio": _kamailio,
    "opensips": _opensips,
    "cube": _cube,
    "audiocodes": _audiocodes,
    **dict.fromkeys(("ribbon", "ringcentral", "cxone", "other"), _person),
}


def _read(platform: str, password: str) -> str | None:
    """The password as the platform reads it; None where it was refused by name."""
    try:
        return READERS[platform](render.secret(inputs(platform, username="hq"), password))
    except ValueError as error:
        assert str(error).startswith("password: "), error
        assert password not in str(error).removeprefix("password: ") or len(password) < 3
        return None


def test_every_platform_with_a_secret_file_is_read() -> None:
    assert set(READERS) == set(WITH_SECRET)


@pytest.mark.parametrize("number", range(len(PASSWORDS)))
@pytest.mark.parametrize("platform", WITH_SECRET)
def test_a_password_is_read_as_it_is_or_refused_by_name(platform: str, number: int) -> None:
    password = PASSWORDS[number]
    read = _read(platform, password)
    assert read in {password, None}
    if platform in {"asterisk", "freeswitch", "ribbon", "ringcentral", "cxone", "other"}:
        assert read == password, "nothing that is printable needs to be refused"


@pytest.mark.parametrize("password", ["a\nb", "a\r\nb", "a\x00b", "a b", "", "ä", "a\x1bb"])
@pytest.mark.parametrize("platform", WITH_SECRET)
def test_what_is_no_password_anywhere_is_refused(platform: str, password: str) -> None:
    assert _read(platform, password) is None


@given(
    password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
    place=st.integers(0, 99),
)
@example(password=">;\\$${x}", place=0)
def test_any_password_is_read_as_it_is_or_refused_by_name(password: str, place: int) -> None:
    platform = WITH_SECRET[place % len(WITH_SECRET)]
    assert _read(platform, password) in {password, None}


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("platform", platforms.PLATFORMS)
def test_a_hostile_host_is_refused(platform: str, name: str) -> None:
    host = f"{name}.example.com"
    for wrong in ({"fallback": [f"sip:{host};transport=tls"]}, {"address": host}, {"target": f"sip:+1415@{host}"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            inputs(platform, **wrong)


@pytest.mark.parametrize("platform", platforms.PLATFORMS)
@pytest.mark.parametrize("did", ["0891;x", '0"1', "089!", "${1}", "0`1", "089%", "08 91", "0891\n1", "٠٨٩"])
def test_a_hostile_spelling_of_the_did_is_refused(platform: str, did: str) -> None:
    with pytest.raises(ValueError, match="did"):
        inputs(platform, did=[did])
