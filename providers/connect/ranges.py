"""Where calls of an instance come from: the prefixes of Voice Connectors in its region."""

from __future__ import annotations

from datetime import date
from typing import Literal

from providers.aws import voice
from providers.kernel.capabilities import Table

#: The regions that have both Amazon Connect and Voice Connectors. Unverified: in which of them AWS grants the transfer.
Region = Literal[
    "us-east-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-2", "ap-northeast-1", "ap-northeast-2",
    "ap-southeast-1", "ap-southeast-2",
]  # fmt: skip
REGIONS = {region: cidrs for region, cidrs in voice.REGIONS.items() if region != "eu-west-1"}

_SOURCE = "AWS ip-ranges.json of 2026-08-22, service CHIME_VOICECONNECTOR: Voice Connector, also behind Amazon Connect"
RANGES = tuple(Table("connect", date(2026, 11, 28), _SOURCE, cidrs, region) for region, cidrs in REGIONS.items())
