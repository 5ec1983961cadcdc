"""Zoom Phone on our HTTP policy: a dozen calls. Its SDK is for JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote

from providers.kernel import errors, http, limits, paging
from providers.kernel.conventions import Refusal, fields_of, first_of
from providers.kernel.listing import Listing
from providers.kernel.tokens import Token, Tokens
from providers.kernel.vendor import Settings

BASE_URL = "https://api.zoom.us"
#: Another host gives the tokens.
TOKEN_URL = "https://zoom.us"  # noqa: S105 -- an address
RULES = "/phone/routing_rules"
SIP_GROUPS = "/phone/sip_groups"
NUMBERS = "/phone/numbers"
BYOC_NUMBERS = "/phone/byoc_numbers"
_PAGE = 100
Found = dict[str, Any]


class Api:
    """One account's client, and the routing rules and BYOC numbers that one run shares."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self.account_id = settings["account_id"]
        base_url = f"{settings.base_url or BASE_URL}/v2"
        self._client = http.client(
            "zoom", limit, settings.conventions, base_url=base_url, tokens=_renewed(settings, limit)
        )
        #: By the number that a rule is for alone, or else by its pattern.
        self.rules = Listing[Found](self.all_rules, taken_by, self._rule_of)
        self.numbers = Listing[Found](self.all_numbers, e164, self._number_of)
        #: The numbers that this run has asked Zoom to add: once they are there, they are ours.
        self.added = set[str]()

    def ask(self, path: str, **query: Any) -> Any:
        """A read."""
        return self._client.get(path, params=query or None).json()

    def send(self, method: str, path: str, body: Found | None = None) -> Found:
        """A write; what answers 204 has no body."""
        answer = self._client.request(method, path, json=body)
        return answer.json() if answer.content else {}

    # -- routing rules ---------------------------------------------------------------------------------------------------

    def all_rules(self) -> list[Found]:
        """Every rule, in the order from last to first: of two for one number the first one gets its calls.

        The answer is a bare array, without pages.
        """
        rules = cast(
            list[Found],
            paging.whole(lambda: self.ask(RULES), "routing_rules", key=lambda rule: rule.get("routing_rule_id")),
        )
        return sorted(rules, key=lambda rule: -float(rule.get("order") or 0))

    @cached_property
    def rules_read(self) -> list[Found]:
        """The same, read once: for one look at many numbers."""
        return self.all_rules()

    def _rule_of(self, number: str) -> Found | None:
        found = [rule for rule in self.all_rules() if taken_by(rule) == number]
        return found[-1] if found else None

    def make_rule(self, number: str, body: Found) -> None:
        """POST /phone/routing_rules."""
        self.rules.changed(number)
        self.send("POST", RULES, {"number_pattern": pattern(number), **body})

    def change_rule(self, number: str, id: str, body: Found) -> None:
        """PATCH /phone/routing_rules/{id}."""
        self.rules.changed(number)
        self.send("PATCH", rule_path(id), body)

    def delete_rule(self, number: str, id: str) -> None:
        """DELETE /phone/routing_rules/{id}."""
        self.rules.changed(number)
        self.send("DELETE", rule_path(id))

    # -- SIP groups ------------------------------------------------------------------------------------------------------

    def sip_group(self, named: str) -> Found:
        """The SIP group of this id or name. Raises NotFound, and Conflict where a name is that of several."""
        groups = self._pages(SIP_GROUPS, "sip_groups", key="id")
        if found := next((group for group in groups if group["id"] == named), None):
            return found
        found = [group for group in groups if group.get("display_name") == named]
        if len(found) > 1:
            raise errors.Conflict(
                f"there are {len(found)} SIP groups {named!r}", step="write the id instead of the name"
            )
        if not found:
            raise errors.NotFound(
                f"there is no SIP group {named!r}",
                step="correct its name (Zoom's admin portal, Phone System Management, SIP Groups), or have it made there",
            )
        return found[0]

    # -- BYOC numbers ----------------------------------------------------------------------------------------------------

    def all_numbers(self) -> list[Found]:
        """Every BYOC number, whoever has it."""
        return self._pages(NUMBERS, "phone_numbers", key="number", type="byoc")

    def _number_of(self, number: str) -> Found | None:
        """No filter asks for one number."""
        return next((found for found in self.all_numbers() if e164(found) == number), None)

    def own_record(self, id: str) -> Found:
        """GET /phone/numbers/{id}. Raises NotFound."""
        return self.ask(number_path(id))

    def add_number(self, number: str, carrier: str, group: str) -> None:
        """POST /phone/byoc_numbers."""
        self.numbers.changed(number)
        self.added.add(number)
        self.send("POST", BYOC_NUMBERS, {"carrier": carrier, "phone_numbers": [number], "sip_group_id": group})

    def move_number(self, number: str, id: str, group: str) -> None:
        """PATCH /phone/numbers/{id}: to another SIP group."""
        self.numbers.changed(number)
        self.send("PATCH", number_path(id), {"sip_group_id": group})

    def remove_number(self, number: str) -> None:
        """DELETE /phone/numbers, which takes out what is assigned to nobody."""
        self.numbers.changed(number)
        self._client.request("DELETE", NUMBERS, params={"phone_numbers": number})

    def _pages(self, path: str, name: str, *, key: str, **query: Any) -> list[Found]:
        """A list that comes with a token for its next page."""

        def pages() -> Iterator[Found]:
            token = ""
            while True:
                following = {"next_page_token": token} if token else {}
                answer: Found = self.ask(path, page_size=_PAGE, **query, **following)
                yield from cast(list[Found], answer[name])
                if not (token := str(answer.get("next_page_token") or "")):
                    return

        return paging.whole(pages, name, key=lambda each: each.get(key))


