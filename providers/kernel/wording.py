"""Words that every room needs alike."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 number``, ``3 numbers``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
