"""Where Pulumi keeps its states: the sandbox's own backend, and a file backend after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from xtel.engine import cli
from xtel.project.sandbox import STACK, LocalSandbox

_SCHEME = "file://"
_SUFFIX = ".attrs"


def select_sandbox_stack(sandbox: LocalSandbox) -> None:
    """Make the sandbox's backend folder and select the stack in it; raises cli.PulumiUnavailable without a Pulumi."""
    with sandbox.alone():  # two Pulumis at once would both try to create it
        sandbox.backend.mkdir(parents=True, exist_ok=True)
        cli.run(["stack", "select", "--create", STACK], sandbox.project.root, sandbox.environment())


def mend(stack: str, root: Path, environment: Mapping[str, str]) -> list[str]:
    """Remove the metadata that a killed write left half-written; with them Pulumi cannot read the state ("EOF").

    Pulumi renames a new state into place, and before that writes a content type and a checksum into a file beside it.
    Nothing needs that file, and without it the state is read as it is. Answers the names of what was removed; nothing is
    touched where the backend is no folder.
    """
    folder = _folder(root, environment)
    broken = [file for file in _metadata(folder, stack) if not _whole(file)] if folder else []
    for file in broken:
        file.unlink(missing_ok=True)
    return [file.name for file in broken]


def holders(stack: str, root: Path, environment: Mapping[str, str]) -> list[str]:
    """Who locks a stack of a file backend, worded as Pulumi itself says it; other backends say it only to who is refused."""
    folder = _folder(root, environment)
    files = [file for file in folder.glob("locks/**/*.json") if file.parent.name == stack] if folder else []
    return [text for file in sorted(files) if (text := _holder(file))]


def _holder(file: Path) -> str:
    try:
        told: Any = json.loads(file.read_bytes())
        return "created by {username}@{hostname} (pid {pid}) at {timestamp}".format_map(told)
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _folder(root: Path, environment: Mapping[str, str]) -> Path | None:
    url = str(json.loads(cli.run(["whoami", "--verbose", "--json"], root, environment)).get("url", ""))
    if not url.startswith(_SCHEME):
        return None
    parts = urlsplit(url)
    return root / Path(parts.netloc + parts.path).expanduser() / ".pulumi"


def _metadata(folder: Path, stack: str) -> Iterator[Path]:
    """Those of the stack's state, its copies and its locks."""
    for file in folder.rglob(f"*{_SUFFIX}"):
        if file.name.startswith(f"{stack}.json") or file.parent.name == stack:
            yield file


def _whole(file: Path) -> bool:
    try:
        return isinstance(json.loads(file.read_bytes()), dict)
    except ValueError:
        return False
    except FileNotFoundError:
        return True
