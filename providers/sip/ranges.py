"""Published signaling ranges of platforms that dial xAI themselves and are no carrier module here.

Only what a vendor publishes as signaling, and only where calls come from nowhere else. A PBX or SBC in between has its own
address: that one belongs on the allowlist then, and no name stands for it.
"""

from __future__ import annotations

from datetime import date

from providers.kernel.capabilities import Table

_READ = date(2026, 11, 21)
_CHIME = "AWS, Chime SDK network configuration (a copy of 2026): Voice Connector, also behind Amazon Connect"
_CHIME_REGIONS = {
    "us-east-1": "3.80.16.0/23",
    "us-west-2": "99.77.253.0/24",
    "ca-central-1": "99.77.233.0/24",
    "eu-central-1": "99.77.247.0/24",
    "eu-west-1": "99.77.250.0/24",
    "eu-west-2": "99.77.249.0/24",
    "ap-northeast-1": "99.77.244.0/24",
    "ap-northeast-2": "99.77.242.0/24",
    "ap-southeast-1": "99.77.240.0/24",
    "ap-southeast-2": "99.77.239.0/24",
    "ipv6": "2600:f0f0:c040::/42",  # of all regions: a dual-stack connector needs it beside its own
}

CHIME = tuple(Table("chime", _READ, _CHIME, (cidr,), region) for region, cidr in _CHIME_REGIONS.items())
LIVEKIT = Table(
    "livekit",
    _READ,
    "docs.livekit.io, LiveKit Cloud, last added to on 2026-08-24: the regions US, EU, India, Japan, Canada alone",
    ("143.223.88.0/21", "161.115.160.0/19", "153.57.128.0/18"),
)
DIDWW = Table(
    "didww",
    date(2026, 9, 16),
    "doc.didww.com/voice.json: the static endpoint for inbound calls, IPv4 alone",
    (
        "46.19.209.14/32", "46.19.210.14/32", "46.19.212.14/32", "46.19.213.14/32",
        "46.19.214.14/32", "46.19.215.14/32", "185.238.173.14/32",
    ),
)  # fmt: skip

RANGES = (*CHIME, LIVEKIT, DIDWW)
