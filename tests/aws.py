"""What was said to AWS, held against the model by which botocore makes requests and reads answers.

A model names members, types, patterns, bounds and values; botocore checks few of them before it sends. Here all are held,
in both directions, and what botocore's own parser makes of an answer is what the answer says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.model import MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.parsers import create_parser

from tests.contract import Exchange

#: Codes of an AWS gateway in front of every service: bad keys, a path that no service has.
GATEWAY = {
    "MissingAuthenticationTokenException": 403, "UnrecognizedClientException": 403, "InvalidSignatureException": 403,
    "UnknownOperationException": 404,
}  # fmt: skip


@dataclass
class Models:
    """Models of some services behind one origin."""

    documents: list[dict[str, Any]]
    #: Every operation that was asked for, by service and name.
    seen: set[str] = field(default_factory=set[str])

    def problems(self, exchange: Exchange) -> list[str]:
        """Everything in which a request or its answer differs from the model."""
        for document in self.documents:
            service = ServiceModel(document)
            for name in service.operation_names:
                operation = service.operation_model(name)
                if (ids := _asked(operation, exchange)) is not None:
                    self.seen.add(name)
                    return [f"{name}: {problem}" for problem in _problems(operation, exchange, ids)]
        return [f"{exchange}: no operation has this method and path"]


def _asked(operation: OperationModel, exchange: Exchange) -> dict[str, str] | None:
    """Values of the path's parameters; None for another operation's request."""
    path, _, query = operation.http["requestUri"].partition("?")
    parts = re.split(r"\{(\w+)\+?\}", path)
    # An ARN is one segment, whose slashes arrive decoded.
    kinds = {part: ".+" if part.lower().endswith("arn") else "[^/]+" for part in parts[1::2]}
    pattern = "".join(f"(?P<{part}>{kinds[part]})" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    match = re.fullmatch(pattern, exchange.path)
    given = set(exchange.query)
    if exchange.method != operation.http["method"] or not match or not set(parse_qsl(query)) <= given:
        return None
    return {name: unquote(value) for name, value in match.groupdict().items()}


def _problems(operation: OperationModel, exchange: Exchange, ids: Mapping[str, str]) -> Iterator[str]:
    if operation.service_model.metadata["protocol"] == "query":
        known = {("Action", operation.name), ("Version", operation.service_model.api_version)}
        if set(exchange.form) != known:
            yield f"the form is {exchange.form}"
        parsed = _parsed(operation, exchange)
        if exchange.status == 200:
            said = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            yield from _checked(operation.output_shape, said, "answer")
            yield from () if parsed["ResponseMetadata"].get("RequestId") else ["the answer has no RequestId"]
        elif not parsed["Error"].get("Code"):
            yield "an error without a code"
        return
    yield from () if exchange.status == 400 else _request(operation, exchange, ids)
    yield from _refusal(operation, exchange) if exchange.status >= 300 else _answer(operation, exchange)


def _request(operation: OperationModel, exchange: Exchange, ids: Mapping[str, str]) -> Iterator[str]:
    shape = operation.input_shape
    body: Any = dict(exchange.sent or {})
    fixed = set(parse_qsl(operation.http["requestUri"].partition("?")[2]))
    query = dict(pair for pair in exchange.query if pair not in fixed)
    said: dict[str, Any] = {}
    for name, member in shape.members.items():
        place, wire = member.serialization.get("location"), member.serialization.get("name", name)
        source: dict[str, Any] = {"uri": dict(ids), "querystring": query}.get(str(place), body)
        if wire in source:
            value = source.pop(wire)
            said[name] = int(value) if place == "querystring" and member.type_name == "integer" else value
            if place == "querystring" and member.type_name == "list":
                said[name] = [each for key, each in exchange.query if key == wire]
    yield from (f"query {name} is not known" for name in query)
    yield from (f"body {name} is not known" for name in body)
    yield from _checked(shape, said, "request")


def _answer(operation: OperationModel, exchange: Exchange) -> Iterator[str]:
    declared = operation.http.get("responseCode", 200)
    if exchange.status != declared:
        yield f"the status is {exchange.status}, declared is {declared}"
    shape = operation.output_shape
    if shape is None or declared == 204:
        yield from ["a body where there is none"] if exchange.text else []
        return
    yield from _checked(shape, exchange.body, "answer")
    parsed = _parsed(operation, exchange)
    if set(parsed) - {"ResponseMetadata"} != set(exchange.body):
        yield f"botocore reads {sorted(parsed)} of {sorted(exchange.body)}"


def _parsed(operation: OperationModel, exchange: Exchange) -> dict[str, Any]:
    answer = {"body": exchange.text.encode(), "status_code": exchange.status, "headers": dict(exchange.headers)}
    protocol = operation.service_model.metadata["protocol"]
    return create_parser(protocol).parse(answer, operation.output_shape)


def _refusal(operation: OperationModel, exchange: Exchange) -> Iterator[str]:
    """A declared error under its status, its code in the header, its words in the body."""
    code = exchange.headers.get("x-amzn-errortype", "").partition(":")[0]
    declared = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in operation.error_shapes}
    expected = {**GATEWAY, **declared}.get(code)
    if expected != exchange.status:
        yield f"{exchange.status} {code or 'without a code'}; declared: {declared}"
    words = "message" if code in GATEWAY else "Message"
    if not exchange.body.get(words) and not exchange.body.get("problems"):
        yield "an error without a message"


def _checked(shape: Shape | None, value: Any, place: str) -> Iterator[str]:
    """Type, members, bounds, pattern and values of a shape."""
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{place} is no structure"
            return
        yield from (f"{place}.{name} is required" for name in shape.required_members if name not in value)
        wires = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        known = {**wires, **shape.members} if place == "request" else wires
        for name, inner in value.items():
            if name in known:
                yield from _checked(known[name], inner, f"{place}.{name}")
            else:
                yield f"{place}.{name} is not known"
    elif shape is not None and shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{place} is no list"
            return
        yield from _bounded(shape, len(value), place)
        for count, inner in enumerate(value):
            yield from _checked(shape.member, inner, f"{place}[{count}]")
    elif isinstance(shape, MapShape):
        for key, inner in value.items():
            yield from _checked(shape.key, key, f"{place} key")
            yield from _checked(shape.value, inner, f"{place}.{key}")
    elif shape is not None:
        yield from _plain(shape, value, place)


def _plain(shape: Shape, value: Any, place: str) -> Iterator[str]:
    match shape.type_name:
        case "boolean":
            yield from () if isinstance(value, bool) else [f"{place} is no boolean"]
        case "integer" | "long":
            whole = isinstance(value, int) and not isinstance(value, bool)
            yield from _bounded(shape, value, place) if whole else [f"{place} is no integer"]
        case "timestamp" if shape.serialization.get("timestampFormat") != "iso8601":
            yield from () if isinstance(value, int | float) else [f"{place} is no time in seconds since 1970"]
        case "timestamp":
            try:
                datetime.fromisoformat(value)
            except (TypeError, ValueError):
                yield f"{place} is no time in ISO 8601"
        case "string":
            yield from _text(shape, value, place) if isinstance(value, str) else [f"{place} is no text"]
        case other:
            yield f"{place}: {other} is not checked here"


def _text(shape: Shape, value: str, place: str) -> Iterator[str]:
    yield from _bounded(shape, len(value), place)
    pattern = shape.metadata.get("pattern", "")
    if pattern and not _holds(pattern, value):
        yield f"{place} does not match {pattern}"
    values = shape.metadata.get("enum")
    if values and value not in values:
        yield f"{place} is none of {', '.join(values)}"


def _holds(pattern: str, value: str) -> bool:
    """Some patterns of the models have one backslash too many, and some none but Java knows."""
    try:
        return bool(re.fullmatch(pattern, value)) or bool(re.fullmatch(pattern.replace("\\\\", "\\"), value))
    except re.error:
        return True


def _bounded(shape: Shape, size: int, place: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        yield f"{place} is {size}, declared {low} to {high}"
