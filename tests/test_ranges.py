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


#: Platforms without a module of their own, as their own pages list them.
PLATFORMS = [
    ("livekit", ["143.223.88.0/21", "153.57.128.0/18", "161.115.160.0/19"]),
    (
        "didww",
        [f"46.19.{third}.14/32" for third in (209, 210, 212, 213, 214, 215)] + ["185.238.173.14/32"],
    ),
]
#: Of carriers that publish them by region.
REGIONS = [
    ("chime:us-east-1", ["3.80.16.0/23", "99.77.254.0/24"]),
    ("chime:us-west-2", ["99.77.232.0/24", "99.77.253.0/24"]),
    ("chime:ca-central-1", ["99.77.233.0/24"]),
    ("chime:eu-central-1", ["99.77.247.0/24"]),
    ("chime:eu-west-1", ["99.77.250.0/24"]),
    ("chime:eu-west-2", ["99.77.249.0/24"]),
    ("chime:ap-northeast-1", ["99.77.244.0/24"]),
    ("chime:ap-northeast-2", ["99.77.242.0/24"]),
    ("chime:ap-southeast-1", ["99.77.240.0/24"]),
    ("chime:ap-southeast-2", ["99.77.239.0/24"]),
    ("connect:us-east-1", ["3.80.16.0/23", "99.77.254.0/24"]),
    ("connect:us-west-2", ["99.77.232.0/24", "99.77.253.0/24"]),
    ("connect:ca-central-1", ["99.77.233.0/24"]),
    ("connect:eu-central-1", ["99.77.247.0/24"]),
    ("connect:eu-west-2", ["99.77.249.0/24"]),
    ("connect:ap-northeast-1", ["99.77.244.0/24"]),
    ("connect:ap-northeast-2", ["99.77.242.0/24"]),
    ("connect:ap-southeast-1", ["99.77.240.0/24"]),
    ("connect:ap-southeast-2", ["99.77.239.0/24"]),
    ("chime:ipv6", ["2600:f0f0:c040::/42"]),
]


@pytest.mark.parametrize(("name", "networks"), PLATFORMS + REGIONS, ids=[name for name, _ in PLATFORMS + REGIONS])
def test_platforms_by_name(name: str, networks: list[str]) -> None:
    assert list(ranges.resolve([name])) == networks
    table = ranges.table(name)
    assert ranges.table(table.dated) == table
    assert table.source


def test_every_platform_is_tested_and_none_is_a_source_of_the_sip_carrier() -> None:
    from providers.sip import CARRIER, Route

    assert {table.label for table in CARRIER.ranges} == {name for name, _ in PLATFORMS}
    assert Route().sources() == ()


def test_a_name_that_needs_a_region_lists_the_regions() -> None:
    for name in ("chime", "chime:us-east-9", "chime:us-east-9@2026-11-21"):
        with pytest.raises(ValueError, match="regions of chime: ap-northeast-1, .*, us-east-1, us-west-2$"):
            ranges.table(name)
    with pytest.raises(ValueError, match="'telnyx' needs a region: write telnyx:us; regions of telnyx: asia, .*, us$"):
        ranges.table("telnyx")
    with pytest.raises(ValueError, match=r"did you mean telnyx:europe\? regions of telnyx: asia, "):
        ranges.table("telnyx:europ")
    with pytest.raises(ValueError, match=r"did you mean chime:REGION, such as chime:us-east-1\?$"):
        ranges.table("chimes")


def test_a_name_that_nobody_publishes_lists_those_that_are() -> None:
    with pytest.raises(
        ValueError, match="known ranges: chime:REGION, connect:REGION, didww, livekit, plivo, telnyx:REGION, twilio$"
    ):
        ranges.table("vonage")
    with pytest.raises(ValueError, match="is of a day without a table: write twilio, or twilio@2026-11-21$"):
        ranges.table("twilio@2020-01-01")
