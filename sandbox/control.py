"""The control API under /_sandbox: for tests and for `xtel sandbox`. Its shapes are a contract."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.edge.desk import Desk
from sandbox.exchange import JsonObject, is_object
from sandbox.faults import parse
from sandbox.network import Network

Endpoint = Callable[[Request], Awaitable[Response]]
ACCOUNTS = ("main", "other")
STYLES = ("token", "apikey")


async def _object(request: Request) -> JsonObject:
    try:
        document = json.loads(await request.body())
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from error
    if not is_object(document):
        raise ValueError("the body is not a JSON object")
    return document


def _careful(endpoint: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return answer


def _choice(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    value = request.query_params.get(name, allowed[0])
    if value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(allowed)}")
    return value


class Control:
    def __init__(self, network: Network, desk: Desk) -> None:
        self.network, self.desk = network, desk

    async def health(self, request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.network.journal.clear()
            return Response(status_code=204)
        return Response(self.network.journal.text(), media_type="application/json")

    async def faults(self, request: Request) -> Response:
        faults = self.network.faults
        if request.method == "POST":
            fault = parse(await _object(request))
            faults.add(fault)
            return JSONResponse(faults.all()[-1], 201)
        if request.method == "DELETE":
            faults.clear()
            return Response(status_code=204)
        return JSONResponse(faults.all())

    async def state(self, request: Request) -> Response:
        network = self.network
        origin = f"http://{request.headers.get('host', request.url.netloc)}"
        state: dict[str, Any] = {vendor.name: vendor.state(origin) for vendor in network.vendors}
        state["counters"] = {name: network.store.counted(name) for name in ("purchases", "releases")}
        return JSONResponse(state)

    async def secrets(self, request: Request) -> Response:
        """What no API answer ever repeats: tests compare what a client kept with what is true."""
        return JSONResponse({name: kept for vendor in self.network.vendors for name, kept in vendor.kept().items()})

    async def sign(self, request: Request) -> Response:
        """What the number's webhook would get for a call right now, signed with its secret of right now."""
        number = str((await _object(request)).get("phone_number", ""))
        events = (vendor.event(number) for vendor in self.network.vendors)
        event = next((found for found in events if found is not None), None)
        if event is None:
            raise ValueError(f"phone_number: {number or 'missing'} has no webhook")
        return JSONResponse(event)

    async def seed(self, request: Request) -> Response:
        self.network.seed(await _object(request))
        return JSONResponse({"ok": True})

    async def reset(self, request: Request) -> Response:
        seed = await _object(request) if await request.body() else None
        await self.desk.reset()
        self.network.reset(seed)
        return JSONResponse({"ok": True})

    async def env(self, request: Request) -> Response:
        account, style = _choice(request, "account", ACCOUNTS), _choice(request, "auth", STYLES)
        origin = f"http://{request.headers.get('host', request.url.netloc)}"
        variables: dict[str, str] = {"XTEL_SANDBOX_URL": origin}
        for vendor in self.network.vendors:
            variables |= vendor.environment(account, style, origin)
        return JSONResponse({**variables, **self.desk.environment()})

    async def calls(self, request: Request) -> Response:
        if request.method == "POST":
            return JSONResponse({"id": self.desk.place(await _object(request)).id}, 201)
        # A plus that nobody encoded arrives as a blank.
        return JSONResponse(self.desk.calls(request.query_params.get("to", "").replace(" ", "+")))

    async def call(self, request: Request) -> Response:
        found = self.desk.call(request.path_params["id"])
        return JSONResponse({"error": "no such call"}, 404) if found is None else JSONResponse(found)

    async def receivers(self, request: Request) -> Response:
        if request.method == "POST":
            return JSONResponse({"id": self.desk.receivers.add(await _object(request)).id}, 201)
        if request.method == "GET":
            return JSONResponse([asdict(one) for one in self.desk.receivers.standing()])
        query = request.query_params
        self.desk.receivers.remove(query.get("id", ""), query.get("url", ""), query.get("host", ""))
        return Response(status_code=204)

    async def switches(self, request: Request) -> Response:
        if request.method == "POST":
            self.network.switches.update(await _object(request))
        return JSONResponse(self.network.switches.all())


def control(network: Network, desk: Desk) -> Starlette:
    it = Control(network, desk)
    table: list[tuple[str, Endpoint, list[str]]] = [
        ("health", it.health, ["GET"]),
        ("log", it.log, ["GET", "DELETE"]),
        ("faults", it.faults, ["GET", "POST", "DELETE"]),
        ("state", it.state, ["GET"]),
        ("secrets", it.secrets, ["GET"]),
        ("sign", it.sign, ["POST"]),
        ("seed", it.seed, ["POST"]),
        ("reset", it.reset, ["POST"]),
        ("env", it.env, ["GET"]),
        ("switches", it.switches, ["GET", "POST"]),
        ("calls", it.calls, ["GET", "POST"]),
        ("calls/{id}", it.call, ["GET"]),
        ("receivers", it.receivers, ["GET", "POST", "DELETE"]),
    ]
    return Starlette(routes=[Route(f"/_sandbox/{name}", _careful(end), methods=verbs) for name, end, verbs in table])
