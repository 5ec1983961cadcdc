"""What an organisation of Genesys Cloud holds, and its rules, without HTTP: every object has a version and a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.genesys.account import VENDOR, Account, Refusal, identifier, missing, wrong
from sandbox.store import Shelf, Store
from sandbox.switches import Switches

METABASE = "external_sip_pcv_byoc_carrier.json"
#: Codecs and transports of the template; what else it has is kept as it is.
TEMPLATE: JsonObject = {
    "trunk_type": "external.pcv.byoc.carrier",
    "trunk_label": "",
    "trunk_protocol": "SIP",
    "trunk_enabled": True,
    "trunk_max_dial_timeout": "1m",
    "trunk_transport_protocolVariant": "udp",
    "trunk_transport_serverProxyList": [],
    "trunk_access_acl_allowList": [],
    "trunk_sip_authentication_credentials_realm": "",
    "trunk_sip_authentication_credentials_username": "",
    "trunk_sip_authentication_credentials_password": "",
    "trunk_sip_termination_uri": "",
    "trunk_sip_uuiEnabled": False,
    "trunk_media_codec": ["audio/opus", "audio/pcmu", "audio/pcma"],
    "trunk_media_srtpCipherSuites": ["AES_CM_128_HMAC_SHA1_80"],
    "trunk_media_dtmf_method": "RTP Events",
    "trunk_media_dtmf_payload": 101,
    "trunk_outboundIdentity_callingName_overrideMethod": "Unassigned DID",
    "trunk_outboundIdentity_callingAddress_overrideMethod": "Unassigned DID",
    "trunk_outboundIdentity_calledAddress_omitPlusPrefix": True,
    "trunk_outboundIdentity_callingAddress_omitPlusPrefix": True,
}
PASSWORD = "trunk_sip_authentication_credentials_password"  # noqa: S105 -- the name of a property
TERMINATION = "trunk_sip_termination_uri"
#: What every new site has, in this order; how exactly each of them matches is not published.
_DEFAULTS: Sequence[JsonObject] = (
    {"name": "Emergency", "matchType": "numberList", "numbers": [{"start": "911", "end": "911"}]},
    {"name": "Extension", "matchType": "digitLength", "digitLength": {"start": "3", "end": "6"}},
    {"name": "National", "matchType": "intraCountryCode"},
    {"name": "International", "matchType": "interCountryCode"},
    {"name": "Network", "matchType": "regex", "match": r"^([^@\:]+@)([^@ ]+)?$", "normalizedFormat": "sip:$1$2"},
    {"name": "Suicide Prevention", "matchType": "numberList", "numbers": [{"start": "988", "end": "988"}]},
)
#: Never the client's to say.
READ_ONLY = ("id", "state", "selfUri", "dateCreated", "dateModified", "createdBy", "modifiedBy")


def instance(trunk: Mapping[str, Any], name: str) -> Any:
    """The value of a trunk's property."""
    return trunk["properties"].get(name, {}).get("value", {}).get("instance")


