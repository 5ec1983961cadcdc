"""A forge's API over HTTP, on the kernel's policy: retries by verb, bounded answers, no redirects, every page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from providers.kernel import errors, http, limits, operation
from providers.kernel.conventions import COMMON, ApiConventions

_PER_PAGE = 100  # the most that both forges give
_MAX_PAGES = 1000
_ACCESS = "check the repository and the number; a token that may not see the repository gets this answer too"


class Wire:
    """Requests to one forge; ``subject`` is what errors name, such as ``acme/phones#7``."""

    def __init__(
        self, title: str, base: str, headers: Mapping[str, str], token: str, conventions: ApiConventions = COMMON
    ) -> None:
        self._title, self._token = title, token
        self.subject = ""
        sent = {"User-Agent": "xai-telephony", **headers}
        self._http = http.client(title, limits.Limit(4), conventions, base_url=base, headers=sent)

    def ask(self, method: str, path: str, need: str, *, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """One answer as JSON; ``need`` is the permission that a 403 means is missing."""
        return self._answer(method, path, need, body, query).json()

    def pages(self, path: str, need: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of a list over all its pages.

        Of the link to the next page only the query is taken: a token travels to no address that an answer names.
        """
        asked: dict[str, Any] = {"per_page": _PER_PAGE, **query}
        for _ in range(_MAX_PAGES):
            answer = self._answer("GET", path, need, None, asked)
            listed: Any = answer.json()
            if not isinstance(listed, list):
                raise errors.Unavailable(f"{self._title}: {path} did not answer with a list")
            yield from cast(list[dict[str, Any]], listed)
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            asked = dict(parse_qsl(urlsplit(following).query))
        raise errors.Unavailable(f"{self._title}: {path} has over {_MAX_PAGES} pages", step="close it, open another")

    def _answer(
        self, method: str, path: str, need: str, body: Mapping[str, Any] | None, query: Mapping[str, Any]
    ) -> http.Response:
        with operation.operating(operation.Operation(self._title, self.subject)):
            try:
                return self._http.request(method, path, json=body, params=query or None)
            except errors.CarrierError as error:
                raise self._explained(error, need) from None

    def _explained(self, error: errors.CarrierError, need: str) -> errors.XtelError:
        """The same refusal with what to do about it at a forge."""
        if error.status == 401:
            return errors.CredentialError(
                f"{self._title} refuses the token in {self._token}", step="give one that lives"
            )
        if isinstance(error, errors.Denied):
            return error.reworded(step=f"the token in {self._token} needs {need}")
        if isinstance(error, errors.NotFound):
            return error.reworded(step=_ACCESS)
        if 300 <= error.status < 400:
            return error.reworded(reason="it has moved", step="name the repository as it is called now")
        if isinstance(error, errors.Invalid) and not error.step:
            return error.reworded(step="check the repository, the number and the commit")
        return error


def named(account: dict[str, Any] | None, key: str) -> str:
    """The login of whoever wrote something; empty once the account is gone."""
    return str(account[key]) if account else ""
