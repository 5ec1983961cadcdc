"""New numbers in a stack file: spliced in under ``numbers``, so that not one other character changes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import CollectionNode, ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from providers.kernel.errors import InputError
from stacks import positions

_INDENT = 2
_NO_FOLDING = 2**20
#: Text that YAML reads back as the same text without quotes; everything else is quoted.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*([ :/@][A-Za-z0-9_./-]+)*|[0-9.]+/[0-9]+")


class _Representer(RoundTripRepresenter):
    """``webhook: null`` says more than a key with nothing behind it."""

    def represent_none(self, data: Any) -> ScalarNode:
        return cast(Any, self).represent_scalar("tag:yaml.org,2002:null", "null")


cast(Any, _Representer).add_representer(type(None), _Representer.represent_none)


def appended(text: str, entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of a stack file with further entries at the end of its ``numbers``. Raises InputError."""
    key, node = _numbers(text)
    if pairs := positions.pairs(node):
        at, column = _end(text, node), int(pairs[0][0].start_mark.column)
    else:  # {}, null, or nothing at all
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        text = text[:start].rstrip(" ") + text[end:] if start < end else text
        at, column = _line_end(text, int(key.end_mark.index)), _INDENT
    newline = "\r\n" if "\r\n" in text else "\n"
    before, after = text[:at], text[at:]
    lead = "" if before.endswith("\n") else newline
    return before + lead + written(entries, column).replace("\n", newline) + after


def written(entries: Mapping[str, Mapping[str, Any]], column: int = _INDENT) -> str:
    """Entries as the stack file says them, indented by ``column``."""
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.version = (1, 2)  # pyright: ignore[reportAttributeAccessIssue]
    yaml.width = _NO_FOLDING
    yaml.explicit_start = False  # pyright: ignore[reportAttributeAccessIssue]
    out = io.StringIO()
    tree = CommentedMap({key: _styled(dict(entry)) for key, entry in entries.items()})
    yaml.dump(tree, out)  # pyright: ignore[reportUnknownMemberType]
    lines = out.getvalue().removeprefix("%YAML 1.2\n---\n").splitlines(keepends=True)
    return "".join(" " * column + line for line in lines)


def _numbers(text: str) -> tuple[Any, Any]:
    """The nodes of ``numbers`` and of what it holds: a block, or nothing yet."""
    root = positions.compose(text)
    found: list[tuple[Any, Any]] = [pair for pair in positions.pairs(root) if pair[0].value == "numbers"]
    key, node = found[0] if found else (None, None)
    if key is None or node is None:
        raise InputError("there is no `numbers:` in the stack file", step="add a line `numbers: {}`")
    if _aliased(key, node) or node.anchor or (positions.pairs(node) and node.flow_style):
        raise InputError(
            "`numbers` stands in braces or behind an anchor: nothing can be added to it",
            step="write them as a block: one key a line, indented below `numbers:`",
        )
    return key, node


def _end(text: str, node: Any) -> int:
    """Where the last entry ends: after its last line, with the comment that stands on it."""
    while isinstance(cast(object, node), CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        key, value = cast(tuple[Any, Any], last) if isinstance(last, tuple) else (None, last)
        node = key if key is not None and _aliased(key, value) else value
    end = int(node.end_mark.index)
    is_block = isinstance(cast(object, node), ScalarNode) and node.style in {"|", ">"}
    return end if is_block and text[:end].endswith("\n") else _line_end(text, end)


def _aliased(key: Any, value: Any) -> bool:
    """What an alias stands for begins elsewhere in the file: then the line of its key is the last one."""
    return value.start_mark.index < key.end_mark.index


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _styled(value: Any, *, inner: bool = False) -> Any:
    """As people write it: an entry as a block, what is in it in braces; a number always in quotes."""
    if isinstance(value, Mapping):
        made = CommentedMap({key: _styled(item, inner=True) for key, item in cast(Mapping[str, Any], value).items()})
        if inner:
            cast(Any, made).fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        listed = CommentedSeq([_styled(item, inner=True) for item in cast(list[Any], value)])
        cast(Any, listed).fa.set_flow_style()
        return listed
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return DoubleQuotedScalarString(value)
    return value
