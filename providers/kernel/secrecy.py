"""Keeps secrets out of everything a person or a log can read."""

from __future__ import annotations

import re
import threading
from functools import lru_cache

MASK = "[secret]"
_known: set[str] = set()
_longest_first: tuple[str, ...] = ()
#: Without one of these no shape can match.
_HINTS = ("whsec_", "xai-", "KEY", "Bearer ", "Basic ", "://")
#: Of the hundred thousand texts in a plan of 500 numbers nine in ten are the same.
_KEPT = 2**14
_lock = threading.Lock()
# Shapes that are secret wherever they stand, also when nobody registered the value (a vendor may echo one back).
_SHAPES = re.compile(
    r"whsec_[A-Za-z0-9+/=_-]{6,}"
    r"|\bxai-(?!telephony\b)[A-Za-z0-9_-]{12,}"  # a key, and not this project's name
    r"|\bKEY[0-9A-F]{8,}_\w+"
    r"|(?<=Bearer )\S+|(?<=Basic )\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


def register(*values: object) -> None:
    """Remember secret values, so that :func:`redact` removes them from every later text of this process."""
    global _longest_first  # noqa: PLW0603 -- replaced as a whole, so that readers need no lock
    with _lock:
        _known.update(value for value in values if isinstance(value, str) and len(value) >= 4)
        _longest_first = tuple(sorted(_known, key=len, reverse=True))
        redact.cache_clear()
        one_line.cache_clear()


@lru_cache(_KEPT)
def redact(text: str) -> str:
    """The text without any registered secret and without anything that has the shape of one."""
    for value in _longest_first:
        text = text.replace(value, MASK)
    for hint in _HINTS:
        if hint in text:
            return _SHAPES.sub(MASK, text)
    return text


@lru_cache(_KEPT)
def one_line(text: str, limit: int = 300) -> str:
    """Redacted, without control characters or line breaks (foreign text must not drive a terminal), cut to ``limit``."""
    clean = redact(text)
    if not clean.isprintable():
        clean = "".join(char if char.isprintable() else " " for char in clean)
    if "  " in clean or clean != clean.strip():  # the only white space that is printable
        clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
