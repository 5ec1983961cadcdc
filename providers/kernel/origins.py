"""Where a vendor's requests may go: to the origins it declares or the user set, and in clear text to this machine alone.

Read by one strict form, because a URL that two libraries read differently can bring a credential to a third party.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_PORTS = {"https": 443, "http": 80}
#: No user, no query, no character that some reader drops; a path may follow.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9._~/-]*)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Origin:
    """Scheme, host in lower case without brackets, and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS.get(self.scheme) else f":{self.port}")


def origin(scheme: str, host: str, port: int | None) -> Origin:
    """Of the parts of a URL that somebody has read already."""
    scheme = scheme.lower()
    return Origin(scheme, host.lower().strip("[]"), port or _PORTS.get(scheme, 0))


def read(url: str) -> Origin:
    """Of a base URL. Raises ValueError where it is none, or would carry a credential in clear text off this machine."""
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError("must be a URL such as https://api.example.com: scheme, host, perhaps a port and a path")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError("must have a port from 1 to 65535")
    result = origin(found["scheme"], found["host"], port)
    if result.scheme == "http" and not is_loopback(result.host):
        raise ValueError("must be an https URL (http is for loopback only)")
    return result


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: ``localhost``, or an address that is by its value, not by its looks."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