def rule_path(id: str) -> str:
    """The path of a rule, whose id is any text."""
    return f"{RULES}/{quote(id, safe='')}"


def number_path(id: str) -> str:
    """The path of a number, whose id is any text."""
    return f"{NUMBERS}/{quote(id, safe='')}"


def e164(number: Found) -> str:
    """A number as it is shown. Unverified: with its plus."""
    return f"+{str(number['number']).lstrip('+')}"


def pattern(number: str) -> str:
    """The regular expression that one number alone fits."""
    return rf"^\{number}$"


def taken_by(rule: Found) -> str:
    """The number that a rule is for, where it is for one alone, however its pattern is written; else its pattern."""
    text = str(rule.get("number_pattern") or "")
    one = re.fullmatch(r"\^?(?:\\\+|\[\+\]|\\\+\?)([1-9][0-9]{6,14})\$?", text)
    return f"+{one[1]}" if one else text


def comes_first(rule: Found, ours: Found) -> bool:
    """Whether a rule is tried before ours.

    Unverified: that rules are tried by ``order``, the lowest first, and the first one that fits has the call.
    """
    return bool(ours) and float(rule.get("order") or 0) < float(ours.get("order") or 0)


def fits(rule: Found, number: str) -> bool:
    """Whether a dialled number fits a rule. Patterns are PCRE; one that Python cannot read says nothing."""
    try:
        return taken_by(rule) == number or bool(re.search(str(rule.get("number_pattern")), number))
    except re.error:
        return False


def before(rules: Iterable[Found], ours: Found, number: str) -> list[Found]:
    """The rules that take a number's calls before ours, in the order of ``rules``."""
    return [rule for rule in rules if comes_first(rule, ours) and fits(rule, number)]


def way(rule: Found) -> Found:
    """Where a rule sends calls, as it is read: its type, and the id and name of a SIP group."""
    return cast(Found, rule.get("routing_path") or Found())


def group(rule: Found) -> Found:
    """The SIP group that a rule sends calls to; nothing for another way."""
    return cast(Found, way(rule).get("sip_group") or Found())


def account(api: Api) -> str:
    """The account id is the credentials' own; a look at the SIP groups proves that they may read them."""
    api.ask(SIP_GROUPS, page_size=1)
    return api.account_id


def _renewed(settings: Settings, limit: limits.Limit) -> Tokens:
    """Server-to-Server OAuth: a token for an hour, no refresh token. Raises CredentialError, naming what is missing."""
    form = {"grant_type": "account_credentials", "account_id": settings["account_id"]}
    client = http.client(
        "zoom",
        limit,
        settings.conventions,
        base_url=settings.base_url or TOKEN_URL,
        auth=(settings["client_id"], settings["client_secret"]),
    )

    def fetch() -> Token:
        answer: Found = client.post("/oauth/token", data=form).json()
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(value, str) and value and isinstance(seconds, int | float)):
            raise errors.Unavailable("the answer to POST /oauth/token holds no token")
        return Token(value, float(seconds))

    return Tokens(fetch)


def refusal(body: object) -> Refusal:
    """``{"code", "message", "errors": [{"field", "message"}]}``; of tokens ``{"reason", "error"}``."""
    fields = fields_of(body)
    inner = first_of(fields.get("errors"))
    told = ": ".join(str(inner[name]) for name in ("field", "message") if inner.get(name))
    return Refusal(
        str(fields.get("code") or fields.get("error") or ""),
        told or str(fields.get("message") or fields.get("reason") or ""),
    )
