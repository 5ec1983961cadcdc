"""Published signaling ranges of platforms that dial xAI themselves and are no carrier module here.

Only what a vendor publishes as signaling, and only where calls come from nowhere else. A PBX or SBC in between has its own
address: that one belongs on the allowlist then, and no name stands for it.
"""

from __future__ import annotations

from datetime import date

from providers.kernel.capabilities import Table

_READ = date(2026, 11, 21)
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

RANGES = (LIVEKIT, DIDWW)
