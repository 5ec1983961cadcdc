"""Words that every room needs alike."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 number``, ``3 numbers``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def meant(word: object, known: Iterable[str]) -> str:
    """The known word that was probably meant, whatever its letter case; empty where that cannot be guessed.

    Another number is another thing: G729 is not G722, us-east-2 not us-east-1; and another continent is not meant either.
    """
    known = list(known)
    continent = str(word).lower().partition("-")[0] + "-"
    if re.search("[0-9]", str(word)):
        known = [each for each in known if each.lower().startswith(continent)] or known
    letters = _without_digits(str(word))
    spelled = {
        each.lower(): each for each in known if _without_digits(each) != letters or each.lower() == str(word).lower()
    }
    close = difflib.get_close_matches(str(word).lower(), spelled, n=1)
    return spelled[close[0]] if close else ""


def _without_digits(word: str) -> str:
    return re.sub("[0-9]", "", word).lower() if re.search("[0-9]", word) else word


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The same as a question."""
    close = meant(word, known)
    return f"did you mean {close}?" if close else ""
