"""From trunks, URIs and numbers that exist to the words of the stack file. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from providers.kernel.route_import import Found, Unmapped, WeightedUri, alone
from providers.kernel.values import target
from providers.plivo.api import Api, linked
from providers.plivo.trunk import schemed


def numbers(api: Api) -> Iterable[str]:
    """Every number of the account."""
    return [f"+{number['number']}" for number in api.numbers.all()]


def found(api: Api, e164: str) -> Found:
    """The number's trunk with its URIs. Which digest a URI has shows as a difference later; its password never."""
    kind, id = linked(api.number(e164, fresh=False))
    if kind != "trunk":
        raise Unmapped(f"it is on no trunk{f': application {id} gets its calls' if id else ''}")
    alone(e164, id, _held(api))
    trunk = api.trunks.get(id)
    if trunk is None or trunk.get("trunk_direction") == "outbound":
        raise Unmapped(f"trunk {id} is no inbound trunk")
    uuids = [str(uuid) for name in ("primary_uri_uuid", "fallback_uri_uuid") if (uuid := trunk.get(name))]
    uris = [WeightedUri(schemed(str((api.uris.get(uuid) or {}).get("uri") or ""))) for uuid in uuids]
    if not uris:
        raise Unmapped(f"trunk {id} has no URI")
    for uuid in uuids:
        _alone(api, uuid)
    ids = dict(zip(("uri", "fallback-1"), uuids, strict=False))
    route = {"secure": bool(trunk.get("secure")), **_uri(uris[0].uri)}
    return Found(route, {**ids, "trunk": id, "attachment": e164}, tuple(uris))


def _uri(uri: str) -> dict[str, Any]:
    """Its port, and whether it names a number."""
    try:
        way = target(uri)
    except ValueError:
        return {}
    return {"port": way.port, "host_only": not way.number}


def _alone(api: Api, uuid: str) -> None:
    """A URI that several trunks point at would become another's when one of them becomes ours."""
    pointing = [
        trunk for trunk in api.trunks.all() if uuid in (trunk.get("primary_uri_uuid"), trunk.get("fallback_uri_uuid"))
    ]
    if len(pointing) > 1:
        raise Unmapped(f"URI {uuid} serves {len(pointing)} trunks", step="give the trunk a URI of its own")


def _held(api: Api) -> dict[str, str]:
    """What gets each number's calls."""
    return {f"+{number['number']}": linked(number)[1] for number in api.numbers.all()}
