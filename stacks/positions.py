"""Where things stand in the text of a stack file: lines for findings, offsets for edits that change nothing else."""

from __future__ import annotations

from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

Location = tuple[int | str, ...]


def compose(text: str) -> Node | None:
    """The nodes of a YAML text, with where each begins and ends; None for an empty one."""
    return cast(Any, YAML()).compose(text)


def pairs(node: Node | None) -> list[tuple[Any, Node]]:
    """Keys and values of a mapping; none of anything else."""
    return cast(list[tuple[Any, Node]], node.value) if isinstance(node, MappingNode) else []


def items(node: Node | None) -> list[Node]:
    """The items of a list; none of anything else."""
    return cast(list[Node], node.value) if isinstance(node, SequenceNode) else []


def child(node: Node | None, name: str) -> Node | None:
    """The value under a key, also of what a merge (<<) brings in."""
    if own := [value for key, value in pairs(node) if key.value == name]:
        return own[0]
    merged = [value for key, value in pairs(node) if key.value == "<<"]
    sources = [source for value in merged for source in (items(value) or [value])]
    return next((found for source in sources if (found := child(source, name)) is not None), None)


def found(tree: CommentedMap, place: Location) -> tuple[int, Location]:
    """The line of a place, or of the nearest one above it, and the place without parts that the file left out:
    a URI given alone has no key ``uri``."""
    node: Any = tree
    line = 1
    for index, part in enumerate(place):
        if isinstance(node, CommentedMap):
            key = _key(node, part)
            if key is None:
                return line, place
            position = _position(node, key)  # none for what a merge (<<) brings
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(cast(list[Any], node)):
            key, position = part, _position(node, part)
        else:
            return line, place[:index]
        line = position[0] + 1 if position else line
        node = cast(Any, node)[key]
    return line, place


def _position(node: Any, key: Any) -> Any:
    """Line and column; None for what does not stand there itself, nor for anything in what has only merged keys."""
    known: dict[Any, Any] | None = node.lc.data
    return known.get(key) if known else None


def _key(node: Any, part: int | str) -> Any:
    """The key as it stands in the file: 1 is "1" here. None when it does not."""
    if part in node:
        return part
    return next((key for key in node if not isinstance(key, str) and str(key) == part), None)
