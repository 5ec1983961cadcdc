"""The tools of a hosted agent, the five kinds that xAI documents: typed, in one order, with secrets marked.

Documents: "Agents API" in the REST reference (kinds, function) and "Voice Agent API" (fields of the other four), read
2026-11-21. A tool is written as the API takes it: ``{type: function, function: {name: …}}``, ``{type: web_search}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator, Field

from providers.kernel.secrecy import MASK
from providers.kernel.spec import Place, Secret, StrictModel
from providers.kernel.values import HeaderValue, HttpsUrl, Whole
from providers.kernel.wording import did_you_mean
from xai_resources.models import snake_keys

#: How a secret is given: as its value towards xAI, as a reference in a stack file.
SecretT = TypeVar("SecretT")


def _whole_numbers(value: Any) -> Any:
    """Pulumi carries every number as a float: 1.0 is 1."""
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_whole_numbers(item) for item in cast(list[Any], value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _json_object(value: Any) -> str:
    """A JSON object in one spelling, as text: the engine would turn its numbers to floats and drop its nulls."""
    wrong = "must be a JSON Schema: a mapping, such as {type: object, properties: {order_id: {type: string}}}"
    try:
        plain: Any = json.loads(value) if isinstance(value, str) else value
        if not isinstance(plain, dict):
            raise ValueError(wrong)
        return json.dumps(_whole_numbers(plain), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(wrong) from None


JsonObject = Annotated[str, BeforeValidator(_json_object, json_schema_input_type=dict[str, Any])]


def in_one_order(texts: tuple[str, ...]) -> tuple[str, ...]:
    """A set of names: no order, nothing twice."""
    return tuple(sorted(set(texts)))


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1), AfterValidator(in_one_order)]


class FunctionBody(StrictModel):
    """What a custom function is called and takes."""

    name: str = Field(min_length=1, description="Name of the function.", examples=["lookup_order"])
    description: str | None = Field(
        None, min_length=1, description="What it does: the agent decides by it when to call."
    )
    parameters: JsonObject | None = Field(
        None,
        description="JSON Schema of its arguments.",
        examples=[{"type": "object", "properties": {"order_id": {"type": "string"}}}],
    )


class Function(StrictModel):
    """A function that your application executes."""

    type: Literal["function"] = Field(description="A function that your application executes.")
    function: FunctionBody = Field(
        description="Its name, description and parameters.", examples=[{"name": "lookup_order"}]
    )


class WebSearch(StrictModel):
    """Searches the web."""

    type: Literal["web_search"] = Field(description="Searches the web.")


class XSearch(StrictModel):
    """Searches posts on X."""

    type: Literal["x_search"] = Field(description="Searches posts on X.")
    allowed_x_handles: Names | None = Field(None, description="Only posts of these handles.", examples=[["xai"]])


class FileSearch(StrictModel):
    """Searches the documents of the agent's collections."""

    type: Literal["file_search"] = Field(description="Searches the agent's collections (collection_ids).")
    max_num_results: Annotated[Whole, Field(ge=1)] | None = Field(None, description="At most so many results.")


def _header_name(name: str) -> str:
    """The name of an HTTP header (RFC 9110 §5.1)."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise ValueError("is no name of an HTTP header: letters, digits and dashes, for example X-Api-Key")
    return name


class Mcp(StrictModel, Generic[SecretT]):
    """A remote MCP server, called by xAI."""

    type: Literal["mcp"] = Field(description="A remote MCP server, called by xAI.")
    server_url: HttpsUrl = Field(
        description="https URL of the server (Streaming HTTP or SSE).", examples=["https://mcp.example.com/mcp"]
    )
    server_label: str = Field(min_length=1, description="Label of the server; its tools' names begin with it.")
    server_description: str | None = Field(None, min_length=1, description="What the server provides.")
    allowed_tools: Names | None = Field(
        None, description="Only these of its tools; left out: all.", examples=[["lookup_order"]]
    )
    authorization: SecretT | None = Field(
        None,
        description="{secret: NAME}: the Authorization header it is called with.",
        examples=[{"secret": "mcpToken"}],
    )
    headers: dict[Annotated[str, AfterValidator(_header_name)], SecretT] | None = Field(
        None,
        min_length=1,
        description="More headers, each {secret: NAME}.",
        examples=[{"X-Api-Key": {"secret": "mcpKey"}}],
    )


def _stands_aside(value: Any) -> Any:
    if value != MASK:
        raise ValueError("its value stands in tool_secrets, never in the tool")
    return value


class McpServer(Mcp[Annotated[str, AfterValidator(_stands_aside)]]):
    """A remote MCP server with a placeholder for each of its secrets: a list in which one stood would be secret as a whole,
    and nobody could review what else changes in it.
    """


def _its_server(inputs: Mapping[str, Any], place: Place) -> Iterator[str]:
    """The URL of the server whose secret stands at ``tool_secrets.<label>.…``."""
    listed = inputs.get("tools")
    for tool in cast(list[Any], listed) if isinstance(listed, list | tuple) else ():
        fields = cast(dict[str, Any], tool) if isinstance(tool, dict) else {}
        if str(fields.get("server_label")) == place[1] and fields.get("server_url"):
            yield str(fields["server_url"])


class ToolSecrets(StrictModel):
    """The values of one server's secrets."""

    authorization: Annotated[HeaderValue, Secret(_its_server)] | None = None
    headers: dict[str, Annotated[HeaderValue, Secret(_its_server)]] | None = None


