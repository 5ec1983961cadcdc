"""Which properties change, as a reviewer reads them: lines of texts, fields of named items."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kernel.secrecy import MASK
from xtel.engine.step import Step
from xtel.review.plan import changes
from xtel.review.plan.model import Change

LONG = "Greet the caller, find out what it is about, and be brief. " * 20
CRM = {
    "type": "mcp",
    "server_label": "crm",
    "server_url": "https://crm.example.com/mcp",
    "authorization": f"{MASK} token",
}
SEARCH = {"type": "web_search"}


def told(before: Any, after: Any, path: str = "tools") -> list[tuple[str, str, str]]:
    return [(each.path, each.before, each.after) for each in changes.between(path, before, after)]


def test_one_word_of_a_long_line_is_shown_where_it_stands() -> None:
    before, after = f"{LONG}Refund 50 dollars. {LONG}", f"{LONG}Refund 500 dollars. {LONG}"
    [(path, old, new)] = told(before, after, "instructions")
    assert path == "instructions"
    assert "Refund 50 dollars." in old and "Refund 500 dollars." in new
    assert max(len(old), len(new)) <= changes.MAX_CHARACTERS
    assert old.startswith("…") and old.endswith("…")


def test_lines_of_a_text_are_named_by_their_numbers() -> None:
    before = "Greet.\nRefund 50.\nSay goodbye, and nothing else, to whoever has called, in one sentence.\nEnd.\n"
    after = (
        "Greet.\nRefund 500.\nSay goodbye, and nothing else, to whoever has called, in one sentence.\nHang up.\nEnd.\n"
    )
    assert told(before, after, "instructions") == [
        ("instructions:2", "Refund 50.", "Refund 500."), ("instructions:4", "", "Hang up."),
    ]  # fmt: skip


def test_a_tool_that_moves_shows_the_host_and_not_the_rest() -> None:
    moved = {**CRM, "server_url": "https://evil.example.net/mcp"}
    assert told([SEARCH, CRM], [moved, SEARCH]) == [
        ("tools[crm].server_url", "https://crm.example.com/mcp", "https://evil.example.net/mcp"),
    ]


def step(old: dict[str, Any], new: dict[str, Any]) -> Step:
    return Step("update", "urn:pulumi:test::xtel::pulumi-python:dynamic/xai:Agent::sales", old, new)


@pytest.mark.parametrize(
    ("old", "new", "going"),
    [
        ([SEARCH, CRM], [SEARCH, {**CRM, "server_url": "https://b.example.net/"}], ("b.example.net", "authorization")),
        ([SEARCH], [SEARCH, {**CRM, "server_description": "x" * 300}], ("crm.example.com", "authorization")),
        ([SEARCH], [{"type": "mcp", "server_label": "a", "server_url": "https://a.example.com/"}], ("a.example.com", "")),
        ([CRM], [{**CRM, "server_url": "https://crm.example.com/v2"}], ("", "")),
        (MASK, [SEARCH, CRM], ("crm.example.com", "authorization")),
        ([CRM, CRM], [CRM, {**CRM, "server_url": "https://b.example.com/"}], ("b.example.com", "authorization")),
    ],
)  # fmt: skip
def test_where_a_secret_goes_is_known_however_long_the_tool_is(old: Any, new: Any, going: tuple[str, str]) -> None:
    found = list(changes.of(step({"tools": old}, {"tools": new}), "update"))
    hosts = {host for each in found for host in each.hosts}
    secrets = {name for each in found for name in each.secrets}
    assert (", ".join(hosts), ", ".join(secrets)) == going


def test_what_was_one_secret_with_all_that_stood_in_it_is_not_compared() -> None:
    found = list(changes.of(step({"tools": MASK}, {"tools": [SEARCH, CRM]}), "update"))
    assert [(each.path, each.before, "[secret]" in each.after) for each in found] == [
        ("tools[web_search]", "not shown", False), ("tools[crm]", "not shown", True),
    ]  # fmt: skip


def test_a_tool_that_comes_and_one_that_goes() -> None:
    [(path, old, new)] = told([SEARCH], [SEARCH, CRM])
    assert (path, old) == ("tools[crm]", "") and "crm.example.com" in new and f"{MASK} token" in new
    assert told([SEARCH, CRM], [CRM]) == [("tools[web_search]", '{"type": "web_search"}', "")]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (["PCMU", "PCMA"], ["PCMU", "G722"], ("PCMA", "G722")),
        ([CRM, CRM], [CRM], None),  # two of one name: not told apart
        (MASK, MASK, (MASK, MASK)),
        ("a", "b", ("a", "b")),
    ],
)
def test_what_has_no_names_is_shown_as_a_whole(before: Any, after: Any, shown: tuple[str, str] | None) -> None:
    [(path, old, new)] = told(before, after)
    assert path == "tools"
    assert shown is None or (old, new) == shown


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_two_texts_differ_in_something_that_is_shown(before: str, after: str) -> None:
    found = list(changes.between("instructions", before, after))
    assert all(isinstance(each, Change) and each.before.isprintable() and each.after.isprintable() for each in found)
    assert all(max(len(each.before), len(each.after)) <= changes.MAX_CHARACTERS for each in found)
    assert found
