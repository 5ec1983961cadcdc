"""Where a flow's text is uploaded: an address that a job names, signed beforehand, which gets no token of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from providers.kernel import errors, http, limits, secrecy
from providers.kernel.conventions import ApiConventions

#: Unverified: that every region's addresses are at Amazon S3. None else gets a flow.
_STORE = ".amazonaws.com"
#: An accepted upload answers without a body; what is refused is XML.
_CONVENTIONS = ApiConventions(empty_answers=frozenset({"PUT"}), xml=True, request_id_headers=("x-amz-request-id",))


class Uploads:
    """Uploads of one account, to Amazon S3 or to the host that its base URL names."""

    def __init__(self, limit: limits.Limit, base_url: str) -> None:
        self._limit, self._own = limit, urlsplit(base_url).netloc

    def put(self, url: str, headers: Mapping[str, Any], text: str) -> None:
        """PUT with exactly the headers that were told. Raises Invalid for an address elsewhere: nothing is sent there."""
        parts = urlsplit(url)
        stored = parts.scheme == "https" and (parts.hostname or "").endswith(_STORE) and parts.port is None
        if not (stored or (parts.netloc and parts.netloc == self._own)):
            raise errors.Invalid(
                f"the upload of the flow would go to {secrecy.one_line(parts.netloc, 80) or 'no host'}: nothing was sent",
                step="leave `publish` out and import the file yourself; tell Genesys' support",
            )
        secrecy.register(parts.query)
        client = http.client(
            "genesys", self._limit, _CONVENTIONS, base_url=f"{parts.scheme}://{parts.netloc}", headers=None
        )
        told = {str(name): str(value) for name, value in headers.items()}
        client.put(url, content=text.encode(), headers=told)
