"""What was said over HTTP, held against a vendor's OpenAPI documents.

The documents stay where they are, beside the project; without them :func:`documents` has nothing, and a test asks the
vendor's SDK alone.
"""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from providers.kernel import http
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.sandbox.conftest import Server

SPECS = ROOT.parent / "shared" / "specs"
_METHODS = ("get", "post", "put", "patch", "delete")
_KEPT = ("type", "pattern", "minLength", "maxLength", "minimum", "maximum", "format", "enum")


def documents(*names: str) -> list[dict[str, Any]]:
    """The documents of these names; none when one of them is not there."""
    files = [SPECS / name for name in names]
    return [json.loads(file.read_text()) for file in files] if all(file.is_file() for file in files) else []


def held() -> Iterator[str]:
    """A line for each module of contract tests: the documents it holds the vendor to, and whether they are here."""
    for module in sorted(Path(__file__).parent.glob("**/test_contract_*.py")):
        asked = re.search(r"contract\.documents\(([^)]*)\)", module.read_text())
        names = re.findall(r'"([^"]+)"', asked[1]) if asked else []
        told = (f"{name} {'checked' if (SPECS / name).is_file() else 'absent'}" for name in names)
        yield f"contract {module.stem.removeprefix('test_contract_'):<11}{', '.join(told)}"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    form: tuple[tuple[str, str], ...]
    status: int
    media: str
    text: str
    headers: Mapping[str, str]
    #: The body of a request in JSON.
    sent: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class Recorder(httpx.BaseTransport):
    """Real HTTP that is written down."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._inner, self._exchanges = (
            httpx.HTTPTransport(verify=False),
            exchanges,
        )  # plain HTTP: no certificates to load

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.read()
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        text = request.read().decode()
        in_json = _media(request) == "application/json" and text != ""
        form = () if in_json else parse_qsl(text, keep_blank_values=True)
        said = (request.method, request.url.path, tuple(query), tuple(form))
        answered = (response.status_code, _media(response), response.text, response.headers)
        self._exchanges.append(Exchange(*said, *answered, json.loads(text) if in_json else None))
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    def close(self) -> None:
        self._inner.close()


@contextmanager
def heard(server: Server) -> Generator[tuple[list[Exchange], pytest.MonkeyPatch]]:
    """What our own code says to a fresh sandbox, and hears, while this lasts."""
    said: list[Exchange] = []
    server.control("POST", "reset")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "network", lambda: Recorder(said))
        yield said, patch
    server.control("POST", "reset")


def _media(message: httpx.Request | httpx.Response) -> str:
    return message.headers.get("content-type", "").partition(";")[0]


@dataclass(frozen=True)
class Operation:
    """One method on one path, as a document declares it."""

    document: Mapping[str, Any]
    template: str
    declared: Mapping[str, Any]
    #: Values of the template's parameters, by name.
    ids: Mapping[str, str]

    def parameters(self, place: str) -> dict[str, Any]:
        listed = [_resolved(item, self.document) for item in self.declared.get("parameters", [])]
        return {name: item for each in listed if each["in"] == place for name, item in self._spelled(dict(each))}

    def _spelled(self, parameter: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """As it stands in a request: of a ``deepObject`` each leaf, `filter[connection_name][contains]`."""
        if parameter.get("style") != "deepObject":
            yield parameter["name"], parameter
            return
        for name, schema in _leaves(parameter["name"], parameter["schema"], self.document):
            yield name, {**parameter, "schema": schema, "required": False}

    def sent(self, media: str) -> Mapping[str, Any]:
        """Schema of a request's body."""
        content = self.declared.get("requestBody", {}).get("content", {})
        return _resolved(content.get(media, {}).get("schema", {}), self.document)

    def answer(self, status: int) -> Mapping[str, Any] | None:
        """Schema and examples of an answer; None where this status is not documented."""
        response = self.declared["responses"].get(str(status))
        if response is None:
            return None
        return _resolved(response, self.document).get("content", {}).get("application/json", {})


