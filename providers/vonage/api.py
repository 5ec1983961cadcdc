"""Vonage's Numbers API on our HTTP policy: five form calls. Its SDK would repeat a purchase after a cut connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from providers.kernel import errors, http, limits, paging
from providers.kernel.conventions import Refusal, fields_of
from providers.kernel.listing import Listing
from providers.kernel.vendor import Settings

BASE_URL = "https://rest.nexmo.com"
#: The largest page of a list.
_PAGE = 100
#: What an update replaces as a whole, as far as a number's record shows it: what is not sent is cleared.
KEPT = (
    "app_id", "moHttpUrl", "voiceCallbackType", "voiceCallbackValue", "messagesCallbackType", "messagesCallbackValue",
)  # fmt: skip
Found = dict[str, Any]


class Api:
    """One account's client, and the numbers that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self.api_key = settings["api_key"]
        self._client = http.client(
            "vonage",
            limit,
            settings.conventions,
            base_url=settings.base_url or BASE_URL,
            auth=(self.api_key, settings["api_secret"]),
        )
        self.numbers = Listing[Found](self.listed, e164, self._owned)

    def ask(self, path: str, **query: Any) -> Any:
        """A read."""
        return self._client.get(path, params=query).json()

    def send(self, path: str, number: Found, **fields: str) -> None:
        """A write: a form with the number's country and digits. Raises Unavailable where the answer does not say "200"."""
        self.numbers.changed(e164(number))
        form = {"country": str(number["country"]), "msisdn": str(number["msisdn"]), **fields}
        answer = self._client.post(path, data=form).json()
        if not isinstance(answer, dict) or cast(Found, answer).get("error-code") != "200":
            raise errors.Unavailable(f"the answer to POST {path} does not say whether it was done")

    def listed(self, **filters: Any) -> list[Found]:
        """Every number of the account. One that has none is answered ``{}``."""
        return paging.whole(
            lambda: self._pages(filters), "numbers", key=lambda found: found.get("msisdn"), empty_object=True
        )

    def _pages(self, filters: Found) -> Iterator[Found]:
        index, seen = 1, 0
        while True:
            answer: Found = self.ask("/account/numbers", size=_PAGE, index=index, **filters)
            page = cast(list[Found], answer.get("numbers") or [])
            yield from page
            index, seen = index + 1, seen + len(page)
            if len(page) < _PAGE and seen >= int(answer.get("count") or 0):
                return

    def _owned(self, number: str) -> Found | None:
        """The filter matches how numbers begin, so the answer is compared again."""
        digits = number.removeprefix("+")
        found = self.listed(pattern=digits, search_pattern=0)
        return next((each for each in found if each["msisdn"] == digits), None)

    def number(self, number: str, *, fresh: bool) -> Found:
        """The account's number. Raises NotFound."""
        if found := self.numbers.get(number, fresh=fresh):
            return found
        raise errors.NotFound(
            "this account does not own the number", status=404, step="buy or port it at Vonage, or correct the number"
        )

    def update(self, number: str, changes: dict[str, str | None]) -> None:
        """POST /number/update with everything that the number's record shows, changed; None leaves a field out."""
        found = self.number(number, fresh=True)
        merged = {**{name: found[name] for name in KEPT if found.get(name)}, **changes}
        self.send("/number/update", found, **{name: value for name, value in merged.items() if value is not None})


def e164(number: Found) -> str:
    """Vonage writes numbers without the +."""
    return f"+{number['msisdn']}"


def refusal(body: object) -> Refusal:
    """``{"error-code": "420", "error-code-label": "…"}``; the account's own API has ``title`` and ``detail``."""
    fields = fields_of(body)
    told = [str(fields[key]) for key in ("error-code-label", "title", "detail") if fields.get(key)]
    return Refusal(str(fields.get("error-code") or ""), ": ".join(told))


def refused_in_success(body: object) -> Refusal | None:
    """A 200 whose ``error-code`` is another one; what is no code at all says neither yes nor no."""
    found = refusal(body)
    return found if found.code.isdecimal() and found.code != "200" else None
