"""The JSON Schema of a stack file, for editors: from the model and the routes of the installed carriers. Pure.

Draft 7, because yaml-language-server knows it best; there ``$ref`` hides its neighbours, so it always stands alone.
``errorMessage`` is that server's own: what it shows for a pattern. A schema cannot say all that ``xtel validate`` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from providers.kernel import ranges, registry, values
from stacks import model

_REF = "#/definitions/"
#: Marks, until all is tidy, a mapping that may be given short.
_SHORT = "x-short"
_ACRONYMS = {"url": "URL", "uri": "URI", "sip": "SIP", "id": "ID", "cnam": "CNAM", "e164": "E.164", "vad": "VAD"}
#: pydantic's own words for limits of what a function validates first.
_LIMITS = {"ge": "minimum", "le": "maximum"}
#: A public host name: two labels at least, and no address.
_NAME = r"([A-Za-z0-9_\-]+\.)+[A-Za-z][A-Za-z0-9\-]*\.?"
#: Looser than the values themselves: spelling is forgiven, and what is wrong in detail `xtel validate` says.
_SPELLINGS: dict[Callable[..., Any], JsonSchemaValue] = {
    values.e164: {
        "pattern": r"^\s*\+[\s().\-/0-9]+$",
        "errorMessage": 'must be E.164 in quotes: + and the country code, for example "+14155550100"',
    },
    values.did: {
        "pattern": r"^\s*\+?[0-9]{2,20}\s*$",
        "errorMessage": 'must be 2 to 20 digits in quotes, with or without a + before them: "089123456"',
    },
    values.https_url: {
        "pattern": rf"^\s*[Hh][Tt][Tt][Pp][Ss]://{_NAME}(:[0-9]+)?([/?#][\s\S]*)?$",
        "errorMessage": "must be an https:// URL of a public host, without credentials",
    },
    values.sip_uri: {
        "pattern": rf"^\s*[Ss][Ii][Pp]:([^@;:\s]+@)?{_NAME}(:[0-9]+)?(;[^;\s]+)*\s*$",
        "errorMessage": "must be a SIP URI of a public host, for example sip:+14155550999@pbx.example.com;transport=tls",
    },
    values.host: {
        "pattern": rf"^\s*{_NAME}\s*$",
        "errorMessage": f"must be a public host name alone, for example {values.SIP_HOST}",
    },
    values.public_address: {
        "pattern": rf"^\s*({_NAME}|[0-9A-Fa-f.:]*)\s*$",
        "errorMessage": "must be a public address, or the public name of a host",
    },
}


def build() -> dict[str, Any]:
    """The schema, in an order that depends on nothing but the declarations."""
    network = _generated(model.Network, "")
    carriers = registry.carriers()
    definitions: dict[str, Any] = network.pop("definitions")
    definitions["CarrierRoute"] = {
        "title": "Route",
        "description": "The carrier, and what is special about it; each carrier has keys of its own.",
        "oneOf": [{"$ref": f"{_REF}{name}"} for name in carriers],
    }
    for name, declared in carriers.items():
        route = _generated(declared.route, f"{name}.")
        definitions.update(route.pop("definitions"))
        definitions[name] = {**route, "title": declared.title, "required": ["carrier", *route.get("required", ())]}
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **network,
        "title": "Stack file of xai-telephony",
        "definitions": definitions,
    }
    return _tidy(whole, definitions)


def text() -> str:
    """The schema as it stands in ``stacks/schema/stack.json``: the same bytes on every machine."""
    return json.dumps(build(), indent=2, ensure_ascii=True) + "\n"


class _Generator(GenerateJsonSchema):
    """What pydantic makes of the types, and what a file may say beyond: short forms, forgiven spelling, null."""

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        """A value of the trade: the pattern that belongs to its function."""
        inner = self.generate_inner(schema["schema"])
        function = schema["function"]["function"]
        if function is model.entry:
            return {**inner, **_allowed()}
        return {**inner, **_SPELLINGS.get(function, {})}

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """Where a field does not say what else it takes, a mapping may be given short: see :func:`_tidy`."""
        inner = super().function_before_schema(schema)
        return inner if "json_schema_input_schema" in schema else {**inner, _SHORT: True}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """One list of types instead of a union where it can be: an editor's complaint is then about the value."""
        inner = self.generate_inner(schema["schema"])
        if not isinstance(inner.get("type"), str):
            return super().nullable_schema(schema)
        words = inner.pop("enum", [inner.pop("const")] if "const" in inner else [])
        return {**inner, "type": [inner["type"], "null"], **({"enum": [*words, None]} if words else {})}


def _generated(declared: type[BaseModel], prefix: str) -> dict[str, Any]:
    """One model's schema in pydantic's order; ``prefix`` keeps the definitions of two carriers apart."""
    schema = declared.model_json_schema(ref_template=f"{_REF}{prefix}{{model}}", schema_generator=_Generator)
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {**schema, "definitions": {f"{prefix}{name}": item for name, item in inner.items()}}


def _allowed() -> JsonSchemaValue:
    """An entry of an allowlist: the names of published ranges for completion, dated ones, and anything like a CIDR."""
    names = sorted({table.label for table in ranges.tables()})
    spelled = "|".join("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in name) for name in names)
    dated = rf"^\s*({spelled})(@[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?\s*$"
    cidr = r"^\s*[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*(/(?!0+\s*$)[0-9.]+)?\s*$"
    wrong = f"must be a CIDR or a published range ({ranges.names()}); for the whole internet: auth: open"
    return {"anyOf": [{"enum": names}, {"pattern": f"{dated}|{cidr}", "errorMessage": wrong}]}


def _tidy(schema: dict[str, Any], definitions: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """Titles and descriptions as people read them, references alone, short forms spelled out, no default of null.

    The short form of a mapping is its first key, as in ``recording: record-from-answer``.
    """
    tidy = {
        _LIMITS.get(key, key): value
        for key, value in schema.items()
        if key != _SHORT and not (key == "default" and value is None)
    }
    full = next(
        (definitions[item["$ref"].removeprefix(_REF)] for item in tidy.get("anyOf", ()) if "$ref" in item), None
    )
    if schema.get(_SHORT) and full:
        first = next(iter(full["properties"].values()))
        tidy["anyOf"] = [{key: first[key] for key in first if key not in {"default", "title"}}, *tidy["anyOf"]]
    if "$ref" in tidy and len(tidy) > 1:
        tidy["allOf"] = [{"$ref": tidy.pop("$ref")}]
    if name:
        tidy["title"] = " ".join(_ACRONYMS.get(word, word) for word in name.split("_"))
    if "description" in tidy:
        tidy["description"] = " ".join(str(tidy["description"]).replace("``", "`").split())
    first_keys = {key: tidy[key] for key in ("$schema", "title", "description") if key in tidy}
    return {key: _tidied(key, value, definitions) for key, value in {**first_keys, **tidy}.items()}


def _tidied(keyword: str, value: Any, definitions: Mapping[str, Any]) -> Any:
    """The value of one keyword, with the schemas inside it tidy."""
    if keyword == "properties":
        return {name: _tidy(item, definitions, name if "description" in item else "") for name, item in value.items()}
    if keyword == "definitions":
        return {name: _tidy(item, definitions) for name, item in sorted(value.items())}
    if keyword in {"anyOf", "allOf", "oneOf"}:
        return [_tidy(item, definitions) for item in value]
    if keyword in {"items", "additionalProperties", "not", "if", "then", "else"} and isinstance(value, dict):
        return _tidy(cast(dict[str, Any], value), definitions)
    return value
