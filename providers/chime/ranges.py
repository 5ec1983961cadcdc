"""Where calls of a Voice Connector come from: prefixes by region, shared by signaling, media and all customers."""

from __future__ import annotations

from datetime import date

from providers.kernel.capabilities import Table

_READ, _PAGE_READ = date(2026, 11, 28), date(2026, 11, 21)
_SOURCE = "AWS ip-ranges.json of 2026-08-22, service CHIME_VOICECONNECTOR: Voice Connector, also behind Amazon Connect"
_PAGE = "AWS, Chime SDK network configuration (a copy of 2026): a dual-stack connector needs it beside its region"
#: The regions that have Voice Connectors, with their prefixes.
REGIONS = {
    "us-east-1": ("3.80.16.0/23", "99.77.254.0/24"),
    "us-west-2": ("99.77.253.0/24", "99.77.232.0/24"),
    "ca-central-1": ("99.77.233.0/24",),
    "eu-central-1": ("99.77.247.0/24",),
    "eu-west-1": ("99.77.250.0/24",),
    "eu-west-2": ("99.77.249.0/24",),
    "ap-northeast-1": ("99.77.244.0/24",),
    "ap-northeast-2": ("99.77.242.0/24",),
    "ap-southeast-1": ("99.77.240.0/24",),
    "ap-southeast-2": ("99.77.239.0/24",),
}

RANGES = (
    *(Table("chime", _READ, _SOURCE, cidrs, region) for region, cidrs in REGIONS.items()),
    Table("chime", _PAGE_READ, _PAGE, ("2600:f0f0:c040::/42",), "ipv6"),
)
