"""What decides the calls of a number at Telnyx, as it stands. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from providers.kernel import errors
from providers.kernel.inventory import LiveObject
from providers.telnyx.api import Api
from providers.telnyx.attachment import Attachment
from providers.telnyx.connection import Connection, Routing
from providers.telnyx.fqdn import Fqdn


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number with its voice settings, its FQDN connection, and the FQDNs that are chosen. Raises NotFound.

    A connection of another kind (an application, a PBX that logs in) is none of these: the number goes to it and no further.
    """
    held, number = Attachment().on_the_way(api, e164)
    yield number
    if not (id := held.by):
        return
    try:
        connection, routing = Connection().read(api, id, {}, fresh=False), Routing().read(api, id, {}, fresh=False)
    except errors.NotFound:
        return
    if connection is None or routing is None:
        return
    yield LiveObject("Connection", connection)
    yield LiveObject("Routing", routing)
    for place in ("primary", "secondary", "tertiary"):
        if chosen := str(routing.inputs[place] or ""):
            yield from _fqdn(api, chosen)


def _fqdn(api: Api, id: str) -> Iterator[LiveObject]:
    """Nothing for one that is gone. One without a port is called at 5060, Telnyx' default for an A record."""
    try:
        fqdn = Fqdn().read(api, id, {}, fresh=False)
    except errors.NotFound:
        return
    if fqdn:
        bare = fqdn.inputs["record"] == "a" and not fqdn.inputs["port"]
        yield LiveObject("Fqdn", replace(fqdn, inputs={**fqdn.inputs, "port": 5060}) if bare else fqdn)
