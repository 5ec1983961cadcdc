"""New entries in a stack file: nothing else in it changes by a single character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from providers.kernel.errors import InputError
from xtel.operations.importing import entries

ENTRY = {
    "number": "+14155550100",
    "name": "Support line",
    "route": {"carrier": "twilio", "transfer": True},
    "auth": {"allow": ["twilio", "203.0.113.5/32"]},
    "webhook": None,
}
WRITTEN = """  support:
    number: "+14155550100"
    name: Support line
    route: {carrier: twilio, transfer: true}
    auth: {allow: [twilio, 203.0.113.5/32]}
    webhook: null
"""
HEAD = "version: 1  # of the format\n"
SALES = '  sales: {number: "+12125550110", route: {carrier: twilio}}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{HEAD}numbers: {{}}\n", f"{HEAD}numbers:\n{WRITTEN}"),
        (f"{HEAD}numbers:\n", f"{HEAD}numbers:\n{WRITTEN}"),
        (f"{HEAD}numbers:   # none\n# end\n", f"{HEAD}numbers:   # none\n{WRITTEN}# end\n"),
        (f"{HEAD}numbers: {{}} # none", f"{HEAD}numbers: # none\n{WRITTEN}"),
        (f"numbers: null\n{HEAD}", f"numbers:\n{WRITTEN}{HEAD}"),
        (f"{HEAD}numbers:\n{SALES}  # Ada\n\n# the end\n", f"{HEAD}numbers:\n{SALES}  # Ada\n{WRITTEN}\n# the end\n"),
        (f"{HEAD}numbers:\n{SALES}", f"{HEAD}numbers:\n{SALES}\n{WRITTEN}"),
        (f"numbers:\n{SALES}\n{HEAD}", f"numbers:\n{SALES}\n{WRITTEN}{HEAD}"),
    ],
)
def test_appended(before: str, after: str) -> None:
    assert entries.appended(before, {"support": ENTRY}) == after


def test_the_last_entry_may_end_in_anything() -> None:
    anchored = f"{HEAD}defaults:\n  route: &r {{carrier: twilio}}\nnumbers:\n    a:\n        number: '+12125550110'\n"
    for last in ("route: *r", "name: |-\n            Long\n            name", "was:\n        - b", "webhook:"):
        text = f"{anchored}        {last}   \n" if "|" not in last else f"{anchored}        {last}\n"
        found = entries.appended(text, {"support": ENTRY})
        assert found == text + "".join(f"  {line}\n" for line in WRITTEN.splitlines()), last


def test_windows_line_ends_stay() -> None:
    text = f"{HEAD}numbers:\n{SALES}\n".replace("\n", "\r\n")
    assert entries.appended(text, {"support": ENTRY}) == text + WRITTEN.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        f'{HEAD}numbers: {{a: {{number: "+14155550100"}}}}\n',
        f"{HEAD}x: &n\n  a: {{}}\nnumbers: *n\n",
        f"{HEAD}numbers: &n\n  a: {{}}\n",
        HEAD,
    ],
)
def test_what_cannot_be_added_to_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="next: "):
        entries.appended(text, {"support": ENTRY})


@given(st.text(min_size=1, max_size=60).filter(lambda text: all(char.isprintable() for char in text)))
def test_any_name_is_read_as_it_was(name: str) -> None:
    text = entries.appended(f"{HEAD}numbers: {{}}\n", {"support": {"number": "+14155550100", "name": name}})
    assert YAML(typ="safe").load(text)["numbers"]["support"]["name"] == name
