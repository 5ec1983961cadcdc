"""What somebody made by hand for numbers that a site dials: an entry among its number plans, an outbound route, a trunk."""

from __future__ import annotations

from typing import Any

from sandbox import shapes
from sandbox.exchange import JsonObject
from sandbox.genesys.account import identifier
from sandbox.genesys.organisation import METABASE, PASSWORD, TEMPLATE, TERMINATION, Organisation
from sandbox.shapes import Model, array, text

_NUMBER = text(1, 16, r"\+[1-9]\d{6,14}")
_LOGIN = "trunk_sip_authentication_credentials_username"
_CHAIN: Model = {
    "name": text(1, 40), "site": text(1), "numbers": array(_NUMBER, low=1), "host": text(1), "username": text(1),
    "password": text(1),
}  # fmt: skip


def add(own: Organisation, raw: Any) -> None:
    """One of this name, as the admin pages make it: over TLS, G.711, numbers with their plus."""
    chain = shapes.read(raw, _CHAIN, ("name", "site", "numbers"))
    name, site = chain["name"], identifier(f"{own.account.name} site {chain['site']}")
    trunk = own.add_trunk(
        {
            "name": f"{name} trunk",
            "trunkMetabase": {"id": METABASE},
            "trunkType": "EXTERNAL",
            "inboundSite": {"id": site},
            "properties": {key: {"value": {"instance": value}} for key, value in _properties(chain).items()},
        }
    )
    own.add_route(
        site, {"name": f"{name} route", "classificationTypes": [name], "externalTrunkBases": [{"id": trunk["id"]}]}
    )
    plan: JsonObject = {"name": f"{name} numbers", "matchType": "e164NumberList", "classification": name}
    plan["numbers"] = [{"start": number, "end": number} for number in chain["numbers"]]
    own.write_plans(site, [plan, *own.plans_of(site)])


def _properties(chain: JsonObject) -> JsonObject:
    return {
        **TEMPLATE,
        "trunk_label": f"{chain['name']} trunk",
        "trunk_transport_protocolVariant": "tls",
        "trunk_transport_serverProxyList": [chain.get("host", "sip.voice.x.ai:5061")],
        "trunk_media_codec": ["audio/pcmu", "audio/pcma"],
        "trunk_outboundIdentity_calledAddress_omitPlusPrefix": False,
        "trunk_outboundIdentity_callingAddress_omitPlusPrefix": False,
        _LOGIN: chain.get("username", ""),
        PASSWORD: chain.get("password", ""),
        TERMINATION: "".join(each for each in chain["name"].lower() if each.isalnum()),
    }
