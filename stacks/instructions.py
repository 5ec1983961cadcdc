"""The instructions of an agent that stand in a file of their own: found in the project, read whole, in one spelling."""

from __future__ import annotations

import os
from pathlib import Path

from providers.kernel import reading
from xai_resources import agent


def text(root: Path, named: str) -> str:
    """The text of a file of the project at ``root``. Raises ValueError with the reason why it cannot be instructions."""
    path = inside(root, named)
    try:
        return checked(reading.content(path, _MAX_BYTES))
    except reading.TooLarge:
        raise ValueError(_TOO_LONG) from None
    except reading.Unreadable as error:
        step = "; its path begins at the project's root" if str(error).startswith("cannot") else ""
        raise ValueError(f"{error}{step}") from None


def inside(root: Path, named: str) -> Path:
    """The file's path. Raises ValueError for one that is no prose of the project's: its text goes to xAI, to be spoken."""
    top = Path(os.path.realpath(root))
    path = Path(os.path.realpath(root / named))
    if not path.is_relative_to(top):
        raise ValueError("is outside of the project: name a file below its root, such as agents/sales.md")
    for each in (Path(named), path.relative_to(top)):  # as it is named, and where links lead
        if any(part.startswith(".") and part not in {".", ".."} for part in each.parts):
            raise ValueError("is a hidden file, or in a hidden folder: name one such as agents/sales.md")
        if each.suffix.lower() not in _PROSE:
            raise ValueError("must be a file of prose that ends in .md or .txt: its text is sent to xAI")
    return path


def checked(content: bytes) -> str:
    """A file's content as instructions. Raises ValueError with the reason why it cannot be them."""
    found = agent.prose(reading.decoded(content))
    if not found:
        raise ValueError("is an empty file: write the instructions into it")
    if len(found) > agent.MAX_INSTRUCTIONS:
        raise ValueError(_TOO_LONG)
    return found


_PROSE = frozenset({".md", ".txt"})
_MAX_BYTES = 4 * agent.MAX_INSTRUCTIONS  # a character takes at most four bytes
_TOO_LONG = f"is too long: instructions have at most {agent.MAX_INSTRUCTIONS} characters"
