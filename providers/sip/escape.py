"""Values inside files of other people's languages: written so that they stay values, or refused by the field's name.

Each language has one function; the renderer passes every value through the one of the file it writes, so that no template
can forget it. What a language cannot represent safely raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

Escape = Callable[[str], str]


class Named(str):
    """Text that knows which field it came from, for the error that refuses it."""

    field: str

    def __new__(cls, text: str, field: str) -> Named:
        """The text, and the field's path such as ``fallback[0].user``."""
        made = super().__new__(cls, text)
        made.field = field
        return made


class Verbatim(str):
    """Text that is already in the language of the file (or a constant of ours): not escaped again."""

    __slots__ = ()


def named(value: Any, path: str = "") -> Any:
    """The same tree with every text knowing its field."""
    if isinstance(value, str) and not isinstance(value, Verbatim):
        return Named(value, path)
    if isinstance(value, Mapping):
        tree = cast(Mapping[str, Any], value)
        return {name: named(item, f"{path}.{name}" if path else name) for name, item in tree.items()}
    if isinstance(value, list | tuple):
        return [named(item, f"{path}[{count}]") for count, item in enumerate(cast(list[Any], value))]
    return value


def verbatim(value: Any) -> Any:
    """The same tree with every text taken as it is: it was written by a template already."""
    if isinstance(value, str):
        return Verbatim(value)
    if isinstance(value, Mapping):
        return {name: verbatim(item) for name, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [verbatim(item) for item in cast(list[Any], value)]
    return value


def finalize(escape: Escape) -> Callable[[Any], Any]:
    """What jinja applies to every value it prints."""

    def apply(value: Any) -> str:
        if isinstance(value, Verbatim):
            return value
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError(f"a template prints a {type(value).__name__}")
        try:
            return escape(str(value))
        except ValueError as error:
            raise ValueError(f"{getattr(value, 'field', 'a value')}: {error}") from None

    return apply


def _printable(text: str) -> str:
    """One line of characters that people see: no line end of any kind, nothing that turns the reading direction."""
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _without(text: str, refused: str, language: str) -> str:
    for character in _printable(text):
        if character in refused:
            raise ValueError(f"holds {character!r}, which {language} cannot take as text: leave it out")
    return text


def asterisk(text: str) -> str:
    """A value in an Asterisk configuration file: nothing that ends the value, starts an expression or joins arguments."""
    return _without(text, ';\\$"', "an Asterisk file")


def asterisk_value(text: str) -> str:
    """A whole value in pjsip.conf, which has no expressions and no arguments: ``;`` alone would end it."""
    return _printable(text).replace(";", "\\;")


def xml(text: str) -> str:
    """A value in an attribute or comment of FreeSWITCH's XML, whose ``$${`` is replaced before the XML is read."""
    text = _printable(text)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&apos;")):
        text = text.replace(character, entity)
    return text.replace("--", "&#45;&#45;").replace("$", "&#36;")


def quoted(text: str) -> str:
    """A value between double quotes in Kamailio's and OpenSIPS's language, or in a comment line of theirs."""
    return _without(text, "$`", "a SIP proxy's file").replace("\\", "\\\\").replace('"', '\\"')


def listed(text: str) -> str:
    """A value in a plain list: tls.cfg, .gitignore."""
    return _without(text, '"\\`$[]*', "a plain list")


def ios(text: str) -> str:
    """A word or a rest of line typed into IOS: no comment, no help key, no control sequence, ASCII only."""
    if not text.isascii():
        raise ValueError("holds a letter outside ASCII, which IOS cannot take: leave it out")
    return _without(text, '!?"^|\\$', "IOS")


def text(text: str) -> str:
    """A value that a person reads, and types in elsewhere."""
    return _printable(text)


def markdown(text: str) -> str:
    """Text in Markdown that formats nothing and is no HTML."""
    text = _printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("--", "&#45;&#45;")
    return re.sub(r"([\\`*_\[\]!|~$])", r"\\\1", text)


def code(text: str) -> Verbatim:
    """A Markdown code span that holds this text as it is."""
    try:
        plain = _without(text, "`", "a code span")
    except ValueError as error:
        raise ValueError(f"{getattr(text, 'field', 'a value')}: {error}") from None
    return Verbatim(f"`{plain}`")


def powershell(text: str) -> str:
    """A value between single quotes of PowerShell, or in a comment line. ASCII only: Windows PowerShell 5.1 reads a file
    without a byte order mark in the machine's code page, where a byte of another letter may be a quotation mark."""
    if not text.isascii():
        raise ValueError("holds a letter outside ASCII, which Windows PowerShell may misread: leave it out")
    return _printable(text).replace("'", "''")


def ini(text: str) -> str:
    """A value between double quotes of an AudioCodes INI table, or in a comment line: ASCII, and nothing ends it."""
    if not text.isascii():
        raise ValueError("holds a letter outside ASCII, which an INI file cannot take: leave it out")
    if text.startswith("$1$"):
        raise ValueError(
            "begins with $1$, which an INI file takes for a text that is hidden already: choose another one"
        )
    return _without(text, '";\\', "an INI file")
