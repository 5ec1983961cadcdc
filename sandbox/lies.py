"""Vendors that lie: what was accepted is not done, not all of it, or the answer names something else; lists that have no
end or go on elsewhere; and bodies that are far more than they look.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from sandbox.exchange import Answer, Call, JsonObject, Vendor, is_array, is_object, pairs
from sandbox.faults import Fault
from sandbox.store import Store

_FORM = "application/x-www-form-urlencoded"
#: Where a JSON body lists the fields it speaks of (xAI's field mask).
_PATHS = "paths"
#: Query parameters that choose a page, by their vendors' names.
_PAGING = frozenset({"Page", "PageToken", "page[number]", "offset", "start", "next_page_token", "pageNumber"})
_BLOCK, _BLOCKS = 1 << 20, 64  # bytes of white space behind the body of a bomb, and how often


def ignored(store: Store, vendor: Vendor, call: Call, fault: Fault) -> Answer:
    """The vendor's own answer to a write of which nothing was done, or all but ``fault.fields``.

    What the vendor refuses is refused, and so is nothing left undone. Where the rest cannot stand alone (a field that the
    vendor demands is left out) nothing is done.
    """
    with store.rehearsal():
        asked = vendor.serve(call)
    if asked.status >= 300 or call.method == "GET":
        return asked
    names = {_bare(name) for name in fault.fields}
    if names and (done := vendor.serve(_without(call, names))).status < 300:
        return _merged(done, asked, names) if fault.echo == "asked" else done
    return asked if fault.echo == "asked" else _unchanged(vendor, call, asked)


def _unchanged(vendor: Vendor, call: Call, asked: Answer) -> Answer:
    """The object as it stands, where reading it shows what the write's answer shows; else the answer has no more to say
    than that it was done, or shows an object that there is not."""
    seen = vendor.serve(replace(call, method="GET", query=(), body=b""))
    before, after = _document(seen), _document(asked)
    if seen.status != 200 or not (is_object(before) and is_object(after)):
        return asked
    alike = [name for name in after if name in before and is_array(after[name]) == is_array(before[name])]
    return Answer(asked.status, seen.body, asked.headers) if len(alike) > len(after) / 2 else asked


def swapped(store: Store, vendor: Vendor, call: Call) -> Answer:
    """The request is carried out; its answer has the id of another object of the same kind, or one that nothing has."""
    before = store.ids(vendor.name)
    answer = vendor.serve(call)
    text, now = answer.body.decode(), store.ids(vendor.name)
    shown = [place for place in now if f'"{place[2]}"' in text]
    new = [place for place in shown if place not in before]
    if not shown:
        return answer
    account, collection, id = min(new or shown, key=lambda place: text.index(f'"{place[2]}"'))
    others = [place[2] for place in now if place[:2] == (account, collection) and place[2] != id]
    other = others[0] if others else id[:-1] + ("1" if id[-1] == "0" else "0")
    return Answer(answer.status, text.replace(id, other).encode(), answer.headers)


def _bare(name: str) -> str:
    """One name in one spelling: ``TransferMode``, ``transferMode`` and ``transfer_mode`` are the same field."""
    return name.replace("_", "").lower()


def _document(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _without(call: Call, names: Collection[str]) -> Call:
    if call.media == _FORM:
        body = urlencode([(name, value) for name, value in pairs(call.body) if _bare(name) not in names]).encode()
    else:
        body = json.dumps(_less(json.loads(call.body or b"{}"), names)).encode()
    return replace(call, body=body)


def _less(value: Any, names: Collection[str], name: str = "") -> Any:
    if is_object(value):
        return {key: _less(each, names, key) for key, each in value.items() if _bare(key) not in names}
    if is_array(value):
        kept = [each for each in value if not (name == _PATHS and isinstance(each, str) and _bare(each) in names)]
        return [_less(each, names) for each in kept]
    return value


def _merged(done: Answer, asked: Answer, names: Collection[str]) -> Answer:
    return replace(done, body=json.dumps(_over(_document(done), _document(asked), names)).encode())


def _over(done: Any, asked: Any, names: Collection[str]) -> Any:
    """What was done, with the named fields as they were asked for."""
    if not (is_object(done) and is_object(asked)):
        return done
    told: JsonObject = {name: value for name, value in asked.items() if _bare(name) in names}
    return {name: _over(value, asked.get(name), names) for name, value in done.items()} | told


def endless(vendor: Vendor, call: Call) -> Answer:
    """The first page whatever page is asked for, and after it there is always one more: the same."""
    answer = vendor.serve(replace(call, query=tuple(pair for pair in call.query if pair[0] not in _PAGING)))
    return _followed(answer, call, "")


def distorted(answer: Answer, call: Call, fault: Fault) -> Answer:
    """What was done, and told in another way: with the next page, whether there is any or not, at another host; byte by
    byte; or as a bomb."""
    if fault.action == "elsewhere":
        return _followed(answer, call, f"{call.origin.partition('://')[0]}://{fault.host}")
    if fault.action == "drip":
        return replace(answer, drip=fault.seconds)
    return _bomb(answer) if fault.action == "bomb" else answer


def _followed(answer: Answer, call: Call, origin: str) -> Answer:
    """A page that names a next one in the form of its vendor; what is no page stays as it is."""
    document = _document(answer)
    if answer.status != 200 or not is_object(document):
        return answer
    address = f"{call.path}?{urlencode(call.query)}" if call.query else call.path
    meta: Any = document.get("meta")
    if "next_page_uri" in document:
        document["next_page_uri"] = origin + address
    elif "next_page_token" in document and not origin:
        document |= {"next_page_token": "0"}
    elif "pageCount" in document:
        document["nextUri"] = origin + address
    elif not is_object(meta):
        alone = len(document) == 1 and is_array(next(iter(document.values())))
        link = {"link": f'<{origin or call.origin}{address}>; rel="next"'}  # RFC 8288
        return replace(answer, headers={**answer.headers, **link}) if alone else answer
    elif "next_page_url" in meta:
        meta["next_page_url"] = (origin or call.origin) + address
    elif "next" in meta:
        meta["next"] = origin + address
    elif "total_pages" in meta and not origin:
        meta |= {"total_pages": 10**6, "page_number": int(dict(call.query).get("page[number]", 1))}
    return replace(answer, body=json.dumps(document).encode())


def _bomb(answer: Answer) -> Answer:
    """The same JSON with white space behind it, so much that only gzip makes it small."""
    if not answer.body:
        return answer
    head = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = head.compress(answer.body) + head.flush(zlib.Z_FULL_FLUSH)
    space = b" " * _BLOCK
    block = head.compress(space) + head.flush(zlib.Z_FULL_FLUSH)  # stands for itself: nothing before it is referred to
    check = zlib.crc32(answer.body)
    for _ in range(_BLOCKS):
        check = zlib.crc32(space, check)
    size = len(answer.body) + _BLOCK * _BLOCKS
    frame = b"\x1f\x8b\x08\0\0\0\0\0\0\xff", check.to_bytes(4, "little") + size.to_bytes(4, "little")
    body = frame[0] + start + block * _BLOCKS + head.flush() + frame[1]
    return replace(answer, body=body, headers={**answer.headers, "content-encoding": "gzip"})
