"""Plivo's SDK on our HTTP policy: numbers by its own calls, Zentrunk, which it does not know, by its generic request."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast

from providers.kernel import carrier, errors, http, limits

BASE_URL = "https://api.plivo.com"
#: The largest page a Zentrunk listing gives.
_PAGE = 20


class Api:
    """One account's client."""

    def __init__(self, settings: carrier.Settings, limit: limits.Limit) -> None:
        self.auth_id = settings["auth_id"]
        self.client = _client(settings, limit)

    def ask(self, method: str, *path: str, **body: Any) -> dict[str, Any]:
        """A request below ``/v1/Account/{auth_id}/``; the answer as plain data, out of its ``object`` wrapper."""
        answer: dict[str, Any] = _plain(self.client.request(method, path, body or None)) or {}
        return answer.get("object") or answer

    def listed(self, collection: str) -> Iterator[dict[str, Any]]:
        """Everything in ``Zentrunk/<collection>/``, page by page."""
        offset = 0
        while True:
            page = self.ask("GET", "Zentrunk", collection, limit=_PAGE, offset=offset)
            yield from cast(list[dict[str, Any]], page.get("objects") or [])
            offset += _PAGE
            meta: dict[str, Any] = page.get("meta") or {}
            if offset >= int(meta.get("total_count") or 0):
                return

    def number(self, e164: str) -> dict[str, Any]:
        """The account's number; Plivo writes numbers without the +. Raises NotFound."""
        try:
            return self.ask("GET", "Number", e164.lstrip("+"))
        except errors.NotFound:
            raise errors.NotFound(
                "this account does not own the number",
                status=404,
                step="buy or port it at Plivo, or correct the number",
            ) from None

    def application(self, e164: str) -> str:
        """The id of the trunk or application that gets a number's calls, out of its path; empty for none."""
        path = str(self.number(e164).get("application") or "")
        return path.strip("/").rsplit("/", 1)[-1] if path else ""


def _client(settings: carrier.Settings, limit: limits.Limit) -> Any:
    plivo: Any = import_module("plivo")  # untyped
    from requests.adapters import BaseAdapter
    from requests.models import PreparedRequest, Response

    wire = http.client("plivo", limit)
    origin = settings.base_url or BASE_URL

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

    client = plivo.RestClient(settings["auth_id"], settings["auth_token"])
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