@dataclass
class Contract:
    """Some documents of one vendor, and paths that none of them describes on purpose."""

    documents: list[dict[str, Any]]
    #: Shapes of answers that no document declares: errors.
    refusal: Callable[[Exchange], Iterator[str]]
    undocumented: frozenset[str] = frozenset()
    #: Parameters that an empty value (in JSON: null) clears, although they are not declared so.
    cleared: frozenset[str] = frozenset()
    #: Answers may lack what is declared and not required: the types of an SDK say so of nearly everything.
    lacking: bool = False
    _seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def problems(self, exchange: Exchange) -> list[str]:
        """Everything in which a request or its answer differs from what the vendor declares."""
        if any(re.fullmatch(path, exchange.path) for path in self.undocumented):
            return []
        found = list(self._problems(exchange))
        return [f"{exchange}: {problem}" for problem in found]

    def _problems(self, exchange: Exchange) -> Iterator[str]:
        operation = self._operation(exchange)
        if exchange.status >= 400:
            yield from self.refusal(exchange)
            return
        if operation is None:
            yield "no document declares this method on this path"
            return
        self._seen.add((exchange.method, operation.template))
        yield from self._request(operation, exchange)
        yield from self._answer(operation, exchange)

    @property
    def seen(self) -> set[tuple[str, str]]:
        """Every operation that was held against a document."""
        return set(self._seen)

    def _operation(self, exchange: Exchange) -> Operation | None:
        for document, template, pattern in self._paths:
            match = pattern.fullmatch(exchange.path)
            declared = document["paths"][template].get(exchange.method.lower()) if match else None
            if match and declared:
                return Operation(document, template, declared, match.groupdict())
        return None

    @cached_property
    def _paths(self) -> list[tuple[dict[str, Any], str, re.Pattern[str]]]:
        """What is literal goes first: `IncomingPhoneNumbers/Local.json` is no SID."""
        found = [(document, template) for document in self.documents for template in document["paths"]]
        found.sort(key=lambda entry: entry[1].count("{"))
        return [(document, template, _pattern(template)) for document, template in found]

    @cached_property
    def _empty(self) -> Mapping[str, set[str]]:
        return _shown_empty(self.documents)

    def _request(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        paths, queries = operation.parameters("path"), operation.parameters("query")
        for name, value in operation.ids.items():
            yield from self._value(operation, f"path {name}", paths[name]["schema"], value)
        declared = {name: item["schema"] for name, item in queries.items()}
        needed = [name for name, item in queries.items() if item.get("required")]
        yield from self._pairs(operation, "query", declared, needed, exchange.query)
        form = operation.sent("application/x-www-form-urlencoded")
        yield from self._pairs(operation, "form", form.get("properties", {}), form.get("required", ()), exchange.form)
        if exchange.sent is not None:
            schema = _strict(operation.sent("application/json"), operation.document, {}, whole=False)
            yield from (_worded("body", error) for error in _errors(schema, self._given(exchange.sent)))

    def _given(self, sent: Any) -> Any:
        """A body without what it clears."""
        if not isinstance(sent, dict):
            return sent
        return {name: value for name, value in sent.items() if value is not None or name not in self.cleared}

    def _pairs(
        self, operation: Operation, place: str, declared: Mapping[str, Any], needed: Any, given: Any
    ) -> Iterator[str]:
        for name, value in given:
            if name not in declared:
                yield f"{place} {name} is not declared"
            elif value or name not in self.cleared:
                yield from self._value(operation, f"{place} {name}", declared[name], value)
        names = [name for name, _ in given]
        yield from (f"{place} {name} is required" for name in needed if name not in names)
        yield from (f"{place} {name} stands twice" for name in set(names) if names.count(name) > 1)

    def _value(self, operation: Operation, place: str, schema: Any, text: str) -> Iterator[str]:
        """A value as text: of a query, a form, a path. An empty one clears what is text without a pattern of its own."""
        resolved = _resolved(schema, operation.document)
        value: Any = text
        if resolved.get("type") in {"integer", "boolean", "number"}:
            try:
                value = json.loads(text)
            except ValueError:
                yield f"{place} is {text!r}, declared as {resolved['type']}"
                return
        if resolved.get("type") == "array":
            value = [text]
        if text == "" and "pattern" not in resolved and "enum" not in resolved:
            return
        errors = _errors(_strict(resolved, operation.document, {}), value)
        yield from (_worded(place, error) for error in errors)

    def _answer(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        declared = operation.answer(exchange.status)
        if declared is None:
            documented = ", ".join(operation.declared["responses"])
            yield f"status {exchange.status} is not documented: {documented}"
        elif exchange.status == 204:
            yield from ["204 with a body"] if exchange.text else []
        elif exchange.media != "application/json":
            yield f"the answer is {exchange.media or 'of no type'}, not application/json"
        else:
            schema = _strict(declared["schema"], operation.document, self._empty, whole=not self.lacking)
            own = {_kind(error) for value in _shown(declared) for error in _errors(schema, value)}
            found = [error for error in _errors(schema, exchange.body) if _kind(error) not in own]
            yield from (_worded("answer", error) for error in found)

    def contradictions(self) -> set[str]:
        """Paths whose own examples are not what they declare: there the same difference is no problem."""
        found: set[str] = set()
        for document, template, _ in self._paths:
            for operation in (document["paths"][template].get(method, {}) for method in _METHODS):
                for response in operation.get("responses", {}).values():
                    declared = response.get("content", {}).get("application/json", {})
                    schema = _strict(declared.get("schema", {}), document, self._empty)
                    if any(_errors(schema, value) for value in _shown(declared)):
                        found.add(template)
        return found


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(f"(?P<{part}>[^/]+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))


def _leaves(name: str, schema: Any, document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    resolved = _resolved(schema, document)
    for variant in resolved.get("oneOf", ()):
        yield from _leaves(name, variant, document)
    for inner, declared in resolved.get("properties", {}).items():
        yield from _leaves(f"{name}[{inner}]", declared, document)
    if resolved.get("type") == "array":  # no document says how a list is written in there: with [] or without
        for spelled in (name, f"{name}[]"):
            yield from _leaves(spelled, resolved["items"], document)
    elif not {"properties", "oneOf"} & set(resolved):
        yield name, resolved


def _resolved(schema: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        node: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def _strict(
    schema: Any, document: Mapping[str, Any], empty: Mapping[str, set[str]], name: str = "", *, whole: bool = True
) -> dict[str, Any]:
    """OpenAPI 3.0 as JSON Schema, where every declared property is there (``whole``, else what is required) and no other."""
    schema = _resolved(schema, document)
    made: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema}
    for combined in {"anyOf", "oneOf"} & set(schema):
        made["anyOf"] = [_strict(each, document, empty, name, whole=whole) for each in schema[combined]]
    if "items" in schema:
        made["items"] = _strict(schema["items"], document, empty, whole=whole)
    if "properties" in schema:
        inner = {key: _strict(value, document, empty, key, whole=whole) for key, value in schema["properties"].items()}
        # @JsonInclude(NON_NULL): the vendor leaves out what is null.
        needed = [] if "NON_NULL" in schema.get("x-class-extra-annotation", "") else list(inner)
        needed = needed if whole else schema.get("required", [])
        made |= {"properties": inner, "required": needed, "additionalProperties": False}
    if schema.get("nullable"):
        made |= {"type": [schema["type"], "null"]} if "type" in schema else {}
        made |= {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    unset = name in empty.get("names", ()) or (schema.get("format") in empty.get("formats", ()))
    text = "string" in schema.get("type", ())
    return {"anyOf": [{"const": ""}, made]} if text and (unset or schema.get("default") == "") else made


def _shown_empty(documents: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Properties that the vendor's own examples show as an empty string, whatever pattern or format they declare.

    For a format without a pattern (a URL) that holds for every property of the format, for a SID for this one alone.
    """
    names = {name for document in documents for example in _examples(document) for name in _empty(example)}
    schemas = [schema for document in documents for schema in document["components"].get("schemas", {}).values()]
    declared = [entry for schema in schemas for entry in schema.get("properties", {}).items() if entry[0] in names]
    formats = {field["format"] for _, field in declared if "format" in field and "pattern" not in field}
    return {"names": names, "formats": formats}


def _examples(document: Mapping[str, Any]) -> Iterator[Any]:
    """Every answer that a document shows."""
    for item in document["paths"].values():
        for method in _METHODS:
            for response in item.get(method, {}).get("responses", {}).values():
                yield from _shown(response.get("content", {}).get("application/json", {}))


def _shown(declared: Mapping[str, Any]) -> list[Any]:
    return [example["value"] for example in declared.get("examples", {}).values() if "value" in example]


def _empty(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from [name] if item == "" else _empty(item)
    elif isinstance(value, list):
        for item in value:
            yield from _empty(item)


_formats = FormatChecker(formats=())


def _errors(schema: dict[str, Any], value: Any) -> list[ValidationError]:
    return list(Draft202012Validator(schema, format_checker=_formats).iter_errors(value))


def _kind(error: ValidationError) -> tuple[str, str, str]:
    """The same difference, wherever in a list it is: for what is missing or too much, which property it is."""
    place = re.sub(r"\[\d+\]", "[]", error.json_path)
    named = error.validator in {"required", "additionalProperties"}
    return place, str(error.validator), error.message if named else ""


def _worded(place: str, error: ValidationError) -> str:
    return f"{place}{error.json_path.removeprefix('$')}: {error.message}"


def _format(name: str) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
    return _formats.checks(name, raises=(ValueError, TypeError))


@_format("uri")
def _uri(value: Any) -> bool:
    """Twilio's own examples of `next_page_uri` are paths."""
    return not isinstance(value, str) or bool(urlsplit(value).scheme) or value.startswith("/")


@_format("uri-map")
def _uri_map(value: Any) -> bool:
    return not isinstance(value, dict) or all(isinstance(item, str) and _uri(item) for item in value.values())


@_format("date-time")
def _date_time(value: Any) -> bool:
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or bool(re.fullmatch(shape, value) and datetime.fromisoformat(value))


@_format("date-time-rfc-2822")
def _rfc_2822(value: Any) -> bool:
    shape = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
    return not isinstance(value, str) or bool(re.fullmatch(shape, value) and email.utils.parsedate_to_datetime(value))


@_format("phone-number")
def _phone_number(value: Any) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"\+[1-9]\d{1,14}", value))


@_format("iso-country-code")
def _country(value: Any) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[A-Z]{2}", value))
