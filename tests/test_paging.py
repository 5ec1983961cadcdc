"""Lists: every page once, an end, the field that is documented, and a key for every item."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.kernel import errors, http, limits, operation, paging
from providers.kernel.operation import Operation
from tests.test_http import Line

ROOT = Path(__file__).resolve().parent.parent
PATH = "/v1/things"


def reading(*answers: httpx.Response | Exception) -> tuple[httpx.Client, Line]:
    line = Line(*answers)
    policy = http.Policy("vendor", limits.Limit(8), line)
    policy._sleep = lambda wait: None
    return httpx.Client(transport=policy, base_url="https://a.example"), line


def lister(client: httpx.Client, address: Callable[[int, Any], str | None]) -> Callable[[], Iterator[Any]]:
    """Turns pages for as long as ``address`` names another one."""

    def pages() -> Iterator[Any]:
        number, following = 0, address(0, None)
        while following:
            page = client.get(following).json()
            yield from page["things"]
            number += 1
            following = address(number, page)

    return pages


def whole(pages: Callable[[], Iterator[Any]]) -> list[Any]:
    return paging.whole(pages, "things", key=lambda thing: thing.get("id"))


def page(*ids: Any, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"things": [{"id": id} for id in ids], **more})


def answered(document: Any) -> httpx.Response:
    return httpx.Response(200, content=json.dumps(document))


def test_every_page_once() -> None:
    client, line = reading(page("a", "b"), httpx.ReadError("cut"), page("b", "c"), page())
    found = whole(lister(client, lambda number, page: f"{PATH}?page={number}" if number < 3 else None))
    assert [thing["id"] for thing in found] == ["a", "b", "b", "c"]
    assert line.calls == 4


@pytest.mark.parametrize(
    ("answers", "address"),
    [
        ([page("a")] * 9, lambda number, page: PATH),
        ([page()] * 9, lambda number, page: PATH),
        ([page("a", number=number) for number in range(9)], lambda number, page: f"{PATH}?page={number}"),
        ([page("a"), page("b"), *[page("a")] * 9], lambda number, page: f"{PATH}?page={number}"),
        ([page(str(number)) for number in range(9)], lambda number, page: f"{PATH}?page={number % 2}"),
    ],
)
def test_a_page_that_comes_again_is_refused(answers: list[httpx.Response], address: Any) -> None:
    client, line = reading(*answers)
    with (
        operation.operating(Operation("vendor", "Thing")),
        pytest.raises(errors.Unavailable, match=f"vendor Thing: {PATH} gives the same page again"),
    ):
        whole(lister(client, address))
    assert line.calls <= 3


def test_pages_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless() -> tuple[httpx.Client, Line]:
        return reading(*(page(str(number)) for number in range(5000)))

    client, line = endless()
    with pytest.raises(errors.Unavailable, match="over 1000 pages"):
        whole(lister(client, lambda number, page: f"{PATH}?page={number}"))
    assert line.calls == 1000
    monkeypatch.setattr(paging, "LEAST", 0.0)
    client, line = endless()
    with operation.operating(Operation(budget=0)), pytest.raises(errors.Unavailable, match="did not end in time"):
        whole(lister(client, lambda number, page: f"{PATH}?page={number}"))
    assert line.calls == 1


@pytest.mark.parametrize(
    "wrong", [{"data": []}, {}, {"things": None}, {"things": {}}, {"things": "a"}, 5, False, "things", {"Things": []}]
)
def test_an_answer_without_its_field_is_no_empty_list(wrong: Any) -> None:
    client, line = reading(answered(wrong), page("a"))
    assert whole(lister(client, lambda number, page: None if number else PATH)) == [{"id": "a"}]
    assert line.calls == 2
    client, line = reading(*[answered(wrong)] * 9)
    with pytest.raises(errors.Unavailable, match="without things"):
        whole(lister(client, lambda number, page: None if number else PATH))
    assert line.calls == 5


@pytest.mark.parametrize("id", [5, None, "", [], {}, True])
def test_an_item_without_its_key_is_refused(id: Any) -> None:
    client, _ = reading(page("a", id))
    with pytest.raises(errors.Unavailable, match="an item without what it is known by"):
        whole(lister(client, lambda number, page: None if number else PATH))


def test_a_list_that_is_not_there_says_nothing_of_its_items() -> None:
    def gone(*answers: httpx.Response) -> Callable[[], Iterator[Any]]:
        client, _ = reading(*answers, httpx.Response(404, json={"message": "no such page"}))
        return lister(client, lambda number, page: f"{PATH}?page={number}")

    with pytest.raises(errors.Unavailable, match="not there: no such page"):
        whole(gone())
    with pytest.raises(errors.NotFound):
        paging.whole(gone(), "things", key=str, may_lack=True)
    with pytest.raises(errors.Unavailable, match="not there: no such page"):
        paging.whole(gone(page("a")), "things", key=str, may_lack=True)


def test_outside_of_a_list_the_same_may_come_as_often_as_it_is_asked() -> None:
    client, _ = reading(*[page("a")] * 9)
    for _ in range(9):
        client.get(PATH)
    assert paging.walking() is None


def test_every_lister_of_ours_reads_its_list_through_it() -> None:
    """Whoever writes ``.list(`` of an SDK writes it inside of what looks at the pages."""
    bare: list[str] = []
    for file in sorted([*ROOT.glob("providers/**/*.py"), *ROOT.glob("xai_resources/*.py")]):
        tree = ast.parse(file.read_text())
        watched = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"whole", "listed"}
            for inner in ast.walk(node)
        }
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node not in watched]
        bare += [
            f"{file.relative_to(ROOT)}:{node.lineno}"
            for node in calls
            if isinstance(node.func, ast.Attribute) and node.func.attr in {"list", "stream"}
        ]
    assert bare == []
