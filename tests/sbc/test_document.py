"""docs/sbc.md says what the code has: every key, every platform; and its examples are stack files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from providers.sip.platforms import PLATFORMS
from providers.sip.sbc import SbcOptions
from stacks import document
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "sbc.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_key_is_explained() -> None:
    heads = " ".join(re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE))
    assert {key for key in SbcOptions.model_fields if f"`{key}`" not in heads} == set()


def test_every_platform_is_there() -> None:
    here = {name for name, each in PLATFORMS.items() if each.keys & set(SbcOptions.model_fields)}
    assert {name for name in here if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize("count", range(len(EXAMPLES)))
def test_an_example_is_a_stack_file(count: int, tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text("version: 1\ndefaults:\n  webhook: {url: https://voice.example.com/calls}\n" + EXAMPLES[count])
    assert document.read(file).numbers
