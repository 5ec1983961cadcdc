"""Plivo's SDK on our HTTP policy: numbers by its own calls, Zentrunk, which it does not know, by its generic request."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from providers.kernel import errors, limits, paging
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings

BASE_URL = "https://api.plivo.com"
#: The largest page a Zentrunk listing gives.
_PAGE = 20
Found = dict[str, Any]


class Api:
    """One account's client, and the listings that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self.auth_id = settings["auth_id"]
        self.client = _client(settings, limit)
        #: Numbers of ours that this run leaves on their trunk, because Plivo has no call to unlink one.
        self.left = set[str]()
        self.uris = self._listing("URI", "uri_uuid")
        self.trunks = self._listing("Trunk", "trunk_id")
        self.numbers = Listing[Found](
            lambda: self.listed("Number", key="number"), lambda found: f"+{found['number']}", self._owned
        )

    def ask(self, method: str, *path: str, **body: Any) -> Found:
        """A request below ``/v1/Account/{auth_id}/``; the answer as plain data, out of its ``object`` wrapper."""
        answer: Found = _plain(self.client.request(method, path, body or None)) or {}
        return answer.get("object") or answer

    def _listing(self, collection: str, key: str) -> Listing[Found]:
        return Listing[Found](
            lambda: self.listed("Zentrunk", collection, key=key),
            lambda found: str(found[key]),
            lambda id: self.ask("GET", "Zentrunk", collection, id),
        )

    def listed(self, *path: str, key: str, **filters: str) -> list[Found]:
        """Everything in a collection such as ``Zentrunk/Trunk/``, whose items have their id under ``key``.

        No filter by name is documented.
        """
        return paging.whole(lambda: self._pages(path, filters), "objects", key=lambda found: found.get(key))

    def _pages(self, path: tuple[str, ...], filters: dict[str, str]) -> Iterator[Found]:
        asked: dict[str, Any] = {"limit": _PAGE, "offset": 0, **filters}
        while True:
            page = self.ask("GET", *path, **asked)
            yield from cast(list[Found], page["objects"])
            meta: Found = page.get("meta") or {}
            if not meta.get("next"):
                return
            asked = dict(parse_qsl(urlsplit(str(meta["next"])).query))
            if "cursor" in asked:  # as the SDK reads it: an offset beside a cursor leads back to the first page
                asked.pop("offset", None)

    def pointing(self, uri_uuid: str) -> Found | None:
        """A trunk whose calls go to this URI, first or as a fallback."""
        for field in ("primary_uri_uuid", "fallback_uri_uuid"):
            for trunk in self.listed("Zentrunk", "Trunk", key="trunk_id", **{field: uri_uuid}):
                if trunk.get(field) == uri_uuid:
                    return trunk
        return None

    def _owned(self, e164: str) -> Found | None:
        """Plivo writes numbers without the +. A 404 has the list for a witness."""
        try:
            return self.ask("GET", "Number", e164.lstrip("+"))
        except errors.NotFound:
            return self.rented(e164)

    def number(self, e164: str, *, fresh: bool) -> Found:
        """The account's number. Raises NotFound."""
        if found := self.numbers.get(e164, fresh=fresh):
            return found
        raise errors.NotFound(
            "this account does not own the number", status=404, step="buy or port it at Plivo, or correct the number"
        )

    def rented(self, e164: str) -> Found | None:
        """The number in the account's list, which filters by how numbers begin."""
        digits = e164.lstrip("+")
        found = self.listed("Number", key="number", number_startswith=digits)
        return next((each for each in found if each["number"] == digits), None)


def linked(number: Found) -> tuple[str, str]:
    """What gets a number's calls, out of its path: ``trunk`` or ``application``, and its id; both empty for none."""
    *before, id = str(number.get("application") or "").strip("/").split("/")
    return ("trunk" if before[-1:] == ["Trunk"] else "application" if id else "", id)


def named(listing: Listing[Found], name: str, *, fresh: bool) -> Found | None:
    """The object of this name; only trunks have unique ones at Plivo, so it is looked for before making one."""
    return next((found for found in listing.all(fresh=fresh) if found.get("name") == name), None)


def _client(settings: Settings, limit: limits.Limit) -> Any:
    plivo: Any = import_module("plivo")  # untyped
    from requests.adapters import BaseAdapter
    from requests.models import PreparedRequest, Response

    from providers.kernel import http

    origin = settings.base_url or BASE_URL
    wire = http.client("plivo", limit, settings.conventions, base_url=origin)

    class Adapter(BaseAdapter):
        """The SDK's requests, sent by our policy: its own session hides status and headers of what fails."""

        def send(self, request: PreparedRequest, *more: Any, **options: Any) -> Response:
            url = str(request.url).replace(BASE_URL, origin, 1)
            headers = {name: str(value) for name, value in request.headers.items() if name.lower() != "content-length"}
            body: Any = request.body or b""
            answer = wire.request(str(request.method), url, content=body, headers=headers)
            response = Response()
            response.status_code = answer.status_code
            response.headers.update(answer.headers)
            response.raw = io.BytesIO(answer.content)
            response.request, response.url = request, url
            return response

        def close(self) -> None:
            wire.close()

    try:
        client = plivo.RestClient(settings["auth_id"], settings["auth_token"])
    except plivo.exceptions.AuthenticationError:
        raise errors.CredentialError(
            "Plivo: PLIVO_AUTH_ID is not an auth id: 20 characters, MA… (SA… for a subaccount)",
            step="copy it from the overview page of Plivo's console",
        ) from None
    client.session.mount("https://", Adapter())
    return client


def _plain(value: Any) -> Any:
    """The SDK's answer objects as plain data."""
    if isinstance(value, list):
        return [_plain(item) for item in cast(list[Any], value)]
    fields: Any = cast(Any, value if isinstance(value, dict) else getattr(value, "__dict__", None))
    if fields is None:
        return cast(Any, value)
    return {key: _plain(item) for key, item in cast(dict[str, Any], fields).items()}
