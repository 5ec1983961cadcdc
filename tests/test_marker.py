"""Markers: short enough for every vendor, and recognisable in a display name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.kernel import marker


def test_short_and_long() -> None:
    assert marker.marker("xai-telephony", "prod", "+14155550100") == "xtel/xai-telephony/prod/+14155550100"
    long = marker.marker("a" * 60, "prod", "+14155550100")
    assert len(long) == 49
    assert long != marker.marker("a" * 60, "prod", "+14155550101")


@given(st.text(max_size=80).filter(lambda text: text == text.strip()), st.text(min_size=1, max_size=80))
def test_labels_are_read_back(name: str, mark: str) -> None:
    assert marker.unlabel(marker.label(name, mark)) == (name, marker.digest(mark))


def test_a_name_without_a_marker_stays() -> None:
    assert marker.unlabel("Support [urgent]") == ("Support [urgent]", "")
