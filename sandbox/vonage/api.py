"""The calls of the Numbers API: queries and forms, read strictly."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from sandbox.exchange import Answer, Call, JsonObject, json_answer, pairs
from sandbox.vonage import numbers
from sandbox.vonage.account import Refusal
from sandbox.vonage.numbers import STOCK, Numbers

Endpoint = Callable[[Call, Numbers], Answer]
_KINDS = {kind: name for name, kind in numbers.TYPES.items()}
_FEATURES = ("SMS", "VOICE", "SMS,VOICE", "MMS", "SMS,MMS", "VOICE,MMS", "SMS,MMS,VOICE")
_NUMBER = ("country", "msisdn", "target_api_key")


def owned(call: Call, own: Numbers) -> Answer:
    known = ("application_id", "has_application", "country", "pattern", "search_pattern", "size", "index")
    asked = _named(call.query, known)
    if asked.get("has_application", "true") not in {"true", "false"}:
        raise _wrong("has_application")
    found = [each for each in map(numbers.view, own.shelf.all()) if _asked_for(each, asked)]
    return _page(found, asked)


def _asked_for(number: JsonObject, asked: Mapping[str, str]) -> bool:
    application = number.get("app_id")
    return (
        asked.get("country", number["country"]) == number["country"]
        and asked.get("application_id", application) == application
        and asked.get("has_application", str(bool(application)).lower()) == str(bool(application)).lower()
        and _matches(number["msisdn"], asked)
    )


def search(call: Call, own: Numbers) -> Answer:
    asked = _named(call.query, ("country", "type", "pattern", "search_pattern", "features", "size", "index"))
    kind = asked.get("type", "landline")
    if not re.fullmatch("[A-Z]{2}", asked.get("country", "")) or kind not in _KINDS:
        raise _wrong("country and type")
    if asked.get("features", "VOICE") not in _FEATURES:
        raise _wrong("features")
    offers = (each[1:] for each in STOCK.offers(asked["country"], _KINDS[kind]))
    found = itertools.islice((each for each in offers if own.free(each) and _matches(each, asked)), 1000)
    return _page(map(numbers.offer, found), asked)


def update(call: Call, own: Numbers) -> Answer:
    own.update(_form(call, (*_NUMBER[:2], *numbers.SHOWN, *numbers.HIDDEN)))
    return done()


def buy(call: Call, own: Numbers) -> Answer:
    own.buy(_form(call, _NUMBER))
    return done()


def cancel(call: Call, own: Numbers) -> Answer:
    own.cancel(_form(call, _NUMBER))
    return done()


def balance(call: Call, own: Numbers) -> Answer:
    _named(call.query, ())
    return json_answer(200, {"value": 10.28, "autoReload": False})


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/account/numbers", owned),
    ("GET", "/account/get-balance", balance),
    ("GET", "/number/search", search),
    ("POST", "/number/update", update),
    ("POST", "/number/buy", buy),
    ("POST", "/number/cancel", cancel),
]


def done() -> Answer:
    return json_answer(200, {"error-code": "200", "error-code-label": "success"})


def _page(found: Iterable[JsonObject], asked: Mapping[str, str]) -> Answer:
    """Where there is nothing at all, not even the count is there."""
    every, size, index = list(found), _whole(asked, "size", 10, 100), _whole(asked, "index", 1)
    if not every:
        return json_answer(200, {})
    return json_answer(200, {"count": len(every), "numbers": every[(index - 1) * size : index * size]})


def _whole(asked: Mapping[str, str], name: str, default: int, most: int = 10**6) -> int:
    text = asked.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise _wrong(name)
    return int(text)


def _matches(msisdn: str, asked: Mapping[str, str]) -> bool:
    pattern, how = asked.get("pattern", ""), asked.get("search_pattern", "0")
    if how not in {"0", "1", "2"}:
        raise _wrong("search_pattern")
    return (msisdn.startswith, msisdn.__contains__, msisdn.endswith)[int(how)](pattern)


def _form(call: Call, known: Collection[str]) -> dict[str, str]:
    """Unverified: what the live API answers to a form that is labelled as JSON. Refused here: it guards a client."""
    if call.media != "application/x-www-form-urlencoded":
        raise Refusal(415, "the content type must be application/x-www-form-urlencoded")
    if call.query:
        raise _wrong(call.query[0][0])
    form = _named(pairs(call.body), known)
    if not re.fullmatch("[A-Z]{2}", form.get("country", "")) or not re.fullmatch(
        r"[1-9]\d{6,14}", form.get("msisdn", "")
    ):
        raise _wrong("country and msisdn")
    return form


def _named(given: Iterable[tuple[str, str]], known: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in given:
        if name not in known or name in found:
            raise _wrong(name)
        found[name] = value
    return found


def _wrong(name: str) -> Refusal:
    """Which status a wrong parameter has is in no document; 420 is "action failed"."""
    return Refusal(420, f"invalid value for parameter: {name}")
