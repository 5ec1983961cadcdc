"""The sandbox of the calls, and a project with a stack file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calling.conftest import sandbox, server  # noqa: F401 -- fixtures
from tests.trace.network import FILE


@pytest.fixture
def project(tmp_path: Path, clean_env: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with `stacks/prod.yaml` and no Pulumi on its PATH."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/prod.yaml").write_text(FILE)
    (tmp_path / "Pulumi.yaml").write_text("name: net\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path
