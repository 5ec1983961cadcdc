"""Specs: canonical, tolerant of what is not known yet, and silent about values."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.kernel.spec import Secret, Spec, StrictModel, at, changed, differences, problems, secret_values
from providers.kernel.values import E164, UNKNOWN, Whole


class Inner(StrictModel):
    token: Annotated[str, Secret()] | None = None
    url: str = ""


class Example(Spec):
    number: E164
    share: Whole = 10
    password: Annotated[str, Secret()] | None = None
    inner: Inner | None = None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1, max_size=3), json_values, max_size=4))
def test_equals_have_no_difference(value: dict[str, Any]) -> None:
    assert list(changed(value, value)) == []


def test_changes_name_the_deepest_path() -> None:
    assert list(changed({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"b": 2, "c": [1]}, "e": 1})) == ["a.b", "d", "e"]


def test_floats_of_pulumi_and_spelling_are_one_form() -> None:
    one = Example.model_validate({"number": "+1 415 555 0100", "share": 10.0}).canonical()
    two = Example.model_validate({"number": "+14155550100"}).canonical()
    assert one == two
    assert Example.model_validate(one).canonical() == one


def test_unknown_passes_and_stays() -> None:
    spec = Example.model_validate({"number": UNKNOWN, "inner": {"url": UNKNOWN}})
    assert spec.canonical()["number"] is UNKNOWN
    assert spec.canonical()["inner"] == {"url": UNKNOWN}


def test_problems_hold_no_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Example.model_validate(
            {"number": "canary1", "password": {"canary2": 1}, "share": "canary3", "canary4": "canary5"}
        )
    text = " ".join(map(str, problems(caught.value)))
    assert "number: must start with +" in text
    assert "password: must be text" in text
    assert "canary4: is not a known key" in text
    assert all(f"canary{count}" not in text for count in (1, 2, 3, 5))
    assert "canary" not in str(caught.value).replace("canary4", "")


def test_secret_values_are_found_inside() -> None:
    assert list(secret_values(Example, {"password": "p1", "inner": {"token": "t1", "url": "u"}})) == ["p1", "t1"]


KEYS = st.text(alphabet='ab.[]"0', min_size=1, max_size=4)
TREES = st.recursive(
    st.integers(0, 3), lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=6
)


@given(TREES, TREES)
def test_what_differs_is_told_with_both_sides(old: Any, new: Any) -> None:
    found = list(differences(old, new))
    assert [path for path, _, _ in found] == list(changed(old, new))
    assert bool(found) == (old != new)
    assert all(before != after for _, before, after in found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("codecs[0].name", "PCMU"),
        ("codecs[2]", None),
        ("content.README.md", "aa"),
        ('content["README.md"]', "aa"),
        ("content.README", "plain"),
        ('content["a.b"]["c.d"]', 1),
        ("content.a.b.c.d", 1),
        ("content.a.x", None),
        ("content.a[b].c", 2),
        ("nothing.at.all", None),
    ],
)
def test_a_path_is_followed_through_keys_with_dots(path: str, value: object) -> None:
    content = {"README.md": "aa", "README": "plain", "a.b": {"c.d": 1}, "a": {"b": 0}, "a[b]": {"c": 2}}
    assert at({"codecs": [{"name": "PCMU"}], "content": content}, path) == value
