"""Certificates for all tests of calls."""

from __future__ import annotations

import pytest

from tests.signaling.calling import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
