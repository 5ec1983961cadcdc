"""Keeps secrets out of everything a person or a log can read, also escaped for JSON, a URL or HTML, or in base64."""

from __future__ import annotations

import base64
import html
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from providers.kernel import escaping

MASK = "[secret]"
_known: set[str] = set()
#: Without one of these no shape can match.
_HINTS = ("whsec_", "xai-", "KEY", "Bearer ", "Basic ", "://")
#: Of the hundred thousand texts in a plan of 500 numbers nine in ten are short and the same.
_KEPT, _SHORT = 2**14, 300  # texts, characters
_lock = threading.Lock()
#: What a line's end and white space of any width become: a blank.
_BLANKS = re.compile(r"[\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
# Shapes that are secret wherever they stand, also when nobody registered the value (a vendor may echo one back).
_SHAPES = re.compile(
    r"whsec_(?:[A-Za-z0-9+/=_-]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\/|&#\w+;){6,}"
    # A key, and neither this project's name nor that of a number's file: xai-498912345670.ios, xai-498912345670-undo.ios.
    r"|\bxai-(?!telephony\b|[0-9]{7,15}(?![A-Za-z0-9_-])|[0-9]{7,15}(?:-(?:undo|secret|teams)){1,2}\.[a-z])"
    r"[A-Za-z0-9_-]{12,}"
    r"|\bKEY[0-9A-F]{8,}_\w+"
    r"|(?<=Bearer )\S+|(?<=Basic )\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
#: Characters by which a secret is looked up; nothing shorter is taken for one.
_START = 4
#: Bytes of a secret from which on its base64 is told from words.
_ENCODED = 6
#: What stands for another character in JSON, in a URL (one character may take several bytes), and in HTML.
_ESCAPED = re.compile(
    r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[\"\\/bfnrt']"
    r"|(?:%[0-9A-Fa-f]{2})+|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});"
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
#: Escaped again and again, as JSON in JSON in a URL is.
_LEVELS = 4
_RUN, _END = re.compile(r"[A-Za-z0-9+/_-]"), re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


@dataclass(frozen=True, eq=False, repr=False)  # told apart by identity: what was kept for others is not found again
class _Secrets:
    """Every form to look for, by its first characters: the text, and whether it is base64, whose whole word then goes."""

    by_start: dict[str, list[tuple[str, bool]]] = field(default_factory=dict[str, list[tuple[str, bool]]])


_secrets = _Secrets()


def register(*values: object) -> None:
    """Remember secret values, so that :func:`redact` removes them from every later text of this process."""
    global _secrets  # noqa: PLW0603 -- replaced as a whole, so that readers need no lock
    with _lock:
        new = {value for value in values if isinstance(value, str) and len(value) >= _START} - _known
        if not new:
            return
        _known.update(new)
        by_start = dict(_secrets.by_start)
        for value in new:
            plain = dict.fromkeys(_as_undone(value), False)
            for form, encoded in (plain | dict.fromkeys(_in_base64(value) - plain.keys(), True)).items():
                start = form[:_START]
                by_start[start] = [*by_start.get(start, ()), (form, encoded)]
        _secrets = _Secrets(by_start)


def _as_undone(value: str) -> set[str]:
    """The value, and what undoing a text's escapes makes of it where something in it looks like one: ``\\\\``, ``%41``."""
    forms = (view.text for view in _View(value, range(len(value) + 1)).below(_LEVELS))
    return {value, *(form for form in forms if len(form) >= _START)}


def _in_base64(value: str) -> set[str]:
    """What base64 makes of a value wherever it stands in what is encoded, as a password behind its user and a colon.

    Three characters become four, so there are three ways; the characters that depend on the neighbours are left out.
    """
    plain = value.encode(errors="surrogatepass")
    if len(plain) < _ENCODED:
        return set()
    forms: set[str] = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain).decode().rstrip("=")
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        forms |= {encoded[first:last], encoded[first:last].replace("+", "-").replace("/", "_")}
    return forms


def redact(text: str) -> str:
    """The text without any registered secret, however it is written, and without anything that has the shape of one."""
    return _kept(text, _secrets) if len(text) <= _SHORT else _redacted(text, _secrets)


def _redacted(text: str, secrets: _Secrets) -> str:
    spans = sorted(_spans(text, secrets)) if secrets.by_start else []
    if spans:
        text = _masked(text, spans)
    for hint in _HINTS:
        if hint in text:
            return _SHAPES.sub(MASK, text)
    return text


_kept = lru_cache(_KEPT)(_redacted)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            parts += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def _spans(text: str, secrets: _Secrets) -> Iterator[tuple[int, int]]:
    """Where secrets stand, as they are and as they are once the text's escapes are undone, level by level."""
    for view in _View(text, range(len(text) + 1)).below(_LEVELS):
        for start, stop in _found(view.text, secrets):
            yield view.origin[start], view.origin[stop]


def _found(text: str, secrets: _Secrets) -> Iterator[tuple[int, int]]:
    by_start = secrets.by_start
    for index in range(len(text) - _START + 1):
        for form, encoded in by_start.get(text[index : index + _START], ()):
            if text.startswith(form, index):
                yield _word(text, index, index + len(form)) if encoded else (index, index + len(form))


def _word(text: str, start: int, stop: int) -> tuple[int, int]:
    """The whole run of base64 around a part of it: its first and last characters hold a part of the secret too."""
    while start and _RUN.fullmatch(text[start - 1]):
        start -= 1
    match = _END.match(text, stop)
    return start, match.end() if match else stop


@dataclass(frozen=True)
class _View:
    """A text with escapes undone; ``origin`` says for each of its characters, and its end, where that begins in the first."""

    text: str
    origin: range | list[int]

    def below(self, levels: int) -> Iterator[_View]:
        """This one, and all that come of it: a plus is a blank in what a form wrote, and itself elsewhere."""
        yield self
        if "+" in self.text:
            yield from _View(self.text.replace("+", " "), self.origin).below(levels)
        if levels and (plain := self.unescaped()):
            yield from plain.below(levels - 1)

    def unescaped(self) -> _View | None:
        """One level less; None where there is no escape."""
        parts: list[str] = []
        origin: list[int] = []
        end = 0
        for match in _ESCAPED.finditer(self.text):
            plain = _plain(match.group())
            if plain == match.group():
                continue
            parts += [self.text[end : match.start()], plain]
            origin += [*self.origin[end : match.start()], *_places(match, plain, self.origin)]
            end = match.end()
        if not parts:
            return None
        return _View("".join([*parts, self.text[end:]]), [*origin, *self.origin[end:]])


def _places(match: re.Match[str], plain: str, origin: range | list[int]) -> list[int]:
    """Where each character of an escape begins: percent by percent, all others are one character."""
    places: list[int] = []
    at = match.start()
    for char in plain:
        places.append(origin[at])
        at += 3 * len(char.encode(errors="surrogateescape")) if match.group().startswith("%") else 0
    return places


def _plain(escape: str) -> str:
    """What an escape stands for; itself where it is none."""
    if escape.startswith("%"):
        return bytes.fromhex(escape.replace("%", "")).decode(errors="surrogateescape")
    if escape.startswith("&"):
        return html.unescape(escape)
    if escape[1] in "ux":
        units = b"".join(int(each, 16).to_bytes(2, "big") for each in escape.split(escape[:2])[1:])
        return units.decode("utf-16-be", errors="surrogatepass")
    return _CONTROLS.get(escape[1], escape[1])


def one_line(text: str, limit: int = 300) -> str:
    """Redacted, in one line (foreign text must not drive a terminal: what nobody sees is spelled out), cut to ``limit``."""
    clean = redact(text)
    if not clean.isprintable() or "  " in clean or clean.strip() != clean:
        clean = escaping.visible(_BLANKS.sub(" ", clean).strip(" "))
    clean = escaping.inert(clean)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
