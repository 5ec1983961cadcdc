"""The account, its Zentrunk objects, numbers and applications over HTTP. POST creates and updates."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from sandbox.exchange import Answer, JsonObject
from sandbox.plivo import numbers, pages, zentrunk
from sandbox.plivo.account import Refusal
from sandbox.plivo.asked import Asked, Endpoint, plain
from sandbox.shapes import Model

ACCOUNT = "/v1/Account/{account}"


def fetch_account(asked: Asked) -> Answer:
    pages.query(asked.call, ())
    it = asked.account
    return plain(
        200,
        {
            "account_type": "standard",
            "address": "",
            "city": "",
            "state": "",
            "timezone": "Etc/UTC",
            "auth_id": it.auth_id,
            "name": f"Sandbox {it.name}",
            "resource_uri": f"/v1/Account/{it.auth_id}/",
            "auto_recharge": False,
            "billing_mode": "prepaid",
            "cash_credits": "100.00000",
        },
    )


def list_trunks(asked: Asked) -> Answer:
    page = pages.asked(asked.call, ("name", "trunk_status", "trunk_direction", "secure", *zentrunk.PARTS))
    found = [trunk for trunk in asked.zentrunk.trunks.all() if pages.equal(trunk, page.filters)]
    return plain(200, pages.cut(asked.call, found, page))


def create_trunk(asked: Asked) -> Answer:
    """The pages call the name optional; their list of common errors has "missing trunk name" under 400."""
    trunk = asked.zentrunk.add_trunk(asked.body(zentrunk.TRUNK, ("name", "trunk_direction")))
    return plain(201, {"message": "Trunk created successfully.", "trunk_id": trunk["trunk_id"]})


def fetch_trunk(asked: Asked, id: str) -> Answer:
    pages.query(asked.call, ())
    return plain(200, {"object": asked.zentrunk.trunk(id)})


def update_trunk(asked: Asked, id: str) -> Answer:
    """ "The API rejects any update without trunk_direction, including one that does not touch it" (plivo-cli)."""
    asked.zentrunk.trunk(id)
    asked.zentrunk.change_trunk(id, asked.body(zentrunk.TRUNK, ("trunk_direction",)))
    return plain(202, {"message": "Trunk updated successfully."})


def delete_trunk(asked: Asked, id: str) -> Answer:
    asked.zentrunk.remove_trunk(id)
    return Answer(204)


def _collection(
    path: str, key: str, noun: str, model: Model, required: tuple[str, ...]
) -> list[tuple[str, str, Endpoint]]:
    """The five endpoints of a collection whose objects are only values: credentials and access lists. The pages say
    422 for a missing parameter; an update rewrites all, so it takes the same ones."""

    def create(asked: Asked) -> Answer:
        thing = asked.zentrunk.put(key, asked.body(model, required, 422))
        return plain(201, {"message": f"{noun} created successfully.", key: thing[key]})

    def update(asked: Asked, id: str) -> Answer:
        before = asked.zentrunk.get(key, id)
        asked.zentrunk.put(key, {**before, **asked.body(model, required, 422)})
        return plain(202, {"message": f"{noun} updated successfully."})

    return _routes(path, key, model, create, update)


def _routes(path: str, key: str, model: Model, create: Endpoint, update: Endpoint) -> list[tuple[str, str, Endpoint]]:
    filters = [name for name in model if name not in ("password", "ip_addresses")]

    def listed(asked: Asked) -> Answer:
        page = pages.asked(asked.call, filters)
        found = [thing for thing in asked.zentrunk.kinds[key].all() if pages.equal(thing, page.filters)]
        return plain(200, pages.cut(asked.call, found, page))

    def fetch(asked: Asked, id: str) -> Answer:
        pages.query(asked.call, ())
        return plain(200, {"object": asked.zentrunk.get(key, id)})

    def delete(asked: Asked, id: str) -> Answer:
        asked.zentrunk.remove(key, id)
        return Answer(204)

    base = f"{ACCOUNT}/Zentrunk/{path}/"
    one: list[tuple[str, Callable[..., Answer]]] = [("GET", fetch), ("POST", update), ("DELETE", delete)]
    return [
        ("GET", base, listed),
        ("POST", base, create),
        *((method, f"{base}{{id}}/", endpoint) for method, endpoint in one),
    ]


def create_uri(asked: Asked) -> Answer:
    uri = asked.zentrunk.put_uri(asked.body(zentrunk.URI, ("uri",), 422))
    return plain(201, {"message": "Origination URI created successfully.", "uri_uuid": uri["uri_uuid"]})


def update_uri(asked: Asked, id: str) -> Answer:
    before = asked.zentrunk.get("uri_uuid", id)
    asked.zentrunk.put_uri(asked.body(zentrunk.URI, (), 422), before)
    return plain(202, {"message": "Origination URI updated successfully."})


LOOKUP = ("type", "number_startswith", "subaccount", "alias", "services", "cnam_lookup")


def list_numbers(asked: Asked) -> Answer:
    """`number_startswith` compares digits: one that begins with a plus matches nothing."""
    page = pages.asked(asked.call, LOOKUP)
    filters = dict(page.filters)
    start, kind = filters.pop("number_startswith", ""), filters.pop("type", None)
    services = set(filters.pop("services", "voice").split(","))
    if not services <= {"voice", "sms", "mms"}:
        raise Refusal(400, "services must be voice, sms or mms")
    shown = [asked.numbers.view(number) for number in asked.numbers.shelf.all()]
    found = [
        number
        for number in shown
        if number["number"].startswith(start)
        and kind in (None, number["number_type"])
        and "mms" not in services
        and pages.equal({**number, "subaccount": number["sub_account"]}, filters)
    ]
    return plain(200, pages.cut(asked.call, found, page))


def fetch_number(asked: Asked, number: str) -> Answer:
    pages.query(asked.call, ())
    return plain(200, asked.numbers.view(asked.numbers.get(number)))


def _same(number: str, body: JsonObject) -> JsonObject:
    if body.pop("number", number) != number:
        raise Refusal(400, "number is not the one of the path")
    return body


def update_number(asked: Asked, number: str) -> Answer:
    asked.numbers.get(number)
    asked.numbers.update(number, _same(number, asked.body(numbers.UPDATE)))
    return plain(202, {"message": "changed"})


def unrent_number(asked: Asked, number: str) -> Answer:
    asked.numbers.release(number)
    return Answer(204)


SEARCH = ("country_iso", "type", "pattern", "services", "region", "city", "lata", "rate_center", "npanxx", "eligible")


def search_numbers(asked: Asked) -> Answer:
    page = pages.asked(asked.call, SEARCH)
    wanted = page.filters
    country = wanted.get("country_iso", "")
    if country not in numbers.COUNTRIES:
        raise Refusal(400, "country_iso is required: US, CA or GB")
    kind = wanted.get("type", "local")
    if kind not in ("local", "tollfree", "mobile", "national", "fixed"):
        raise Refusal(400, "type must be tollfree, local, mobile, national or fixed")
    pattern = wanted.get("pattern", "")
    if not pattern.isdecimal() and pattern:
        raise Refusal(400, "pattern must be numeric")
    kinds = {"fixed": "local", "tollfree": "toll_free"}
    offered = numbers.STOCK.offers(country, kinds.get(kind, kind))
    start = ("44" if country == "GB" else "1") + pattern
    free = (each[1:] for each in offered if each[1:].startswith(start) and asked.numbers.free(each[1:]))
    unknown = {"region", "city", "lata", "rate_center", "npanxx"} & set(wanted)
    found = [] if unknown else [asked.numbers.offer(number) for number in islice(free, 500)]
    return plain(200, pages.cut(asked.call, list(reversed(found)), page))


def buy_number(asked: Asked, number: str) -> Answer:
    asked.numbers.buy(number, _same(number, asked.body(numbers.BUY)))
    bought = [{"number": number, "status": "Success"}]
    return plain(201, {"message": "created", "numbers": bought, "status": "fulfilled"})


def list_applications(asked: Asked) -> Answer:
    page = pages.asked(asked.call, ("subaccount", "app_name"))
    shown = [asked.applications.view(each) for each in asked.applications.shelf.all()]
    found = [each for each in shown if pages.equal({**each, "subaccount": None}, page.filters)]
    return plain(200, pages.cut(asked.call, found, page))


def create_application(asked: Asked) -> Answer:
    made = asked.applications.create(asked.body(numbers.APPLICATION, ("app_name",)))
    return plain(201, {"message": "created", "app_id": made["app_id"]})


def fetch_application(asked: Asked, id: str) -> Answer:
    pages.query(asked.call, ())
    return plain(200, asked.applications.view(asked.applications.get(id)))


def update_application(asked: Asked, id: str) -> Answer:
    """What is given is set. Plivo's SDK gives everything, defaults included: its partial update resets the rest."""
    asked.applications.get(id)
    asked.applications.update(id, asked.body(numbers.APPLICATION_UPDATE))
    return plain(202, {"message": "changed"})


