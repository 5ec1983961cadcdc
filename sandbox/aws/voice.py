"""What a Voice Connector does with a call: its origination routes, by priority, then by weight.

With encryption TCP is TLS and media are SRTP; the Request-URI is the number at the route's host (AWS's pages).
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.calling import Leg, Unreachable
from sandbox.exchange import JsonObject
from sandbox.store import Store

#: Whose shelf connectors stand on.
VENDOR = "chime"
#: ip-ranges.json of 2026-08-22, service CHIME_VOICECONNECTOR.
SOURCES = {
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


def legs(store: Store, account: str, id: str, number: str, headers: Sequence[tuple[str, str]] = ()) -> Sequence[Leg]:
    """What connector ``id`` calls for a number. Raises Unreachable."""
    found = store.shelf(VENDOR, account, "connectors").get(id)
    if found is None:
        raise Unreachable("attachment", f"connector {id} is gone")
    origination: JsonObject = found.get("origination") or {}
    if origination.get("Disabled"):
        raise Unreachable("trunk", f"the origination of connector {id} is disabled")
    given: list[JsonObject] = origination.get("Routes") or []
    routes = sorted(given, key=lambda each: (each["Priority"], -each["Weight"]))
    if not routes:
        raise Unreachable("trunk", f"connector {id} has no origination route")
    return [_leg(number, each, found["connector"], headers) for each in routes]


def _leg(number: str, way: JsonObject, connector: JsonObject, headers: Sequence[tuple[str, str]]) -> Leg:
    secure = connector["RequireEncryption"]
    transport = "udp" if way["Protocol"] == "UDP" else "tls" if secure else "tcp"
    return Leg(
        f"sip:{number}@{way['Host']}:{way['Port']};transport={transport}",
        encryption="required" if secure else "off",
        headers=headers,
        sources=SOURCES[connector["AwsRegion"]],
    )
