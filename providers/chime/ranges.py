"""Where calls of a Voice Connector come from: prefixes by region, shared by signaling, media and all customers."""

from __future__ import annotations

from datetime import date

from providers.aws.voice import REGIONS
from providers.kernel.capabilities import Table

_READ, _PAGE_READ = date(2026, 11, 28), date(2026, 11, 21)
_SOURCE = "AWS ip-ranges.json of 2026-08-22, service CHIME_VOICECONNECTOR: Voice Connector, also behind Amazon Connect"
_PAGE = "AWS, Chime SDK network configuration (a copy of 2026): a dual-stack connector needs it beside its region"

RANGES = (
    *(Table("chime", _READ, _SOURCE, cidrs, region) for region, cidrs in REGIONS.items()),
    Table("chime", _PAGE_READ, _PAGE, ("2600:f0f0:c040::/42",), "ipv6"),
)
