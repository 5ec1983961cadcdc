"""What a person or a script reads: plain lines that are never wrapped or cropped, a table, one JSON document.

Colours only on a terminal, and never with NO_COLOR. Results go to stdout; notes, progress and errors to stderr, so that
a pipe holds results alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def _console(*, stderr: bool = False) -> Console:
    """Made anew for each line: whoever redirected the streams in between is respected."""
    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(
        file=stream,
        force_terminal=terminal,
        force_jupyter=False,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )


def line(text: str, style: str = "") -> None:
    """One line of the result."""
    _console().print(Text(text, style), soft_wrap=True)


def note(text: str) -> None:
    """Something worth knowing that is not the result."""
    _console(stderr=True).print(Text(text, "dim"), soft_wrap=True)


def error(text: str) -> None:
    """The one line that says what went wrong."""
    _console(stderr=True).print(Text(f"error: {text}", "red"), soft_wrap=True)


def document(value: object) -> None:
    """The one JSON document of ``--json``."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Cells may hold several lines; what does not fit the width is folded, never cut."""
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head in heads:
        shown.add_column(head, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
        shown.add_row()  # an entry of several lines needs air around it
    console = _console()
    with console.capture() as captured:
        console.print(shown)
    # Columns are filled up with blanks to their width: nobody wants them in a file.
    sys.stdout.write("".join(f"{text.rstrip()}\n" for text in captured.get().rstrip().split("\n")))


def working(text: str) -> AbstractContextManager[Any]:
    """A spinner while something takes its time, on a terminal only."""
    return _console(stderr=True).status(text) if sys.stderr.isatty() else nullcontext()
