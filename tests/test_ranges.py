"""Published ranges by name."""

from __future__ import annotations

import pytest

from providers.kernel import errors, ranges


def test_twilio_has_all_eight() -> None:
    assert len(ranges.resolve(["twilio"])) == 8
    assert ranges.resolve(["Twilio@2026-11-21"]) == ranges.resolve(["twilio"])


def test_names_and_networks_mix() -> None:
    assert "203.0.113.0/28" in ranges.resolve(["twilio", "203.0.113.0/28"])


@pytest.mark.parametrize("name", ["twillio", "twilio@1999-01-01", "twilio:mars"])
def test_unknown_names_list_the_known(name: str) -> None:
    with pytest.raises(ValueError, match="twilio"):
        ranges.resolve([name])


def test_nothing_is_not_an_allowlist() -> None:
    with pytest.raises(errors.InputError, match="empty allowlist"):
        ranges.resolve([])
