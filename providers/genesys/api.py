"""Genesys Cloud on our HTTP policy: about twenty calls. Its SDK is 172 MB and loads every model there is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote

from providers.genesys.uploads import Uploads
from providers.kernel import errors, http, limits, operation, paging, verification, versions, waiting
from providers.kernel.conventions import Refusal, fields_of
from providers.kernel.tokens import Token, Tokens
from providers.kernel.vendor import Settings

EDGES = "/api/v2/telephony/providers/edges"
SITES, TRUNKS, ROUTES = f"{EDGES}/sites", f"{EDGES}/trunkbasesettings", f"{EDGES}/outboundroutes"
DIDS = f"{EDGES}/didpools/dids"
FLOWS, IVRS = "/api/v2/flows", "/api/v2/architect/ivrs"
_PAGE = 100
#: Seconds in which an object may still count as used by one that is gone.
_IN_USE = 50.0
#: Seconds before each look at a job: Genesys' own provider looks every 15 s for 16 minutes.
_JOB_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, *(15.0,) * 12)
#: Of a stale version (Genesys' own Terraform provider): 409, 408, or 400 with these words.
_STALE, _TIMED_OUT = "the current version", 408
#: What an API is for others than AWS' regions: their names are what the documents call a region too.
_DOMAINS = {
    "us-east-1": "mypurecloud.com", "eu-west-1": "mypurecloud.ie", "eu-central-1": "mypurecloud.de",
    "ap-southeast-2": "mypurecloud.com.au", "ap-northeast-1": "mypurecloud.jp", "us-west-2": "usw2.pure.cloud",
    "ca-central-1": "cac1.pure.cloud", "ap-northeast-2": "apne2.pure.cloud", "eu-west-2": "euw2.pure.cloud",
    "ap-south-1": "aps1.pure.cloud", "sa-east-1": "sae1.pure.cloud", "me-central-1": "mec1.pure.cloud",
    "ap-northeast-3": "apne3.pure.cloud", "eu-central-2": "euc2.pure.cloud", "mx-central-1": "mxc1.pure.cloud",
    "ap-southeast-1": "apse1.pure.cloud", "us-east-2": "use2.us-gov-pure.cloud", "eusc-de-east-1": "edee1.eusc-pure.cloud",
}  # fmt: skip
Found = dict[str, Any]


class Api:
    """One organisation's client, and the sites that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        base, login = hosts(settings)
        tokens = _granted(settings, limit, login)
        self._uploads = Uploads(limit, base)
        self._client = http.client("genesys", limit, settings.conventions, base_url=base, tokens=tokens)
        self._sites: list[Found] | None = None
        self._lock, self._writing = threading.Lock(), threading.Lock()

    def ask(self, path: str, **query: Any) -> Any:
        """A read."""
        return self._client.get(path, params=query or None).json()

    def make(self, path: str, body: Found) -> Found:
        """POST."""
        return self._client.post(path, json=body).json()

    def put(self, path: str, body: Any) -> Any:
        """PUT of what was read, with its version. Raises Conflict where somebody else was faster."""
        try:
            return self._client.put(path, json=body).json()
        except errors.Unavailable as error:
            if error.status != _TIMED_OUT:
                raise
            raise errors.Conflict(error.reason, status=error.status, request_id=error.request_id) from None

    def change(self, path: str, change: Callable[[Found], Found]) -> Found:
        """What stands at a path after ``change``, which keeps what it does not mean to change."""
        return versions.changed(lambda: self.there(path), change, lambda wanted: self.put(path, wanted))

    def delete_unused(self, path: str) -> None:
        """DELETE; asked again for as long as Genesys may still see what used it and is gone."""
        waits = list(verification.waits(_IN_USE))
        for place, wait in enumerate(waits, 1):
            waiting.pause(wait)
            try:
                self._client.delete(path)
                return
            except (errors.Conflict, errors.Invalid):
                if place == len(waits):
                    raise

    def there(self, path: str) -> Found:
        """An object. Raises NotFound also for one that is shown as deleted: for half a minute such a one is."""
        found: Found = self.ask(path)
        if gone(found):
            raise errors.NotFound(f"{path.rpartition('/')[2]} was deleted", status=404)
        return found

    def listed(self, path: str, **query: Any) -> list[Found]:
        """Everything in a list, without what is shown as deleted."""
        found = paging.whole(lambda: self._pages(path, query), "entities", key=lambda each: each.get("id"))
        return [each for each in found if not gone(each)]

    def _pages(self, path: str, query: Found) -> Iterator[Found]:
        """Pages by their numbers; the address of the next one only says that there is one."""
        number = 1
        while True:
            answer = self.ask(path, pageSize=_PAGE, pageNumber=number, **query)
            yield from cast(list[Found], answer["entities"])
            if not answer.get("nextUri"):
                return
            number += 1

    def named(self, path: str, name: str, **query: Any) -> Found | None:
        """The one object of this name: the filter may match parts of names, so answers are compared again.

        Raises Conflict where two have it: Genesys keeps names unique for some kinds alone.
        """
        found = [each for each in self.listed(path, name=name, **query) if each.get("name") == name]
        if len(found) > 1:
            ids = ", ".join(str(each["id"]) for each in found)
            raise errors.Conflict(
                f"there are {len(found)} called {name!r}: {ids}", step="delete or rename all but one, then run it again"
            )
        return found[0] if found else None

    def publish(self, text: str) -> str:
        """A flow by a job: POST, PUT of the text to where that says, and its end. Answers the flow's id."""
        job = self._job()
        path = within(f"{FLOWS}/jobs", str(job.get("id") or ""))
        try:
            self._uploads.put(str(job.get("presignedUrl") or ""), cast(Found, job.get("headers") or {}), text)
            return self._published(path)
        except (errors.NotFound, errors.Denied) as error:  # it names the job of somebody else, or none
            raise errors.NotApplied(
                f"publishing it was accepted, but not done: content, for its job is not to be had: {error.reason}",
                fields=("content",),
            ) from None

    def _job(self) -> Found:
        """One whose answer was lost does nothing without an upload, so another one is asked for."""
        try:
            return self.make(f"{FLOWS}/jobs", {})
        except errors.Unavailable as error:
            if error.status:
                raise
        return self.make(f"{FLOWS}/jobs", {})

    def _published(self, path: str) -> str:
        status = ""
        for wait in _JOB_WAITS:
            waiting.pause(wait)
            job: Found = self.ask(path, expand="messages")
            status = str(job.get("status") or "")
            if status == "Success" and (id := cast(Found, job.get("flow") or {}).get("id")):
                return str(id)
            if status == "Failure":
                raise errors.Invalid(
                    f"Architect does not publish the flow: {_complaint(job)}",
                    step="correct what it names; or leave `publish` out, and import the file yourself",
                )
            operation.current().progress(f"the flow's job is {status}")
        raise errors.NotApplied(
            f"publishing it was accepted, but not done: content, for its job is still {status or 'unknown'}",
            fields=("content",),
        )

    # -- sites: the customer's, never changed -------------------------------------------------------------------------

    def sites(self) -> list[Found]:
        """Every site, asked for once."""
        with self._lock:
            if self._sites is None:
                self._sites = self.listed(SITES)
            return self._sites

    def site_id(self, name: str, state: Mapping[str, Any] | None = None) -> str:
        """The id of a site: as a state has it, whatever the site is called by now; else by its name."""
        return str((state or {}).get("site_id") or self.site(name)["id"])

    def site(self, name: str) -> Found:
        """The site of this name. Raises NotFound; Conflict where several have it, or its media are not in the cloud."""
        found = [site for site in self.sites() if site.get("name") == name]
        if not found:
            raise errors.NotFound(
                f"there is no site {name!r}",
                step="write the name of one that is there (Admin, Telephony, Sites): none is made from here",
            )
        if len(found) > 1:
            raise errors.Conflict(f"there are {len(found)} sites {name!r}", step="rename all but one of them")
        if found[0].get("mediaModel") == "Premises":
            raise errors.Conflict(
                f"the media of site {name!r} are on the premises: its calls leave from Edges of your own",
                step="name a site whose media model is Cloud",
            )
        return found[0]

    def site_name(self, id: str) -> str:
        """The name of a site; its id where it is not there."""
        return next((str(site["name"]) for site in self.sites() if site.get("id") == id), id)

    @cached_property
    def site_plans(self) -> list[tuple[Found, list[Found]]]:
        """Every site with its number plans, as they stood when that was first asked: for who only looks."""
        return [(site, self.plans(str(site["id"]))) for site in self.sites()]

    @cached_property
    def all_routes(self) -> list[Found]:
        """The outbound routes of every site, likewise."""
        return self.listed(ROUTES)

    # -- number plans: one array for a site ---------------------------------------------------------------------------

    def plans(self, site_id: str) -> list[Found]:
        """A site's number plans in the order in which they are tried. Raises NotFound for no such site."""
        found = paging.whole(
            lambda: cast(list[Found], self.ask(_plans_path(site_id))),
            "numberplans",
            key=lambda each: each.get("id"),
            may_lack=True,
        )
        return [each for each in found if not gone(each)]

    def change_plans(self, site_id: str, change: Callable[[list[Found]], list[Found]]) -> list[Found]:
        """The whole array, as it was read just before: entries that ``change`` hands on go back as they came."""
        path = _plans_path(site_id)
        with self._writing:
            return versions.changed(lambda: self.plans(site_id), change, lambda wanted: self.put(path, wanted))


