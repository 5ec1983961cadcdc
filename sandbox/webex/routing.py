"""Trunks, route groups, dial plans and their patterns, without HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.webex.account import VENDOR, Account, Refusal, identifier, missing, wrong

#: +E.164, X for one digit at the end, ! once and last; what live tests of the SDK saw refused is refused here.
PATTERN = re.compile(r"\+[1-9]\d*(X*|!)|\d+X*")
#: Letters, digits, the underscore and blanks, as live tests saw it.
TRUNK_NAME = re.compile(r"[A-Za-z0-9_ ]{1,24}")
REGISTERING, CERTIFICATE_BASED = "REGISTERING", "CERTIFICATE_BASED"
#: As the switch says it: the status of a trunk whose gateway is there, was there, never was.
STATUSES = {"online": "ONLINE", "offline": "OFFLINE", "never": "UNKNOWN"}
MOST_TRUNKS = 10
#: Where trunks are that a seed gives no location.
HEADQUARTERS = "Headquarters"


class Routing:
    """One organisation's."""

    def __init__(self, store: Store, switches: Switches, account: Account) -> None:
        self._switches, self.account = switches, account
        self.trunks, self.groups, self.plans, self.patterns = (
            store.shelf(VENDOR, account.org, name) for name in ("trunks", "route_groups", "dial_plans", "patterns")
        )
        self.locations = store.shelf(VENDOR, account.org, "locations")
        #: Those that the organisation has claimed and verified.
        self.domains = store.shelf(VENDOR, account.org, "domains")
        self._passwords = store.shelf(VENDOR, account.org, "passwords")

    def add_location(self, name: str) -> str:
        id = identifier("LOCATION", f"{self.account.org} {name}")
        self.locations.put(id, {"id": id, "name": name}, name)
        return id

    def location(self, id: str) -> JsonObject:
        if (found := self.locations.get(id)) is None:
            raise wrong("locationId: there is no such location")
        return found

    @property
    def customer(self) -> JsonObject:
        return {"id": self.account.org, "name": f"{self.account.name}.sandbox.example"}

    # --- trunks ---

    def add_trunk(self, settings: JsonObject) -> str:
        self._name(settings["name"])
        if settings.get("trunkType") == CERTIFICATE_BASED:
            self.validate(settings)
        location = self.location(settings.get("locationId") or self.add_location(HEADQUARTERS))
        id = identifier("TRUNK")
        self._passwords.put(id, {"password": settings.get("password", "")})
        kept = {name: value for name, value in settings.items() if name not in {"password", "locationId"}}
        trunk = {"id": id, "trunkType": REGISTERING, "location": location, **kept}
        self.trunks.put(id, trunk, settings["name"])
        return id

    def validate(self, settings: JsonObject) -> None:
        """Of a certificate-based trunk: a verified domain, and a host with its port (or by SRV) that no other trunk has."""
        if not self.domains.get(settings["domain"]):
            raise Refusal(400, 25024, f"the domain {settings['domain']} is not verified")
        if any(_reached(each) == _reached(settings) for each in self.trunks.all()):
            raise Refusal(409, 27571, "the FQDN and port or the SRV record is used by another trunk")

    def change_trunk(self, id: str, settings: JsonObject) -> None:
        trunk = self.trunk(id)
        if settings["name"] != trunk["name"]:
            self._name(settings["name"])
        self._passwords.put(id, {"password": settings["password"]})
        kept = {name: value for name, value in settings.items() if name != "password"}
        self.trunks.put(id, {**trunk, **kept}, settings["name"])

    def _name(self, name: str) -> None:
        if not TRUNK_NAME.fullmatch(name):
            raise wrong("name: expected 1 to 24 letters, digits, underscores and blanks")
        if self.trunks.find(name):
            raise Refusal(409, 25201, f"a trunk with the name {name} exists already")

    def trunk(self, id: str) -> JsonObject:
        if (found := self.trunks.get(id)) is None:
            raise missing("trunk")
        return found

    def remove_trunk(self, id: str) -> None:
        """Unverified: status and code of a trunk in use; that it is refused is documented."""
        self.trunk(id)
        if any(self.usage(id).values()):
            raise Refusal(409, 25202, "the trunk is in use")
        self.trunks.remove(id)
        self._passwords.remove(id)

    def usage(self, id: str) -> JsonObject:
        groups = [group for group in self.groups.all() if any(each["id"] == id for each in group["localGateways"])]
        return {
            "pstnConnectionCount": 0,
            "callToExtensionCount": 0,
            "dialPlanCount": sum(plan["routeId"] == id for plan in self.plans.all()),
            "routeGroupCount": len(groups),
        }

    def status(self) -> str:
        return STATUSES[self._switches["webex.gateways"]]

    # --- route groups ---

    def put_group(self, settings: JsonObject, id: str = "") -> str:
        """The whole list. Unverified that it refuses a trunk which stands twice; names are documented as unique."""
        gateways = [{"id": each["id"], "priority": each["priority"]} for each in settings["localGateways"]]
        if not gateways or len(gateways) > MOST_TRUNKS:
            raise Refusal(400, 25043, "a route group has 1 to 10 trunks")
        for each in gateways:
            self.trunk(each["id"])
        if len({each["id"] for each in gateways}) < len(gateways):
            raise wrong("localGateways: a trunk stands twice")
        if id:
            self.group(id)
        twin = self.groups.find(settings["name"])
        if twin and twin["id"] != id:
            raise Refusal(409, 25206, f"a route group with the name {settings['name']} exists already")
        id = id or identifier("ROUTE_GROUP")
        self.groups.put(id, {"id": id, "name": settings["name"], "localGateways": gateways}, settings["name"])
        return id

    def group(self, id: str) -> JsonObject:
        if (found := self.groups.get(id)) is None:
            raise missing("route group")
        return found

    def group_usage(self, id: str) -> JsonObject:
        """Counted in text, as the specification says."""
        self.group(id)
        plans = sum(plan["routeId"] == id for plan in self.plans.all())
        return {
            "pstnConnectionCount": "0",
            "callToExtensionCount": "0",
            "dialPlanCount": str(plans),
            "routeListCount": "0",
        }

    def remove_group(self, id: str) -> None:
        """Unverified: status and code of one in use; that it is refused is documented."""
        if int(self.group_usage(id)["dialPlanCount"]):
            raise Refusal(409, 25203, "the route group is in use")
        self.groups.remove(id)

    # --- dial plans ---

    def put_plan(self, settings: JsonObject, id: str = "") -> str:
        """Unverified that names are unique: a plan of a name that is there is refused."""
        if id:
            self.plan(id)
        route = (self.trunk if settings["routeType"] == "TRUNK" else self.group)(settings["routeId"])
        twin = self.plans.find(settings["name"])
        if twin and twin["id"] != id:
            raise Refusal(409, 25204, f"a dial plan with the name {settings['name']} exists already")
        id = id or identifier("DIAL_PLAN")
        kept = {name: settings[name] for name in ("name", "routeId", "routeType")}
        self.plans.put(id, {"id": id, **kept}, settings["name"])
        assert route
        return id

    def plan(self, id: str) -> JsonObject:
        if (found := self.plans.get(id)) is None:
            raise missing("dial plan")
        return found

    def way(self, plan: JsonObject) -> JsonObject:
        return (self.trunk if plan["routeType"] == "TRUNK" else self.group)(plan["routeId"])

    def remove_plan(self, id: str) -> None:
        self.plan(id)
        for pattern in self.patterns_of(id):
            self.patterns.remove(pattern)
        self.plans.remove(id)

    # --- patterns ---

    def patterns_of(self, id: str) -> list[str]:
        return [each["pattern"] for each in self.patterns.all() if each["plan"] == id]

    def judged(self, patterns: Sequence[str]) -> list[JsonObject]:
        """What is wrong with each; nothing for one that may be added."""
        found: list[JsonObject] = []
        for place, pattern in enumerate(patterns):
            if not PATTERN.fullmatch(pattern):
                status, says = "INVALID", "the pattern is not valid"
            elif self.patterns.get(pattern):
                status, says = "DUPLICATE", "the pattern is in a dial plan already"
            elif pattern in patterns[:place]:
                status, says = "DUPLICATE_IN_LIST", "the pattern stands twice"
            else:
                continue
            found.append({"dialPattern": pattern, "patternStatus": status, "message": says})
        return found

    def add_patterns(self, id: str, patterns: Sequence[str]) -> None:
        for pattern in patterns:
            self.patterns.put(pattern, {"pattern": pattern, "plan": id})

    def change_patterns(self, id: str, changes: Sequence[JsonObject]) -> None:
        """All or nothing."""
        for each in changes:
            pattern = each["dialPattern"]
            if each["action"] == "DELETE":
                if pattern not in self.patterns_of(id):
                    raise wrong(f"the dial plan has no pattern {pattern}")
                self.patterns.remove(pattern)
            elif problems := self.judged([pattern]):
                status = 400 if problems[0]["patternStatus"] == "INVALID" else 409
                raise Refusal(status, 25205, f"{pattern}: {problems[0]['message']}")
            else:
                self.add_patterns(id, [pattern])

    def taken_by(self, number: str) -> JsonObject | None:
        """The plan that a dialled number goes by: the exact pattern, or else the longest one that fits."""
        fitting = [each for each in self.patterns.all() if _fits(each["pattern"], number)]
        best = max(
            fitting, key=lambda each: (each["pattern"] == number, len(each["pattern"].rstrip("X!"))), default=None
        )
        return self.plan(best["plan"]) | {"pattern": best["pattern"]} if best else None


def _reached(trunk: JsonObject) -> tuple[str, int] | None:
    """A certificate-based trunk's host and port, 0 by SRV."""
    if "address" not in trunk:
        return None
    return f"{trunk['address']}.{trunk['domain']}".lower(), trunk.get("port", 0)


def _fits(pattern: str, number: str) -> bool:
    expression = re.escape(pattern).replace("X", r"\d").replace("!", r"\d*")
    return bool(re.fullmatch(expression, number))
