"""Webex Calling's premises-based PSTN on our HTTP policy: about ten calls. Its SDK would wait for a 429 without an end."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

from providers.kernel import errors, http, limits, marker, operation, paging, secrecy, wording
from providers.kernel.conventions import Refusal, fields_of, first_of
from providers.kernel.listing import Listing
from providers.kernel.tokens import Token, Tokens
from providers.kernel.vendor import Settings

BASE_URL = "https://webexapis.com"
PREMISE = "/v1/telephony/config/premisePstn"
DIAL_PLANS, TRUNKS, ROUTE_GROUPS = (f"{PREMISE}/{name}" for name in ("dialPlans", "trunks", "routeGroups"))
#: The largest page that is asked for.
_PAGE = 1000
#: Webex: "resource locked", with the seconds to wait; nothing was done.
_LOCKED = 423
Found = dict[str, Any]


class Api:
    """One organisation's client, and the dial patterns that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        base_url = settings.base_url or BASE_URL
        ready = settings.get("access_token")
        headers = {"Authorization": f"Bearer {ready}"} if ready else {}
        tokens = None if ready else _renewed(settings, limit, base_url)
        self._client = http.client(
            "webex", limit, settings.conventions, base_url=base_url, tokens=tokens, headers=headers
        )
        #: Every pattern of every dial plan with its plan: a pattern is in one plan of the organisation at most.
        self.patterns = Listing[Found](self.all_patterns, lambda found: str(found["pattern"]), self._held)

    def ask(self, path: str, **query: Any) -> Found:
        """A read."""
        return self._client.get(path, params=query or None).json()

    def send(self, method: str, path: str, **body: Any) -> Found:
        """A write; what answers 204 has no body."""
        answer = self._client.request(method, path, json=body or None)
        return answer.json() if answer.content else {}

    def listed(self, path: str, field: str, *, known_by: str = "id", **query: Any) -> list[Found]:
        """Everything in a list of objects."""
        return paging.whole(lambda: self._pages(path, field, query), field, key=lambda found: found.get(known_by))

    def _pages(self, path: str, field: str, query: Found) -> Iterator[Any]:
        """Pages by the Link header (RFC 8288), which the HTTP policy follows to our own origin only."""
        answer = self._client.get(path, params={"max": _PAGE, **query})
        while True:
            yield from cast(list[Any], answer.json().get(field) or [])
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            answer = self._client.get(following)

    # -- what calls are routed by ------------------------------------------------------------------------------------

    def plans(self, name: str = "") -> list[Found]:
        """Dial plans. Whether the filter compares the whole name is not documented, so the answer is compared again."""
        query = {"dialPlanName": name} if name else {}
        return [plan for plan in self.listed(DIAL_PLANS, "dialPlans", **query) if not name or plan.get("name") == name]

    def all_patterns(self) -> list[Found]:
        """Every pattern of every plan."""
        return [item for plan in self.plans() for item in self.patterns_of(plan)]

    def patterns_of(self, plan: Found, pattern: str = "") -> list[Found]:
        """Patterns of a plan with that plan; none of one that was deleted meanwhile."""
        path, query = f"{plan_path(str(plan['id']))}/dialPatterns", {"dialPattern": pattern} if pattern else {}
        try:
            found = paging.whole(
                lambda: self._pages(path, "dialPatterns", query), "dialPatterns", key=lambda each: each, may_lack=True
            )
        except errors.NotFound:
            return []
        return [{"pattern": str(each), "plan": plan} for each in found if not pattern or each == pattern]

    def _held(self, pattern: str) -> Found | None:
        """The plan that has it; the filter may match parts of patterns, so the answer is compared again."""
        found = (item for plan in self.plans() for item in self.patterns_of(plan, pattern))
        return next(found, None)

    def change_pattern(self, plan_id: str, pattern: str, action: str) -> None:
        """PUT …/dialPatterns with one pattern: ADD or DELETE."""
        self.patterns.changed(pattern)
        body = [{"dialPattern": pattern, "action": action}]
        self.send("PUT", f"{plan_path(plan_id)}/dialPatterns", dialPatterns=body)

    def way(self, *, trunk: str, route_group: str) -> tuple[str, str]:
        """Id and type (TRUNK, ROUTE_GROUP) of what is adopted by its name. Raises NotFound."""
        if trunk:
            return str(_only(self.trunks(trunk), "trunk", trunk)["id"]), "TRUNK"
        return str(_only(self.groups(route_group), "route group", route_group)["id"]), "ROUTE_GROUP"

    def trunks(self, name: str) -> list[Found]:
        """Trunks of this name, without what a trunk of its own shows."""
        return self._named(TRUNKS, "trunks", name)

    def groups(self, name: str) -> list[Found]:
        """Route groups of this name, without their trunks."""
        return self._named(ROUTE_GROUPS, "routeGroups", name)

    def uses(self, path: str, counted: Mapping[str, str]) -> Iterator[str]:
        """Whatever uses a trunk or a route group, as Webex counts it: in numbers for a trunk, in text for a group."""
        usage = self.ask(f"{path}/usage")
        for name, what in counted.items():
            count = str(usage.get(name))
            if not (count.isascii() and count.isdigit()):
                raise errors.Unavailable(f"the answer does not say how many use it: {name}")
            if int(count):
                yield f"the calls of {wording.counted(int(count), what)}"

    def location(self, name: str) -> str:
        """Id of the location of this name. Raises NotFound."""
        return str(_only(self._named("/v1/locations", "items", name), "location", name)["id"])

    def _named(self, path: str, field: str, name: str) -> list[Found]:
        """Filters match parts of names too."""
        return [each for each in self.listed(path, field, name=name) if each.get("name") == name]