def _complaint(job: Found) -> str:
    messages = cast(list[Found], job.get("messages") or [])
    said = [str(each.get("text")) for each in messages if each.get("type") == "Error" and each.get("text")]
    return "; ".join(said) or "it does not say why"


def gone(found: Found) -> bool:
    """Whether an answer shows what was deleted."""
    return found.get("state") == "deleted" or found.get("deleted") is True


def within(path: str, id: str) -> str:
    """The path of an object in a collection, whose id is any text."""
    return f"{path}/{quote(id, safe='')}"


def _plans_path(site_id: str) -> str:
    return f"{within(SITES, site_id)}/numberplans"


def routes_path(site_id: str) -> str:
    """The outbound routes of a site."""
    return f"{within(SITES, site_id)}/outboundroutes"


def organisation(api: Api) -> str:
    """GET /api/v2/organizations/me: the id."""
    return str(api.ask("/api/v2/organizations/me").get("id") or "")


def hosts(settings: Settings) -> tuple[str, str]:
    """Origins of the API and of its tokens. Raises CredentialError for a region that is none: no secret goes there."""
    if settings.base_url:
        return settings.base_url, settings.base_url
    region = settings["region"].lower()
    domain = _DOMAINS.get(region, region)
    if domain not in _DOMAINS.values():
        raise errors.CredentialError(
            f"GENESYSCLOUD_REGION: {region[:40]} is no region of Genesys Cloud",
            step="write its domain or AWS' name of it, such as mypurecloud.ie or eu-west-1",
        )
    return f"https://api.{domain}", f"https://login.{domain}"


