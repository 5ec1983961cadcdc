"""Keeps secrets out of everything a person or a log can read."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import lru_cache

MASK = "[secret]"
_known: set[str] = set()
#: Without one of these no shape can match.
_HINTS = ("whsec_", "xai-", "KEY", "Bearer ", "Basic ", "://")
#: Of the hundred thousand texts in a plan of 500 numbers nine in ten are short and the same.
_KEPT, _SHORT = 2**14, 300  # texts, characters
_lock = threading.Lock()
# Shapes that are secret wherever they stand, also when nobody registered the value (a vendor may echo one back).
_SHAPES = re.compile(
    r"whsec_[A-Za-z0-9+/=_-]{6,}"
    r"|\bxai-(?!telephony\b)[A-Za-z0-9_-]{12,}"  # a key, and not this project's name
    r"|\bKEY[0-9A-F]{8,}_\w+"
    r"|(?<=Bearer )\S+|(?<=Basic )\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


@dataclass(frozen=True, eq=False, repr=False)  # told apart by identity: what was kept for others is not found again
class _Secrets:
    longest_first: tuple[str, ...] = ()


_secrets = _Secrets()


def register(*values: object) -> None:
    """Remember secret values, so that :func:`redact` removes them from every later text of this process."""
    global _secrets  # noqa: PLW0603 -- replaced as a whole, so that readers need no lock
    with _lock:
        _known.update(value for value in values if isinstance(value, str) and len(value) >= 4)
        _secrets = _Secrets(tuple(sorted(_known, key=len, reverse=True)))


def redact(text: str) -> str:
    """The text without any registered secret and without anything that has the shape of one."""
    return _kept(text, _secrets) if len(text) <= _SHORT else _redacted(text, _secrets)


def _redacted(text: str, secrets: _Secrets) -> str:
    for value in secrets.longest_first:
        text = text.replace(value, MASK)
    for hint in _HINTS:
        if hint in text:
            return _SHAPES.sub(MASK, text)
    return text


_kept = lru_cache(_KEPT)(_redacted)


def one_line(text: str, limit: int = 300) -> str:
    """Redacted, without control characters or line breaks (foreign text must not drive a terminal), cut to ``limit``."""
    clean = redact(text)
    if not clean.isprintable():
        clean = "".join(char if char.isprintable() else " " for char in clean)
    if "  " in clean or clean != clean.strip():  # the only white space that is printable
        clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
