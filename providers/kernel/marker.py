"""How an object at a vendor shows that this stack made it."""

from __future__ import annotations

import hashlib
import re

_LIMIT = 64  # the shortest of the vendors' limits for a name


def marker(project: str, stack: str, name: str) -> str:
    """``xtel/<project>/<stack>/<e164>``; over 64 characters: the first 40, a dash and 8 hex digits of its SHA-256."""
    whole = f"xtel/{project}/{stack}/{name}"
    return whole if len(whole) <= _LIMIT else f"{whole[:40]}-{digest(whole)}"


def digest(text: str) -> str:
    """8 hex digits of the marker's SHA-256: how it is carried at the end of a display name."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def label(name: str, mark: str) -> str:
    """A display name that carries the marker: ``Support [xtel:0a1b2c3d]``."""
    return f"{name} [xtel:{digest(mark)}]"


def unlabel(text: str) -> tuple[str, str]:
    """Display name and marker digest of a label; the digest is empty where there is none."""
    match = re.match(r"^(.*?) ?\[xtel:([0-9a-f]{8})\]$", text, re.DOTALL)
    return (match.group(1), match.group(2)) if match else (text, "")


def whose(seen: str, mark: str) -> str:
    """What a label's digest says of its object, behind its name: nothing where it has none."""
    return f" and marked by {'this' if seen == digest(mark) else 'another'} stack" if seen else ""


def marks(name: str) -> bool:
    """Whether a name is a marker, of whichever stack."""
    return name.startswith("xtel/")


def unmarked(mark: str) -> str:
    """A name for what carried this marker and is nobody's stack's any more."""
    return f"was {mark}"[:_LIMIT]


def same_stack(one: str, other: str) -> bool:
    """Whether two markers are of the same stack, as far as their text shows."""
    stem = other[:40].rpartition("/")[0]
    return one == other or (stem.count("/") >= 2 and one.startswith(f"{stem}/"))


def read(name: str) -> tuple[str, str] | None:
    """Project and stack of a marker; None for another name, and for a marker that was shortened before they end."""
    parts = name.split("/", 3)
    return (parts[1], parts[2]) if len(parts) == 4 and parts[0] == "xtel" and all(parts) else None