def _granted(settings: Settings, limit: limits.Limit, login: str) -> Tokens:
    """OAuth client credentials (RFC 6749 §4.4). Raises CredentialError, naming what is missing."""
    client = http.client(
        "genesys",
        limit,
        settings.conventions,
        base_url=login,
        auth=(settings["client_id"], settings["client_secret"]),
    )

    def fetch() -> Token:
        answer: Found = client.post("/oauth/token", data={"grant_type": "client_credentials"}).json()
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(value, str) and value and isinstance(seconds, int | float)):
            raise errors.Unavailable("the answer to POST /oauth/token holds no token")
        return Token(value, float(seconds))

    return Tokens(fetch)


def refusal(body: object) -> Refusal:
    """``{"message", "code", "status", "contextId", …}``; of tokens ``{"error", "description"}``."""
    fields = fields_of(body)
    return Refusal(
        str(fields.get("code") or fields.get("error") or ""),
        str(fields.get("message") or fields.get("description") or ""),
    )


def kind(status: int, refusal: Refusal) -> type[errors.CarrierError] | None:
    """A stale version is a conflict; of a request that timed out nobody knows the outcome."""
    if status == _TIMED_OUT:
        return errors.Unavailable
    return errors.Conflict if status == 400 and _STALE in refusal.message else None
