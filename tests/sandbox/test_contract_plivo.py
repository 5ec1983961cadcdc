"""Plivo's documents decide: what our code sends, and what the sandbox answers, is what they declare.

Plivo publishes no OpenAPI document. Beside the project may lie one that was written from its pages; with or without it, the
vendor's own SDK must read every answer, and know every field that is sent to a number.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import plivo
import plivo.rest.client
import pytest
from jsonschema import Draft202012Validator
from plivo.base import Meta
from plivo.exceptions import AuthenticationError, InvalidRequestError, ResourceNotFoundError, ValidationError

from providers.kernel import http, registry
from providers.kernel.session import Session
from tests import contract
from tests.conformance.subjects.plivo import NUMBER, PASSWORD, PBX, SUBJECT
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("plivo_zentrunk_derived.openapi.json")
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OTHER, DEFAULT = "+13035550164", "29986316244302815"
KINDS = {"URI": "uri_uuid", "Trunk": "trunk_id", "Credential": "credential_uuid", "IPAccessControlList": "ipacl_uuid"}
#: Page "Trunks", list: the filters. The other pages have none.
FILTERS = {"Trunk": {"trunk_status", "trunk_direction", "secure", *(f"{name}_uuid" for name in (
    "ipacl", "credential", "primary_uri", "fallback_uri"))}}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A request below the account, and its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    sent: bytes
    status: int
    text: str

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"

    @property
    def place(self) -> tuple[str, bool]:
        """The collection, and whether it is one of its objects."""
        kind, *rest = self.path.removeprefix("Zentrunk/").strip("/").split("/")
        return kind, bool(rest)

    @property
    def operation(self) -> tuple[str, str]:
        kind, one = self.place
        return self.method, f"{kind}/{{id}}" if one else kind

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.sent) if self.sent else {}

    @property
    def answer(self) -> dict[str, Any]:
        return json.loads(self.text)


def _said(method: str, url: httpx.URL, sent: bytes, status: int, text: str) -> Said:
    path = re.sub(r"^/v1/Account/MA[A-Z0-9]{18}/", "", url.path)
    return Said(method, path, dict(url.params), sent, status, text)


class Ear(httpx.BaseTransport):
    """Real HTTP that is written down."""

    def __init__(self, said: list[Said]) -> None:
        self._inner, self._said = httpx.HTTPTransport(), said

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.read()
        self._said.append(_said(request.method, request.url, request.read(), response.status_code, response.text))
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[list[Said]]:
    """Our own objects through their whole lives: every field, every change; and the account."""
    said: list[Said] = []
    server.control("POST", "reset")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "network", lambda: Ear(said))
        made: dict[str, Hand] = {}
        for sample in SUBJECT.samples:
            hand = made[sample.kind] = Hand(f"plivo:{sample.kind}", server.env, patch)
            inputs = sample.inputs(made)
            assert hand.up(**inputs) == "create"
            for change in sample.changes:
                assert hand.up(**{**inputs, **change}) == "update"
            assert hand.refresh()
            hand.up(**inputs)
        _fallback(server, patch, made)
        taken = Hand("plivo:Attachment", server.env, patch)
        inputs = {"marker": "xtel/p/s/+13035550164", "phone_number": OTHER, "trunk_id": made["Trunk"].id}
        taken.up(**inputs, take_over=True)
        taken.destroy()
        for kind in reversed(made):
            made[kind].destroy()
        session = Session(registry.vendor("plivo"), lambda key: None)
        assert session.account() == server.env["PLIVO_AUTH_ID"]
        yield said
    server.control("POST", "reset")


def _fallback(server: Server, patch: pytest.MonkeyPatch, made: dict[str, Hand]) -> None:
    """One comes, and goes again."""
    hand, trunk = Hand("plivo:Uri", server.env, patch), made["Trunk"]
    hand.up(marker=trunk.inputs["marker"], uri=PBX, role="fallback")
    before = dict(trunk.inputs)
    trunk.up(**before, fallback=hand.id)
    trunk.up(**before)
    hand.destroy()


@pytest.fixture(scope="module")
def surface(server: Server) -> Iterator[list[Said]]:
    """The vendor's SDK, on its own HTTP, on all that the sandbox's Plivo offers: pages, objects, refusals."""
    said: list[Said] = []
    server.control("POST", "reset")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plivo.rest.client, "PLIVO_API_BASE_URI", f"{server.env['PLIVO_BASE_URL']}/v1/Account")
        for name in ("", "_FALLBACK_1", "_FALLBACK_2"):
            voice = f"{server.env['PLIVO_BASE_URL']}/v1/Account"
            patch.setattr(plivo.rest.client, f"API_VOICE_BASE_URI{name}", voice)
        client = plivo.RestClient(server.env["PLIVO_AUTH_ID"], server.env["PLIVO_AUTH_TOKEN"])
        client.session.hooks["response"].append(lambda answer, **_: said.append(_heard(answer)))
        _zentrunk(client)
        _numbers(client)
        _applications(client)
        _refusals(client)
        yield said
    server.control("POST", "reset")


def _heard(answer: Any) -> Said:
    request = answer.request
    return _said(request.method, httpx.URL(request.url), request.body or b"", answer.status_code, answer.text)


def _zentrunk(client: Any) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "URI": {"name": "a", "uri": PBX, "authentication_needed": True, "username": "xai-nyc", "password": PASSWORD},
        "Credential": {"name": "a", "username": "somebody", "password": PASSWORD},
        "IPAccessControlList": {"name": "a", "ip_addresses": ["192.0.2.0/24"]},
    }
    ids: dict[str, str] = {}
    for kind, body in bodies.items():
        ids[kind] = getattr(client.request("POST", ("Zentrunk", kind), body), KINDS[kind])
        client.request("POST", ("Zentrunk", kind, ids[kind]), {**body, "name": "b"})
    both = {"primary_uri_uuid": ids["URI"], "fallback_uri_uuid": ids["URI"]}
    out = {"ipacl_uuid": ids["IPAccessControlList"], "credential_uuid": ids["Credential"]}
    for direction, more in (("inbound", both), ("outbound", out)):
        body = {"name": direction, "trunk_direction": direction, "secure": True, **more}
        made = client.request("POST", ("Zentrunk", "Trunk"), body)
        client.request("POST", ("Zentrunk", "Trunk", made.trunk_id), {**body, "trunk_status": "disabled"})
        read = client.request("GET", ("Zentrunk", "Trunk", made.trunk_id)).object
        assert (read.trunk_domain, read.trunk_status) == (f"{made.trunk_id}.zt.plivo.com", "disabled")
        ids[direction] = made.trunk_id
    page = client.request("GET", ("Zentrunk", "Trunk"), {"limit": 1, "offset": 1, "trunk_status": "disabled"})
    assert ([trunk.name for trunk in page.objects], page.meta.total_count) == (["inbound"], 2)
    for direction in ("inbound", "outbound"):
        assert client.request("DELETE", ("Zentrunk", "Trunk", ids[direction])) is None
    for kind in bodies:
        assert getattr(client.request("GET", ("Zentrunk", kind, ids[kind])).object, KINDS[kind]) == ids[kind]
        assert len(client.request("GET", ("Zentrunk", kind), {"limit": 20, "offset": 0}).objects) == 1
        assert client.request("DELETE", ("Zentrunk", kind, ids[kind])) is None


def _numbers(client: Any) -> None:
    assert client.account.get().id == client.session.auth[0]
    first, second = client.numbers.list(limit=1), client.numbers.list(limit=1, offset=1)
    assert [first.objects[0].id, second.objects[0].id] == [OTHER[1:], NUMBER[1:]]
    assert {number.id for number in client.numbers} == {OTHER[1:], NUMBER[1:]}, "the SDK's own walk over the pages"
    offer = client.numbers.search("US", type="local", pattern="650", limit=1)["objects"][0]
    assert client.numbers.buy(offer.number, app_id=DEFAULT).status == "fulfilled"
    assert client.numbers.update(offer.number, app_id=DEFAULT, alias="a", cnam_lookup="enabled").message == "changed"
    bought = client.numbers.get(offer.number)
    assert (bought.id, bought.application.rsplit("/", 2)[1], bought.alias) == (offer.number, DEFAULT, "a")
    assert client.numbers.delete(offer.number) is None


def _applications(client: Any) -> None:
    made = client.applications.create("IVR", answer_url="https://ivr.example.com/")
    client.applications.update(made.app_id, answer_url="https://ivr.example.com/calls")
    assert client.applications.get(made.app_id).id == made.app_id
    assert {each.app_name for each in client.applications.list()} == {"IVR", "Default"}
    client.applications.delete(made.app_id)


def _refusals(client: Any) -> None:
    gone = "00000000-0000-4000-8000-000000000000"
    inbound = {"name": "a", "trunk_direction": "inbound"}
    for error, request in (
        (ResourceNotFoundError, ("GET", ("Zentrunk", "Trunk", "1"))),
        (ResourceNotFoundError, ("DELETE", ("Zentrunk", "URI", gone))),
        (ResourceNotFoundError, ("POST", ("Zentrunk", "Trunk"), {**inbound, "primary_uri_uuid": gone})),
        (ValidationError, ("POST", ("Zentrunk", "Trunk"), {"name": "a"})),
        (ValidationError, ("POST", ("Zentrunk", "URI"), {"uri": "a b"})),
        (InvalidRequestError, ("POST", ("Zentrunk", "URI"), {"name": "a"})),
        (InvalidRequestError, ("PUT", ("Number",))),
        (ResourceNotFoundError, ("GET", ("Number", "12125550000"))),
        (ValidationError, ("POST", ("Number", NUMBER[1:]), {"app_id": ""})),
    ):
        with pytest.raises(error):
            client.request(*request)
    client.session.auth = (client.session.auth[0], "wrong")
    with pytest.raises(AuthenticationError):
        client.request("GET", ("Number",))


# --- what is declared -----------------------------------------------------------------------------------------------


def problems(said: Said) -> Iterator[str]:
    """Everything in which a request or its answer differs from what the pages declare."""
    if not said.path.endswith("/") and said.path:
        yield "no slash at the end"
    if said.status == 204:
        yield from ["204 with a body"] if said.text or said.method != "DELETE" else []
        return
    if not re.fullmatch(UUID, str(said.answer.get("api_id"))):
        yield "an answer without api_id"
    if said.status >= 400:
        yield from [f"an error of {sorted(said.answer)}"] if set(said.answer) != {"api_id", "error"} else []
        return
    kind, one = said.place
    # "200 executed, 201 created, 202 changed, 204 deleted"; a number that is bought stands in the path.
    changed = 202 if one and kind != "PhoneNumber" else 201
    if said.status != (200 if said.method == "GET" else changed):
        yield f"status {said.status}"
    yield from _request(said, kind, one)
    if "objects" in said.answer and set(said.answer["meta"]) != set(vars(Meta())):
        yield f"meta of {sorted(said.answer['meta'])}"
    if kind in KINDS and DOCUMENTS:
        yield from _declared(said, kind, one)


def _request(said: Said, kind: str, one: bool) -> Iterator[str]:
    if unknown := set(said.query) - {"limit", "offset"} - FILTERS.get(kind, set()) if kind in KINDS else set():
        yield f"a query for {sorted(unknown)}"
    if kind == "Number" and one:
        known = set(inspect.signature(plivo.resources.numbers.Numbers.update).parameters)
        yield from [f"a body of {sorted(said.body)}"] if not set(said.body) <= known else []


def _declared(said: Said, kind: str, one: bool) -> Iterator[str]:
    schemas = DOCUMENTS[0]["components"]["schemas"]
    write, read = schemas[f"{kind}Write"], schemas[kind]["properties"]
    if said.method == "POST":
        yield from (error.message for error in _validator(write["properties"], write).iter_errors(said.body))
        answered = {"api_id", "message"} if one else {"api_id", "message", KINDS[kind]}
        yield from [f"an answer of {sorted(said.answer)}"] if set(said.answer) != answered else []
        return
    for found in said.answer["objects"] if not one else [said.answer["object"]]:
        if set(found) != set(read):
            yield f"fields {sorted(set(found) ^ set(read))}"
        yield from (error.message for error in _validator(read, {}).iter_errors(found))


def _validator(fields: Mapping[str, Any], whole: Mapping[str, Any]) -> Draft202012Validator:
    """Plivo shows the parts that a trunk does not have as null; that null takes one off is an assumption of our code."""
    kinds = {
        name: {**field, "type": [field["type"], "null"]} if name.endswith("_uuid") else field
        for name, field in fields.items()
    }
    required = whole.get("required", [])
    return Draft202012Validator({"properties": kinds, "required": required, "additionalProperties": False})


def held(said: list[Said]) -> set[tuple[str, str]]:
    """Every problem at once; answers which operations were looked at."""
    found = sorted({f"{each}: {problem}" for each in said for problem in problems(each)})
    assert not found, "\n".join(found)
    return {each.operation for each in said}


def test_what_our_code_says_and_hears(ours: list[Said]) -> None:
    assert held(ours) == {
        *((method, f"{kind}/{{id}}") for kind in ("URI", "Trunk") for method in ("GET", "POST", "DELETE")),
        *((method, kind) for kind in ("URI", "Trunk") for method in ("GET", "POST")),
        ("GET", "Number"), ("GET", "Number/{id}"), ("POST", "Number/{id}"),
        ("GET", ""), ("GET", "PhoneNumber"), ("POST", "PhoneNumber/{id}"),
    }  # fmt: skip
    sent = {(each.place[0], name) for each in ours for name in each.body}
    assert sent == {
        *(("URI", name) for name in ("name", "uri", "authentication_needed", "username", "password")),
        *(("Trunk", name) for name in ("name", "trunk_direction", "trunk_status", "secure")),
        *(("Trunk", name) for name in ("primary_uri_uuid", "fallback_uri_uuid")),
        *(("Number", name) for name in ("app_id", "number")),
        ("PhoneNumber", "number"),
    }
    links = [each.body for each in ours if each.operation == ("POST", "Number/{id}")]
    assert all(body["app_id"] for body in links), "without one Plivo may assign the account's default"
    assert [body["app_id"] for body in links if body["number"] == OTHER[1:]][-1] == DEFAULT
    assert all(each.body["trunk_direction"] == "inbound" for each in ours if each.operation == ("POST", "Trunk/{id}"))
    assert all("+" not in each.path for each in ours), "numbers are written without it"


def test_no_answer_shows_a_password(ours: list[Said], surface: list[Said]) -> None:
    answered = [each for each in ours + surface if PASSWORD in each.sent.decode()]
    assert len(answered) >= 6
    assert not [each for each in ours + surface if PASSWORD in each.text]


def test_all_that_the_sandbox_answers(surface: list[Said]) -> None:
    looked = held(surface)
    assert len(looked) >= 27, sorted(looked)
    refused = [each for each in surface if each.status >= 400]
    assert len(refused) == 10


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"path": "Zentrunk/URI"}, "no slash at the end"),
        ({"status": 200}, "status 200"),
        ({"text": '{"message": "a", "uri_uuid": "b"}'}, "an answer without api_id"),
        ({"status": 400}, "an error of"),
        ({"status": 204}, "204 with a body"),
        ({"query": {"name": "a"}}, "a query for ['name']"),
        *(
            ({"sent": sent}, problem)
            for sent, problem in ((b'{"uri": 1}', "1 is not of type"), (b'{"url": "a"}', "Additional"))
            if DOCUMENTS
        ),
    ],
)
def test_the_check_itself_finds_what_is_wrong(broken: dict[str, Any], problem: str) -> None:
    good = {
        "method": "POST",
        "path": "Zentrunk/URI/",
        "query": {},
        "sent": b'{"uri": "a.example"}',
        "status": 201,
        "text": json.dumps({"api_id": "0" * 8 + "-0000" * 3 + "-" + "0" * 12, "message": "a", "uri_uuid": "b"}),
    }
    assert list(problems(Said(**good))) == []
    assert [found for found in problems(Said(**{**good, **broken})) if found.startswith(problem)]