class Organisation:
    """One account's objects."""

    def __init__(self, store: Store, switches: Switches, account: Account) -> None:
        self.account, self._switches = account, switches
        self._store = store
        self.sites = self.shelf("sites")
        self.trunks = self.shelf("trunks")
        self.routes = self.shelf("outbound_routes")
        self.plans = self.shelf("number_plans")
        self.dids = self.shelf("dids")
        self.flows, self.jobs, self.ivrs = self.shelf("flows"), self.shelf("jobs"), self.shelf("ivrs")
        #: Ids of what was deleted: for a while it is still shown, as deleted.
        self._graves = self.shelf("graves")

    def shelf(self, collection: str) -> Shelf:
        return self._store.shelf(VENDOR, self.account.name, collection)

    # -- every object --------------------------------------------------------------------------------------------------

    def get(self, shelf: Shelf, id: str, what: str) -> JsonObject:
        """An object; also one that was deleted a moment ago, whose state says so."""
        if (found := shelf.get(id)) is not None:
            return found
        if self._switches["genesys.deleted"] == "shown" and (grave := self._graves.get(id)) is not None:
            return grave
        raise missing(what)

    def living(self, shelf: Shelf, id: str, what: str) -> JsonObject:
        if (found := shelf.get(id)) is None:
            raise missing(what)
        return found

    def bury(self, shelf: Shelf, found: JsonObject) -> None:
        shelf.remove(found["id"])
        self._graves.put(found["id"], {**found, "state": "deleted"})

    def newer(self, found: JsonObject, settings: JsonObject) -> JsonObject:
        """What stands there after a PUT, which must carry the version that stands there now."""
        self.current(found, settings)
        kept = {name: found[name] for name in READ_ONLY if name in found}
        return {**settings, **kept, "version": found["version"] + 1}

    def current(self, found: JsonObject, settings: JsonObject) -> None:
        """Refuses a stale version, in each of the ways that were reported."""
        if settings.get("version") == found["version"]:
            return
        says = f"The version {settings.get('version')} does not match the current version {found['version']}."
        status = self._switches["genesys.stale"]
        raise Refusal(status, {409: "conflict", 408: "request.timeout", 400: "bad.request"}[status], says)

    # -- sites and their number plans ----------------------------------------------------------------------------------

    def add_site(self, name: str, media: str = "Cloud") -> str:
        id = identifier(f"{self.account.name} site {name}")
        site = {"id": id, "name": name, "version": 1, "state": "active", "mediaModel": media, "managed": False}
        self.sites.put(id, site, name)
        plans = [
            {"id": identifier(f"{id} {each['name']}"), "version": 1, "state": "active", "priority": place}
            | {"classification": each["name"], **each}
            for place, each in enumerate(_DEFAULTS, 1)
        ]
        self.plans.put(id, {"id": id, "plans": plans})
        route = {"name": "Default Outbound Route", "classificationTypes": [each["name"] for each in _DEFAULTS]}
        self._put_route(id, {**route, "id": identifier(f"{id} route"), "version": 1, "externalTrunkBases": []})
        return id

    def plans_of(self, site: str) -> list[JsonObject]:
        self.living(self.sites, site, "site")
        return self.living(self.plans, site, "number plans")["plans"]

    def write_plans(self, site: str, written: Sequence[JsonObject]) -> list[JsonObject]:
        """The whole array, in whose order the plans are tried; one that is left out is deleted."""
        before = {plan["id"]: plan for plan in self.plans_of(site)}
        names = [plan["name"] for plan in written]
        if len({name.lower() for name in names}) < len(names):
            raise wrong("Number plan names must be unique.")
        plans = [self._plan(before, plan, place) for place, plan in enumerate(written, 1)]
        self.plans.put(site, {"id": site, "plans": plans})
        return plans

    def _plan(self, before: Mapping[str, JsonObject], plan: JsonObject, place: int) -> JsonObject:
        placed = {**plan, "priority": place}
        if "id" not in plan:
            return {"id": identifier(), "version": 1, "state": "active", **placed}
        if plan["id"] not in before:
            raise missing("number plan")
        now = before[plan["id"]]
        self.current(now, plan)
        kept = {name: now[name] for name in READ_ONLY if name in now}
        changed = {**placed, **kept}
        return changed if changed == now else {**changed, "version": now["version"] + 1}

    # -- trunks --------------------------------------------------------------------------------------------------------

    def add_trunk(self, settings: JsonObject) -> JsonObject:
        self._checked(settings)
        return self._put_trunk({"id": identifier(), "version": 1, "state": "active", **settings})

    def change_trunk(self, id: str, settings: JsonObject) -> JsonObject:
        """A password that is not written stays."""
        now = self.living(self.trunks, id, "trunk base")
        self._checked(settings, but=id)
        if instance(settings, PASSWORD) is None and PASSWORD in now["properties"]:
            settings["properties"][PASSWORD] = now["properties"][PASSWORD]
        return self._put_trunk(self.newer(now, settings))

    def _put_trunk(self, trunk: JsonObject) -> JsonObject:
        trunk = {**trunk, "managed": False}
        self.trunks.put(trunk["id"], trunk)
        return trunk

    def remove_trunk(self, id: str) -> None:
        trunk = self.living(self.trunks, id, "trunk base")
        for route in self.routes.all():
            if any(each["id"] == id for each in route["externalTrunkBases"]):
                raise wrong(f"The trunk base is in use by outbound route {route['name']}.", "trunkbase.in.use")
        self.bury(self.trunks, trunk)

    def _checked(self, trunk: JsonObject, but: str = "") -> None:
        if trunk["trunkMetabase"]["id"] != METABASE:
            raise wrong("There is no such trunk metabase.")
        if "inboundSite" not in trunk:
            raise wrong("inboundSite is required.", "REQUIRED_FIELD_MISSING")
        self.living(self.sites, trunk["inboundSite"]["id"], "site")
        if unknown := sorted(trunk["properties"].keys() - TEMPLATE.keys()):
            raise wrong(f"Unknown property {unknown[0]}.")
        if lacking := sorted(TEMPLATE.keys() - {PASSWORD} - trunk["properties"].keys()):
            raise wrong(f"Property {lacking[0]} is missing: begin with the template.", "REQUIRED_FIELD_MISSING")
        if not (uri := instance(trunk, TERMINATION)):
            raise wrong(f"{TERMINATION} is required.", "REQUIRED_FIELD_MISSING")
        if any(instance(each, TERMINATION) == uri for each in self.trunks.all() if each["id"] != but):
            raise wrong(f"The termination URI {uri} is in use.")

    # -- outbound routes -----------------------------------------------------------------------------------------------

    def routes_of(self, site: str) -> list[JsonObject]:
        self.living(self.sites, site, "site")
        return [route for route in self.routes.all() if route["site"]["id"] == site]

    def route(self, site: str, id: str) -> JsonObject:
        found = self.get(self.routes, id, "outbound route")
        if found["site"]["id"] != site:
            raise missing("outbound route")
        return found

    def add_route(self, site: str, settings: JsonObject) -> JsonObject:
        self._routed(site, settings)
        return self._put_route(site, {"id": identifier(), "version": 1, **settings})

    def change_route(self, site: str, id: str, settings: JsonObject) -> JsonObject:
        found = self.route(site, id)
        self.living(self.routes, id, "outbound route")
        self._routed(site, settings, but=id)
        return self._put_route(site, self.newer(found, settings))

    def _put_route(self, site: str, route: JsonObject) -> JsonObject:
        kept: JsonObject = {"enabled": True, "distribution": "SEQUENTIAL", "state": "active", **route}
        kept |= {"site": {"id": site}, "managed": False}
        self.routes.put(kept["id"], kept)
        return kept

    def remove_route(self, site: str, id: str) -> None:
        found = self.route(site, id)
        self.living(self.routes, id, "outbound route")
        self.bury(self.routes, found)

    def _routed(self, site: str, route: JsonObject, but: str = "") -> None:
        """A classification belongs to one route of a site at most."""
        for each in route["externalTrunkBases"]:
            self.living(self.trunks, each["id"], "trunk base")
        for other in self.routes_of(site):
            shared = set(other["classificationTypes"]) & set(route["classificationTypes"])
            if shared and other["id"] != but:
                raise wrong(f"Classification {min(shared)} is in use by outbound route {other['name']}.")
        if not route["classificationTypes"]:
            raise wrong("classificationTypes is required.", "REQUIRED_FIELD_MISSING")

    # -- DIDs ----------------------------------------------------------------------------------------------------------

    def add_did(self, number: str, owner: str = "") -> None:
        pool = {"id": identifier(f"{self.account.name} pool {number}"), "name": f"{number} to {number}"}
        did: JsonObject = {"id": identifier(f"{self.account.name} {number}"), "number": number, "didPool": pool}
        did |= {"assigned": bool(owner), **({"ownerType": owner} if owner else {})}
        self.dids.put(did["id"], did, number)