#: Fields that are sent and never taken from an answer.
WRITE_ONLY = frozenset({"authorization", "headers"})
Tool = Function | WebSearch | XSearch | FileSearch | McpServer
KINDS: Mapping[str, type[StrictModel]] = {
    "function": Function,
    "web_search": WebSearch,
    "x_search": XSearch,
    "file_search": FileSearch,
    "mcp": McpServer,
}


def chosen(value: Any, kinds: Mapping[str, type[StrictModel]] = KINDS) -> Any:
    """The tool of the kind that ``type`` names: plain errors instead of one per member of a union."""
    if isinstance(value, StrictModel):
        return value
    kind = cast(dict[str, Any], value).get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        guess = did_you_mean(kind, kinds) if isinstance(kind, str) else ""
        raise ValueError(f"must be a mapping with a type, one of {', '.join(kinds)}{f': {guess}' if guess else ''}")
    return kinds[kind].model_validate(value)


def name_of(tool: StrictModel) -> str:
    """What tells a tool from the others of its agent: ``function lookup_order``, ``mcp crm``, ``web_search``."""
    body: Any = getattr(tool, "function", None)
    name: Any = body.name if body else getattr(tool, "server_label", "")
    return f"{vars(tool)['type']} {name}".strip()


ToolT = TypeVar("ToolT", bound=StrictModel)


def unlike(tools: tuple[ToolT, ...]) -> tuple[ToolT, ...]:
    """The same tools; the same one twice is an error."""
    names = [name_of(tool) for tool in tools]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"holds {twice} twice: remove one, or give it another name")
    return tools


def by_name(tools: tuple[ToolT, ...]) -> tuple[ToolT, ...]:
    """The same tools in one order."""
    return tuple(sorted(tools, key=name_of))


def secrets_of(tool: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in a tool where its secrets belong; nothing of a tool that has none."""
    found = {name: tool[name] for name in sorted(WRITE_ONLY) if tool.get(name)}
    return found if tool.get("type") == "mcp" else {}


def parted(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of an agent with the secrets of its tools beside them, in ``tool_secrets``, and a placeholder in each place.

    A state of the release before has them inside; what was parted already stays as it is.
    """
    listed = inputs.get("tools")
    if not isinstance(listed, list | tuple):
        return dict(inputs)
    found: dict[str, Any] = {}
    whole: list[Any] = []
    for tool in cast(list[Any], listed):
        if not isinstance(tool, dict):
            whole.append(tool)
            continue
        fields = cast(dict[str, Any], tool)
        secrets = secrets_of(fields)
        if secrets != masked(secrets):
            found[str(fields.get("server_label"))] = secrets
        whole.append({**fields, **masked(secrets)})
    given = {**inputs, "tools": whole}
    return {**given, "tool_secrets": {**(inputs.get("tool_secrets") or {}), **found}} if found else given


def masked(secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The placeholders in the place of secrets, at any depth."""
    return {
        name: masked(cast(Mapping[str, Any], value)) if isinstance(value, Mapping) else MASK
        for name, value in secrets.items()
    }


def beside(listed: Iterable[Any], secrets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Of the secrets those that the tools have a place for, by the servers' labels."""
    places = {str(tool.get("server_label")): secrets_of(tool) for tool in listed}
    return {label: secrets[label] for label, place in places.items() if place and label in secrets}


def sent(tool: Tool, secrets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The tool as the API takes it: its secrets in their places, the JSON Schema of a function as an object."""
    body = tool.model_dump(exclude_none=True)
    if isinstance(tool, Function) and tool.function.parameters:
        body["function"]["parameters"] = json.loads(tool.function.parameters)
    return {**body, **secrets.get(str(body.get("server_label")), {})}


def seen(answered: list[Any], declared: list[Mapping[str, Any]]) -> list[Any]:
    """The tools of an answer, with the placeholders that were declared for the same servers: an answer never brings a secret.

    Of the kinds we know only the fields we know count, so that what a vendor adds is no change.
    """
    placeholders = {
        tool.get("server_label"): {name: tool[name] for name in WRITE_ONLY if name in tool}
        for tool in declared
        if tool.get("type") == "mcp"
    }
    return [{**tool, **placeholders.get(tool.get("server_label"), {})} for tool in map(_known, answered)]


def _known(answered: Any) -> dict[str, Any]:
    tool = snake_keys(cast(dict[str, Any], answered)) if isinstance(answered, dict) else {}
    if "type" not in tool and len(tool) == 1:  # {function: {…}}: a union by its key, as one report has it
        [(kind, body)] = tool.items()
        tool = {"type": kind, "function": body} if kind == "function" else {"type": kind, **body}
    declared = KINDS.get(str(tool.get("type")))
    if declared is None:
        return tool
    known = {name: tool[name] for name in declared.model_fields if tool.get(name) and name not in WRITE_ONLY}
    if isinstance(known.get("function"), dict):
        body = snake_keys(cast(dict[str, Any], known["function"]))
        known["function"] = {name: body[name] for name in FunctionBody.model_fields if body.get(name)}
    return known
