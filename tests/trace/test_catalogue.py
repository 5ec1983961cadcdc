"""The catalogue, and its page."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from providers.kernel.errors import InputError
from xtel.proof.trace import catalogue, page
from xtel.proof.trace.model import HOPS

ROOT = Path(__file__).parents[2]
ALL = (*catalogue.CHECKS, *catalogue.CALL_ONLY)


def test_the_page_is_the_code() -> None:
    told = "python -m xtel.proof.trace.page > docs/trace.md"
    assert (ROOT / "docs/trace.md").read_text() == page.page(), told
    for name in re.findall(r"\(\.\./([^)\s]+)\)", page.page()):
        assert (ROOT / name).is_file()


def test_every_check_says_all_of_itself() -> None:
    assert len({each.id for each in ALL}) == len(ALL)
    for each in ALL:
        assert re.fullmatch(r"T\d{3}", each.id)
        assert all((each.question, each.how, each.fix, each.source))
        assert date.fromisoformat(each.read) <= date(2026, 12, 31)
    assert {each.hop for each in catalogue.CHECKS} == set(HOPS)
    assert all(each.decide for each in catalogue.CHECKS) and not any(each.decide for each in catalogue.CALL_ONLY)


@pytest.mark.parametrize(
    ("id", "says"),
    [("t042", "Source: docs.x.ai, SIP, Telnyx tab (5060)"), ("T213", "Only a call shows it: xtel call.")],
)
def test_a_check_is_explained(id: str, says: str) -> None:
    assert any(line.startswith(says) for line in catalogue.explained(catalogue.find(id)))


def test_a_check_that_there_is_not() -> None:
    with pytest.raises(InputError, match="there is no check T999"):
        catalogue.find("T999")
