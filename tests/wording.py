"""What no text for a user holds: names of classes, phrases of libraries, a second next step."""

from __future__ import annotations

import re

from providers.kernel import errors

#: Names of our errors where a message begins with one, or with one after what another said.
_OURS = "|".join(name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception))
_FOREIGN = re.compile(
    rf"\b(?:{_OURS}): |\b\w+(?:Error|Exception|Interrupt)\b|Traceback|Value error|validation error|[Pp]ydantic"
    r"|[Ii]nput should|valid (?:string|dict|tuple|list|integer|boolean)|Preview failed|<class |Errno|errors\.pydantic\.dev"
)


def assert_ours(text: str) -> None:
    """One line in our words, with at most one next step."""
    assert not (found := _FOREIGN.search(text)), f"{found[0]!r} in {text!r}"
    assert text.count("next: ") <= 1, text
    assert text
    assert text.isprintable(), repr(text)
