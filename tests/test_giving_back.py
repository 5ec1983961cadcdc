"""Bought numbers, and numbers of one's own: given back by two keys alone, the file's and the environment's."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import HEAD
from tests.engine.test_buying import counters, each_carrier, entry, owned
from tests.face import Face

OWN = """
  support:
    number: "+14155550100"
    on_delete: release
    route: {carrier: twilio}
"""


def bought(face: Face) -> str:
    return face.state["helpline/choice"].outputs["e164"]


@each_carrier
def test_two_keys_release_it(face: Face, sandbox: Sandbox, carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    face.declare(HEAD + entry(carrier, more="    on_delete: release\n"))
    face.up()
    number = bought(face)
    monkeypatch.setenv("XTEL_ALLOW_RELEASE", number)
    face.destroy()
    assert counters(sandbox) == {"purchases": 1, "releases": 1}
    assert number not in owned(sandbox, carrier)


@pytest.mark.parametrize("key", ["file", "environment"])
def test_one_key_alone_releases_nothing(
    face: Face, sandbox: Sandbox, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    face.declare(HEAD + entry("twilio"))
    face.up()
    number = bought(face)
    if key == "file":
        face.declare(HEAD + entry("twilio", more="    on_delete: release\n"))
        assert face.up() == {"same": 5, "update": 1}
    monkeypatch.setenv("XTEL_ALLOW_RELEASE", number if key == "environment" else "+14155550100")
    face.said.clear()
    face.destroy()
    assert any(f"{number} stays in this account and is billed; to give it back as well: " in said for said in face.said)
    assert counters(sandbox) == {"purchases": 1, "releases": 0}
    assert number in owned(sandbox, "twilio")


def test_a_number_of_ones_own_is_released_by_both_keys_and_never_bought(
    face: Face, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    face.declare(HEAD + OWN)
    face.up()
    assert set(face.up()) == {"same"}
    face.declare(HEAD + OWN.replace("    on_delete: release\n", ""))
    with monkeypatch.context() as given:
        given.setenv("XTEL_ALLOW_RELEASE", "+14155550100")
        face.up()
    assert counters(sandbox) == {"purchases": 0, "releases": 0}
    face.declare(HEAD + OWN)
    face.up()
    with monkeypatch.context() as given:
        given.setenv("XTEL_ALLOW_RELEASE", "+12125550110, +14155550100")
        face.destroy()
    assert counters(sandbox) == {"purchases": 0, "releases": 1}
    face.up(fails=True)
    refused = "does not own this number; next: buy or port it at Twilio, or correct the number"
    assert any(refused in error for error in face.errors.values())
    assert counters(sandbox) == {"purchases": 0, "releases": 1}
