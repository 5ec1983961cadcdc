"""Names are foreign text: what each format needs so that they stay text. Pure."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\`*_{}\[\]<>|~&!$]")
_NOBREAK = "\N{ZERO WIDTH SPACE}"
_MERMAID = re.compile(r"[^A-Za-z0-9 +.,:/=_-]")


def code(text: str) -> str:
    """Text as a Markdown code span, also inside a table: no mention, link or markup works in it.

    A backtick and a pipe would end it, so they are shown as their lookalikes.
    """
    clean = text.replace("`", "'").replace("|", "¦").replace("\\", "⧵").strip()
    return f"`{clean}`" if clean else "—"


def markdown(text: str) -> str:
    """Text in a Markdown sentence or table: markup is spelled out, mentions, issue numbers and links are defused."""
    spelled = _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)
    spelled = re.sub(r"(?<!&)([@#])(?=\w)", rf"\1{_NOBREAK}", spelled)
    return re.sub(r"(?i)(https?|ftp|mailto|sips?|xmpp):", r"\1&#58;", spelled).replace("www.", "www&#46;")


def mermaid(text: str) -> str:
    """Text inside the quotes of a Mermaid label, as character codes wherever it is not plain."""
    return _MERMAID.sub(lambda found: f"#{ord(found[0])};", text)


def command(text: str) -> str:
    """The message of a GitHub workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def option(text: str) -> str:
    """A property of a GitHub workflow command."""
    return command(text).replace(":", "%3A").replace(",", "%2C")
