"""The tables in the documents are what carriers and vendors declare."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from providers.kernel import registry
from providers.kernel.capabilities import Can, Cannot, Capability
from providers.kernel.errors import InputError
from providers.kernel.vendor import Carrier
from tests.conftest import ROOT
from tests.test_xtel_cli import ended, run
from xtel.authoring import matrix


@pytest.mark.parametrize("file", ["README.md", "docs/operations.md"])
def test_documents_are_current(tmp_path: Path, file: str) -> None:
    """In a process of its own: a carrier that another test made up is not ours."""
    copy = Path(shutil.copy(ROOT / file, tmp_path))
    done = run("doctor", "--matrix", copy.name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert copy.read_text() == (ROOT / file).read_text(), f"{file} is not current: run `xtel doctor --matrix {file}`"


def test_what_no_vendor_shows_is_listed_by_object() -> None:
    rows = matrix.unreadable([registry.vendor("plivo"), registry.vendor("xai")]).splitlines()
    assert "| `plivo:Uri` | `password` |" in rows
    assert "| `xai:Password` | all: kept in the state alone |" in rows
    assert not any("`plivo:Trunk`" in row for row in rows)


def test_cells_say_how_why_and_when() -> None:
    twilio = registry.carriers()["twilio"]
    declared = Carrier[None](
        name="acme",
        title="Acme",
        credentials=(),
        base_url_env="ACME_BASE_URL",
        objects=(),
        connect=lambda settings, limit: None,
        account=lambda api: "",
        can={
            Capability.TLS: Can("a|b", date(2026, 11, 21)),
            Capability.SRTP: Cannot("no key", date(2026, 1, 2)),
        },
    )
    heads, _, acme, row = matrix.markdown([declared, twilio]).splitlines()
    assert heads.startswith("| Carrier | API | TLS | SRTP | digest |")
    assert acme.startswith(r"| Acme | not known | yes: a\|b | no: no key | not known |")
    assert acme.endswith("| 2026-01-02 |")
    assert row.count(" | ") == heads.count(" | ")


def test_only_what_is_between_the_markers_is_written(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_bytes(b"# A\r\n<!-- matrix -->\r\nold\r\n<!-- /matrix -->\r\nend")
    assert matrix.write(file)
    assert file.read_bytes().startswith(b"# A\r\n<!-- matrix -->\n| Carrier |")
    assert file.read_bytes().endswith(b" |\n<!-- /matrix -->\r\nend")
    assert not matrix.write(file)


@pytest.mark.parametrize("text", ["nothing", "<!-- matrix -->", "<!-- /matrix --> <!-- matrix -->"])
def test_a_file_without_a_place_for_it_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.md"
    file.write_text(text)
    with pytest.raises(InputError, match="no place for the matrix; next: add the lines"):
        matrix.write(file)
    assert file.read_text() == text
    assert ended("doctor", "--matrix", str(tmp_path / "nosuch.md")) == 1
