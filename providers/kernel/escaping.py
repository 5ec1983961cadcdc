r"""Foreign text on its way out: names, ids, messages and URLs that others wrote stay text in whatever shows them. Pure.

One function a format, and nobody escapes on his own; HTML is escaped by the template engine, and :func:`page` looks over
it. What no reader can see is spelled out, never dropped: an escape byte is ``␛``, a right-to-left override ``\u202e``.
:mod:`xtel.terminal` and the log pass every line through here, so that no verb can forget it; a report passes each value
through the function of its format.
"""

from __future__ import annotations

import json as _json
import re
import unicodedata
from typing import Any

_NOT_PLAIN = re.compile(r"[^ -~]")
#: Letters and marks that show nothing, though Unicode calls them printable; the selectors of emoji (U+FE0E, FE0F) stay.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
#: What runs as a command where a job's log is read: GitHub's at the beginning of a line (blanks before it do not count).
_AT_START = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
#: The same anywhere in a line: of GitHub's older runners, of Azure and TeamCity; and what Pulumi takes for colours.
_AZURE = re.compile(r"#(?=#(?:vso|teamcity)?\[)")
_ANYWHERE = re.compile(rf"{_AZURE.pattern}|(?<=<)\{{(?=%)")
_MARKUP = re.compile(r"[\\`*_{}\[\]<>|~&!$]")
#: Stands behind @ and # in Markdown: with it nobody is mentioned.
_NOBREAK = "\N{ZERO WIDTH SPACE}"
_MENTION = re.compile(rf"(?<=[@#]){_NOBREAK}(?=\w)")
_MERMAID = re.compile(r"[^A-Za-z0-9 +.,:/=_-]")
#: A cell that begins with one of these is read as a formula by spreadsheets, or (the apostrophe) as quoted.
_FORMULA = ("=", "+", "-", "@", "'", "␉", "␍", "＝", "＋", "－", "＠")


def visible(text: str, keep: str = "") -> str:
    """The text with everything spelled out that would not be seen, but the characters in ``keep``; any space is a blank."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_PLAIN.sub(lambda found: found[0] if found[0] in keep else _seen(found[0]), text)


def _seen(char: str) -> str:
    if _shows(char):
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return chr(0x2421 if code == 0x7F else 0x2400 + code)  # the pictures that Unicode has for them
    if unicodedata.category(char) == "Zs":
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _shows(char: str) -> bool:
    """Not so: control and format characters, line separators, half characters, what Unicode has not assigned."""
    return char.isprintable() and not _BLANK.match(char)


def line(text: str) -> str:
    """Exactly one line of a terminal, of a log, of a job's log: it drives nothing and commands nobody."""
    return lines(text.replace("\n", "␊"))


def lines(text: str) -> str:
    """The same for a text whose lines are meant."""
    return _AT_START.sub(r"\1\\x3a", inert(visible(text, "\n")))


def inert(text: str) -> str:
    """Without what is a command wherever in a line it stands."""
    return _ANYWHERE.sub(lambda found: f"\\x{ord(found[0]):02x}", text) if "#" in text or "{%" in text else text


def page(text: str) -> str:
    """A whole report, whose values were escaped already: its lines stay, and Markdown's guard against mentions."""
    return _NOBREAK.join(lines(part) for part in _MENTION.split(text))


def json(value: Any) -> str:
    r"""A JSON document: the same data, with ``\u…`` for whatever a terminal would not show, and ends in a line break."""
    return json_text(_json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def json_line(value: Any) -> str:
    """The same in one line: one of several documents (JSON Lines)."""
    return json_text(_json.dumps(value, ensure_ascii=False)) + "\n"


def json_text(text: str) -> str:
    """JSON that another library wrote, alike: what is spelled out stands inside its strings only."""
    written = text if text.isascii() and "\x7f" not in text else _NOT_PLAIN.sub(_in_json, text)
    return _AZURE.sub(r"\\u0023", written) if "##" in written else written


def _in_json(found: re.Match[str]) -> str:
    if found[0] in "\r\n\t" or _shows(found[0]):  # between the parts of a document; in strings they are escaped already
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def code(text: str) -> str:
    """Text as a Markdown code span, also inside a table: no mention, link or markup works in it.

    A backtick and a pipe would end it, so they are shown as their lookalikes.
    """
    clean = inert(visible(text.strip())).replace("`", "'").replace("|", "¦").replace("\\", "⧵")
    return f"`{clean}`" if clean else "—"


def markdown(text: str) -> str:
    """Text in a Markdown sentence or table: markup is spelled out, mentions, issue numbers and links are defused."""
    spelled = _MARKUP.sub(lambda found: f"&#{ord(found[0])};", visible(text))
    spelled = re.sub(r"(?<!&)([@#])(?=\w)", rf"\1{_NOBREAK}", spelled)
    return re.sub(r"(?i)(https?|ftp|mailto|sips?|xmpp):", r"\1&#58;", spelled).replace("www.", "www&#46;")


def mermaid(text: str) -> str:
    """Text inside the quotes of a Mermaid label, as character codes wherever it is not plain."""
    return _MERMAID.sub(lambda found: f"#{ord(found[0])};", visible(text))


def command(text: str) -> str:
    """The message of a GitHub workflow command."""
    return inert(visible(text, "\n")).replace("%", "%25").replace("\n", "%0A")


def option(text: str) -> str:
    """A property of a GitHub workflow command."""
    return command(text).replace(":", "%3A").replace(",", "%2C")


def cell(text: str) -> str:
    """A cell of a CSV file, before its quotes: one that a spreadsheet could take for a formula begins with an apostrophe,
    and so does one that begins with an apostrophe itself, so that taking one away always gives the value."""
    clean = inert(visible(text.strip()))
    return f"'{clean}" if clean.startswith(_FORMULA) else clean