def _only(found: list[Found], kind: str, name: str) -> Found:
    if len(found) != 1:
        many = "there is no" if not found else "there is more than one"
        raise errors.NotFound(
            f"{many} {kind} {name!r}", step=f"make it in Control Hub (Calling), or correct the name of the {kind}"
        )
    return found[0]


def plan_path(id: str) -> str:
    """The path of a dial plan, whose id is any text."""
    return f"{DIAL_PLANS}/{quote(id, safe='')}"


def trunk_path(id: str) -> str:
    """Likewise of a trunk."""
    return f"{TRUNKS}/{quote(id, safe='')}"


def group_path(id: str) -> str:
    """Likewise of a route group."""
    return f"{ROUTE_GROUPS}/{quote(id, safe='')}"


def given_back(name: str, id: str, send: Callable[[str], object]) -> str:
    """Names something that others use: where that name is taken, as by another one given back, with a few digits more."""
    try:
        send(name)
    except errors.Conflict:
        name = f"{name[:15].strip()} {marker.digest(id)}"
        send(name)
    return name


def own_name(mark: str, way: str) -> str:
    """``xtel`` and 8 hex digits: of our marker, which Webex' names have no room for, and of the way that calls go."""
    return f"xtel {marker.digest(f'{mark} {way}')}"


def organisation(api: Api) -> str:
    """GET /v1/people/me; where the service app may not ask that, the one organisation that it sees."""
    try:
        return _plain(str(api.ask("/v1/people/me").get("orgId") or ""))
    except (errors.Denied, errors.NotFound):
        found = api.listed("/v1/organizations", "items")
        return _plain(str(found[0]["id"])) if len(found) == 1 else ""


def _plain(id: str) -> str:
    """The UUID that Control Hub shows, out of the base64 of ``ciscospark://us/ORGANIZATION/…``; another id as it is."""
    try:
        uri = base64.b64decode(id + "=" * (-len(id) % 4), validate=True).decode()
    except ValueError:
        return id
    return uri.rpartition("/")[2] if uri.startswith("ciscospark:") else id


def _renewed(settings: Settings, limit: limits.Limit, base_url: str) -> Tokens:
    """A service app's tokens. Raises CredentialError, naming what is missing."""
    form = {"grant_type": "refresh_token"} | {
        name: settings[name] for name in ("client_id", "client_secret", "refresh_token")
    }
    client = http.client("webex", limit, settings.conventions, base_url=base_url)

    def fetch() -> Token:
        answer: Found = client.post("/v1/access_token", data=form).json()
        value, seconds, renewed = (answer.get(name) for name in ("access_token", "expires_in", "refresh_token"))
        if not (isinstance(value, str) and value and isinstance(seconds, int | float)):
            raise errors.Unavailable("the answer to POST /v1/access_token holds no token")
        if isinstance(renewed, str) and renewed != form["refresh_token"]:
            secrecy.register(renewed)
            operation.current().warn(
                "Webex answered with another refresh token than the configured one; next: have a new one shown in Control"
                " Hub, and set WEBEX_REFRESH_TOKEN before the old one ends"
            )
        return Token(value, float(seconds))

    return Tokens(fetch)


def refusal(body: object) -> Refusal:
    """``{"message", "errors": [{"description", "errorCode"}], "trackingId"}``; the first error tells."""
    fields = fields_of(body)
    inner = first_of(fields.get("errors"))
    return Refusal(str(inner.get("errorCode") or ""), str(inner.get("description") or fields.get("message") or ""))


#: The next step for a refusal, by Webex' own code.
_STEPS = {
    "25024": "claim and verify the domain in Control Hub (Organization Settings, Domains), or correct it",
    "27571": "another trunk has this host and port: remove that one in Control Hub, or write another address or port",
    "25043": "name 1 to 10 trunks",
}


def advice(status: int, refusal: Refusal, path: str) -> str:
    """What helps with a refusal; empty: the kernel's own."""
    return _STEPS.get(refusal.code, "")


def kind(status: int, refusal: Refusal) -> type[errors.CarrierError] | None:
    """A locked resource is as busy as a 429: nothing was done."""
    return errors.RateLimited if status == _LOCKED else None
