"""Documents that tell a carrier what to do with a call, read without what makes XML dangerous."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["Element", "positive", "read"]


def read(text: str) -> Element:
    """The root element. Raises ValueError."""
    try:
        # expat loads nothing from elsewhere, and who answers is on this machine.
        return ElementTree.fromstring(text.strip())  # noqa: S314
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None


def positive(text: str) -> int:
    """A whole number above 0. Raises ValueError."""
    if (number := int(text)) <= 0:
        raise ValueError(text)
    return number
