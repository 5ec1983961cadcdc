"""What others wrote is text in every format: nothing hidden, nothing obeyed, nothing dropped."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kernel import escaping, secrecy
from tests.conftest import ROOT

EVERY = "".join(map(chr, range(sys.maxunicode + 1)))


def test_nothing_that_is_not_seen_is_left_and_nothing_is_dropped() -> None:
    shown = escaping.visible(EVERY)
    left = {unicodedata.category(char) for char in set(shown) - {" "}}
    assert not left & {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp", "Zs"}
    hidden = [char for char in EVERY if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}]
    assert all(escaping.visible(char).strip() for char in hidden), "each is spelled out"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b]0;title\x07", "␛[31mred␛]0;title␇"),
        ("a\x00b\x7f\r\n\t", "a␀b␡␍␊␉"),
        ("\x9b31m", "\\x9b31m"),
        ("moc.\u202eelpmaxe", "moc.\\u202eelpmaxe"),
        ("zero\u200bwidth\ufeff\u2060", "zero\\u200bwidth\\ufeff\\u2060"),
        ("tag\U000e0041 \U000e0100", "tag\\U000e0041 \\U000e0100"),
        ("half \udcff", "half \\udcff"),
        ("Zoë 北京 ☎️ a\u00a0b", "Zoë 北京 ☎️ a b"),
        ("[red]bold[/red]", "[red]bold[/red]"),
        ("::error::x", "\\x3a:error::x"),
        ("\u00a0 ::set-output name=a::b", "  \\x3a:set-output name=a::b"),
        ("at 2001:db8::1", "at 2001:db8::1"),
        ("a ##[add-path]/x ##vso[task.x]y", "a \\x23#[add-path]/x \\x23#vso[task.x]y"),
        ("<{%fg 1%}>", "<\\x7b%fg 1%}>"),
    ],
)
def test_a_line(text: str, shown: str) -> None:
    assert escaping.line(text) == shown


def test_lines_that_are_meant_stay_and_none_commands() -> None:
    assert escaping.lines("a\n ::debug::b\n\n::c") == "a\n \\x3a:debug::b\n\n\\x3a:c"
    assert escaping.page("- @\u200ball and \u200b @\u200b!\n") == "- @\u200ball and \\u200b @\\u200b!\n"


@given(st.text())
def test_json_is_the_same_data(text: str) -> None:
    for whole in (text, f"{text}##[x]", {text: [text]}):
        written = escaping.json(whole)
        assert json.loads(written) == whole
        assert all(char.isprintable() or char == "\n" for char in written)
        assert "##[" not in written


@given(st.text())
def test_formats_leave_one_harmless_line(text: str) -> None:
    formats = (escaping.line, escaping.code, escaping.mermaid, escaping.command, escaping.option, escaping.cell)
    for function in (*formats, secrecy.one_line):
        assert function(text).isprintable(), function.__name__
    assert escaping.markdown(text).replace("\u200b", "").isprintable()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "'x", "\t=1", "\r=1", " =1", "＝1", "\n@x"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert escaping.cell(text).startswith("'")


def test_one_line_folds_line_ends_and_spells_the_rest() -> None:
    assert secrecy.one_line(" a\r\n\tb\u2028c \x1b[2J\x85 ") == "a b c ␛[2J\\x85"


def test_only_one_module_writes_to_the_streams() -> None:
    """Who prints past the terminal escapes nothing; those that do print what is ours alone."""
    allowed = {
        "xtel/authoring/render_report.py",
        "xtel/cli.py", "xtel/terminal.py", "xtel/failure.py", "xtel/authoring/schema.py", "xtel/review/plan/schema.py",
        "xtel/operations/inventory/model.py", "xtel/proof/trace/model.py", "xtel/proof/trace/page.py",
        "xtel/review/rehearsal.py", "xtel/review/policy/server.py", "providers/kernel/log.py",
        "providers/chime/lambda_handler.py",  # runs at AWS, and prints to its log
    }  # fmt: skip
    words = ("stdout.write", "stderr.write", " print(", ".echo(", "Console(")
    files = [file for room in ("xtel", "stacks", "providers", "xai_resources") for file in (ROOT / room).rglob("*.py")]
    found = {file.relative_to(ROOT).as_posix() for file in files if any(word in file.read_text() for word in words)}
    assert found <= allowed, found - allowed
