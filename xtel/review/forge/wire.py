"""A forge's API over HTTP, on the kernel's policy: retries by verb, bounded answers, no redirects, every page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import httpx

from providers.kernel import errors, http, limits, operation, secrecy

_PER_PAGE = 100  # the most that both forges give
_MAX_PAGES = 1000
_ACCESS = "check the repository and the number; a token that may not see the repository gets this answer too"


class Wire:
    """Requests to one forge; ``subject`` is what errors name, such as ``acme/phones#7``."""

    def __init__(
        self, title: str, base: str, headers: Mapping[str, str], token: str, inner: httpx.BaseTransport | None = None
    ) -> None:
        self._title, self._token = title, token
        self.subject = ""
        policy = http.Policy(title, limits.Limit(4), inner)
        self._http = httpx.Client(
            base_url=base,
            headers={"User-Agent": "xai-telephony", **headers},
            transport=policy,
            timeout=http.TIMEOUT,
            follow_redirects=False,
        )

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
            asked = dict(httpx.URL(following).params)
        raise errors.Unavailable(f"{self._title}: {path} has over {_MAX_PAGES} pages", step="close it, open another")

    def _answer(
        self, method: str, path: str, need: str, body: Mapping[str, Any] | None, query: Mapping[str, Any]
    ) -> httpx.Response:
        with operation.operating(operation.Operation(self._title, self.subject)):
            try:
                return self._http.request(method, path, json=body, params=query or None)
            except errors.CarrierError as error:
                raise self._explained(error, need) from None
            except httpx.HTTPError as error:
                raise errors.Unavailable(secrecy.one_line(str(error))) from None

    def _explained(self, error: errors.CarrierError, need: str) -> errors.XtelError:
        """The same refusal with what to do about it at a forge."""
        facts: dict[str, Any] = {"status": error.status, "request_id": error.request_id}
        if error.status == 401:
            return errors.CredentialError(
                f"{self._title} refuses the token in {self._token}", step="give one that lives"
            )
        if error.status == 403:
            return errors.Denied(error.reason, step=f"the token in {self._token} needs {need}", **facts)
        if error.status == 404:
            return errors.NotFound(error.reason, step=_ACCESS, **facts)
        if 300 <= error.status < 400:
            return errors.Invalid("it has moved", step="name the repository as it is called now", **facts)
        if isinstance(error, errors.Invalid) and not error.step:
            return errors.Invalid(error.reason, step="check the repository, the number and the commit", **facts)
        return error


def named(account: dict[str, Any] | None, key: str) -> str:
    """The login of whoever wrote something; empty once the account is gone."""
    return str(account[key]) if account else ""