def delete_application(asked: Asked, id: str) -> Answer:
    asked.applications.delete(id)
    return Answer(204)


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", f"{ACCOUNT}/", fetch_account),
    ("GET", f"{ACCOUNT}/Zentrunk/Trunk/", list_trunks),
    ("POST", f"{ACCOUNT}/Zentrunk/Trunk/", create_trunk),
    ("GET", f"{ACCOUNT}/Zentrunk/Trunk/{{id}}/", fetch_trunk),
    ("POST", f"{ACCOUNT}/Zentrunk/Trunk/{{id}}/", update_trunk),
    ("DELETE", f"{ACCOUNT}/Zentrunk/Trunk/{{id}}/", delete_trunk),
    *_routes("URI", "uri_uuid", zentrunk.URI, create_uri, update_uri),
    *_collection("Credential", "credential_uuid", "Credential", zentrunk.CREDENTIAL, ("username", "password")),
    *_collection("IPAccessControlList", "ipacl_uuid", "IP access control list", zentrunk.IPACL, ("ip_addresses",)),
    ("GET", f"{ACCOUNT}/Number/", list_numbers),
    ("GET", f"{ACCOUNT}/Number/{{number}}/", fetch_number),
    ("POST", f"{ACCOUNT}/Number/{{number}}/", update_number),
    ("DELETE", f"{ACCOUNT}/Number/{{number}}/", unrent_number),
    ("GET", f"{ACCOUNT}/PhoneNumber/", search_numbers),
    ("POST", f"{ACCOUNT}/PhoneNumber/{{number}}/", buy_number),
    ("GET", f"{ACCOUNT}/Application/", list_applications),
    ("POST", f"{ACCOUNT}/Application/", create_application),
    ("GET", f"{ACCOUNT}/Application/{{id}}/", fetch_application),
    ("POST", f"{ACCOUNT}/Application/{{id}}/", update_application),
    ("DELETE", f"{ACCOUNT}/Application/{{id}}/", delete_application),
]
