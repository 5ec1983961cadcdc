"""The instructions of an agent that stand in a file of their own: found in the project, read whole, in one spelling."""

from __future__ import annotations

import os
from pathlib import Path

from xai_resources import agent


def text(root: Path, named: str) -> str:
    """The text of a file of the project at ``root``. Raises ValueError with the reason why it cannot be instructions."""
    path = Path(os.path.realpath(root / named))
    if not path.is_relative_to(os.path.realpath(root)):
        raise ValueError("is outside of the project: name a file below its root, such as agents/sales.md")
    try:
        if path.exists() and not path.is_file():
            raise ValueError("is not a file")
        if path.stat().st_size > 4 * agent.MAX_INSTRUCTIONS:  # a character takes at most four bytes
            raise ValueError(_TOO_LONG)
        found = agent.prose(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}; its path begins at the project's root") from None
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text: save it as UTF-8") from None
    if not found:
        raise ValueError("is an empty file: write the instructions into it")
    if len(found) > agent.MAX_INSTRUCTIONS:
        raise ValueError(_TOO_LONG)
    return found


_TOO_LONG = f"is too long: instructions have at most {agent.MAX_INSTRUCTIONS} characters"
